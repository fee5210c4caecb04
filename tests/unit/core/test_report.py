"""A report's figures add up, whatever became of the changes, and say whether the run is in step."""

from __future__ import annotations

from collections import Counter
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oduyo_provider.core.change import Action, Outcome
from oduyo_provider.core.params import RunParams
from oduyo_provider.core.plan import PlanCounts
from oduyo_provider.core.report import (
    MAX_REASONS,
    SHARES,
    SUMS,
    UNDONE,
    WRITES,
    Outcomes,
    Report,
    compute_figure,
    compute_report,
)

CREATE, UPDATE, DEACTIVATE, DELETE = Action
COUNTS = PlanCounts(
    extracted=30,
    repeated=1,
    rejected=4,
    known_rejected=3,
    unchanged=3,
    known_refused=5,
    vanished=2,
    creates=8,
    updates=7,
    adoptions=2,
    missing=9,
    kept_missing=1,
    missing_refused=3,
    deactivates=3,
    deletes=2,
    out_of_scope=11,
    remote_duplicates=4,
    new_duplicates=1,
    other_source=2,
    new_other_source=1,
    reasons={"code: empty": 2},
)
PLANNED = {CREATE: 8, UPDATE: 7, DEACTIVATE: 3, DELETE: 2}


def count(changes: dict[tuple[Action, Outcome, str], int], **figures: int) -> Outcomes:
    return Outcomes(Counter(changes), **figures)


def all_of(outcome: Outcome) -> Outcomes:
    """What a plan's changes come to when all of them end alike."""
    return count({(action, outcome, ""): number for action, number in PLANNED.items()})


NOTHING_DONE = all_of(Outcome.NOT_APPLIED)


@pytest.mark.parametrize(
    ("action", "outcome", "figure"),
    [
        (CREATE, Outcome.DONE, "created"),
        (UPDATE, Outcome.DONE, "updated"),
        (DEACTIVATE, Outcome.DONE, "deactivated"),
        (DELETE, Outcome.DONE, "deleted"),
        *((action, outcome, outcome.value) for action, outcome in product((CREATE, UPDATE), list(Outcome)[1:])),
        *((action, Outcome.REFUSED, "missing_refused") for action in (DEACTIVATE, DELETE)),
        *((action, Outcome.FAILED, "missing_failed") for action in (DEACTIVATE, DELETE)),
        *((action, Outcome.DOUBTFUL, "missing_failed") for action in (DEACTIVATE, DELETE)),
        *((action, Outcome.STALE, "kept_missing") for action in (DEACTIVATE, DELETE)),
        *((action, Outcome.NOT_APPLIED, "kept_missing") for action in (DEACTIVATE, DELETE)),
    ],
)
def test_an_outcome_is_counted_by_its_figure(action: Action, outcome: Outcome, figure: str) -> None:
    assert compute_figure(action, outcome) == figure
    assert figure in SUMS["extracted" if action in (CREATE, UPDATE) else "missing"]


def test_a_run_is_added_up_from_plan_and_outcomes() -> None:
    changes = {
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
        (DELETE, Outcome.DONE, "ignored"): 1,
        (DELETE, Outcome.FAILED, "dns"): 1,
    }
    outcomes = count(changes, adopted=1, known_refused=1, altered=9, new_duplicates=6)
    times = {"started_at": "2024-01-01T00:00:00+00:00", "ended_at": "2024-01-01T00:00:09+00:00"}
    assert compute_report(COUNTS, outcomes, extracted=35, dry_run=False, **times) == Report(
        extracted=35,
        repeated=1,
        rejected=4,
        unchanged=3,
        created=3,
        updated=4,
        refused=7,
        failed=1,
        doubtful=4,
        stale=2,
        not_applied=6,
        missing=9,
        kept_missing=2,
        deactivated=1,
        deleted=1,
        missing_refused=4,
        missing_failed=1,
        adopted=1,
        known_refused=6,
        known_rejected=3,
        vanished=2,
        remote_duplicates=10,
        new_duplicates=7,
        altered=9,
        out_of_scope=11,
        new_other_source=1,
        reasons={
            "refused: refused before, and not sent again in this run": 8,
            "code: empty": 2,
            "doubtful: lost": 2,
            "doubtful: vanished": 2,
            "failed: dns": 2,
            "refused: no": 2,
            "stale: record is gone": 2,
            "refused: too long": 1,
        },
        **times,
    )


