"""Sends the calls of the check: waits if the site asks for it, and logs in anew if a session has ended."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial

from oduyo_provider.api.list_call import read_page
from oduyo_provider.api.login import Login
from oduyo_provider.api.meaning import Meaning, compute_retry_after
from oduyo_provider.api.pacer import Pacer
from oduyo_provider.api.probe import Probe, Seen
from oduyo_provider.api.records import Filter, Page, encode_column, encode_list
from oduyo_provider.api.settings import Settings
from oduyo_provider.api.transport import BeforeSend
from oduyo_provider.core.errors import ListingError
from oduyo_provider.core.redact import Redactor
from oduyo_provider.sync.check.questions import Found
from oduyo_provider.sync.check.wire import Wire
from oduyo_provider.sync.runtime.clock import Clock
from oduyo_provider.sync.runtime.timing import GAP_AFTER_PUT_OFF_S, LONGEST_GAP_S, LONGEST_PUT_OFF_S, READ_AGAIN_AFTER_S

#: The body of a list call for one record.
LAST_RECORD = encode_list((), 1, descending=True)
#: Statuses that ask to come again later.
PUT_OFF = (429, 503)
#: After so many logins in a row a call is no longer sent again.
MAX_RENEWALS = 3
#: How often a list call without a usable answer is sent.
LIST_TRIES = 2

#: Records what is about to be sent.
Prepare = Callable[[], Awaitable[None]]


class Listed(Page, frozen=True, kw_only=True):
    """The answer to a list call.

    :param is_no: whether it was a no, or a bare 404.
    :param fault: why the list cannot be read; empty if it can.
    """

    seen: Seen
    fault: str = ""

    @property
    def ids(self) -> list[str]:
        """The ids of the records, in the order in which they came."""
        return [str(record["id"]) for record in self.records]


class Asker:
    """Asks one question at a time. It counts waits and new logins, as they are answers too.

    :param check_lease: called right before each body that writes is sent. If it raises, nothing is sent and the
        error is passed on.
    :param found: answers are added here as they come.
    :ivar settle_s: how long a change may take to show, in seconds.
    :ivar session: the session id that calls use.
    :ivar put_off: answers that asked to come again later.
    :ivar calls: how many were sent so far, without logins; ``sessions_ended``: how many sessions ended meanwhile.
    """

    def __init__(
        self,
        probe: Probe,
        settings: Settings,
        redact: Redactor,
        clock: Clock,
        *,
        check_lease: BeforeSend,
        found: list[Found],
    ) -> None:
        self._probe = probe
        self._check_lease = check_lease
        self.found = found
        self.clock = clock
        self.settle_s = settings.settle_s
        self._pacer = Pacer(settings.max_concurrency, settings.requests_per_second)
        self.redact = redact
        self.wire = Wire(redact)
        self.session = ""
        self.put_off: list[Seen] = []
        self._gap_s = 0.0
        self.calls = 0
        self.sessions_ended = 0
        self._has_listed = False
        #: Words that came again after a new login, so they are about the call, not the session.
        self._final_words: set[str] = set()

    async def log_in(self, probe: Probe | None = None) -> Login:
        """Log in. From now on the calls use this session, unless a probe is given.

        :param probe: plays another program; its session is only returned.
        :raises OduyoError: the login gave no session.
        """
        return self.open_session(await self.send_login(probe), probe)

    def open_session(self, seen: Seen, probe: Probe | None = None) -> Login:
        """Take the session from the answer to a login; see :meth:`log_in`."""
        login = (probe or self._probe).open_session(seen)
        if probe is None:
            self.session = login.session_id
        return login

    async def send_login(self, probe: Probe | None = None) -> Seen:
        """Send a login, again if the site asks to come later."""
        return await self._ask_again(partial(self._send_login_once, probe or self._probe))

    async def _send_login_once(self, probe: Probe) -> Seen:
        await self.clock.sleep(self._gap_s)
        seen = await probe.log_in()
        self.wire.note(seen, self.clock.now())
        return seen

    async def send_list(
        self, body: bytes = LAST_RECORD, *, session: str | None = None, probe: Probe | None = None
    ) -> Seen:
        """Send a list call, again only if the site asks to come later.

        :param session: used in place of the asker's own; likewise ``probe``.
        """
        return await self._ask_again(partial(self.send_once, "list", body, session=session, probe=probe))

    async def send_once(
        self,
        call: str,
        body: bytes,
        *,
        session: str | None = None,
        probe: Probe | None = None,
        prepare: Prepare | None = None,
        is_slow: bool = True,
    ) -> Seen:
        """Send a call once, within the rate that the connection allows.

        :param prepare: for a call that writes, see :meth:`write`.
        :param is_slow: keep the gap between calls that is needed once the site has put calls off.
        """
        if is_slow and self._gap_s:
            await self.clock.sleep(self._gap_s)
        await self._pacer.acquire()
        try:
            if prepare is not None:
                await prepare()
            self.calls += 1
            used = self.session if session is None else session
            before_send = None if call == "list" else self._check_lease
            seen = await (probe or self._probe).send(call, body, used, before_send)
        finally:
            self._pacer.release()
        self.wire.note(seen, self.clock.now())
        return seen

    async def list(
        self,
        filters: Sequence[Filter] = (),
        limit: int = 1,
        *,
        descending: bool = False,
        offset: str = "0",
        tries: int = LIST_TRIES,
    ) -> Listed:
        """Send a list call, with a new session if the old one may have ended.

        :raises OduyoError: a login gave no session.
        """
        body = encode_list(filters, limit, descending, offset=offset)
        listed = await self._list(body, tries)
        for _ in range(MAX_RENEWALS):
            if not self._is_session_in_doubt(listed):
                break
            before = listed
            await self.log_in()
            listed = await self._list(body, tries)
            is_same = listed.seen.meaning is before.seen.meaning and listed.words == before.words
            if is_same and before.seen.meaning is not Meaning.SESSION:
                self._final_words.add(listed.words)
                break
            self.sessions_ended += 1
        self._has_listed = self._has_listed or bool(listed.records)
        return listed

    async def write(self, call: str, fields: Mapping[str, str | None], prepare: Prepare | None = None) -> Seen:
        """Send a create, update or delete, with a new session if the old one has ended.

        A create is sent again only if it certainly had no effect.

        :param prepare: awaited before each transmission. If it raises, nothing is sent and the error is passed on.
        """
        body, put_off = encode_column(fields), PUT_OFF[:1] if call == "create" else PUT_OFF
        send = partial(self.send_once, call, body, prepare=prepare)
        seen = await self._ask_again(send, put_off)
        for _ in range(MAX_RENEWALS):
            if seen.meaning is not Meaning.SESSION:
                break
            self.sessions_ended += 1
            await self.log_in()
            seen = await self._ask_again(send, put_off)
        return seen

    async def _ask_again(self, ask: Callable[[], Awaitable[Seen]], put_off: Sequence[int] = PUT_OFF) -> Seen:
        """Ask, again if the site asks to come later.

        :param put_off: the statuses that mean this.
        """
        for wait_s in READ_AGAIN_AFTER_S:
            seen = await ask()
            if seen.status not in put_off:
                return seen
            self.note_put_off(seen)
            asked_s = compute_retry_after(seen.answer) if seen.answer is not None else None
            await self.clock.sleep(min(asked_s or wait_s, LONGEST_PUT_OFF_S))
        return await ask()

    async def _list(self, body: bytes, tries: int) -> Listed:
        for tries_left in reversed(range(tries)):
            listed = read_listed(await self.send_list(body), self.redact)
            if listed.seen.meaning not in (Meaning.UNKNOWN, Meaning.NOT_SENT) or not tries_left:
                break
        return listed

    def _is_session_in_doubt(self, listed: Listed) -> bool:
        if listed.seen.meaning in (Meaning.SESSION, Meaning.BLOCKED):
            return True
        return bool(listed.words) and self._has_listed and listed.words not in self._final_words

    def note_put_off(self, *seen: Seen) -> None:
        """Note answers that ask to come later, and keep a longer gap from now on."""
        self.put_off += seen
        self._gap_s = min(max(2 * self._gap_s, GAP_AFTER_PUT_OFF_S), LONGEST_GAP_S)


def read_listed(seen: Seen, redact: Redactor) -> Listed:
    """Read an answer to a list call."""
    try:
        page = read_page(seen.classification, seen.answer, redact)
    except ListingError as error:
        return Listed([], seen=seen, fault=str(error))
    if page is None:
        return Listed([], seen=seen, fault=seen.classification.reason)
    return Listed(page.records, page.words, page.is_no, seen=seen)
