"""Hooks on the server: pymssql through Airflow's own, and ODBC with FreeTDS where Debian's packages are installed."""

from __future__ import annotations

import json
from typing import Any

PASSWORD = "gizli-parola"


def make_mssql_hook(port: int | None, **extra: object) -> Any:
    """Airflow's ``MsSqlHook``, which uses pymssql."""
    from airflow.providers.microsoft.mssql.hooks.mssql import MsSqlHook
    from airflow.sdk import Connection

    connection = Connection(
        conn_id="erp_default",
        conn_type="mssql",
        host="127.0.0.1",
        port=port,
        login="oduyo",
        password=PASSWORD,
        schema="LOGODB",
        extra=json.dumps({"login_timeout": 5, **extra}),
    )
    return MsSqlHook(connection=connection)


class PymssqlHook:
    """pymssql without Airflow."""

    def __init__(self, port: str) -> None:
        self._port = port

    def get_conn(self) -> Any:
        """A new connection."""
        import pymssql

        return pymssql.connect(server="127.0.0.1", port=self._port, user="oduyo", password=PASSWORD, login_timeout=5)


class OdbcHook:
    """The same over ODBC.

    :raises ImportError: unixODBC or its FreeTDS driver is not installed (Debian: unixodbc, tdsodbc).
    """

    def __init__(self, port: int) -> None:
        import pyodbc

        if "FreeTDS" not in pyodbc.drivers():
            raise ImportError("unixODBC has no driver FreeTDS")
        self._connect = pyodbc.connect
        self._text = (
            f"DRIVER={{FreeTDS}};SERVER=127.0.0.1;PORT={port};UID=oduyo;PWD={PASSWORD};DATABASE=LOGODB;TDS_Version=7.4"
        )

    def get_conn(self) -> Any:
        """A new connection."""
        return self._connect(self._text)
