"""Lays what a plan did over the entries of the ledger, in memory or when it is merged."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from oduyo_provider.core.change import Change
from oduyo_provider.core.errors import StagedFileError
from oduyo_provider.core.language import gettext
from oduyo_provider.core.ledger import Entry, apply_result, apply_sending
from oduyo_provider.core.plan import SyncMode
from oduyo_provider.core.values.text import compute_match_key
from oduyo_provider.sync.site.open_plans import OpenPlan
from oduyo_provider.sync.staging.folder import Folder
from oduyo_provider.sync.staging.journal import History
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

    Results of changes always count; what the plan only compared counts once its load has ended. With ``sync_mode=create``
    nothing counts: such a plan leaves the ledger alone.
    """
    if part.manifest.params.sync_mode is SyncMode.CREATE:
        return
    if plan.is_finished and not is_outdated:
        _apply_compared(entries, plan, part, keys)
    history = part.read_history()
    if not (history.results or history.sends):
        return
    for change in part.read_changes():
        key = compute_match_key(change.integration_id)
        before = entries.get(key)
        if key not in keys or not _may_write(before, plan) or (is_outdated and before is not None and before.is_made):
            continue
        after = _apply_change(before, plan, change, history, part.manifest.snapshot.resource.date_field)
        if after is not None:
            entries[key] = after


def _apply_compared(entries: Entries, plan: OpenPlan, part: PlanPart, keys: set[str]) -> None:
    for entry in part.read_notes():
        key = compute_match_key(entry.integration_id)
        if key in keys and _may_write(entries.get(key), plan):
            entries[key] = entry
    for integration_id in part.read_forgotten():
        key = compute_match_key(integration_id)
        if key in keys and _may_write(entries.get(key), plan):
            entries.pop(key, None)


def _apply_change(
    entry: Entry | None, plan: OpenPlan, change: Change, history: History, date_field: str | None
) -> Entry | None:
    """The entry after what became of a change, or may have."""
    result, sent_at = history.results.get(change.key), history.find_sent_at(change.key)
    if result is not None:
        entry = apply_result(
            entry,
            change,
            result,
            source=plan.source,
            run=plan.run,
            date_field=date_field,
            is_released=plan.is_released,
        )
    return entry if sent_at is None else apply_sending(entry, change, result, sent_at, plan.source)


def _may_write(entry: Entry | None, plan: OpenPlan) -> bool:
    return entry is None or not entry.is_others(plan.source) or plan.takes_over


def open_readable(root: Folder, plan: OpenPlan) -> list[PlanPart]:
    """The parts of a plan whose files are there: staging may have been emptied.

    :param root: the staging path, or any folder below it.
    """
    parts: list[PlanPart] = []
    for reference in plan.parts:
        with leaving_out(plan):
            parts += open_parts(root, [reference])
    return parts


@contextmanager
def leaving_out(plan: OpenPlan) -> Iterator[None]:
    """Warn of files of a plan that are gone or damaged, and go on. Storage that does not answer is still an error."""
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
