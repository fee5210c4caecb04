from __future__ import annotations

import asyncio

import pytest

from oduyo_provider.api.pacing import DEFAULT_RECOVERY_SUCCESSES, LONGEST_DEFAULT_PAUSE_S, Pacer
from tests.unit.api.wire import FakeTime


class Crowd:
    """Counts who is inside at once."""

    def __init__(self, pacer: Pacer) -> None:
        self.pacer = pacer
        self.inside = self.most = 0

    async def visit(self) -> None:
        async with self.pacer.slot():
            self.inside += 1
            self.most = max(self.most, self.inside)
            await asyncio.sleep(0)
            self.inside -= 1

    async def come(self, count: int) -> int:
        self.most = 0
        await asyncio.gather(*(self.visit() for _ in range(count)))
        return self.most


def test_no_more_than_the_limit_are_inside_and_all_get_in(time: FakeTime) -> None:
    assert asyncio.run(Crowd(Pacer(3)).come(20)) == 3


def test_throttling_halves_once_a_round_and_pauses_everybody(time: FakeTime) -> None:
    async def run() -> None:
        pacer = Pacer(8, clock=time.clock, sleep=time.sleep)
        assert pacer.throttled(5.0) == 5.0
        assert pacer.throttled(7.0) == 7.0
        assert pacer.throttled(1.0) == 7.0
        assert pacer.concurrency == 4
        assert await Crowd(pacer).come(10) == 4
        assert time.slept[0] == 7.0
        assert time.now_s == 1007.0
        for limit in (2, 1, 1):
            time.now_s += 10
            pacer.throttled(3.0)
            assert pacer.concurrency == limit

    asyncio.run(run())


def test_a_round_is_over_when_its_pause_is() -> None:
    time = FakeTime()
    pacer = Pacer(8, clock=time.clock, sleep=time.sleep)
    pacer.throttled(5.0)
    time.now_s += 5.0
    pacer.throttled(5.0)
    assert pacer.concurrency == 2


def test_without_a_word_the_pause_doubles_until_something_succeeds(time: FakeTime) -> None:
    pacer = Pacer(8, clock=time.clock, sleep=time.sleep)
    pauses = []
    for _ in range(8):
        pauses.append(pacer.throttled(None))
        time.now_s += pauses[-1]
    assert pauses == [1, 2, 4, 8, 16, LONGEST_DEFAULT_PAUSE_S, LONGEST_DEFAULT_PAUSE_S, LONGEST_DEFAULT_PAUSE_S]
    pacer.succeeded()
    assert pacer.throttled(0.0) == 1.0


def test_errors_slow_down_by_one_and_successes_recover_one_by_one() -> None:
    async def run() -> None:
        pacer = Pacer(3)
        for _ in range(5):
            pacer.errored()
        assert pacer.concurrency == 1
        crowd = Crowd(pacer)
        waiting = asyncio.gather(*(crowd.visit() for _ in range(6)))
        await asyncio.sleep(0)
        for step in (2, 3, 3):
            for _ in range(DEFAULT_RECOVERY_SUCCESSES):
                pacer.succeeded()
            assert pacer.concurrency == step
        await waiting
        assert crowd.most == 3

    asyncio.run(run())


def test_the_rate_is_steady_and_lets_no_burst_through() -> None:
    async def run() -> None:
        pacer = Pacer(8, 0.5)  # one every two seconds, thirty a minute
        await pacer.acquire()
        second = asyncio.ensure_future(pacer.acquire())
        for _ in range(10):
            await asyncio.sleep(0)
        assert not second.done()
        second.cancel()

    asyncio.run(run())


def test_a_slot_comes_back_when_its_holder_or_a_waiter_is_cancelled() -> None:
    async def run() -> None:
        pacer = Pacer(1)
        await pacer.acquire()
        given = asyncio.ensure_future(pacer.acquire())
        dropped = asyncio.ensure_future(pacer.acquire())
        await asyncio.sleep(0)
        dropped.cancel()
        await asyncio.sleep(0)
        pacer.release()  # gives the slot to `given`, which is cancelled before it runs again
        given.cancel()
        with pytest.raises(asyncio.CancelledError):
            await given
        assert await asyncio.wait_for(Crowd(pacer).come(2), 5) == 1

    asyncio.run(run())


def test_a_waiter_that_went_away_is_passed_over() -> None:
    async def run() -> None:
        pacer = Pacer(1)
        await pacer.acquire()
        gone = asyncio.ensure_future(pacer.acquire())
        await asyncio.sleep(0)
        gone.cancel()
        pacer.release()
        assert await asyncio.wait_for(Crowd(pacer).come(2), 5) == 1

    asyncio.run(run())


def test_a_slot_comes_back_when_the_pause_is_cancelled() -> None:
    async def refuse(_: float) -> None:
        raise asyncio.CancelledError

    async def run() -> None:
        time = FakeTime()
        pacer = Pacer(1, clock=time.clock, sleep=refuse)
        pacer.throttled(5.0)
        with pytest.raises(asyncio.CancelledError):
            await pacer.acquire()
        time.now_s += 5.0
        assert await asyncio.wait_for(Crowd(pacer).come(2), 5) == 1

    asyncio.run(run())
