"""One record's history, and why it is as it is: what each run did to it, and what it is in the ERP, in Ödüyo and here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from oduyo_provider.core.field_labels import label_fields
from oduyo_provider.core.language import gettext, ngettext
from oduyo_provider.core.ledger import Entry
from oduyo_provider.core.record import Remote, Resource
from oduyo_provider.page.labels import label
from oduyo_provider.page.run_cache import OpenedRun
from oduyo_provider.page.search_text import fold
from oduyo_provider.page.sides import Candidate, Row, Sides
from oduyo_provider.sync.staging.change_lines import ChangeLine
from oduyo_provider.sync.staging.folder import Folder
from oduyo_provider.sync.staging.past_changes import PastChange, read_all_past_changes, read_past_changes

View = dict[str, Any]

#: Rows and records that a search lists.
MAX_CANDIDATES = 50


class RecordSearch(msgspec.Struct, frozen=True):
    """Where a record is looked for.

    :param sides: of the run that is asked about; None where it has read nothing yet.
    :param opened: its changes.
    :param resource: what the records are.
    :param run_id: of that run; empty where there is none.
    """

    root: Folder
    dag_id: str
    sides: Sides | None
    opened: OpenedRun
    resource: Resource
    run_id: str = ""


def compute_record_view(search: RecordSearch, text: str) -> View:
    """What is known of a code or an id: one record, a choice of several, or where was looked in vain."""
    fields = label_fields(search.resource)
    view: View = {
        "asked": text.strip(),
        "dag_id": search.dag_id,
        "fields": fields,
        "looked": _describe_places(search),
    }
    words = fold(text).split()
    if not words:
        return {**view, "record": None, "candidates": []}
    key = search.sides.read_key(text) if search.sides else text.strip()
    if key and (record := _describe_record(search, key)) is not None:
        return {**view, "record": record, "candidates": []}
    found, is_cut = _find_candidates(search, words, fold(text.strip()))
    if len(found) == 1 and found[0].integration_id:
        key = search.sides.read_key(found[0].integration_id) if search.sides else found[0].integration_id
        return {**view, "record": key and _describe_record(search, key), "candidates": []}
    return {**view, "record": None, "candidates": found, "is_cut": is_cut}


def _find_candidates(search: RecordSearch, words: list[str], whole: str) -> tuple[list[Candidate], bool]:
    """Rows, records and past changes with these words, each key once; those whose code or id is the whole text alone."""
    by_key: dict[str, Candidate] = {}
    exact: dict[str, Candidate] = {}
    is_cut = False
    for found in _iterate_candidates(search, words):
        key = found.integration_id or f"\0{found.oduyo_id}"
        if whole in (fold(found.code), fold(found.oduyo_id)):
            exact.setdefault(key, found)
        elif len(by_key) < MAX_CANDIDATES:
            by_key.setdefault(key, found)
        else:
            is_cut = is_cut or key not in by_key
    if exact:
        return list(exact.values())[:MAX_CANDIDATES], len(exact) > MAX_CANDIDATES
    return list(by_key.values()), is_cut


def _iterate_candidates(search: RecordSearch, words: list[str]) -> Iterable[Candidate]:
    if search.sides is not None:
        yield from search.sides.search(words)
    for change in read_all_past_changes(search.root, search.dag_id):
        text = fold("\n".join((change.integration_id, change.oduyo_id, change.code)))
        if all(word in text for word in words):
            yield Candidate(change.integration_id, change.oduyo_id, change.code, "")


def _describe_record(search: RecordSearch, key: str) -> View | None:
    """Everything about one key; None where nobody knows it."""
    sides = search.sides
    entry = sides.read_entry(search.root, key) if sides else None
    rows = sides.read_rows(key) if sides else []
    records = sides.read_records(key, entry) if sides else []
    lines = search.opened.index.find_key(key, sides.partitions) if sides else []
    past = read_past_changes(search.root, search.dag_id, key)
    if not (entry or rows or records or lines or past.changes):
        return None
    return {
        "integration_id": _name(key, rows, records, lines, past.changes),
        "code": next((code for code in _list_codes(rows, records, lines, past.changes) if code), ""),
        "states": _describe_states(search, entry, rows, records, lines),
        "erp": [{name: _show(value) for name, value in row.items()} for row in rows],
        "oduyo": records,
        "memory": _describe_entry(entry),
        "history": [_describe_past(change) for change in reversed(past.changes)],
        "dropped_until": past.dropped_until or None,
    }


def _describe_states(
    search: RecordSearch,
    entry: Entry | None,
    rows: Sequence[Row],
    records: Sequence[Remote],
    lines: Sequence[ChangeLine],
) -> list[View]:
    """What the run made of the record: its lines in the table, or what the missing of one means."""
    told = [{**msgspec.to_builtins(line), "label": label(line.outcome)} for line in lines]
    if any(line.outcome != "warned" for line in lines) or search.sides is None:
        return told
    return [*told, {"outcome": "", "label": "", "reason": _explain(search.opened, search.sides, entry, rows, records)}]


def _explain(
    opened: OpenedRun, sides: Sides, entry: Entry | None, rows: Sequence[Row], records: Sequence[Remote]
) -> str:
    source = sides.manifest.snapshot.source
    if not (rows or records):
        return gettext("neither the ERP nor Ödüyo had it in this run")
    if opened.table is None and opened.is_planned:
        return gettext("The list of changes could not be written; the log of the task guard says why.")
    if opened.table is None:
        return gettext("not compared: the run has come to no plan")
    if rows and records:
        return gettext("unchanged: Ödüyo already has what the ERP wants")
    if rows:
        return gettext("the ERP has a row; Ödüyo held no record when it was listed")
    if entry is not None and entry.is_others(source):
        return gettext("the record belongs to another source: %(source)s", source=entry.source)
    if entry is not None and entry.is_owned_by(source):
        return gettext("the record has no ERP row in this run, and is left as it is")
    return gettext("nobody's record: no row has ever matched it, so it is left as it is")


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


def _describe_past(change: PastChange) -> View:
    return {**msgspec.to_builtins(change), "label": label(change.outcome)}


def _describe_places(search: RecordSearch) -> View:
    """Where was looked, with how much there is and of when."""
    sides = search.sides
    if sides is None:
        return {"run_id": search.run_id}
    manifest = sides.manifest
    return {
        "run_id": search.run_id,
        "rows": manifest.rows,
        "rows_at": manifest.started_at,
        "records": manifest.snapshot.rows,
        "records_at": manifest.snapshot.started_at,
        "lines": len(search.opened.index),
    }


def _name(
    key: str,
    rows: Sequence[Row],
    records: Sequence[Remote],
    lines: Sequence[ChangeLine],
    past: Sequence[PastChange],
) -> str:
    known = [*(line.integration_id for line in lines), *(change.integration_id for change in past)]
    known += [_show(row.get("integration_id")) for row in rows]
    return next(iter(known), "") or next((record.get("integration_id") or "" for record in records), "") or key


def _list_codes(
    rows: Sequence[Row], records: Sequence[Remote], lines: Sequence[ChangeLine], past: Sequence[PastChange]
) -> list[str]:
    codes = [_show(row.get("code")) for row in rows] + [record.get("code") or "" for record in records]
    return [*codes, *(line.code for line in lines), *(change.code for change in reversed(past))]


def _show(value: object) -> str:
    return "" if value is None else str(value)
