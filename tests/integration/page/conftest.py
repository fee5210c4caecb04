"""The page within Airflow's own api-server, over staged runs that the engine made."""

from __future__ import annotations

import contextlib
import csv
import io
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.oduyo.server import Sandbox
from tests.conftest import ROOT
from tests.integration.dag.conftest import dags_folder, run_special_codes
from tests.integration.dag.test_operator import run_operator
from tests.integration.sync.apply.driver import Driver

__all__ = ["dags_folder", "run_operator", "run_special_codes"]

#: The DAG that :class:`~tests.integration.sync.apply.driver.Driver` runs.
DAG_ID = "dag"
SPECIAL_CODES = "oduyo_special_codes"

#: What a test calls: ``get("run", dag_id=…)`` as somebody who may read everything; ``user=None`` is nobody.
Get = Callable[..., Any]


def read_csv(answer: Any) -> list[dict[str, str]]:
    """The lines of a download."""
    assert answer.status_code == 200, answer.text
    text = answer.content.decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=";"))


def count_outcomes(view: dict[str, Any]) -> dict[str, int]:
    """Outcome → how many lines of a run's page have it."""
    return {one["name"]: one["count"] for one in view["filters"] if one["kind"] == "outcome"}


@contextlib.contextmanager
def loaded_plugins(folder: Path) -> Iterator[Any]:
    """Airflow's plugins as loaded anew from a folder and from what is installed."""
    from airflow import plugins_manager, settings

    before = settings.PLUGINS_FOLDER
    try:
        settings.PLUGINS_FOLDER = str(folder)
        _forget_plugins()
        yield plugins_manager
    finally:
        settings.PLUGINS_FOLDER = before
        _forget_plugins()


def _forget_plugins() -> None:
    from airflow import plugins_manager

    for name in vars(plugins_manager).copy():
        forget = getattr(getattr(plugins_manager, name), "cache_clear", None)
        if forget is not None:
            forget()


@pytest.fixture(scope="session")
def api_server(airflow_db: None) -> Iterator[Any]:
    """Airflow's api-server with this checkout's plugins folder."""
    from airflow.api_fastapi.app import create_app, purge_cached_app

    with loaded_plugins(ROOT / "plugins"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Airflow's own start
        app = create_app(apps="core")
        yield app
    purge_cached_app()


@pytest.fixture
def get(api_server: Any) -> Iterator[Get]:
    """``get(path, user="admin", **query)``: an answer of the page's routes."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the client: it would rather have another library below it
        from starlette.testclient import TestClient

        # Not as a context: the api-server's own start and stop are none of these tests.
        client = TestClient(api_server, raise_server_exceptions=False)

    def ask(path: str, *, user: str | None = "admin", **query: Any) -> Any:
        headers = {"Authorization": f"Bearer {make_token(user)}"} if user else {}
        return client.get(f"/oduyo/{path}", params=query, headers=headers)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield ask
        client.close()


def make_token(role: str) -> str:
    """What somebody with a role sends; ``nothing`` is a role without any right."""
    from airflow.api_fastapi.app import get_auth_manager
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser

    user = SimpleAuthManagerUser(username=role, role=None if role == "nothing" else role)
    return str(get_auth_manager().generate_jwt(user))


@pytest.fixture
def driver(site: Sandbox, staging: Path) -> Driver:
    """Runs without Airflow, staged where the page looks."""
    return Driver(site, staging)
