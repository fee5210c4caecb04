"""Every record at every moment, out of the history of its changes."""

from __future__ import annotations

import re
from collections import defaultdict

import msgspec

from tests.chaos.history import READ_BACK_S, Effect, Fields, History, Sent

UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)


class Version(msgspec.Struct, frozen=True):
    """A record from one change to the next; ``fields`` is None once it is deleted."""

    effect: Effect
    fields: Fields | None

    @property
    def time(self) -> float:
        """When it began."""
        return self.effect.time

    @property
    def by(self) -> str:
        """Who made it so."""
        return self.effect.by


class Timeline:
    """Every record at every moment."""

    def __init__(self, history: History) -> None:
        self._history = history
        self.sent = {sent.number: sent for sent in history.sent}
        self.versions: dict[int, list[Version]] = defaultdict(list)
        self._keys: dict[int, list[tuple[float, str]]] = defaultdict(list)
        self._ids: dict[str, set[int]] = defaultdict(set)
        self._confirmed: dict[str, list[Sent]] = defaultdict(list)
        for sent in history.sent:
            if sent.is_confirmed and "id" in sent.column:
                self._confirmed[sent.column["id"]].append(sent)
        for effect in history.effects:
            last = self.versions[effect.id][-1].fields if self.versions[effect.id] else None
            fields = None if effect.call == "delete" else {**(last or {}), **effect.fields}
            self.versions[effect.id].append(Version(effect, fields))
            if "integration_id" in effect.fields:
                self._note_key(effect)

    def _note_key(self, effect: Effect) -> None:
        sent, stored = self.find_sent(effect), effect.fields["integration_id"] or ""
        key = sent.column.get("integration_id", stored) if sent is not None else stored
        self._keys[effect.id].append((effect.time, key))
        self._ids[normalise_key(key)].add(effect.id)

    def find_sent(self, effect: Effect) -> Sent | None:
        """The call that did it; None for a person's or a seed."""
        return self.sent.get(int(effect.by)) if effect.is_products else None

    def get_version(self, record_id: int, time: float) -> Version | None:
        """The record as of ``time``; None before it was made."""
        found = [version for version in self.versions[record_id] if version.time <= time]
        return found[-1] if found else None

    def get_fields(self, record_id: int, time: float) -> Fields | None:
        """Its fields as of ``time``; None when it was not there."""
        version = self.get_version(record_id, time)
        return version.fields if version is not None else None

    def find_values(
        self, record_id: int, field: str, since: float, until: float, *, before: Effect | None = None
    ) -> set[str]:
        """Every value that the field had at some moment from ``since`` to ``until``, and before the change ``before``."""
        versions = self.versions[record_id]
        if before is not None:
            versions = versions[: [version.effect is before for version in versions].index(True)]
        first = [version for version in versions if version.time <= since][-1:]
        during = [version for version in versions if since < version.time <= until]
        return {version.fields.get(field) or "" for version in (*first, *during) if version.fields is not None}

    def is_unnoticed(self, record_id: int, field: str, time: float) -> bool:
        """Whether the field is as somebody made it between a call and its read-back, as of ``time``.

        What lists leave out is not read back before they show it, be it days later. A call that was answered with a yes and ignored is as good as one that wrote: it shows the other's value alike.
        """
        setting = [v for v in self.versions[record_id] if v.time <= time and field in v.effect.fields]
        if not setting or setting[-1].by.isdigit():
            return False
        edited_at = setting[-1].time
        since = 0.0 if record_id in self._history.hidden else edited_at - READ_BACK_S - self._history.lag_s
        called = [v.time for v in self.versions[record_id] if v.by.isdigit()]
        called += [sent.time for sent in self._confirmed[str(record_id)] if field in sent.column]
        return any(
            moment <= edited_at and (since <= moment or self._is_same_run(moment, edited_at)) for moment in called
        )

    def _is_same_run(self, first: float, second: float) -> bool:
        """Whether one run was under way at both moments: what it writes is read back at its load's end."""
        return any(run.covers(first) and run.covers(second) for run in self._history.runs)

    def find_key(self, record_id: int, time: float) -> str:
        """The record's ``integration_id`` as whoever wrote it last meant it, however the site stored it."""
        found = [key for moment, key in self._keys[record_id] if moment <= time]
        return found[-1] if found else ""

    def find_ids(self, key: str) -> set[int]:
        """The records that ever carried the key, in any of its forms."""
        forms = {key, *self._history.find_forms("integration_id", key)}
        return {record_id for form in forms for record_id in self._ids[normalise_key(form)]}

    def find_records(self, key: str, time: float) -> list[int]:
        """The records with this key that are there at ``time``, in ascending order."""
        return [
            record_id
            for record_id in sorted(self.find_ids(key))
            if self.get_fields(record_id, time) is not None and self.is_of(record_id, key, time)
        ]

    def is_of(self, record_id: int, key: str, time: float) -> bool:
        """Whether the record carries the key: as written, or as the site stores it, or alike once normalised."""
        found = self.find_key(record_id, time)
        return normalise_key(found) == normalise_key(key) or found in self._history.find_forms("integration_id", key)


def normalise_key(key: str) -> str:
    """A key without blanks around it and without ``.0``; a UUID without regard to case."""
    text = key.strip().removesuffix(".0")
    return text.lower() if UUID.fullmatch(text) else text
