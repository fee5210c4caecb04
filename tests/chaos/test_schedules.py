"""Seeded schedules: nights of several sources on one site, with everything that may go wrong, judged by the oracle."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from fsspec.core import url_to_fs

from sandbox.oduyo.server import Sandbox
from tests.chaos.conftest import IS_ALL
from tests.chaos.figures import FIGURES
from tests.chaos.schedule import run_schedule
from tests.chaos.virtual import VirtualTime

pytestmark = pytest.mark.chaos

SEEDS = range(2000 if IS_ALL else 10)
#: Seeds of one test: few enough for a failure to be near its seed, many enough for the cost of a test not to matter.
BATCH = 10
if os.environ.get("CHAOS_SEED"):
    SEEDS = range(int(os.environ["CHAOS_SEED"]), int(os.environ["CHAOS_SEED"]) + 1)


@pytest.mark.parametrize("first", SEEDS[::BATCH])
def test_nothing_is_duplicated_lost_outdated_or_falsely_green(
    chaos_site: Sandbox, virtual: VirtualTime, tmp_path: Path, first: int
) -> None:
    failed: list[str] = []
    for seed in range(first, min(first + BATCH, SEEDS.stop)):
        try:
            schedule = run_schedule(seed, chaos_site, tmp_path / str(seed), virtual)
        except AssertionError as error:
            failed.append(f"seed {seed}: {error}")
            continue
        files, path = url_to_fs(schedule.place)
        files.rm(path, recursive=True)
        FIGURES.add(schedules=1)
    assert not failed, "\n".join(failed)
