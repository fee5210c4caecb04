"""The first write is a person's: until then every other run is dry, and red where there is something to write."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from oduyo_provider.operators.special_code import OduyoSpecialCodeOperator
from sandbox.oduyo.server import Sandbox
from tests.airflow_run import answer_approval, run_dag
from tests.integration.dag.conftest import RunSpecialCodes, count_writes, make_query, make_records, pick

pytestmark = pytest.mark.usefixtures("erp")

#: What a run says that waits for its person.
WAITS = "this source has never written to this Ödüyo site, and the first write is a person's: trigger the DAG by hand"


@pytest.mark.parametrize("run_type", ["scheduled", "asset_triggered", "backfill"])
def test_a_run_that_nobody_triggered_is_dry_and_red_where_there_is_something_to_write(
    oduyo: Sandbox, run_special_codes: RunSpecialCodes, run_type: str
) -> None:
    waiting = run_special_codes(query=make_query(3), run_type=run_type, retries=None)
    assert (waiting.state, waiting.tasks["load"], waiting.tries["report"]) == ("failed", ["skipped"], 1)
    assert (count_writes(oduyo), oduyo.records()) == (0, [])
    assert WAITS in str(waiting.errors[-1])
    assert "with dry_run off" in str(waiting.errors[-1])
    assert pick(waiting.report) == {"extracted": 3, "created": 3, "dry_run": True}


def test_a_scheduled_run_without_anything_to_write_is_green_and_opens_nothing(
    oduyo: Sandbox, run_special_codes: RunSpecialCodes
) -> None:
    oduyo.seed(make_records(3))
    quiet = run_special_codes(query=make_query(3), run_type="scheduled")
    assert (quiet.state, pick(quiet.report)) == ("success", {"extracted": 3, "unchanged": 3, "dry_run": True})
    waiting = run_special_codes(query=make_query(4), run_type="scheduled")
    assert (waiting.state, count_writes(oduyo)) == ("failed", 0)
    assert WAITS in str(waiting.errors[-1])


def test_a_scheduled_run_of_a_renamed_dag_is_red_although_it_has_nothing_to_write(
    oduyo: Sandbox, run_special_codes: RunSpecialCodes
) -> None:
    assert run_special_codes({"source": "former_name"}, query=make_query(3)).state == "success"
    for rows in (3, 0):  # all of them another source's; none at all
        waiting = run_special_codes(query=make_query(rows), run_type="scheduled")
        assert (waiting.state, count_writes(oduyo)) == ("failed", 3)
        assert WAITS in str(waiting.errors[-1])
    assert run_special_codes({"release": ["other_source"]}, query=make_query(3)).state == "success"
    assert run_special_codes(query=make_query(3), run_type="scheduled").state == "success"


def test_a_scheduled_run_one_of_whose_rows_another_source_owns_is_red_although_it_has_nothing_to_write(
    oduyo: Sandbox, run_special_codes: RunSpecialCodes
) -> None:
    oduyo.seed(make_records(30))
    assert run_special_codes({"source": "other"}, query=make_query(1)).state == "success"
    waiting = run_special_codes(query=make_query(30), run_type="scheduled")
    assert (waiting.state, waiting.report["new_other_source"], waiting.report["unchanged"]) == ("failed", 1, 29)
    assert WAITS in str(waiting.errors[-1])


@pytest.mark.parametrize("seeded", [0, 3])
def test_a_person_s_run_opens_the_source_also_with_nothing_to_write(
    oduyo: Sandbox, run_special_codes: RunSpecialCodes, seeded: int
) -> None:
    oduyo.seed(make_records(seeded))
    opening = run_special_codes(query=make_query(3))
    assert (opening.state, count_writes(oduyo)) == ("success", 3 - seeded)
    writing = run_special_codes(query=make_query(5), run_type="scheduled")
    assert (writing.state, pick(writing.report)) == ("success", {"extracted": 5, "unchanged": 3, "created": 2})


def test_a_person_s_run_that_is_dry_or_stopped_opens_nothing(
    oduyo: Sandbox, run_special_codes: RunSpecialCodes
) -> None:
    oduyo.seed(make_records(30, code="ESKİ"))
    assert run_special_codes({"dry_run": True}, query=make_query(3)).state == "success"
    assert "Stopped before any write" in run_special_codes(query=make_query(30)).error
    waiting = run_special_codes(query=make_query(3), run_type="scheduled")
    assert (waiting.state, count_writes(oduyo)) == ("failed", 0)
    assert WAITS in str(waiting.errors[-1])


def test_a_person_s_run_that_was_approved_opens_the_source(oduyo: Sandbox, run_special_codes: RunSpecialCodes) -> None:
    oduyo.seed(make_records(30, code="ESKİ"))

    def approve() -> None:
        answer_approval("oduyo_special_codes", "Approve")

    approved = run_special_codes({"on_unsafe": "ask"}, query=make_query(30), between=approve)
    assert approved.state == "success", approved.error
    assert pick(run_special_codes(query=make_query(31), run_type="scheduled").report)["created"] == 1


def test_a_scheduled_run_that_waits_for_its_person_asks_nobody_for_an_approval(
    oduyo: Sandbox, run_special_codes: RunSpecialCodes
) -> None:
    oduyo.seed(make_records(30, code="ESKİ"))
    waiting = run_special_codes({"on_unsafe": "ask"}, query=make_query(30), run_type="scheduled")
    assert (waiting.state, waiting.tasks["approve"], count_writes(oduyo)) == ("failed", ["skipped"], 0)
    assert WAITS in str(waiting.errors[-1])
    assert "a run that writes would stop here: 30 of 30 matched records would be updated" in waiting.log


def test_an_operator_that_somebody_put_into_a_dag_writes_in_a_scheduled_run_at_once(
    oduyo: Sandbox, airflow_db: Any, staging: Path
) -> None:
    from airflow.sdk import DAG

    with DAG(dag_id="zamanlanmis", schedule=None) as dag:
        OduyoSpecialCodeOperator(task_id="save", rows=[{"integration_id": 1, "code": "K.1"}])
    made = run_dag(dag, {}, staging, run_type="scheduled")
    assert made.state == "success", made.error
    assert [record["code"] for record in oduyo.records()] == ["K.1"]
