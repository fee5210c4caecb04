from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from oduyo_provider.api.pacer import DEFAULT_RECOVERY_SUCCESSES, LONGEST_DEFAULT_PAUSE_S, LONGEST_GAP_S, Pacer
from oduyo_provider.api.runtime import Runtime
from tests.unit.api.wire import FakeTime


@asynccontextmanager
async def slot(pacer: Pacer) -> AsyncIterator[int]:
    """Around one request; gives its round."""
    sent_in = await pacer.acquire()
    try:
        yield sent_in
    finally:
        pacer.release()


async def send(pacer: Pacer) -> int:
    """A request without any answer; returns its round."""
    async with slot(pacer) as sent_in:
        return sent_in


async def fail_among_others(pacer: Pacer, tell: Callable[[int], None], under_way: int | None = None) -> None:
    """One of `under_way` requests, all slots if not said, is answered, and `tell` takes its round; then the others end."""
    rounds = [await pacer.acquire() for _ in range(under_way or pacer.concurrency)]
    pacer.release()
    tell(rounds[0])
    for _ in rounds[1:]:
        pacer.release()


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


def test_no_more_than_the_limit_are_inside_and_all_get_in() -> None:
    assert asyncio.run(Crowd(Pacer(3)).come(20)) == 3


def test_throttling_halves_the_concurrency_and_pauses_everybody(time: FakeTime) -> None:
    async def run() -> None:
        pacer = Pacer(8, runtime=time.runtime)
        await fail_among_others(pacer, lambda sent_in: pacer.throttled(sent_in, 5.0))
        assert pacer.concurrency == 4
        assert await Crowd(pacer).come(10) == 4
        assert time.now_s == 1005.0
        for limit in (2, 1, 1):
            await fail_among_others(pacer, lambda sent_in: pacer.throttled(sent_in, 3.0))
            assert pacer.concurrency == limit

    asyncio.run(run())


def test_half_of_what_was_under_way_is_left_not_half_of_what_might_have_been(time: FakeTime) -> None:
    async def run() -> None:
        pacer = Pacer(64, runtime=time.runtime)
        await fail_among_others(pacer, pacer.overloaded, under_way=6)
        assert pacer.concurrency == 3
        pacer.overloaded(await send(pacer))
        assert pacer.concurrency == 1

    asyncio.run(run())


def test_answers_to_requests_from_before_a_slow_down_only_lengthen_the_pause(time: FakeTime) -> None:
    async def run() -> None:
        pacer = Pacer(8, runtime=time.runtime)
        early = [await pacer.acquire() for _ in range(8)]
        for sent_in, retry_after_s in zip(early, (5.0, 7.0, 1.0, None, 0.0), strict=False):
            pacer.throttled(sent_in, retry_after_s)
        for _ in range(40):
            pacer.errored(early[0])
            pacer.succeeded(early[0])
        assert pacer.concurrency == 4
        for _ in early:
            pacer.release()
        await send(pacer)
        assert time.now_s == 1007.0

    asyncio.run(run())


@pytest.mark.parametrize(
    ("succeeds_at", "pauses"),
    [(None, [1, 2, 4, 8, 16, 30, 30, 30]), (3, [1, 2, 4, 1, 2])],
    ids=["never", "at the fourth"],
)
def test_without_a_word_the_pause_doubles_until_something_succeeds(
    time: FakeTime, succeeds_at: int | None, pauses: list[int]
) -> None:
    async def run() -> list[int]:
        pacer = Pacer(8, runtime=time.runtime)
        seen = []
        for number in range(len(pauses)):
            sent_in = await send(pacer)
            if number == succeeds_at:
                pacer.succeeded(sent_in)
            pacer.throttled(sent_in, 0.0 if number % 2 else None)
            before_s = time.now_s
            await send(pacer)
            seen.append(round(time.now_s - before_s))
        return seen

    assert asyncio.run(run()) == pauses
    assert max(pauses) <= LONGEST_DEFAULT_PAUSE_S


def test_rising_errors_halve_and_successes_recover_one_by_one() -> None:
    async def run() -> None:
        pacer = Pacer(4)
        for limit, errors in ((4, 7), (2, 1), (2, 7), (1, 1), (1, 20)):
            for _ in range(errors):
                await fail_among_others(pacer, pacer.errored)
            assert pacer.concurrency == limit
        now = await send(pacer)
        crowd = Crowd(pacer)
        waiting = asyncio.gather(*(crowd.visit() for _ in range(6)))
        await asyncio.sleep(0)
        for limit in (2, 3, 4, 4):
            for _ in range(DEFAULT_RECOVERY_SUCCESSES):
                pacer.succeeded(now)
            assert pacer.concurrency == limit
        await waiting
        assert crowd.most == 4

    asyncio.run(run())


def test_an_error_now_and_then_does_not_slow_down() -> None:
    pacer = Pacer(8)
    for _ in range(50):
        pacer.errored(0)
        for _ in range(9):
            pacer.succeeded(0)
    assert pacer.concurrency == 8


