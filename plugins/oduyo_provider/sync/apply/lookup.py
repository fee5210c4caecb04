"""Reads what Ödüyo holds now for given changes, the cheaper way: one by one, or by listing."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

from oduyo_provider.api.client import OduyoClient
from oduyo_provider.core.change import Action, Change
from oduyo_provider.core.errors import ListingError
from oduyo_provider.core.normalise import Normaliser
from oduyo_provider.core.record import Remote

#: Records in one page of a listing.
PAGE_ROWS = 1_000

#: A look-up costs about as much as a page of the listing; a few of them always go.
MIN_LOOKUPS = 8

_CREATE = Action.CREATE  # by a name of its own: before Python 3.12 an enum looks its members up in Python code


class Reader:
    """Finds the current records of changes.

    :param site_rows: about how many records Ödüyo holds, to choose between look-ups and a listing.
    :param last_id: the highest id when the plan's listing ended; None when there was no record.
    :param is_create_mode: earlier records with the same integration_id are none of ours.
    """

    def __init__(
        self,
        client: OduyoClient,
        normaliser: Normaliser,
        *,
        concurrency: int,
        site_rows: int,
        last_id: str | None,
        is_create_mode: bool,
    ) -> None:
        self._client = client
        self._normaliser = normaliser
        self._concurrency = concurrency
        self._site_rows = site_rows
        self._last_id = self._start_id = last_id
        self._is_create_mode = is_create_mode

    async def fetch(self, changes: Sequence[Change]) -> dict[str, list[Remote]]:
        """Each change's records, lowest id first: key → records.

        For a create these are the records with its integration_id that came after the plan's listing, or, in a
        comparing run, at any time; for the others the record with their id, or none.
        """
        if len(changes) <= max(MIN_LOOKUPS, self._site_rows // PAGE_ROWS):
            found = await self._look_up(changes)
        else:
            found = await self._list(changes, after_id=None)
        await self._check_lists(changes, found)
        return found

    async def note_start(self) -> None:
        """Note the highest id before anything is sent: what this load makes comes after it.

        In a plan of many partitions others have made records since its listing, which each would list again.
        """
        last = await self._client.fetch_last()
        if last is not None and (self._last_id is None or int(last["id"] or 0) > int(self._last_id)):
            self._start_id = last["id"]

    async def fetch_new(self, changes: Sequence[Change]) -> dict[str, list[Remote]]:
        """As :meth:`fetch`, for creates that were sent: lists only what came after the plan's listing, or the start.

        Where that does not show a record (a server that compares ids as text, or gives out ids out of order), it is
        looked for again.
        """
        if len(changes) <= MIN_LOOKUPS:
            return await self.fetch(changes)
        found = await self._list(changes, after_id=self._start_id)
        absent = [change for change in changes if not found[change.key]]
        if absent and self._start_id is not None:
            found.update(await self.fetch(absent))
        return found

    async def _check_lists(self, changes: Sequence[Change], found: dict[str, list[Remote]]) -> None:
        """Believe that a create did not arrive only while Ödüyo lists at all: it answers "none" and "failed" alike.

        :raises ListingError: it lists nothing, although it held records when the plan was made.
        """
        absent = [change for change in changes if change.action is Action.CREATE and not found[change.key]]
        if self._last_id is None or not absent:
            return
        if await self._client.fetch_last() is None:
            raise ListingError(
                "Ödüyo lists no record at all, although it held some when the plan was made, so what it does not list may "
                "be there all the same. Nothing is sent on such an answer. Start the task again; if it stays so, check in "
                "the Ödüyo panel whether the user may list these records."
            )

    async def _look_up(self, changes: Sequence[Change]) -> dict[str, list[Remote]]:
        found: dict[str, list[Remote]] = {}
        queue = iter(changes)

        async def work() -> None:
            for change in queue:
                found[change.key] = await self._look_up_one(change)

        await asyncio.gather(*(work() for _ in range(min(self._concurrency, len(changes)))))
        return found

    async def _look_up_one(self, change: Change) -> list[Remote]:
        if change.action is Action.CREATE:
            records = await self._client.fetch_by("integration_id", change.integration_id)
            return self._sort(records)
        return await self._client.fetch_by("id", str(change.oduyo_id))

    async def _list(self, changes: Sequence[Change], *, after_id: str | None) -> dict[str, list[Remote]]:
        found: dict[str, list[Remote]] = {}
        creates: dict[str, list[Remote]] = {}
        others: dict[str | None, list[Remote]] = {}
        for change in changes:
            place = found[change.key] = []
            if change.action is _CREATE:
                creates[change.integration_id] = place
            else:
                others[change.oduyo_id] = place

        def find_create(stored: str | None) -> list[Remote] | None:
            integration_id = self._normaliser.integration_id(stored)
            return None if integration_id is None else creates.get(integration_id)

        def take(page: list[Remote]) -> None:
            for record in page:
                if others and (place := others.get(record["id"])) is not None:
                    place.append(record)
                if creates:
                    stored = record.get("integration_id")
                    # What is normalised already stays as it is.
                    place = creates[stored] if stored in creates else find_create(stored)
                    if place is not None:
                        place.append(record)

        async for page in self._client.list_records(after_id):
            take(page)
        for records in found.values():
            if len(records) > 1:
                records[:] = self._sort(records)
        return found

    @staticmethod
    def _sort(records: Iterable[Remote]) -> list[Remote]:
        return sorted(records, key=lambda record: int(record["id"] or 0))

    def choose_ours(self, found: dict[str, list[Remote]]) -> dict[str, list[Remote]]:
        """Those of the found records that :meth:`can_be_ours`."""
        if not self._is_create_mode:
            return found
        return {key: [record for record in records if self.is_new(record)] for key, records in found.items()}

    def can_be_ours(self, record: Remote) -> bool:
        """Whether a create of this plan can have made a record, or must answer for it."""
        return not self._is_create_mode or self.is_new(record)

    def is_new(self, record: Remote) -> bool:
        """Whether a record came after the plan's listing."""
        return self._last_id is None or int(record["id"] or 0) > int(self._last_id)
