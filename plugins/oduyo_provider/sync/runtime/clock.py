"""Time, as a value: tests and simulations need not wait for it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import msgspec


class Clock(msgspec.Struct, frozen=True):
    """Where the apply takes its time from.

    :param now: seconds since 1970.
    :param sleep: waits for so many seconds.
    :param monotonic: seconds of a clock that is never set: for what one process measures.
    """

    now: Callable[[], float] = time.time
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    monotonic: Callable[[], float] = time.monotonic
