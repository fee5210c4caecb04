"""What holds for every plan, whatever the two sides hold."""

from __future__ import annotations

from functools import reduce
from operator import add
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oduyo_provider.core.change import Action, Change, Outcome
from oduyo_provider.core.drift import Standing, compute_standing
from oduyo_provider.core.normalise import Normaliser
from oduyo_provider.core.partition import compute_bucket
from oduyo_provider.core.plan import OnMissing, Plan, PlanCounts, SyncMode
from oduyo_provider.core.record import SPECIAL_CODE, Remote
from oduyo_provider.core.report import compute_report
from tests.unit.core.sides import (
    Row,
    apply_changes,
    compute_scope,
    normalisers,
    plan_of,
    reasons_of,
    rows,
    rules,
    sites,
)

pytestmark = pytest.mark.slow

thorough = settings(max_examples=100, deadline=None)
DATES = {"special_created_in", "special_updated_in", "created_in", "updated_in"}


def plan_all(rows: list[Row], site: dict[str, Remote], normaliser: Normaliser, rules: dict[str, Any]) -> Plan:
    return plan_of(rows, site.values(), normaliser=normaliser, scope=compute_scope(rows, normaliser), **rules)


def sorted_rejected(plan: Plan) -> list[str]:
    return sorted(repr(rejected) for rejected in plan.rejected)


@thorough
@given(rows=rows, site=sites, normaliser=normalisers, rules=rules)
def test_the_figures_of_a_plan_add_up(
    rows: list[Row], site: dict[str, Remote], normaliser: Normaliser, rules: dict[str, Any]
) -> None:
    plan = plan_all(rows, site, normaliser, rules)
    counts = plan.counts
    assert counts.extracted == len(rows) == counts.rejected + counts.unchanged + counts.creates + counts.updates
    assert counts.missing == counts.kept_missing + counts.deactivates + counts.deletes
    assert counts.missing <= counts.existing_in_scope <= counts.existing == len(site)
    assert counts.changes == len(plan.changes)
    assert counts.rejected == len(plan.rejected)
    assert counts.unreadable_ids <= counts.rejected
    assert sum(counts.reasons.values()) == sum(len(codes) for codes in reasons_of(plan))
    for action, figure in zip(Action, ("creates", "updates", "deactivates", "deletes"), strict=True):
        assert getattr(counts, figure) == sum(change.action is action for change in plan.changes)


@thorough
@given(rows=rows, site=sites, normaliser=normalisers, rules=rules, data=st.data())
def test_the_order_of_the_records_changes_nothing(
    rows: list[Row], site: dict[str, Remote], normaliser: Normaliser, rules: dict[str, Any], data: st.DataObject
) -> None:
    shuffled = {key: site[key] for key in data.draw(st.permutations(sorted(site)))}
    assert plan_all(rows, shuffled, normaliser, rules) == plan_all(rows, site, normaliser, rules)


@thorough
@given(rows=rows, site=sites, normaliser=normalisers, rules=rules, data=st.data())
def test_the_order_of_rows_with_distinct_ids_changes_nothing_but_the_order_of_rejected_rows(
    rows: list[Row], site: dict[str, Remote], normaliser: Normaliser, rules: dict[str, Any], data: st.DataObject
) -> None:
    distinct = {normaliser.integration_id(row["integration_id"]): row for row in rows}
    one, other = (
        plan_all(data.draw(st.permutations(list(distinct.values()))), site, normaliser, rules) for _ in range(2)
    )
    assert one.changes == other.changes
    assert msgspec.json.encode(one.counts) == msgspec.json.encode(other.counts)
    assert sorted_rejected(one) == sorted_rejected(other)


@pytest.mark.parametrize("buckets", [1, 7, 64])
@settings(max_examples=100, deadline=None)
@given(rows=rows, site=sites, normaliser=normalisers, rules=rules)
def test_the_partitions_together_are_the_plan_of_one_partition(
    buckets: int, rows: list[Row], site: dict[str, Remote], normaliser: Normaliser, rules: dict[str, Any]
) -> None:
    def is_in(bucket: int, values: dict[str, Any]) -> bool:
        return compute_bucket(normaliser.integration_id(values.get("integration_id")), buckets) == bucket

    scope = compute_scope(rows, normaliser)
    parts = [
        plan_of(
            [row for row in rows if is_in(bucket, row)],
            [record for record in site.values() if is_in(bucket, record)],
            normaliser=normaliser,
            scope=scope,
            **rules,
        )
        for bucket in range(buckets)
    ]
    whole = plan_all(rows, site, normaliser, rules)
    merged = sorted((change for part in parts for change in part.changes), key=lambda change: change.sort_key)
    assert merged == whole.changes
    total = reduce(add, (part.counts for part in parts), PlanCounts())
    assert msgspec.json.encode(total) == msgspec.json.encode(whole.counts)
    assert sorted(line for part in parts for line in sorted_rejected(part)) == sorted_rejected(whole)


