"""Reads the present records of given changes: one by one or by pages, whichever asks less."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable
from itertools import pairwise

from oduyo_provider.api.listing import is_power_of_ten
from oduyo_provider.core.errors import ListingError
from oduyo_provider.core.language import gettext
from oduyo_provider.core.matching import compute_record_key
from oduyo_provider.core.record import Remote
from oduyo_provider.sync.apply.work import PAGE_ROWS, Course, Work

#: Each look reads so many records below the highest id of the last one again: ids may become visible out of order.
OVERLAP_ROWS = PAGE_ROWS // 2

#: Own records in one range that is read back: with some of others between them they fit into a page.
RANGE_ROWS = PAGE_ROWS - PAGE_ROWS // 10


class Window:
    """The newest records of the site: by Ödüyo's id, and by the match key that each holds."""

    def __init__(self, records: Iterable[Remote], work: Work) -> None:
        self.records = sorted(records, key=lambda record: int(record["id"] or 0))
        self.by_id = {str(record["id"]): record for record in self.records}
        self.by_key: dict[str, list[Remote]] = {}
        for record in self.records:
            key = compute_record_key(record, work.normaliser)
            if key is not None:
                self.by_key.setdefault(key, []).append(record)


class Lookup:
    """Looks at records.

    :param site_rows: about how many records Ödüyo holds, to choose between look-ups and pages.
    """

    def __init__(self, work: Work, course: Course, *, site_rows: int) -> None:
        self._work = work
        self._client = work.client
        self._course = course
        self._site_rows = site_rows
        self._sorts_as_numbers = False

    async def fetch_by_ids(self, ids: Collection[str], *, each: bool = False) -> dict[str, Remote]:
        """The records with these ids; those that are not there are left out.

        :param each: look up by id whatever the pages do not show, however much that is.
        :raises ListingError: Ödüyo lists nothing, although it held records when the plan was made.
        """
        if not ids:
            return {}
        found = await self._fetch_by_ids(ids, each=each)
        if not found:
            await self._check_lists()
        return found

    async def _fetch_by_ids(self, ids: Collection[str], *, each: bool) -> dict[str, Remote]:
        numbers = sorted(map(int, ids))
        if len(numbers) <= self._count_pages(numbers[0], numbers[-1]):
            return await self._look_up(ids)
        found = await self._list_between(numbers[0], numbers[-1], set(ids))
        absent = [oduyo_id for oduyo_id in ids if oduyo_id not in found]
        if absent and (each or len(absent) <= max(8, len(ids) // 10)):
            found.update(await self._look_up(absent))
        return found

    async def fetch_newest(self, floors: Iterable[int] = ()) -> Window:
        """All records above the overlap of the last look; notes the highest id for the next one.

        :param floors: ids above which they are wanted too.
        :raises ListingError: as :meth:`fetch_by_ids`.
        """
        floor = min((self._course.overlap_id, *floors))
        page = await self._fetch_top_page(floor)
        if page is None:
            page = [record async for records in self._client.list_records(_above(floor)) for record in records]
            if page and not floor:
                self._course.lowest_id = min(int(record["id"] or 0) for record in page)
        if not page and self._course.top_id:
            await self._check_lists()
        window = Window(page, self._work)
        self._note_top(window)
        return window

    def _can_be_empty(self) -> bool:
        """Whether all records that Ödüyo held may have been deleted by this load."""
        return self._site_rows <= len(self._course.deletions)

    async def _check_lists(self) -> None:
        """Nothing was found: a failure may be answered as an empty list is.

        :raises ListingError: Ödüyo lists nothing, although it held records when the plan was made.
        """
        if not self._can_be_empty() and await self._client.fetch_last() is None:
            raise ListingError(
                gettext(
                    "Ödüyo lists no record at all, although it held some when the plan was made, so what it does not list "
                    "may be there all the same. Nothing is sent on such an answer. Start the task again; if it stays so, "
                    "check in the Ödüyo panel whether the user may list these records."
                )
            )

    async def fetch_above(self, floor: int) -> Window:
        """All records above an id; notes the highest id, as what is made from now on lies above it."""
        page = await self._fetch_top_page(floor) if floor >= self._course.overlap_id else None
        if page is None:
            page = [record async for records in self._client.list_records(_above(floor)) for record in records]
        window = Window(page, self._work)
        self._note_top(window)
        return window

    async def fetch_made(self, ids: Collection[int], floor: int) -> Window:
        """All records above an id, read in ranges side by side between ids that are known to be there."""
        cuts = sorted(ids)[RANGE_ROWS::RANGE_ROWS]
        if not cuts:
            return await self.fetch_above(floor)
        ranges = (self._list_range(low, high) for low, high in pairwise([floor, *cuts]))
        rest, *found = await asyncio.gather(self._list_rest(cuts[-1]), *ranges)
        return Window([record for part in (*found, rest) for record in part], self._work)

    async def _list_rest(self, floor: int) -> list[Remote]:
        return (await self.fetch_above(floor)).records

    async def _list_range(self, low: int, high: int) -> list[Remote]:
        """The records above an id, up to another one."""
        pages = self._client.list_records(_above(low), str(high))
        return [record async for page in pages for record in page if int(record["id"] or 0) <= high]

    async def fetch_more(self, window: Window, keys: Iterable[str]) -> Window:
        """The records of a listing, and what look-ups by these keys show besides: a list may leave records out."""
        found = dict(window.by_id)
        queue = iter(list(keys))

        async def work() -> None:
            for key in queue:
                if (record := await self._client.fetch_newest_by("integration_id", key)) is not None:
                    found[str(record["id"])] = record

        await asyncio.gather(*(work() for _ in range(self._work.concurrency)))
        return Window(found.values(), self._work)

    async def fetch_by_key(self, integration_id: str) -> list[Remote]:
        """The records that hold exactly this key, lowest id first, as far as the site's filter finds them."""
        found = await self._client.fetch_by("integration_id", integration_id)
        return sorted(found, key=lambda record: int(record["id"] or 0))

    async def _fetch_top_page(self, floor: int) -> list[Remote] | None:
        """The newest records by one call; None when that cannot be shown to be all above `floor`."""
        page = await self._client.fetch_top(PAGE_ROWS)
        ids = [int(record["id"] or 0) for record in page]
        is_descending = all(above > below for above, below in pairwise(ids))
        if not page or not is_descending or ids[0] < self._course.top_id:
            return None
        if ids[-1] > max(floor + 1, self._course.lowest_id):  # it may have been cut
            return None
        if not await self._has_newest_first(ids):
            return None
        return [record for record, number in zip(page, ids, strict=True) if number > floor]

    async def _has_newest_first(self, ids: list[int]) -> bool:
        """Whether a page begins with the newest records. Sorted as text, 10000 would come behind 9999 and 9998.

        :param ids: descending.
        """
        if not self._sorts_as_numbers and all(str(above) > str(below) for above, below in pairwise(ids)):
            if await self._client.compares_as_text(str(ids[0])):
                return False
            # An id like 1000 cannot show how the site compares ids, and need not: a larger number is a larger text too.
            self._sorts_as_numbers = not is_power_of_ten(str(ids[0]))
        return True

    def _note_top(self, window: Window) -> None:
        records, course = window.records, self._course
        if records:
            course.top_id = max(course.top_id, int(records[-1]["id"] or 0))
        if len(records) > OVERLAP_ROWS:
            course.overlap_id = max(course.overlap_id, int(records[-OVERLAP_ROWS]["id"] or 0))

    def _count_pages(self, low: int, high: int) -> int:
        """About how many pages lie between two ids."""
        top = max(self._course.top_id, high, 1)
        rows = max(self._site_rows, 1) * (high - low + 1) / top
        return int(rows / PAGE_ROWS) + 2

    async def _look_up(self, ids: Iterable[str]) -> dict[str, Remote]:
        found: dict[str, Remote] = {}
        queue = iter(list(ids))

        async def work() -> None:
            for oduyo_id in queue:
                record = await self._look_up_one(oduyo_id)
                if record is not None:
                    found[oduyo_id] = record

        await asyncio.gather(*(work() for _ in range(self._work.concurrency)))
        return found

    async def _look_up_one(self, oduyo_id: str) -> Remote | None:
        found = await self._client.fetch_by("id", oduyo_id)
        if found:
            return found[0]
        # Where the filter finds nothing, a list may still show the record.
        return (await self._list_between(int(oduyo_id), int(oduyo_id), {oduyo_id})).get(oduyo_id)

    async def _list_between(self, low: int, high: int, wanted: set[str]) -> dict[str, Remote]:
        # Where this load may have deleted all records, only a listing from the start can show that the site is empty.
        pages = self._client.list_records(None if self._can_be_empty() else _above(low - 1), str(high))
        return {str(record["id"]): record async for page in pages for record in page if record["id"] in wanted}


def _above(floor: int) -> str | None:
    return str(floor) if floor > 0 else None
