"""Waiting for several tasks of one event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence


async def wait_for_all(tasks: Sequence[asyncio.Future[None]], beside: asyncio.Future[None]) -> None:
    """Wait for all tasks; the first failure, also of the one beside them, is raised at once. Nothing is cancelled."""
    left, pending = set(tasks), {*tasks, beside}
    while left:
        done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
        left -= done
