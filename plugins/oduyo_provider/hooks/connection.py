"""Fetches Airflow's connections and their hooks, with errors that say what to do."""

from __future__ import annotations

import os
from typing import Any

from airflow.sdk import BaseHook
from airflow.sdk.exceptions import AirflowException, AirflowNotFoundException

from oduyo_provider.core.errors import SettingsError
from oduyo_provider.core.language import gettext


def fetch_connection(conn_id: str, purpose: str) -> Any:
    """Fetch a connection from Airflow.

    :param purpose: what it is for, in words that complete "it names …".
    :raises SettingsError: Airflow has none of that name, or cannot read it.
    """
    variable = f"AIRFLOW_CONN_{conn_id.upper()}"
    try:
        return BaseHook.get_connection(conn_id)
    except (AirflowNotFoundException, ValueError, TypeError) as error:
        # The error may quote the variable, which holds a password.
        if os.environ.get(variable):
            raise SettingsError(_explain_unreadable(conn_id, variable)) from None
        if not isinstance(error, AirflowNotFoundException):
            raise
        raise SettingsError(
            gettext(
                "There is no connection %(conn_id)s; it names %(purpose)s. Add it in Airflow under Admin, Connections, "
                "or set %(variable)s in the environment of all workers.",
                conn_id=repr(conn_id),
                purpose=purpose,
                variable=variable,
            )
        ) from error


def decode_extra(connection: Any) -> object:
    """The extras as JSON; the text itself if it is not JSON, which Airflow would turn into an empty object."""
    decoded: object = connection.extra_dejson
    text = "".join((connection.extra or "").split())
    return decoded if decoded or text in ("", "{}") else text


def _explain_unreadable(conn_id: str, variable: str) -> str:
    return gettext(
        "Airflow cannot read the connection %(conn_id)s from the environment variable %(variable)s: write it as one URI, or as a "
        "JSON object of Airflow's own field names, on all workers.",
        conn_id=repr(conn_id),
        variable=variable,
    )


def open_hook(conn_id: str, purpose: str) -> Any:
    """The hook of a connection.

    :raises SettingsError: there is no such connection, or no installed provider has a hook for its type.
    """
    connection = fetch_connection(conn_id, purpose)
    try:
        return connection.get_hook()
    except (AirflowException, ImportError) as error:
        raise SettingsError(
            gettext(
                "The connection %(conn_id)s is of the type %(conn_type)s, for which no installed provider has a hook "
                "(%(error)s). Install the provider of that database on all workers, or correct the connection's type.",
                conn_id=repr(conn_id),
                conn_type=repr(connection.conn_type),
                error=error,
            )
        ) from error
