"""The event loop on which the steps that talk to Ödüyo run."""

from __future__ import annotations

import gc
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

try:
    from uvloop import run as _run
except ImportError:  # not on every platform; the loop of the standard library does the same, slower
    from asyncio import run as _run  # type: ignore[assignment]

T = TypeVar("T")

#: New objects before a search for unreachable ones. A plan's changes are many small objects that all stay, and Python's
#: default of 700 goes through them again and again. Only a cut answer leaves garbage that such a search must find, aiohttp's.
COLLECT_AFTER_OBJECTS = 500_000


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end in a loop of its own, as ``asyncio.run`` does.

    What uvloop saves stands in docs/performance.md.
    """
    with _collecting_rarely():
        return _run(work)


@contextmanager
def _collecting_rarely() -> Iterator[None]:
    before = gc.get_threshold()
    gc.set_threshold(max(before[0], COLLECT_AFTER_OBJECTS) if before[0] else 0, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
