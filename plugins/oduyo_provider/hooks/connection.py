"""Connections, with errors that say what to do."""

from __future__ import annotations

from typing import Any

from airflow.sdk import BaseHook
from airflow.sdk.exceptions import AirflowException, AirflowNotFoundException

from oduyo_provider.core.errors import SettingsError


def fetch_connection(conn_id: str, purpose: str) -> Any:
    """A connection of Airflow.

    :param purpose: what it is for, in words that complete "it names …".
    :raises SettingsError: Airflow has none of that name.
    """
    try:
        return BaseHook.get_connection(conn_id)
    except AirflowNotFoundException as error:
        raise SettingsError(
            f"There is no connection {conn_id!r}; it names {purpose}. Add it in Airflow under Admin, Connections, or set "
            f"AIRFLOW_CONN_{conn_id.upper()} in the environment of all workers."
        ) from error


def open_hook(conn_id: str, purpose: str) -> Any:
    """The hook of a connection.

    :raises SettingsError: there is no such connection, or no installed provider has a hook for its type.
    """
    connection = fetch_connection(conn_id, purpose)
    try:
        return connection.get_hook()
    except (AirflowException, ImportError) as error:
        raise SettingsError(
            f"The connection {conn_id!r} is of the type {connection.conn_type!r}, for which no installed provider has a "
            f"hook ({error}). Install the provider of that database on all workers, or correct the connection's type."
        ) from error
