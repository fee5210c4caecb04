"""The demo ERP's server, started once, and Airflow's own hook on it with either driver."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.erp.load import load_demo
from sandbox.erp.server import DemoErp, start_server, stop_server

# Before the first import of airflow, which reads them once.
_HOME = Path(tempfile.mkdtemp(prefix="airflow-home-"))
for _name, _value in {
    "AIRFLOW_HOME": str(_HOME),
    "AIRFLOW__CORE__UNIT_TEST_MODE": "True",
    "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{_HOME}/airflow.db",
}.items():
    os.environ.setdefault(_name, _value)

MakeHook = Callable[..., Any]


@pytest.fixture(scope="session")
def erp_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoErp]:
    """The demo ERP, loaded; has ``.dsn`` and ``.connection`` (what an Airflow ``Connection`` takes)."""
    data = tmp_path_factory.mktemp("erp")
    erp = start_server(data)
    load_demo(erp.dsn)
    yield erp
    stop_server(data)


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
