"""Finds out what became of changes whose answer was lost."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from oduyo_provider.core.change import Action, Change
from oduyo_provider.core.drift import can_be_made_of, can_be_natural_key_of
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
            found.update(await self.find_created(recorder, creates, await self._lookup.fetch_above(floor)))
        return found

    async def find_created(
        self, recorder: Recorder, changes: Sequence[Change], window: Window
    ) -> dict[str, list[Remote]]:
        """The records that creates whose id is not known may have made, lowest id first: key → records above its floor.

        By key; else by the key as this site may store it together with the natural key, whose code may be cut or in other
        letters, leaving out other rows' records.
        """
        found = {change.key: self._find_same(recorder, change, window) for change in changes}
        if all(found.values()):
            return found
        await recorder.elsewhere.read()
        taken = {result.oduyo_id for result in recorder.results.values() if result.oduyo_id}
        taken |= {entry.oduyo_id for entry in recorder.entries.values() if entry.oduyo_id}
        taken |= {str(record["id"]) for same in found.values() for record in same}
        for change in changes:
            if not found[change.key]:
                found[change.key] = self._find_altered(recorder, change, window, taken)
                taken.update(str(record["id"]) for record in found[change.key][:1])
        return found

    def find_named(
        self, recorder: Recorder, change: Change, named: Remote | None, window: Window, *, is_last: bool
    ) -> Remote | None:
        """The record of a create whose answer named an id; None when it does not show.

        A site may name another record than it made, such as the highest that there is when it looks. So the named one is the
        create's when it carries the key, or when it is newer than the create and no other new one carries the key.

        :param named: the record with that id; None when it is not listed.
        :param is_last: it is not looked for again: the named one will not show.
        """
        if named is not None:
            if compute_record_key(named, self._work.normaliser) == compute_match_key(change.integration_id):
                return named
        elif not is_last:
            return None
        if same := self._find_same(recorder, change, window):
            return same[0]
        is_new = named is not None and int(named["id"] or 0) > recorder.floors.get(change.key, 0)
        return named if is_new else None

    @staticmethod
    def _find_same(recorder: Recorder, change: Change, window: Window) -> list[Remote]:
        floor = recorder.floors.get(change.key, 0)
        same = window.by_key.get(compute_match_key(change.integration_id), [])
        return [record for record in same if int(record["id"] or 0) > floor]

    def _find_altered(self, recorder: Recorder, change: Change, window: Window, taken: Collection[str]) -> list[Remote]:
        normaliser, floor = self._work.normaliser, recorder.floors.get(change.key, 0)
        natural_key = normaliser.resource.natural_key
        wanted = compute_natural_key(change.payload, natural_key)
        if wanted is None and not self._work.is_known("key_altered"):
            return []
        free = [
            record
            for record in window.records
            if int(record["id"] or 0) > floor
            and record["id"] not in taken
            and not recorder.is_key_of_other(change, compute_record_key(record, normaliser))
            and not recorder.elsewhere.has_id(str(record["id"]))
        ]
        if wanted is None:
            return [
                record
                for record in free
                if record.get("integration_id") and can_be_made_of(change, record, normaliser, has_natural_key=False)
            ]
        return [
            record
            for record in free
            if (found := compute_natural_key(record, natural_key)) is not None
            and can_be_natural_key_of(wanted, found)
            and can_be_made_of(change, record, normaliser, has_natural_key=found == wanted)
        ]
