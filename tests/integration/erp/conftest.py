"""Airflow's own hook on the demo ERP, with either driver."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.erp.server import DemoErp, stop_server

MakeHook = Callable[..., Any]


@pytest.fixture
def server_data() -> Iterator[Path]:
    """A folder for a server of the test's own, which is stopped at the end.

    Not one of pytest's: as root the server runs under another user, and every pytest that starts on this machine closes
    the folder of all its temporary folders to other users (mode 0700), under the feet of a running server.
    """
    with tempfile.TemporaryDirectory(prefix="erp-") as folder:
        try:
            yield Path(folder)
        finally:
            stop_server(Path(folder))


@pytest.fixture(params=["psycopg2", "psycopg"])
def driver(request: pytest.FixtureRequest) -> str:
    """The PostgreSQL driver that ``PostgresHook`` is to use."""
    return str(request.param)


@pytest.fixture
def make_hook(erp_server: DemoErp, driver: str, monkeypatch: pytest.MonkeyPatch) -> MakeHook:
    """``make_hook(options="-c …", host=…)``: Airflow's ``PostgresHook`` on the demo ERP, its connection changed."""
    from airflow.providers.postgres.hooks import postgres
    from airflow.sdk import Connection

    # It picks psycopg 3 where that is installed with SQLAlchemy 2, by this name.
    monkeypatch.setattr(postgres, "USE_PSYCOPG3", driver == "psycopg")

    def make(options: str | None = None, **changes: Any) -> Any:
        connection = Connection(conn_id="erp_default", **{**erp_server.connection, **changes})
        return postgres.PostgresHook(connection=connection, options=options)

    return make
