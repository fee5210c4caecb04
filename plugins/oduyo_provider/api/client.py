"""What Ödüyo can be asked for one kind of record: create, update, delete, list."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from datetime import datetime
from types import TracebackType
from typing import final

import msgspec

from oduyo_provider.api.call import DEFAULT_UNKNOWN_TRIES, BeforeSend, Exchange, utc_now
from oduyo_provider.api.codec import Filter, encode_column, encode_list, parse_created_id, parse_records
from oduyo_provider.api.listing import (
    DEFAULT_LISTINGS,
    DEFAULT_PAGE_RECORDS,
    Listing,
    fetch_compares_as_text,
    record_id,
)
from oduyo_provider.api.pacer import Pacer
from oduyo_provider.api.response import Move, compute_text
from oduyo_provider.api.session import SessionKeeper
from oduyo_provider.api.settings import Settings
from oduyo_provider.api.side_by_side import read_side_by_side
from oduyo_provider.api.transport import Transport
from oduyo_provider.core.change import Outcome
from oduyo_provider.core.errors import ListingError, LostAnswerError, NotSentError, RetryError
from oduyo_provider.core.record import Remote, Resource
from oduyo_provider.core.redact import Redactor


class Reply(msgspec.Struct):
    """The end of one change.

    :param oduyo_id: the record's id; None when a create's answer did not tell it.
    :param reason: why it is not done, on one line; empty when it is.
    :param body: what Ödüyo answered last, redacted, on one line; empty when nothing came, or when it is done.
    :param sends: how many times bytes may have reached Ödüyo.
    :param lost: how many of these had an unknown outcome.
    """

    outcome: Outcome
    oduyo_id: str | None = None
    reason: str = ""
    body: str = ""
    sends: int = 0
    lost: int = 0


# By names of their own: before Python 3.12 an enum looks its members up in Python code, here several times a change.
_DONE, _MOVE_DONE = Outcome.DONE, Move.DONE

#: How a list call failed, by its last move; any other is a ListingError.
_LIST_ERRORS: dict[Move, type[RetryError]] = {Move.UNKNOWN: LostAnswerError, Move.NOT_SENT: NotSentError}


@final
class OduyoClient:
    """One resource of one site; an async context manager that belongs to one event loop.

    :param on_secret: called with each session id before anything else sees it.
    :param clock: seconds of a clock that never goes back.
    :param rng: gives a number from 0 up to 1.
    :param now: the present time with its zone.
    :param page_limit: records that a listing asks for at once.

    Stop errors leave every method: the login is refused, or this is not the API.
    """

    def __init__(
        self,
        settings: Settings,
        resource: Resource,
        *,
        on_secret: Callable[[str], None] | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        rng: Callable[[], float] = random.random,
        now: Callable[[], datetime] = utc_now,
        page_limit: int = DEFAULT_PAGE_RECORDS,
    ) -> None:
        self._settings = settings
        self.resource = resource
        self._sleep = sleep
        self._rng = rng
        self._page_limit = page_limit
        self._redact = Redactor(settings.secrets)
        self._transport = Transport(settings, self._redact)
        self._keeper = SessionKeeper(
            settings, self._transport, on_secret=on_secret, redact=self._redact, clock=clock, sleep=sleep, rng=rng
        )
        self._pacer = Pacer(settings.max_concurrency, settings.requests_per_second, clock=clock, sleep=sleep)
        self._exchange = Exchange(
            self._transport, self._keeper, self._pacer, redact=self._redact, clock=clock, sleep=sleep, rng=rng, now=now
        )
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> OduyoClient:
        await self._stack.enter_async_context(self._transport)
        self._stack.push_async_callback(self._keeper.close)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    @property
    def requests(self) -> int:
        """Requests sent so far, logins left out."""
        return self._exchange.requests

    @property
    def retries(self) -> int:
        """Those of :attr:`requests` that sent a call again."""
        return self._exchange.retries

    def create(
        self, fields: Mapping[str, str | None], *, before_send: BeforeSend | None = None
    ) -> Coroutine[object, None, Reply]:
        """Create a record. A lost answer is returned as UNKNOWN at once: a second create may make a second record.

        :param before_send: called right before every transmission, and what it returns is awaited; what it raises is
            passed on, and nothing is sent.
        """
        return self._change("create", fields, None, before_send, unknown_tries=1)

    def update(
        self, fields_with_id: Mapping[str, str | None], *, before_send: BeforeSend | None = None
    ) -> Coroutine[object, None, Reply]:
        """Overwrite the record that ``fields_with_id["id"]`` names; sent again a few times while unsettled."""
        known_id = fields_with_id["id"]
        return self._change("update", fields_with_id, known_id, before_send, unknown_tries=DEFAULT_UNKNOWN_TRIES)

    def delete(self, oduyo_id: str, *, before_send: BeforeSend | None = None) -> Coroutine[object, None, Reply]:
        """Delete a record; sent again a few times while its fate is unknown.

        REFUSED with ``lost`` above 0 may mean that an earlier transmission has deleted it: look it up.
        """
        return self._change("delete", {"id": oduyo_id}, oduyo_id, before_send, unknown_tries=DEFAULT_UNKNOWN_TRIES)

    async def _change(
        self,
        call: str,
        fields: Mapping[str, str | None],
        known_id: str | None,
        before_send: BeforeSend | None,
        *,
        unknown_tries: int,
    ) -> Reply:
        run = await self._exchange.run(
            f"{self.resource.path}/{call}", encode_column(fields), before_send=before_send, unknown_tries=unknown_tries
        )
        verdict = run.verdict
        if verdict.move is _MOVE_DONE:
            outcome = _DONE
        elif verdict.move is Move.REFUSED:
            outcome = Outcome.REFUSED
        else:
            # However it ended: one transmission of unknown fate leaves the whole change unknown.
            outcome = Outcome.DOUBTFUL if run.lost else Outcome.FAILED
        return Reply(
            outcome=outcome,
            oduyo_id=known_id if call != "create" else parse_created_id(verdict.data),
            reason=verdict.reason,
            body=compute_text(run.answer, self._redact) if run.answer and outcome is not _DONE else "",
            sends=run.sends,
            lost=run.lost,
        )

    async def _fetch(self, filters: Sequence[Filter], limit: int, descending: bool) -> list[Remote]:
        """One list call. A "no" counts as an empty page: the API does not tell "none" from "failed"."""
        records, _ = await self._fetch_or_no(filters, limit, descending)
        return records

    async def _fetch_or_no(self, filters: Sequence[Filter], limit: int, descending: bool) -> tuple[list[Remote], str]:
        """One list call: its records, and Ödüyo's words when it said no; these are empty when it did not."""
        run = await self._exchange.run(
            f"{self.resource.path}/list",
            encode_list(filters, limit, descending),
            unknown_tries=DEFAULT_UNKNOWN_TRIES,
        )
        move, answer = run.verdict.move, run.answer
        if move is Move.DONE and answer is not None:
            return parse_records(answer.body), ""
        if move is Move.REFUSED and answer is not None and answer.status in (200, 404):
            return [], run.verdict.reason
        if run.error is not None:
            raise run.error
        raise _LIST_ERRORS.get(move, ListingError)(
            f"Ödüyo did not carry out a list call, also not when it was asked again. {run.verdict.reason.rstrip('.')}. "
            "Start the task again; if it stays so, check in the Ödüyo panel whether the user may list these records."
        )

    async def fetch_page(
        self, after_id: str | None, *, limit: int = DEFAULT_PAGE_RECORDS, filters: Sequence[Filter] = ()
    ) -> list[Remote]:
        """The records that Ödüyo names above `after_id`, unchecked: an empty page alone proves nothing."""
        above = [] if after_id is None else [Filter("id", ">", after_id)]
        return await self._fetch([*filters, *above], limit, False)

    async def fetch_last(self) -> Remote | None:
        """The record that Ödüyo sorts last by id, or None. See :meth:`fetch_highest_id` for the largest number."""
        top = await self._fetch((), 1, True)
        return top[0] if top else None

    async def fetch_highest_id(self) -> str | None:
        """The largest id as a number, whatever the site compares; None when the site is shown to be empty.

        :raises ListingError: it cannot be told.
        """
        last = await self.fetch_last()
        if last is not None and not await fetch_compares_as_text(self._fetch, record_id(last)):
            return record_id(last)
        return max((record_id(record) for record in await self.snapshot_records()), key=int, default=None)

    def list_records(self, after_id: str | None = None) -> AsyncIterator[list[Remote]]:
        """All records whose id is, as a number, above `after_id`: page by page, none twice, complete at its end.

        One pass, so that no record comes twice: on a ListingError throw away what came and start another one, at most
        `DEFAULT_LISTINGS` in all; :meth:`snapshot_records` does so in memory.

        :raises ListingError: the pass cannot be shown to be complete.
        """
        return self._listing(after_id=after_id).pages()

    async def read_side_by_side(
        self, after_id: str | None, known_ids: Iterable[str], take: Callable[[list[Remote]], None]
    ) -> None:
        """As :meth:`list_records`, faster: see :mod:`.side_by_side`.

        :param known_ids: ids of records that were confirmed; they decide only how the work is divided.
        :param take: is given each page, in any order.
        """

        def make(low: str | None, high: str | None) -> Listing:
            return self._listing(low, until_id=high)

        await read_side_by_side(self._fetch, make, after_id, known_ids, take, limit=self._page_limit)

    async def snapshot_records(self, after_id: str | None = None) -> list[Remote]:
        """As :meth:`list_records`, started again when need be, all in memory.

        :raises ListingError: no pass of `DEFAULT_LISTINGS` could be shown to be complete.
        """
        return await self._collect(lambda _: True, after_id=after_id)

    async def fetch_by(self, field: str, value: str) -> list[Remote]:
        """The records whose `field` is exactly `value`, also where the site's filter is looser or does nothing.

        :raises ListingError: it cannot be shown that these are all.
        """
        filters = (Filter(field, "=", value),)
        return await self._collect(lambda record: record.get(field) == value, filters=filters)

    async def log_in(self) -> None:
        """Log in now and not at the first call.

        :raises LoginRefusedError, NotThisApiError, NotSentError, LostAnswerError: as the login itself.
        """
        await self._keeper.header()

    async def probe(self) -> str:
        """List one record, for a connection test; returns a sentence for people.

        :raises ListingError: Ödüyo says no, which may be a missing right.
        """
        records, no = await self._fetch_or_no((), 1, True)
        site, name = self._settings.site, self.resource.name
        if no:
            raise ListingError(
                f"Ödüyo at {site} accepted the login, but not a list call for {name} ({no.rstrip('.')}). Give the user the "
                "right to list these records in the Ödüyo panel; without a fault, only a site that holds none yet may answer so."
            )
        found = f"the last {name} has the id {record_id(records[0])}" if records else f"there is no {name} yet"
        return f"Ödüyo at {site} accepted the login and a list call: {found}."

    def _listing(
        self, after_id: str | None = None, filters: Sequence[Filter] = (), until_id: str | None = None
    ) -> Listing:
        return Listing(
            self._fetch,
            sleep=self._sleep,
            rng=self._rng,
            after_id=after_id,
            until_id=until_id,
            filters=filters,
            limit=self._page_limit,
        )

    async def _collect(
        self, is_wanted: Callable[[Remote], bool], after_id: str | None = None, filters: Sequence[Filter] = ()
    ) -> list[Remote]:
        for _ in range(DEFAULT_LISTINGS - 1):
            # Records may have come or gone meanwhile; a site that is wrong by itself fails the last pass as well.
            with suppress(ListingError):
                return await self._collect_once(is_wanted, self._listing(after_id, filters))
        return await self._collect_once(is_wanted, self._listing(after_id, filters))

    async def _collect_once(self, is_wanted: Callable[[Remote], bool], listing: Listing) -> list[Remote]:
        return [record async for page in listing.pages() for record in page if is_wanted(record)]
