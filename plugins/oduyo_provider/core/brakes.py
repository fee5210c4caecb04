"""The brakes: what stops a run before its first write, or load at its first change of a kind.

A count trips above :data:`FLOOR` *and* above its percentage, so that a small table can still change; some trip also above
half of a whole of at least :data:`HALF_OF`. A person can release a brake by its name for one run, up to a limit.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import msgspec

from oduyo_provider.core.plan import PlanCounts

#: A count at or below this does not trip a percentage above 0.
FLOOR = 10
#: The smallest whole of which half is looked at.
HALF_OF = 4


class Brake(msgspec.Struct, frozen=True):
    """A brake, as it is documented.

    :param name: what ``release`` takes.
    :param help: on what it trips.
    :param is_canary: it trips in load, on the first change of a kind.
    """

    name: str
    help: str
    is_canary: bool = False


BRAKES = (
    Brake("no_rows", "The ERP query returned no row."),
    Brake("all_rejected", "Every row is rejected."),
    Brake("rejected", "Rejected rows above max_rejected_percent; those that the last applied run rejected alike do not count."),
    Brake("updates", "Updates above max_update_percent of the matched rows; those of dates alone and adoptions do not count."),
    Brake("emptied", "Updates that empty a filled field, above max_missing_percent of the matched rows."),
    Brake("retired", "Records in use that would be deactivated, deleted or turned passive, above max_missing_percent of the source's records in use."),
    Brake("retired_pair", "The same within one pair of key1 and key2."),
    Brake("retired_week", "The same, added up over the source's last seven days, without what a person released or approved."),
    Brake("vanished", "Records that the ledger knows and that Ödüyo does not list any more. They are not sent; the rest of the plan goes on. Released, they are created again."),
    Brake("look_alikes", "Rows to create of which a record exists that people could not tell apart. Each such row is rejected, unless it is adopted or released."),
    Brake("dates_back", "Updates with an older date than was sent before, above max_missing_percent of the updates: a restored or wrong database."),
    Brake("other_firm", "Rows whose record belongs to another key1. They are rejected; released, they are applied."),
    Brake("other_source", "Rows whose record another source owns. They are rejected; released, the records move to this source for good."),
    Brake("key_altered", "Ödüyo stores the key otherwise than it was sent. Released once, this is remembered for the site.", is_canary=True),
    Brake("letters", "Ödüyo stores other letters than were sent. Released once, this is remembered for the site.", is_canary=True),
)  # fmt: skip

BRAKE_NAMES = tuple(brake.name for brake in BRAKES)


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How much a run may do; whole percents from 0 to 100.

    :param max_missing_percent: of the source's records in use.
    :param max_update_percent: of the rows that found their record.
    :param max_rejected_percent: of the rows extracted.
    :param release: brakes that may trip in this run; each up to a count, or None for any.
    """

    max_missing_percent: int
    max_update_percent: int
    max_rejected_percent: int
    release: Mapping[str, int | None]

    def is_released(self, name: str, count: int) -> bool:
        """Whether a person has released a brake for at least this count."""
        if name not in self.release:
            return False
        limit = self.release[name]
        return limit is None or count <= limit


class Trip(msgspec.Struct, frozen=True):
    """A brake that tripped.

    :param name: of the brake.
    :param message: the figures, for people.
    :param count: what ``release`` can limit.
    :param samples: some of what counted.
    :param blocks: whether nothing may be written; else only what counts is left out.
    :param is_released: a person has released it for this run.
    """

    name: str
    message: str
    count: int
    samples: list[str] = []
    blocks: bool = True
    is_released: bool = False


def format_release(trips: Sequence[Trip]) -> str:
    """The value of the param `release` that lets these pass."""
    return json.dumps([f"{trip.name}:{trip.count}" for trip in trips])


def is_above(count: int, percent: int, whole: int) -> bool:
    """Whether a count trips: above the floor and above its percentage; 0 percent allows none, 100 any."""
    if percent == 0:
        return count > 0
    return percent < 100 and count > FLOOR and count * 100 > percent * whole


def is_above_half(count: int, whole: int) -> bool:
    """Whether a count is more than half of a whole that is large enough to speak of halves."""
    return whole >= HALF_OF and count * 2 > whole


class Tripped:
    """Collects the brakes that a plan trips."""

    def __init__(self, counts: PlanCounts, limits: Limits) -> None:
        self._counts = counts
        self._limits = limits
        self.trips: list[Trip] = []

    def add(
        self, name: str, count: int, message: str, *, samples: Sequence[str] | None = None, blocks: bool = True
    ) -> None:
        """Note a trip.

        :param samples: None takes those that were kept for the brake.
        """
        found = self._counts.samples.get(name, []) if samples is None else samples
        released = self._limits.is_released(name, count)
        self.trips.append(Trip(name, message, count, list(found), blocks, released))


