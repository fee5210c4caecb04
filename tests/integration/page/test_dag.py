"""What the page of a DAG says of its runs and of how it stands."""

from __future__ import annotations

import time
from datetime import datetime, timezone
from pathlib import Path

import pytest
from airflow.api_fastapi.app import get_auth_manager
from airflow.models.dag import DagModel
from airflow.models.dagbundle import DagBundleModel
from airflow.models.dagrun import DagRun
from airflow.utils.session import create_session

from oduyo_provider.hooks.oduyo import OduyoHook
from oduyo_provider.operators.special_code import OduyoSpecialCodeOperator
from oduyo_provider.page import airflow_db as airflow_db_of_page
from oduyo_provider.page import service
from oduyo_provider.page.airflow_db import RunState, fetch_dag_state, fetch_run_states
from oduyo_provider.page.health import SiteFacts, compute_health
from oduyo_provider.page.task_states import TaskState
from sandbox.oduyo.server import Sandbox
from tests.conftest import Erp
from tests.integration.check.checker import Checker
from tests.integration.dag.conftest import RunSpecialCodes, make_query
from tests.integration.dag.test_operator import DAG_ID as FOREIGN_DAG
from tests.integration.dag.test_operator import RunOperator
from tests.integration.findings.promise.nights import Nights
from tests.integration.page.conftest import DAG_ID, SPECIAL_CODES, Get
from tests.integration.sync.apply.driver import Driver, make_rows


def test_after_the_first_sync_red_runs_are_no_reason_for_another(
    get: Get, erp: Erp, oduyo: Sandbox, run_special_codes: RunSpecialCodes
) -> None:
    refusal = {"call": "create", "kind": "status_false", "body": '{"status": false, "message": "Yetki yok"}'}
    oduyo.set_faults(refusal)
    assert run_special_codes(query=make_query(20)).state == "failed"
    view = get("dag", dag_id=SPECIAL_CODES).json()
    assert (view["checklist"], view["health"][0]["text"]) == ([], "none in 1 run")


@pytest.mark.parametrize("fault", ["", "is_paused", "has_import_errors", "is_stale"])
def test_what_airflow_would_not_start_is_no_next_run(airflow_db: None, fault: str) -> None:
    dag_id, due_at = f"next_{fault}", datetime(2025, 1, 1, tzinfo=timezone.utc)
    flags = {name: name == fault for name in ("is_paused", "has_import_errors", "is_stale")}
    with create_session() as session:
        session.merge(DagBundleModel(name="b"))
        session.flush()
        session.add(DagModel(dag_id=dag_id, bundle_name="b", fileloc="/", next_dagrun_create_after=due_at, **flags))
    with create_session() as session:
        is_due = dag_id in {dag.dag_id for dag in DagModel.dags_needing_dagruns(session)[0]}
    point = compute_health(fetch_dag_state(dag_id), [], SiteFacts())[1]
    with create_session() as session:
        session.delete(session.get(DagModel, dag_id))
    assert (point["tone"] == "good") == is_due == (not fault)


