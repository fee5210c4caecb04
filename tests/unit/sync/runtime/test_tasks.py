"""Waiting for several tasks: the first failure ends it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from oduyo_provider.sync.runtime.tasks import wait_for_all


async def end() -> None:
    await asyncio.sleep(0)


async def go_on() -> None:
    await asyncio.sleep(60)


async def fail() -> None:
    raise OSError("no space left on device")


def test_it_ends_when_all_have_ended_also_where_the_one_beside_them_ended_first() -> None:
    async def run() -> None:
        beside = asyncio.ensure_future(end())
        await beside
        await asyncio.wait_for(wait_for_all([asyncio.ensure_future(end()) for _ in range(3)], beside), 5)

    asyncio.run(run())


@pytest.mark.parametrize(("one", "beside"), [(fail, go_on), (go_on, fail)], ids=["a task", "the one beside them"])
def test_the_first_failure_is_raised_at_once_and_nothing_is_cancelled(
    one: Callable[[], Coroutine[Any, Any, None]], beside: Callable[[], Coroutine[Any, Any, None]]
) -> None:
    async def run() -> None:
        tasks = [asyncio.ensure_future(one()), asyncio.ensure_future(go_on())]
        with pytest.raises(OSError, match="no space left"):
            await asyncio.wait_for(wait_for_all(tasks, asyncio.ensure_future(beside())), 5)
        assert not tasks[1].done()

    asyncio.run(run())
