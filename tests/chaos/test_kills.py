"""Real SIGKILLs and SIGSTOPs of loads, also inside their writes, while other runs and sources go on."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from sandbox.oduyo.server import Sandbox
from tests.chaos import driver
from tests.chaos.conftest import IS_ALL
from tests.chaos.figures import FIGURES
from tests.chaos.process import Shared
from tests.chaos.schedule import run_to_its_end
from tests.chaos.victims import VictimSchedule
from tests.chaos.virtual import VirtualTime
from tests.chaos.worker import install

pytestmark = pytest.mark.chaos

SEEDS: Sequence[int] = range(100) if IS_ALL else (0, 2)  # with six suspensions and a kill
if os.environ.get("CHAOS_SEED"):
    SEEDS = range(int(os.environ["CHAOS_SEED"]), int(os.environ["CHAOS_SEED"]) + 1)


@pytest.fixture(scope="module")
def shared() -> Shared:
    return Shared()


@pytest.fixture(scope="module")
def site(shared: Shared) -> Iterator[Sandbox]:
    """A sandbox on the clock that the processes share."""
    with Sandbox(clock=shared.clock) as site:
        yield site


@pytest.mark.parametrize("seed", SEEDS)
def test_loads_that_are_killed_or_stand_still_break_no_promise(
    site: Sandbox, shared: Shared, tmp_path: Path, seed: int
) -> None:
    shared.waiting.reset()
    virtual = VirtualTime(shared.clock, shared.waiting)
    with pytest.MonkeyPatch.context() as patch:
        install(patch, virtual)
        driver.install(patch)
        run_to_its_end(VictimSchedule(seed, site, tmp_path / "victims", virtual, shared), seed)
    FIGURES.add(schedules_in_processes=1)
