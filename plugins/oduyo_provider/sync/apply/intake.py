"""Changes that may be sent now, between the one who writes intents and those who send."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable

from oduyo_provider.core.change import Change


class Intake:
    """A line of changes: one side adds whole batches, many take one by one. Belongs to one event loop."""

    def __init__(self) -> None:
        self._changes: deque[Change] = deque()
        self._low_at = 0
        self._is_low = asyncio.Event()
        self._is_worth_a_look = asyncio.Event()
        self._is_closed = False

    def __len__(self) -> int:
        return len(self._changes)

    def add(self, changes: Iterable[Change]) -> None:
        """Let changes be taken, unless it was closed meanwhile: what stopped the others stops these too."""
        if self._is_closed:
            return
        self._changes.extend(changes)
        self._is_worth_a_look.set()

    async def take(self) -> Change | None:
        """The next change, as soon as there is one; None when none will come any more."""
        while not self._changes:
            if self._is_closed:
                return None
            self._is_worth_a_look.clear()
            await self._is_worth_a_look.wait()
        change = self._changes.popleft()
        if len(self._changes) <= self._low_at:
            self._is_low.set()
        return change

    async def wait_until_low(self, count: int) -> None:
        """Wait until at most `count` changes are left, or it is closed."""
        self._low_at = count
        if len(self._changes) > count and not self._is_closed:
            self._is_low.clear()
            await self._is_low.wait()

    def close(self) -> None:
        """Nothing will be added any more; what is left can still be taken."""
        self._is_closed = True
        self._is_worth_a_look.set()
        self._is_low.set()

    def stop(self) -> None:
        """Close, and give out nothing of what is left."""
        self._changes.clear()
        self.close()
