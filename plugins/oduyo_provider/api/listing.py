"""Lists records by key: all of them, or an error.

The API leaves open what ``offset`` means, how long a page may get, whether an empty list is ``[]`` or a 404, and
whether ids compare as numbers or as text. So a listing asks for ids above the last one seen, checks the order of each
page here, and ends only where ``id DESC, limit 1`` names the last id that was seen.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing, suppress

from oduyo_provider.api.backoff import compute_backoff
from oduyo_provider.api.list_call import PageLostError
from oduyo_provider.api.listing_errors import (
    explain_contradiction,
    explain_cut,
    explain_disorder,
    explain_endless,
    explain_text_order,
)
from oduyo_provider.api.page_size import PageSize
from oduyo_provider.api.records import Filter
from oduyo_provider.api.runtime import Runtime
from oduyo_provider.core.errors import ListingError
from oduyo_provider.core.record import Remote

#: Give up when an empty page and ``id DESC, limit 1`` contradict each other this many times in a row.
DEFAULT_CONTRADICTIONS = 3
#: Times a listing is started before it is given up.
DEFAULT_LISTINGS = 3
#: Requests of one listing; only a server that makes up ids without end gets there.
DEFAULT_MAX_PAGES = 200_000

#: ``await fetch(filters, limit, descending)``: one list call.
FetchRecords = Callable[[Sequence[Filter], int, bool], Awaitable[list[Remote]]]


def record_id(record: Remote) -> str:
    """The id of a listed record; :func:`.records.parse_page` has made sure that it is a number."""
    return str(record["id"])


async def fetch_compares_as_text(fetch: FetchRecords, known_id: str) -> bool:
    """Whether the site compares ids as text, where that makes a difference for the ids above `known_id`.

    Asked for ids above 1000 and up to 999, a site that compares numbers names none, one that compares text names 999.
    As text, nothing lies between 10000 and 1000, but there every larger number is a larger text too. A site that heeds
    only one of the two conditions counts as comparing text; that costs a longer listing and no record.
    """
    return bool(await fetch(make_text_filters(known_id), 1, False))


def make_text_filters(known_id: str) -> list[Filter]:
    """Ids above the next power of ten and up to `known_id`: as numbers there are none."""
    return [Filter("id", ">", "1" + "0" * len(known_id)), Filter("id", "<=", known_id)]


def is_power_of_ten(known_id: str) -> bool:
    """Whether :func:`fetch_compares_as_text` cannot tell from this id how a site compares."""
    return known_id.rstrip("0") == "1"


class Listing:
    """One pass over the records, in the server's order.

    :param after_id: only ids above it, as numbers; None lists all.
    :param up_to: ids above it are not asked for, where the site is shown to compare ids as numbers; None lists to the end.
    :param filters: further conditions.
    :param first_limit: records that the first page asks for; None for a page of the usual size.
    """

    def __init__(
        self,
        fetch: FetchRecords,
        *,
        page_size: PageSize,
        runtime: Runtime,
        after_id: str | None = None,
        up_to: str | None = None,
        filters: Sequence[Filter] = (),
        first_limit: int | None = None,
    ) -> None:
        self._fetch = fetch
        self._runtime = runtime
        self._after_id = after_id
        self._up_to = up_to
        self._filters = tuple(filters)
        self._page_size = page_size
        self._limit = min(first_limit or page_size.records, page_size.records)
        self._last: str | None = after_id
        self._has_seen = False
        self._ascends_as_number = True
        self._ascends_as_text = True
        self._nothings = 0

    async def pages(self) -> AsyncGenerator[list[Remote], None]:
        """The records, page by page; none of them twice.

        :raises ListingError: this pass cannot be shown to be complete; throw away what it gave so far.
        """
        floor = -1 if self._after_id is None else int(self._after_id)
        await self._check_comparison()
        contradictions = longest = 0
        for _ in range(DEFAULT_MAX_PAGES):
            page, limit = await self._fetch_page()
            if page:
                contradictions = 0
                await self._check_order([record_id(record) for record in page])
                if wanted := [record for record in page if int(record_id(record)) > floor]:
                    yield wanted
                if self._up_to is not None and int(self._last or 0) >= int(self._up_to):
                    return
                # A short page is the last one, or the site gives no longer pages.
                if longest != len(page) < limit and await self._is_end():
                    return
                longest = max(longest, len(page))
            elif await self._is_end():
                return
            else:
                contradictions += 1
                self._check_contradictions(contradictions)
                await self._runtime.sleep(compute_backoff(contradictions, self._runtime.rng))
        raise ListingError(explain_endless(DEFAULT_MAX_PAGES, self._last))

    async def _check_comparison(self) -> None:
        """A site that compares ids as text leaves 1000 out of `id > 999`, so all of it has to be looked through."""
        known = self._after_id
        if known is not None and await fetch_compares_as_text(self._fetch, known):
            self._last = self._after_id = self._up_to = None
            return
        is_shown = known is not None and not is_power_of_ten(known)
        up_to = self._up_to
        if up_to is None or is_shown:
            return
        if is_power_of_ten(up_to) or await fetch_compares_as_text(self._fetch, up_to):
            self._up_to = None

    async def _fetch_page(self) -> tuple[list[Remote], int]:
        """The next page, and how many records it was asked for. Too much for the site is halved, down to 1.

        :raises PageLostError: not even one record can be had.
        """
        above = [] if self._last is None else [Filter("id", ">", self._last)]
        while True:
            limit = self._limit
            try:
                page = await self._fetch([*self._filters, *above], limit, False)
            except PageLostError:
                if limit == 1:
                    raise
                self._page_size.failed(limit)
                self._limit = limit // 2
            else:
                self._page_size.succeeded(limit, len(page))
                self._limit = self._page_size.records if page else limit
                return page, limit

    def _check_contradictions(self, contradictions: int) -> None:
        if contradictions >= DEFAULT_CONTRADICTIONS:
            raise ListingError(explain_contradiction(self._last, contradictions))

    async def _is_end(self) -> bool:
        """Whether the last id of all is the last one seen."""
        top = await self._fetch(self._filters, 1, True)
        if not top:
            # Only the same answers once more can confirm that a site is empty; one of which an id is known is not.
            self._nothings += 1
            return not self._has_seen and self._after_id is None and self._nothings >= 2
        end = record_id(top[0])
        if not self._has_seen:
            return self._after_id is not None and int(end) <= int(self._after_id)
        last = self._last or ""
        if int(end) == int(last):
            return True
        # As long as the ids seen ascend in both ways, either may be the site's.
        is_above_as_number = self._ascends_as_number and int(end) > int(last)
        if not is_above_as_number and not (self._ascends_as_text and end > last):
            raise ListingError(explain_cut(last, end))
        return False

    async def _check_order(self, ids: Sequence[str]) -> None:
        """Each id must be above the one before: as a number, or all along as text on a site that also filters text."""
        previous = self._last
        for found in ids:
            if previous is not None:
                was_number = self._ascends_as_number
                self._ascends_as_number = was_number and int(found) > int(previous)
                self._ascends_as_text = self._ascends_as_text and found > previous
                if not self._ascends_as_number and not self._ascends_as_text:
                    raise ListingError(explain_disorder(found, previous))
                if was_number and not self._ascends_as_number:
                    await self._check_filter_compares_text(low=found, high=previous)
            previous = found
        self._last = previous
        self._has_seen = True

    async def _check_filter_compares_text(self, low: str, high: str) -> None:
        """Ids are sorted as text: unless the filter compares them so too, pages leave records out.

        :param low, high: `low` is the smaller number, but the larger text. A filter that compares numbers answers
            ``id > low`` with `high` or a smaller text.
        """
        above = await self._fetch([*self._filters, Filter("id", ">", low)], 1, False)
        if above and record_id(above[0]) <= low:
            raise ListingError(explain_text_order(high, low, record_id(above[0])))


async def collect_records(
    make: Callable[[], Listing], is_wanted: Callable[[Remote], bool], *, is_unique: bool = False
) -> list[Remote]:
    """The wanted records of a listing, which is started again when need be.

    :param is_unique: there is at most one, so that nothing is listed behind it.
    :raises ListingError: no pass of `DEFAULT_LISTINGS` could be shown to be complete.
    """
    for _ in range(DEFAULT_LISTINGS - 1):
        # Records may have come or gone meanwhile. If the site itself is wrong, the last pass fails too.
        with suppress(ListingError):
            return await _collect_once(make(), is_wanted, is_unique)
    return await _collect_once(make(), is_wanted, is_unique)


async def _collect_once(listing: Listing, is_wanted: Callable[[Remote], bool], is_unique: bool) -> list[Remote]:
    wanted: list[Remote] = []
    async with aclosing(listing.pages()) as pages:
        async for page in pages:
            wanted += filter(is_wanted, page)
            if wanted and is_unique:
                break
    return wanted
