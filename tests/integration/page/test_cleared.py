"""What the page says of a run that goes on, is tried again, or was cleared."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import Any

import pytest

from oduyo_provider.core.errors import UnsafePlanError
from oduyo_provider.page import service
from oduyo_provider.page.airflow_db import RunState
from oduyo_provider.page.task_states import TaskState
from oduyo_provider.sync.steps.one_task import stage_rows
from sandbox.oduyo.server import Sandbox
from tests.airflow_run import answer_approval, load_dag
from tests.conftest import Erp
from tests.integration.dag.clearing import ALL, go_on
from tests.integration.dag.conftest import RunSpecialCodes, make_query, make_records
from tests.integration.dag.test_operator import DAG_ID as FOREIGN_DAG
from tests.integration.page.conftest import DAG_ID, SPECIAL_CODES, Get, count_outcomes
from tests.integration.sync.apply.driver import Driver, make_rows


def test_a_going_run_shows_progress_and_settles_with_its_report(
    get: Get, driver: Driver, staging: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "fetch_run_state", lambda _dag, run_id: RunState(run_id, "running", None))
    begun = get("run", dag_id=SPECIAL_CODES, run_id="run1").json()
    assert (begun["is_going"], begun["is_empty"]) == (True, True)

    run = driver.new_run("run1")
    plan = driver.plan(make_rows(5), run)
    waiting = get("run", dag_id=DAG_ID, run_id="run1").json()
    assert waiting["progress"] == {"done": 0, "total": 5}
    assert (waiting["sentence"]["tone"], count_outcomes(waiting)) == ("busy", {"waiting": 5})
    (extracted, _missing) = waiting["sums"]
    assert extracted["count"] == sum(part["count"] for part in extracted["parts"]) == 5

    loaded = driver.load(plan, run)
    done = get("run", dag_id=DAG_ID, run_id="run1").json()
    assert (done["progress"], count_outcomes(done)) == ({"done": 5, "total": 5}, {"created": 5})

    driver.report(run, loaded)
    settled = get("run", dag_id=DAG_ID, run_id="run1").json()
    assert (settled["is_going"], settled["progress"], settled["sentence"]["tone"]) == (False, None, "good")


def test_of_a_run_that_was_tried_again_the_last_plan_is_shown(get: Get, driver: Driver) -> None:
    run = driver.new_run("run1")
    driver.plan(make_rows(5), run)
    again = driver.new_run("run1", attempt=2)
    plan = driver.plan(make_rows(3), again)
    driver.report(again, driver.load(plan, again))
    view = get("run", dag_id=DAG_ID, run_id="run1").json()
    assert (view["lines"], count_outcomes(view)) == (3, {"created": 3})


def test_a_run_that_was_cleared_does_not_show_its_earlier_plan_as_the_present_one(
    get: Get, driver: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    def show() -> tuple[str, int, Any, str]:
        view = get("run", dag_id=DAG_ID, run_id="run1").json()
        return view["title"], view["lines"], view["progress"], view["nothing"]

    def go(**states: str) -> None:
        tasks = [TaskState(task, state=state, counts={state: 1}) for task, state in states.items()]
        monkeypatch.setattr(service, "fetch_instances", lambda _dag, _runs: {"run1": tasks})

    earlier = "The run has come to no plan since it was started again. What became of an earlier plan of it is not shown here."
    monkeypatch.setattr(service, "fetch_run_state", lambda _dag, run_id: RunState(run_id, "running", None))
    driver.load(driver.plan(make_rows(5), driver.new_run("run1")), driver.new_run("run1"))
    go(snapshot="success", extract="success", transform="success", load="running")
    assert show()[:3] == ("The plan adds up", 5, {"done": 5, "total": 5})
    go(snapshot="running", extract="none", transform="none", load="none")
    assert show() == ("So far", 0, None, earlier)

    # The ERP is read anew, and the comparison fails.
    stage_rows(driver.step(driver.new_run("run1", attempt=2)), [*make_rows(6)], driver.snapshot)
    go(snapshot="success", extract="success", transform="running", load="none")
    assert show() == ("So far", 0, None, earlier)
    go(snapshot="success", extract="success", transform="failed", load="upstream_failed")
    monkeypatch.setattr(service, "fetch_run_state", lambda _dag, run_id: RunState(run_id, "failed", None))
    assert show() == ("As far as it came", 0, None, earlier)
    # Airflow knows it no more.
    monkeypatch.setattr(service, "fetch_run_state", lambda _dag, _run: None)
    go()
    assert show() == ("As far as it came", 0, None, earlier)
    told = get("record", dag_id=DAG_ID, run_id="run1", record="erp:2").json()["record"]["states"]
    assert [state["reason"] for state in told] == ["not compared: the run has come to no plan"]


def test_an_operator_that_is_tried_again_does_what_it_has_staged_since(
    get: Get, driver: Driver, staging: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver.plan(make_rows(5), driver.new_run("run1"))
    shutil.copytree(staging / DAG_ID / "run1", staging / FOREIGN_DAG / "run1" / "save")
    told = []
    monkeypatch.setattr(service, "fetch_run_state", lambda _dag, run_id: RunState(run_id, "running", 1.0))
    for tries, began_at in enumerate((1.0, time.time() + 60), 1):
        task = TaskState("save", state="running", counts={"running": 1}, started_at=began_at, tries=tries)
        monkeypatch.setattr(service, "fetch_instances", lambda _dag, _runs, task=task: {"run1": [task]})
        view = get("run", dag_id=FOREIGN_DAG, run_id="run1", task="save").json()
        told.append((view["lines"], view["sentence"]["text"]))
    assert told == [
        (
            5,
            "The plan is made. Each record is looked at right before its change is sent, and only while no other run "
            "writes to this site.",
        ),
        (0, "Ödüyo's records are being listed."),
    ]


def test_the_report_of_a_try_before_is_not_told_as_that_of_one_that_could_not_add_up(
    get: Get, driver: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver.sync(make_rows(3), driver.new_run("run1"))
    again = driver.new_run("run1", attempt=2)
    driver.load(driver.plan(make_rows(5), again), again)
    now = time.time()
    killed = [TaskState("load", state="success", started_at=now), TaskState("report", state="failed", started_at=now)]
    monkeypatch.setattr(service, "fetch_run_state", lambda _dag, _run: RunState("run1", "failed", now - 60, now))
    monkeypatch.setattr(service, "fetch_instances", lambda _dag, _runs: {"run1": killed})
    view = get("run", dag_id=DAG_ID, run_id="run1").json()
    assert view["sentence"]["text"].startswith("The run failed in the step report and could not add up.")
    assert (view["title"], count_outcomes(view)) == ("As far as it came", {"created": 2})
    (of_rows,) = (sum_ for sum_ in view["sums"] if sum_["name"] == "extracted")
    assert {part["name"]: part["count"] for part in of_rows["parts"] if part["count"]} == {"unchanged": 3, "created": 2}


def test_a_run_that_is_stopped_after_an_earlier_plan_was_sent_does_not_say_that_it_wrote_nothing(
    get: Get, driver: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = driver.new_run("run1")
    plan = driver.plan(make_rows(20), run)
    driver.report(run, driver.load(plan, run))
    again = driver.new_run("run1", attempt=2)
    with pytest.raises(UnsafePlanError):
        driver.plan(make_rows(20, description="YENİ"), again, max_update_percent=10)
    driver.guarded = None
    driver.report(again, None)
    failed = [TaskState("guard", state="failed"), TaskState("report", state="failed")]
    monkeypatch.setattr(service, "fetch_instances", lambda _dag, _runs: {"run1": failed})
    monkeypatch.setattr(service, "fetch_run_state", lambda _dag, run_id: RunState(run_id, "failed", None))
    text = get("run", dag_id=DAG_ID, run_id="run1").json()["sentence"]["text"]
    assert text.startswith("Nothing was written since the run was started again: the brake updates stopped the run.")


def test_a_cleared_load_that_failed_before_it_sent_anything_is_told_from_the_tries_that_sent(
    get: Get, driver: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = driver.new_run("run1")
    plan = driver.plan(make_rows(6), run)
    driver.load(plan, run)
    driver.report(run, None)
    failed = [TaskState("load", state="failed", tries=2, started_at=time.time() + 1)]
    monkeypatch.setattr(service, "fetch_instances", lambda _dag, _runs: {"run1": failed})
    monkeypatch.setattr(service, "fetch_run_state", lambda _dag, run_id: RunState(run_id, "failed", None))
    text = get("run", dag_id=DAG_ID, run_id="run1").json()["sentence"]["text"]
    told = "the last try of the step load failed before it sent anything; 6 changes were made in earlier tries."
    assert text.startswith(f"Not in step: {told}")


def test_a_load_that_was_cleared_after_the_report_writes_into_the_lines_of_its_changes(
    get: Get, driver: Driver
) -> None:
    run = driver.new_run("run1")
    plan = driver.plan([*make_rows(2), {**make_rows(3)[2], "code": None}], run)
    driver.report(run, None)
    driver.load(plan, driver.new_run("run1", attempt=2))
    lines = get("changes", dag_id=DAG_ID, run_id="run1").json()["lines"]
    assert [(line["integration_id"], line["outcome"]) for line in lines] == [
        ("1", "created"),
        ("2", "created"),
        ("3", "rejected"),
    ]


def test_the_steps_of_a_cleared_run_stand_in_the_order_of_a_row_s_way(
    get: Get, driver: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = driver.new_run("run1")
    driver.plan(make_rows(1), run)
    # Airflow keeps when report started before it was cleared.
    found = [TaskState("load", state="running", started_at=20.0), TaskState("report", started_at=10.0)]
    monkeypatch.setattr(service, "fetch_instances", lambda _dag, _runs: {"run1": found})
    monkeypatch.setattr(service, "fetch_run_state", lambda _dag, run_id: RunState(run_id, "running", None))
    steps = get("run", dag_id=DAG_ID, run_id="run1").json()["steps"]
    assert [step["task"] for step in steps] == ["load", "report"]


def test_what_somebody_said_counts_until_the_run_is_cleared(
    get: Get, erp: Erp, oduyo: Sandbox, run_special_codes: RunSpecialCodes, dags_folder: Path, staging: Path
) -> None:
    """Airflow keeps the answer beside a task that is cleared, until it asks again."""
    oduyo.seed(make_records(30, code="ESKİ"))
    asked = {"query": make_query(30), "between": lambda: answer_approval(SPECIAL_CODES, "Reject")}
    made = run_special_codes({"on_unsafe": "ask"}, **asked)
    view = get("run", dag_id=SPECIAL_CODES, run_id=made.run_id).json()
    assert view["sentence"]["text"].startswith("Nothing was written: the plan was rejected by ayse at ")

    for record in oduyo.records():  # somebody types the codes in, so that there is nothing to ask any more
        oduyo.edit(str(record["id"]), code=f"K.{record['integration_id']}")
    assert go_on(load_dag(dags_folder), made.run_id, staging, clear=ALL).state == "success"
    view = get("run", dag_id=SPECIAL_CODES, run_id=made.run_id).json()
    assert (view["sentence"]["text"], view["title"]) == (
        "Ödüyo is in step with the ERP: nothing had to change.",
        "It adds up",
    )
    assert (view["approval"], view["duration_s"] > 0) == (None, True)
    last = {point["title"]: point for point in get("dag", dag_id=SPECIAL_CODES).json()["health"]}["Last good run"]
    assert last["tone"] == "good"
