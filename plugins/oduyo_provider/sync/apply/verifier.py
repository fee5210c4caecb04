"""Reads back what was done: every record is there exactly once, with the values that were sent."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

import msgspec

from oduyo_provider.api.client import OduyoClient
from oduyo_provider.core.change import Action, Change, Outcome, compute_base
from oduyo_provider.core.drift import compute_stored, is_beginning
from oduyo_provider.core.errors import ListingError
from oduyo_provider.core.normalise import Normaliser
from oduyo_provider.core.record import Remote
from oduyo_provider.sync.apply.lookup import Reader
from oduyo_provider.sync.runtime.clock import Clock
from oduyo_provider.sync.staging.journal import Result

#: Waits before what is not there yet is looked for again, as long as ``settle_s`` has not passed; the last one repeats.
READ_AGAIN_AFTER_S = (0.5, 1.0, 2.0, 4.0, 8.0)

_STAMPS = frozenset({"created_in", "updated_in"})

_CREATE = Action.CREATE  # by a name of its own: before Python 3.12 an enum looks its members up in Python code

#: The record of a change, and what it holds otherwise than the change wants.
_Seen = tuple[Remote | None, dict[str, str | None]]


class Verifier:
    """Compares what was confirmed with what Ödüyo lists.

    A listing may lag behind the writes, so what is not there yet is looked for until ``settle_s`` has passed.
    """

    def __init__(
        self,
        client: OduyoClient,
        reader: Reader,
        normaliser: Normaliser,
        *,
        settle_s: float,
        clock: Clock,
        check_lease: Callable[[], None],
    ) -> None:
        self._client = client
        self._reader = reader
        self._normaliser = normaliser
        self._settle_s = settle_s
        self._clock = clock
        self._check_lease = check_lease

    async def verify(
        self,
        done: Sequence[Change],
        results: Mapping[str, Result],
        count_sends: Callable[[str], int],
        fresh: Collection[str],
    ) -> list[tuple[Change, Result]]:
        """The results that turn out otherwise than they were taken.

        :param done: changes with the outcome done.
        :param count_sends: how often the change with a key may have been sent.
        :param fresh: keys of changes that this very try sent. What an earlier one sent may have been changed by somebody
            since, which is no alteration of Ödüyo's: it is not remembered as one, and the next run corrects it.
        """
        corrected: list[tuple[Change, Result]] = []
        pending, deadline = list(done), self._clock.now() + self._settle_s
        waits = iter(READ_AGAIN_AFTER_S)
        while pending:
            is_last = self._clock.now() >= deadline  # before the listing, which takes time
            current = await self._fetch(pending, is_last=is_last)
            if current is not None:
                later: list[Change] = []
                for change in pending:
                    key = change.key
                    known, records = results[key], current[key]
                    if _is_plainly_so(change, known, records):
                        continue
                    seen = self._look(change, known, records)
                    if not is_last and not self._is_there(change, known, seen):
                        later.append(change)
                        continue
                    result = await self._examine(change, known, records, seen, count_sends(key), is_fresh=key in fresh)
                    if result is not known:
                        corrected.append((change, result))
                pending = later
            if pending:
                left_s = max(deadline - self._clock.now(), 0.0)
                await self._clock.sleep(min(next(waits, READ_AGAIN_AFTER_S[-1]), left_s))
        return corrected

    async def _fetch(self, changes: Sequence[Change], *, is_last: bool) -> dict[str, list[Remote]] | None:
        """What is there now; None when records that came meanwhile disturbed the listing, unless it is the last one."""
        try:
            return await self._fetch_once(changes)
        except ListingError:
            if is_last:
                raise
            return None

    async def _fetch_once(self, changes: Sequence[Change]) -> dict[str, list[Remote]]:
        creates = [change for change in changes if change.action is _CREATE]
        others = [change for change in changes if change.action is not _CREATE]
        found = await self._reader.fetch_new(creates) if creates else {}
        current = self._reader.choose_ours(found)
        if others:
            current.update(await self._reader.fetch(others))
        return current

    def _look(self, change: Change, known: Result, records: list[Remote]) -> _Seen:
        record = _pick(known, records)
        is_compared = record is not None and change.action is not Action.DELETE
        return record, compute_stored(change, record, self._normaliser) if is_compared and record else {}

    def _is_there(self, change: Change, known: Result, seen: _Seen) -> bool:
        """Whether the change shows: the record is listed and no longer as it was before, or is gone if it was deleted."""
        record, stored = seen
        if change.action is Action.DELETE:
            return record is None
        if record is None or (known.oduyo_id is not None and record["id"] != known.oduyo_id):
            return False
        return change.action is Action.CREATE or not any(
            name in change.differs and value == change.base.get(name) for name, value in stored.items()
        )

    async def _examine(
        self, change: Change, known: Result, records: list[Remote], seen: _Seen, sends: int, *, is_fresh: bool
    ) -> Result:
        """A change's result as it shows now; `known` itself when it is as it was taken."""
        record, stored = seen
        if change.action is Action.DELETE:
            return known if record is None else self._doubt(known, "confirmed by Ödüyo, but still listed")
        if record is None:
            return self._doubt(known, "confirmed by Ödüyo, but not listed")
        if not is_fresh and not is_beginning(change, stored):
            stored = known.stored
        twins: list[str] = []
        if len(records) > 1:
            record, twins = await self._remove_own_twins(change, record, records, sends)
        elif record["id"] == known.oduyo_id and stored == known.stored and not known.twins:
            return known
        found = msgspec.structs.replace(known, oduyo_id=str(record["id"]), stored=stored, twins=twins)
        return known if found == known else msgspec.structs.replace(found, at=self._clock.now())

    def _doubt(self, known: Result, reason: str) -> Result:
        return msgspec.structs.replace(known, outcome=Outcome.DOUBTFUL, reason=reason, at=self._clock.now())

    async def _remove_own_twins(
        self, change: Change, record: Remote, records: list[Remote], sends: int
    ) -> tuple[Remote, list[str]]:
        """Remove a duplicate that a late answer made; returns the record that stays and the ids of twins that stay.

        Only if it was sent as often as there are records, all came after the plan's listing, and all hold the same
        values in all fields: then each is ours and any one will do. The lowest id stays.
        """
        values = {self._compute_values(candidate) for candidate in records}
        are_ours = len(records) <= sends and len(values) == 1 and all(map(self._reader.is_new, records))
        if change.action is not Action.CREATE or not are_ours:
            return record, [str(twin["id"]) for twin in records if twin is not record]
        kept: list[str] = []
        for twin in records[1:]:
            self._check_lease()
            reply = await self._client.delete(str(twin["id"]))
            if reply.outcome is not Outcome.DONE:
                kept.append(str(twin["id"]))
        return records[0], kept

    def _compute_values(self, record: Remote) -> bytes:
        """All that a record holds, but the times at which Ödüyo stored it."""
        base = compute_base(record, self._normaliser.resource)
        return msgspec.json.encode({name: value or "" for name, value in base.items() if name not in _STAMPS})


def _is_plainly_so(change: Change, known: Result, records: list[Remote]) -> bool:
    """Whether a create's one record holds, letter by letter, what was sent, as nearly all do: nothing else is to be seen."""
    if len(records) != 1 or change.action is not _CREATE or known.stored or known.twins:
        return False
    return known.oduyo_id == records[0]["id"] and change.payload.items() <= records[0].items()


def _pick(known: Result, records: list[Remote]) -> Remote | None:
    """The record that a result speaks of, or else the lowest."""
    for record in records:
        if record["id"] == known.oduyo_id:
            return record
    return records[0] if records else None
