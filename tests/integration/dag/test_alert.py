"""One alert when runs turn bad, one when they recover, through any Airflow notifier."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sandbox.oduyo.server import Sandbox
from tests.airflow_run import answer_approval
from tests.conftest import ROOT
from tests.integration.dag.alerts import TOKEN, Box, end, wait
from tests.integration.dag.conftest import RunSpecialCodes, make_query, make_records

pytestmark = pytest.mark.usefixtures("erp")

EMPTY = "SELECT 1 AS integration_id, 'K' AS code WHERE false"


def test_good_bad_bad_good_are_two_alerts(box: Box, oduyo: Sandbox, run_special_codes: RunSpecialCodes) -> None:
    runs = [run_special_codes(query=query) for query in (make_query(3), EMPTY, EMPTY, make_query(3))]
    assert [run.state for run in runs] == ["success", "failed", "failed", "success"]
    assert box.subjects == ["has turned bad", "has recovered"]
    bad, good = (alert["text"] for alert in box.alerts)
    assert bad.startswith("Stopped before any write")
    assert f"Run: {runs[1].run_id}" in bad
    assert good.startswith(f"Runs are good again. They were bad since {runs[1].run_id}.\n\nRun: {runs[3].run_id}")
    assert "Totals: extracted 3, unchanged 3" in good


def test_an_alert_gives_the_cause_the_totals_the_reasons_and_the_place(
    box: Box, oduyo: Sandbox, run_special_codes: RunSpecialCodes
) -> None:
    said = '{"status": false, "message": "Kod zaten var\\r\\nBcc: x@example.com"}'
    oduyo.set_faults(
        {"call": "create", "kind": "drop", "match": {"integration_id": "2"}},
        {"call": "create", "kind": "status_false", "body": said, "match": {"integration_id": "3"}},
    )
    made = run_special_codes(query=make_query(4))
    (alert,) = box.alerts
    text = alert["text"]
    assert text.startswith("Not all changes were delivered: 1 ")
    assert "The run is not in step: 1 doubtful. The next run" in text
    assert "Totals: extracted 4, created 2, refused 1, " in text
    assert "Kod zaten var\\r\\nBcc" in text
    assert "\r" not in text
    assert not [line for line in text.splitlines() if line.startswith("Bcc")]
    assert f"Run: {made.run_id}" in text
    assert "/dags/oduyo_special_codes/runs/manual" in text
    assert text.splitlines()[-1].endswith("/plugin/oduyo-run")
    assert alert["dag"] == "oduyo_special_codes"


def test_the_cause_is_that_of_the_step_which_failed(
    box: Box, oduyo: Sandbox, run_special_codes: RunSpecialCodes, set_oduyo: Any
) -> None:
    set_oduyo(api_key="yanlis-anahtar")
    run_special_codes(query=make_query(3))
    (alert,) = box.alerts
    assert alert["text"].startswith("Ödüyo refused the login")
    assert "yanlis-anahtar" not in alert["text"]
    assert "Totals: nothing was read" in alert["text"]


@pytest.mark.parametrize(
    ("left", "told"),
    [("The disk is full", "The disk is full"), ("", "The last task did not come to its end: it was killed,")],
)
def test_what_the_last_task_left_is_told_where_airflow_does_not_hand_its_error_on(
    box: Box, staging: Path, left: str, told: str
) -> None:
    end(is_bad=True, cause="", left=left)
    (alert,) = box.alerts
    assert alert["text"].startswith(told)


def test_tries_of_one_run_alert_once(box: Box, oduyo: Sandbox, run_special_codes: RunSpecialCodes) -> None:
    oduyo.set_faults({"call": "list", "kind": "status", "status": 500})
    made = run_special_codes(query=make_query(3), retries=1)
    assert (made.state, made.tries["snapshot"]) == ("failed", 2)
    assert box.subjects == ["has turned bad"]


def test_a_dry_run_neither_alerts_nor_counts_as_recovered(
    box: Box, oduyo: Sandbox, run_special_codes: RunSpecialCodes
) -> None:
    assert run_special_codes({"dry_run": True}, query="SELECT 1 AS renk").state == "failed"
    assert box.alerts == []
    run_special_codes(query=EMPTY)
    assert run_special_codes({"dry_run": True}, query=make_query(3)).state == "success"
    assert box.subjects == ["has turned bad"]


def test_a_report_that_dies_is_told_too(box: Box, oduyo: Sandbox, run_special_codes: RunSpecialCodes) -> None:
    def die(_context: Any) -> None:
        raise MemoryError

    def change(dag: Any) -> None:
        dag.task_dict["report"].execute = die

    made = run_special_codes(query=make_query(3), change=change)
    assert made.state == "failed"
    (alert,) = box.alerts
    assert "The last task did not come to its end" in alert["text"]
    assert "Totals: not known" in alert["text"]
    assert run_special_codes(query=make_query(3)).state == "success"
    assert box.subjects == ["has turned bad", "has recovered"]


def test_a_dry_run_whose_report_dies_is_not_told(box: Box, oduyo: Sandbox, run_special_codes: RunSpecialCodes) -> None:
    def change(dag: Any) -> None:
        dag.task_dict["report"].execute = lambda _context: 1 // 0

    assert run_special_codes({"dry_run": True}, query=make_query(3), change=change).state == "failed"
    assert box.alerts == []


def test_the_dag_processor_tells_of_a_report_that_was_killed_and_gives_the_figures(
    box: Box, oduyo: Sandbox, run_special_codes: RunSpecialCodes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As Airflow calls it for a task whose process is gone."""
    import structlog
    from airflow.callbacks.callback_requests import TaskCallbackRequest
    from airflow.dag_processing.dagbag import DagBag
    from airflow.dag_processing.processor import _execute_task_callbacks
    from airflow.models.taskinstance import TaskInstance
    from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance
    from airflow.utils.session import create_session
    from sqlalchemy import select

    made = run_special_codes(query=make_query(3))
    with create_session() as session:
        query = select(TaskInstance).where(TaskInstance.run_id == made.run_id, TaskInstance.task_id == "report")
        request = TaskCallbackRequest(
            filepath="oduyo_special_codes.py",
            bundle_name="dags-folder",
            bundle_version=None,
            ti=session.scalars(query).one(),
            msg="Task did not emit heartbeat within time limit",
        )
    monkeypatch.setattr(RuntimeTaskInstance, "xcom_pull", lambda _self, task_ids, key: [] * len(task_ids))
    bag = DagBag(dag_folder=ROOT / "dags", bundle_name="dags-folder")
    for _ in range(2):
        _execute_task_callbacks(bag, request, structlog.get_logger())
    (alert,) = box.alerts
    assert alert["text"].startswith("The last task did not come to its end: it was killed")
    assert "Totals: extracted 3, created 3" in alert["text"]
    assert alert["dag"] == "oduyo_special_codes"


