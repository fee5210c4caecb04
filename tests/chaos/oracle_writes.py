"""Judges each write by what rows asked for, what the look could find, and whose the record is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tests.chaos.history import LOOK_S, STAMPS, UNSAVED_S, Effect, History, Run, Sent
from tests.chaos.timeline import Timeline
from tests.chaos.violation import Violation, find_products

#: Missing at least so long, from the first to the last of ``missing_runs`` runs.
MISSING_S = 12 * 3600.0


def find_writes(history: History, timeline: Timeline) -> Iterator[Violation]:
    """``invented``, ``unasked``, ``older``, ``wiped`` and ``stale``, but for deletes."""
    for effect, sent in find_products(history, timeline):
        if sent.call == "delete":
            continue
        key = _find_key(timeline, effect, sent)
        is_retirement = _is_retirement(history, timeline, effect, sent)
        runs = history.find_runs(key, sent.time)
        if not runs and not is_retirement:
            yield Violation("unasked", key, f"call {sent.number} wrote record {effect.id}, of which no run has a row")
            continue
        for field in effect.fields:
            # The key goes as the ERP has it, however the site keeps it.
            if field in STAMPS or (is_retirement and field in ("status", "integration_id")):
                continue
            yield from _judge_field(history, timeline, effect, sent, field=field, key=key)


def _find_key(timeline: Timeline, effect: Effect, sent: Sent) -> str:
    return sent.column.get("integration_id") or timeline.find_key(effect.id, effect.time)


def _judge_field(
    history: History, timeline: Timeline, effect: Effect, sent: Sent, *, field: str, key: str
) -> Iterator[Violation]:
    value = sent.column.get(field, effect.fields[field] or "")
    seen = find_seen(history, timeline, effect, sent, field)
    if value in seen or (effect.call == "create" and not value):
        return
    asking = [run for run in history.runs if run.started_at <= sent.time and _asks(run, key, field, value)]
    current = [run for run in asking if run.covers(sent.time) and not _is_outdated(history, run, sent.time)]
    told = f"call {sent.number} made {field} {value!r}"
    if current:
        if effect.call == "update" and all(_is_stale(history, timeline, run, effect, seen, field) for run in current):
            yield Violation("stale", key, f"{told} over {sorted(seen)}, which is not what its plan found")
    elif asking:
        yield Violation("older", key, f"{told} of an older plan")
    elif effect.call == "create":
        yield Violation("invented", key, f"{told}, which no row has")
    elif not _is_restored(timeline, effect, field, seen):
        yield Violation("wiped", key, f"{told}; it was {sorted(seen)}")


def find_seen(history: History, timeline: Timeline, effect: Effect, sent: Sent, field: str) -> set[str]:
    """The values of the field that the look before the call may have found."""
    return timeline.find_values(effect.id, field, sent.time - LOOK_S - history.lag_s, effect.time, before=effect)


def _asks(run: Run, key: str, field: str, value: str) -> bool:
    row = run.rows.get(key)
    if row is None or run.is_dry:
        return False
    return field == "integration_id" or (field in row and (row[field] or "") == value)


def _asks_for(run: Run, sent: Sent) -> bool:
    """Whether a run has the very row that a create sent."""
    key = sent.column.get("integration_id", "")
    row = run.rows.get(key)
    return row is not None and all(_asks(run, key, name, sent.column.get(name, "")) for name in row)


def _is_outdated(history: History, run: Run, time: float) -> bool:
    return any(
        other.source == run.source and other.number > run.number and other.is_applied and 0 < other.loaded_at < time
        for other in history.runs
    )


def _is_stale(history: History, timeline: Timeline, run: Run, effect: Effect, seen: Iterable[str], field: str) -> bool:
    found = timeline.find_values(effect.id, field, run.snapshot_at - history.lag_s, run.listed_at)
    first = timeline.versions[effect.id][0]
    is_own = first.by.isdigit() and run.covers(first.time)
    return not is_own and not (found & set(seen))


def _is_restored(timeline: Timeline, effect: Effect, field: str, seen: Iterable[str]) -> bool:
    """Whether the product put the field back at once: the canary of a site that loses what an update leaves out."""
    later = [version for version in timeline.versions[effect.id] if version.time > effect.time]
    after = next((version for version in later if version.by.isdigit()), None)
    return after is not None and after.fields is not None and (after.fields.get(field) or "") in set(seen)


def _is_retirement(history: History, timeline: Timeline, effect: Effect, sent: Sent) -> bool:
    """Whether an update makes a record passive because the ERP no longer has it."""
    if sent.call != "update" or sent.column.get("status") != history.passive:
        return False
    key = timeline.find_key(effect.id, effect.time)
    under_way = [run for run in history.runs if run.covers(sent.time) and not run.is_dry]
    return not any((run.rows.get(key) or {}).get("status") == history.passive for run in under_way)


def find_retired(history: History, timeline: Timeline) -> Iterator[Violation]:
    """``retired``, and ``stale`` of deletes."""
    for effect, sent in find_products(history, timeline):
        if sent.call != "delete" and not _is_retirement(history, timeline, effect, sent):
            continue
        if sent.call == "update" and find_seen(history, timeline, effect, sent, "status") == {history.passive}:
            continue
        key = timeline.find_key(effect.id, effect.time)
        # Whoever gives the record another key after the look is not seen.
        keys = {key, timeline.find_key(effect.id, sent.time - LOOK_S - history.lag_s)}
        keys |= _find_released_keys(history, timeline, effect, sent)
        runs = [run for run in history.runs if run.covers(sent.time) and not run.is_dry and run.on_missing != "keep"]
        faults = [_find_fault(history, timeline, run, effect.id, looked) for run in runs for looked in keys]
        if all(faults):
            yield Violation("retired", key, f"call {sent.number}: {faults[0] if faults else 'no run retires'}")
        elif sent.call == "delete" and all(_is_changed(timeline, run, effect, sent) for run in runs):
            yield Violation("stale", key, f"call {sent.number} deleted record {effect.id}, which others had changed")


def _find_released_keys(history: History, timeline: Timeline, effect: Effect, sent: Sent) -> set[str]:
    """The key that a new record was sent with, where a person gave it another one before it was read back, and released that."""
    first, *later = timeline.versions[effect.id]
    is_rekeyed = any(not version.by.isdigit() and version.time - first.time <= LOOK_S for version in later)
    is_released = any("key_altered" in run.released and run.started_at <= sent.time for run in history.runs)
    is_meant = first.by.isdigit() and first.fields is not None and is_rekeyed and is_released
    return {first.fields.get("integration_id") or ""} if is_meant and first.fields else set()


def _find_fault(history: History, timeline: Timeline, run: Run, record_id: int, key: str) -> str:
    """Why this run may not retire the record; empty when it may."""
    if run.has(key):
        return "the ERP has it"
    own = [other for other in history.runs if other.source == run.source and other.number <= run.number]
    own.sort(key=lambda other: other.number)
    counted = [other for other in own if other is run or (other.is_applied and not other.is_dry)]
    matching = [other for other in counted if key in other.rows and timeline.find_records(key, other.ended_at)]
    # Also what a load sent that did not come to its end is the source's own, whatever came of it.
    names = str(record_id)
    times = [sent.time for sent in history.sent if names in sent.ids or sent.column.get("id") == names]
    matching += [other for other in own if key in other.rows and any(map(other.covers, times))]
    if not matching:
        return "no run of the source has had a row of it"
    lacking = [other for other in counted if not other.has(key)]
    # Of a load that did not come to its end only what took effect counts.
    changed = [sent.time for effect, sent in find_products(history, timeline) if effect.id == record_id]
    had = [*counted, *(other for other in own if not other.is_dry and any(map(other.covers, changed)))]
    # Of two runs beside each other either may have been the later one.
    sure = [other.number for other in had if other.has(key) and not any(map(other.overlaps, lacking))]
    last = max(sure, default=min(other.number for other in matching))
    missing = [other for other in lacking if other.number > last]
    count = len({other.run_id or other.number for other in missing})
    if count < run.missing_runs:
        return f"it was missing in {count} runs"
    # That long by the clocks of those who saw it missing.
    least_s = MISSING_S - history.clocks_apart_s
    if run.missing_runs > 1 and missing[-1].snapshot_at - missing[0].snapshot_at < least_s:
        return "it was not missing for 12 hours"
    fields = timeline.get_fields(record_id, run.listed_at) or {}
    pairs = {(row.get("key1") or "", row.get("key2") or "") for row in run.rows.values()}
    return "" if (fields.get("key1") or "", fields.get("key2") or "") in pairs else "the run has no row of its pair"


def _is_changed(timeline: Timeline, run: Run, effect: Effect, sent: Sent) -> bool:
    changes = timeline.versions[effect.id]
    return any(run.listed_at < version.time < sent.time - LOOK_S for version in changes)


def find_foreign(history: History, timeline: Timeline) -> Iterator[Violation]:
    """``foreign``."""
    owners: dict[int, str] = {}
    loaded = sorted((run for run in history.runs if run.is_applied and not run.is_dry), key=lambda run: run.loaded_at)
    for effect, sent in find_products(history, timeline):
        for run in [run for run in loaded if run.loaded_at < sent.time]:
            _note_owners(history, timeline, run, owners)
            loaded.remove(run)
        sources = {run.source for run in history.runs if run.covers(sent.time) and not run.is_dry}
        makers = {run.source for run in history.runs if run.covers(sent.time) and _asks_for(run, sent)}
        # A record that nobody knows to be made belongs to whoever matches it.
        is_known = not sent.is_lost and not any(0 <= kill - sent.time <= UNSAVED_S for kill in history.kills)
        if effect.call == "create" and is_known and len(makers) == 1:
            owners[effect.id] = next(iter(makers))
        owner = owners.get(effect.id)
        is_released = any("other_source" in run.released for run in history.runs if run.covers(sent.time))
        if owner is not None and sources and owner not in sources and not is_released:
            key = timeline.find_key(effect.id, effect.time)
            yield Violation("foreign", key, f"call {sent.number} changed a record of {owner}; {sorted(sources)} ran")


def _note_owners(history: History, timeline: Timeline, run: Run, owners: dict[int, str]) -> None:
    for key in run.rows.keys() - run.rejected:
        if "other_source" not in run.released and _is_contested(history, run, key):
            continue  # whoever came first
        records = timeline.find_records(key, run.loaded_at)
        if len(records) > 1 and history.hidden & set(records):
            continue  # whichever was listed
        for record_id in records[:1]:
            if record_id not in owners or "other_source" in run.released:
                owners[record_id] = run.source


def _is_contested(history: History, run: Run, key: str) -> bool:
    """Whether by the run's end a run of another source had had a row with the key, and did not reject it."""
    return any(
        key in other.rows and key not in other.rejected and not other.is_dry and other.started_at <= run.ended_at
        for other in history.runs
        if other.source != run.source
    )
