"""The client's clock and random numbers. Tests pass their own, so that they need not wait."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable

import msgspec


class Runtime(msgspec.Struct, frozen=True):
    """Time and chance.

    :param clock: seconds of a clock that never goes back.
    :param sleep: waits for so many seconds.
    :param rng: gives a number from 0 up to 1.
    """

    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    rng: Callable[[], float] = random.random
