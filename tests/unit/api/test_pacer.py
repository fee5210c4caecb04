from __future__ import annotations

import asyncio
import math
from functools import partial

import pytest

from oduyo_provider.api.pacer import DEFAULT_RECOVERY_SUCCESSES, LONGEST_DEFAULT_PAUSE_S, Pacer
from oduyo_provider.api.rate import RESTART_RATIO
from tests.unit.api.wire import FakeTime, slot


class Crowd:
    """Counts who is inside at once."""

    def __init__(self, pacer: Pacer) -> None:
        self.pacer = pacer
        self.inside = self.most = 0

    async def visit(self) -> None:
        async with slot(self.pacer):
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
    pacer.succeeded(0.0)
    assert pacer.throttled(0.0) == 1.0


def test_rising_errors_halve_and_successes_recover_one_by_one() -> None:
    async def run() -> None:
        pacer = Pacer(4)
        for limit, errors in ((4, 7), (2, 1), (2, 7), (1, 1), (1, 20)):
            for _ in range(errors):
                pacer.errored()
            assert pacer.concurrency == limit
        crowd = Crowd(pacer)
        waiting = asyncio.gather(*(crowd.visit() for _ in range(6)))
        await asyncio.sleep(0)
        for step in (2, 3, 4, 4):
            for _ in range(DEFAULT_RECOVERY_SUCCESSES):
                pacer.succeeded(0.0)
            assert pacer.concurrency == step
        await waiting
        assert crowd.most == 4

    asyncio.run(run())


def test_an_error_now_and_then_does_not_slow_down() -> None:
    pacer = Pacer(8)
    for _ in range(50):
        pacer.errored()
        for _ in range(9):
            pacer.succeeded(0.0)
    assert pacer.concurrency == 8


def test_answers_to_requests_from_before_a_slow_down_do_not_slow_down_again() -> None:
    time = FakeTime()

    async def run() -> None:
        pacer = Pacer(8, clock=time.clock, sleep=time.sleep)
        for _ in range(8):
            await pacer.acquire()
        pacer.release()
        assert pacer.throttled(None) == 1.0
        assert pacer.concurrency == 4
        time.now_s += 2.0  # the answers come after the pause
        for _ in range(3):
            pacer.release()
            assert pacer.throttled(None) == 0.0
        pacer.release()
        assert pacer.throttled(3.0) == 3.0  # what Ödüyo asks for is kept, whoever is asked
        time.now_s += 4.0
        for told in (partial(pacer.succeeded, 0.0), pacer.errored, pacer.errored):
            pacer.release()
            told()
        assert pacer.concurrency == 4
        await pacer.acquire()
        pacer.release()
        assert pacer.throttled(None) == 2.0  # the success was an earlier request's and proves nothing
        assert pacer.concurrency == 2

    asyncio.run(run())


def test_a_throttling_from_before_rising_errors_only_pauses() -> None:
    time = FakeTime()

    async def run() -> None:
        pacer = Pacer(8, clock=time.clock, sleep=time.sleep)
        for _ in range(8):
            await pacer.acquire()
        for _ in range(8):
            pacer.errored()
        assert pacer.concurrency == 4
        pacer.release()
        assert pacer.throttled(3.0) == 3.0
        assert (pacer.concurrency, pacer.rate) == (4, math.inf)
        for _ in range(7):
            pacer.release()
        await pacer.acquire()
        assert time.now_s == 1003.0

    asyncio.run(run())


def test_a_slow_down_teaches_a_rate_between_what_was_taken_and_what_was_sent() -> None:
    time = FakeTime()

    async def run() -> None:
        pacer = Pacer(1, clock=time.clock, sleep=time.sleep)
        assert pacer.rate == float("inf")
        for _ in range(400):  # 40 a second for ten seconds
            async with slot(pacer):
                time.now_s += 0.025
            pacer.succeeded(0.0)
        pacer.throttled(1.0)
        time.now_s += 1.0
        assert pacer.rate == pytest.approx(RESTART_RATIO * 40, rel=0.1)
        started_s = time.now_s
        for _ in range(100):
            async with slot(pacer):
                pass
            pacer.succeeded(0.0)
        assert 100 / (time.now_s - started_s) == pytest.approx(RESTART_RATIO * 40, rel=0.2)

    asyncio.run(run())


def test_time_without_any_request_says_nothing_of_the_pace() -> None:
    def learn(idle_s: float) -> float:
        time = FakeTime()

        async def run() -> float:
            pacer = Pacer(1, clock=time.clock, sleep=time.sleep)
            for _ in range(2):
                for _ in range(200):
                    async with slot(pacer):
                        time.now_s += 0.025
                    pacer.succeeded(0.0)
                time.now_s += idle_s
            async with slot(pacer):
                pass
            pacer.throttled(1.0)
            time.now_s += 1.0
            return pacer.rate

        return asyncio.run(run())

    assert learn(300.0) == pytest.approx(learn(0.0))


def test_a_server_that_takes_nothing_teaches_no_rate() -> None:
    time = FakeTime()

    async def run() -> None:
        pacer = Pacer(1, clock=time.clock, sleep=time.sleep)
        for _ in range(30):
            async with slot(pacer):
                time.now_s += 0.02
            pacer.throttled(None)
        time.now_s += LONGEST_DEFAULT_PAUSE_S
        assert pacer.rate == float("inf")
        assert pacer.concurrency == 1

    asyncio.run(run())


def test_a_pause_takes_back_the_turns_that_lie_in_it() -> None:
    async def run() -> None:
        time = FakeTime()
        pacer = Pacer(8, 10, clock=time.clock, sleep=time.sleep)
        times: list[float] = []

        async def visit() -> None:
            async with slot(pacer):
                times.append(round(time.now_s - 1000.0, 6))

        await visit()
        waiting = asyncio.ensure_future(visit())
        await asyncio.sleep(0)  # it waits for its turn now
        pacer.throttled(5.0)
        await waiting
        await visit()
        assert times[0] == 0.0
        assert times[1] >= 5.0
        assert times[2] - times[1] >= 0.1 - 1e-6

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
