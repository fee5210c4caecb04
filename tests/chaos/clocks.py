"""One clock for several processes: it leaps only when all of them wait."""

from __future__ import annotations

import time
from typing import Any

from sandbox.oduyo.database import Clock

#: How many processes may share a clock.
SLOTS = 4
#: What a slot holds that nobody has, and one whose process does something.
_FREE, _BUSY = float("inf"), float("-inf")


class SharedClock(Clock):
    """A sandbox's clock in memory that processes share.

    :param ahead: a ``multiprocessing.Array`` of type ``d`` with :data:`SLOTS` places: by how many seconds each process has
        moved the clock. Each writes to its own place only, so that no process can be stopped with a lock in its hand.
    :param slot: this process's place.
    """

    def __init__(self, ahead: Any, slot: int) -> None:
        super().__init__()
        self._shared = ahead
        self._slot = slot

    def now(self) -> float:
        """Seconds since the epoch."""
        return time.time() + sum(self._shared)

    def advance(self, seconds: float) -> None:
        """Move ahead by so many seconds."""
        self._shared[self._slot] += seconds

    def reset(self) -> None:
        """Back to real time."""
        for slot in range(SLOTS):
            self._shared[slot] = 0.0


class Waiting:
    """Until when each process waits.

    :param slots: a ``multiprocessing.Array`` of type ``d`` with :data:`SLOTS` places.
    """

    def __init__(self, slots: Any) -> None:
        self._slots = slots

    def reset(self) -> None:
        """Nobody waits."""
        for slot in range(SLOTS):
            self.leave(slot)

    def leave(self, slot: int) -> None:
        """This process has ended, or stands still: nobody waits for it."""
        self._slots[slot] = _FREE

    def be_busy(self, slot: int) -> None:
        """This process does something."""
        self._slots[slot] = _BUSY

    def may_leap(self, slot: int, until: float) -> bool:
        """This process waits until then; returns whether all others wait at least as long."""
        self._slots[slot] = until
        return all(self._slots[other] >= until for other in range(SLOTS) if other != slot)
