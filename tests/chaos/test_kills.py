"""Real SIGKILLs of a load, also inside its writes, each followed by another try or another run."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from oduyo_provider.sync.staging.manifests import Reference
from sandbox.oduyo.server import Sandbox
from tests.chaos.conftest import IS_ALL
from tests.chaos.driver import ChaosDriver
from tests.chaos.figures import FIGURES
from tests.chaos.process import Job, kill
from tests.chaos.schedule import RUNS, draw_faults, draw_readings
from tests.chaos.virtual import Switch, VirtualTime
from tests.chaos.world import check_calls, check_records, draw_existing, make_row

pytestmark = pytest.mark.chaos

SEEDS = range(110 if IS_ALL else 4)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_load_that_is_killed_is_finished_exactly_once(
    chaos_site: Sandbox, virtual: VirtualTime, switch: Switch, tmp_path: Path, seed: int
) -> None:
    site, rng = chaos_site, random.Random(seed)
    readings = draw_readings(rng)
    site.set_readings(**readings, latency_s=0.001)
    rows = [make_row(rng, number) for number in range(95, 95 + rng.randrange(30, 121))]
    site.seed(draw_existing(rng, rows))
    before = site.records()
    on_missing = rng.choice(["keep", "deactivate", "delete"])
    driver = ChaosDriver(site, tmp_path, virtual, switch, rng, rng.choice([1, 4, 8]))
    is_whole = rng.random() < 0.3
    plan: Reference | None = None if is_whole else driver.plan(rows, driver.new_run("killed"), on_missing=on_missing)
    if rng.random() < 0.5:
        site.set_faults(*draw_faults(rng, readings))
    kills = 0
    for number in range(1, rng.choice([2, 2, 3])):
        job = Job(
            port=site.port,
            ahead_s=site.clock.ahead_s,
            folder=str(tmp_path),
            seed=rng.randrange(10**6),
            concurrency=rng.choice([1, 4, 8]),
            on_missing=on_missing,
            rows=rows,
            run="killed",
            number=number,
            plan=plan,
            moments=rng.randrange(1, 250) if rng.random() < 0.5 else None,
        )
        kills += kill(site, job, requests=rng.randrange(1, len(rows) + 20), delay_s=rng.random() * 0.01)
    virtual.reset(site.clock.ahead_s)
    FIGURES.take_faults(site.faults())
    site.set_faults()
    if plan is not None and rng.random() < 0.6:
        driver.attempt(lambda number: driver.load(plan, driver.new_run("killed", 10 + number)))
    for _ in range(RUNS):
        report = driver.run(rows, on_missing=on_missing)
        if report is not None and report.is_complete and not report.refused:
            break
    assert report is not None
    assert report.is_complete
    virtual.skip(60)
    cut = readings.get("silently_cut")
    check_records(before, site.records(), rows, on_missing=on_missing, cut=cut)  # type: ignore[arg-type]
    if cut is None:
        check_calls(before, site.log()["requests"], rows, on_missing=on_missing)
    FIGURES.add(SIGKILLs=kills, resumes=1, requests=site.log()["counters"]["requests"])