def test_the_page_of_a_dag_says_how_it_stands(
    get: Get, erp: Erp, oduyo: Sandbox, run_special_codes: RunSpecialCodes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def point(title: str) -> tuple[str, str]:
        return next((one["tone"], one["text"]) for one in view["health"] if one["title"] == title)

    view = get("dag", dag_id=SPECIAL_CODES).json()
    assert [step["done"] for step in view["checklist"]] == [False, False, False, False]
    assert point("Site check") == ("plain", "not known yet")
    run_special_codes({"dry_run": True}, query="SELECT kod AS code FROM erp.no_such_table")  # it has no plan to look at
    view = get("dag", dag_id=SPECIAL_CODES).json()
    assert [step["done"] for step in view["checklist"]] == [False, False, False, False]
    run_special_codes({"dry_run": True}, query=make_query(3))
    view = get("dag", dag_id=SPECIAL_CODES).json()
    assert [step["done"] for step in view["checklist"]] == [True, False, True, False]
    assert point("Last good run") == ("bad", "none yet")
    assert point("Alerts") == ("warn", "not set")
    assert point("Site check") == ("warn", "never run")

    monkeypatch.setenv("ODUYO_NOTIFIER", "{}")
    run_special_codes(query=make_query(3) + " UNION ALL SELECT 7, NULL, 'A', 2, 1, 'HK1', 'boş'")
    view = get("dag", dag_id=SPECIAL_CODES).json()
    assert view["checklist"] == []
    assert (point("Last good run"), point("ERP rows in step")) == (("good", "{at}"), ("warn", "3 of 4"))
    assert (point("Alerts"), point("Waits for a person")) == (("good", "set"), ("good", "nothing"))
    assert view["columns"] == ["created", "rejected"]
    assert view["answers"] == []

    check = OduyoHook().check_site()
    view = get("dag", dag_id=SPECIAL_CODES).json()
    assert point("Site check") == ("good", "{at}")
    other = get("dag", dag_id="oduyo_project_codes").json()
    assert "with resource project_codes" in other["checklist"][1]["text"]
    shown = [(one["title"], one["answer"], one["setting"]) for one in view["answers"]]
    assert sorted(shown) == sorted((one.title, one.answer, one.setting) for one in check.answers)
    assert [bool(setting) for *_, setting in shown] == sorted(
        (bool(one.setting) for one in check.answers), reverse=True
    )


def test_a_site_check_that_went_wrong_is_not_green(get: Get, site: Sandbox, staging: Path) -> None:
    def look() -> tuple[str, str]:
        health = get("dag", dag_id=SPECIAL_CODES).json()["health"]
        return next((point["tone"], point["note"]) for point in health if point["title"] == "Site check")

    Nights(site, staging, SPECIAL_CODES).night(make_rows(12))
    checker = Checker(site.url, staging)
    checker.check()
    assert look() == ("good", "")
    site.set_habits({"habit": "refuse", "call": "delete", "message": "Silme yetkiniz yok"})
    checker.check(write=True)
    tone, note = look()
    assert (tone, "which begin with ODUYO-CHECK-" in note) == ("bad", True)
    site.set_habits()
    checker.check()
    assert look() == ("good", "")
    checker.use(password="yanlis")
    checker.check()
    tone, note = look()
    assert (tone, note.partition(",")[0]) == ("warn", "it could not log in")


def test_a_run_that_compares_nothing_is_not_said_to_be_in_step(get: Get, driver: Driver) -> None:
    driver.sync(make_rows(2), driver.new_run("run1"), sync_mode="create")
    (item,) = get("dag", dag_id=DAG_ID).json()["runs"]
    assert (item["sentence"]["label"], item["compares"]) == ("sent", False)
    assert "nobody knows whether Ödüyo is in step" in item["sentence"]["text"]
    assert get("run", dag_id=DAG_ID, run_id="run1").json()["sentence"] == item["sentence"]


def test_the_operator_in_anybody_s_dag_has_a_page_for_each_task(
    get: Get, oduyo: Sandbox, run_operator: RunOperator
) -> None:
    def build() -> None:
        OduyoSpecialCodeOperator(task_id="save", rows=make_rows(2))
        OduyoSpecialCodeOperator.partial(task_id="parts").expand(rows=[make_rows(1, 50), make_rows(1, 60)])

    made = run_operator(build)
    assert made.state == "success", made.error
    view = get("run", dag_id=FOREIGN_DAG, run_id=made.run_id).json()
    assert view["tasks"] == ["parts/0", "parts/1", "save"]
    for task, ids, log in (("save", ["1", "2"], "save"), ("parts/1", ["60"], "parts/mapped/1")):
        query = {"dag_id": FOREIGN_DAG, "run_id": made.run_id, "task": task}
        (step,) = get("run", **query).json()["steps"]
        assert step["log"].endswith(f"/tasks/{log}")
        assert [line["integration_id"] for line in get("changes", **query).json()["lines"]] == ids
    runs = get("dag", dag_id=FOREIGN_DAG).json()["runs"]
    assert sorted(run["task"] for run in runs if run["run_id"] == made.run_id) == ["parts/0", "parts/1", "save"]


def test_an_operator_that_failed_before_it_staged_anything_comes_first_and_has_a_page(
    get: Get, oduyo: Sandbox, run_operator: RunOperator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(get_auth_manager(), "get_authorized_dag_ids", lambda **_: {FOREIGN_DAG})

    def build() -> None:
        OduyoSpecialCodeOperator(task_id="branch", rows=make_rows(1, 50)) >> OduyoSpecialCodeOperator(
            task_id="save", rows=make_rows(2)
        )

    assert run_operator(build).state == "success"
    oduyo.set_faults({"call": "list", "kind": "status_false", "body": '{"status": false, "message": "Yetki yok"}'})
    made = run_operator(build)
    assert made.state == "failed"
    first, second = get("dag", dag_id=FOREIGN_DAG).json()["runs"][:2]
    assert [run["run_id"] for run in (first, second)] == [made.run_id] * 2
    sentences = {run["task"]: run["sentence"] for run in (first, second)}
    assert [sentences[task]["tone"] for task in ("branch", "save")] == ["bad", "bad"]
    assert "The step save was not started, as a step before it failed." in sentences["save"]["text"]
    assert get("dags").json()["dags"][0]["last"]["sentence"] == first["sentence"]
    view = get("run", dag_id=FOREIGN_DAG, run_id=made.run_id, task="branch").json()
    assert view["sentence"] == sentences["branch"]
    assert "Yetki yok" in view["causes"][0]["text"]


def test_while_a_run_is_going_the_page_of_the_dag_tells_of_the_one_before(
    get: Get, driver: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    states = [RunState("run2", "running", None), RunState("run1", "success", None)]
    monkeypatch.setattr(service, "fetch_run_states", lambda _dag: states)
    driver.sync(make_rows(2), driver.new_run("run1"))
    driver.plan(make_rows(3), driver.new_run("run2"))
    view = get("dag", dag_id=DAG_ID).json()
    assert (view["sentence"]["tone"], view["sentence"]["text"]) == ("busy", "The run is going on.")
    assert view["before"]["text"] == "Ödüyo is in step with the ERP."
    assert [run["duration_s"] is None for run in view["runs"]] == [True, False]


def test_an_older_run_that_was_cleared_and_goes_again_is_how_its_dag_stands(
    get: Get, driver: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(get_auth_manager(), "get_authorized_dag_ids", lambda **_: {DAG_ID})
    monkeypatch.setattr(service, "MAX_RUNS", 2)
    for _ in range(3):
        driver.sync(make_rows(2))
    states = [RunState("run3", "success", 3.0, 4.0), RunState("run2", "success", 2.0), RunState("run1", "running", 1.0)]
    monkeypatch.setattr(service, "fetch_run_states", lambda _dag: states)
    monkeypatch.setattr(service, "fetch_instances", lambda _dag, _runs: {"run1": [TaskState("load", state="running")]})
    view = get("dag", dag_id=DAG_ID).json()
    assert [run["run_id"] for run in view["runs"]] == ["run1", "run3"]
    assert view["sentence"]["tone"] == "busy"
    assert get("dags").json()["dags"][0]["last"]["sentence"] == view["sentence"]


def test_the_runs_of_a_backfill_that_wait_for_their_turn_push_none_out_of_sight(
    airflow_db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(airflow_db_of_page, "RECENT_RUNS", 2)
    dag_id, now = "a_backfill", datetime.now(timezone.utc)
    with create_session() as session:
        for name, state in (("old", "success"), ("goes", "running"), ("next", "queued"), ("later", "queued")):
            started_at = None if state == "queued" else now
            given = {"run_type": "backfill", "state": state, "start_date": started_at, "run_after": now}
            session.add(DagRun(dag_id=dag_id, run_id=name, **given))
            session.flush()
    assert [run.run_id for run in fetch_run_states(dag_id)] == ["goes", "old"]


def test_a_run_that_has_staged_nothing_yet_comes_first_with_what_keeps_it(
    get: Get, driver: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(get_auth_manager(), "get_authorized_dag_ids", lambda **_: {DAG_ID})
    driver.sync(make_rows(2), driver.new_run("run1"))
    now = time.time()
    states = [RunState("today", "running", now + 60), RunState("run1", "success", now - 60, now)]
    retrying = TaskState("snapshot", state="up_for_retry", counts={"up_for_retry": 1}, tries=3, max_tries=4)
    monkeypatch.setattr(service, "fetch_run_states", lambda _dag: states)
    monkeypatch.setattr(service, "fetch_run_state", lambda _dag, run_id: states[run_id == "run1"])
    monkeypatch.setattr(service, "fetch_instances", lambda _dag, _runs: {"today": [retrying, TaskState("report")]})
    told = "The step snapshot failed in try 3 of 4 and will be tried again."
    view = get("dag", dag_id=DAG_ID).json()
    assert (view["sentence"]["text"], view["before"]["text"]) == (told, "Ödüyo is in step with the ERP.")
    assert [run["run_id"] for run in view["runs"]] == ["today", "run1"]
    assert get("dags").json()["dags"][0]["last"]["sentence"] == view["sentence"]
    assert get("run", dag_id=DAG_ID, run_id="today").json()["sentence"] == view["sentence"]

    killed = [TaskState("snapshot", state="failed"), TaskState("report", state="upstream_failed")]
    states[0] = RunState("today", "failed", now + 60, now + 90)
    monkeypatch.setattr(service, "fetch_instances", lambda _dag, _runs: {"today": killed})
    view = get("dag", dag_id=DAG_ID).json()
    assert view["sentence"]["text"].startswith("The run failed in the step snapshot and could not add up.")
    assert get("dags").json()["dags"][0]["last"]["sentence"] == view["sentence"]

    # It was marked failed, or ran longer than its DAG may, while snapshot waited for its next try.
    skipped = TaskState("snapshot", state="skipped", tries=3, max_tries=4, error="Ödüyo cannot be reached.")
    ended = [skipped, TaskState("approve", state="skipped"), TaskState("report", state="skipped")]
    monkeypatch.setattr(service, "fetch_instances", lambda _dag, _runs: {"today": ended})
    view = get("run", dag_id=DAG_ID, run_id="today").json()
    assert view["sentence"]["text"].startswith("The run was ended from outside before it could add up")
    [cause] = view["causes"]
    assert (cause["task"], cause["tries"], cause["text"]) == ("snapshot", 3, "Ödüyo cannot be reached.")