@given(st.lists(st.sampled_from(list(Outcome)), min_size=20, max_size=20), st.booleans(), st.integers(0, 40))
def test_a_report_adds_up_whatever_became_of_each_change(ends: list[Outcome], dry_run: bool, extracted: int) -> None:
    actions = [action for action, number in PLANNED.items() for _ in range(number)]
    changes = Counter((action, outcome, "why") for action, outcome in zip(actions, ends, strict=True))
    report = compute_report(COUNTS, Outcomes(changes), extracted=extracted, dry_run=dry_run)
    for whole, parts in SUMS.items():
        assert getattr(report, whole) == sum(getattr(report, part) for part in parts)
    assert report.extracted == max(extracted, 30)
    assert report.writes == (20 if dry_run else ends.count(Outcome.DONE))


def test_a_dry_run_counts_what_is_planned_and_leaves_nothing_undone() -> None:
    report = compute_report(COUNTS, NOTHING_DONE, extracted=30, dry_run=True)
    assert (report.created, report.updated, report.deactivated, report.deleted) == (8, 7, 3, 2)
    assert (report.not_applied, report.kept_missing, report.adopted, report.dry_run) == (0, 1, 2, True)
    assert (report.doubtful, report.undone) == (2, {})


def test_a_run_that_was_stopped_before_any_write_applied_nothing() -> None:
    report = compute_report(COUNTS, NOTHING_DONE, extracted=30, dry_run=False)
    assert (report.writes, report.not_applied, report.kept_missing, report.adopted) == (0, 15, 6, 0)


def test_rows_of_a_partition_that_was_not_compared_are_not_applied() -> None:
    report = compute_report(PlanCounts(), Outcomes(), extracted=12, dry_run=False)
    assert (report.extracted, report.not_applied) == (12, 12)


def test_rows_that_only_the_plans_know_of_are_counted_too() -> None:
    report = compute_report(COUNTS, NOTHING_DONE, extracted=0, dry_run=True)
    assert (report.extracted, report.not_applied) == (30, 0)


def test_a_report_of_fewer_changes_than_planned_is_an_error() -> None:
    with pytest.raises(ArithmeticError, match=r"extracted 30 is not repeated 1 \+ rejected 4 \+ .* created 8"):
        compute_report(COUNTS, count({(CREATE, Outcome.DONE, ""): 8}), extracted=30, dry_run=False)


@pytest.mark.parametrize(("whole", "part"), [(whole, part) for whole, parts in SUMS.items() for part in parts])
def test_every_part_belongs_to_its_sum(whole: str, part: str) -> None:
    Report(**{whole: 1, part: 1}).check()
    with pytest.raises(ArithmeticError, match=f"{whole} 0 is not .*{part} 1"):
        Report(**{part: 1}).check()


def test_a_figure_below_zero_is_an_error_although_the_sum_is_right() -> None:
    with pytest.raises(ArithmeticError, match="less than nothing: not_applied"):
        Report(extracted=1, unchanged=2, not_applied=-1).check()


def test_the_shares_are_those_of_the_contract() -> None:
    assert SHARES == {
        "adopted": "updated",
        "known_refused": "refused",
        "known_rejected": "rejected",
        "vanished": "doubtful",
    }


@pytest.mark.parametrize(("share", "whole"), SHARES.items())
def test_a_share_is_never_larger_than_its_whole(share: str, whole: str) -> None:
    Report(**{"extracted": 1, whole: 1, share: 1}).check()
    with pytest.raises(ArithmeticError, match=f"{share} is a share of {whole}"):
        Report(**{"extracted": 1, whole: 1, share: 2}).check()


def test_the_report_has_the_figures_that_are_promised_in_their_order() -> None:
    assert Report.__struct_fields__ == (
        *("extracted", "repeated", "rejected", "unchanged", "created", "updated", "refused", "failed", "doubtful"),
        *("stale", "not_applied"),
        *("missing", "kept_missing", "deactivated", "deleted", "missing_refused", "missing_failed"),
        *("adopted", "known_refused", "known_rejected", "vanished"),
        *("remote_duplicates", "new_duplicates", "altered", "out_of_scope", "new_other_source"),
        *("dry_run", "sync_mode", "faults", "reasons", "started_at", "ended_at"),
    )


RED = ("failed", "doubtful", "stale", "not_applied", "missing_failed", "new_duplicates", "new_other_source")


@pytest.mark.parametrize("figure", RED)
def test_a_run_with_such_a_figure_is_not_in_step(figure: str) -> None:
    assert Report(**{figure: 3}).undone == {figure: 3}
    assert Report(**{figure: 3}, dry_run=True).undone == {}


