"""Finds out what became of changes whose answer was lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Sequence

import msgspec

from oduyo_provider.core.change import Action, Change, Result
from oduyo_provider.core.made_records import can_be_made_of, can_be_natural_key_of, is_made_in_another_form
from oduyo_provider.core.matching import compute_natural_key, compute_record_key
from oduyo_provider.core.record import Remote
from oduyo_provider.core.values.text import compute_match_key
from oduyo_provider.sync.apply.habits import is_whole_key
from oduyo_provider.sync.apply.lookup import Lookup, Window
from oduyo_provider.sync.apply.overwritten import check_overwritten, was_there
from oduyo_provider.sync.apply.recorder import Recorder
from oduyo_provider.sync.apply.work import Course, Work

#: After so many answers that named a wrong, older record, the site's answers are no longer checked one by one.
FEW_WRONG_IDS = 10
#: At most so many creates without an id in their answer are looked up by key among all records.
MOST_SOUGHT = 20


class Seeker:
    """Looks for the records of changes that may have been transmitted."""

    def __init__(self, work: Work, course: Course, lookup: Lookup) -> None:
        self._work = work
        self._course = course
        self._lookup = lookup
        self._wrong_ids = 0

    async def seek(self, recorder: Recorder, changes: Sequence[Change]) -> dict[str, list[Remote]]:
        """The present records of each change, lowest id first: key → records. A create's have ids above its floor.

        A create that is not listed is also looked up by its key: lists may leave records out.
        """
        creates = [change for change in changes if change.action is Action.CREATE]
        others = [change for change in changes if change.action is not Action.CREATE]
        records = await self._lookup.fetch_by_ids({str(change.oduyo_id) for change in others}, each=True)
        seen = ((change, records.get(str(change.oduyo_id))) for change in others)
        found = {change.key: [record] if record else [] for change, record in seen}
        if creates:
            floor = min(recorder.floors.get(change.key, 0) for change in creates)
            window = await self._lookup.fetch_above(floor)
            found.update(await self.find_created(recorder, creates, window))
            if unseen := [change.integration_id for change in creates if not found[change.key]]:
                window = await self._lookup.fetch_more(window, unseen)
                found.update(await self.find_created(recorder, creates, window))
        return found

    async def find_created(
        self, recorder: Recorder, changes: Sequence[Change], window: Window
    ) -> dict[str, list[Remote]]:
        """Records that creates of unknown id may have made, lowest id first: key → records above its floor.

        Found by key; else by a form of the key together with the natural key, whose code may be cut or have other letters.
        Other rows' records are left out.
        """
        found = {change.key: self._find_same(recorder, change, window) for change in changes}
        if all(found.values()):
            return found
        await recorder.elsewhere.read()
        taken = {result.oduyo_id for result in recorder.results.values() if result.oduyo_id}
        taken |= {str(record["id"]) for same in found.values() for record in same}
        known = {entry.oduyo_id for entry in recorder.entries.values() if entry.oduyo_id}
        for change in changes:
            if not found[change.key]:
                found[change.key] = self._find_altered(recorder, change, window, taken, known)
                taken.update(str(record["id"]) for record in found[change.key][:1])
        return found

    async def find_made(
        self,
        recorder: Recorder,
        creates: Sequence[Change],
        list_made: Callable[[], Awaitable[Window]],
        *,
        is_last: bool,
    ) -> tuple[dict[str, list[Remote]], Window]:
        """The records that creates made (key → records), and the listing. Where the answer named the right id, that record alone.

        :param list_made: lists all records that they can have made.
        :param is_last: there is no further look: what is not listed now counts as absent.
        :raises CanaryError: a create wrote over a record that was there before.
        """
        window = await list_made()
        late = await self._lookup.fetch_by_ids(_list_ids(recorder, creates) - window.by_id.keys())
        if late:  # visible only after the listing was made; their twins may be so too
            window = await list_made()
        by_id = {**window.by_id, **late}
        named = [(change, by_id.get(recorder.results[change.key].oduyo_id or "")) for change in creates]
        await self._check_overwritten(recorder, [(change, record) for change, record in named if record is not None])
        await self._forget_wrong_ids(recorder, named, window, is_last=is_last)
        nameless = [change for change in creates if recorder.results[change.key].oduyo_id is None]
        found = await self.find_created(recorder, nameless, window)
        if is_last:
            unseen = [change for change in nameless if not found[change.key]][:MOST_SOUGHT]
            below = [(change, await self._lookup.fetch_by_key(change.integration_id)) for change in unseen]
            await self._check_overwritten(recorder, [(change, record) for change, same in below for record in same])
        for change in creates:
            if (known := recorder.results[change.key].oduyo_id) is not None:
                found[change.key] = [by_id[known]] if known in by_id else []
        return found, window

    async def check_named(self, recorder: Recorder, change: Change) -> None:
        """Look at the record that a create's answer named, if it was there before the create.

        :raises CanaryError: it was written over.
        """
        oduyo_id = recorder.results[change.key].oduyo_id
        is_asked = change.action is Action.CREATE and not self._work.is_create_mode and self._wrong_ids < FEW_WRONG_IDS
        if is_asked and was_there(recorder, change, oduyo_id):
            records = await self._lookup.fetch_by_ids({str(oduyo_id)})
            await self._check_overwritten(recorder, [(change, record) for record in records.values()])
            self._wrong_ids += 1

    async def _check_overwritten(self, recorder: Recorder, made: Sequence[tuple[Change, Remote]]) -> None:
        kept = [(change, record) for change, record in made if record["id"] not in self._course.deletions]
        await check_overwritten(self._work.listed, self._work.note_finding, recorder, kept, self._work.released)

    async def _forget_wrong_ids(
        self,
        recorder: Recorder,
        named: Sequence[tuple[Change, Remote | None]],
        window: Window,
        *,
        is_last: bool,
    ) -> None:
        """Forget ids that answers named by mistake, so that these creates are sought like those whose answer named none.

        A site may name another record than the one it made, such as the highest at that moment. The named record is the
        create's if it carries the key; or if no other new record does, and it is new, nobody else's, and can be made of the
        create.

        :param named: each create, and the record that its answer named, where that is listed.
        :param is_last: there is no further look: what is not listed now counts as absent.
        """
        others = self._list_otherwise_named(named)
        if not others:
            return
        # If two answers name one id, it is right for at most one of them; only the records tell which.
        claims = Counter(result.oduyo_id for result in recorder.results.values())
        codes = {compute_natural_key(change.payload, self._work.normaliser.resource.natural_key) for change, _ in named}
        await recorder.elsewhere.read()
        owners = {entry.oduyo_id: key for key, entry in recorder.entries.items()}
        wrong: list[Result] = []
        for change, record in others:
            known, key = recorder.results[change.key], compute_match_key(change.integration_id)
            if record is None:
                is_named = is_last and known.oduyo_id
                is_wrong = bool(is_named and (await self.find_created(recorder, [change], window))[change.key])
            else:
                is_others = owners.get(known.oduyo_id, key) != key and not self._carries_key(recorder, change, record)
                is_claimed = is_others or claims[known.oduyo_id] > 1 or self._find_same(recorder, change, window)
                is_wrong = bool(is_claimed) or not await self._can_be_of(recorder, change, record, codes)
            if is_wrong:
                wrong.append(known)
        for known in wrong:
            recorder.correct(msgspec.structs.replace(known, oduyo_id=None))

    def _list_otherwise_named(
        self, named: Sequence[tuple[Change, Remote | None]]
    ) -> list[tuple[Change, Remote | None]]:
        """Creates whose answer named a record that is not listed, or has another key; each with that record."""
        return [
            (change, record)
            for change, record in named
            if record is None
            or compute_record_key(record, self._work.normaliser) != compute_match_key(change.integration_id)
        ]

    async def _can_be_of(
        self, recorder: Recorder, change: Change, named: Remote, codes: Collection[tuple[str, ...] | None]
    ) -> bool:
        """Whether the record that an answer named can be the create's although it has another key.

        :param codes: the natural keys of all creates that are looked at.
        """
        normaliser, natural_key = self._work.normaliser, self._work.normaliser.resource.natural_key
        wanted, found = compute_natural_key(change.payload, natural_key), compute_natural_key(named, natural_key)
        # With the whole key, in any form, it is the create's: somebody may have edited its other fields.
        is_made = is_whole_key(self._work, self._course, change.integration_id, named.get("integration_id")) or (
            (wanted is None or (found is not None and can_be_natural_key_of(wanted, found)))
            and can_be_made_of(change, named, normaliser, has_natural_key=found == wanted)
        )
        can_be = is_made and int(named["id"] or 0) > recorder.floors.get(change.key, 0)
        if not can_be or (found is not None and found in codes):
            return can_be and found == wanted
        if recorder.is_key_of_other(change, compute_record_key(named, normaliser)):
            return False
        return not recorder.elsewhere.has_id(str(named["id"])) or self._carries_key(recorder, change, named)

    @staticmethod
    def _find_same(recorder: Recorder, change: Change, window: Window) -> list[Remote]:
        floor = recorder.floors.get(change.key, 0)
        same = window.by_key.get(compute_match_key(change.integration_id), [])
        return [record for record in same if int(record["id"] or 0) > floor]

    def _find_altered(
        self, recorder: Recorder, change: Change, window: Window, taken: Collection[str], known: Collection[str]
    ) -> list[Remote]:
        normaliser, floor = self._work.normaliser, recorder.floors.get(change.key, 0)
        natural_key = normaliser.resource.natural_key
        wanted = compute_natural_key(change.payload, natural_key)
        free = [
            record
            for record in window.records
            if int(record["id"] or 0) > floor
            and record["id"] not in taken
            and not recorder.is_key_of_other(change, compute_record_key(record, normaliser))
            and (
                not (record["id"] in known or recorder.elsewhere.has_id(str(record["id"])))
                or self._carries_key(recorder, change, record)
            )
        ]
        if wanted is None and self._work.is_known("key_altered"):
            return [
                record
                for record in free
                if record.get("integration_id") and can_be_made_of(change, record, normaliser, has_natural_key=False)
            ]
        if wanted is None:
            same = [record for record in free if is_made_in_another_form(change, record, normaliser)]
            return same if len(same) == 1 else []
        return [
            record
            for record in free
            if (found := compute_natural_key(record, natural_key)) is not None
            and can_be_natural_key_of(wanted, found)
            and can_be_made_of(change, record, normaliser, has_natural_key=found == wanted)
        ]

    def _carries_key(self, recorder: Recorder, change: Change, record: Remote) -> bool:
        """Whether a record has the whole key of a create, as this site keeps it, and nobody else has that key.

        Then it is the create's, whoever had its id before: a site that was restored from a backup may use ids again.
        """
        held = record.get("integration_id") or ""
        is_whole = is_whole_key(self._work, self._course, change.integration_id, held)
        return is_whole and not recorder.find_key_owner(held, change)


def _list_ids(recorder: Recorder, creates: Sequence[Change]) -> set[str]:
    """The ids that the answers to these creates named."""
    return {named for change in creates if (named := recorder.results[change.key].oduyo_id) is not None}
