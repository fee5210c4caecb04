"""A report's figures add up, whatever became of the changes."""

from __future__ import annotations

import pytest

from oduyo_provider.core.change import Action, Outcome
from oduyo_provider.core.plan import PlanCounts
from oduyo_provider.core.report import MAX_REASONS, SUMS, Report, compute_figure, compute_report

CREATE, UPDATE, DEACTIVATE, DELETE = Action
COUNTS = PlanCounts(
    extracted=20,
    rejected=2,
    unchanged=3,
    creates=8,
    updates=7,
    missing=6,
    kept_missing=1,
    deactivates=3,
    deletes=2,
    remote_duplicates=4,
    reasons={"code: empty": 2},
)
PLANNED = {
    (CREATE, Outcome.NOT_APPLIED, ""): 8,
    (UPDATE, Outcome.NOT_APPLIED, ""): 7,
    (DEACTIVATE, Outcome.NOT_APPLIED, ""): 3,
    (DELETE, Outcome.NOT_APPLIED, ""): 2,
}


@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize("outcome", Outcome)
def test_every_outcome_of_every_action_is_counted_by_one_figure(action: Action, outcome: Outcome) -> None:
    figure = compute_figure(action, outcome)
    assert figure in SUMS["extracted" if action in (CREATE, UPDATE) else "missing"]


@pytest.mark.parametrize(
    ("action", "outcome", "figure"),
    [
        (CREATE, Outcome.DONE, "created"),
        (UPDATE, Outcome.DONE, "updated"),
        (DEACTIVATE, Outcome.DONE, "deactivated"),
        (DELETE, Outcome.DONE, "deleted"),
        (CREATE, Outcome.REFUSED, "refused"),
        (UPDATE, Outcome.FAILED, "failed"),
        (CREATE, Outcome.DOUBTFUL, "doubtful"),
        (UPDATE, Outcome.STALE, "stale"),
        (CREATE, Outcome.NOT_APPLIED, "not_applied"),
        (DELETE, Outcome.REFUSED, "missing_failed"),
        (DEACTIVATE, Outcome.DOUBTFUL, "missing_failed"),
        (DELETE, Outcome.NOT_APPLIED, "kept_missing"),
    ],
)
def test_an_outcome_is_counted_by_its_figure(action: Action, outcome: Outcome, figure: str) -> None:
    assert compute_figure(action, outcome) == figure


def test_a_run_is_added_up_from_plan_and_outcomes() -> None:
    outcomes = {
        (CREATE, Outcome.DONE, ""): 3,
        (CREATE, Outcome.REFUSED, "too long"): 1,
        (CREATE, Outcome.REFUSED, "no"): 1,
        (CREATE, Outcome.DOUBTFUL, "lost"): 2,
        (CREATE, Outcome.FAILED, "dns"): 1,
        (UPDATE, Outcome.DONE, ""): 4,
        (UPDATE, Outcome.STALE, "record is gone"): 2,
        (UPDATE, Outcome.NOT_APPLIED, ""): 1,
        (DEACTIVATE, Outcome.DONE, ""): 1,
        (DEACTIVATE, Outcome.REFUSED, "no"): 1,
        (DEACTIVATE, Outcome.NOT_APPLIED, ""): 1,
        (DELETE, Outcome.DONE, "ignored"): 2,
    }
    assert compute_report(
        COUNTS,
        outcomes,
        extracted=25,
        dry_run=False,
        altered=9,
        remote_duplicates=2,
        started_at="2024-01-01T00:00:00+00:00",
        ended_at="2024-01-01T00:00:09+00:00",
    ) == Report(
        extracted=25,
        rejected=2,
        unchanged=3,
        created=3,
        updated=4,
        refused=2,
        failed=1,
        doubtful=2,
        stale=2,
        not_applied=6,
        missing=6,
        kept_missing=2,
        deactivated=1,
        deleted=2,
        missing_failed=1,
        remote_duplicates=6,
        altered=9,
        reasons={
            "code: empty": 2,
            "doubtful: lost": 2,
            "refused: no": 2,
            "stale: record is gone": 2,
            "failed: dns": 1,
            "refused: too long": 1,
        },
        started_at="2024-01-01T00:00:00+00:00",
        ended_at="2024-01-01T00:00:09+00:00",
    )


