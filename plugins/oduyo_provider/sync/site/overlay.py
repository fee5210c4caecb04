"""What a plan did, laid over the entries of the ledger: before it is merged, and when it is."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from oduyo_provider.core.errors import StagedFileError
from oduyo_provider.core.language import gettext
from oduyo_provider.core.ledger import Entry, apply_result
from oduyo_provider.core.plan import SyncMode
from oduyo_provider.core.values.text import compute_match_key
from oduyo_provider.sync.site.open_plans import OpenPlan
from oduyo_provider.sync.staging.plans import PlanPart, open_parts

log = logging.getLogger(__name__)

#: By match key.
Entries = dict[str, Entry]


def find_keys(part: PlanPart) -> Iterator[str]:
    """The match keys that a plan's part touches."""
    yield from (compute_match_key(change.integration_id) for change in part.read_changes())
    yield from (compute_match_key(entry.integration_id) for entry in part.read_notes())
    yield from map(compute_match_key, part.read_forgotten())


def apply_part(entries: Entries, plan: OpenPlan, part: PlanPart, keys: set[str], *, is_outdated: bool = False) -> None:
    """Lay one part of a plan over the entries of the keys given.

    What it compared counts once its load has come to its end; what became of its changes counts always. With
    ``sync_mode=create`` nothing does: such a plan leaves the ledger alone.
    """
    if part.manifest.params.sync_mode is SyncMode.CREATE:
        return
    if plan.is_finished and not is_outdated:
        for entry in part.read_notes():
            key = compute_match_key(entry.integration_id)
            if key in keys and _may_write(entries.get(key), plan):
                entries[key] = entry
        for integration_id in part.read_forgotten():
            key = compute_match_key(integration_id)
            if key in keys and _may_write(entries.get(key), plan):
                entries.pop(key, None)
    results = part.read_history().results
    if not results:
        return
    date_field = part.manifest.snapshot.resource.date_field
    for change in part.read_changes():
        key, result = compute_match_key(change.integration_id), results.get(change.key)
        if result is None or key not in keys:
            continue
        before = entries.get(key)
        if not _may_write(before, plan) or (is_outdated and before is not None and before.is_made):
            continue
        after = apply_result(
            before,
            change,
            result,
            source=plan.source,
            run=plan.run,
            date_field=date_field,
            is_released=plan.is_released,
        )
        if after is not None:
            entries[key] = after


def _may_write(entry: Entry | None, plan: OpenPlan) -> bool:
    return entry is None or not entry.is_others(plan.source) or plan.takes_over


def open_readable(plan: OpenPlan) -> list[PlanPart]:
    """The parts of a plan whose files are there: staging may have been emptied."""
    parts: list[PlanPart] = []
    for reference in plan.parts:
        with leaving_out(plan):
            parts += open_parts([reference])
    return parts


@contextmanager
def leaving_out(plan: OpenPlan) -> Iterator[None]:
    """Leave out, with a warning, what of a plan is gone or damaged; a storage that does not answer is an error."""
    try:
        yield
    except StagedFileError as error:
        log.warning(
            gettext(
                "What %(plan)s did cannot be read any more, so its records are compared as on a first run: %(error)s",
                plan=plan.generation,
                error=error,
            ),
        )
