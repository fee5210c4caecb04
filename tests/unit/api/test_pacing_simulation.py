"""Six minutes of requests on a virtual clock, against servers that allow so much and no more.

The requests are real coroutines on a real event loop; only the loop's clock is not: instead of waiting for the next timer
it jumps there. So six minutes take a second or two, and come out the same each time.
"""

from __future__ import annotations

import asyncio
import random
import selectors
from collections import Counter
from itertools import pairwise
from typing import Any, Protocol

import pytest

from oduyo_provider.api.pacer import Pacer
from tests.unit.api.wire import slot

MINUTES = 6
#: Requests a second that the servers allow, where nothing else is said.
ALLOWED = 100.0


class JumpingSelector(selectors.DefaultSelector):  # type: ignore[misc, valid-type]
    """Does not wait for a timeout but moves the clock there."""

    now_s = 0.0

    def select(self, timeout: float | None = None) -> Any:
        self.now_s += timeout or 0.0
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop on whose clock no time passes but for timers."""

    def __init__(self) -> None:
        self._jumping = JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now_s


class Server(Protocol):
    """What is asked to answer."""

    def answer(self, now_s: float, under_way: int) -> tuple[int, float | None]:
        """Status and ``Retry-After`` of a request that arrives."""


class TokenBucket:
    """Allows `rate` requests a second and `burst` at once."""

    def __init__(self, rate: float, burst: int, retry_after_s: float | None) -> None:
        self.rate, self.burst, self.retry_after_s = rate, burst, retry_after_s
        self._tokens, self._at = float(burst), 0.0

    def answer(self, now_s: float, under_way: int) -> tuple[int, float | None]:
        self._tokens = min(self.burst, self._tokens + (now_s - self._at) * self.rate)
        self._at = now_s
        if self._tokens < 1:
            return 429, self.retry_after_s
        self._tokens -= 1
        return 200, None


class Quota:
    """Allows so many requests in each minute of its clock."""

    def __init__(self, a_minute: int, *, says_when: bool) -> None:
        self._a_minute, self._says_when = a_minute, says_when
        self._minute, self._used = 0, 0

    def answer(self, now_s: float, under_way: int) -> tuple[int, float | None]:
        minute, into_s = divmod(now_s, 60)
        if minute != self._minute:
            self._minute, self._used = int(minute), 0
        if self._used >= self._a_minute:
            return 429, 60 - into_s if self._says_when else None
        self._used += 1
        return 200, None


class Overloaded:
    """Fails when more than so many requests are under way, and says nothing of pace."""

    def __init__(self, most: int) -> None:
        self._most = most

    def answer(self, now_s: float, under_way: int) -> tuple[int, float | None]:
        return (500, None) if under_way > self._most else (200, None)


class Flaky:
    """Fails a share of the requests, whatever their pace; in its second minute all of them."""

    def __init__(self, share: float) -> None:
        self._share, self._random = share, random.Random(20260102)

    def answer(self, now_s: float, under_way: int) -> tuple[int, float | None]:
        is_down = 60 <= now_s < 120
        return (500, None) if is_down or self._random.random() < self._share else (200, None)


class Moody:
    """Says no to a share of the requests, and fails at another share, whatever their pace."""

    def __init__(self, share: float, failing: float = 0.0) -> None:
        self._share, self._failing, self._random = share, failing, random.Random(20260103)

    def answer(self, now_s: float, under_way: int) -> tuple[int, float | None]:
        drawn = self._random.random()
        if drawn < self._share:
            return 429, 1.0
        return (500 if drawn < self._share + self._failing else 200), None


class Simulation:
    """A load task's workers against a server.

    :param latency_s: of an answer, half of it on the way there; varies by a fifth.
    """

    def __init__(
        self, server: Server, concurrency: int, latency_s: float, requests_per_second: float | None = None
    ) -> None:
        self.server, self.concurrency, self.latency_s = server, concurrency, latency_s
        self.requests_per_second = requests_per_second
        self.counts = Counter[int]()
        self.by_minute: list[Counter[int]] = []
        self.under_way = self.most_under_way = 0
        self.concurrencies: list[int] = []
        self._random = random.Random(20260101)

    def run(self, minutes: int = MINUTES) -> Simulation:
        loop = VirtualLoop()
        try:
            loop.run_until_complete(self.work(loop, 60.0 * minutes))
        finally:
            loop.close()
        return self

    async def work(self, loop: VirtualLoop, until_s: float) -> None:
        self.by_minute = [Counter[int]() for _ in range(int(until_s // 60))]
        self.pacer = Pacer(self.concurrency, self.requests_per_second, clock=loop.time, sleep=asyncio.sleep)
        workers = [loop.create_task(self._send_on(loop)) for _ in range(self.concurrency * 2)]
        await asyncio.sleep(until_s)
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)

    async def _send_on(self, loop: VirtualLoop) -> None:
        """As an exchange does: one request after the other, each until it is settled."""
        while True:
            async with slot(self.pacer):
                sent_at = loop.time()
                status, retry_after_s = await self._request(loop)
                took_s = loop.time() - sent_at
            if status == 200:
                self.pacer.succeeded(took_s)
            elif status == 429:
                self.pacer.throttled(retry_after_s)
            else:
                self.pacer.errored()
                await asyncio.sleep(0.5)

    async def _request(self, loop: VirtualLoop) -> tuple[int, float | None]:
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            latency_s = self.latency_s * self._random.uniform(0.9, 1.1)
            await asyncio.sleep(latency_s / 2)
            status, retry_after_s = self.server.answer(loop.time(), self.under_way)
            self.counts[status] += 1
            minute = int(loop.time() // 60)
            if minute < len(self.by_minute):
                self.by_minute[minute][status] += 1
            await asyncio.sleep(latency_s / 2)
        finally:
            self.under_way -= 1
        return status, retry_after_s

    def compute_rate(self, since_minute: int = 2) -> float:
        """Requests a second that were taken from a minute on."""
        taken = [minute[200] for minute in self.by_minute[since_minute:]]
        return sum(taken) / len(taken) / 60

    def compute_share(self, status: int) -> float:
        """Of all requests."""
        return self.counts[status] / self.counts.total()


#: Latency in seconds and concurrency: all of them can do more than is allowed, by a little or up to 32 times.
FAST_ENOUGH = [(0.02, 8), (0.05, 8), (0.02, 16), (0.1, 16), (0.02, 64), (0.2, 64), (0.5, 64)]


@pytest.mark.parametrize(
    ("latency_s", "concurrency", "burst", "retry_after_s"),
    [
        *((*pace, 100, 1.0) for pace in FAST_ENOUGH),
        (0.02, 8, 100, None),
        (0.05, 16, 10, 1.0),
        (0.1, 16, 500, 5.0),
        (0.5, 64, 50, None),
    ],
)
def test_it_settles_at_what_a_server_allows(
    latency_s: float, concurrency: int, burst: int, retry_after_s: float | None
) -> None:
    simulation = Simulation(TokenBucket(ALLOWED, burst, retry_after_s), concurrency, latency_s).run()
    # A small bucket says so little of the pace at first that finding it takes four minutes, else two.
    settled = simulation.compute_rate(since_minute=4 if burst < 50 else 2)
    assert 0.9 * ALLOWED <= settled <= 1.03 * ALLOWED
    assert simulation.compute_share(429) < 0.02
    assert simulation.most_under_way == concurrency


@pytest.mark.parametrize(("latency_s", "concurrency"), [(0.5, 8), (0.2, 16)])
def test_what_cannot_reach_the_bound_is_not_slowed(latency_s: float, concurrency: int) -> None:
    simulation = Simulation(TokenBucket(ALLOWED, 100, 1.0), concurrency, latency_s).run()
    assert simulation.counts[429] == 0
    assert simulation.compute_rate() == pytest.approx(concurrency / latency_s, rel=0.01)
    assert simulation.pacer.rate == float("inf")
    assert simulation.most_under_way == concurrency


@pytest.mark.parametrize(
    ("latency_s", "concurrency", "a_minute", "says_when"), [(0.02, 64, 6000, False), (0.2, 16, 600, True)]
)
def test_a_quota_a_minute_is_used_and_seldom_overrun(
    latency_s: float, concurrency: int, a_minute: int, says_when: bool
) -> None:
    simulation = Simulation(Quota(a_minute, says_when=says_when), concurrency, latency_s).run()
    assert simulation.compute_rate() >= 0.9 * a_minute / 60
    assert simulation.compute_share(429) < 0.02


def test_a_bound_of_ones_own_below_the_servers_is_kept_and_nothing_is_throttled() -> None:
    simulation = Simulation(TokenBucket(ALLOWED, 5, 1.0), 64, 0.05, requests_per_second=80).run(2)
    assert simulation.counts[429] == 0
    taken = [minute[200] for minute in simulation.by_minute]
    assert taken == pytest.approx([4800, 4800], abs=5)


def test_turns_that_were_taken_before_a_pause_are_taken_anew_after_it() -> None:
    loop, started_s = VirtualLoop(), list[float]()

    async def run() -> None:
        pacer = Pacer(8, 1.0, clock=loop.time, sleep=asyncio.sleep)

        async def visit() -> None:
            async with slot(pacer):
                started_s.append(loop.time())

        visits = asyncio.gather(*(visit() for _ in range(5)))
        await asyncio.sleep(0.1)
        pacer.throttled(1.5)
        await visits

    try:
        loop.run_until_complete(run())
    finally:
        loop.close()
    assert started_s[:2] == pytest.approx([0.0, 1.6])
    assert [later - earlier for earlier, later in pairwise(started_s[1:])] == pytest.approx([1.0, 1.0, 1.0])


def test_a_bound_of_ones_own_above_the_servers_does_no_harm() -> None:
    simulation = Simulation(TokenBucket(ALLOWED, 100, 1.0), 16, 0.02, requests_per_second=300).run()
    assert simulation.compute_rate() >= 0.9 * ALLOWED
    assert simulation.compute_share(429) < 0.02


@pytest.mark.parametrize(
    ("share", "failing", "at_least"), [(0.03, 0.0, 12.0), (0.1, 0.0, 4.0), (0.03, 0.4, 6.0), (0.1, 0.3, 2.0)]
)
def test_a_server_that_says_no_whatever_the_pace_is_not_served_ever_slower(
    share: float, failing: float, at_least: float
) -> None:
    simulation = Simulation(Moody(share, failing), 8, 0.05).run()
    # Each no costs the second that it asks for: more than 1 / share requests a second there cannot be.
    assert simulation.compute_rate() >= at_least
    assert min(minute[200] for minute in simulation.by_minute[2:]) >= 0.5 * at_least * 60


def test_a_server_that_becomes_strict_after_saying_no_at_random_is_obeyed() -> None:
    class Strict(TokenBucket):
        def __init__(self) -> None:
            super().__init__(5.0, 5, 1.0)
            self._moody = Moody(0.03)

        def answer(self, now_s: float, under_way: int) -> tuple[int, float | None]:
            return (super() if now_s > 180 else self._moody).answer(now_s, under_way)

    simulation = Simulation(Strict(), 8, 0.05).run(10)
    late = [sum((minute for minute in simulation.by_minute[5:]), Counter[int]())]
    assert late[0][200] >= 0.6 * 5 * 300
    assert late[0][429] < 0.2 * late[0].total()


def test_a_pace_that_is_allowed_later_is_found() -> None:
    class Generous(TokenBucket):
        def answer(self, now_s: float, under_way: int) -> tuple[int, float | None]:
            self.rate = 4 * ALLOWED if now_s > 120 else ALLOWED
            return super().answer(now_s, under_way)

    simulation = Simulation(Generous(ALLOWED, 100, 1.0), 16, 0.02).run(10)
    assert simulation.compute_rate(since_minute=5) >= 0.9 * 4 * ALLOWED
    assert simulation.compute_share(429) < 0.02


def test_two_that_share_an_allowance_use_it_and_neither_starves() -> None:
    server = TokenBucket(ALLOWED, 100, 1.0)
    loop = VirtualLoop()
    both = [Simulation(server, 16, 0.02), Simulation(server, 16, 0.02)]
    try:
        loop.run_until_complete(_run_together(loop, both))
    finally:
        loop.close()
    rates = [simulation.compute_rate() for simulation in both]
    assert sum(rates) >= 0.85 * ALLOWED
    assert min(rates) >= 0.2 * ALLOWED
    assert sum(simulation.counts[429] for simulation in both) < 0.02 * sum(one.counts.total() for one in both)


async def _run_together(loop: VirtualLoop, simulations: list[Simulation]) -> None:
    await asyncio.gather(*(simulation.work(loop, 60.0 * MINUTES) for simulation in simulations))


@pytest.mark.parametrize(("latency_s", "concurrency", "most"), [(0.2, 64, 30)])
def test_rising_errors_slow_down_to_what_an_overloaded_server_bears(
    latency_s: float, concurrency: int, most: int
) -> None:
    simulation = Simulation(Overloaded(most), concurrency, latency_s).run()
    assert simulation.compute_rate() >= 0.6 * most / latency_s
    # Without slowing down all but `most` of `concurrency` fail.
    assert simulation.compute_share(500) < 0.15


def test_a_few_errors_do_not_slow_down_and_an_outage_does_only_for_its_time() -> None:
    simulation = Simulation(Flaky(0.03), 16, 0.2).run()
    rates = [minute[200] / 60 for minute in simulation.by_minute]
    assert rates[0] >= 0.9 * 16 / 0.2
    assert rates[3] >= 0.9 * 16 / 0.2
    # 16 workers, each once in half a second and more, would send some 1,300 into the outage.
    assert simulation.by_minute[1][500] < 600
