"""Judges whether the first change of a kind went alone: what a site does to values shows on one record, not on many."""

from __future__ import annotations

from collections.abc import Iterator

from tests.chaos.history import History, Run, Sent
from tests.chaos.timeline import Timeline, normalise_key
from tests.chaos.violation import Violation

#: Changes that a run may send until one was read back: each of its tries sends a first one, and three may have no effect.
LIMIT = 6
#: Fields of which other letters are a fault of the site.
TEXTS = ("code", "description")


def find_crowds(history: History, timeline: Timeline) -> Iterator[Violation]:
    """``crowd``."""
    for run in history.runs:
        sent = [one for one in history.sent if one.is_confirmed and _is_runs(history, run, one)]
        creates = [one for one in sent if one.call == "create"]
        updates = [one for one in sent if one.call == "update"]
        name = f"run {run.number} of {run.source}"
        if not _is_released(history, run, "key_altered"):
            altered = [one for one in creates if _has_other_key(timeline, one)]
            if len(altered) > LIMIT:
                yield Violation(
                    "crowd", "", f"{name}: {len(altered)} records were made whose keys are stored otherwise"
                )
        if not _is_released(history, run, "letters") and creates and _has_other_letters(timeline, creates[0]):
            altered = [one for one in creates if _has_other_letters(timeline, one)]
            if len(altered) > LIMIT:
                yield Violation("crowd", "", f"{name}: {len(altered)} records were made with other letters")
        # One of which only a beginning is held, as before, looks like one that took effect and was cut.
        is_cut = any(_is_cut(timeline, one) for one in updates)
        if len(updates) > LIMIT and not is_cut and not any(one.ids for one in updates):
            yield Violation("crowd", "", f"{name}: {len(updates)} updates had no effect")


def _is_runs(history: History, run: Run, sent: Sent) -> bool:
    """Whether a call can only be this run's."""
    return [other for other in history.runs if other.covers(sent.time)] == [run] and not run.is_dry


def _is_released(history: History, run: Run, brake: str) -> bool:
    """Whether a person has released a brake for the site, in this run, before it, or while it waited."""
    return any(brake in other.released and other.started_at <= run.ended_at for other in history.runs)


def _has_other_key(timeline: Timeline, sent: Sent) -> bool:
    key = sent.column.get("integration_id", "")
    return any(normalise_key(stored) != normalise_key(key) for stored in _find_stored(timeline, sent, "integration_id"))


def _has_other_letters(timeline: Timeline, sent: Sent) -> bool:
    return any(
        not (stored and sent.column.get(field, "").startswith(stored))
        for field in TEXTS
        if sent.column.get(field)
        for stored in _find_stored(timeline, sent, field)
    )


def _is_cut(timeline: Timeline, sent: Sent) -> bool:
    """Whether all that an update would change is already held as its beginning: it was cut, not ignored."""
    fields = timeline.get_fields(int(sent.column["id"]), sent.time) or {}
    written = {name: text for name, text in sent.column.items() if name != "id" and text}
    differs = [(text, fields.get(name) or "") for name, text in written.items() if text != fields.get(name)]
    return bool(differs) and all(stored and text.startswith(stored) for text, stored in differs)


def _find_stored(timeline: Timeline, sent: Sent, field: str) -> list[str]:
    """What the records that a create made held at first."""
    first = [timeline.versions[int(record_id)][:1] for record_id in sent.ids]
    return [version.fields.get(field) or "" for [version] in filter(None, first) if version.fields is not None]
