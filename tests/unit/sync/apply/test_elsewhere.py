"""What the other partitions of a plan hold: read once, never of the own one, and only where there are others."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import pytest

from oduyo_provider.sync.apply.elsewhere import Elsewhere, Known, Partitions

PARTS = [
    [Known("A-1", "11"), Known("A-26", None)],
    [Known("B-1", "21", "B-1  "), Known("B-2", "22", "CUT")],
    [Known("İ-1", None)],
]


class Reading:
    """Hands out the parts, and counts how often each is asked for."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    def __call__(self, number: int) -> Iterable[Known]:
        self.asked.append(number)
        return PARTS[number]


@pytest.fixture
def reading() -> Reading:
    return Reading()


def besides(reading: Reading, number: int, count: int = 3) -> Elsewhere:
    elsewhere = Partitions(count, reading).besides(number)
    asyncio.run(elsewhere.read())
    return elsewhere


def test_keys_and_ids_of_the_others_are_known_and_the_own_are_not(reading: Reading) -> None:
    elsewhere = besides(reading, 0)
    assert [elsewhere.has_key(key) for key in ("B-1", "B-2", "CUT", "A-1", "A-26", "C-1")] == [True] * 2 + [False] * 4
    assert [elsewhere.has_id(oduyo_id) for oduyo_id in ("21", "22", "11", "99")] == [True, True, False, False]
    assert [elsewhere.find_owner(key) for key in ("CUT", "B-1", "A-1", "C-1")] == ["B-2", "B-1", "", ""]


def test_a_record_that_is_made_later_is_known_elsewhere_alone(reading: Reading) -> None:
    partitions = Partitions(3, reading)
    mine, others = partitions.besides(0), partitions.besides(2)
    mine.note_made("12")
    asyncio.run(others.read())
    others.note_made("31")
    assert (others.has_id("12"), mine.has_id("12"), mine.has_id("31")) == (True, False, True)


def test_the_others_are_read_once(reading: Reading) -> None:
    partitions = Partitions(3, reading)

    async def work() -> None:
        await asyncio.gather(*(partitions.besides(number).read() for number in (0, 1, 2, 0)))

    asyncio.run(work())
    assert reading.asked == [0, 1, 2]


def test_a_plan_of_one_partition_is_never_read(reading: Reading) -> None:
    elsewhere = besides(reading, 0, count=1)
    elsewhere.note_made("12")
    assert reading.asked == []
    assert (elsewhere.has_key("A-1"), elsewhere.has_id("11"), elsewhere.find_owner("A-1")) == (False, False, "")
