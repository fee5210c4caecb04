"""Reads confirmed changes back: each record must be there exactly once, with the values that were sent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial

import msgspec

from oduyo_provider.core.change import Action, Change, Outcome, Result
from oduyo_provider.core.errors import CanaryError, ListingError
from oduyo_provider.core.findings import Finding, can_be_one_cut
from oduyo_provider.core.record import Remote
from oduyo_provider.core.values.text import compute_match_key
from oduyo_provider.sync.apply.confirmed import read_back
from oduyo_provider.sync.apply.key_owners import find_owner
from oduyo_provider.sync.apply.lookup import Lookup, Window
from oduyo_provider.sync.apply.readback import find_unclear, is_shown
from oduyo_provider.sync.apply.recorder import Recorder
from oduyo_provider.sync.apply.seeker import Seeker
from oduyo_provider.sync.apply.stops import explain_findings
from oduyo_provider.sync.apply.work import Course, Work
from oduyo_provider.sync.runtime.timing import READ_AGAIN_AFTER_S

#: A change's record as it is now, and others with its key.
_Seen = tuple["Remote | None", list[Remote]]


class Verifier:
    """Compares confirmed changes with what Ödüyo lists.

    Listings may lag behind the writes, so an absent record is looked for until ``settle_s`` has passed.
    """

    def __init__(self, work: Work, course: Course, lookup: Lookup) -> None:
        self._work = work
        self._course = course
        self._lookup = lookup
        self._seeker = Seeker(work, course, lookup)
        #: Names of the brakes whose finding is remembered.
        self._noted: set[str] = set()

    async def verify(self, recorder: Recorder, done: Sequence[Change]) -> None:
        """Read changes back, and correct the results that turn out to be wrong.

        :param done: changes with the outcome done that were not read back yet.
        :raises CanaryError: a key or letters are stored otherwise, and nobody has released that. Nothing is undone.
        """
        pending, deadline = list(done), self._work.clock.monotonic() + self._work.settle_s
        waits = iter(READ_AGAIN_AFTER_S)
        alterations: list[str] = []
        while pending:
            is_last = self._work.clock.monotonic() >= deadline  # before the listing, which takes time
            seen = await self._fetch(recorder, pending, is_last=is_last)
            self._work.check_lease()  # without it another run may have written this
            if seen is not None:
                pending = await self._examine(recorder, pending, seen, alterations, is_last=is_last)
            if pending:
                left_s = max(deadline - self._work.clock.monotonic(), 0.0)
                await self._work.clock.sleep(min(next(waits, READ_AGAIN_AFTER_S[-1]), left_s))
        await recorder.flush()
        if alterations:
            raise CanaryError(alterations[0])

    async def _examine(
        self,
        recorder: Recorder,
        pending: Sequence[Change],
        seen: dict[str, _Seen],
        alterations: list[str],
        *,
        is_last: bool,
    ) -> list[Change]:
        """Judge the changes that show; returns those that do not show yet."""
        later: list[Change] = []
        normaliser = self._work.normaliser
        made = {str(record["id"]) for record, _ in seen.values() if record is not None}
        judged = pending if is_last else []  # earlier, an unchanged record may only be late
        unclear = {change.key: find_unclear(change, seen[change.key][0], normaliser) for change in judged}
        self._note_ignored(unclear.values())
        # Possible cuts come last: a field that was ignored on another record was not cut here.
        for change in sorted(pending, key=lambda change: bool(unclear.get(change.key))):
            record, twins = seen[change.key]
            if not is_last and not is_shown(change, record, normaliser):
                later.append(change)
                continue
            if twins:
                await recorder.elsewhere.read()
            others = made | recorder.find_others(change, twins) if twins else made
            own = [twin for twin in twins if twin["id"] not in others]
            found = read_back(self._work, self._course, recorder, change, record, own)
            recorder.correct(found.result)
            self._course.ignored |= found.ignored
            for finding in found.findings:
                alterations += await self._check_finding(recorder, change, finding, found.result, twins)
        return later

    def _note_ignored(self, unclear: Iterable[Mapping[str, tuple[str, str]]]) -> None:
        """Note fields as ignored whose stored texts no single cut length explains."""
        by_field: dict[str, list[tuple[str, str]]] = {}
        for texts in unclear:
            for name, pair in texts.items():
                by_field.setdefault(name, []).append(pair)
        self._course.ignored.update(name for name, pairs in by_field.items() if not can_be_one_cut(pairs))

    async def _check_finding(
        self, recorder: Recorder, change: Change, finding: Finding, result: Result, twins: Sequence[Remote]
    ) -> list[str]:
        """The reason to end red, if a key or letters are stored otherwise and no person has released that.

        A quite different value is no finding: in the minutes since the change a person may have written it. That change has
        failed.
        """
        is_key = finding.brake == "key_altered"
        if finding.is_other:
            return []
        if is_key:
            self._course.keys = finding
        other = await find_owner(recorder, change, finding, twins) if is_key else ""
        is_known = self._work.is_known(finding.name) and not other
        if not is_known or finding.brake not in self._noted:  # once, not for each of a million records
            self._noted.add(finding.brake)
            self._work.note_finding(msgspec.structs.replace(finding, is_final=bool(other), is_released=is_known))
        return [] if is_known else [explain_findings(change, [finding], result, other, self._work.released)]

    async def _fetch(self, recorder: Recorder, changes: Sequence[Change], *, is_last: bool) -> dict[str, _Seen] | None:
        """The present records; None when the listing was disturbed by new records and there is time for another one."""
        try:
            return await self._fetch_once(recorder, changes, is_last=is_last)
        except ListingError:
            if is_last:
                raise
            return None

    async def _fetch_once(self, recorder: Recorder, changes: Sequence[Change], *, is_last: bool) -> dict[str, _Seen]:
        creates = [change for change in changes if change.action is Action.CREATE]
        others = {str(change.oduyo_id) for change in changes if change.action is not Action.CREATE}
        records = await self._lookup.fetch_by_ids(others)
        seen: dict[str, _Seen] = {
            change.key: (records.get(str(change.oduyo_id)), [])
            for change in changes
            if change.action is not Action.CREATE
        }
        if creates:
            ids = [int(known) for change in creates if (known := recorder.results[change.key].oduyo_id)]
            # The id above which all records of these creates lie.
            floor = min([*(recorder.floors.get(change.key, 0) for change in creates), *(found - 1 for found in ids)])
            list_made = partial(self._lookup.fetch_made, ids, floor)
            made, window = await self._seeker.find_made(recorder, creates, list_made, is_last=is_last)
            for change in creates:
                record = next(iter(made[change.key]), None)
                seen[change.key] = (record, self._find_twins(change, record, window) if record else [])
        return seen

    def _find_twins(self, change: Change, record: Remote, window: Window) -> list[Remote]:
        """Other records with the key, as sent or as stored."""
        if self._work.is_create_mode:
            return []
        keys = {
            compute_match_key(change.integration_id),
            compute_match_key((record.get("integration_id") or "").strip()),
        }
        same = (twin for key in keys for twin in window.by_key.get(key, []) if twin["id"] != record["id"])
        return sorted(same, key=lambda twin: int(twin["id"] or 0))


def find_unread(recorder: Recorder, changes: Sequence[Change]) -> list[Change]:
    """The changes that are done and were not read back yet."""
    return [
        change
        for change in changes
        if (known := recorder.results.get(change.key)) is not None
        and known.outcome is Outcome.DONE
        and not known.is_read_back
    ]
