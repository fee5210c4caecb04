"""What is left of a red run, and the next step for each."""

from __future__ import annotations

import pytest

from oduyo_provider.core.report import UNDONE, Report
from oduyo_provider.core.verdict import count_unsent, explain_red, has_rest, list_next_steps

NEXT = "The next run compares everything again and sends only what is missing."
REPEATED = (
    "What fails in every run needs a person: look at its reason; the connection's user may lack the right to change or delete the "
    "record in Ödüyo."
)
AFTER = "If the error asks for something, do that first; the next run compares everything again and sends only what is missing."
AGAIN = "A new run with sync_mode create compares nothing and sends every row once more."


def make(figure: str, count: int = 1, **more: object) -> Report:
    """A report with one figure of those that make a run red."""
    whole = {"vanished": "doubtful"}.get(figure)
    return Report(**{figure: count, **({whole: count} if whole else {}), **more})


@pytest.mark.parametrize("figure", ["doubtful", "stale", "not_applied"])
def test_what_the_next_run_sends_needs_nobody(figure: str) -> None:
    report = make(figure, 3)
    assert (count_unsent(report), has_rest(report), list_next_steps(report)) == (3, True, [NEXT])


@pytest.mark.parametrize("figure", ["failed", "missing_failed"])
def test_what_fails_is_sent_by_the_next_run_and_needs_a_person_if_it_fails_each_time(figure: str) -> None:
    report = make(figure, 3)
    assert (count_unsent(report), has_rest(report), list_next_steps(report)) == (3, True, [NEXT, REPEATED])


@pytest.mark.parametrize(
    ("figure", "step"),
    [
        (
            "vanished",
            'release ["vanished:1"] for one run; if it shall stay gone, take its row out of the ERP or the query.',
        ),
        ("new_duplicates", "decide in the Ödüyo panel which of them to remove; no run removes any."),
        ("new_other_source", "release other_source for one run; else take the row out of the query."),
    ],
)
def test_what_somebody_has_to_decide_is_not_promised_to_the_next_run(figure: str, step: str) -> None:
    report = make(figure)
    (told,) = list_next_steps(report)
    assert told.startswith("1 ")
    assert step in told
    assert (count_unsent(report), has_rest(report), report.is_red) == (0, False, True)


def test_too_many_rejected_rows_are_mended_where_they_come_from() -> None:
    report = Report(extracted=100, rejected=60, faults=["rejected"])
    assert not has_rest(report)
    assert list_next_steps(report) == [
        "Mend the rejected and refused rows where they come from: quarantine.jsonl has the reasons of each."
    ]


def test_refusals_that_are_not_the_rows_fault_are_sent_again_only_when_somebody_asks_for_it() -> None:
    told = [
        list_next_steps(Report(extracted=100, refused=60, known_refused=known, sync_mode=mode, faults=["rejected"]))[1:]
        for known, mode in ((0, "upsert"), (60, "upsert"), (0, "create"))
    ]
    assert [any("one run resend_refused" in step for step in steps) for steps in told] == [True, False, False]


def test_a_step_that_failed_is_made_up_for_by_the_next_run_also_where_no_figure_says_so() -> None:
    assert list_next_steps(Report(faults=["reading"])) == [AFTER]


def test_a_run_that_compares_nothing_is_gone_on_with_and_not_started_anew() -> None:
    clear, *_ = list_next_steps(make("failed", sync_mode="create"))
    assert clear == f"Clear the first red task to send the rest: a{AGAIN[1:]}"
    *_, last = list_next_steps(make("new_duplicates", sync_mode="create"))
    assert last == AGAIN


@pytest.mark.parametrize("figure", ["created", "refused", "failed", "doubtful"])
def test_a_run_that_compares_nothing_and_sent_nothing_is_started_anew(figure: str) -> None:
    stopped = make("not_applied", sync_mode="create", faults=["stopped"])
    (told,) = list_next_steps(stopped)
    assert (
        told
        == "If the error asks for something, do that first, then start a new run: with sync_mode create it sends every row."
    )
    assert explain_red(stopped, "", is_one_task=False).startswith(
        "Nothing was sent: the plan was stopped before any write;"
    )
    clear, *_ = list_next_steps(make(figure, sync_mode="create", not_applied=1, faults=["applying"]))
    assert clear.startswith("Clear the first red task")


def test_a_dry_run_leaves_nothing_to_be_sent() -> None:
    report = make("vanished", dry_run=True)
    assert (count_unsent(report), list_next_steps(report), report.is_red) == (0, [], False)


@pytest.mark.parametrize(
    ("report", "begins"),
    [
        (make("new_duplicates"), "The run is not in step: 1 new duplicate. 1 new record carries"),
        (make("new_duplicates", 2), "The run is not in step: 2 new duplicates. 2 new records carry"),
        (make("failed", 1_200, faults=["applying"]), "The run is not in step: applying did not come to its end; 1,200 failed."),
        (Report(rejected=2, faults=["rejected"]), "The run is not in step: 2 rows newly rejected or refused. Mend the"),
        (Report(created=2, dry_run=True, faults=["first_write"]), "The run is not in step: not opened. Guard's log"),
        (Report(created=2, dry_run=True, faults=["first_write"], sync_mode="create"), "Nothing was sent: not opened. Guard's log"),
        (make("doubtful", sync_mode="create"), "Not all rows were sent: 1 doubtful. Clear the first red task"),
        (make("new_duplicates", sync_mode="create"), "All valid rows were sent, but the run is red: 1 new duplicate."),
    ],
)  # fmt: skip
def test_the_log_says_what_is_left_then_what_comes_next(report: Report, begins: str) -> None:
    assert explain_red(report, "not opened", is_one_task=False).startswith(begins)


def test_the_log_names_where_more_stands() -> None:
    def say(report: Report, *, is_one_task: bool = False) -> str:
        return explain_red(report, "", is_one_task=is_one_task).removesuffix(" What was done is done.")

    assert say(make("not_applied", faults=["applying"])).endswith("The log of the first red task says why.")
    assert say(make("stale")).endswith("Guard's log and load's hold samples.")
    assert say(make("stale"), is_one_task=True).endswith("Samples stand further up in this log.")


def test_each_figure_that_makes_a_run_red_has_a_clause() -> None:
    report = Report(**dict.fromkeys(UNDONE, 2))
    first, *_ = explain_red(report, "", is_one_task=False).split(". ")
    assert first.count(";") == len(UNDONE) - 1
    assert "_" not in first
