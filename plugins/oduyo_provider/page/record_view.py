"""The page of one record: what each run did to it, and what the ERP, Ödüyo and the ledger hold of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from oduyo_provider.core.field_labels import label_fields, name_field
from oduyo_provider.core.language import gettext, ngettext
from oduyo_provider.core.ledger import Entry
from oduyo_provider.core.values.invalid import format_value
from oduyo_provider.page.labels import describe_line
from oduyo_provider.page.record_search import (
    MAX_CANDIDATES,
    Known,
    RecordSearch,
    find_candidates,
    find_known,
    group_places,
    make_candidate,
)
from oduyo_provider.page.sides import Candidate, Sides

View = dict[str, Any]
Found = tuple[RecordSearch, Known]


def compute_record_view(searches: Sequence[RecordSearch], text: str, task: str = "") -> View:
    """What is known of a code, an id or an address: one record, or candidates; and the places that were searched.

    :param searches: of the tasks of a run, at least one.
    :param task: if given, other tasks are searched only if this one, and those with the same records, find
        nothing.
    """
    text = text.strip()
    groups, unread = group_places(searches), list[str]()
    known, candidates = _find(groups[:1], text, unread) if task else ([], [])
    if not (known or candidates):
        known, candidates = _find(groups[1:] if task else groups, text, unread)
    search = known[0][0] if known else searches[0]
    return {
        "asked": text,
        "dag_id": search.dag_id,
        "fields": label_fields(search.resource),
        "looked": [_describe_place(place) for place in ([search] if known else searches)],
        "record": _describe_known(*known[0]) if known else None,
        "candidates": [{**msgspec.to_builtins(one), "address": one.address} for one in candidates[:MAX_CANDIDATES]],
        "is_cut": len(candidates) > MAX_CANDIDATES,
        "is_unread": bool(known[0][1].past.unread if known else unread),
    }


def _find(
    groups: Sequence[Sequence[RecordSearch]], text: str, unread: list[str]
) -> tuple[list[Found], list[Candidate]]:
    """The record that a text means, or the candidates for it.

    :param unread: gets the names of files of the history that hold more than could be read.
    """
    known = find_known(groups, text)
    if len(known) > 1:  # several kinds of records have this key
        return [], [make_candidate(*one) for one in known]
    candidates = [] if known or not text else find_candidates(groups, text, unread)
    if len(candidates) == 1:
        (one,) = candidates
        known = find_known([places for places in groups if one.task in [place.task for place in places]], one.address)
    return known, [] if known else candidates


def _describe_known(search: RecordSearch, known: Known) -> View:
    return {
        "integration_id": known.integration_id,
        "code": known.code,
        "states": _describe_states(search, known),
        "erp": [{name: format_value(value) for name, value in row.items()} for row in known.rows],
        "oduyo": known.records,
        "memory": _describe_entry(known.entry),
        "is_memory_unread": known.is_entry_unread,
        "history": [describe_line(change) for change in reversed(known.past.changes)],
        "dropped_until": known.past.dropped_until or None,
    }


def _describe_states(search: RecordSearch, known: Known) -> list[View]:
    """What the run did to the record: its lines in the table, or why it has none."""
    told = [describe_line(line) for line in known.lines]
    if any(line.outcome != "warned" for line in known.lines) or search.sides is None:
        return told
    return [*told, {"outcome": "", "label": "", "reason": _explain(search, search.sides, known)}]


def _explain(search: RecordSearch, sides: Sides, known: Known) -> str:
    opened = search.opened
    rows, records, entry = known.rows, known.records, known.entry
    source = sides.manifest.snapshot.source
    if not (rows or records):
        return gettext("neither the ERP nor Ödüyo had it in this run")
    if opened.table is None and opened.is_planned:
        return gettext(
            "The list of changes could not be written; the log of the task %(task)s says why.", task=search.planner
        )
    if opened.table is None:
        return gettext("not compared: the run has come to no plan")
    if rows and records:
        return _explain_unchanged(search, known)
    if rows:
        return gettext("the ERP has a row; Ödüyo held no record when it was listed")
    if known.is_entry_unread:
        return gettext("nobody knows whose record it is: a file of the ledger is damaged")
    if entry is not None and entry.is_others(source):
        return gettext("the record belongs to another source: %(source)s", source=entry.source)
    if entry is not None and entry.is_owned_by(source):
        return gettext("the record has no ERP row in this run, and is left as it is")
    return gettext("nobody's record: no row has ever matched it, so it is left as it is")


def _explain_unchanged(search: RecordSearch, known: Known) -> str:
    kept = [] if known.entry is None else known.entry.stored.items()
    fields = [
        name_field(search.resource, name)
        for name, pair in kept
        if any(format_value(record.get(name)) == (pair.stored or "") for record in known.records)
    ]
    if not fields:
        return gettext("unchanged: Ödüyo already has what the ERP wants")
    return gettext(
        "unchanged: it was sent as the ERP wants it, Ödüyo stores %(fields)s otherwise, and it is not sent again",
        fields=", ".join(fields),
    )


def _describe_entry(entry: Entry | None) -> View | None:
    if entry is None:
        return None
    return {
        "source": entry.source,
        "oduyo_id": entry.oduyo_id or "",
        "twins": list(entry.twins),
        "stored": {name: [pair.sent, pair.stored] for name, pair in entry.stored.items()},
        "missing": entry.missing
        and ngettext("no row in %(n)s applied run", "no row in %(n)s applied runs", entry.missing.count),
        "missing_since": entry.missing and entry.missing.first_at,
        "refused": entry.refused and entry.refused.words,
        "refused_since": entry.refused and entry.refused.since,
        "retired_at": entry.retired_at,
    }


def _describe_place(search: RecordSearch) -> View:
    """A place that was searched: how much it holds, and from when."""
    sides = search.sides
    if sides is None:
        return {"run_id": search.run_id}
    manifest = sides.manifest
    return {
        "run_id": search.run_id,
        "task": search.task,
        "rows": manifest.rows,
        "rows_at": manifest.started_at,
        "records": manifest.snapshot.rows,
        "records_at": manifest.snapshot.started_at,
        "lines": len(search.opened.index),
    }
