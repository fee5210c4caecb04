"""A process of the product, as far as it can be simulated: its clock, its end, and how long it stands still.

All workers live in one interpreter. Whatever runs in a worker's context belongs to it: its requests, its files, its sleep.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Awaitable, Callable
from contextvars import Context, ContextVar
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakSet

import pytest

from oduyo_provider.api import transport
from oduyo_provider.sync.runtime.clock import Clock
from oduyo_provider.sync.staging import buckets
from oduyo_provider.sync.staging.folder import Folder

if TYPE_CHECKING:
    from tests.chaos.virtual import VirtualTime

T = TypeVar("T")

#: Who stands still for longer, in seconds, may lose the lease.
LEASE_S = 10.0


class KilledError(BaseException):
    """The process has ended. No `except Exception` sees it, as nothing sees a SIGKILL."""


class Worker:
    """A process.

    :param clock_off_s: how far its clock is ahead of the site's.
    :param wire_s: how long a request takes to the site at most, and its answer back.
    :ivar tasks: what it does.
    :ivar deaf_at: when it was killed, or stopped for longer than its lease holds: what it is answered then is not written down.
    """

    def __init__(self, virtual: VirtualTime, clock_off_s: float = 0.0, wire_s: float = 0.0) -> None:
        self._virtual = virtual
        self.clock_off_s = clock_off_s
        self.wire_s = wire_s
        # Repeatable times are the point; nothing here is a secret.
        self._rng = random.Random(wire_s)
        self.tasks: WeakSet[asyncio.Task[Any]] = WeakSet()
        self.is_dead = False
        self.frozen_until = float("-inf")
        self._left: int | None = None
        self._then: Callable[[], None] = self.die
        self.deaf_at: list[float] = []

    @property
    def clock(self) -> Clock:
        """Its clock; only the monotonic one is right."""
        return Clock(lambda: self._virtual.now() + self.clock_off_s, asyncio.sleep, self._virtual.now)

    @property
    def is_frozen(self) -> bool:
        """Whether it stands still."""
        return self._virtual.now() < self.frozen_until

    async def travel(self) -> None:
        """A request, or its answer, is on its way."""
        if self.wire_s:
            await asyncio.sleep(self._rng.uniform(0, self.wire_s))

    def arm(self, moments: int, then: Callable[[], None] | None = None) -> None:
        """Die, or do something else, at the so manieth moment from now; each write and request has one before and after."""
        self._left, self._then = moments, then or self.die

    def freeze(self, seconds: float) -> None:
        """Stand still for so long, as after SIGSTOP until SIGCONT. Who has lost the lease meanwhile reads no answer any more."""
        self.frozen_until = self._virtual.now() + seconds
        if seconds >= LEASE_S:
            self.deaf_at.append(self._virtual.now())

    def set_clock(self, seconds: float) -> None:
        """Somebody, or a time server, sets its clock by so much."""
        self.clock_off_s += seconds

    def die(self) -> None:
        """End now: from here on nothing is written and nothing is sent."""
        self.is_dead = True
        self.deaf_at.append(self._virtual.now())

    def pass_moment(self) -> None:
        """Count one moment.

        :raises KilledError: the process dies in it, or is dead already.
        """
        if self._left is not None and not self.is_dead:
            self._left -= 1
            if self._left <= 0:
                self._left = None
                self._then()
        if self.is_dead:
            raise KilledError

    async def run(self, work: Callable[[], Awaitable[T]]) -> T:
        """Do some work in this process.

        :raises KilledError: it died in it.
        """

        async def begin() -> T:
            WORKER.set(self)
            return await work()

        try:
            return await asyncio.get_running_loop().create_task(begin())
        except KilledError:
            self._virtual.let_arrive()
            raise
        finally:
            left = set(self.tasks)
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)


#: The process that something runs in.
WORKER: ContextVar[Worker | None] = ContextVar("worker", default=None)


def find_worker(context: Context | None) -> Worker | None:
    """The process that something runs in."""
    return WORKER.get() if context is None else context.get(WORKER)


def install(patch: pytest.MonkeyPatch, virtual: VirtualTime) -> None:
    """Let every worker pass a moment before and after each request and each write."""
    patch.setattr(os, "fsync", lambda _: None)  # no end of a process loses what is written
    # Small enough for a schedule's few rows to be divided, where partitions are asked for.
    patch.setattr(buckets, "SINGLE_PARTITION_ROWS", 8)
    post = transport.Transport.post

    async def post_in_worker(self: transport.Transport, *args: Any, **how: Any) -> transport.Answer:
        worker = WORKER.get()
        if worker is None:
            return await post(self, *args, **how)
        worker.pass_moment()
        await worker.travel()
        with virtual.under_way(worker):
            answer = await post(self, *args, **how)
        await worker.travel()
        worker.pass_moment()
        return answer

    patch.setattr(transport.Transport, "post", post_in_worker)
    for name in ("write", "write_lines", "delete"):
        patch.setattr(Folder, name, _in_worker(getattr(Folder, name)))
    append = Folder.append

    def append_in_worker(self: Folder, name: str, data: bytes, *, is_durable: bool = True) -> None:
        worker = WORKER.get()
        if worker is None or not is_durable:
            return append(self, name, data, is_durable=is_durable)
        was_dead = worker.is_dead
        try:
            worker.pass_moment()
        except KilledError:
            if not was_dead:
                append(self, name, data[: len(data) // 2])  # torn, as a write may be
            raise
        append(self, name, data)
        worker.pass_moment()
        return None

    patch.setattr(Folder, "append", append_in_worker)


def _in_worker(work: Callable[..., T]) -> Callable[..., T]:
    def work_in_worker(self: Folder, *args: Any) -> T:
        worker = WORKER.get()
        if worker is None:
            return work(self, *args)
        worker.pass_moment()
        done = work(self, *args)
        worker.pass_moment()
        return done

    return work_in_worker
