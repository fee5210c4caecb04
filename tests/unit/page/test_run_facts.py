"""What follows from what is known of a run."""

from __future__ import annotations

from math import inf

import msgspec
import pytest

from oduyo_provider.core.report import Report
from oduyo_provider.page.airflow_db import Approval, RunState
from oduyo_provider.page.run_facts import RunFacts
from oduyo_provider.page.task_states import TaskState
from oduyo_provider.sync.runtime.timing import CLOCK_SKEW_S

RUNNING = RunState("r", "running", 100.0)
RED = RunState("r", "failed", 100.0, 400.0)


def test_a_run_goes_on_as_long_as_a_task_has_something_to_do() -> None:
    waiting = TaskState("load", -1, "up_for_retry", {"up_for_retry": 1})
    done = TaskState("report", -1, "success", {"success": 1})
    assert RunFacts(state=RUNNING, tasks=[waiting, done]).is_going
    assert not RunFacts(state=RUNNING, tasks=[done]).is_going
    assert not RunFacts(state=RED, tasks=[waiting]).is_going
    assert not RunFacts(state=None, tasks=[waiting]).is_going


def test_without_tasks_the_staged_files_say_whether_it_goes_on() -> None:
    assert RunFacts(state=RUNNING).is_going
    assert not RunFacts(state=RUNNING, is_settled=True).is_going


def test_it_sends_only_while_load_is_running() -> None:
    running, later, failed = (
        TaskState("load", -1, state, {state: 1}) for state in ("running", "up_for_retry", "failed")
    )
    report = TaskState("report", -1, "running", {"running": 1})
    assert RunFacts(state=RUNNING).is_sending
    assert RunFacts(state=RUNNING, tasks=[running]).is_sending
    assert RunFacts(state=RUNNING, tasks=[TaskState("save", -1, "running")], operator="save").is_sending
    assert not RunFacts(state=RUNNING, tasks=[later]).is_sending
    assert not RunFacts(state=RUNNING, tasks=[failed, report]).is_sending
    assert not RunFacts(state=RED, tasks=[failed]).is_sending


def test_a_run_that_failed_has_its_duration() -> None:
    told = Report(started_at="2026-01-01T00:00:00+00:00", ended_at="2026-01-01T00:00:00+00:00")
    assert RunFacts(state=RED, report=told).duration_s == 300
    assert RunFacts(state=RED).duration_s == 300
    assert RunFacts(state=RUNNING).duration_s is None


def test_the_wait_for_a_person_is_not_in_the_duration() -> None:
    asked = Approval("approve", 150.0, 350.0, is_yes=True)
    assert RunFacts(state=RED, approval=asked).duration_s == 100


@pytest.mark.parametrize(
    ("asked_at", "answered_at", "took_s"), [(10.0, 90.0, 300), (50.0, 150.0, 250), (350.0, 450.0, 250)]
)
def test_of_a_wait_only_what_lies_within_the_run_is_not_in_its_duration(
    asked_at: float, answered_at: float, took_s: float
) -> None:
    """A run that is cleared begins anew, and keeps what it was answered before."""
    assert RunFacts(state=RED, approval=Approval("approve", asked_at, answered_at, is_yes=True)).duration_s == took_s


def test_where_airflow_has_forgotten_the_run_its_report_says_how_long_it_took() -> None:
    told = Report(started_at="2026-01-01T00:00:00+00:00", ended_at="2026-01-01T00:01:30+00:00")
    assert RunFacts(state=None, report=told).duration_s == 90
    assert RunFacts(state=None, report=Report()).duration_s is None


def test_a_task_in_anybody_s_dag_has_its_own_times_and_its_own_red() -> None:
    task = TaskState("save", -1, "success", {"success": 1}, started_at=120.0, ended_at=125.0)
    facts = RunFacts(state=RED, tasks=[task], operator="save")
    assert (facts.started_at, facts.duration_s, facts.is_red) == (120.0, 5.0, False)


def test_report_is_no_cause_of_its_own_as_long_as_it_could_add_up() -> None:
    red = [TaskState("report", -1, "failed", {"failed": 1})]
    assert RunFacts(state=RED, tasks=red, report=Report()).failed is None
    assert RunFacts(state=RED, tasks=red).failed is red[0]


def test_an_earlier_report_is_one_of_which_the_task_that_writes_it_has_begun_again() -> None:
    report = TaskState("report", -1, "running", {"running": 1}, started_at=50.0)
    facts = RunFacts(state=RUNNING, tasks=[report], report=Report())
    for written_at, is_earlier in ((40.0, True), (60.0, False)):
        assert msgspec.structs.replace(facts, reported_at=written_at).has_earlier_report is is_earlier
    waiting = TaskState("report", -1, "none", {"none": 1}, started_at=50.0)
    assert msgspec.structs.replace(facts, tasks=[waiting], reported_at=60.0).has_earlier_report
    assert not msgspec.structs.replace(facts, report=None).has_earlier_report


def test_a_no_to_the_plan_is_no_failure() -> None:
    tasks = [TaskState("approve", -1, "failed"), TaskState("report", -1, "failed")]
    facts = RunFacts(state=RED, tasks=tasks, report=Report(), approval=Approval("approve", 150.0, 350.0))
    assert facts.failed is None
    assert msgspec.structs.replace(facts, approval=None).failed is tasks[0]


def test_the_task_of_another_dag_is_a_cause_only_where_a_step_of_it_failed() -> None:
    task = TaskState("save", -1, "failed", {"failed": 1})
    facts = RunFacts(state=RED, tasks=[task], operator="save", report=Report(failed=1))
    assert facts.failed is None
    assert msgspec.structs.replace(facts, report=Report(faults=["stopped"])).failed is task


def test_the_files_of_somebody_else_s_task_were_there_once_where_it_was_done_itself() -> None:
    green = RunState("r", "success", 100.0, 400.0)
    for state, is_pruned in (("success", True), ("failed", False)):
        task = TaskState("save", -1, state, {state: 1})
        facts = RunFacts(state=green, tasks=[task], operator="save", is_staged=False)
        assert facts.is_pruned is is_pruned


@pytest.mark.parametrize(
    ("task", "state", "since"),
    [
        ("snapshot", "running", inf),
        ("extract", "none", inf),
        ("transform", "up_for_retry", inf),
        ("transform", "failed", inf),
        ("transform", "success", 50.0),
        ("transform", "removed", 50.0),
        ("guard", "running", 50.0),
        ("load", "up_for_retry", 50.0),
    ],
)
def test_a_plan_is_another_one_s_while_a_step_that_makes_it_is_still_to_come(
    task: str, state: str, since: float
) -> None:
    tasks = [TaskState(task, state=state, counts={state: 1}, started_at=90.0)]
    assert RunFacts(state=RUNNING, tasks=tasks, planned_at=50.0).plan_since == since


def test_each_try_of_an_operator_makes_a_plan() -> None:
    task = TaskState("save", state="running", counts={"running": 1}, started_at=90.0)
    first = RunFacts(state=RUNNING, tasks=[task], operator="save", planned_at=50.0)
    assert first.plan_since == 50.0
    facts = msgspec.structs.replace(first, tasks=[msgspec.structs.replace(task, tries=2)])
    assert facts.plan_since == 90.0 - CLOCK_SKEW_S
    assert msgspec.structs.replace(facts, state=RED).plan_since == 50.0
