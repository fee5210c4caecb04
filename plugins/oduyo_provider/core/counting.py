"""How updates and retirements count for the brakes, those of adopted records too."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from oduyo_provider.core.change import Action, Change
from oduyo_provider.core.plan import Pair, PlanCounts
from oduyo_provider.core.record import Kind, Remote, Resource, is_passive
from oduyo_provider.core.samples import describe_change, describe_date_back

#: A date in the documented form, which is in order as a text.
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}").match


def count_update(counts: PlanCounts, change: Change, resource: Resource, date_sent: str | None = None) -> None:
    """Count what an update does to its record; an adoption is none of the updates that ``max_update_percent`` is about.

    :param date_sent: what was sent before; where nobody knows, Ödüyo's own date says it.
    """
    kinds, date_field = resource.kinds, resource.date_field or ""
    if not change.is_adoption and any(kinds[name] is not Kind.STAMP for name in change.differs):
        counts.real_updates += 1
        counts.sample("updates", describe_change(change))
    if any(not change.payload[name] and (change.base.get(name) or "").strip() for name in change.differs):
        counts.emptied += 1
        counts.sample("emptied", describe_change(change))
    date, before = change.payload.get(date_field), date_sent or change.base.get(date_field)
    if date and before and _DATE(before) and date < before:
        counts.dates_back += 1
        counts.sample("dates_back", describe_date_back(change.integration_id, date, before))


def count_in_use(counts: PlanCounts, record: Remote, resource: Resource, change: Change | None) -> None:
    """Count a record of this source, where it is in use, and what retires it.

    :param change: the record's; None where it has none.
    """
    if is_passive(record, resource):
        return
    counts.in_use += 1
    _count_pair(counts, record, Pair(1))
    if change is not None and change.retires:
        count_retired(counts, record, change)


def count_retired(counts: PlanCounts, record: Remote, change: Change) -> None:
    """Count a record that a change takes out of use."""
    sample = describe_change(change)
    counts.retired += 1
    _count_pair(counts, record, Pair(0, 1, (sample,)))
    counts.sample("retired", sample)


def count_kept(counts: PlanCounts, kept: Sequence[Change], left: Iterable[Change]) -> None:
    """Take back what a plan's retirements of records without a row counted, where these are kept after all.

    :param counts: of the whole plan.
    :param left: the plan's changes without these: the brakes count and show only what they retire.
    """
    counts.kept_missing += len(kept)
    counts.deactivates -= sum(change.action is Action.DEACTIVATE for change in kept)
    counts.deletes -= sum(change.action is Action.DELETE for change in kept)
    counts.retired = 0
    counts.samples.pop("retired", None)
    counts.pairs = {name: Pair(pair.in_use) for name, pair in counts.pairs.items()}
    for change in left:
        if change.retires:
            count_retired(counts, change.base, change)


def _count_pair(counts: PlanCounts, record: Remote, figures: Pair) -> None:
    name = f"{record.get('key1') or ''}\0{record.get('key2') or ''}"
    counts.pairs[name] = counts.pairs.get(name, Pair()) + figures


def count_adoption(counts: PlanCounts, change: Change, resource: Resource) -> None:
    """Count an adoption: by it the record becomes this source's."""
    counts.updates += 1
    counts.adoptions += 1
    count_update(counts, change, resource)
    count_in_use(counts, change.base, resource, change)
