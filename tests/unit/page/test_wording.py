"""Every state of a run, and the sentence that says it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from oduyo_provider.core.brakes import Trip
from oduyo_provider.core.language import use_language
from oduyo_provider.core.report import Report
from oduyo_provider.page.airflow_db import Approval, RunState
from oduyo_provider.page.run_facts import RunFacts
from oduyo_provider.page.task_states import TaskState, gather_tasks
from oduyo_provider.page.wording import describe_run

RUNNING, DONE, RED = (RunState("r", state, 1.0) for state in ("running", "success", "failed"))
ORDER = ("snapshot", "extract", "transform", "guard", "approve", "load", "report")


def tasks(**states: str) -> list[TaskState]:
    """The DAG's tasks: those before the first that is named are done, those after the last have not started."""
    named = [name for name in ORDER if name in states]
    found = []
    for place, name in enumerate(ORDER):
        is_before = bool(named) and place < ORDER.index(named[0])
        state = states.get(name, "success" if is_before else "none")
        if name == "approve" and state == "success" and name not in states:
            state = "skipped"
        found.append(TaskState(name, -1, state, {state: 1}, started_at=float(place)))
    return found


def failed_at(name: str) -> list[TaskState]:
    after = dict.fromkeys(ORDER[ORDER.index(name) + 1 :], "upstream_failed")
    return tasks(**{name: "failed", **after, "report": "failed"})


def going(found: list[TaskState], **more: Any) -> RunFacts:
    return RunFacts(state=RUNNING, tasks=found, **more)


def ended(
    report: Report | None, found: list[TaskState] | None = None, state: RunState | None = DONE, **more: Any
) -> RunFacts:
    return RunFacts(state=state, tasks=tasks(report="success") if found is None else found, report=report, **more)


def trips(*names: str) -> list[Trip]:
    return [Trip(name, "12 of 20", 12) for name in names]


LATER = TaskState("load", -1, "up_for_retry", {"up_for_retry": 1}, tries=2, max_tries=4, started_at=5.0, retry_at=90.0)
MAPPED = TaskState("transform", 3, "running", {"success": 3, "running": 2, "scheduled": 59}, started_at=2.0)
NOTHING = Report(extracted=9, unchanged=9)
STOPPED = Report(extracted=9, not_applied=9)
PLAN = Report(extracted=9, created=6, deleted=3, missing=3, unchanged=3, dry_run=True)
ASKED = Approval("approve", 10.0, until=99.0)
YES = Approval("approve", 10.0, 20.0, 99.0, is_yes=True, by="ayse")
NO = Approval("approve", 10.0, 20.0, 99.0, by="ayse")
SILENCE = Approval("approve", 10.0, 99.0, 99.0)
REJECTED = tasks(approve="success", load="skipped", report="failed")
NEXT = "The next run compares everything again and sends only what is missing."
REPEATED = (
    "What fails in every run needs a person: look at its reason; the connection's user may lack the right to change or delete the "
    "record in Ödüyo."
)
AFTER = "If the error asks for something, do that first; the next run compares everything again and sends only what is missing."
NO_FILES = (
    "There are no files of this run: it wrote none, or they were removed, as those of the last 30 runs of a DAG are kept. "
    "What runs did to a record stands on the page of the DAG."
)
DUPLICATE = "1 new record carries a key that another record has: decide in the Ödüyo panel which of them to remove; no run removes any."
MEND = "Mend the rejected and refused rows where they come from: quarantine.jsonl has the reasons of each."
TOO_MANY = Report(extracted=100, created=40, rejected=60, faults=["rejected"])
TOO_MANY_LEFT_OUT = f"Not in step: 60 rows were newly rejected or refused, which is above max_rejected_percent or above half of the rows. {MEND}"
FIRST = msgspec.structs.replace(PLAN, faults=["first_write"])
FIRST_WRITE = (
    "Nothing was sent: this DAG has never written to this Ödüyo site, and the first write is a person's. Look at the plan "
    "below, then trigger the DAG by hand with dry_run off."
)
AFTERWARDS = (
    "The report counts nothing left to do, but Airflow shows the run in red: somebody marked it failed, or its last task "
    "failed after it had written the report."
)
STOPPED_BY_BRAKE = msgspec.structs.replace(STOPPED, faults=["stopped"])
PARTS = [TaskState("transform", n, state) for n, state in enumerate(("failed", "running", "up_for_retry", "scheduled"))]
SAVING = [TaskState("save", -1, "running")]
OPERATOR_RED = [TaskState("save", -1, "failed", {"failed": 1})]

