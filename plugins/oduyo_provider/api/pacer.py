"""How many requests are under way, and how fast: bounded, slowed when Ödüyo asks for it, recovered slowly.

Two bounds work together. The **concurrency** is halved by a "slow down" and by rising errors, and comes back one by one.
By itself it is too coarse: one request after the other, of 5 ms each, is 200 a second already. So a "slow down" also
teaches a **rate**, see :class:`.rate.LearnedRate`. There is none as long as nobody asks for one.

Within them requests are spread over the time that an answer takes, see :mod:`.spread`.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from collections.abc import Awaitable, Callable

from oduyo_provider.api.rate import LearnedRate
from oduyo_provider.api.spread import Spread

#: Successes for one more request at once, after a slow-down.
DEFAULT_RECOVERY_SUCCESSES = 20
#: First pause when a throttling answer names none; doubles from round to round up to the longest.
DEFAULT_PAUSE_S = 1.0
LONGEST_DEFAULT_PAUSE_S = 30.0

#: Share of failing requests that halves the concurrency, and over how many requests it is taken. A site that drops one
#: request in twenty is not overloaded, and must not be slowed for ever.
RISING_ERRORS_RATIO = 0.2
ERRORS_OVER_REQUESTS = 32


class Pacer:
    """Slots for requests: each is taken with :meth:`take` or :meth:`acquire` and given back. Belongs to one event loop.

    How a request ended is told right after its slot was given back, before anything else is awaited.

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
        self._clock = clock
        self._sleep = sleep
        self._rate_bound = requests_per_second or math.inf
        self._rate: LearnedRate | None = None
        self._spread = Spread()
        self._next_at = -math.inf
        self._paused_until: float | None = None
        self._pauses = 0
        self._rounds = 0
        self._streak = 0
        self._error_ratio = 0.0
        # The round: the time since the last "slow down" or the start. When nothing is under way, no time passes for it.
        self._began_at: float | None = None
        self._pause_s = self._idle_s = 0.0
        self._idle_since: float | None = None
        self._sent = self._taken = 0
        # Requests sent and not answered; how many of them the last slow-down found so; whether the last answer was theirs.
        self._under_way = self._earlier = 0
        self._is_earlier = False

    @property
    def concurrency(self) -> int:
        """Requests that may be under way at once just now."""
        return self._limit

    @property
    def rate(self) -> float:
        """Requests a second that may be sent just now; infinite when there is no bound."""
        return self._rate_bound if self._rate is None else min(self._rate_bound, self._rate.compute(self._clock()))

    def throttled(self, retry_after_s: float | None) -> float:
        """Ödüyo asked for fewer requests: pause everybody, halve the concurrency and learn the rate, once per pause.

        The answers to requests that were under way then only lengthen the pause.

        :param retry_after_s: what Ödüyo asked for; None or 0 takes a pause that doubles from round to round.
        :returns: seconds until requests go on.
        """
        now = self._clock()
        is_paused = self._paused_until is not None and now < self._paused_until
        if not is_paused and not self._is_earlier:
            self._rounds += 1
            self._slow_down()
            self._begin_round(now)
            own_pause_s = min(LONGEST_DEFAULT_PAUSE_S, DEFAULT_PAUSE_S * 2.0 ** min(self._rounds - 1, 10))
            self._pause(now + (retry_after_s or own_pause_s), now)
        elif retry_after_s:
            self._pause(max(self._paused_until or now, now + retry_after_s), now)
        return max(0.0, (self._paused_until or now) - now)

    def errored(self) -> None:
        """A request failed without a word about pace: rising errors halve the concurrency, as the server may be overloaded."""
        if self._is_earlier:
            return
        self._taken += 1  # as far as the pace goes
        self._streak = 0
        self._error_ratio += (1 - self._error_ratio) / ERRORS_OVER_REQUESTS
        if self._error_ratio > RISING_ERRORS_RATIO:
            self._slow_down()

    def succeeded(self, took_s: float) -> None:
        """A request got its answer after so many seconds: recover by one after every `DEFAULT_RECOVERY_SUCCESSES`."""
        self._spread.note(took_s)
        if self._is_earlier:
            return
        self._rounds = 0
        self._taken += 1
        self._error_ratio -= self._error_ratio / ERRORS_OVER_REQUESTS
        if self._limit == self._largest:
            return
        self._streak += 1
        if self._streak >= DEFAULT_RECOVERY_SUCCESSES:
            self._streak = 0
            self._limit += 1
            self._wake()

    def take(self) -> bool:
        """Take a slot if that needs no waiting, as nearly always; False when it does."""
        is_free = self._running < self._limit and not self._waiters
        if not is_free or self._paused_until is not None or self._rate is not None or self._rate_bound < math.inf:
            return False
        if not self._spread.take_near_turn(self._clock(), self._limit):
            return False
        if not self._running:
            self._end_idleness()
        self._running += 1
        self._sent += 1
        self._under_way += 1
        return True

    async def acquire(self) -> None:
        """Wait for a slot, for its turn among the others, for the end of a pause, and for the rate, in this order."""
        if self._running < self._limit and not self._waiters:
            if not self._running:
                self._end_idleness()
            self._running += 1
        else:
            await self._queue()
        try:
            if wait_s := self._spread.take_turn(self._clock(), self._limit):
                await self._sleep(wait_s)
            if self._paused_until is not None or self._rate is not None or self._rate_bound < math.inf:
                await self._wait_for_turn()
        except BaseException:
            self._leave()
            raise
        self._sent += 1
        self._under_way += 1

    def release(self) -> None:
        """Give a slot back."""
        self._under_way -= 1
        # Answers come about in the order of the requests.
        self._is_earlier = self._earlier > 0
        if self._is_earlier:
            self._earlier -= 1
        self._leave()

    async def _wait_for_turn(self) -> None:
        """Each in turn takes the next moment that pause and rate allow; a pause that begins meanwhile takes it away again."""
        while True:
            now = self._clock()
            if self._paused_until is not None and now >= self._paused_until:
                self._paused_until = None
            if self._paused_until is not None:
                await self._sleep(self._paused_until - now)
                continue
            turn_at = max(now, self._next_at)
            self._next_at = turn_at + 1 / self.rate
            if turn_at <= now:
                return
            pauses = self._pauses
            await self._sleep(turn_at - now)
            if pauses == self._pauses:
                return

    def _begin_round(self, now: float) -> None:
        """Learn from the round that ends here."""
        if self._rate is None:
            self._rate = LearnedRate()
        if self._began_at is not None:
            active_s = now - self._began_at - self._pause_s - self._idle_s
            self._rate.learn(sent=self._sent, taken=self._taken, active_s=active_s, pause_s=self._pause_s, now=now)
        self._began_at = now
        self._idle_s = 0.0
        self._sent = self._taken = 0

    def _end_idleness(self) -> None:
        now = self._clock()
        if self._began_at is None:
            self._began_at = now
        if self._idle_since is not None:
            # Time that a pause takes is counted as the pause's.
            self._idle_s += max(0.0, now - max(self._idle_since, self._began_at + self._pause_s))
            self._idle_since = None

    def _pause(self, until: float, now: float) -> None:
        self._paused_until = until
        self._pauses += 1
        self._pause_s = until - (self._began_at or now)
        if self._rate is not None:
            self._rate.pause(until, self._pause_s)
        # Turns that were taken before the pause are taken anew after it.
        self._next_at = max(until, now + 1 / self._rate_bound)

    def _slow_down(self) -> None:
        """Halve the concurrency; what is under way already says nothing of the new one."""
        self._limit = max(1, self._limit // 2)
        self._streak = 0
        self._error_ratio = 0.0
        self._earlier = self._under_way

    async def _queue(self) -> None:
        waiter = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        try:
            await waiter
        except asyncio.CancelledError:
            # Cancelled between being given a slot and running again: the slot would be lost.
            if waiter.done() and not waiter.cancelled():
                self._leave()
            raise

    def _leave(self) -> None:
        self._running -= 1
        self._wake()
        if not self._running:
            self._idle_since = self._clock()

    def _wake(self) -> None:
        while self._waiters and self._running < self._limit:
            waiter = self._waiters.popleft()
            if not waiter.done():
                self._running += 1
                waiter.set_result(None)
