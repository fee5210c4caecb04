"""Seeded fault schedules over the apply step: every change takes effect exactly once, whatever happens."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from fsspec.core import url_to_fs

from sandbox.oduyo.server import Sandbox
from tests.chaos.conftest import IS_ALL
from tests.chaos.figures import FIGURES
from tests.chaos.schedule import run_schedule
from tests.chaos.virtual import Switch, VirtualTime

pytestmark = pytest.mark.chaos

SEEDS = range(1200 if IS_ALL else 30)
#: Seeds of one test: few enough for a failure to be near its seed, many enough for the cost of a test not to matter.
BATCH = 20
if os.environ.get("CHAOS_SEED"):
    SEEDS = range(int(os.environ["CHAOS_SEED"]), int(os.environ["CHAOS_SEED"]) + 1)


@pytest.mark.parametrize("first", SEEDS[::BATCH])
def test_every_change_takes_effect_exactly_once(
    chaos_site: Sandbox, virtual: VirtualTime, switch: Switch, tmp_path: Path, first: int
) -> None:
    for seed in range(first, min(first + BATCH, SEEDS.stop)):
        folder = tmp_path / str(seed)
        files, path = url_to_fs(run_schedule(seed, chaos_site, folder, virtual, switch))
        files.rm(path, recursive=True)
        FIGURES.add(schedules=1)