#: It was green once.
CLEARED_LOAD = [
    *failed_at("load")[:5],
    TaskState("load", -1, "failed", {"failed": 1}, tries=2, started_at=100.0),
    *failed_at("load")[6:],
]
SIX_DONE = Report(extracted=9, created=6, unchanged=3, faults=["applying"])
AGAIN = "Nothing was written since the run was started again:"
EARLIER = "Before that, an earlier plan of this run had begun to be sent."

STATES: dict[str, tuple[RunFacts, str, str]] = {
    # ── while it goes on ──
    "queued": (
        RunFacts(state=RunState("r", "queued", None), tasks=tasks()),
        "busy",
        "The run waits for its turn.",
    ),
    "cleared and queued, and the sides are read": (
        RunFacts(state=RunState("r", "queued", None), tasks=tasks(load="none"), report=NOTHING, changes=4),
        "busy",
        "The run waits for its turn.",
    ),
    "waiting for a worker": (
        going(tasks(snapshot="queued")),
        "busy",
        "The step snapshot waits until Airflow starts it.",
    ),
    "listing": (going(tasks(snapshot="running")), "busy", "Ödüyo's records are being listed."),
    "reading": (going(tasks(extract="running")), "busy", "The ERP's rows are being read."),
    "comparing one part": (going(tasks(transform="running")), "busy", "The two sides are being compared."),
    "comparing many parts": (
        going([*tasks(extract="success")[:2], MAPPED]),
        "busy",
        "The two sides are being compared: 3 of 64 parts are done.",
    ),
    "checking": (going(tasks(guard="running")), "busy", "The plan is made; the brakes check it."),
    "asking": (going(tasks(approve="running")), "busy", "The plan is made; the brakes have checked it."),
    "waiting for approval": (
        going(tasks(approve="awaiting_input"), approval=ASKED),
        "warn",
        "A brake tripped: the plan waits until {at} for a person to approve or reject it; no answer is a no. Nothing of "
        "it is written yet.",
    ),
    "waiting for approval, Airflow 3.2": (
        going(tasks(approve="deferred")),
        "warn",
        "A brake tripped: the plan waits for a person to approve or reject it. Nothing of it is written yet.",
    ),
    "approved, and not gone on yet": (
        going(tasks(approve="awaiting_input"), approval=YES),
        "busy",
        "The plan is made; the brakes have checked it.",
    ),
    "about to send": (
        going(tasks(load="running"), changes=4),
        "busy",
        "The plan is made. Each record is looked at right before its change is sent, and only while no other run "
        "writes to this site.",
    ),
    "sending": (
        going(tasks(load="running"), changes=4_000, done=1_500),
        "busy",
        "The plan is being sent: 1,500 of 4,000 changes are settled.",
    ),
    "reading back": (
        going(tasks(load="running"), changes=4, done=4),
        "busy",
        "All changes are settled and are being read back.",
    ),
    "sending what cannot be shown": (
        going(tasks(load="running"), is_shown=False),
        "busy",
        "The plan is being sent. How far it is cannot be shown; the log of the task load tells.",
    ),
    "loading nothing": (going(tasks(load="running")), "busy", "The step load is running."),
    "adding up": (going(tasks(report="running"), changes=4, done=4), "busy", "The run is being added up."),
    "waiting for a retry": (
        going([*tasks(load="none")[:5], LATER, tasks()[-1]], changes=4, done=4),
        "warn",
        "The step load failed in try 2 of 4. The next try comes at {at}.",
    ),
    "waiting for a retry at an unknown time": (
        going([TaskState("snapshot", -1, "up_for_retry", {"up_for_retry": 1}, tries=1, max_tries=4)]),
        "warn",
        "The step snapshot failed in try 1 of 4 and will be tried again.",
    ),
    "one part of many waits for a retry": (
        going(
            [
                *tasks(extract="success")[:2],
                TaskState("transform", 7, "up_for_retry", {"up_for_retry": 1, "success": 3}, 1, 4, 2.0, None, 90.0),
            ]
        ),
        "warn",
        "The step transform failed in try 1 of 4. The next try comes at {at}.",
    ),
    "failed, and not added up yet": (
        going(tasks(extract="failed", transform="upstream_failed", report="running")),
        "bad",
        "The step extract failed. The run will still be added up, and will be red.",
    ),
    "one part of many failed, and others go on": (
        going(gather_tasks([*tasks(extract="success")[:2], *PARTS, *tasks(guard="none")[3:]])),
        "bad",
        "The step transform failed. The run will still be added up, and will be red.",
    ),
    "rejected, and not added up yet": (
        going(tasks(approve="failed", load="upstream_failed", report="running"), approval=NO),
        "busy",
        "The run is being added up.",
    ),
    "its report is written, and is being merged": (
        going(tasks(report="running"), report=NOTHING, is_settled=True, reported_at=8.0),
        "busy",
        "The run is being added up.",
    ),
    "going again after a clear": (
        going(tasks(snapshot="running"), report=NOTHING, is_settled=True),
        "busy",
        "Ödüyo's records are being listed.",
    ),
    "cleared, and not started yet": (
        going(tasks(load="none"), report=NOTHING, is_settled=True, changes=4),
        "busy",
        "The step load waits until Airflow starts it.",
    ),
    "a task of another DAG": (
        RunFacts(state=RUNNING, tasks=SAVING, operator="save", step="extract"),
        "busy",
        "The ERP's rows are being read.",
    ),
    "a task of another DAG that has nothing to send": (
        RunFacts(state=RUNNING, tasks=SAVING, operator="save", step="load"),
        "busy",
        "The step save is running.",
    ),
    "a task of another DAG that sends what cannot be shown": (
        RunFacts(state=RUNNING, tasks=SAVING, operator="save", step="load", is_shown=False),
        "busy",
        "The plan is being sent. How far it is cannot be shown; the log of the task save tells.",
    ),
    # ── ended without a report ──
    "failed in the report": (
        ended(None, tasks(report="failed"), RED),
        "bad",
        f"The run failed in the step report and could not add up. {NEXT}",
    ),
    "ended from outside": (
        ended(None, tasks(load="skipped", report="skipped"), RED),
        "bad",
        "The run was ended from outside before it could add up: somebody marked it failed, or it ran longer than its DAG "
        f"may. {NEXT}",
    ),
    "marked a success": (
        ended(None, tasks(report="success")),
        "bad",
        "Airflow calls the run a success, but no report adds up what it did last: somebody marked it by hand, or cleared a step "
        "without those that follow it. The next run compares everything again.",
    ),
    "abandoned": (
        ended(None, [], None),
        "bad",
        "The run has no report, and Airflow does not know it any more: it was removed before it could add up. The next run "
        "compares everything again.",
    ),
    "its report is damaged": (
        ended(None, damage="The file is cut."),
        "bad",
        "How the run ended stands in its report, which cannot be read. The file is cut.",
    ),
    # ── ended, and nothing is staged ──
    "in step, and its files are removed": (ended(None, is_staged=False), "plain", NO_FILES),
    "in step, and Airflow too has forgotten its tasks": (ended(None, [], is_staged=False), "plain", NO_FILES),
    "failed, and its files are removed": (ended(None, failed_at("load"), RED, is_staged=False), "bad", NO_FILES),
    "failed before it staged anything": (
        ended(None, failed_at("snapshot"), RED, is_staged=False),
        "bad",
        f"The run failed in the step snapshot and could not add up. {NEXT}",
    ),
    # ── stopped ──
    **{
        f"failed in {name}": (
            ended(Report() if name in ORDER[:2] else STOPPED, failed_at(name), RED),
            "bad",
            f"Nothing was written: the run failed in the step {name}.",
        )
        for name in ("snapshot", "extract", "transform", "guard", "approve", "load")
    },
    "stopped by a brake": (
        ended(STOPPED, failed_at("guard"), RED, trips=trips("retired", "updates")),
        "bad",
        "Nothing was written: the brakes retired, updates stopped the run.",
    ),
    "rejected by a person": (
        ended(STOPPED, REJECTED, RED, approval=NO, trips=trips("updates")),
        "bad",
        "Nothing was written: the plan was rejected by ayse at {at}.",
    ),
    "rejected by a person, and approve failed": (
        ended(STOPPED, failed_at("approve"), RED, approval=NO),
        "bad",
        "Nothing was written: the plan was rejected by ayse at {at}.",
    ),
    "a task of another DAG that a brake stopped": (
        ended(STOPPED_BY_BRAKE, OPERATOR_RED, RED, operator="save", trips=trips("retired")),
        "bad",
        "Nothing was written: the brake retired stopped the run.",
    ),
    "stopped in a DAG that Airflow has forgotten": (
        ended(Report(faults=["reading"]), [], None),
        "bad",
        f"Not in step: reading Ödüyo or the ERP failed. {AFTER}",
    ),
    "nobody answered": (
        ended(STOPPED, REJECTED, RED, approval=SILENCE),
        "bad",
        "Nothing was written: nobody answered in time whether to apply the plan, which counts as a no.",
    ),
    # ── an earlier plan of the same run was sent ──
    "stopped by a brake after an earlier plan was sent": (
        ended(STOPPED, failed_at("guard"), RED, trips=trips("updates"), planned_at=50.0, journaled_at=[20.0]),
        "bad",
        f"{AGAIN} the brake updates stopped the run. {EARLIER}",
    ),
    "listing failed after a plan was sent": (
        ended(
            Report(started_at="1970-01-01T00:01:00+00:00"),
            failed_at("snapshot"),
            RED,
            planned_at=10.0,
            journaled_at=[20.0],
        ),
        "bad",
        f"{AGAIN} the run failed in the step snapshot. {EARLIER}",
    ),
    "rejected by a person after an earlier plan was sent": (
        ended(STOPPED, REJECTED, RED, approval=NO, planned_at=50.0, journaled_at=[20.0]),
        "bad",
        f"{AGAIN} the plan was rejected by ayse at {{at}}. {EARLIER}",
    ),
    "in step after an earlier plan was sent": (
        ended(NOTHING, planned_at=50.0, journaled_at=[20.0]),
        "good",
        "Ödüyo is in step with the ERP.",
    ),
    # ── dry ──
    "dry": (
        ended(PLAN),
        "plain",
        "Dry run: nothing was sent. The plan holds 9 changes.",
    ),
    "dry, one change": (
        ended(Report(extracted=1, created=1, dry_run=True)),
        "plain",
        "Dry run: nothing was sent. The plan holds 1 change.",
    ),
    "dry, nothing to change": (
        ended(Report(extracted=1, unchanged=1, dry_run=True)),
        "plain",
        "Dry run: nothing was sent, and nothing would have to change.",
    ),
    "dry, nothing to change, rows are left out as before": (
        ended(Report(extracted=3, unchanged=1, rejected=1, known_rejected=1, refused=1, known_refused=1, dry_run=True)),
        "plain",
        "Dry run: nothing was sent. The plan holds no change.",
    ),
    "dry, nothing to change, a record is not retired": (
        ended(Report(extracted=1, unchanged=1, missing=1, missing_refused=1, dry_run=True)),
        "plain",
        "Dry run: nothing was sent. The plan holds no change.",
    ),
    "dry, rows are newly left out": (
        ended(Report(extracted=4, created=1, rejected=3, known_rejected=1, dry_run=True)),
        "warn",
        "Dry run: nothing was sent. The plan holds 1 change. 2 rows are newly rejected or refused.",
    ),
    "dry, a record vanished": (
        ended(Report(extracted=2, unchanged=1, doubtful=1, vanished=1, dry_run=True)),
        "warn",
        "Dry run: nothing was sent. The plan holds no change. 1 record that was there is not listed by Ödüyo any more, and no "
        'run makes it anew by itself: if it is really gone, release ["vanished:1"] for one run; if it shall stay gone, take its '
        "row out of the ERP or the query.",
    ),
    "dry, a new duplicate": (
        ended(Report(extracted=1, unchanged=1, remote_duplicates=1, new_duplicates=1, dry_run=True)),
        "warn",
        f"Dry run: nothing was sent. The plan holds no change. {DUPLICATE}",
    ),
    "dry, a brake would trip": (
        ended(PLAN, trips=trips("retired")),
        "warn",
        "Dry run: nothing was sent. The brake retired would stop a run that writes.",
    ),
    "dry, failed": (
        ended(Report(dry_run=True), failed_at("extract"), RED),
        "bad",
        "Nothing was sent: the run failed in the step extract.",
    ),
    "dry, and somebody marked it failed": (
        ended(PLAN, tasks(report="success"), RED, is_shown=False),
        "plain",
        "Dry run: nothing was sent. The plan holds 9 changes.",
    ),
    "dry, failed, and Airflow has forgotten it": (
        ended(Report(dry_run=True, faults=["reading"]), [], None),
        "bad",
        "Nothing was sent: reading Ödüyo or the ERP failed.",
    ),
    "the first write waits": (ended(FIRST, tasks(report="failed"), RED), "bad", FIRST_WRITE),
    "the first write waits, and a brake would stop it": (
        ended(FIRST, tasks(report="failed"), RED, trips=trips("retired")),
        "bad",
        f"{FIRST_WRITE} The brake retired would stop that run: release it there if the plan is right.",
    ),
    # ── written ──
    "nothing to change": (ended(NOTHING), "good", "Ödüyo is in step with the ERP: nothing had to change."),
    "in step": (ended(Report(extracted=9, created=2, updated=7)), "good", "Ödüyo is in step with the ERP."),
    "in step after an approval": (
        ended(Report(extracted=9, updated=9), approval=YES),
        "good",
        "Ödüyo is in step with the ERP.",
    ),
    "empty": (ended(Report()), "warn", "There was no row, so that there was nothing to change."),
    "a task of another DAG that was given no row": (
        ended(Report(), [TaskState("save", -1, "success")], operator="save"),
        "warn",
        "There was no row, so that there was nothing to change.",
    ),
    "without comparing": (
        ended(Report(extracted=9, created=9, sync_mode="create")),
        "good",
        "9 rows were sent as new records; nothing was compared, so that nobody knows whether Ödüyo is in step.",
    ),
    "without comparing, a row is left out": (
        ended(Report(extracted=2, created=1, rejected=1, sync_mode="create")),
        "warn",
        "1 row was sent as a new record; nothing was compared, so that nobody knows whether Ödüyo is in step.",
    ),
    "without comparing, not all are sent": (
        ended(Report(extracted=9, created=4, not_applied=5, sync_mode="create"), failed_at("load"), RED),
        "bad",
        "Not all rows were sent: 4 became new records. Clear the first red task to send the rest: a new run with sync_mode "
        "create compares nothing and sends every row once more.",
    ),
    "without comparing, too many are left out": (
        ended(
            Report(extracted=100, created=40, rejected=60, sync_mode="create", faults=["rejected"]),
            tasks(report="failed"),
            RED,
        ),
        "bad",
        f"All valid rows were sent, and 40 became new records; what is left needs a person. {MEND} A new run with sync_mode "
        "create compares nothing and sends every row once more.",
    ),
    "without comparing, there are duplicates": (
        ended(Report(extracted=9, created=9, new_duplicates=1, sync_mode="create"), tasks(report="failed"), RED),
        "bad",
        f"All valid rows were sent, and 9 became new records; what is left needs a person. {DUPLICATE} A new run with "
        "sync_mode create compares nothing and sends every row once more.",
    ),
    "without comparing, marked failed": (
        ended(Report(extracted=9, created=9, sync_mode="create"), state=RED),
        "bad",
        AFTERWARDS,
    ),
    "known rows are left out": (
        ended(Report(extracted=9, unchanged=4, rejected=3, known_rejected=3, refused=2, known_refused=2)),
        "warn",
        "Ödüyo is in step with the ERP, but for 5 rows that were left out before, too.",
    ),
    "a row is newly left out": (
        ended(Report(extracted=9, unchanged=8, rejected=1)),
        "warn",
        "Ödüyo is in step with the ERP, but for 1 row that is newly left out.",
    ),
    "rows are newly left out": (
        ended(Report(extracted=9, unchanged=4, rejected=3, known_rejected=2, refused=2, known_refused=2)),
        "warn",
        "Ödüyo is in step with the ERP, but for 5 rows that were left out; 1 of them is new.",
    ),
    "Ödüyo refuses to retire a record": (
        ended(Report(extracted=8, unchanged=8, missing=1, missing_refused=1)),
        "warn",
        "Ödüyo is in step with the ERP, but for 1 record that it refuses to deactivate or delete.",
    ),
    "a row is newly left out, and Ödüyo refuses to retire records": (
        ended(Report(extracted=9, unchanged=8, rejected=1, missing=2, missing_refused=2)),
        "warn",
        "Ödüyo is in step with the ERP, but for 1 row that is newly left out. It also refuses to deactivate or delete 2 "
        "records.",
    ),
    "too many rows are newly left out": (
        ended(TOO_MANY, tasks(report="failed"), RED),
        "bad",
        TOO_MANY_LEFT_OUT,
    ),
    "left undone": (
        ended(Report(extracted=6, created=1, failed=3, doubtful=2), tasks(report="failed"), RED),
        "bad",
        f"Not in step: 5 rows or records are not as the ERP wants them. {NEXT} {REPEATED}",
    ),
    "load failed on its way": (
        ended(Report(extracted=9, created=4, not_applied=5), failed_at("load"), RED),
        "bad",
        f"Not in step: the run failed in the step load after 4 changes. {NEXT}",
    ),
    "load was cleared, and refused before it sent anything": (
        ended(SIX_DONE, CLEARED_LOAD, RED, planned_at=10.0, journaled_at=[20.0, 30.0]),
        "bad",
        "Not in step: the last try of the step load failed before it sent anything; 6 changes were made in earlier tries. "
        f"{AFTER}",
    ),
    "load was cleared, and failed on its way": (
        ended(SIX_DONE, CLEARED_LOAD, RED, planned_at=10.0, journaled_at=[20.0, 130.0]),
        "bad",
        f"Not in step: the run failed in the step load after 6 changes, those of earlier tries included. {AFTER}",
    ),
    "load failed, and nobody knows what arrived": (
        ended(Report(extracted=9, doubtful=1, not_applied=8), failed_at("load"), RED),
        "bad",
        f"Not in step: the run failed in the step load after 0 changes. {NEXT}",
    ),
    "undone, and marked a success": (
        ended(Report(extracted=6, failed=6)),
        "bad",
        f"Not in step: 6 rows or records are not as the ERP wants them. {NEXT} {REPEATED}",
    ),
    "red a moment before Airflow says so": (
        ended(TOO_MANY, tasks(report="failed"), RUNNING),
        "bad",
        TOO_MANY_LEFT_OUT,
    ),
    "only duplicates": (
        ended(Report(extracted=9, unchanged=9, new_duplicates=1), tasks(report="failed"), RED),
        "bad",
        f"Not in step: {DUPLICATE}",
    ),
    "only vanished": (
        ended(Report(extracted=9, unchanged=8, doubtful=1, vanished=1), tasks(report="failed"), RED),
        "bad",
        "Not in step: 1 record that was there is not listed by Ödüyo any more, and no run makes it anew by itself: if it is "
        'really gone, release ["vanished:1"] for one run; if it shall stay gone, take its row out of the ERP or the query.',
    ),
    "only rows of another source": (
        ended(Report(extracted=9, unchanged=8, rejected=1, new_other_source=1), tasks(report="failed"), RED),
        "bad",
        "Not in step: 1 row meets a record that another source owns, and is not sent: if the record is to be this source's, "
        "release other_source for one run; else take the row out of the query.",
    ),
    "duplicates, and something that the next run sends": (
        ended(Report(extracted=9, unchanged=8, stale=1, new_duplicates=1), tasks(report="failed"), RED),
        "bad",
        f"Not in step: 1 row or record is not as the ERP wants it. {NEXT} {DUPLICATE}",
    ),
    "load failed on its way, and there are duplicates": (
        ended(Report(extracted=9, created=4, not_applied=5, new_duplicates=1), failed_at("load"), RED),
        "bad",
        f"Not in step: the run failed in the step load after 4 changes. {NEXT} {DUPLICATE}",
    ),
    "marked failed": (ended(NOTHING, state=RED), "bad", AFTERWARDS),
    "marked failed, with a row that is newly left out": (
        ended(Report(extracted=1000, unchanged=999, rejected=1), state=RED),
        "bad",
        AFTERWARDS,
    ),
    "killed after its report was written": (ended(NOTHING, tasks(report="failed"), RED), "bad", AFTERWARDS),
    "too many are newly left out in a DAG that Airflow has forgotten": (
        ended(TOO_MANY, [], None),
        "bad",
        TOO_MANY_LEFT_OUT,
    ),
    "of a DAG that Airflow has forgotten": (
        ended(NOTHING, [], None),
        "good",
        "Ödüyo is in step with the ERP: nothing had to change.",
    ),
    "a task of another DAG that left something undone": (
        ended(Report(extracted=3, failed=3), OPERATOR_RED, RUNNING, operator="save"),
        "bad",
        f"Not in step: 3 rows or records are not as the ERP wants them. {NEXT} {REPEATED}",
    ),
    "a task of another DAG that found duplicates": (
        ended(Report(extracted=9, unchanged=9, new_duplicates=1), OPERATOR_RED, RUNNING, operator="save"),
        "bad",
        f"Not in step: {DUPLICATE}",
    ),
    "a task of another DAG that failed after its report": (
        ended(NOTHING, OPERATOR_RED, RED, operator="save"),
        "bad",
        AFTERWARDS,
    ),
    "a task that is good in another DAG that is red": (
        ended(NOTHING, [TaskState("save", -1, "success")], RED, operator="save"),
        "good",
        "Ödüyo is in step with the ERP: nothing had to change.",
    ),
}