def compute_trips(counts: PlanCounts, limits: Limits, *, look_alikes: int = 0, compares: bool = True) -> list[Trip]:
    """Every brake that the whole plan trips, released ones too.

    :param counts: all partitions together.
    :param look_alikes: rows to create of which a look-alike exists.
    :param compares: False with ``sync_mode=create``, which compares nothing.
    """
    tripped = Tripped(counts, limits)
    _add_row_trips(tripped, counts, limits)
    if compares:
        _add_update_trips(tripped, counts, limits)
        _add_retirement_trips(tripped, counts, limits)
        _add_left_out_trips(tripped, counts, limits)
        if look_alikes > FLOOR or is_above_half(look_alikes, counts.creates):
            text = (
                f"{look_alikes:,} of {counts.creates:,} rows to create look like a record that no row matches: typed by "
                "hand, of a former period, or with a changed key"
            )
            tripped.add("look_alikes", look_alikes, text)
    return tripped.trips


def _add_left_out_trips(tripped: Tripped, counts: PlanCounts, limits: Limits) -> None:
    """Rows that are left out, while the rest of the plan goes on. Released they are in the plan: then a limit blocks it."""
    text = (
        "records that were there are not listed by Ödüyo any more, nor found by their id or key: an incomplete list, a "
        "person who deleted them, or a restored site"
    )
    found = (
        ("vanished", counts.vanished + counts.recreates, text),
        ("other_firm", counts.other_firm, "rows meet a record of another key1"),
        ("other_source", counts.other_source, "rows meet a record that another source owns"),
    )
    for name, count, what in found:
        if count:
            is_in_plan = name in limits.release
            end = "" if is_in_plan else "; these rows are not sent"
            tripped.add(name, count, f"{count:,} {what}{end}", blocks=is_in_plan)


def _add_row_trips(tripped: Tripped, counts: PlanCounts, limits: Limits) -> None:
    if counts.extracted == 0:
        tripped.add("no_rows", 0, "the ERP query returned no row")
        return
    if counts.rejected and counts.rejected + counts.repeated == counts.extracted:
        tripped.add("all_rejected", counts.rejected, f"all {counts.rejected:,} rows are rejected")
    new, percent = counts.rejected - counts.known_rejected, limits.max_rejected_percent
    if _is_too_many(new, percent, counts.extracted):
        text = f"{new:,} of {counts.extracted:,} rows are rejected that the last run did not reject (max_rejected_percent {percent})"
        tripped.add("rejected", new, text)


def _add_update_trips(tripped: Tripped, counts: PlanCounts, limits: Limits) -> None:
    percent = limits.max_update_percent
    if is_above(counts.real_updates, percent, counts.matched):
        text = f"{counts.real_updates:,} of {counts.matched:,} matched records would be updated (max_update_percent {percent})"
        tripped.add("updates", counts.real_updates, text)
    percent = limits.max_missing_percent
    if is_above(counts.emptied, percent, counts.matched):
        text = f"{counts.emptied:,} of {counts.matched:,} matched records would lose the text of a field (max_missing_percent {percent})"
        tripped.add("emptied", counts.emptied, text)
    if is_above(counts.dates_back, percent, counts.updates):
        text = (
            f"{counts.dates_back:,} of {counts.updates:,} updates carry an older date than was sent before: is this a "
            f"restored or another database? (max_missing_percent {percent})"
        )
        tripped.add("dates_back", counts.dates_back, text)


def _add_retirement_trips(tripped: Tripped, counts: PlanCounts, limits: Limits) -> None:
    if not counts.retired:
        return
    percent, whole, samples = limits.max_missing_percent, counts.in_use, counts.samples.get("retired", [])
    what = "records would be deactivated, deleted or turned passive"
    if _is_too_many(counts.retired, percent, whole):
        text = f"{counts.retired:,} {what}; {whole:,} of this source are in use (max_missing_percent {percent})"
        tripped.add("retired", counts.retired, text)
    pairs = [(name, pair) for name, pair in counts.pairs.items() if _is_too_many(pair.retired, percent, pair.in_use)]
    if pairs and len(counts.pairs) > 1:  # one pair is the whole
        name, pair = max(pairs, key=lambda item: (item[1].retired, item[0]))
        key1, _, key2 = name.partition("\0")
        others = f", and too many of {len(pairs) - 1:,} further pairs" if len(pairs) > 1 else ""
        text = (
            f"of key1 {key1!r} and key2 {key2!r}, {pair.retired:,} {what}; {pair.in_use:,} are in use{others} "
            f"(max_missing_percent {percent})"
        )
        tripped.add("retired_pair", pair.retired, text, samples=pair.samples)
    week, had = counts.retired + counts.retired_week, whole + counts.retired_week
    if counts.retired_week and _is_too_many(week, percent, had):
        text = f"with this run, {week:,} records are retired within seven days; {had:,} were in use (max_missing_percent {percent})"
        tripped.add("retired_week", week, text, samples=samples)


def _is_too_many(count: int, percent: int, whole: int) -> bool:
    return is_above(count, percent, whole) or is_above_half(count, whole)
