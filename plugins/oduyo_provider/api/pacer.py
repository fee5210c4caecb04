"""How many requests are under way, and how fast they follow each other.

The **concurrency** starts at its maximum. A "slow down" from Ödüyo, or rising errors, halve it; successes raise it again, one
by one. If one request at a time is still too fast, a **gap** is kept between requests. It doubles with repeated "slow down", and
successes shorten it. A "slow down" also pauses every request: as long as ``Retry-After`` says, or else for a time that doubles
until a request succeeds.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from oduyo_provider.api.runtime import Runtime

#: Successes after which the pace recovers by one step: a shorter gap, then a higher concurrency.
DEFAULT_RECOVERY_SUCCESSES = 20
#: The first gap between two requests and the longest, in seconds. The first is wide enough for ten requests a second: a
#: single create is sent twice at most, so that there is no time to feel the way.
FIRST_GAP_S = 0.1
LONGEST_GAP_S = 5.0
#: What a step of recovery leaves of the gap, and the gap in seconds below which none is kept.
GAP_RECOVERY_RATIO = 0.9
NO_GAP_S = 0.005
#: Two requests that are further apart, in seconds, were not too fast by themselves: the site is slow for other reasons.
FAST_WITHIN_S = 1.0
#: First pause when Ödüyo names none, in seconds. It doubles with each slow-down, up to the longest.
DEFAULT_PAUSE_S = 1.0
LONGEST_DEFAULT_PAUSE_S = 30.0
#: Share of failing requests above which the concurrency is halved, and over how many requests it is taken. A site that
#: fails one request in twenty is not overloaded.
RISING_ERRORS_RATIO = 0.2
ERRORS_OVER_REQUESTS = 32
#: Share of requests answered with "slow down" above which the gap grows. A site that says it to one in twenty says it whatever
#: the pace; where the pace is to blame, it says it to every second one at least.
RISING_ASKED_RATIO = 0.3
ASKED_OVER_REQUESTS = 8
#: The same share where it was said to one of the last twenty requests.
ASKED_LATELY_RATIO = 0.01


class Pacer:
    """Slots for requests: take one with :meth:`acquire`, give it back with :meth:`release`. Belongs to one event loop.

    A **round** is the time between two slow-downs. :meth:`acquire` returns the round in which a request is sent. An answer
    to a request of an earlier round says nothing about the pace of this round.

    :param max_concurrency: slots at the start, and at most.
    :param requests_per_second: upper bound of the rate; None for no bound.
    """

    def __init__(
        self, max_concurrency: int, requests_per_second: float | None = None, runtime: Runtime | None = None
    ) -> None:
        self.concurrency = self._largest = max_concurrency
        self._shortest_gap_s = self._gap_s = 1 / requests_per_second if requests_per_second else 0.0
        self._runtime = runtime or Runtime()
        self._running = 0
        self._waiters: deque[asyncio.Future[None]] = deque()
        self._next_at = -math.inf  # no request is sent before
        self._sent_at = -math.inf
        self._distance_s = math.inf  # between the last two requests
        self._round = 0
        self._pauses_in_a_row = 0
        self._successes = 0
        self._error_ratio = 0.0
        self._is_eased = False
        self._asked_ratio = 0.0  # of "slow down" to requests that went one after the other

    async def acquire(self) -> int:
        """Wait for a slot, for the end of a pause and for the rate; returns the round."""
        if self._running < self.concurrency and not self._waiters:
            self._running += 1
        else:
            await self._queue()
        try:
            # After each sleep look again: another request may have gone first, or a pause may have begun.
            while (wait_s := self._next_at - (now := self._runtime.clock())) > 0:
                await self._runtime.sleep(wait_s)
        except BaseException:
            self.release()
            raise
        self._distance_s, self._sent_at = now - self._sent_at, now
        self._next_at = now + self._gap_s
        return self._round

    def release(self) -> None:
        """Give a slot back."""
        self._running -= 1
        self._wake()

    def throttled(self, sent_in: int, retry_after_s: float | None) -> None:
        """Ödüyo asked for fewer requests: pause all of them and halve the concurrency, once a round.

        :param sent_in: the round of the request.
        :param retry_after_s: the pause that Ödüyo asked for; None or 0 takes one that doubles until a request succeeds.
        """
        pause_s = retry_after_s or 0.0
        if sent_in == self._round:
            self._slow_down(was_asked_to=True)
            pause_s = pause_s or min(LONGEST_DEFAULT_PAUSE_S, DEFAULT_PAUSE_S * 2.0 ** min(self._pauses_in_a_row, 10))
            self._pauses_in_a_row += 1
        self._next_at = max(self._next_at, self._runtime.clock() + pause_s)

    def overloaded(self, sent_in: int) -> None:
        """A 503 that does not say how long to wait: as :meth:`throttled`, without the pause, as the site may also be down."""
        if sent_in == self._round:
            self._slow_down(was_asked_to=True)

    @contextmanager
    def easing(self, requests: int) -> Iterator[None]:
        """Go at half the pace while there is a gap of Ödüyo's asking: for requests that must not be refused again.

        Few requests do not find the right pace by themselves, and would be refused in every run. So the gap is at least the longest
        gap divided by their number.
        """
        if self._gap_s <= self._shortest_gap_s and self._asked_ratio < ASKED_LATELY_RATIO:
            yield
            return
        if not self._is_eased:
            self._is_eased = True
            self._gap_s = min(2 * self._gap_s, max(LONGEST_GAP_S, self._gap_s))
        half_s = self._gap_s
        self._gap_s = widest_s = max(half_s, LONGEST_GAP_S / requests)
        try:
            yield
        finally:
            if self._gap_s <= widest_s:  # else it was too fast even so
                self._gap_s = min(half_s, self._gap_s)

    def errored(self, sent_in: int) -> None:
        """A request failed. Many failures mean that the server may be overloaded: halve the concurrency."""
        if sent_in != self._round:
            return
        self._error_ratio += (1 - self._error_ratio) / ERRORS_OVER_REQUESTS
        self._asked_ratio -= self._asked_ratio / ASKED_OVER_REQUESTS
        if self._error_ratio > RISING_ERRORS_RATIO:
            self._slow_down(was_asked_to=False)

    def succeeded(self, sent_in: int) -> None:
        """A request was answered: after every `DEFAULT_RECOVERY_SUCCESSES` of them the pace recovers by one step."""
        if sent_in != self._round:
            return
        self._pauses_in_a_row = 0
        self._error_ratio -= self._error_ratio / ERRORS_OVER_REQUESTS
        self._asked_ratio -= self._asked_ratio / ASKED_OVER_REQUESTS
        self._successes += 1
        if self._successes < DEFAULT_RECOVERY_SUCCESSES:
            return
        self._successes = 0
        if self._gap_s > self._shortest_gap_s:
            self._is_eased = False
            shorter_s = self._gap_s * GAP_RECOVERY_RATIO
            self._gap_s = max(self._shortest_gap_s, shorter_s if shorter_s > NO_GAP_S else 0.0)
        elif self.concurrency < self._largest:
            self.concurrency += 1
            self._wake()

    def _slow_down(self, *, was_asked_to: bool) -> None:
        self._round += 1
        self._error_ratio = 0.0
        # The request that was answered has given its slot back.
        under_way = min(self.concurrency, self._running + 1)
        self.concurrency = max(1, under_way // 2)
        if under_way > 1:
            self._successes = 0
        elif was_asked_to:
            self._lengthen_gap()

    def _lengthen_gap(self) -> None:
        """One at a time is too fast: at once for the first time, then where it is said again and again."""
        self._asked_ratio += (1 - self._asked_ratio) / ASKED_OVER_REQUESTS
        is_first = self._gap_s <= self._shortest_gap_s < FIRST_GAP_S
        if not is_first and self._asked_ratio <= RISING_ASKED_RATIO:
            return
        too_fast_s = self._distance_s if self._distance_s < FAST_WITHIN_S else 0.0
        self._gap_s = min(max(2 * max(self._gap_s, too_fast_s), FIRST_GAP_S), max(LONGEST_GAP_S, self._shortest_gap_s))
        self._successes = 0
        self._asked_ratio = 0.0
        self._is_eased = False

    async def _queue(self) -> None:
        waiter = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        try:
            await waiter
        except asyncio.CancelledError:
            # Cancelled after it was given a slot, before it ran again: give the slot back.
            if waiter.done() and not waiter.cancelled():
                self.release()
            raise

    def _wake(self) -> None:
        while self._waiters and self._running < self.concurrency:
            waiter = self._waiters.popleft()
            if not waiter.done():
                self._running += 1
                waiter.set_result(None)