@pytest.mark.parametrize("state", STATES)
def test_each_state_of_a_run_has_its_sentence(state: str) -> None:
    facts, tone, text = STATES[state]
    sentence = describe_run(facts)
    assert (sentence.tone, sentence.text) == (tone, text)
    assert sentence.label
    assert ("{at}" in text) == (sentence.at is not None)


def test_no_two_kinds_of_state_share_a_sentence_by_chance() -> None:
    for state, (facts, _, _) in STATES.items():
        text = describe_run(facts).text
        says_in_step, is_busy = text.startswith("Ödüyo is in step"), facts.is_going
        assert not (says_in_step and is_busy), state
        assert not (says_in_step and (facts.failed or facts.report is None or facts.report.is_red)), state


@pytest.mark.parametrize("state", STATES)
def test_each_sentence_and_label_is_turkish_for_a_turkish_reader(state: str) -> None:
    english = describe_run(STATES[state][0])
    with use_language("tr"):
        turkish = describe_run(STATES[state][0])
    assert turkish.text != english.text
    assert turkish.label != english.label
    assert ("{at}" in turkish.text) == ("{at}" in english.text)


@pytest.mark.parametrize(
    ("step", "brakes", "label"),
    [
        ("guard", ("retired",), "stopped by a brake"),
        ("guard", (), "stopped by guard"),  # as the list of runs knows it
        ("extract", (), "stopped by an error"),
    ],
)
def test_a_run_that_was_stopped_says_in_a_word_by_what(step: str, brakes: tuple[str, ...], label: str) -> None:
    assert describe_run(ended(STOPPED, failed_at(step), RED, trips=trips(*brakes))).label == label


@pytest.mark.parametrize(("brakes", "label"), [((), "stopped by an error"), (("retired",), "stopped by a brake")])
def test_an_operator_has_no_guard_that_stops_it(brakes: tuple[str, ...], label: str) -> None:
    facts = ended(STOPPED_BY_BRAKE, OPERATOR_RED, RED, operator="save", trips=trips(*brakes))
    assert describe_run(facts).label == label
