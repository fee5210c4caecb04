"""Time that need not be waited for, and an end that can come at any moment.

One run in this process has its client, its apply and its Ödüyo on one clock. Whoever sleeps waits for that clock, and the
clock moves to the next waker as soon as no request is under way; a request under way sees it move by at most
:data:`LONGEST_REQUEST_S`. So ``settle_s`` may be a minute here, as in production.
"""

from __future__ import annotations

import asyncio
import gc
import heapq
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any, Protocol

import pytest

from oduyo_provider.api import transport
from oduyo_provider.sync.runtime.clock import Clock
from oduyo_provider.sync.site import lease
from oduyo_provider.sync.staging import buckets as side
from oduyo_provider.sync.staging.folder import Folder
from oduyo_provider.sync.steps import snapshot

#: How far the clock may move while a request is under way, in seconds.
LONGEST_REQUEST_S = 4.0


class KilledError(BaseException):
    """The process has ended. No `except Exception` sees it, as nothing sees a SIGKILL."""


class Switch:
    """Kills the process at a chosen moment: from then on nothing is written to the disk and nothing is sent.

    :param kills: how many times it has killed.
    """

    def __init__(self) -> None:
        self._left: int | None = None
        self.is_dead = False
        self.kills = 0

    def arm(self, moments: int) -> None:
        """Kill at the so manieth moment from now; each write and each request has one before and one after it."""
        self._left, self.is_dead = moments, False

    def disarm(self) -> None:
        """The next process lives."""
        self._left, self.is_dead = None, False

    def is_due(self) -> bool:
        """Count one moment; True when the process dies in it, or is dead already."""
        if self.is_dead:
            return True
        if self._left is None:
            return False
        self._left -= 1
        if self._left <= 0:
            self.is_dead = True
            self.kills += 1
        return self.is_dead

    def check(self) -> None:
        """Count one moment.

        :raises KilledError: the process dies in it.
        """
        if self.is_due():
            self.die()

    def die(self) -> None:
        """End here."""
        raise KilledError


class Advancing(Protocol):
    """A sandbox, here or in another process."""

    def advance(self, seconds: float) -> None:
        """Move its clock ahead."""


class VirtualTime:
    """A clock for one sandbox and those who talk to it.

    :param ahead_s: how far the sandbox's clock is ahead of real time already.
    """

    def __init__(self, site: Advancing, ahead_s: float = 0.0) -> None:
        self._site = site
        self._ahead_s = ahead_s
        self._number = 0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._ticker: asyncio.Task[None] | None = None
        self._sent_at: dict[int, float] = {}

    def reset(self, ahead_s: float = 0.0) -> None:
        """Back to real time, as the sandbox after its own reset; or to where another process left the sandbox's clock."""
        self._ahead_s = ahead_s

    def skip(self, seconds: float) -> None:
        """Move the clock while nobody sleeps."""
        self._ahead_s += seconds
        self._site.advance(seconds)

    def now(self) -> float:
        """Seconds since 1970."""
        return time.time() + self._ahead_s

    @property
    def clock(self) -> Clock:
        """What the apply takes."""
        return Clock(self.now, self.sleep)

    async def sleep(self, seconds: float) -> None:
        """Wait for the clock to get there."""
        loop = asyncio.get_running_loop()
        if self._ticker is None or self._ticker.done() or self._ticker.get_loop() is not loop:
            self._sleepers, self._sent_at = [], {}
            self._ticker = loop.create_task(self._tick())
        self._number += 1
        waker = loop.create_future()
        heapq.heappush(self._sleepers, (self.now() + seconds, self._number, waker))
        await waker

    async def _tick(self) -> None:
        while self._sleepers:
            await asyncio.sleep(0)
            wake_at = self._sleepers[0][0]
            latest = min((at + LONGEST_REQUEST_S for at in self._sent_at.values()), default=wake_at)
            step_s = min(wake_at, latest) - self.now()
            if step_s > 0:
                self.skip(step_s)
            elif self.now() < wake_at:
                await asyncio.sleep(0.0005)
            while self._sleepers and self._sleepers[0][0] <= self.now():
                waker = heapq.heappop(self._sleepers)[2]
                if not waker.done():
                    waker.set_result(None)

    @contextmanager
    def request(self) -> Iterator[None]:
        """While a request is under way."""
        self._number += 1
        number = self._number
        self._sent_at[number] = self.now()
        try:
            yield
        finally:
            self._sent_at.pop(number, None)


def bury() -> None:
    """Let Ödüyo take what a killed process has sent, and the interpreter what it left open."""
    time.sleep(0.02)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


def install(patch: pytest.MonkeyPatch, virtual: VirtualTime, switch: Switch) -> None:
    """Put the product's requests on the clock, and its requests and writes under the switch."""
    # The lease is renewed in real time; it has tests of its own, and the killed processes hold it as in production.
    patch.setattr(lease, "HELD_FOR_S", float("inf"))
    # Small enough for a schedule's few rows to be divided, where partitions are asked for.
    patch.setattr(side, "SINGLE_PARTITION_ROWS", 8)
    patch.setattr(snapshot, "time", SimpleNamespace(time=virtual.now, monotonic=time.monotonic))
    post = transport.Transport.post

    async def post_or_die(self: transport.Transport, *args: Any) -> transport.Answer:
        switch.check()
        with virtual.request():
            answer = await post(self, *args)
        switch.check()
        return answer

    patch.setattr(transport.Transport, "post", post_or_die)
    for name in ("write", "delete"):
        patch.setattr(Folder, name, _dying(getattr(Folder, name), switch))
    append = Folder.append

    def append_or_die(self: Folder, name: str, data: bytes) -> None:
        if switch.is_dead:
            raise KilledError
        if switch.is_due():
            append(self, name, data[: len(data) // 2])  # torn, as a write may be
            switch.die()
        append(self, name, data)
        switch.check()

    patch.setattr(Folder, "append", append_or_die)


def _dying(work: Callable[..., None], switch: Switch) -> Callable[..., None]:
    def work_or_die(self: Folder, *args: Any) -> None:
        switch.check()
        work(self, *args)
        switch.check()

    return work_or_die