def test_no_other_figure_leaves_anything_undone() -> None:
    others = set(Report.__struct_fields__) - {
        *RED,
        "dry_run",
        "sync_mode",
        "faults",
        "reasons",
        "started_at",
        "ended_at",
    }
    assert Report(**dict.fromkeys(others, 5)).undone == {}
    assert set(UNDONE) == set(RED)


def test_writes_are_the_changes_made() -> None:
    assert WRITES == ("created", "updated", "deactivated", "deleted")
    assert Report(created=1, updated=2, deactivated=4, deleted=8, adopted=2, refused=16).writes == 15


def limits(percent: int, **release: int | None) -> RunParams:
    return RunParams(max_rejected_percent=percent, release=release)


@pytest.mark.parametrize(
    ("figures", "percent", "are_too_many"),
    [
        ({"rejected": 10}, 5, False),
        ({"rejected": 11}, 5, True),
        ({"rejected": 6, "refused": 5}, 5, True),
        ({"rejected": 30, "known_rejected": 20}, 5, False),
        ({"rejected": 30, "known_rejected": 19}, 5, True),
        ({"refused": 30, "known_refused": 20}, 5, False),
        ({"refused": 30, "known_refused": 19}, 5, True),
        ({"refused": 11}, 11, False),
        ({"refused": 12}, 11, True),
        ({"refused": 1}, 0, True),
        ({"refused": 90, "known_refused": 90}, 0, False),
        ({"refused": 50}, 100, False),
        ({"refused": 51}, 100, True),
        ({"extracted": 10, "refused": 5}, 20, False),
        ({"extracted": 10, "refused": 6}, 20, True),
        ({"extracted": 10, "refused": 6, "known_refused": 6}, 20, False),
        ({"extracted": 3, "refused": 3}, 20, False),
    ],
)
def test_new_rejected_and_new_refused_rows_together_are_too_many_by_their_percentage_or_above_half(
    figures: dict[str, int], percent: int, are_too_many: bool
) -> None:
    assert Report(**{"extracted": 100, **figures}).has_too_many_rejected(limits(percent)) is are_too_many


def test_a_person_can_release_too_many_rejected_rows_up_to_a_count() -> None:
    report = Report(extracted=100, rejected=8, refused=12)
    assert report.new_rejected == 20
    assert report.has_too_many_rejected(limits(5, rejected=19))
    assert not report.has_too_many_rejected(limits(5, rejected=20))
    assert not report.has_too_many_rejected(limits(5, rejected=None))
    assert report.has_too_many_rejected(limits(5, updates=None))


@pytest.mark.parametrize(("refused", "are_too_many"), [(1, False), (10, False), (11, True)])
def test_rows_that_were_released_as_guard_counted_them_do_not_count_with_those_refused_since(
    refused: int, are_too_many: bool
) -> None:
    report = Report(extracted=100, rejected=15, known_rejected=3, refused=refused + 2, known_refused=2)
    assert report.has_too_many_rejected(limits(5, rejected=12)) is are_too_many
    assert report.has_too_many_rejected(limits(5, rejected=11))


def test_what_a_person_approved_is_red_only_for_the_rows_that_were_refused_since() -> None:
    report = Report(extracted=100, rejected=80, refused=20, known_refused=9)
    assert report.has_too_many_rejected(limits(10), is_approved=True)
    assert not report.has_too_many_rejected(limits(11), is_approved=True)
    assert not report.has_too_many_rejected(limits(10, rejected=11), is_approved=True)
    assert report.has_too_many_rejected(limits(11))


def test_rare_reasons_are_added_up_under_one_name() -> None:
    reasons = {f"r{number:03}": 200 - number for number in range(MAX_REASONS + 3)}
    listed = compute_report(PlanCounts(reasons=reasons), Outcomes(), extracted=0, dry_run=False).reasons
    assert list(listed) == [*list(reasons)[:MAX_REASONS], "other reasons"]
    assert sum(listed.values()) == sum(reasons.values())


def test_as_many_reasons_as_fit_are_all_named() -> None:
    reasons = {f"r{number}": 1 for number in range(MAX_REASONS)}
    assert compute_report(PlanCounts(reasons=reasons), Outcomes(), extracted=0, dry_run=False).reasons == reasons


def test_counts_are_the_whole_numbers_and_nothing_else() -> None:
    counts = Report(extracted=3, created=3, dry_run=True, reasons={"failed": 1}, started_at="x").counts
    assert {name: count for name, count in counts.items() if count} == {"extracted": 3, "created": 3}
    assert not {"dry_run", "sync_mode", "reasons", "started_at", "ended_at"} & set(counts)
