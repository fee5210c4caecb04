"""Judges what runs say of themselves: green, and the figures of their reports."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tests.chaos.history import DATES, READ_BACK_S, Fields, History, Run
from tests.chaos.timeline import Timeline, Version, normalise_key
from tests.chaos.violation import Violation, find_products

#: Each figure of a report and those that add up to it.
SUMS = {
    "extracted": (
        *("repeated", "rejected", "unchanged", "created", "updated"),
        *("refused", "failed", "doubtful", "stale", "not_applied"),
    ),
    "missing": ("kept_missing", "deactivated", "deleted", "missing_refused", "missing_failed"),
}
#: Figures that are red.
RED = ("failed", "doubtful", "stale", "not_applied", "missing_failed", "new_duplicates")


def find_false_greens(history: History, timeline: Timeline) -> Iterator[Violation]:
    """``false_green``."""
    for run in history.runs:
        if not run.is_green or run.is_dry:
            continue
        name = f"run {run.number} of {run.source}"
        if red := {figure: run.report[figure] for figure in RED if run.report.get(figure)}:
            yield Violation("false_green", "", f"{name} says success and {red}")
        if run.sync_mode == "create":
            continue
        for key, row in run.rows.items():
            if key in run.rejected or key in run.refused or _is_disputed(history, run, key, row):
                continue
            if fault := _find_fault(history, timeline, run, key, row):
                yield Violation("false_green", key, f"{name}: {fault}")


def _is_disputed(history: History, run: Run, key: str, row: Fields) -> bool:
    """Whether another run beside this one had another row for the key, or, of the same source, none."""
    beside = (other for other in history.runs if other is not run and run.overlaps(other))
    return any(other.rows.get(key, row if other.source != run.source else None) != row for other in beside)


def _find_fault(history: History, timeline: Timeline, run: Run, key: str, row: Fields) -> str:
    """Why the row is not in step at the run's end; empty when it is, or when somebody changed that meanwhile.

    A row that needs no change is seen in the listing, and not again.
    """
    records = timeline.find_records(key, run.ended_at)
    # A key that a person changed right after a write looks like what the site made of it: the record stays the row's.
    renamed = [
        other
        for other in sorted(timeline.find_ids(key) - {*records})
        if timeline.is_unnoticed(other, "integration_id", run.ended_at)
    ]
    seen_at = run.snapshot_at - history.lag_s
    is_taken = any(
        _is_by_another(history, timeline, run, row, version)
        and seen_at <= version.time <= run.ended_at
        and (version.fields is None or not timeline.is_of(record_id, key, version.time))
        for record_id in timeline.find_ids(key)
        for version in timeline.versions[record_id]
    )
    if not records:
        return "" if is_taken or renamed else "there is no record"
    if _count_shown(history, timeline, run, key, records) > max(1, _count_known(history, timeline, run, key)):
        return f"records {records} are new twins"
    faults = [_find_difference(history, timeline, run, record_id, row) for record_id in (*records, *renamed)]
    return faults[0] if all(faults) and not is_taken else ""


def _count_shown(history: History, timeline: Timeline, run: Run, key: str, records: Sequence[int]) -> int:
    """How many of the key's records the run's listing or its read-back must have shown."""
    count, calls = 0, set[str]()
    for record_id in records:
        first = timeline.versions[record_id][0]
        if record_id in history.hidden:
            continue
        if first.by == "person":
            # What a person makes with a key as the site keeps it is nobody's: only the product's own is known by its id.
            is_the_keys = normalise_key(timeline.find_key(record_id, run.ended_at)) == normalise_key(key)
            count += is_the_keys and first.time < run.snapshot_at - history.lag_s
        else:
            # A second record of one call may show a moment later than the first.
            is_late = first.by in calls and run.ended_at - first.time < READ_BACK_S + history.lag_s
            count += not is_late
            calls.add(first.by)
    return count


def _count_known(history: History, timeline: Timeline, run: Run, key: str) -> int:
    """How many records of the key were known before: to the applied run before, or to the first one's snapshot.

    A run that was killed before its report is red, and what its listing showed stands in its plan; once its load was through,
    what that read back too.
    """
    earlier = [
        other for other in history.runs if other.source == run.source and other.number < run.number and not other.is_dry
    ]
    told = [
        other.ended_at if other.report else other.loaded_at
        for other in earlier
        if other.is_applied or other.report.get("new_duplicates")
    ]
    killed = [other.listed_at for other in earlier if not other.report and not other.is_applied]
    moment = max([*told, *killed]) if told else run.listed_at
    return sum(record_id not in history.hidden for record_id in timeline.find_records(key, moment))


def _find_difference(history: History, timeline: Timeline, run: Run, record_id: int, row: Fields) -> str:
    fields = timeline.get_fields(record_id, run.ended_at) or {}
    for field, wanted in row.items():
        if field == "integration_id" or history.is_stored(field, wanted, fields.get(field)):
            continue
        if field in DATES and _is_confirmed(history, record_id, field, wanted, run.ended_at):
            continue  # dates are Ödüyo's to set, whatever it is sent
        seen_at = run.snapshot_at - history.lag_s
        late = [v for v in timeline.versions[record_id] if seen_at <= v.time <= run.ended_at]
        is_others = any(_is_by_another(history, timeline, run, row, version) for version in late)
        if not is_others and not timeline.is_unnoticed(record_id, field, run.ended_at):
            return f"{field} is {fields.get(field)!r}, not {wanted!r}"
    return ""


def _is_by_another(history: History, timeline: Timeline, run: Run, row: Fields, version: Version) -> bool:
    """Whether a person wrote it, or another source while the run was not under way: between its listing and its cleared load.

    Where an earlier try of the run was under way too, what was sent tells whose it is.
    """
    if version.by == "person":
        return True
    sent = timeline.find_sent(version.effect)
    if sent is None or run.covers(sent.time):
        return False
    is_the_rows = sent.call != "delete" and all(sent.column.get(name, "") == (row[name] or "") for name in row)
    others = (other for other in history.runs if other.source != run.source and not other.is_dry)
    return not is_the_rows and any(other.covers(sent.time) for other in others)


def _is_confirmed(history: History, record_id: int, field: str, value: str | None, until: float) -> bool:
    """Whether a call that gave the record's field this value was answered with a yes."""
    name = str(record_id)
    return any(
        sent.is_confirmed and sent.time <= until and (name in sent.ids or sent.column.get("id") == name)
        for sent in history.sent
        if sent.column.get(field) == value
    )


