"""The line of changes between the one who writes intents and those who send."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from oduyo_provider.core.change import Action, Change
from oduyo_provider.sync.apply.intake import Intake

CHANGES = [Change(Action.CREATE, f"E{number}", {}) for number in range(6)]


def run(work: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(asyncio.wait_for(work, 10))


async def take_all(intake: Intake) -> list[Change]:
    taken = []
    while (change := await intake.take()) is not None:
        taken.append(change)
    return taken


async def breathe() -> None:
    """Let every other task go on as far as it can."""
    for _ in range(5):
        await asyncio.sleep(0)


def test_changes_are_taken_once_each_in_their_order_by_whoever_waits() -> None:
    async def work() -> None:
        intake = Intake()
        takers = [asyncio.create_task(take_all(intake)) for _ in range(3)]
        await breathe()
        intake.add(CHANGES[:4])
        await breathe()
        intake.add(CHANGES[4:])
        intake.close()
        taken = [change for part in await asyncio.gather(*takers) for change in part]
        assert sorted(change.key for change in taken) == sorted(change.key for change in CHANGES)

    run(work())

    async def one_by_one() -> None:
        intake = Intake()
        intake.add(CHANGES)
        intake.close()
        assert await take_all(intake) == CHANGES

    run(one_by_one())


def test_what_is_left_when_it_is_closed_is_given_out_and_when_it_is_stopped_is_not() -> None:
    async def work(*, is_stopped: bool) -> list[Change]:
        intake = Intake()
        intake.add(CHANGES)
        await intake.take()
        intake.stop() if is_stopped else intake.close()
        return await take_all(intake)

    assert run(work(is_stopped=False)) == CHANGES[1:]
    assert run(work(is_stopped=True)) == []


def test_what_comes_after_a_stop_is_not_given_out() -> None:
    async def work() -> None:
        intake = Intake()
        intake.stop()
        intake.add(CHANGES)
        assert await take_all(intake) == []

    run(work())


def test_it_is_low_once_so_many_are_left_and_not_before() -> None:
    async def work() -> None:
        intake = Intake()
        intake.add(CHANGES)
        waiting = asyncio.create_task(intake.wait_until_low(3))
        for left in (5, 4, 3):
            await breathe()
            assert not waiting.done()
            await intake.take()
            assert len(intake) == left
        await breathe()
        assert waiting.done()
        await intake.wait_until_low(3)  # it is low already

    run(work())


def test_nobody_waits_for_a_line_that_is_stopped() -> None:
    async def work() -> None:
        empty, full = Intake(), Intake()
        full.add(CHANGES)
        waiting = [asyncio.create_task(empty.take()), asyncio.create_task(full.wait_until_low(0))]
        await breathe()
        empty.stop()
        full.stop()
        assert await asyncio.gather(*waiting) == [None, None]
        await full.wait_until_low(0)

    run(work())
