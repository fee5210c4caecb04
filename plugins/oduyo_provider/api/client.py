"""What Ödüyo can be asked for one kind of record: create, update, delete, list."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from types import TracebackType
from typing import final

import msgspec

from oduyo_provider.api.call import DEFAULT_UNKNOWN_TRIES, BeforeSend, CallRunner
from oduyo_provider.api.list_call import ListCall
from oduyo_provider.api.listing import (
    DEFAULT_LISTINGS,
    DEFAULT_PAGE_RECORDS,
    Listing,
    fetch_compares_as_text,
    record_id,
)
from oduyo_provider.api.meaning import Meaning, compute_text
from oduyo_provider.api.pacer import Pacer
from oduyo_provider.api.records import Filter, encode_column, parse_created_id
from oduyo_provider.api.runtime import Runtime
from oduyo_provider.api.session import SessionKeeper
from oduyo_provider.api.settings import Settings
from oduyo_provider.api.transport import Transport
from oduyo_provider.core.change import Outcome
from oduyo_provider.core.errors import ListingError
from oduyo_provider.core.record import Remote, Resource
from oduyo_provider.core.redact import Redactor


class Reply(msgspec.Struct):
    """How a change ended.

    :param oduyo_id: the record's id; None when a create's answer did not tell it.
    :param reason: why it is not done, on one line; empty when it is.
    :param body: what Ödüyo answered last, redacted, on one line; empty when nothing came, or when it is done.
    :param sends: how many times bytes may have reached Ödüyo.
    :param lost: how many of these got no usable answer.
    """

    outcome: Outcome
    oduyo_id: str | None = None
    reason: str = ""
    body: str = ""
    sends: int = 0
    lost: int = 0


@final
class OduyoClient:
    """One resource of one site; an async context manager that belongs to one event loop.

    :param on_secret: called with each session id before anything else gets it.
    :param page_limit: records that a listing asks for at once.

    Every method may raise a StopError: the login is refused, or this is not the API.
    """

    def __init__(
        self,
        settings: Settings,
        resource: Resource,
        *,
        on_secret: Callable[[str], None] | None = None,
        runtime: Runtime | None = None,
        page_limit: int = DEFAULT_PAGE_RECORDS,
    ) -> None:
        self._settings = settings
        self.resource = resource
        self._page_limit = page_limit
        self._runtime = runtime = runtime or Runtime()
        self._redact = redact = Redactor(settings.secrets)
        self._transport = Transport(settings, redact)
        self._keeper = SessionKeeper(settings, self._transport, on_secret=on_secret, redact=redact, runtime=runtime)
        pacer = Pacer(settings.max_concurrency, settings.requests_per_second, runtime)
        self._runner = CallRunner(self._transport, self._keeper, pacer, redact, runtime)
        self._list_call = ListCall(self._runner, resource)
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
        return self._runner.requests

    @property
    def retries(self) -> int:
        """Those of :attr:`requests` that sent a call again."""
        return self._runner.retries

    def create(
        self, fields: Mapping[str, str | None], *, before_send: BeforeSend | None = None
    ) -> Coroutine[object, None, Reply]:
        """Create a record. After a lost answer it is DOUBTFUL at once: a second create may make a second record.

        :param before_send: called right before each transmission, and what it returns is awaited; what it raises is
            passed on, and nothing is sent.
        """
        return self._change("create", fields, None, before_send, unknown_tries=1)

    def update(
        self, fields_with_id: Mapping[str, str | None], *, before_send: BeforeSend | None = None
    ) -> Coroutine[object, None, Reply]:
        """Overwrite the record that ``fields_with_id["id"]`` names; sent again a few times after lost answers."""
        known_id = fields_with_id["id"]
        return self._change("update", fields_with_id, known_id, before_send, unknown_tries=DEFAULT_UNKNOWN_TRIES)

    def delete(self, oduyo_id: str, *, before_send: BeforeSend | None = None) -> Coroutine[object, None, Reply]:
        """Delete a record; sent again a few times after lost answers.

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
        result = await self._runner.run(
            f"{self.resource.path}/{call}", encode_column(fields), before_send=before_send, unknown_tries=unknown_tries
        )
        classification = result.classification
        if classification.meaning is Meaning.DONE:
            outcome = Outcome.DONE
        elif classification.meaning is Meaning.REFUSED:
            outcome = Outcome.REFUSED
        else:
            # However the call ended: a transmission without a usable answer may have taken effect.
            outcome = Outcome.DOUBTFUL if result.lost else Outcome.FAILED
        return Reply(
            outcome=outcome,
            oduyo_id=known_id if call != "create" else parse_created_id(classification.data),
            reason=classification.reason,
            body="" if result.answer is None or outcome is Outcome.DONE else compute_text(result.answer, self._redact),
            sends=result.sends,
            lost=result.lost,
        )

    async def fetch_last(self) -> Remote | None:
        """The record that Ödüyo sorts last by id, or None. See :meth:`fetch_highest_id` for the largest number."""
        top = await self._list_call.fetch((), 1, True)
        return top[0] if top else None

    async def fetch_highest_id(self) -> str | None:
        """The largest id as a number, whatever the site compares; None when the site is shown to be empty.

        :raises ListingError: it cannot be told.
        """
        last = await self.fetch_last()
        if last is not None and not await fetch_compares_as_text(self._list_call.fetch, record_id(last)):
            return record_id(last)
        return max((record_id(record) for record in await self.snapshot_records()), key=int, default=None)

    def list_records(self, after_id: str | None = None) -> AsyncIterator[list[Remote]]:
        """All records whose id is, as a number, above `after_id`: page by page, none twice, complete at its end.

        One pass, so that no record comes twice: on a ListingError throw away what came and start another one, at most
        `DEFAULT_LISTINGS` in all; :meth:`snapshot_records` does so in memory.

        :raises ListingError: the pass cannot be shown to be complete.
        """
        return self._make_listing(after_id).pages()

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
        records, no = await self._list_call.fetch_or_no((), 1, True)
        site, name = self._settings.site, self.resource.name
        if no:
            raise ListingError(
                f"Ödüyo at {site} accepted the login, but not a list call for {name} ({no.rstrip('.')}). Give the user the "
                "right to list these records in the Ödüyo panel; without a fault, only a site that holds none yet may answer so."
            )
        found = f"the last {name} has the id {record_id(records[0])}" if records else f"there is no {name} yet"
        return f"Ödüyo at {site} accepted the login and a list call: {found}."

    def _make_listing(self, after_id: str | None = None, filters: Sequence[Filter] = ()) -> Listing:
        return Listing(
            self._list_call.fetch, runtime=self._runtime, after_id=after_id, filters=filters, limit=self._page_limit
        )

    async def _collect(
        self, is_wanted: Callable[[Remote], bool], after_id: str | None = None, filters: Sequence[Filter] = ()
    ) -> list[Remote]:
        for _ in range(DEFAULT_LISTINGS - 1):
            # Records may have come or gone meanwhile; a site that is wrong by itself fails the last pass as well.
            with suppress(ListingError):
                return await self._collect_once(is_wanted, self._make_listing(after_id, filters))
        return await self._collect_once(is_wanted, self._make_listing(after_id, filters))

    async def _collect_once(self, is_wanted: Callable[[Remote], bool], listing: Listing) -> list[Remote]:
        return [record async for page in listing.pages() for record in page if is_wanted(record)]
