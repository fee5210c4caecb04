"""Listing in passes side by side, between ids that are known to be there.

One by one, each page is asked for after the one before has come. Here everything is asked for at once: the passes, the last
id of all, and how the site compares ids, without which no page is taken.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from itertools import pairwise

from oduyo_provider.api.listing import ListCall, Listing, fetch_compares_as_text, record_id
from oduyo_provider.core.record import Remote

#: ``make(after_id, until_id)``: one pass over the ids between.
MakeListing = Callable[["str | None", "str | None"], Listing]


async def read_side_by_side(
    call: ListCall,
    make: MakeListing,
    after_id: str | None,
    known_ids: Iterable[str],
    take: Callable[[list[Remote]], None],
    *,
    limit: int,
) -> None:
    """All records above `after_id`, none twice; complete at its end, or an error.

    :param known_ids: ids of records that were confirmed; they decide only how the work is divided.
    :param take: is given each page, in any order.
    :param limit: known ids in one pass.
    :raises ListingError: a pass cannot be shown to be complete.
    """
    floor = int(after_id or 0)
    known = [str(number) for number in sorted(map(int, known_ids)) if number > floor]
    if not known or not await _read_between(call, make, after_id, known, take, limit):
        async for page in make(after_id, None).pages():
            take(page)


async def _read_between(
    call: ListCall,
    make: MakeListing,
    after_id: str | None,
    known: list[str],
    take: Callable[[list[Remote]], None],
    limit: int,
) -> bool:
    """False when nothing was taken, as the site compares ids as text."""
    cuts = [*known[limit - 1 : -1 : limit], known[-1]]
    compares_as_text = asyncio.ensure_future(fetch_compares_as_text(call, known[-1]))

    async def take_pages(listing: Listing) -> None:
        async for page in listing.pages():
            if await compares_as_text:
                return
            take(page)

    async def take_rest() -> None:
        last = await call((), 1, True)
        if not last or int(record_id(last[0])) > int(known[-1]):
            await take_pages(make(known[-1], None))

    passes = [take_pages(make(low, high)) for low, high in pairwise([after_id, *cuts])]
    work = [asyncio.ensure_future(part) for part in (*passes, take_rest())]
    try:
        if await compares_as_text:
            return False
        await asyncio.gather(*work)
        return True
    finally:
        for part in work:
            part.cancel()
        await asyncio.gather(*work, return_exceptions=True)
