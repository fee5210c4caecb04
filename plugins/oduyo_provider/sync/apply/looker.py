"""Looks at the record of each change right before it is sent.

Is it as wanted already: done, nothing is sent. Has it moved since the plan was made: stale. Else the change may be sent.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from oduyo_provider.core.change import Action, Change, Outcome, Result
from oduyo_provider.core.drift import Drift, compute_drift, is_own_alteration
from oduyo_provider.core.language import gettext_noop
from oduyo_provider.core.ledger import Entry
from oduyo_provider.core.matching import compute_natural_key, find_altered_keys, name_key
from oduyo_provider.core.record import Remote
from oduyo_provider.core.values.text import compute_match_key
from oduyo_provider.sync.apply.lookup import OVERLAP_ROWS, Lookup, Window
from oduyo_provider.sync.apply.recorder import Recorder
from oduyo_provider.sync.apply.seeker import Seeker
from oduyo_provider.sync.apply.work import Course, Ready, Work
from oduyo_provider.sync.runtime.timing import LISTING_VALID_S, SLICE_S

#: At most so many changes in a slice. Fewer creates: their records and the overlap must fit into one page.
MAX_SLICE, MAX_CREATES_SLICE = 1_000, OVERLAP_ROWS - 50

MOVED = gettext_noop("changed in Ödüyo since the plan was made")
GONE = gettext_noop("record is gone")
APPEARED = gettext_noop("a record with this key appeared since the plan was made")
LOOKS_ALIKE = gettext_noop("a record that looks the same appeared since the plan was made")
OTHERS = gettext_noop("the record belongs to another source")


class Looker:
    """Looks at slices of changes, and takes the results of those that need not be sent."""

    def __init__(self, work: Work, course: Course, lookup: Lookup, seeker: Seeker) -> None:
        self._work = work
        self._course = course
        self._lookup = lookup
        self._seeker = seeker
        self._listed_id = course.top_id
        self._requests, self._measured_at = work.client.requests, work.clock.monotonic()

    def note_pace(self, took_s: float) -> None:
        """Compute the pace from the time of one call, in seconds."""
        self._course.calls_per_s = self._work.concurrency / took_s
        self._requests, self._measured_at = self._work.client.requests, self._work.clock.monotonic()

    def compute_slice(self, first: Change) -> int:
        """How many changes can be looked at and sent in one slice's time."""
        requests, now = self._work.client.requests, self._work.clock.monotonic()
        if requests - self._requests >= self._work.concurrency * 4:
            self._course.calls_per_s = (requests - self._requests) / max(now - self._measured_at, 0.001)
            self._requests, self._measured_at = requests, now
        is_create = first.action is Action.CREATE
        largest = MAX_CREATES_SLICE if is_create else MAX_SLICE
        calls = 1 if is_create or self._is_listing_fresh(0.0) else 2
        size = int(self._course.calls_per_s * SLICE_S / calls)
        return max(1, min(size, largest))

    async def look(self, recorder: Recorder, changes: Sequence[Change], *, is_again: bool = False) -> list[Ready]:
        """The changes of a slice that may be sent.

        :param is_again: do not take the plan's own listing for the look.
        """
        mine = [change for change in changes if not self._take_others(recorder, change)]
        if self._work.is_create_mode:
            return [Ready(change, None, math.inf) for change in mine]
        # Nor where a record is known that the plan's listing left out, or where this try has sent a change since.
        is_again = is_again or any(change.replaces or change.key in recorder.sent for change in mine)
        if not is_again and self._is_listing_fresh(len(mine) / self._course.calls_per_s):
            return [Ready(change, None, self._work.listed_at or 0.0) for change in mine]
        at = self._work.clock.monotonic()
        if mine and mine[0].action is Action.CREATE:
            return await self._look_at_creates(recorder, mine, at)
        ids = {str(change.oduyo_id) for change in mine}
        # If nothing is found, ask once more: a failure may look like an empty answer.
        # A deletion of an absent record counts as done, so what a page leaves out is also looked up by its id.
        each = bool(mine) and mine[0].action is Action.DELETE
        records = await self._lookup.fetch_by_ids(ids, each=each) or await self._lookup.fetch_by_ids(ids, each=each)
        looked = ((change, records.get(str(change.oduyo_id))) for change in mine)
        return [ready for change, record in looked if (ready := self._sort(recorder, change, record, at))]

    async def look_again(self, recorder: Recorder, change: Change) -> Ready | None:
        """Look at one change anew; None when a result was taken and nothing is to be sent."""
        ready = await self.look(recorder, [change], is_again=True)
        return ready[0] if ready else None

    async def _look_at_creates(self, recorder: Recorder, changes: Sequence[Change], at: float) -> list[Ready]:
        """Look by key. What this try has transmitted already is also sought in the form in which the site may keep it."""
        sent = [change for change in changes if change.key in recorder.sent]
        window = await self._lookup.fetch_newest(recorder.floors.get(change.key, 0) for change in sent)
        vanished = await self._lookup.fetch_by_ids({change.replaces for change in changes if change.replaces})
        made = await self._seeker.find_created(recorder, sent, window) if sent else {}
        typed, natural_key = self._find_typed(recorder, window), self._work.normaliser.resource.natural_key
        found: list[Ready] = []
        for change in changes:
            if made.get(change.key) and self.settle_sought(recorder, change, made[change.key]):
                continue
            key = compute_match_key(change.integration_id)
            entry, back = recorder.entries.get(key), vanished.get(change.replaces or "")
            # If the vanished record is back with another key, somebody gave it that key: it is not this row's any more.
            same = [back] if back and self._name_key(back, entry) == key else window.by_key.get(key, [])
            is_made = entry is not None and entry.is_made and change.replaces != (entry.oduyo_id or "")
            # A confirmed create is never repeated, whatever the list shows, unless a person released that very id.
            if not same and is_made:
                self._take(recorder, change, Outcome.STALE, reason=APPEARED)
            elif not same and typed and compute_natural_key(change.payload, natural_key) in typed:
                self._take(recorder, change, Outcome.STALE, reason=LOOKS_ALIKE)
            elif ready := self._sort(recorder, change, same[0] if same else None, at):
                found.append(ready)
        return found

    def _find_typed(self, recorder: Recorder, window: Window) -> set[tuple[str, ...]]:
        """Natural keys of the records without an integration_id that are newer than the plan's listing: somebody typed them."""
        new = (record for record in window.records if int(record["id"] or 0) > self._listed_id)
        nameless = [record for record in new if not record.get("integration_id")]
        if not nameless or "look_alikes" in self._work.released:
            return set()
        made = {result.oduyo_id for result in recorder.results.values()}
        names = self._work.normaliser.resource.natural_key
        keys = (compute_natural_key(record, names) for record in nameless if record["id"] not in made)
        return {key for key in keys if key is not None}

    def _name_key(self, record: Remote, entry: Entry | None) -> str | None:
        return name_key(record, find_altered_keys([entry] if entry else []), self._work.normaliser)

    def _sort(self, recorder: Recorder, change: Change, record: Remote | None, at: float) -> Ready | None:
        """Whether a change may be sent, as its record was just seen."""
        # What was transmitted may have taken effect, whatever the answer was.
        if change.oduyo_id is not None and change.key in recorder.sent:
            is_settled = self.settle_sought(recorder, change, [record] if record else [])
            return None if is_settled else Ready(change, record, at)
        drift = compute_drift(change, record, self._work.normaliser)
        if drift is Drift.AS_PLANNED:
            return Ready(change, record, at)
        if drift is Drift.AS_WANTED:
            oduyo_id = change.oduyo_id or (record["id"] if record else None)
            self._take(recorder, change, Outcome.DONE, oduyo_id=oduyo_id, is_read_back=True)
        else:
            reason = GONE if record is None else APPEARED if change.action is Action.CREATE else MOVED
            self._take(recorder, change, Outcome.STALE, reason=reason)
        return None

    def settle_sought(self, recorder: Recorder, change: Change, records: Sequence[Remote]) -> bool:
        """Take the result of a change that may have been transmitted; returns False when it did not arrive.

        :param records: found for it, lowest id first.
        """
        normaliser = self._work.normaliser
        record = next(
            (item for item in records if compute_drift(change, item, normaliser) is Drift.AS_WANTED),
            records[0] if records else None,
        )
        drift = compute_drift(change, record, normaliser)
        earlier = recorder.results.get(change.key)
        if earlier is not None and earlier.is_without_effect and drift is not Drift.AS_WANTED:
            recorder.take(change, earlier)  # it is not sent again by this plan
            return True
        if drift is Drift.AS_PLANNED:
            return False
        is_ours = drift is Drift.AS_WANTED or (
            record is not None and (change.action is Action.CREATE or is_own_alteration(change, record, normaliser))
        )
        if not is_ours:
            self._take(recorder, change, Outcome.STALE, reason=GONE if record is None else MOVED)
            return True
        self._take(recorder, change, Outcome.DONE, oduyo_id=record["id"] if record else None)
        return True

    def _is_listing_fresh(self, needed_s: float) -> bool:
        """Whether the plan's own listing will still count as a look in so many seconds."""
        listed_at = self._work.listed_at
        return listed_at is not None and self._work.clock.monotonic() + needed_s - listed_at < LISTING_VALID_S

    def _take_others(self, recorder: Recorder, change: Change) -> bool:
        """Take ``stale`` for a change of another source's record; returns whether it is one."""
        if self._work.is_create_mode:
            return False
        entry = recorder.entries.get(compute_match_key(change.integration_id))
        if self._work.is_others(entry):
            self._take(recorder, change, Outcome.STALE, reason=OTHERS)
            return True
        return False

    def _take(
        self,
        recorder: Recorder,
        change: Change,
        outcome: Outcome,
        *,
        oduyo_id: str | None = None,
        reason: str = "",
        is_read_back: bool = False,
    ) -> None:
        at = self._work.clock.now()
        result = Result(change.key, outcome, oduyo_id or change.oduyo_id, reason, is_read_back=is_read_back, at=at)
        recorder.take(change, result)
