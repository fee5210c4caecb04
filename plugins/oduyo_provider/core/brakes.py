"""The brakes that stop a run before its first write.

A count trips above :data:`FLOOR` *and* above its percentage, so that a small table can still change; some trip also above
half of a whole of at least :data:`HALF_OF`. A person can release a brake by its name for one run, up to a limit.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from oduyo_provider.core.language import gettext
from oduyo_provider.core.params import RunParams
from oduyo_provider.core.plan import SAMPLES, PlanCounts, SyncMode
from oduyo_provider.core.trip_messages import (
    explain_all_rejected,
    explain_half,
    explain_left_out,
    explain_rejected,
    explain_retired,
    explain_retired_pair,
    explain_share,
)

#: A count at or below this does not trip a percentage above 0.
FLOOR = 10
#: The half rule holds for wholes of at least so many.
HALF_OF = 4


class Trip(msgspec.Struct, frozen=True):
    """A brake that tripped.

    :param name: of the brake.
    :param message: the figures, for people; where it is stored, in the language of the run.
    :param count: what ``release`` can limit.
    :param samples: some of what counted.
    :param blocks: whether nothing may be written; else only the rows that count are left out.
    :param is_released: a person has released it for this run.
    :param cause: the brake whose release lets these rows be sent; empty where it is this one.
    """

    name: str
    message: str
    count: int
    samples: list[str] = []
    blocks: bool = True
    is_released: bool = False
    cause: str = ""


def list_releases(trips: Iterable[Trip]) -> dict[str, int]:
    """The releases with which a plan passes that these trips stop: brake → its count."""
    all_trips = list(trips)
    counts = {trip.name: trip.count for trip in all_trips}
    names = (trip.cause or trip.name for trip in all_trips if trip.blocks)
    return {name: counts[name] for name in names}


def is_above(count: int, percent: int, whole: int) -> bool:
    """Whether a count trips: above the floor and above its percentage; 0 percent allows none, 100 any."""
    if percent == 0:
        return count > 0
    return percent < 100 and count > FLOOR and count * 100 > percent * whole


def is_above_half(count: int, whole: int) -> bool:
    """Whether a count is more than half of a whole of at least :data:`HALF_OF`."""
    return whole >= HALF_OF and count * 2 > whole


class Tripped(msgspec.Struct):
    """Collects the brakes that a plan trips."""

    counts: PlanCounts
    params: RunParams
    trips: list[Trip] = []

    def add(
        self,
        name: str,
        count: int,
        message: str,
        *,
        samples: Sequence[str] | None = None,
        blocks: bool = True,
        cause: str = "",
    ) -> None:
        """Note a trip.

        :param samples: None takes those that were kept for the brake; ``cause`` is of :class:`Trip`.
        """
        found = self.counts.samples.get(name, []) if samples is None else samples
        released = self.params.is_released(name, count)
        self.trips.append(Trip(name, message, count, list(found), blocks, released, cause))


def compute_trips(
    counts: PlanCounts,
    params: RunParams,
    *,
    look_alikes: int = 0,
    decided: PlanCounts | None = None,
) -> list[Trip]:
    """Every brake that the whole plan trips, released ones too.

    :param counts: all partitions together, as planned.
    :param look_alikes: rows to create of which a look-alike exists.
    :param decided: the same counts with those rejected of which a look-alike exists; None where there are none.
    """
    tripped = Tripped(counts, params)
    has_look_alikes = look_alikes > FLOOR or is_above_half(look_alikes, counts.creates)
    # One cause trips one brake: rows that look_alikes stops do not count for all_rejected and rejected too.
    rows = counts if has_look_alikes or decided is None else decided
    _add_row_trips(tripped, rows, params, [] if rows is counts else counts.samples.get("look_alikes", []))
    if params.sync_mode is SyncMode.UPSERT:  # create compares nothing
        _add_update_trips(tripped, counts, params)
        _add_retirement_trips(tripped, counts, params)
        _add_left_out_trips(tripped, counts, params)
        if has_look_alikes:
            tripped.add("look_alikes", look_alikes, explain_share("look_alikes", look_alikes, counts.creates))
    return tripped.trips


def _add_left_out_trips(tripped: Tripped, counts: PlanCounts, params: RunParams) -> None:
    """Brakes that leave rows out while the rest of the plan goes on. Released rows are in the plan, and block it above a limit."""
    found = {
        "vanished": counts.vanished + counts.recreates,
        "other_firm": counts.other_firm,
        "other_source": counts.other_source,
    }
    for name, count in found.items():
        if count:
            is_in_plan = name in params.release
            tripped.add(name, count, explain_left_out(name, count, is_in_plan=is_in_plan), blocks=is_in_plan)


def _add_row_trips(tripped: Tripped, counts: PlanCounts, params: RunParams, left_out: list[str]) -> None:
    if counts.extracted == 0:
        tripped.add("no_rows", 0, gettext("the ERP query returned no row"))
        return
    rejected, percent, cause = counts.rejected, params.max_rejected_percent, ""
    if rejected and rejected + counts.repeated == counts.extracted:
        own = {"other_firm": counts.other_firm, "other_source": counts.other_source}
        # The rest may break other rules, where it would trip no brake once these rows are sent.
        passing = (
            name for name, count in own.items() if count and not is_too_many(rejected - count, percent, rejected)
        )
        cause = next(passing, "")
        tripped.add("all_rejected", rejected, explain_all_rejected(rejected, cause, own.get(cause, 0)), cause=cause)
    new = counts.rejected - counts.known_rejected
    if is_too_many(new, percent, counts.extracted):
        samples = [*counts.samples.get("rejected", []), *left_out][:SAMPLES]
        text = explain_rejected(new, counts.extracted, percent)
        tripped.add("rejected", new, _explain(text, new, percent, counts.extracted), samples=samples, cause=cause)


def _add_update_trips(tripped: Tripped, counts: PlanCounts, params: RunParams) -> None:
    shares = (
        ("updates", counts.real_updates, counts.matched, params.max_update_percent),
        ("emptied", counts.emptied, counts.matched + counts.adoptions, params.max_missing_percent),
        ("dates_back", counts.dates_back, counts.updates, params.max_missing_percent),
    )
    for name, count, whole, percent in shares:
        if is_above(count, percent, whole):
            tripped.add(name, count, explain_share(name, count, whole, percent))


def _add_retirement_trips(tripped: Tripped, counts: PlanCounts, params: RunParams) -> None:
    retired, percent, whole = counts.retired, params.max_missing_percent, counts.in_use
    if not retired:
        return
    if is_too_many(retired, percent, whole):
        tripped.add("retired", retired, _explain(explain_retired(retired, whole, percent), retired, percent, whole))
    pairs = [(name, pair) for name, pair in counts.pairs.items() if is_too_many(pair.retired, percent, pair.in_use)]
    if pairs and len(counts.pairs) > 1:  # one pair is the whole
        name, pair = max(pairs, key=lambda item: (item[1].retired, item[0]))
        text = _explain(explain_retired_pair(name, pair, len(pairs) - 1, percent), pair.retired, percent, pair.in_use)
        tripped.add("retired_pair", pair.retired, text, samples=pair.samples)
    week, had = retired + counts.retired_week, whole + counts.retired_week
    if counts.retired_week and is_too_many(week, percent, had):
        text = _explain(explain_share("retired_week", week, had, percent), week, percent, had)
        tripped.add("retired_week", week, text, samples=counts.samples.get("retired", []))


def _explain(figures: str, count: int, percent: int, whole: int) -> str:
    """The figures of a trip, by its percentage or by the half rule."""
    return figures if is_above(count, percent, whole) else explain_half(figures)


def is_too_many(count: int, percent: int, whole: int) -> bool:
    """Whether a count trips: by its percentage, or by the half rule."""
    return is_above(count, percent, whole) or is_above_half(count, whole)
