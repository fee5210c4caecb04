"""A run's state in a sentence."""

from __future__ import annotations

from pathlib import Path

from oduyo_provider.core.report import Report
from oduyo_provider.page.airflow_db import RunState, TaskState
from oduyo_provider.page.run_cache import RunCache
from oduyo_provider.page.wording import (
    compute_duration_s,
    describe_progress,
    describe_report,
    describe_unreported,
    is_going,
)
from oduyo_provider.sync.staging.layout import MANIFEST
from tests.unit.page.staged import StagingWriter

DONE = RunState("r", "success", None)
RED = RunState("r", "failed", None)


def tell(made: Report, state: RunState | None = DONE, *tasks: TaskState) -> tuple[str, str]:
    sentence = describe_report(made, state, list(tasks))
    return sentence.tone, sentence.text


def test_a_run_that_changed_nothing_is_in_step() -> None:
    assert tell(Report(extracted=3500, unchanged=3500)) == (
        "good",
        "Ödüyo is in step with the ERP: nothing had to change among 3,500 ERP rows.",
    )


def test_changes_are_listed() -> None:
    tone, text = tell(Report(extracted=9, created=2, updated=7, deactivated=1))
    assert (tone, text) == ("good", "Ödüyo is in step with the ERP: 2 created, 7 updated and 1 deactivated.")


def test_rejected_and_refused_rows_are_said_and_warned_of() -> None:
    tone, text = tell(Report(extracted=5, rejected=3, refused=2))
    assert tone == "warn"
    assert "3 broke a rule and were not sent and 2 were refused by Ödüyo" in text


def test_what_is_left_undone_makes_it_not_in_step() -> None:
    tone, text = tell(Report(extracted=6, created=1, failed=3, doubtful=2), RED)
    assert tone == "bad"
    assert text.startswith("Not in step: 3 failed and 2 doubtful. What was done is done (1 created).")


def test_a_run_that_a_brake_stopped_names_its_red_task() -> None:
    tone, text = tell(Report(extracted=6, not_applied=6), RED, TaskState("guard", -1, "failed"))
    assert (tone, text) == (
        "bad",
        "Nothing was written: the run stopped in the task guard, whose log says why and what to do.",
    )
    assert "the log of its first red task" in tell(Report(extracted=6, not_applied=6), RED)[1]


def test_rows_that_were_left_out_before_are_amber_and_in_a_red_run_bad() -> None:
    known = Report(extracted=6, unchanged=1, rejected=3, known_rejected=3, refused=2, known_refused=2)
    assert tell(known)[0] == "warn"
    new = Report(extracted=100, created=40, rejected=60)
    assert (tell(new)[0], tell(new, RED)[0]) == ("warn", "bad")


def test_a_red_run_that_sent_nothing_as_its_first_write_waits_for_a_person_says_that_it_is_red() -> None:
    tone, text = tell(Report(extracted=6, created=6, dry_run=True), RED)
    assert tone == "bad"
    assert text.startswith("Nothing was sent, this is the plan only: 6 created. The run is red")


def test_a_dry_run_says_that_nothing_was_sent() -> None:
    tone, text = tell(Report(extracted=6, created=6, dry_run=True))
    assert (tone, text) == ("plain", "Nothing was sent, this is the plan only: 6 created.")


def test_a_run_without_a_report_says_so() -> None:
    assert describe_unreported(RED).text.startswith("The run failed before it could add up.")
    assert describe_unreported(None).text.startswith("The run ended before it could add up.")


def test_durations_need_both_times() -> None:
    assert compute_duration_s("2025-01-01T10:00:00+00:00", "2025-01-01T10:01:30+00:00") == 90
    assert compute_duration_s("", "2025-01-01T10:01:30+00:00") is None


def test_progress_is_told_step_by_step(tmp_path: Path) -> None:
    writer = StagingWriter(tmp_path)
    folder = writer.root.child("dag", "r")

    def say(*tasks: TaskState) -> str:
        run = writer.find("r")
        return describe_progress(run, RunCache().open(run, is_going=True), list(tasks)).text

    folder.child("existing", "try1-a").write("all.jsonl", b"")
    assert say() == "Ödüyo's records are being listed."
    folder.child("existing", "try1-a").write(MANIFEST, b"{}")
    assert say() == "The ERP's rows are being read."
    folder.child("desired", "try1-a").write(MANIFEST, b"{}")
    assert say() == "The two sides are being compared."
    plan = writer.plan("r", ["1", "2", "3"])
    assert say() == "The plan is made: 3 changes. They are checked, then sent."
    assert say(TaskState("approve", -1, "deferred")) == (
        "A brake tripped: 3 changes wait for a person in the task approve."
    )
    writer.settle("r", plan, ["1"])
    assert say() == "1 of 3 changes are settled."
    writer.settle("r", plan, ["2", "3"])
    assert say() == "All 3 changes are settled; they are read back and added up."


def test_a_plan_without_changes_is_only_added_up(tmp_path: Path) -> None:
    writer = StagingWriter(tmp_path)
    writer.plan("r", [])
    writer.root.child("dag", "r", "desired", "try1-a").write(MANIFEST, b"{}")
    run = writer.find("r")
    told = describe_progress(run, RunCache().open(run, is_going=True), [])
    assert told.text == "The plan is made; the run is being added up."


def test_a_run_goes_on_while_airflow_says_so_and_no_report_ends_it(tmp_path: Path) -> None:
    writer = StagingWriter(tmp_path)
    writer.plan("r", ["1"])
    running = RunState("r", "running", None)
    assert is_going(writer.find("r"), running)
    assert not is_going(writer.find("r"), RED)
    assert not is_going(writer.find("r"), None)
    writer.report("r", Report(extracted=1, created=1))
    assert not is_going(writer.find("r"), running)
