"""The brakes: what stops a run before its first write.

A count trips only when it is above :data:`FLOOR` *and* above its ratio, so that a small table can still change.
"""

from __future__ import annotations

from fractions import Fraction

import msgspec

from oduyo_provider.core.plan import OnMissing, PlanCounts, PlanRules, SyncMode

#: A count of rows or records at or below this never trips a brake.
FLOOR = 10


class Brakes(msgspec.Struct, frozen=True):
    """The limits, as shares from 0 to 1.

    :param max_missing_ratio: missing records, of those in scope; also how far the whole listing may shrink.
    :param max_update_ratio: updates, of the rows that found their record.
    :param max_rejected_ratio: rejected rows, of those extracted.
    """

    max_missing_ratio: float = 0.1
    max_update_ratio: float = 0.5
    max_rejected_ratio: float = 0.05


class Trip(msgspec.Struct, frozen=True):
    """A brake that tripped.

    :param code: short name, the same for every run.
    :param message: the figures, for people.
    """

    code: str
    message: str


def _is_above(count: int, ratio: float, whole: int) -> bool:
    # Exact, as the ratio is written: in floats 0.29 * 100 is below 29.
    return count > FLOOR and count > Fraction(repr(ratio)) * whole


def compute_trips(
    counts: PlanCounts,
    *,
    rules: PlanRules,
    brakes: Brakes,
    has_scope: bool,
    previous_existing: int | None,
) -> list[Trip]:
    """Every brake that the whole plan trips.

    :param counts: all partitions together.
    :param has_scope: whether the query returned both ``key1`` and ``key2``.
    :param previous_existing: records in Ödüyo after the last applied run; None when there was none.
    """
    trips: list[Trip] = []
    if counts.extracted == 0:
        trips.append(Trip("no_rows", "the ERP query returned no row"))
    if _is_above(counts.rejected, brakes.max_rejected_ratio, counts.extracted):
        text = f"{counts.rejected:,} of {counts.extracted:,} rows are rejected (max_rejected_ratio {brakes.max_rejected_ratio:g})"
        trips.append(Trip("rejected", text))
    if rules.sync_mode is SyncMode.UPSERT:
        trips += _compute_comparison_trips(counts, brakes, previous_existing)
        if rules.on_missing is not OnMissing.KEEP:
            trips += _compute_missing_trips(counts, rules, brakes, has_scope)
    return trips


def _compute_comparison_trips(counts: PlanCounts, brakes: Brakes, previous_existing: int | None) -> list[Trip]:
    trips: list[Trip] = []
    if _is_above(counts.updates, brakes.max_update_ratio, counts.matched):
        text = f"{counts.updates:,} of {counts.matched:,} matched records would be updated (max_update_ratio {brakes.max_update_ratio:g})"
        trips.append(Trip("updates", text))
    fall = (previous_existing or 0) - counts.existing
    if _is_above(fall, brakes.max_missing_ratio, previous_existing or 0):
        text = (
            f"Ödüyo lists {counts.existing:,} records, {fall:,} fewer than the {previous_existing:,} after the last "
            f"applied run: was the listing cut short? (max_missing_ratio {brakes.max_missing_ratio:g})"
        )
        trips.append(Trip("existing_fell", text))
    unmatched, whole = counts.missing, counts.existing_in_scope
    if (
        _is_above(counts.creates, brakes.max_update_ratio, whole)
        and unmatched > Fraction(repr(brakes.max_missing_ratio)) * whole
    ):
        text = (
            f"{counts.creates:,} records would be created while {unmatched:,} of {whole:,} existing ones match no row: "
            f"have the ERP's keys changed? (max_update_ratio {brakes.max_update_ratio:g}, "
            f"max_missing_ratio {brakes.max_missing_ratio:g})"
        )
        trips.append(Trip("keys_changed", text))
    return trips


def _compute_missing_trips(counts: PlanCounts, rules: PlanRules, brakes: Brakes, has_scope: bool) -> list[Trip]:
    """Records that are passive already need no change, so they count for none of these."""
    retired = counts.deactivates + counts.deletes
    if not retired:
        return []
    trips: list[Trip] = []
    verb = rules.on_missing.value
    if not has_scope:
        text = f"on_missing={verb} needs the query's columns key1 and key2: without them nobody knows which records are the ERP's"
        trips.append(Trip("no_scope", text))
    if counts.unreadable_ids:
        text = f"on_missing={verb}, but {counts.unreadable_ids:,} rows have an unreadable integration_id: their records would look missing"
        trips.append(Trip("unreadable_ids", text))
    if _is_above(retired, brakes.max_missing_ratio, counts.existing_in_scope):
        text = (
            f"{retired:,} of {counts.existing_in_scope:,} records in scope have no ERP row any more "
            f"(max_missing_ratio {brakes.max_missing_ratio:g}, on_missing={verb})"
        )
        trips.append(Trip("missing", text))
    return trips
