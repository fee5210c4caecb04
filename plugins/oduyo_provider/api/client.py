"""The client of one resource: create, update, delete, list."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping
from contextlib import AbstractContextManager, AsyncExitStack, suppress
from types import TracebackType
from typing import Any, final

from oduyo_provider.api.call import DEFAULT_UNKNOWN_TRIES, CallRunner, HarmlessCall
from oduyo_provider.api.list_call import ListCall, Look, PageLostError
from oduyo_provider.api.listing import Listing, collect_records, fetch_compares_as_text, record_id
from oduyo_provider.api.pacer import Pacer
from oduyo_provider.api.page_size import PageSize
from oduyo_provider.api.records import Filter, encode_column, encode_list
from oduyo_provider.api.reply import Reply, make_reply
from oduyo_provider.api.runtime import Runtime
from oduyo_provider.api.session import SessionKeeper
from oduyo_provider.api.settings import DEFAULT_PAGE_SIZE, Settings
from oduyo_provider.api.transport import BeforeSend, Transport
from oduyo_provider.core.errors import RetryError
from oduyo_provider.core.record import Remote, Resource
from oduyo_provider.core.redact import Redactor

#: A look-up asks for so many records at first: values that should be unique have few.
LOOKUP_RECORDS = 10


@final
class OduyoClient:
    """One resource of one site; an async context manager that belongs to one event loop.

    :param on_secret: called with each session id before anything else gets it.

    Every method may raise a StopError: the login is refused, this is not the API, or the user may not list.
    """

    def __init__(
        self,
        settings: Settings,
        resource: Resource,
        *,
        on_secret: Callable[[str], None] | None = None,
        runtime: Runtime | None = None,
    ) -> None:
        self._settings = settings
        self.resource = resource
        self._page_size = PageSize(settings.page_size or DEFAULT_PAGE_SIZE)
        self._runtime = runtime = runtime or Runtime()
        self._redact = redact = Redactor(settings.secrets)
        self._transport = Transport(settings, redact)
        self._keeper = SessionKeeper(settings, self._transport, on_secret=on_secret, redact=redact, runtime=runtime)
        self._pacer = Pacer(settings.max_concurrency, settings.requests_per_second, runtime)
        harmless = HarmlessCall(f"{resource.path}/list", encode_list((), 1, descending=True))
        self._runner = CallRunner(self._transport, self._keeper, self._pacer, harmless, redact, runtime)
        self._list_call = ListCall(self._runner, resource, settings.site, redact)
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
    def settle_s(self) -> float:
        """How long after its sending a change may still take effect, in seconds."""
        return self._settings.settle_s

    @property
    def retries(self) -> int:
        """Those of :attr:`requests` that sent a call again."""
        return self._runner.retries

    def use_page_size(self, records: int | None) -> None:
        """Take what is known of the site, unless the connection itself says how long a page is."""
        if records is not None and self._settings.page_size is None:
            self._page_size = PageSize(records)

    def create(
        self, fields: Mapping[str, str | None], *, before_send: BeforeSend | None = None
    ) -> Coroutine[object, None, Reply]:
        """Create a record. After a lost answer it is DOUBTFUL at once: a second create may make a second record.

        :param before_send: called right before the bytes of each transmission leave; what it raises is passed on, and
            nothing is sent.
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
        return make_reply(call, result, known_id, self._redact)

    async def fetch_last(self) -> Remote | None:
        """The record that Ödüyo sorts last by id, or None. See :meth:`fetch_highest_id` for the largest number."""
        last = await Look(self._list_call).fetch((), 1, True)
        return last[0] if last else None

    async def fetch_top(self, limit: int) -> list[Remote]:
        """The records that Ödüyo sorts last by id, the last first; unchecked: a site may sort ids as text.

        At most so many as a page may have; none where such a page is too much for the site.
        """
        try:
            return await Look(self._list_call).fetch((), min(limit, self._page_size.records), True)
        except PageLostError:
            return []

    async def compares_as_text(self, known_id: str) -> bool:
        """Whether the site compares ids as text, if that matters for ids above the highest.

        Asked for ids above 1000, a site that compares text names 999, one that compares numbers a higher one, or none. A site that
        ignores filters counts as comparing text. Unlike :func:`.listing.fetch_compares_as_text` this works without ``<=``, which
        firewalls may block, as it is asked during a load.

        :param known_id: the highest id.
        """
        power = "1" + "0" * len(known_id)
        last = await Look(self._list_call).fetch((Filter("id", ">", power),), 1, True)
        return bool(last) and int(record_id(last[0])) <= int(known_id)

    async def fetch_highest_id(self) -> str | None:
        """The largest id as a number, whatever the site compares; None when the site is shown to be empty.

        :raises ListingError: it cannot be told.
        """
        look = Look(self._list_call)
        last = await look.fetch((), 1, True)
        if last and not await fetch_compares_as_text(look.fetch, record_id(last[0])):
            return record_id(last[0])
        return max((record_id(record) for record in await self.snapshot_records()), key=int, default=None)

    def list_records(self, after_id: str | None = None, up_to: str | None = None) -> AsyncGenerator[list[Remote], None]:
        """All records whose id is, as a number, above `after_id`: page by page, none twice, complete at its end.

        :param up_to: the last id that is needed; later ones may come too. None for all.

        One pass: on a ListingError throw away what came and start again; :meth:`snapshot_records` does so in memory.

        :raises ListingError: the pass cannot be shown to be complete.
        """
        return self._make_listing(after_id, up_to=up_to).pages()

    async def snapshot_records(
        self, after_id: str | None = None, is_wanted: Callable[[Remote], bool] = lambda _: True
    ) -> list[Remote]:
        """The wanted records of :meth:`list_records`, which is started again when need be, all in memory.

        :raises ListingError: no pass of `DEFAULT_LISTINGS` could be shown to be complete.
        """
        return await collect_records(lambda: self._make_listing(after_id), is_wanted)

    async def fetch_by(self, field: str, value: str) -> list[Remote]:
        """The records whose `field` is exactly `value`, also where the site's filter is looser or does nothing.

        One request finds a record by its ``id``, two find one by another field; that there is none takes four.
        :raises ListingError: it cannot be shown that these are all.
        """
        filters = (Filter(field, "=", value),)
        return await collect_records(
            lambda: self._make_listing(filters=filters, first_limit=LOOKUP_RECORDS),
            lambda record: record.get(field) == value,
            is_unique=field == "id",
        )

    async def fetch_newest_by(self, field: str, value: str) -> Remote | None:
        """The last record by id for which Ödüyo's filter says that `field` is `value`, by one request.

        Unchecked: no record, or another one, proves nothing. A call that Ödüyo does not carry out gives None too.
        """
        with suppress(RetryError):
            found = await Look(self._list_call).fetch((Filter(field, "=", value),), 1, True)
            return found[0] if found else None
        return None

    async def log_in(self) -> None:
        """Log in now and not at the first call.

        :raises LoginRefusedError, NotThisApiError, NotSentError, LostAnswerError: as the login itself.
        """
        await self._keeper.header()

    async def renew_session(self) -> None:
        """Log in anew, when refusals may be due to the session.

        :raises LoginRefusedError, NotThisApiError, NotSentError, LostAnswerError: as the login itself.
        """
        await self._keeper.header()
        await self._keeper.renew(self._keeper.number)

    async def has_session(self, number: int) -> bool:
        """Whether the session of this number still works, as far as a list call can tell: it names a record.

        :raises RetryError: as a list call.
        """
        return await self._list_call.has_session(number)

    def easing_pace(self, requests: int) -> AbstractContextManager[None]:
        """Go at half the pace or less if Ödüyo has asked for gaps: for requests that must not be refused again."""
        return self._pacer.easing(requests)

    async def probe(self) -> str:
        """List one record, for a connection test; returns a sentence for people.

        :raises ListingRefusedError, ListingError: Ödüyo says no, with or without words: a missing right, or an empty site.
        """
        page = await self._list_call.fetch((), 1, True)
        if page.is_no or page.words:
            raise self._list_call.refuse(page)
        return self._list_call.describe(page)

    def _make_listing(self, after_id: str | None = None, **how: Any) -> Listing:
        return Listing(
            Look(self._list_call).fetch, page_size=self._page_size, runtime=self._runtime, after_id=after_id, **how
        )
