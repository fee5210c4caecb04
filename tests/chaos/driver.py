"""Runs as Airflow makes them: a plan, up to four tries to apply it, a report, and a new run if that is not complete."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from oduyo_provider.api.client import OduyoClient
from oduyo_provider.api.runtime import Runtime
from oduyo_provider.core.errors import OduyoError
from oduyo_provider.core.normalise import Normaliser
from oduyo_provider.core.params import parse_params
from oduyo_provider.core.record import SPECIAL_CODE
from oduyo_provider.core.report import Report
from oduyo_provider.sync.staging.manifests import Reference
from oduyo_provider.sync.staging.run_folder import Run
from oduyo_provider.sync.steps.load import load
from oduyo_provider.sync.steps.one_task import stage_rows
from oduyo_provider.sync.steps.report import Steps
from oduyo_provider.sync.steps.report import report as report_run
from oduyo_provider.sync.steps.snapshot import fetch_snapshot
from oduyo_provider.sync.steps.transform import transform
from sandbox.oduyo.server import Sandbox
from tests.chaos.virtual import KilledError, Switch, VirtualTime, bury
from tests.chaos.world import Row
from tests.integration.sync.apply.driver import Driver

#: Tries of one task, as Airflow's retries would make.
TRIES = 4
#: Virtual seconds between two of them.
RETRY_DELAY_S = (0.0, 0.0, 1.0, 10.0, 30.0, 300.0, 1000.0)
#: 0-1: how often a task that failed is not tried again, and the next run follows at once.
GIVES_UP = 0.25
SETTLE_S = 60.0

T = TypeVar("T")


class ChaosDriver(Driver):
    """A driver in virtual time, whose process may be killed.

    :param place: where staging is, a folder or an object store's URI.
    :param buckets: partitions of a side that is not small; 1 for one.
    :param on_try: called before every try, to set faults or to arm the switch.
    """

    def __init__(
        self,
        site: Sandbox,
        place: Path | str,
        virtual: VirtualTime,
        switch: Switch,
        rng: random.Random,
        concurrency: int,
        buckets: int = 1,
    ) -> None:
        super().__init__(site, place, settle_s=SETTLE_S, timeout_s=30, max_concurrency=concurrency)
        self.virtual, self.switch, self.rng, self.buckets = virtual, switch, rng, buckets
        self.tries = self.runs = self.failed_tries = 0
        self.on_try: Callable[[], None] = lambda: None

    def client(self) -> OduyoClient:
        return OduyoClient(
            self.settings, SPECIAL_CODE, runtime=Runtime(self.virtual.now, self.virtual.sleep, self.rng.random)
        )

    def plan(self, rows: list[Row], run: Run, **params: object) -> Reference:
        """The plan of the first partition."""
        return self.plan_all(rows, run, **params)[0]

    def plan_all(self, rows: list[Row], run: Run, **params: object) -> list[Reference]:
        """The plans of all partitions."""

        async def work() -> Reference:
            async with self.client() as client:
                return await fetch_snapshot(
                    run,
                    client,
                    given,
                    normaliser,
                    site=self.settings.site,
                    buckets=self.buckets,
                    settle_s=SETTLE_S,
                    clock=self.virtual.clock,
                )

        given = parse_params(params)
        normaliser = Normaliser(SPECIAL_CODE, given.rules)
        self.snapshot = asyncio.run(work())
        self.parts = stage_rows(run, rows, self.snapshot, given.rules, self.buckets)
        return [transform(run, part, given) for part in self.parts]

    def load(self, plan: Reference, run: Run, **changes: object) -> Reference:
        async def work() -> Reference:
            async with self.client() as client:
                return await load(run, plan, client, self.settings, clock=self.virtual.clock)

        return asyncio.run(work())

    def attempt(self, work: Callable[[int], T], is_done: Callable[[T], bool] = lambda _: True) -> T | None:
        """Try a task until it succeeds, it is given up, or :data:`TRIES` tries are used up."""
        for number in range(1, TRIES + 1):
            self.tries += 1
            self.on_try()
            made: T | None = None
            try:
                made = work(number)
            except OduyoError:
                pass
            except KilledError:
                bury()
            finally:
                self.switch.disarm()
            if made is not None and is_done(made):
                return made
            self.failed_tries += 1
            if self.rng.random() < GIVES_UP:
                return None
            self.virtual.skip(self.rng.choice(RETRY_DELAY_S))
        return None

    def run(self, rows: list[Row], **params: object) -> Report | None:
        """One run; None when it came to no plan."""
        self.runs += 1
        name = self.new_run().run_id
        plans = self.attempt(lambda number: self.plan_all(rows, self.new_run(name, number), **params))
        if plans is None:
            return None
        # Mapped tasks begin in no certain order, and one that failed does not keep the others from running.
        order = self.rng.sample(plans, len(plans)) if len(plans) > 1 else plans
        loads = [done for plan in order if (done := self._load_until_done(plan, name)) is not None]
        steps = Steps(None, self.parts, plans, {}, loads)
        report = report_run(self.new_run(name), steps, dry_run=False)
        report.check()
        return report if len(loads) == len(plans) else None

    def _load_until_done(self, plan: Reference, name: str) -> Reference | None:
        return self.attempt(
            lambda number: self.load(plan, self.new_run(name, number)), lambda reference: not reference["undelivered"]
        )
