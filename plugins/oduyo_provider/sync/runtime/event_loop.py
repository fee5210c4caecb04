"""Running an event loop: in a task whose time may be up, or where another one runs already."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from types import FrameType
from typing import Any, TypeVar

_T = TypeVar("_T")


def run_async(work: Coroutine[Any, Any, _T]) -> _T:
    """As :func:`asyncio.run`, and ends the work wherever it is when Airflow's ``execution_timeout`` is over.

    Airflow then raises an error in a handler of SIGALRM. Where this hits a callback of the loop, the loop logs the error
    and goes on, and so would the task. So the work is cancelled, as :func:`asyncio.run` does it for Ctrl-C, and the
    handler is called when it has ended.
    """
    handler = signal.getsignal(signal.SIGALRM)
    if threading.current_thread() is not threading.main_thread() or not callable(handler):
        return asyncio.run(work)
    rung: list[int] = []

    async def stoppable() -> _T:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()

        def stop(number: int, _frame: FrameType | None) -> None:
            rung.append(number)
            if task is not None:
                task.cancel()
            loop.call_soon_threadsafe(int)  # wakes a loop that waits

        signal.signal(signal.SIGALRM, stop)
        try:
            return await work
        finally:
            signal.signal(signal.SIGALRM, handler)

    try:
        return asyncio.run(stoppable())
    except asyncio.CancelledError:
        if not rung:
            raise
    handler(signal.SIGALRM, None)
    raise asyncio.CancelledError


def call_apart(work: Callable[[], _T]) -> _T:
    """Call what runs an event loop; in a thread where one runs already (a deferred operator, a notebook)."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return work()
    with ThreadPoolExecutor(max_workers=1) as pool:
        return pool.submit(work).result()