def test_the_rate_is_steady_and_lets_no_burst_through(time: FakeTime) -> None:
    async def run() -> list[float]:
        pacer = Pacer(8, 10, runtime=time.runtime)
        times: list[float] = []

        async def visit() -> None:
            async with slot(pacer):
                times.append(round(time.now_s - 1000.0, 6))

        await asyncio.gather(*(visit() for _ in range(4)))
        time.now_s += 10.0  # what was not used is not saved up
        await asyncio.gather(*(visit() for _ in range(3)))
        return times

    assert asyncio.run(run()) == [0.0, 0.1, 0.2, 0.3, 10.3, 10.4, 10.5]


def test_a_pause_holds_for_requests_that_wait_for_the_rate_already(time: FakeTime) -> None:
    async def run() -> None:
        pacer = Pacer(8, 10, runtime=time.runtime)
        sent_in = await send(pacer)
        waiting = asyncio.ensure_future(send(pacer))
        await asyncio.sleep(0)
        pacer.throttled(sent_in, 5.0)
        assert await waiting == sent_in + 1
        assert time.now_s >= 1005.0
        await send(pacer)
        assert time.now_s >= 1005.1 - 1e-6

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


def test_a_slot_comes_back_when_the_pause_is_cancelled(time: FakeTime) -> None:
    async def refuse(_: float) -> None:
        raise asyncio.CancelledError

    async def run() -> None:
        pacer = Pacer(2, runtime=Runtime(time.clock, refuse))
        await fail_among_others(pacer, lambda sent_in: pacer.throttled(sent_in, 5.0))
        with pytest.raises(asyncio.CancelledError):
            await pacer.acquire()
        time.now_s += 5.0
        assert await asyncio.wait_for(Crowd(pacer).come(2), 5) == 1

    asyncio.run(run())


def test_b5_where_one_at_a_time_is_too_fast_slow_downs_double_the_gap_and_successes_shorten_it(time: FakeTime) -> None:
    async def gap(pacer: Pacer) -> float:
        await send(pacer)
        before_s = time.now_s
        await send(pacer)
        return round(time.now_s - before_s, 6)

    async def run() -> None:
        pacer = Pacer(4, runtime=time.runtime)
        gaps = []
        for _ in range(9):
            await fail_among_others(pacer, pacer.overloaded)
            gaps.append(await gap(pacer))
        assert gaps == [0.0, 0.0, *[0.1] * 3, *[0.2] * 3, 0.4]
        assert pacer.concurrency == 1
        sent_in = await send(pacer)
        pacer.overloaded(sent_in - 1)
        for _ in range(DEFAULT_RECOVERY_SUCCESSES):
            pacer.succeeded(sent_in)
        assert await gap(pacer) == 0.36
        for _ in range(42 * DEFAULT_RECOVERY_SUCCESSES):
            pacer.succeeded(sent_in)
        assert await gap(pacer) == 0.0
        assert pacer.concurrency == 2

    asyncio.run(run())


@pytest.mark.parametrize(
    ("distance_s", "gap_s"),
    [(0.0, 0.1), (0.028, 0.1), (0.4, 0.8), (60.0, 0.1)],
    ids=["at once", "28 ms", "0.4 s", "1 min"],
)
def test_b5_the_gap_is_twice_what_lay_between_the_last_two_requests_and_a_tenth_of_a_second_at_least(
    time: FakeTime, distance_s: float, gap_s: float
) -> None:
    async def run() -> None:
        pacer = Pacer(8, runtime=time.runtime)
        await send(pacer)
        time.now_s += distance_s
        pacer.overloaded(await send(pacer))
        await send(pacer)
        before_s = time.now_s
        await send(pacer)
        assert time.now_s - before_s == pytest.approx(gap_s)

    asyncio.run(run())


@dataclass
class SlowSite:
    """Answers requests one after the other, each in 20 ms, and with "slow down" as it is told to.

    :param says_no: from the time since the last request that was taken, and a random number from 0 to 1, whether to.
    """

    time: FakeTime
    says_no: Callable[[float, float], bool]

    async def take(self, requests: int, per_second: float | None = None) -> tuple[int, float]:
        """Let so many be taken; returns how many were not, and how long it took, in seconds.

        :param per_second: the rate that is set.
        """
        pacer, rng = Pacer(1, per_second, runtime=self.time.runtime), random.Random(1)
        began_at, refused = self.time.now_s, 0
        taken_at = began_at - 9.0
        for _ in range(requests):
            sent_in, sent_at = await send(pacer), self.time.now_s
            self.time.now_s += 0.02
            while self.says_no(sent_at - taken_at, rng.random()):
                refused += 1
                pacer.overloaded(sent_in)
                sent_in, sent_at = await send(pacer), self.time.now_s
                self.time.now_s += 0.02
            taken_at = sent_at
            pacer.succeeded(sent_in)
        return refused, self.time.now_s - began_at


@pytest.mark.parametrize("per_second", [None, 25, 1], ids=["no rate set", "25 set", "1 set"])
@pytest.mark.parametrize("rate", [20, 10, 5, 2, 0.95, 0.5])
def test_b5_a_rate_that_a_site_allows_is_found(rate: float, per_second: float | None, time: FakeTime) -> None:
    site = SlowSite(time, lambda distance_s, _: distance_s < 1 / rate - 1e-9)
    refused, took_s = asyncio.run(site.take(400, per_second))
    assert refused < 40
    assert took_s < 2 * 400 / min(rate, per_second or rate)


