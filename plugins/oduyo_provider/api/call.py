"""Runs one call: at the allowed pace, with a session, and again as often as its answers allow."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

import msgspec

from oduyo_provider.api.backoff import compute_backoff
from oduyo_provider.api.meaning import Classification, Meaning, classify
from oduyo_provider.api.pacer import Pacer
from oduyo_provider.api.runtime import Runtime
from oduyo_provider.api.session import SessionKeeper
from oduyo_provider.api.transport import Answer, BeforeSend, Transport
from oduyo_provider.core.errors import LostAnswerError, NotSentError, RetryError

#: How often one call is tried when it cannot be sent at all.
DEFAULT_NOT_SENT_TRIES = 5
#: How often a call that may be repeated (update, delete, list) is sent when no usable answer comes back.
DEFAULT_UNKNOWN_TRIES = 4
#: A call is given up after this many expired sessions. Higher than the keeper's own limit: it is reached only when other
#: calls succeed with these sessions, so that it is this call that Ödüyo does not allow.
DEFAULT_SESSION_TRIES = 6
#: How long one call may be put off by "slow down", in seconds.
DEFAULT_PATIENCE_S = 600.0

_T = TypeVar("_T")


class CallResult(msgspec.Struct):
    """How a call ended.

    :param classification: what its last answer means.
    :param answer: the last whole answer, if there was one.
    :param error: why the login failed, when that ended the call.
    :param sends: how many times bytes of the call may have reached Ödüyo.
    :param lost: how many of these got no usable answer.
    :param session: the number of the session of the last transmission.
    :param by_firewall: something before Ödüyo refused this one request, while Ödüyo answers others.
    """

    classification: Classification = Classification(Meaning.NOT_SENT)
    answer: Answer | None = None
    error: RetryError | None = None
    sends: int = 0
    lost: int = 0
    session: int = 0
    by_firewall: bool = False
    not_sent: int = 0
    expired_sessions: int = 0
    throttled_since: float | None = None


class HarmlessCall(msgspec.Struct, frozen=True):
    """A call that changes nothing. Its answer shows whether a session still works."""

    path: str
    body: bytes


class CallRunner:
    """Runs calls. Belongs to one event loop.

    :param harmless: asked when a request is answered with somebody else's 403 or 406.
    :param redact: removes secrets from reasons.
    :ivar requests: transmissions so far, logins left out.
    :ivar retries: those of them that sent a call again.
    """

    def __init__(
        self,
        transport: Transport,
        keeper: SessionKeeper,
        pacer: Pacer,
        harmless: HarmlessCall,
        redact: Callable[[str], str],
        runtime: Runtime,
    ) -> None:
        self._transport = transport
        self._keeper = keeper
        self._pacer = pacer
        self._harmless = harmless
        self._redact = redact
        self._runtime = runtime
        self.requests = 0
        self.retries = 0

    async def run(
        self, path: str, body: bytes, *, before_send: BeforeSend | None = None, unknown_tries: int = 1
    ) -> CallResult:
        """Send `body` until an answer ends the call or its tries are used up.

        :param path: below ``/api/v1/``; its last part is the call's name.
        :param before_send: called right before the bytes of each transmission leave; what it raises is passed on.
        :param unknown_tries: how often the call is sent when no usable answer comes back; 1 for a call that must not be repeated.
        :raises StopError: the login is refused, or this is not the API.
        """
        result = CallResult()
        try:
            sent_in = await self._transmit(path, body, before_send, result)
            while await self._is_to_be_sent_again(result, sent_in, unknown_tries):
                if unknown_tries == 1 and result.lost:
                    break  # whoever called looks for it first
                self.retries += 1
                sent_in = await self._transmit(path, body, before_send, result)
        except _LoginError as failed:
            result.error = failed.error
            result.classification = Classification(Meaning.NOT_SENT, reason=str(failed.error))
        return result

    async def renew(self, refused: int) -> None:
        """Replace the session of the number `refused`.

        :raises OduyoError: as the login.
        """
        await self._keeper.renew(refused)

    async def _transmit(self, path: str, body: bytes, before_send: BeforeSend | None, result: CallResult) -> int:
        """Send once; returns the pacer's round."""
        sent_in = await self._pacer.acquire()
        try:
            headers = await _login(self._keeper.header())
            self.requests += 1
            result.session = self._keeper.number
            result.classification = await self._post(path, body, headers, result, before_send)
        finally:
            self._pacer.release()
        return sent_in

    async def _post(
        self, path: str, body: bytes, headers: dict[str, str], result: CallResult, before_send: BeforeSend | None
    ) -> Classification:
        try:
            result.answer = await self._transport.post(path, body, headers, before_send=before_send)
        except NotSentError as error:
            return Classification(Meaning.NOT_SENT, reason=str(error))
        except LostAnswerError as error:
            result.sends += 1
            return Classification(Meaning.UNKNOWN, reason=str(error))
        result.sends += 1
        return classify(result.answer, call=path.rpartition("/")[2], redact=self._redact)

    async def _is_to_be_sent_again(self, result: CallResult, sent_in: int, unknown_tries: int) -> bool:
        """Tell pacer and keeper how the request ended, wait if need be, and say whether to send the call again."""
        meaning = result.classification.meaning
        if meaning in (Meaning.DONE, Meaning.REFUSED):
            self._keeper.succeeded()
            self._pacer.succeeded(sent_in)
            return False
        if meaning is Meaning.THROTTLED:
            return self._is_worth_waiting(result, sent_in)
        if meaning is Meaning.BLOCKED:
            if unknown_tries == 1:
                # Unknown for now: a web page does not tell whether a create was carried out.
                result.lost = 1
            meaning = await self._ask_why_blocked(result)
        if meaning is Meaning.SESSION:
            return await self._renew(result)
        if meaning is Meaning.REFUSED:
            self._keeper.succeeded()
            result.by_firewall = True
            if unknown_tries == 1:
                result.lost = 0
            result.classification = msgspec.structs.replace(result.classification, meaning=meaning)
            return False
        return await self._wait_after_failure(result, sent_in, unknown_tries)

    async def _wait_after_failure(self, result: CallResult, sent_in: int, unknown_tries: int) -> bool:
        classification = result.classification
        asked_s = classification.retry_after_s
        # As with "slow down", no wait is longer than a call's patience.
        if asked_s is not None and asked_s <= DEFAULT_PATIENCE_S:
            self._pacer.throttled(sent_in, asked_s)
        elif classification.is_overload:
            self._pacer.overloaded(sent_in)
        else:
            self._pacer.errored(sent_in)
        if classification.meaning is Meaning.UNKNOWN:
            result.lost += 1
            tries, allowed = result.lost, unknown_tries
        else:
            result.not_sent += 1
            tries, allowed = result.not_sent, DEFAULT_NOT_SENT_TRIES
        if tries >= allowed:
            return False
        await self._runtime.sleep(compute_backoff(tries, self._runtime.rng))
        return True

    def _is_worth_waiting(self, result: CallResult, sent_in: int) -> bool:
        """Slow all requests down; returns False if Ödüyo asks for a longer wait than this call may take."""
        asked_s = result.classification.retry_after_s
        now = self._runtime.clock()
        if result.throttled_since is None:
            result.throttled_since = now
        # With a longer pause, every other call would only wait to fail.
        if now - result.throttled_since + (asked_s or 0.0) > DEFAULT_PATIENCE_S:
            return False
        self._pacer.throttled(sent_in, asked_s)
        return True

    async def _ask_why_blocked(self, result: CallResult) -> Meaning:
        """The meaning of a page with 403 or 406: REFUSED when only this request is blocked, SESSION when all are, else BLOCKED.

        A web firewall answers so to a request that it does not like, and some sites to an expired session.
        """
        check = CallResult()
        await self._transmit(self._harmless.path, self._harmless.body, None, check)
        if check.session != result.session or check.classification.meaning in (Meaning.SESSION, Meaning.BLOCKED):
            return Meaning.SESSION
        return Meaning.REFUSED if check.classification.meaning in (Meaning.DONE, Meaning.REFUSED) else Meaning.BLOCKED

    async def _renew(self, result: CallResult) -> bool:
        result.expired_sessions += 1
        if result.expired_sessions >= DEFAULT_SESSION_TRIES:
            return False
        await _login(self._keeper.renew(result.session, result.classification.reason))
        return True


class _LoginError(Exception):
    """The login failed. A class of its own, as `before_send` may raise the same errors."""

    def __init__(self, error: RetryError) -> None:
        super().__init__(str(error))
        self.error = error


async def _login(work: Awaitable[_T]) -> _T:
    try:
        return await work
    except RetryError as error:
        raise _LoginError(error) from None