def find_wrong_figures(history: History, timeline: Timeline) -> Iterator[Violation]:
    """``sums`` and ``untold``."""
    for run in history.runs:
        report, name = run.report, f"run {run.number} of {run.source}"
        if not report:
            continue
        for whole, parts in SUMS.items():
            total = sum(int(report.get(part, 0)) for part in parts)
            if total != report.get(whole, 0):
                yield Violation("sums", "", f"{name}: {whole} is {report.get(whole, 0)}, its parts add up to {total}")
        made = _find_made(history, timeline, run)
        told = sum(int(report.get(figure, 0)) for figure in ("created", "failed", "doubtful", "refused"))
        if len(made) > told:
            yield Violation("untold", "", f"{name}: {len(made)} keys were made, and the report tells of {told}")


def find_dry_writes(history: History, _timeline: Timeline) -> Iterator[Violation]:
    """``written_dry``."""
    for sent in history.sent:
        under_way = [run for run in history.runs if run.covers(sent.time)]
        if under_way and all(run.is_dry for run in under_way):
            key = sent.column.get("integration_id", "")
            yield Violation("written_dry", key, f"call {sent.number} came in run {under_way[0].number}")


def _find_made(history: History, timeline: Timeline, run: Run) -> set[str]:
    """Keys of this run's rows of which a call made a record while no other run was under way."""
    made = set()
    for effect, sent in find_products(history, timeline):
        if effect.call == "create" and [other for other in history.runs if other.covers(sent.time)] == [run]:
            made.add(sent.column.get("integration_id", ""))
    return made & run.rows.keys()
