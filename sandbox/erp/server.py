"""The demo ERP's database, on an embedded PostgreSQL.

With ``ERP_DSN`` in the environment that database is used, and no server is started or stopped.
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2
from psycopg2.extensions import make_dsn, parse_dsn

from sandbox.erp.postgres import PORT, SUPERUSER, Server, choose_folder

DATABASE = "erp"


@dataclass(frozen=True)
class DemoErp:
    """Where the demo ERP is.

    :ivar dsn: for libpq: a URL, or ``key=value`` pairs.
    """

    dsn: str

    @property
    def connection(self) -> dict[str, Any]:
        """What ``airflow.sdk.Connection(conn_id=…, **connection)`` takes; ``extra`` is JSON text."""
        parts: dict[str, str] = parse_dsn(self.dsn)
        known: dict[str, Any] = {
            "conn_type": "postgres",
            "host": parts.pop("host", None),
            "port": int(parts.pop("port", "5432")),
            "login": parts.pop("user", None),
            "password": parts.pop("password", None),
            "schema": parts.pop("dbname", None),
        }
        if parts:
            known["extra"] = json.dumps(parts)
        return {name: value for name, value in known.items() if value is not None}

    @property
    def connection_json(self) -> str:
        """The value of an ``AIRFLOW_CONN_ERP_DEFAULT`` variable."""
        return json.dumps(self.connection)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({parse_dsn(self.dsn).get('dbname', '')!r})"  # a DSN may hold a password


def start_server(data: Path | None) -> DemoErp:
    """Start the server unless it runs already, and make its database; it goes on running when this process ends.

    :param data: the server's folder, made when missing; where root's server could not enter that, one in /tmp takes its
        place. May be None with ``ERP_DSN``.
    """
    if dsn := os.environ.get("ERP_DSN"):
        return DemoErp(dsn)
    if data is None:
        raise ValueError("Name a data folder for the demo ERP's server, or a database of your own in ERP_DSN.")
    data.parent.mkdir(parents=True, exist_ok=True)
    server = _find_server(data)
    server.start()
    _create_database(_compute_dsn(server, SUPERUSER))
    return DemoErp(_compute_dsn(server, DATABASE))


def stop_server(data: Path | None) -> bool:
    """Stop the server of that folder; False when none runs, or when the database is somebody else's (``ERP_DSN``)."""
    return not os.environ.get("ERP_DSN") and data is not None and _find_server(data).stop()


def remove_server(data: Path) -> None:
    """Remove the files of a stopped server."""
    shutil.rmtree(_find_server(data).folder, ignore_errors=True)


def _find_server(data: Path) -> Server:
    return Server(choose_folder(data.resolve()))


def _compute_dsn(server: Server, database: str) -> str:
    return make_dsn(host=str(server.sockets), port=PORT, user=SUPERUSER, dbname=database)


def _create_database(admin_dsn: str) -> None:
    connection = psycopg2.connect(admin_dsn)
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,))
            if cursor.fetchone() is None:
                cursor.execute(f'CREATE DATABASE "{DATABASE}"')
                # Odoo's query finds its tables by the search path.
                cursor.execute(f'ALTER DATABASE "{DATABASE}" SET search_path = public, odoo')
    finally:
        connection.close()
