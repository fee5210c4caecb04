"""Time that need not be waited for: an event loop on a clock that leaps to the next waker while nothing is under way.

Everybody in one run of this loop, and the Ödüyo they talk to, is on one clock. While a request or a file is under way the
clock runs faster than real time, but by at most :data:`LONGEST_REQUEST_S`. So ``settle_s`` may be a minute here, as in
production, and a process may stand still for an hour.
"""

from __future__ import annotations

import asyncio
import selectors
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from contextvars import Context
from functools import partial
from typing import Any, TypeVar

from sandbox.oduyo.database import Clock
from tests.chaos.clocks import Waiting
from tests.chaos.worker import Worker, find_worker

#: How far the clock may move while one request is under way, in seconds.
LONGEST_REQUEST_S = 4.0
#: Real seconds to wait for what is under way before the clock moves, and how far it then moves.
LOOK_EVERY_S, STEP_S = 0.003, 0.2

T = TypeVar("T")


class VirtualTime:
    """The clock of one sandbox, for those who talk to it.

    :param waiting: other processes that are on the same clock, if any; ``slot`` is this process's place there.
    """

    def __init__(self, clock: Clock, waiting: Waiting | None = None, slot: int = 0) -> None:
        self._clock = clock
        self._waiting = waiting
        self._slot = slot
        self._number = 0
        self._under_way: dict[int, tuple[float, Worker | None]] = {}

    def now(self) -> float:
        """Seconds since 1970."""
        return self._clock.now()

    def skip(self, seconds: float) -> None:
        """Move the clock ahead."""
        if seconds > 0:
            self._clock.advance(seconds)

    @staticmethod
    def let_arrive() -> None:
        """Let the site take what a process that was killed has sent, before the clock moves on."""
        time.sleep(0.005)

    def begin(self, worker: Worker | None = None) -> int:
        """Something is under way that real time is needed for; returns what :meth:`end` takes."""
        self._number += 1
        self._under_way[self._number] = self.now(), worker
        return self._number

    def end(self, number: int) -> None:
        """It is no longer under way."""
        self._under_way.pop(number, None)

    @contextmanager
    def under_way(self, worker: Worker) -> Iterator[None]:
        """While a request of a worker is under way; nobody waits for one that stands still."""
        number = self.begin(worker)
        try:
            yield
        finally:
            self.end(number)

    def wait(self, timeout_s: float | None, select: Callable[[float | None], list[Any]]) -> list[Any]:
        """Wait for the clock to move so far, or for what is under way.

        :param select: waits for sockets in real time.
        """
        if not self._find_begins():
            return self._leap(timeout_s, select)
        found = select(LOOK_EVERY_S)
        if not found and timeout_s is not None and (begins := self._find_begins()):
            room_s = min(begins) + LONGEST_REQUEST_S - self.now()
            self.skip(min(timeout_s, room_s, STEP_S))
        return found

    def _leap(self, timeout_s: float | None, select: Callable[[float | None], list[Any]]) -> list[Any]:
        """Nothing is under way here: on to the next waker, as soon as nobody else has anything to do before."""
        until = float("inf") if timeout_s is None else self.now() + timeout_s
        found: list[Any] = []
        if timeout_s is not None and (self._waiting is None or self._waiting.may_leap(self._slot, until)):
            self.skip(timeout_s)
        else:
            found = select(LOOK_EVERY_S / 3 if self._waiting is not None else timeout_s)
        if self._waiting is not None:
            self._waiting.be_busy(self._slot)
        return found

    def _find_begins(self) -> list[float]:
        """When what is under way began."""
        return [at for at, worker in list(self._under_way.values()) if worker is None or not worker.is_frozen]

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """As :func:`asyncio.run`, on this clock."""
        loop = VirtualLoop(self)
        try:
            asyncio.set_event_loop(loop)
            return loop.run_until_complete(work)
        finally:
            try:
                loop.run_until_complete(cancel_all(asyncio.all_tasks(loop)))
                loop.run_until_complete(loop.shutdown_asyncgens())
                loop.run_until_complete(loop.shutdown_default_executor())
            finally:
                asyncio.set_event_loop(None)
                loop.close()


def _is_step(callback: Callable[..., Any]) -> bool:
    """Whether it is a task's next step. All else is plumbing, which the kernel would do."""
    return isinstance(getattr(callback, "__self__", None), asyncio.Task)


async def cancel_all(tasks: set[asyncio.Task[Any]]) -> None:
    """Cancel these tasks, and wait for their end."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


class _Selector(selectors.DefaultSelector):
    def __init__(self, virtual: VirtualTime) -> None:
        super().__init__()
        self._virtual = virtual

    def select(self, timeout: float | None = None) -> list[Any]:
        found = super().select(0)
        if found or (timeout is not None and timeout <= 0):
            return found
        return self._virtual.wait(timeout, super().select)


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop on virtual time, in which workers may stand still."""

    def __init__(self, virtual: VirtualTime) -> None:
        super().__init__(_Selector(virtual))
        self._virtual = virtual

    def time(self) -> float:
        """The loop's clock."""
        return self._virtual.now()

    def create_task(self, coro: Any, **how: Any) -> asyncio.Task[Any]:
        """See asyncio; the worker knows its tasks."""
        task = super().create_task(coro, **how)
        worker = find_worker(how.get("context"))
        if worker is not None:
            worker.tasks.add(task)
        return task

    def call_soon(self, callback: Callable[..., Any], *args: Any, context: Any = None) -> asyncio.Handle:
        """See asyncio; the tasks of a worker that stands still do nothing until it goes on."""
        worker = find_worker(context)
        if worker is None or not worker.is_frozen or not _is_step(callback):
            return super().call_soon(callback, *args, context=context)
        later = partial(self.call_soon, callback, *args, context=context)
        return super().call_at(worker.frozen_until, later, context=context)

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> Any:
        """See asyncio; the clock waits for the thread."""
        number = self._virtual.begin()
        future = super().run_in_executor(executor, func, *args)
        # In no worker's context: also when the worker stands still, the thread has ended.
        future.add_done_callback(lambda _: self._virtual.end(number), context=Context())
        return future
