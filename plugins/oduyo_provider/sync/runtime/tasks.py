"""Waiting for several tasks of one event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TypeVar

_T = TypeVar("_T")


async def wait_for_all(tasks: Sequence[asyncio.Future[None]], beside: asyncio.Future[None]) -> None:
    """Wait for all tasks; the first failure, also of the one beside them, is raised at once. Nothing is cancelled."""
    left, pending = set(tasks), {*tasks, beside}
    while left:
        done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
        left -= done


def stop_taking(queue: asyncio.Queue[_T | None], workers: int) -> None:
    """Let nothing be taken from a queue any more: each of its workers ends instead."""
    while not queue.empty():
        queue.get_nowait()
    for _ in range(workers):
        queue.put_nowait(None)
