"""The event loop of a step leaves the process as it found it."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from oduyo_provider.sync.runtime.loop import COLLECT_AFTER_OBJECTS, run


@pytest.fixture(autouse=True)
def threshold() -> Iterator[tuple[int, int, int]]:
    """What the process around has set; put back afterwards."""
    before = gc.get_threshold()
    gc.set_threshold(701, 11, 12)
    yield gc.get_threshold()
    gc.set_threshold(*before)


async def read_threshold() -> tuple[int, int, int]:
    return gc.get_threshold()


def test_garbage_is_collected_rarely_within(threshold: tuple[int, int, int]) -> None:
    assert run(read_threshold()) == (COLLECT_AFTER_OBJECTS, 11, 12)
    assert gc.get_threshold() == threshold


def test_an_error_passes_and_leaves_no_trace(threshold: tuple[int, int, int]) -> None:
    async def fail() -> None:
        raise OSError("no space left on device")

    with pytest.raises(OSError, match="no space left"):
        run(fail())
    assert gc.get_threshold() == threshold


@pytest.mark.parametrize("own", [0, 1_000_000])
def test_what_the_process_has_chosen_is_not_lowered(own: int) -> None:
    gc.set_threshold(own, 11, 12)
    assert run(read_threshold())[0] == own
