"""What holds for every plan, whatever the two sides and the ledger hold."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from operator import add
from typing import Any, TypeVar

import msgspec
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from oduyo_provider.core.change import Action, Change, Outcome, Result
from oduyo_provider.core.drift import Drift, compute_drift
from oduyo_provider.core.ledger import Entry, Refused, apply_result, compute_payload_digest
from oduyo_provider.core.matching import find_altered_keys, name_key
from oduyo_provider.core.normalise import Normaliser
from oduyo_provider.core.partition import compute_bucket
from oduyo_provider.core.plan import OnMissing, Plan, PlanCounts, SyncMode
from oduyo_provider.core.record import SPECIAL_CODE, Remote
from oduyo_provider.core.report import Outcomes, compute_report
from oduyo_provider.core.values.text import compute_match_key
from tests.unit.core.sides import (
    DAY,
    NOW,
    RUN,
    SOURCE,
    Row,
    apply_changes,
    entries,
    normalisers,
    plan_of,
    read_table,
    reasons_of,
    rows,
    rules,
    sites,
)

pytestmark = pytest.mark.slow

thorough = settings(max_examples=200, deadline=None)
DATES = {"special_created_in", "special_updated_in", "created_in", "updated_in"}

T = TypeVar("T")


class Sides(msgspec.Struct):
    """Rows, records by id and entries, as one run meets them."""

    rows: list[Row]
    site: dict[str, Remote]
    entries: list[Entry]
    normaliser: Normaliser
    rules: dict[str, Any]

    def plan(self) -> Plan:
        return self.plan_of(self.rows, list(self.site.values()), self.entries)

    def plan_of(self, rows: list[Row], records: list[Remote], entries: list[Entry]) -> Plan:
        """A plan of a part of the sides, by what the whole table shows."""
        table = read_table(self.rows, self.normaliser)
        return plan_of(rows, records, entries, normaliser=self.normaliser, **table, **self.rules)

    def name_row(self, row: Row) -> str | None:
        found = self.normaliser.integration_id(row["integration_id"])
        return None if found is None else compute_match_key(found)

    def plan_partitions(self, buckets: int) -> list[Plan]:
        """The plans of all partitions, split as the steps split them."""
        altered = find_altered_keys(self.entries)

        def choose(items: list[T], name: Callable[[T], str | None], bucket: int) -> list[T]:
            return [item for item in items if compute_bucket(name(item), buckets) == bucket]

        return [
            self.plan_of(
                choose(self.rows, self.name_row, bucket),
                choose(list(self.site.values()), lambda item: name_key(item, altered, self.normaliser), bucket),
                choose(self.entries, lambda entry: compute_match_key(entry.integration_id), bucket),
            )
            for bucket in range(buckets)
        ]


@st.composite
def _make_sides(draw: st.DrawFn) -> Sides:
    sides = Sides(draw(rows), draw(sites), draw(entries), draw(normalisers), draw(rules))
    if draw(st.booleans()):  # some of what would be sent was refused before, lately or long ago
        ages = st.sampled_from([DAY, 8 * DAY])
        by_key = {entry.integration_id: entry for entry in sides.entries}
        for change in sides.plan().changes:
            entry = by_key.get(change.integration_id)
            if entry is not None and draw(st.booleans()):
                refused = Refused(compute_payload_digest(change.action, change.payload), "no", NOW - draw(ages))
                by_key[change.integration_id] = msgspec.structs.replace(entry, refused=refused)
        sides.entries = list(by_key.values())
    return sides


all_sides = _make_sides()


def encode(items: list[Any]) -> list[bytes]:
    """Items in one order, whatever theirs."""
    return sorted(msgspec.json.encode(item, enc_hook=str) for item in items)


def summarise(*plans: Plan) -> dict[str, Any]:
    """All that plans hold together."""
    total = reduce(add, (plan.counts for plan in plans), PlanCounts())
    changes = sorted((change for plan in plans for change in plan.changes), key=lambda change: change.sort_key)
    names = ("rejected", "notes", "forgotten", "new_rows", "unmatched")
    parts = {name: encode([item for plan in plans for item in getattr(plan, name)]) for name in names}
    return {"changes": changes, "counts": msgspec.json.encode(total), **parts}


@thorough
@given(all_sides, st.sampled_from(Outcome), st.booleans())
def test_whatever_there_is_a_plan_holds_what_it_promises(sides: Sides, outcome: Outcome, dry_run: bool) -> None:
    """All that can be asked of one plan as it is: making two sides and their plan takes nearly all of the time."""
    plan = sides.plan()
    check_its_figures(sides, plan)
    check_whose_records_it_touches(sides, plan)
    check_its_keys(plan)
    check_its_json(plan)
    check_its_bodies(sides, plan)
    check_its_report(sides, plan, outcome, dry_run)


def check_its_figures(sides: Sides, plan: Plan) -> None:
    """The figures of a plan add up."""
    counts = plan.counts
    assert (
        counts.extracted
        == len(sides.rows)
        == (
            counts.repeated
            + counts.rejected
            + counts.unchanged
            + counts.known_refused
            + counts.vanished
            + counts.creates
            + counts.updates
        )
    )
    assert counts.missing == counts.kept_missing + counts.missing_refused + counts.deactivates + counts.deletes
    assert counts.changes == len(plan.changes)
    assert counts.rejected == len(plan.rejected)
    assert counts.known_rejected == 0
    assert counts.new_other_source <= counts.other_source
    assert counts.new_duplicates <= counts.remote_duplicates
    assert counts.known_listed <= counts.known_ids <= len(sides.entries)
    assert counts.real_updates <= counts.updates
    assert counts.emptied <= counts.updates
    assert counts.dates_back <= counts.updates
    assert counts.retired == sum(change.retires for change in plan.changes)
    assert counts.retired == sum(pair.retired for pair in counts.pairs.values())
    assert counts.in_use == sum(pair.in_use for pair in counts.pairs.values()) <= counts.existing
    assert sum(counts.reasons.values()) == sum(len(codes) for codes in reasons_of(plan))
    for action, figure in zip(Action, ("creates", "updates", "deactivates", "deletes"), strict=True):
        assert getattr(counts, figure) == sum(change.action is action for change in plan.changes)
    if sides.rules["sync_mode"] is SyncMode.UPSERT:
        assert counts.existing == len(sides.site)


def check_whose_records_it_touches(sides: Sides, plan: Plan) -> None:
    """Only this source's records, and nobody's, are touched."""
    if sides.rules["sync_mode"] is SyncMode.CREATE:
        return
    known = {compute_match_key(entry.integration_id): entry for entry in sides.entries}
    for change in plan.changes:
        entry = known.get(compute_match_key(change.integration_id))
        owner = entry.source if entry is not None and entry.is_made else ""
        assert owner in ("", SOURCE) or "other_source" in sides.rules["released"]
        if change.action in (Action.DEACTIVATE, Action.DELETE):
            assert entry is not None
            assert entry.source == SOURCE
    assert all(entry.source == SOURCE for entry in plan.notes)


def check_its_keys(plan: Plan) -> None:
    """The keys of one plan are unique and in order."""
    assert len({change.key for change in plan.changes}) == len(plan.changes)
    places = [change.sort_key for change in plan.changes]
    assert places == sorted(set(places))
    assert len({compute_match_key(entry.integration_id) for entry in plan.notes}) == len(plan.notes)


def check_its_json(plan: Plan) -> None:
    """A plan and its changes survive JSON."""
    for change in plan.changes:
        assert msgspec.json.decode(msgspec.json.encode(change), type=Change) == change
    for entry in plan.notes:
        assert msgspec.json.decode(msgspec.json.encode(entry), type=Entry) == entry
    assert msgspec.json.decode(msgspec.json.encode(plan.counts), type=PlanCounts) == plan.counts


def check_its_bodies(sides: Sides, plan: Plan) -> None:
    """A body carries the whole record, and never null or a zero date."""
    for change in plan.changes:
        body = change.compute_body()
        assert all(isinstance(value, str) for value in body.values())
        for name in DATES & body.keys():
            assert body[name][:4] in {"2024", "1899"}  # 1899 is a date to Ödüyo, which listed it
        if change.action in (Action.UPDATE, Action.DEACTIVATE):
            kept = {
                name: value
                for name, value in sides.site[str(change.oduyo_id)].items()
                if value is not None
                and name not in (*DATES, "integration_id")
                and name not in change.payload
                and (name, value) != ("note", "")
            }
            assert body == {**body, **kept, **change.payload, "integration_id": change.integration_id}
            assert body.keys() <= {"id", "note", *SPECIAL_CODE.field_names}


def check_its_report(sides: Sides, plan: Plan, outcome: Outcome, dry_run: bool) -> None:
    """The report adds up, whatever became of the changes."""
    outcomes = Outcomes()
    for change in plan.changes:
        outcomes.changes[change.action, outcome, ""] += 1
    report = compute_report(plan.counts, outcomes, extracted=len(sides.rows) + 3, dry_run=dry_run)
    assert report.extracted == len(sides.rows) + 3
    assert report.writes == (len(plan.changes) if dry_run or outcome is Outcome.DONE else 0)


@thorough
@given(all_sides, st.data())
def test_the_order_of_rows_records_and_entries_changes_nothing(sides: Sides, data: st.DataObject) -> None:
    shuffled = sides.plan_of(
        data.draw(st.permutations(sides.rows)),
        data.draw(st.permutations(list(sides.site.values()))),
        data.draw(st.permutations(sides.entries)),
    )
    assert summarise(shuffled) == summarise(sides.plan())
    assert shuffled.changes == sides.plan().changes


@settings(max_examples=100, deadline=None)
@given(all_sides)
def test_the_partitions_together_are_the_plan_of_one_partition(sides: Sides) -> None:
    whole = summarise(sides.plan())
    for buckets in (2, 7, 64):
        assert summarise(*sides.plan_partitions(buckets)) == whole, f"{buckets} partitions"


@thorough
@given(all_sides)
def test_a_key_with_a_confirmed_record_is_never_created_again_by_itself(sides: Sides) -> None:
    sides.rules |= {"sync_mode": SyncMode.UPSERT, "released": frozenset()}
    plan = sides.plan()
    made = {compute_match_key(entry.integration_id) for entry in sides.entries if entry.is_made}
    created = {compute_match_key(change.integration_id) for change in plan.changes if change.action is Action.CREATE}
    assert not made & created
    assert not made & set(map(compute_match_key, plan.forgotten))


@thorough
@given(all_sides)
def test_a_record_is_as_planned_before_its_change_is_applied_and_as_wanted_after(sides: Sides) -> None:
    sides.rules |= {"sync_mode": SyncMode.UPSERT}
    for change in sides.plan().changes:
        before = None if change.oduyo_id is None else sides.site[change.oduyo_id]
        assert compute_drift(change, before, sides.normaliser) is Drift.AS_PLANNED
        after = apply_changes(sides.site, [change])
        oduyo_id = change.oduyo_id or next(iter(after.keys() - sides.site.keys()))
        assert compute_drift(change, after.get(oduyo_id), sides.normaliser) is Drift.AS_WANTED


def apply_plan(known: list[Entry], plan: Plan, ids: dict[str, str]) -> list[Entry]:
    """The ledger after a plan of which every change was done."""
    after = {compute_match_key(entry.integration_id): entry for entry in known}
    after |= {compute_match_key(entry.integration_id): entry for entry in plan.notes}
    for integration_id in plan.forgotten:
        del after[compute_match_key(integration_id)]
    for change in plan.changes:
        key = compute_match_key(change.integration_id)
        result = Result(change.key, Outcome.DONE, ids.get(key, change.oduyo_id), at=NOW)
        entry = apply_result(
            after.get(key),
            change,
            result,
            source=SOURCE,
            run=RUN,
            date_field=SPECIAL_CODE.date_field,
            is_released=False,
        )
        assert entry is not None
        after[key] = entry
    return list(after.values())


@thorough
@given(all_sides)
def test_a_plan_that_was_applied_leaves_nothing_to_change(sides: Sides) -> None:
    numbers = [entry.oduyo_id for entry in sides.entries if entry.oduyo_id is not None]
    assume(
        len(set(numbers)) == len(numbers)
    )  # two keys of one record, each stored as the other one, change places for ever
    sides.rules |= {"sync_mode": SyncMode.UPSERT, "resend_refused": True}
    first = sides.plan()
    site = apply_changes(sides.site, first.changes, sides.entries)
    made = {str(site[number]["integration_id"]): number for number in site.keys() - sides.site.keys()}
    ids = {compute_match_key(key): number for key, number in made.items()}
    known = apply_plan(sides.entries, first, ids)
    again = msgspec.structs.replace(sides, site=site, entries=known).plan()
    assert again.changes == []
    assert reasons_of(again) == reasons_of(first)
    counts = first.counts
    assert again.counts.unchanged == counts.unchanged + counts.creates + counts.updates
    assert again.counts.vanished == counts.vanished
    known = apply_plan(known, again, {})
    notes = msgspec.structs.replace(sides, site=site, entries=known).plan().notes
    assert [note for note in notes if note not in known] == []


@thorough
@given(all_sides)
def test_create_mode_creates_every_valid_row_once_whatever_is_there(sides: Sides) -> None:
    sides.rules |= {"sync_mode": SyncMode.CREATE, "on_missing": OnMissing.DELETE}
    plan = sides.plan()
    assert summarise(plan) == summarise(msgspec.structs.replace(sides, site={}, entries=[]).plan())
    assert {change.action for change in plan.changes} <= {Action.CREATE}
    assert plan.counts.creates + plan.counts.rejected + plan.counts.repeated == len(sides.rows)
    assert (plan.notes, plan.forgotten, plan.counts.missing) == ([], [], 0)
