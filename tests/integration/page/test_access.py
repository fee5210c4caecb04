"""Who sees what, and that no address leads out of staging."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from oduyo_provider.page import plugin
from tests.integration.page.conftest import DAG_ID, Get
from tests.integration.sync.apply.driver import Driver, make_rows

ROUTES = [
    "page",
    "page.css",
    *(f"{name}.js" for name in ("page", "texts", "address", "dom", "chart", "dag", "run", "table", "history")),
    "texts",
    "dags",
    "dag",
    "run",
    "changes",
    "changes.csv",
    "changes.xlsx",
    "record",
]
OF_A_DAG = ["dag", "run", "changes", "changes.csv", "changes.xlsx"]


def test_every_route_is_known_to_these_tests(api_server: Any) -> None:
    (mounted,) = (route.app for route in api_server.routes if getattr(route, "path", "") == "/oduyo")
    assert mounted is plugin.answer
    assert sorted(route.path for route in plugin.load_app().routes) == sorted(f"/{name}" for name in ROUTES)


@pytest.mark.parametrize("route", ROUTES)
def test_nobody_gets_a_401_from_every_route(get: Get, route: str) -> None:
    assert get(route, user=None, dag_id=DAG_ID, run_id="run1").status_code == 401


@pytest.mark.parametrize("route", [*OF_A_DAG, "record"])
def test_a_user_without_rights_gets_a_403(get: Get, driver: Driver, route: str) -> None:
    driver.sync(make_rows(2))
    answer = get(route, user="nothing", dag_id=DAG_ID, run_id="run1", record="KOD.1")
    assert answer.status_code == 403
    assert "KOD." not in answer.text


@pytest.mark.parametrize("route", OF_A_DAG)
def test_the_dag_that_is_checked_is_the_one_that_is_shown(
    get: Get, driver: Driver, route: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow.api_fastapi.app import get_auth_manager

    driver.sync(make_rows(2))
    seen: list[Any] = []

    def allow_one(*, details: Any = None, **_others: Any) -> bool:
        seen.append(details.id)
        return details.id == "mine"

    monkeypatch.setattr(get_auth_manager(), "is_authorized_dag", allow_one)
    assert get(route, dag_id=DAG_ID, run_id="run1").status_code == 403
    for twice in (["mine", DAG_ID], [DAG_ID, "mine"]):
        answer = get(route, dag_id=twice, run_id="run1")
        assert answer.status_code in (403, 404)
        assert "KOD." not in answer.text
    assert get(route, dag_id="~", run_id="run1").status_code == 403
    assert get(route, dag_id="", run_id="run1").status_code == 422
    assert get(route, run_id="run1").status_code == 422
    assert set(seen) == {DAG_ID, "mine", "~"}


def test_the_list_holds_only_dags_that_the_user_may_read(
    get: Get, driver: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow.api_fastapi.app import get_auth_manager

    driver.sync(make_rows(2))
    for readable, shown in (({DAG_ID, "other"}, [DAG_ID]), ({"other"}, []), ({"_sites"}, [])):
        monkeypatch.setattr(get_auth_manager(), "get_authorized_dag_ids", lambda readable=readable, **_: readable)
        assert [dag["dag_id"] for dag in get("dags").json()["dags"]] == shown


ESCAPES = [
    "..",
    ".",
    "../run1",
    "../../etc",
    "/etc",
    "//etc/passwd",
    "%2e%2e%2f",
    "..%2f..%2fetc",
    "a/../../b",
    "..\\..",
    "run1\0",
    "\0",
    "_sites",
    "file:///etc",
    "s3://bucket/x",
    "*",
    "run?",
    "a\nb",
    "\u202e",
    "x" * 250,
]


@pytest.mark.parametrize("route", OF_A_DAG)
def test_no_id_leads_out_of_staging(get: Get, driver: Driver, staging: Path, route: str) -> None:
    driver.sync(make_rows(2))
    # What lies beside staging looks like a run, so that a way out would show something.
    outside = staging.parent / "report.json"
    outside.write_bytes((staging / DAG_ID / "run1" / "report.json").read_bytes())
    for name in ESCAPES:
        for query in ({"dag_id": name, "run_id": "run1"}, {"dag_id": DAG_ID, "run_id": name}):
            if route == "dag" and query["dag_id"] == DAG_ID:
                continue
            answer = get(route, **query)
            assert answer.status_code == 404, (query, answer.text)
            assert "There are no staged files" in answer.json()["detail"]


def test_no_task_leads_anywhere_but_to_a_staged_one(get: Get, driver: Driver) -> None:
    driver.sync(make_rows(2))
    answers = {name: get("run", dag_id=DAG_ID, run_id="run1", task=name).status_code for name in ESCAPES}
    assert set(answers.values()) == {404}, answers


def test_too_long_ids_are_turned_away(get: Get, staging: Path) -> None:
    assert get("run", dag_id="x" * 251, run_id="y").status_code == 422
    assert get("run", dag_id="x", run_id="y" * 251).status_code == 422


@pytest.mark.parametrize(
    "route", ["", "static/page.js", "../page", "page.html", "docs", "openapi.json", "redoc", "app.py", "..%2fapp.py"]
)
def test_there_is_no_other_file(get: Get, route: str) -> None:
    answer = get(route)
    assert "oduyo_provider" not in answer.text
    assert "Ödüyo" not in answer.text
