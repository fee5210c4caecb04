"""What the other partitions of a plan hold: whose a key is, and whose a record.

A site may cut a key so that it is another row's, and that row may stand in any partition. All of them are read once, when
this is first asked for: few loads need it. Of each key and id a number of eight bytes is kept, so that a million rows fit; a
number that two of them share makes a load more careful, never wrong.
"""

from __future__ import annotations

import asyncio
from array import array
from collections.abc import Callable, Iterable, Iterator

import msgspec

from oduyo_provider.core.ledger import Entry
from oduyo_provider.core.values.text import compute_match_key
from oduyo_provider.sync.apply.listed import has_number
from oduyo_provider.sync.staging.plans import PlanPart


class Known(msgspec.Struct, frozen=True):
    """A row that the plan changes, or a record that the ledger remembers.

    :param integration_id: the key, as this product sends it.
    :param stored_key: as Ödüyo stores it, where that is otherwise.
    """

    integration_id: str
    oduyo_id: str | None = None
    stored_key: str | None = None

    @property
    def keys(self) -> tuple[str, str]:
        """Its match key, and that under which Ödüyo stores it."""
        stored_key = (self.stored_key or "").strip() or self.integration_id
        return compute_match_key(self.integration_id), compute_match_key(stored_key)


def list_known(part: PlanPart, entries: Iterable[Entry]) -> Iterator[Known]:
    """The rows that one part of a plan changes, with what became of them, and the records that are remembered."""
    results = part.read_history().results
    for change in part.read_changes():
        result = results.get(change.key)
        yield Known(change.integration_id, result.oduyo_id if result else None)
    for entry in entries:
        pair = entry.stored.get("integration_id") if entry.is_made else None
        yield Known(entry.integration_id, entry.oduyo_id, pair.stored if pair else None)


class _Part(msgspec.Struct, frozen=True):
    """The numbers of one partition's keys as sent and as stored, and of its ids, sorted."""

    keys: array[int]
    stored_keys: array[int]
    ids: array[int]


class Partitions:
    """All partitions of a plan.

    :param count: how many there are; a single one has nothing beside it and is never read.
    :param read: what is known of one of them, by its number.
    """

    def __init__(self, count: int = 1, read: Callable[[int], Iterable[Known]] = lambda _number: ()) -> None:
        self.count = count
        self._read = read
        self._parts: list[_Part] = []
        self._reading = asyncio.Lock()
        self.made = [array("q") for _ in range(count)]

    async def read(self) -> None:
        """Read all of them, once."""
        async with self._reading:
            if self.count > 1 and not self._parts:
                self._parts = await asyncio.to_thread(lambda: [self._read_part(number) for number in range(self.count)])

    def besides(self, number: int) -> Elsewhere:
        """All of them but one."""
        return Elsewhere(self, number)

    def list_others(self, number: int) -> list[tuple[int, _Part]]:
        """Those that were read, without one."""
        return [(other, part) for other, part in enumerate(self._parts) if other != number]

    def find_name(self, number: int, key: str) -> str:
        """The key, as it is sent, of the row or record of one partition that has this match key; empty: none has it."""
        return next((known.integration_id for known in self._read(number) if key in known.keys), "")

    def _read_part(self, number: int) -> _Part:
        keys, stored_keys, ids = array("q"), array("q"), array("q")
        for known in self._read(number):
            key, stored_key = known.keys
            keys.append(hash(key))
            stored_keys.append(hash(stored_key))
            if known.oduyo_id:
                ids.append(hash(known.oduyo_id))
        return _Part(*(array("q", sorted(numbers)) for numbers in (keys, stored_keys, ids)))


class Elsewhere:
    """All partitions of a plan but one; :meth:`read` comes first."""

    def __init__(self, partitions: Partitions, number: int) -> None:
        self._partitions = partitions
        self._number = number

    async def read(self) -> None:
        """See to it that the other partitions are read."""
        await self._partitions.read()

    def note_made(self, oduyo_id: str) -> None:
        """A record of this partition became known."""
        if self._partitions.count > 1:
            self._partitions.made[self._number].append(hash(oduyo_id))

    def has_key(self, key: str) -> bool:
        """Whether a match key is that of a row or record elsewhere, as it is sent: where keys are cut, many are stored alike."""
        return any(has_number(part.keys, hash(key)) for _, part in self._partitions.list_others(self._number))

    def has_id(self, oduyo_id: str) -> bool:
        """Whether a record is known to be that of a row elsewhere."""
        number, made = hash(oduyo_id), self._partitions.made
        others = self._partitions.list_others(self._number)
        return any(has_number(part.ids, number) or number in made[other] for other, part in others)

    def find_owner(self, key: str) -> str:
        """The key, as it is sent, of the row or record elsewhere that has this match key, sent or stored; empty: none has it."""
        for number, part in self._partitions.list_others(self._number):
            is_there = has_number(part.keys, hash(key)) or has_number(part.stored_keys, hash(key))
            if is_there and (name := self._partitions.find_name(number, key)):
                return name
        return ""
