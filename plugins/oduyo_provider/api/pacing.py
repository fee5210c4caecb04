"""How many requests are under way, and how fast: bounded, slowed when Ödüyo asks for it, recovered slowly."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from types import TracebackType

from aiolimiter import AsyncLimiter

#: Successes for one more request at once, after a slow-down.
DEFAULT_RECOVERY_SUCCESSES = 20
#: First pause when a throttling answer names none; doubles from round to round up to the longest.
DEFAULT_PAUSE_S = 1.0
LONGEST_DEFAULT_PAUSE_S = 30.0


class Pacer:
    """Slots for requests. Belongs to one event loop.

    :param max_concurrency: slots at the start, and at most.
    :param requests_per_second: steady upper bound, without bursts; None for no bound.
    """

    def __init__(
        self,
        max_concurrency: int,
        requests_per_second: float | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._largest = self._limit = max_concurrency
        self._running = 0
        self._waiters: deque[asyncio.Future[None]] = deque()
        # One drop in the bucket at a time: a larger bucket would let a minute's worth out at once.
        self._limiter = AsyncLimiter(1, 1 / requests_per_second) if requests_per_second else None
        self._clock = clock
        self._sleep = sleep
        self._paused_until: float | None = None
        self._rounds = 0
        self._streak = 0
        self._slot = _Slot(self)

    @property
    def concurrency(self) -> int:
        """Requests that may be under way at once just now."""
        return self._limit

    def slot(self) -> _Slot:
        """``async with pacer.slot():`` around one request."""
        return self._slot

    def throttled(self, retry_after_s: float | None) -> float:
        """Ödüyo asked for fewer requests: pause everybody and halve the concurrency, once per pause.

        The answers to the other requests under way only lengthen the pause.

        :param retry_after_s: what Ödüyo asked for; None or 0 takes a pause that doubles from round to round.
        :returns: seconds until requests go on.
        """
        now = self._clock()
        if self._paused_until is None or now >= self._paused_until:
            self._limit = max(1, self._limit // 2)
            self._rounds += 1
            self._streak = 0
        own_pause_s = min(LONGEST_DEFAULT_PAUSE_S, DEFAULT_PAUSE_S * 2.0 ** min(self._rounds - 1, 10))
        self._paused_until = max(self._paused_until or now, now + (retry_after_s or own_pause_s))
        return self._paused_until - now

    def errored(self) -> None:
        """A request failed without a word about pace: one fewer at once, in case the server is overloaded."""
        self._limit = max(1, self._limit - 1)
        self._streak = 0

    def succeeded(self) -> None:
        """A request got its answer: recover by one after every `DEFAULT_RECOVERY_SUCCESSES`."""
        self._rounds = 0
        if self._limit == self._largest:
            return
        self._streak += 1
        if self._streak >= DEFAULT_RECOVERY_SUCCESSES:
            self._streak = 0
            self._limit += 1
            self._wake()

    async def acquire(self) -> None:
        """Wait for a slot, for the end of a pause, and for the rate, in this order."""
        if self._running < self._limit and not self._waiters:
            self._running += 1
        else:
            await self._queue()
        try:
            while self._paused_until is not None:
                wait_s = self._paused_until - self._clock()
                if wait_s <= 0:
                    self._paused_until = None
                else:
                    await self._sleep(wait_s)
            if self._limiter is not None:
                await self._limiter.acquire()
        except BaseException:
            self.release()
            raise

    def release(self) -> None:
        """Give a slot back."""
        self._running -= 1
        self._wake()

    async def _queue(self) -> None:
        waiter = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        try:
            await waiter
        except asyncio.CancelledError:
            # Cancelled between being given a slot and running again: the slot would be lost.
            if waiter.done() and not waiter.cancelled():
                self.release()
            raise

    def _wake(self) -> None:
        while self._waiters and self._running < self._limit:
            waiter = self._waiters.popleft()
            if not waiter.done():
                self._running += 1
                waiter.set_result(None)


class _Slot:
    """One object for all requests: it holds nothing of a request."""

    def __init__(self, pacer: Pacer) -> None:
        self._pacer = pacer

    async def __aenter__(self) -> None:
        await self._pacer.acquire()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pacer.release()