def test_a_dry_run_counts_what_is_planned() -> None:
    report = compute_report(COUNTS, PLANNED, extracted=20, dry_run=True)
    assert (report.created, report.updated, report.deactivated, report.deleted) == (8, 7, 3, 2)
    assert (report.not_applied, report.kept_missing, report.dry_run) == (0, 1, True)
    assert report.writes == 20


def test_a_run_that_was_stopped_before_any_write_applied_nothing() -> None:
    report = compute_report(COUNTS, PLANNED, extracted=20, dry_run=False)
    assert (report.writes, report.not_applied, report.kept_missing) == (0, 15, 6)


def test_rows_of_a_partition_that_was_not_compared_are_not_applied() -> None:
    report = compute_report(PlanCounts(), {}, extracted=12, dry_run=False)
    assert (report.extracted, report.not_applied) == (12, 12)


def test_rows_that_only_the_plans_know_of_are_counted_too() -> None:
    report = compute_report(COUNTS, PLANNED, extracted=0, dry_run=True)
    assert (report.extracted, report.not_applied) == (20, 0)


def test_a_report_of_fewer_changes_than_planned_is_an_error() -> None:
    with pytest.raises(ArithmeticError, match=r"extracted 20 is not rejected 2 \+ unchanged 3 \+ created 8"):
        compute_report(COUNTS, {(CREATE, Outcome.DONE, ""): 8}, extracted=20, dry_run=False)


@pytest.mark.parametrize(("whole", "part"), [(whole, part) for whole, parts in SUMS.items() for part in parts])
def test_every_part_belongs_to_its_sum(whole: str, part: str) -> None:
    Report(**{whole: 1, part: 1}).check()
    with pytest.raises(ArithmeticError, match=f"{whole} 0 is not .*{part} 1"):
        Report(**{part: 1}).check()


def test_a_figure_below_zero_is_an_error_although_the_sum_is_right() -> None:
    with pytest.raises(ArithmeticError, match="less than nothing: not_applied"):
        Report(extracted=1, unchanged=2, not_applied=-1).check()


def test_the_report_has_the_figures_that_are_promised_in_their_order() -> None:
    assert Report.__struct_fields__ == (
        *("extracted", "rejected", "unchanged", "created", "updated", "refused", "failed", "doubtful", "stale"),
        *("not_applied", "missing", "kept_missing", "deactivated", "deleted", "missing_failed"),
        *("remote_duplicates", "altered", "dry_run", "reasons", "started_at", "ended_at"),
    )


@pytest.mark.parametrize("figure", ["failed", "doubtful", "stale", "not_applied", "missing_failed"])
def test_a_run_that_left_something_undone_is_not_complete(figure: str) -> None:
    assert not Report(**{figure: 1}).is_complete


def test_a_run_with_rejected_and_refused_rows_is_complete() -> None:
    assert Report(extracted=3, rejected=1, refused=1, created=1, missing=1, kept_missing=1).is_complete


def test_rare_reasons_are_added_up_under_one_name() -> None:
    reasons = {f"r{number:03}": 200 - number for number in range(MAX_REASONS + 3)}
    listed = compute_report(PlanCounts(reasons=reasons), {}, extracted=0, dry_run=False).reasons
    assert list(listed) == [*list(reasons)[:MAX_REASONS], "other reasons"]
    assert sum(listed.values()) == sum(reasons.values())


def test_as_many_reasons_as_fit_are_all_named() -> None:
    reasons = {f"r{number}": 1 for number in range(MAX_REASONS)}
    assert compute_report(PlanCounts(reasons=reasons), {}, extracted=0, dry_run=False).reasons == reasons