def test_a_notifier_that_fails_changes_no_run_and_the_next_one_tells(
    box: Box, oduyo: Sandbox, run_special_codes: RunSpecialCodes
) -> None:
    box.break_notifier()
    bad = run_special_codes(query=EMPTY)
    assert "The notifier does not work: ConnectionError: cannot reach\\n***" in bad.log
    assert TOKEN not in bad.log
    box.mend_notifier()
    assert run_special_codes(query=EMPTY).state == "failed"
    assert box.subjects == ["has turned bad"]
    box.break_notifier()
    assert run_special_codes(query=make_query(3)).state == "success"


def test_a_plan_that_waits_is_told_once_with_its_changes_by_action_and_a_link(
    box: Box, oduyo: Sandbox, run_special_codes: RunSpecialCodes
) -> None:
    oduyo.seed(make_records(20, code="ESKİ"))
    told: list[list[dict[str, str]]] = []

    def answer() -> None:
        told.append(box.alerts)
        answer_approval("oduyo_special_codes", "Approve")

    made = run_special_codes({"on_unsafe": "ask"}, query=make_query(23), between=answer)
    assert made.state == "success", made.error
    ((waiting,),) = told
    assert box.subjects == ["waits for a person"]
    lines = waiting["text"].splitlines()
    assert lines[0].startswith("The plan of this run waits for a person; without an answer within a day")
    assert lines[2:5] == ["What the plan would do:", "- 3 to create", "- 20 to update"]
    (why,) = lines[lines.index("Why it stopped:") + 1 : lines.index("", 7)]
    assert "20 of 20 matched records would be updated" in why
    assert lines[-2] == f"Run: {made.run_id}"
    assert lines[-1].endswith("/plugin/oduyo-run")


def test_a_task_that_asks_once_more_in_the_same_run_does_not_alert_again(box: Box, staging: Path) -> None:
    for run_id in ("manual__1", "manual__1", "manual__2"):
        wait(run_id)
    assert box.subjects == ["waits for a person"] * 2
    end(is_bad=True)
    wait("manual__2")
    end()
    assert box.subjects[2:] == ["has turned bad", "has recovered"]


def test_a_waiting_plan_that_could_not_be_told_is_said_in_the_log_and_the_next_is_told(
    box: Box, staging: Path, caplog: pytest.LogCaptureFixture
) -> None:
    box.break_notifier()
    wait("manual__1")
    assert "Nobody was told that this run waits for a person. The notifier does not work: " in caplog.text
    box.mend_notifier()
    wait("manual__1")
    assert box.subjects == ["waits for a person"]


def test_a_rejected_plan_alerts_since_its_run_is_red(
    box: Box, oduyo: Sandbox, run_special_codes: RunSpecialCodes
) -> None:
    oduyo.seed(make_records(20, code="ESKİ"))
    made = run_special_codes(
        {"on_unsafe": "ask"},
        query=make_query(20),
        between=lambda: answer_approval("oduyo_special_codes", "Reject"),
    )
    assert made.state == "failed"
    assert box.subjects == ["waits for a person", "has turned bad"]
    alert = box.alerts[-1]
    assert alert["text"].startswith("Not applied: the plan was rejected")
    assert "not_applied 20" in alert["text"]
