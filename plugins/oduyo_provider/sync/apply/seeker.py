"""Finds out what became of changes whose answer was lost."""

from __future__ import annotations

from collections.abc import Sequence

from oduyo_provider.core.change import Action, Change
from oduyo_provider.core.drift import can_be_key_of
from oduyo_provider.core.matching import compute_natural_key, compute_record_key
from oduyo_provider.core.record import Remote
from oduyo_provider.core.values.text import compute_match_key
from oduyo_provider.sync.apply.lookup import Lookup, Window
from oduyo_provider.sync.apply.recorder import Recorder
from oduyo_provider.sync.apply.work import Course, Work


class Seeker:
    """Looks for the records of changes that may have been transmitted."""

    def __init__(self, work: Work, course: Course, lookup: Lookup) -> None:
        self._work = work
        self._course = course
        self._lookup = lookup

    async def seek(self, recorder: Recorder, changes: Sequence[Change]) -> dict[str, list[Remote]]:
        """Each change's records as of now, lowest id first: key → records; a create's are those above its floor."""
        creates = [change for change in changes if change.action is Action.CREATE]
        others = [change for change in changes if change.action is not Action.CREATE]
        found: dict[str, list[Remote]] = {change.key: [] for change in changes}
        records = await self._lookup.fetch_by_ids({str(change.oduyo_id) for change in others})
        for change in others:
            if (record := records.get(str(change.oduyo_id))) is not None:
                found[change.key].append(record)
        if creates:
            floor = min(recorder.floors.get(change.key, 0) for change in creates)
            window = await self._lookup.fetch_above(floor)
            for change in creates:
                found[change.key] = await self._find_created(recorder, change, window)
        return found

    async def _find_created(self, recorder: Recorder, change: Change, window: Window) -> list[Remote]:
        """By key; by the key as this site may store it; by the natural key, leaving out other rows' records."""
        floor = recorder.floors.get(change.key, 0)
        same = window.by_key.get(compute_match_key(change.integration_id), [])
        found = [record for record in same if int(record["id"] or 0) > floor]
        if found:
            return found
        natural_key = self._work.normaliser.resource.natural_key
        wanted = compute_natural_key(change.payload, natural_key)
        if wanted is None and not self._work.is_known("key_altered"):
            return []
        taken = {result.oduyo_id for result in recorder.results.values() if result.oduyo_id}
        taken |= {entry.oduyo_id for entry in recorder.entries.values() if entry.oduyo_id}
        return [
            record
            for record in window.records
            if int(record["id"] or 0) > floor
            and record["id"] not in taken
            and not self._is_anothers(recorder, change, record)
            and can_be_key_of(change.integration_id, record.get("integration_id"))
            and (wanted is None or compute_natural_key(record, natural_key) == wanted)
            and (wanted is not None or bool(record.get("integration_id")))
        ]

    def _is_anothers(self, recorder: Recorder, change: Change, record: Remote) -> bool:
        """Whether a record holds the very key of another row."""
        key = compute_record_key(record, self._work.normaliser)
        if key is None or key == compute_match_key(change.integration_id):
            return False
        return key in recorder.row_keys or key in recorder.entries
