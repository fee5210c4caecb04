from __future__ import annotations

import asyncio
import heapq
import itertools
import math

import pytest

from oduyo_provider.api.pacer import Pacer
from oduyo_provider.api.spread import GAP_RATIO, LONGEST_GAP_S, NEAR_S, Spread
from tests.unit.api.wire import FakeTime, slot


def compute_waits(spread: Spread, count: int, concurrency: int) -> list[float]:
    """How long each of a crowd that comes at second 100 is told to wait."""
    return [spread.take_turn(100.0, concurrency) for _ in range(count)]


def compute_gap_s(spread: Spread) -> float:
    """The gap between two of many that come at once."""
    waits = compute_waits(spread, 64, 64)
    return waits[-1] - waits[-2]


def test_before_the_first_answer_nobody_waits() -> None:
    assert compute_waits(Spread(), 64, 64) == [0.0] * 64


def test_where_answers_take_no_time_nobody_waits() -> None:
    spread = Spread()
    spread.note(0.0)
    assert compute_waits(spread, 64, 64) == [0.0] * 64


def test_a_crowd_is_spread_over_most_of_the_time_that_an_answer_takes() -> None:
    spread = Spread()
    spread.note(0.020)
    waits = compute_waits(spread, 64, 64)
    gap_s = GAP_RATIO * 0.020 / 64
    assert waits == pytest.approx([number * gap_s if number * gap_s > NEAR_S else 0.0 for number in range(64)])
    assert 0.7 * 0.020 < waits[-1] < 0.020


def test_a_turn_that_is_near_enough_is_taken_at_once() -> None:
    spread = Spread()
    spread.note(0.020)
    gap_s = GAP_RATIO * 0.020 / 40
    turns = int(NEAR_S / gap_s) + 1
    assert [spread.take_near_turn(100.0, 40) for _ in range(turns + 2)] == [True] * turns + [False] * 2
    assert spread.take_near_turn(100.0 + gap_s, 40)
    assert spread.take_turn(100.0, 40) == pytest.approx((turns + 1) * gap_s)


def test_slow_answers_make_no_longer_gap() -> None:
    spread = Spread()
    spread.note(30.0)
    assert compute_waits(spread, 8, 4)[-1] == pytest.approx(7 * LONGEST_GAP_S)


def test_an_answer_that_stalls_makes_no_longer_gap() -> None:
    spread = Spread()
    for took_s in (0.020, 5.0, 5.0, 5.0):
        spread.note(took_s)
    assert compute_gap_s(spread) == pytest.approx(GAP_RATIO * 0.020 / 64, rel=0.01)


def test_answers_that_are_slower_for_good_make_a_longer_gap() -> None:
    spread = Spread()
    spread.note(0.020)
    for _ in range(1_000):
        spread.note(0.030)
    assert compute_gap_s(spread) == pytest.approx(GAP_RATIO * 0.030 / 64, rel=0.01)


def test_who_is_late_catches_up() -> None:
    spread = Spread()
    spread.note(0.020)
    spread.take_turn(100.0, 1)
    assert spread.take_turn(100.020, 1) == 0.0  # one after the other: an answer takes longer than the gap


class _Site:
    """A site that takes 20 ms, and one thread here that takes 0.1 ms for each answer and stops for 2 ms now and then."""

    LATENCY_S, WORK_S, STALL_EVERY_S, STALL_S = 0.020, 0.0001, 0.050, 0.002

    def __init__(self, spread: Spread | None) -> None:
        self.spread = spread

    def compute_mean_s(self, requests: int, concurrency: int) -> float:
        """From sending to the next sending in the same slot, on average."""
        answers = [self.LATENCY_S] * concurrency
        heapq.heapify(answers)
        free_at, next_stall_at, total_s = 0.0, self.STALL_EVERY_S, 0.0
        for _ in range(requests):
            answered_at = heapq.heappop(answers)
            free_at = max(free_at, answered_at)
            if free_at >= next_stall_at:
                free_at += self.STALL_S
                next_stall_at += self.STALL_EVERY_S
            free_at += self.WORK_S
            wait_s = 0.0
            if self.spread is not None:
                self.spread.note(self.LATENCY_S)
                wait_s = self.spread.take_turn(free_at, concurrency)
            sent_at = free_at + wait_s
            total_s += self.LATENCY_S + sent_at - answered_at
            heapq.heappush(answers, sent_at + self.LATENCY_S)
        return total_s / requests


def test_a_crowd_that_is_spread_costs_less_than_one_that_stays_together() -> None:
    lost_together = _Site(None).compute_mean_s(20_000, 64) - _Site.LATENCY_S
    lost_spread = _Site(Spread()).compute_mean_s(20_000, 64) - _Site.LATENCY_S
    assert lost_spread < lost_together / 2, (lost_spread, lost_together)


def test_the_pacer_spreads_what_comes_at_once() -> None:
    async def run() -> None:
        time = FakeTime()
        pacer = Pacer(64, clock=time.clock, sleep=time.sleep)
        pacer.succeeded(0.020)
        sent = []
        for _ in range(64):
            if not pacer.take():
                await pacer.acquire()
            sent.append(time.now_s)
        assert sent == sorted(sent)
        assert 0.7 * 0.020 < sent[-1] - sent[0] < 0.020
        assert max(later - earlier for earlier, later in itertools.pairwise(sent)) < 2 * NEAR_S

    asyncio.run(run())


def test_a_rate_spreads_by_itself() -> None:
    async def run() -> None:
        time = FakeTime()
        pacer = Pacer(64, requests_per_second=10.0, clock=time.clock, sleep=time.sleep)
        pacer.succeeded(0.020)
        for _ in range(11):
            async with slot(pacer):
                pass
        assert time.now_s - 1000.0 == pytest.approx(1.0)
        assert all(slept > 0.09 for slept in time.slept)

    asyncio.run(run())


def test_a_pause_that_begins_while_one_waits_for_its_turn_is_waited_for_too() -> None:
    async def run() -> None:
        time = FakeTime()
        woken: list[float] = []

        async def sleep(seconds: float) -> None:
            if not woken:
                pacer.throttled(5.0)
            woken.append(seconds)
            await time.sleep(seconds)

        pacer = Pacer(8, clock=time.clock, sleep=sleep)
        pacer.succeeded(0.020)
        while pacer.take():
            pass
        before = time.now_s
        await pacer.acquire()
        assert time.now_s - before >= 5.0
        assert math.isclose(sum(woken), time.now_s - before)

    asyncio.run(run())


def test_a_slot_comes_back_when_its_turn_is_cancelled() -> None:
    async def run() -> None:
        time = FakeTime()

        async def sleep(seconds: float) -> None:
            raise asyncio.CancelledError

        pacer = Pacer(3, clock=time.clock, sleep=sleep)
        pacer.succeeded(0.020)
        assert pacer.take()  # the next turns lie further and further away
        assert pacer.take()
        pacer.release()
        pacer.release()

        async def take_some() -> None:
            for _ in range(4):
                await pacer.acquire()
                pacer.release()

        for _ in range(10):
            with pytest.raises(asyncio.CancelledError):
                await take_some()
        time.now_s += 1.0
        assert [pacer.take() for _ in range(4)] == [True, True, True, False]

    asyncio.run(run())
