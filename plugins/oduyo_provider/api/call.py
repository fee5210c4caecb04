"""One call until it is settled: paced, with a session, sent again as often as its answers allow."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from datetime import datetime, timezone
from typing import TypeVar

import msgspec

from oduyo_provider.api.backoff import compute_backoff
from oduyo_provider.api.pacer import Pacer
from oduyo_provider.api.response import Move, Verdict, classify
from oduyo_provider.api.session import SessionKeeper
from oduyo_provider.api.transport import Answer, Transport
from oduyo_provider.core.errors import LostAnswerError, NotSentError, NotThisApiError, RetryError

#: Transmissions that may fail before they leave, for one call.
DEFAULT_NOT_SENT_TRIES = 5
#: Transmissions of a call that may be repeated (update, delete, list) whose outcome may stay unknown.
DEFAULT_UNKNOWN_TRIES = 4
#: Sessions that one call may meet dead. More than the keeper's own limit, which it reaches first unless other calls
#: succeed meanwhile: then it is this one call that Ödüyo does not allow.
DEFAULT_SESSION_TRIES = 6
#: How long one call may be put off by throttling.
DEFAULT_PATIENCE_S = 600.0

# By names of their own: before Python 3.12 an enum looks its members up in Python code, here several times a change.
_DONE, _REFUSED = Move.DONE, Move.REFUSED
_UNSENT = Verdict(Move.NOT_SENT)

#: Called right before a transmission; what it returns, if anything, is awaited.
BeforeSend = Callable[[], "Awaitable[None] | None"]
_T = TypeVar("_T")


def utc_now() -> datetime:
    """The present time, with its zone."""
    return datetime.now(timezone.utc)


class Exchanged(msgspec.Struct):
    """How a call ended.

    :param verdict: the last one.
    :param answer: the last whole answer, if there was one.
    :param error: the login's failure, when that was the end.
    :param sends: how many times bytes of the call may have reached Ödüyo.
    :param lost: how many of these had an unknown outcome.
    :param took_s: how long the last answer took, in seconds.
    """

    verdict: Verdict
    answer: Answer | None = None
    error: RetryError | None = None
    sends: int = 0
    lost: int = 0
    took_s: float = 0.0
    not_sent: int = 0
    dead_sessions: int = 0
    throttled_since: float | None = None


class Exchange:
    """Sends calls. Belongs to one event loop.

    :param redact: strikes secrets out of reasons.
    :ivar proven: whether a good answer was seen.
    :ivar requests: transmissions so far, logins left out; ``retries`` are those of them that sent a call again.
    """

    def __init__(
        self,
        transport: Transport,
        keeper: SessionKeeper,
        pacer: Pacer,
        *,
        redact: Callable[[str], str],
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        rng: Callable[[], float] = random.random,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._transport = transport
        self._keeper = keeper
        self._pacer = pacer
        self._redact = redact
        self._clock = clock
        self._sleep = sleep
        self._rng = rng
        self._now = now
        self.proven = False
        self.requests = 0
        self.retries = 0

    async def run(
        self, path: str, body: bytes, *, before_send: BeforeSend | None = None, unknown_tries: int = 1
    ) -> Exchanged:
        """Send `body` until an answer settles it or the tries are used up.

        :param path: below ``/api/v1/``; its last part is the call's name.
        :param before_send: called right before every transmission; what it returns is awaited.
        :param unknown_tries: transmissions whose outcome may be unknown; 1 never sends again after one.
        :raises StopError: the login is refused, or this is not the API.
        """
        run = Exchanged(_UNSENT)
        try:
            session = await self._transmit(path, body, before_send, run)
            while await self._is_to_be_sent_again(run, session, unknown_tries):
                self.retries += 1
                session = await self._transmit(path, body, before_send, run)
        except _LoginError as failed:
            run.error = failed.error
            run.verdict = Verdict(Move.NOT_SENT, reason=str(failed.error))
        return run

    async def _transmit(self, path: str, body: bytes, before_send: BeforeSend | None, run: Exchanged) -> str:
        """Send once and note the verdict; returns the session it was sent with."""
        if not self._pacer.take():
            await self._pacer.acquire()
        try:
            headers = self._keeper.present
            if headers is None:
                headers = await _login(self._keeper.header())
            if before_send is not None and (preparation := before_send()) is not None:
                await preparation
            self.requests += 1
            sent_at = self._clock()
            try:
                run.answer = await self._transport.post(path, body, headers)
            except NotSentError as error:
                run.verdict = Verdict(Move.NOT_SENT, reason=str(error))
            except LostAnswerError as error:
                run.sends += 1
                run.verdict = Verdict(Move.UNKNOWN, reason=str(error))
            else:
                run.took_s = self._clock() - sent_at
                run.sends += 1
                run.verdict = classify(
                    run.answer,
                    call=path.rpartition("/")[2],
                    proven=self.proven,
                    now=self._now,
                    redact=self._redact,
                )
        finally:
            self._pacer.release()
        return headers["Authorization"]

    async def _is_to_be_sent_again(self, run: Exchanged, session: str, unknown_tries: int) -> bool:
        """Act on the verdict, wait as long as it asks, and say whether to send again."""
        move = run.verdict.move
        if move is _DONE or move is _REFUSED:
            # Any web server answers 413 by itself; every other refusal is worded by the API.
            self.proven = self.proven or (run.answer is not None and run.answer.status != 413)
            self._keeper.succeeded()
            self._pacer.succeeded(run.took_s)
            return False
        if move is Move.NOT_THIS_API:
            raise NotThisApiError(
                f"The address of the connection answers, but not as the Ödüyo API does ({run.verdict.reason}). "
                "Check host, port and path of the connection; every Ödüyo customer has a host of its own."
            )
        if move is Move.THROTTLED:
            return self._is_worth_waiting(run)
        if move is Move.SESSION:
            return await self._renew(run, session)
        if run.verdict.retry_after_s is None:
            self._pacer.errored()
        else:
            self._pacer.throttled(run.verdict.retry_after_s)
        if move is Move.UNKNOWN:
            run.lost += 1
            tries, allowed = run.lost, unknown_tries
        else:
            run.not_sent += 1
            tries, allowed = run.not_sent, DEFAULT_NOT_SENT_TRIES
        if tries >= allowed:
            return False
        await self._sleep(compute_backoff(tries, self._rng))
        return True

    def _is_worth_waiting(self, run: Exchanged) -> bool:
        """Slow everybody down, unless the server asks for more patience than there is."""
        asked_s = run.verdict.retry_after_s
        now = self._clock()
        since = run.throttled_since = now if run.throttled_since is None else run.throttled_since
        # A pause that outlasts the patience would only make every other call wait for its own failure.
        if now - since + (asked_s or 0.0) > DEFAULT_PATIENCE_S:
            return False
        self._pacer.throttled(asked_s)
        return True

    async def _renew(self, run: Exchanged, session: str) -> bool:
        run.dead_sessions += 1
        if run.dead_sessions >= DEFAULT_SESSION_TRIES:
            return False
        await _login(self._keeper.renew(session))
        return True


class _LoginError(Exception):
    """The login did not come through; told apart here from what `before_send` may raise."""

    def __init__(self, error: RetryError) -> None:
        super().__init__(str(error))
        self.error = error


async def _login(work: Awaitable[_T]) -> _T:
    try:
        return await work
    except RetryError as error:
        raise _LoginError(error) from None
