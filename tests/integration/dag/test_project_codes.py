"""The second resource: project codes, through a DAG of their own, beside the special codes on the same site."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from oduyo_provider.core.record import SPECIAL_CODE
from oduyo_provider.core.resources import PROJECT_CODE
from sandbox.oduyo.server import Sandbox
from tests.airflow_run import DAGS, DagRunResult, load_dag, run_dag
from tests.conftest import Erp
from tests.integration.dag.conftest import RunSpecialCodes

DAG_ID = "oduyo_project_codes"


@pytest.fixture(autouse=True)
def _both_resources(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ODUYO_RESOURCES", "special_codes,project_codes")


@pytest.fixture
def run_project_codes(airflow_db: None, demo: Erp, oduyo: Sandbox, staging: Path) -> Any:
    def run(**conf: Any) -> DagRunResult:
        return run_dag(load_dag(DAGS, DAG_ID), conf, staging)

    return run


def projects(oduyo: Sandbox) -> dict[str, dict[str, str | None]]:
    return {str(record["integration_id"]): record for record in oduyo.records("erp_project_code")}


def test_the_demos_project_codes_arrive_once_and_a_second_run_writes_nothing(
    oduyo: Sandbox, run_project_codes: Any
) -> None:
    made = run_project_codes()
    assert made.state == "success"
    assert {name: made.report[name] for name in ("extracted", "created", "rejected")} == {
        "extracted": 40,
        "created": 39,
        "rejected": 1,
    }
    assert made.report["reasons"] == {"status: unknown_status": 1}
    stored = projects(oduyo)
    assert len(oduyo.records("erp_project_code")) == len(stored) == 39
    sent = {name: stored["506"][name] for name in PROJECT_CODE.field_names if stored["506"][name]}
    assert sent == {
        "integration_id": "506",
        "status": "1",
        "key1": "21",
        "key2": "1",
        "description": "PRJ-006 - İLAÇ yatırımı 6",
        "project_created_in": "2023-02-07 09:00:00",
        "project_updated_in": "2024-05-07 09:00:00",
    }
    assert stored["508"]["status"] == "0"
    assert stored["509"]["description"] == "PRJ-009"
    assert "share firm" not in made.log
    again = run_project_codes()
    assert (again.state, again.report["unchanged"], again.report["created"]) == ("success", 39, 0)
    assert oduyo.log()["counters"]["create"] == 39
    assert oduyo.records() == []


def test_a_change_and_a_missing_row_reach_only_their_records(oduyo: Sandbox, demo: Erp, run_project_codes: Any) -> None:
    run_project_codes()
    demo.run(
        "UPDATE erp.prj_proje SET aciklama = 'Köprü' WHERE _key = 501", "DELETE FROM erp.prj_proje WHERE _key = 502"
    )
    made = run_project_codes(on_missing="deactivate", missing_runs=1)
    assert {name: made.report[name] for name in ("updated", "deactivated", "created")} == {
        "updated": 1,
        "deactivated": 1,
        "created": 0,
    }
    assert projects(oduyo)["501"]["description"] == "PRJ-001 - Köprü"
    assert projects(oduyo)["502"]["status"] == "0"
    assert oduyo.log()["counters"]["update"] == 2


def test_two_resources_on_one_site_do_not_disturb_each_other(
    oduyo: Sandbox, run_special_codes: RunSpecialCodes, run_project_codes: Any, staging: Path
) -> None:
    run_project_codes()
    special = run_special_codes()
    # A listing of the other resource would look shrunken, and an older plan outdated, if they shared what is remembered.
    again = run_project_codes()
    assert (special.state, special.report["missing"], again.state) == ("success", 0, "success")
    assert again.report["unchanged"] == 39
    kept = sorted(folder.name for folder in (staging / "_sites").glob("*/*"))
    assert kept == [PROJECT_CODE.name, SPECIAL_CODE.name]


def test_a_plan_of_another_resource_is_refused_before_anything_is_sent(
    oduyo: Sandbox, run_project_codes: Any, staging: Path
) -> None:
    from airflow.sdk import DAG

    from oduyo_provider.operators.special_code import OduyoSpecialCodeOperator

    plans = run_project_codes().xcoms["transform"]
    with DAG(dag_id="of_somebody", schedule=None) as dag:
        OduyoSpecialCodeOperator(task_id="save", plan=plans)
    made = run_dag(dag, {}, staging)
    assert "The plan is for erp_project_code, but this task writes erp_special_code" in made.error
    assert (made.state, oduyo.log()["counters"]["create"]) == ("failed", 39)


def test_the_asset_of_project_codes_is_updated_with_the_counts(run_project_codes: Any) -> None:
    from airflow.models.asset import AssetEvent, AssetModel
    from airflow.utils.session import create_session
    from sqlalchemy import select

    made = run_project_codes()
    query = select(AssetModel.name, AssetEvent.extra).join(AssetModel, AssetModel.id == AssetEvent.asset_id)
    with create_session() as session:
        events = [(name, extra["created"], extra["started_at"]) for name, extra in session.execute(query)]
    assert [event for event in events if event[2] == made.report["started_at"]] == [
        ("oduyo_project_codes", 39, made.report["started_at"])
    ]
