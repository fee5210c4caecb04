"""What all tests share: an Airflow of their own, a local Ödüyo, and an ERP on a real PostgreSQL."""

from __future__ import annotations

import atexit
import gc
import json
import os
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from hypothesis import settings

from sandbox.erp.load import load_demo
from sandbox.erp.server import DemoErp, start_server, stop_server
from sandbox.oduyo.server import Sandbox
from sandbox.oduyo.state import Account

ROOT = Path(__file__).parents[1]

# How long an example takes depends on what else the machine does.
settings.register_profile("untimed", settings(), deadline=None)
settings.load_profile("untimed")

# Airflow reads its settings when it is first imported, so they are set before anything imports it.
_HOME = Path(tempfile.mkdtemp(prefix=f"oduyo-airflow-{os.environ.get('PYTEST_XDIST_WORKER', 'main')}-"))
atexit.register(shutil.rmtree, _HOME, ignore_errors=True)
for _name in [name for name in os.environ if name.startswith(("AIRFLOW", "ODUYO_", "ERP_CONN"))]:
    del os.environ[_name]
os.environ.update(
    AIRFLOW_HOME=str(_HOME),
    AIRFLOW__CORE__UNIT_TEST_MODE="True",
    AIRFLOW__CORE__LOAD_EXAMPLES="False",
    AIRFLOW__CORE__DAGS_FOLDER=str(ROOT / "dags"),
    AIRFLOW__CORE__PLUGINS_FOLDER=str(_HOME / "plugins"),
    AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=f"sqlite:///{_HOME}/airflow.db",
)
(_HOME / "plugins").mkdir()


#: What is measured is what these reach. The others run whole DAGs, send thousands of records or drive whole processes:
#: measuring would double their time, and show little that these do not reach …
_MEASURED = ("unit", "wiring", "integration/api", "integration/check/test_check", "integration/erp", "integration/page")
#: … and nothing of theirs would these show, which try many examples or many rows.
_LONG = ("unit/core/test_planner_properties", "unit/core/test_normalise_properties", "integration/page/test_bytes")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        path = item.path.relative_to(ROOT / "tests").as_posix()
        if not path.startswith(_MEASURED) or path.startswith(_LONG):
            item.add_marker("no_cover")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Nine thousand tests and all that they import live as long as the process: no garbage collection looks at them."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Of several workers each takes whole files, and one of them all of the browser's, which share an Airflow."""
    if config.getvalue("dist") != "loadfile":
        return None
    from xdist.scheduler import LoadFileScheduling

    class Scheduling(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return "tests/browser" if nodeid.startswith("tests/browser/") else str(super()._split_scope(nodeid))

    return Scheduling(config, log)


class Erp:
    """The ERP's database, as a test uses it."""

    def __init__(self, server: DemoErp) -> None:
        self.server = server

    def run(self, *statements: str) -> None:
        """Run statements, each committed."""
        connection = psycopg2.connect(self.server.dsn)
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                for statement in statements:
                    cursor.execute(statement)
        finally:
            connection.close()

    def fetch(self, query: str) -> list[tuple[Any, ...]]:
        """A query's rows."""
        connection = psycopg2.connect(self.server.dsn)
        try:
            with connection.cursor() as cursor:
                cursor.execute(query)
                return list(cursor.fetchall())
        finally:
            connection.close()

    def load_demo(self) -> None:
        """The demo ERP as it was made."""
        load_demo(self.server.dsn)


@pytest.fixture(scope="session")
def erp_server() -> Iterator[DemoErp]:
    """The demo ERP's server, loaded once.

    Its folder is none of pytest's: as root the server runs under another user, and pytest closes the folder of all its
    temporary folders to other users.
    """
    with tempfile.TemporaryDirectory(prefix="erp-") as folder:
        try:
            server = start_server(Path(folder))
            load_demo(server.dsn)
            yield server
        finally:
            stop_server(Path(folder))


@pytest.fixture
def erp(erp_server: DemoErp, monkeypatch: pytest.MonkeyPatch) -> Iterator[Erp]:
    """The ERP, with an empty schema ``test`` for a test's own tables, named by the connection ``erp_default``."""
    monkeypatch.setenv("AIRFLOW_CONN_ERP_DEFAULT", erp_server.connection_json)
    database = Erp(erp_server)
    database.run("CREATE SCHEMA test")
    yield database
    database.run("DROP SCHEMA test CASCADE")


@pytest.fixture(scope="session")
def shared_site() -> Iterator[Sandbox]:
    """One sandbox for all tests of a session that do without Airflow."""
    with Sandbox() as site:
        yield site


@pytest.fixture
def site(shared_site: Sandbox) -> Sandbox:
    """A local Ödüyo as new."""
    shared_site.reset()
    return shared_site


@pytest.fixture(scope="session")
def shared_oduyo() -> Iterator[Sandbox]:
    """One sandbox for all tests of a session that use a connection."""
    with Sandbox(account=Account("muhasebe", "gizli-parola/1+2", "anahtar-7f3a9c51")) as site:
        yield site


@pytest.fixture
def oduyo(shared_oduyo: Sandbox, set_oduyo: Callable[..., None]) -> Sandbox:
    """A local Ödüyo as new, named by the connection ``oduyo_default``."""
    shared_oduyo.reset()
    set_oduyo()
    return shared_oduyo


@pytest.fixture
def set_oduyo(shared_oduyo: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """``set_oduyo(host=…, api_key=…)``: the connection to the sandbox, some of its fields or extras changed."""

    def set_connection(conn_id: str = "oduyo_default", **changes: Any) -> None:
        account = shared_oduyo.account
        fields = {"conn_type": "oduyo", "host": shared_oduyo.url, "login": account.username}
        fields["password"] = account.password
        extra: dict[str, Any] = {"api_key": account.api_key, "settle_s": 1, "timeout_s": 10}
        for name, value in changes.items():
            (fields if name in ("host", "port", "login", "password", "schema", "conn_type") else extra)[name] = value
        text = json.dumps({**fields, "extra": json.dumps(extra)})
        monkeypatch.setenv(f"AIRFLOW_CONN_{conn_id.upper()}", text)

    return set_connection


@pytest.fixture(scope="session")
def airflow_db() -> None:
    """Airflow's metadata database, migrated; nobody waits until what is written there has reached the disk."""
    from airflow import settings
    from airflow.utils import db
    from sqlalchemy import event

    for engine in (settings.engine, settings.async_engine.sync_engine):
        event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous=OFF"))
    with warnings.catch_warnings():
        # Of svcs, which the in-process execution API imports; until it no longer imports fastapi's test client.
        warnings.filterwarnings("ignore", message="Using `httpx` with `starlette.testclient` is deprecated")
        import airflow.api_fastapi.execution_api.app  # noqa: F401  its warning comes here, once
    db.initdb()
    gc.freeze()  # as in pytest_collection


@pytest.fixture
def staging(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty staging path."""
    folder = tmp_path / "staging"
    monkeypatch.setenv("ODUYO_STAGING_PATH", str(folder))
    return folder
