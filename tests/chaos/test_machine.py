"""The whole cycle in any order: edits on both sides, runs, faults, kills, stops, tries of old plans, waits."""

from __future__ import annotations

import asyncio
import random
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from sandbox.oduyo.server import Sandbox
from tests.chaos.conftest import IS_ALL
from tests.chaos.driver import ChaosDriver
from tests.chaos.figures import FIGURES
from tests.chaos.notes import compute_history
from tests.chaos.oracle import find_violations
from tests.chaos.person import Person
from tests.chaos.schedule import USUAL
from tests.chaos.site import Site, draw_faults
from tests.chaos.virtual import VirtualTime
from tests.chaos.worker import Worker
from tests.chaos.world import KEYS, Erp, draw_existing

pytestmark = pytest.mark.chaos

SEEDS = st.integers(0, 2**32)
MOMENTS = st.one_of(st.none(), st.none(), st.integers(1, 200))
ON_MISSING = st.sampled_from(["keep", "deactivate", "delete"])


class Cycle(RuleBasedStateMachine):
    """An ERP, an Ödüyo, and all that may happen to them; the oracle judges at the end.

    ``sandbox`` and ``virtual`` are set by the test.
    """

    sandbox: Sandbox
    virtual: VirtualTime

    @initialize(seed=SEEDS)
    def begin(self, seed: int) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="chaos-"))
        rng = random.Random(seed)
        self.sandbox.reset()
        self.site = Site(rng, is_prompt=False)
        self.workers: list[Worker] = []
        self.moments: int | None = None
        self.stop_s: float | None = None
        self.driver = ChaosDriver(
            self.sandbox, self.folder, self.virtual, rng, hire=self.hire, concurrency=rng.choice([1, 4])
        )
        name = rng.choice(list(KEYS))
        self.erp = Erp(rng, name, start=1, count=rng.randrange(4, 20), has_dates=rng.random() < 0.5)
        self.person = Person(rng, self.sandbox)
        self.sandbox.seed(draw_existing(rng, self.erp.rows.values()))
        self.site.begin(self.sandbox)

    def hire(self, _: random.Random) -> Worker:
        """A process, with what the rule says is to happen to it."""
        worker, stop_s = Worker(self.virtual), self.stop_s
        if self.moments is not None:
            worker.arm(self.moments, None if stop_s is None else lambda: worker.freeze(stop_s))
            self.moments = None
        self.workers.append(worker)
        return worker

    def teardown(self) -> None:
        if not hasattr(self, "driver"):
            return
        shutil.rmtree(self.folder)
        FIGURES.take_faults(self.sandbox.faults())
        kills = [moment for worker in self.workers for moment in worker.deaf_at]
        history = compute_history(self.sandbox, self.site, self.driver.notes, now=self.virtual.now(), kills=kills)
        found = find_violations(history)
        assert not found, "\n".join(map(str, found[:10]))
        requests = self.sandbox.counts()["requests"]
        FIGURES.add(cycles=1, requests=requests, runs=len(self.driver.notes), simulated_kills=len(kills))

    @rule()
    def people_work(self) -> None:
        self.erp.work()

    @rule()
    def somebody_acts_at_the_panel(self) -> None:
        self.person.act()

    @rule()
    def somebody_will_act_within_a_write(self) -> None:
        self.person.script()

    @rule(seed=SEEDS)
    def set_faults(self, seed: int) -> None:
        FIGURES.take_faults(self.sandbox.faults())
        self.sandbox.set_faults(*draw_faults(random.Random(seed), self.site.readings))

    @rule()
    def calm(self) -> None:
        FIGURES.take_faults(self.sandbox.faults())
        self.site.calm(self.sandbox)

    @rule(on_missing=ON_MISSING)
    def dry_run(self, on_missing: str) -> None:
        self.virtual.run(self._run({"on_missing": on_missing, "dry_run": True}))

    @rule(
        on_missing=ON_MISSING,
        missing_runs=st.integers(1, 2),
        moments=MOMENTS,
        stop_s=st.sampled_from([None, 25.0, 400.0]),
    )
    def run(self, on_missing: str, missing_runs: int, moments: int | None, stop_s: float | None) -> None:
        self.moments, self.stop_s = moments, stop_s
        params = {"on_missing": on_missing, "missing_runs": missing_runs, "release": USUAL}
        self.virtual.run(self._run(params))

    @rule(moments=MOMENTS, delay_s=st.sampled_from([0.0, 1.0, 40.0, 300.0, 1000.0, 700_000.0]), seed=SEEDS)
    @precondition(lambda self: self.driver.plans)
    def clear_an_old_load(self, moments: int | None, delay_s: float, seed: int) -> None:
        plan = random.Random(seed).choice(self.driver.plans)
        self.virtual.skip(delay_s)
        self.moments, self.stop_s = moments, None
        self.virtual.run(self.driver.clear_load(plan))

    @rule(wait_s=st.sampled_from([100.0, 86_400.0]))
    def wait(self, wait_s: float) -> None:
        self.virtual.skip(wait_s)

    async def _run(self, params: dict[str, object]) -> None:
        await self.driver.run_once(self.erp, **params)
        await asyncio.sleep(0)


@pytest.mark.timeout(1800)
def test_the_cycle_keeps_its_promise_in_any_order(chaos_site: Sandbox, virtual: VirtualTime) -> None:
    machine = type("Cycle", (Cycle,), {"sandbox": chaos_site, "virtual": virtual})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=150 if IS_ALL else 6,
            stateful_step_count=25 if IS_ALL else 12,
            deadline=None,
            derandomize=not IS_ALL,
            database=None,
            print_blob=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
