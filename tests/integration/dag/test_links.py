"""The links on a task's page, as Airflow's API gives them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest

from oduyo_provider.observability.links import compute_run_url
from sandbox.oduyo.server import Sandbox
from tests.airflow_run import DagRunResult
from tests.integration.dag.conftest import RunSpecialCodes, make_query

pytestmark = pytest.mark.usefixtures("erp")

FetchLinks = Callable[..., dict[str, Any]]


@pytest.fixture
def fetch_links(airflow_db: None, monkeypatch: pytest.MonkeyPatch) -> FetchLinks:
    """``fetch_links(made, task_id, map_index)``: what the route behind ``GET …/links`` answers."""
    from airflow.api_fastapi.common.dagbag import create_dag_bag
    from airflow.api_fastapi.core_api.routes.public.extra_links import get_extra_links
    from airflow.utils.session import create_session

    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "https://airflow.example/birim/")

    def fetch(made: DagRunResult, task_id: str, map_index: int = -1) -> dict[str, Any]:
        with create_session() as session:
            answer = get_extra_links(
                "oduyo_special_codes", made.run_id, task_id, session, create_dag_bag(), map_index=map_index
            )
        return dict(answer.extra_links)

    return fetch


def expect(made: DagRunResult, oduyo: Sandbox) -> dict[str, str]:
    run_id = quote(made.run_id, safe="")
    page = f"https://airflow.example/birim/dags/oduyo_special_codes/runs/{run_id}/plugin/oduyo-run"
    return {"Run page": page, "Ödüyo": f"{oduyo.url}/"}


def test_load_and_report_lead_to_the_run_s_page_and_to_oduyo(
    oduyo: Sandbox, run_special_codes: RunSpecialCodes, fetch_links: FetchLinks
) -> None:
    made = run_special_codes(query=make_query(3))
    assert made.state == "success", made.error
    assert "+" in made.run_id
    assert fetch_links(made, "load") == fetch_links(made, "report") == expect(made, oduyo)


def test_also_where_they_failed(oduyo: Sandbox, run_special_codes: RunSpecialCodes, fetch_links: FetchLinks) -> None:
    oduyo.set_faults({"call": "create", "kind": "status", "status": 500})
    made = run_special_codes(query=make_query(1))
    assert (made.tasks["load"], made.tasks["report"]) == (["failed"], ["failed"])
    assert fetch_links(made, "load") == fetch_links(made, "report") == expect(made, oduyo)


def test_a_connection_that_cannot_be_used_has_no_link_and_no_secret_shows(
    oduyo: Sandbox, run_special_codes: RunSpecialCodes, fetch_links: FetchLinks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AIRFLOW_CONN_ODUYO_DEFAULT")
    made = run_special_codes(query=make_query(1))
    links = fetch_links(made, "report")
    assert (links["Ödüyo"], links["Run page"]) == (None, expect(made, oduyo)["Run page"])
    assert "Failed to push an xcom" not in made.log


def test_without_a_base_url_the_link_is_relative(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AIRFLOW__API__BASE_URL", raising=False)
    assert compute_run_url("d", "manual__1+00:00/x") == "/dags/d/runs/manual__1%2B00%3A00%2Fx/plugin/oduyo-run"