@pytest.mark.parametrize(("per_second", "ratio"), [(None, 0.01), (None, 0.03), (None, 0.09), (1, 0.01), (1, 0.03)])
def test_a_site_that_says_slow_down_now_and_then_whatever_the_pace_is_not_left_for_later(
    per_second: float | None, ratio: float, time: FakeTime
) -> None:
    site = SlowSite(time, lambda _, drawn: drawn < ratio)
    refused, took_s = asyncio.run(site.take(3_500, per_second))
    assert refused < 1.5 * ratio * 3_500
    assert took_s < 3_500 * (1.2 if per_second else 0.3)


@pytest.mark.parametrize("seed", range(2))
def test_other_failures_do_not_make_slow_down_a_larger_share_of_the_requests(seed: int, time: FakeTime) -> None:
    async def run() -> None:
        pacer, rng = Pacer(1, runtime=time.runtime), random.Random(seed)
        for _ in range(3_500):
            sent_in, drawn = await send(pacer), rng.random()
            time.now_s += 0.02
            if drawn < 0.05:
                pacer.overloaded(sent_in)
            elif drawn < 0.5:
                pacer.errored(sent_in)
            else:
                pacer.succeeded(sent_in)

    began_at = time.now_s
    asyncio.run(run())
    assert time.now_s - began_at < 3_500 * 0.1


def test_b5_the_gap_has_a_longest_and_recovers_to_the_rate_that_was_set(time: FakeTime) -> None:
    async def run() -> None:
        pacer = Pacer(1, 20, runtime=time.runtime)
        for _ in range(40):
            await send(pacer)
            pacer.throttled(await send(pacer), 1.0)
        await send(pacer)
        before_s = time.now_s
        sent_in = await send(pacer)
        assert time.now_s - before_s == LONGEST_GAP_S
        for _ in range(50 * DEFAULT_RECOVERY_SUCCESSES):
            pacer.succeeded(sent_in)
        await send(pacer)
        before_s = time.now_s
        await send(pacer)
        assert time.now_s - before_s == pytest.approx(0.05)

    asyncio.run(run())


async def measure_gap(pacer: Pacer, time: FakeTime) -> float:
    await send(pacer)
    before_s = time.now_s
    await send(pacer)
    return time.now_s - before_s


def test_what_must_not_be_refused_once_more_goes_at_half_the_pace_or_less_where_it_is_little(time: FakeTime) -> None:
    async def run() -> None:
        pacer = Pacer(1, runtime=time.runtime)
        with pacer.easing(1):
            assert await measure_gap(pacer, time) == 0.0
        pacer.overloaded(await send(pacer))
        for requests, gap_s in ((1, LONGEST_GAP_S), (5, 1.0), (400, 0.2)):
            with pacer.easing(requests):
                assert await measure_gap(pacer, time) == pytest.approx(gap_s)
            # Half of what it was, once, however often something is sent again.
            assert await measure_gap(pacer, time) == pytest.approx(0.2)
        bounded = Pacer(1, 2, runtime=time.runtime)
        with bounded.easing(1):
            assert await measure_gap(bounded, time) == 0.5
        # The site takes less than the user allows.
        bounded.overloaded(await send(bounded))
        with bounded.easing(1):
            assert await measure_gap(bounded, time) == LONGEST_GAP_S
        for _ in range(4 * DEFAULT_RECOVERY_SUCCESSES * DEFAULT_RECOVERY_SUCCESSES):
            bounded.succeeded(await send(bounded))
        with bounded.easing(1):
            assert await measure_gap(bounded, time) == 0.5

    asyncio.run(run())


def test_a_gap_that_was_too_short_even_so_stays_the_longer_one(time: FakeTime) -> None:
    async def run() -> None:
        pacer = Pacer(1, runtime=time.runtime)
        pacer.overloaded(await send(pacer))
        with pacer.easing(20):
            for _ in range(3):
                pacer.overloaded(await send(pacer))
        assert await measure_gap(pacer, time) == pytest.approx(0.5)

    asyncio.run(run())


def test_errors_in_between_do_not_keep_the_pace_from_recovering(time: FakeTime) -> None:
    async def run() -> None:
        pacer = Pacer(8, runtime=time.runtime)
        await fail_among_others(pacer, lambda sent_in: pacer.throttled(sent_in, 1.0))
        slower = pacer.concurrency
        sent_in = await send(pacer)
        for number in range(DEFAULT_RECOVERY_SUCCESSES):
            if number % 8 == 4:
                pacer.errored(sent_in)
            pacer.succeeded(sent_in)
        assert pacer.concurrency == slower + 1

    asyncio.run(run())


def test_errors_alone_make_no_gap(time: FakeTime) -> None:
    async def run() -> None:
        pacer = Pacer(2, runtime=time.runtime)
        for _ in range(40):
            pacer.errored(await send(pacer))
        assert time.slept == []

    asyncio.run(run())