@thorough
@given(rows=rows, site=sites, normaliser=normalisers, on_missing=st.sampled_from(OnMissing), allow_unsafe=st.booleans())
def test_a_plan_that_was_applied_leaves_nothing_to_change(
    rows: list[Row], site: dict[str, Remote], normaliser: Normaliser, on_missing: OnMissing, allow_unsafe: bool
) -> None:
    rules = {"on_missing": on_missing, "allow_unsafe": allow_unsafe}
    first = plan_all(rows, site, normaliser, rules)
    after = apply_changes(site, first.changes)
    again = plan_all(rows, after, normaliser, rules)
    assert again.changes == []
    assert again.counts.unchanged == first.counts.unchanged + first.counts.creates + first.counts.updates
    assert reasons_of(again) == reasons_of(first)


@thorough
@given(rows=rows, site=sites, normaliser=normalisers, rules=rules)
def test_a_change_stands_as_based_before_it_is_applied_and_as_wanted_after(
    rows: list[Row], site: dict[str, Remote], normaliser: Normaliser, rules: dict[str, Any]
) -> None:
    for change in plan_all(rows, site, normaliser, rules).changes:
        before = None if change.oduyo_id is None else site[change.oduyo_id]
        assert compute_standing(change, before, normaliser) is Standing.AS_BASED
        after = apply_changes(site, [change])
        oduyo_id = change.oduyo_id or next(iter(after.keys() - site.keys()))
        assert compute_standing(change, after.get(oduyo_id), normaliser) is Standing.AS_WANTED


@thorough
@given(rows=rows, site=sites, normaliser=normalisers, rules=rules)
def test_the_keys_of_one_plan_are_unique_and_in_order(
    rows: list[Row], site: dict[str, Remote], normaliser: Normaliser, rules: dict[str, Any]
) -> None:
    changes = plan_all(rows, site, normaliser, rules).changes
    assert len({change.key for change in changes}) == len(changes)
    places = [change.sort_key for change in changes]
    assert places == sorted(set(places))


@thorough
@given(rows=rows, site=sites, normaliser=normalisers, rules=rules)
def test_a_plan_and_its_changes_survive_json(
    rows: list[Row], site: dict[str, Remote], normaliser: Normaliser, rules: dict[str, Any]
) -> None:
    plan = plan_all(rows, site, normaliser, rules)
    for change in plan.changes:
        if "\ud800" not in str(change.base.values()) and change.base.get("key1") != "\ud800":
            assert msgspec.json.decode(msgspec.json.encode(change), type=Change) == change
    assert msgspec.json.decode(msgspec.json.encode(plan.counts), type=PlanCounts) == plan.counts


@thorough
@given(rows=rows, site=sites, normaliser=normalisers, rules=rules)
def test_a_body_carries_the_whole_record_and_never_null_or_a_zero_date(
    rows: list[Row], site: dict[str, Remote], normaliser: Normaliser, rules: dict[str, Any]
) -> None:
    for change in plan_all(rows, site, normaliser, rules).changes:
        body = change.body()
        assert all(isinstance(value, str) for value in body.values())
        for name in DATES & body.keys():
            assert body[name][:4] in {"2024", "1899"}  # 1899 is a date to Ödüyo, which listed it
        if change.action in (Action.UPDATE, Action.DEACTIVATE):
            kept = {
                name: value
                for name, value in site[str(change.oduyo_id)].items()
                if value is not None
                and name not in DATES
                and name not in change.payload
                and (name, value) != ("note", "")
            }
            assert body == {**body, **kept, **change.payload}
            assert body.keys() <= {"id", "note", *SPECIAL_CODE.field_names}


@thorough
@given(rows=rows, site=sites, normaliser=normalisers, rules=rules, outcome=st.sampled_from(Outcome), dry=st.booleans())
def test_the_report_adds_up_whatever_became_of_the_changes(
    rows: list[Row],
    site: dict[str, Remote],
    normaliser: Normaliser,
    rules: dict[str, Any],
    outcome: Outcome,
    dry: bool,
) -> None:
    plan = plan_all(rows, site, normaliser, rules)
    outcomes: dict[tuple[Action, Outcome, str], int] = {}
    for change in plan.changes:
        outcomes[change.action, outcome, ""] = outcomes.get((change.action, outcome, ""), 0) + 1
    report = compute_report(plan.counts, outcomes, extracted=len(rows) + 3, dry_run=dry)
    report.check()
    assert report.extracted == len(rows) + 3
    assert report.writes == (len(plan.changes) if dry or outcome is Outcome.DONE else 0)


@thorough
@given(rows=rows, site=sites, normaliser=normalisers)
def test_create_mode_creates_every_valid_row_once_whatever_is_there(
    rows: list[Row], site: dict[str, Remote], normaliser: Normaliser
) -> None:
    rules = {"sync_mode": SyncMode.CREATE, "on_missing": OnMissing.DELETE}
    plan = plan_all(rows, site, normaliser, rules)
    assert plan.changes == plan_all(rows, {}, normaliser, rules).changes
    assert {change.action for change in plan.changes} <= {Action.CREATE}
    assert plan.counts.creates + plan.counts.rejected == len(rows)
    assert plan.counts.missing == 0
