"""What happened to the records that a violation names: schedules with threads in them do not always run alike a second time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tests.chaos.history import History
from tests.chaos.timeline import Timeline


def tell_story(history: History, keys: Iterable[str]) -> str:
    """Every run, and for each key its rows, its records' versions and the calls for them; seconds since the first run."""
    timeline, base = Timeline(history), min((run.started_at for run in history.runs), default=0.0)
    lines = [
        f"run {run.number} of {run.source}: {run.started_at - base:.1f}, listed {run.snapshot_at - base:.1f} to "
        f"{run.listed_at - base:.1f}, loaded {max(run.loaded_at - base, 0):.1f}, ended {run.ended_at - base:.1f}, "
        f"applied {run.is_applied}, green {run.is_green}, { ({name: n for name, n in run.report.items() if n and type(n) is int}) }"
        for run in history.runs
    ]
    return "\n".join([*lines, *(line for key in sorted(set(keys)) for line in _tell_key(history, timeline, key, base))])


def _tell_key(history: History, timeline: Timeline, key: str, base: float) -> Iterator[str]:
    yield f"key {key}"
    for run in history.runs:
        told = "rejected" if key in run.rejected else "refused" if key in run.refused else ""
        yield f"  row in run {run.number} of {run.source}: {run.rows.get(key)} {told}"
    ids = timeline.find_ids(key)
    for oduyo_id in sorted(ids):
        for version in timeline.versions[oduyo_id]:
            changed = dict(version.effect.fields)
            yield f"  {version.time - base:.1f} record {oduyo_id}: {version.effect.call} by {version.by} {changed}"
    for sent in history.sent:
        if sent.column.get("integration_id") == key or sent.column.get("id") in map(str, ids):
            yield f"  {sent.time - base:.1f} call {sent.number}: {sent.call} {dict(sent.column)}"
            yield f"    answered {sent.status} {sent.fault} {sent.answer[:80]}, did {sent.ids}"
