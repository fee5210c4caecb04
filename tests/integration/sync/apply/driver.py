"""A run without Airflow: rows in, a local Ödüyo over real HTTP, staging in a temporary folder."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from pathlib import Path
from typing import Any

from oduyo_provider.api.client import OduyoClient
from oduyo_provider.api.settings import Settings
from oduyo_provider.core.change import Result
from oduyo_provider.core.errors import OduyoError
from oduyo_provider.core.ledger import Entry
from oduyo_provider.core.params import parse_params
from oduyo_provider.core.record import SPECIAL_CODE
from oduyo_provider.core.report import Report
from oduyo_provider.sync.runtime.clock import Clock
from oduyo_provider.sync.runtime.event_loop import run_async
from oduyo_provider.sync.site.state import SiteState
from oduyo_provider.sync.staging.folder import Folder, read_manifest
from oduyo_provider.sync.staging.layout import REPORT
from oduyo_provider.sync.staging.manifests import Reference
from oduyo_provider.sync.staging.plans import open_parts
from oduyo_provider.sync.staging.run_folder import Run, name_attempt
from oduyo_provider.sync.steps.chain import Steps
from oduyo_provider.sync.steps.context import StepContext
from oduyo_provider.sync.steps.guard import guard
from oduyo_provider.sync.steps.load import load
from oduyo_provider.sync.steps.one_task import stage_rows, sync_rows
from oduyo_provider.sync.steps.report import check_complete, report
from oduyo_provider.sync.steps.snapshot import fetch_snapshot
from oduyo_provider.sync.steps.transform import transform
from sandbox.oduyo.server import Sandbox

SETTLE_S = 0.4


def make_rows(count: int, start: int = 1, **fields: object) -> list[dict[str, object]]:
    """Rows 1, 2, … with a code and a description each."""
    numbers = range(start, start + count)
    return [{"integration_id": n, "code": f"KOD.{n}", "description": f"Açıklama {n}", **fields} for n in numbers]


async def no_wait(seconds: float) -> None:
    """Sleeps not at all: for what has already taken effect."""


async def short_wait(seconds: float) -> None:
    """Sleeps for a moment, for what waits for others."""
    await asyncio.sleep(min(seconds, 0.05))


def note_waits(waits: list[float]) -> Clock:
    """A clock that does not wait, but adds to `waits` how long it was asked to, in seconds."""

    async def note(seconds: float) -> None:
        waits.append(seconds)

    return Clock(time.time, note)


class Driver:
    """Runs the steps one by one, as Airflow's tasks would."""

    def __init__(self, site: Sandbox, place: Path | str, **extra: object) -> None:
        self.site = site
        self.root = Folder.open(str(place))
        account = site.account
        self.settings = Settings.from_connection(
            host=site.url,
            port=None,
            login=account.username,
            password=account.password,
            extra={"api_key": account.api_key, "settle_s": SETTLE_S, "timeout_s": 5, **extra},
        )
        self._runs = 0

    def new_run(self, run_id: str | None = None, attempt: int = 1) -> Run:
        if run_id is None:
            self._runs += 1
            run_id = f"run{self._runs}"
        return Run(self.root, "dag", run_id, name_attempt(attempt))

    def client(self) -> OduyoClient:
        return OduyoClient(self.settings, SPECIAL_CODE)

    def step(self, run: Run, *, clock: Clock | None = None, buckets: int = 64, **params: object) -> StepContext:
        """What a step of a run works with; ``source`` and ``is_manual`` are taken out of the params."""
        source, is_manual = str(params.pop("source", "dag")), bool(params.pop("is_manual", True))
        return StepContext(
            run=run,
            params=parse_params(params),
            source=source,
            buckets=buckets,
            is_manual=is_manual,
            clock=clock or Clock(),
        )

    def sync(
        self, rows: list[dict[str, object]], run: Run | None = None, *, clock: Clock | None = None, **params: object
    ) -> Report:
        """A whole run; the report also of a run that is not in step."""
        made, _ = self.sync_and_fail(rows, run, clock=clock, **params)
        return made

    def sync_and_fail(
        self, rows: list[dict[str, object]], run: Run | None = None, *, clock: Clock | None = None, **params: object
    ) -> tuple[Report, OduyoError | None]:
        """A whole run: its report, and why it is red; None when it is green."""
        run = run or self.new_run()
        step = self.step(run, clock=clock, **params)
        try:
            return asyncio.run(sync_rows(step, rows, self.client(), self.settings)), None
        except OduyoError as error:
            if not run.folder.has(REPORT):
                raise
            return read_manifest(run.folder, REPORT, Report), error

    def plan(self, rows: list[dict[str, object]], run: Run, *, buckets: int = 1, **params: object) -> list[Reference]:
        """List, stage, compare and guard: what load takes."""
        self.list_and_stage(rows, run, buckets=buckets, **params)
        return self.compare(run, buckets=buckets, **params)

    def list_and_stage(self, rows: list[dict[str, object]], run: Run, *, buckets: int = 1, **params: object) -> None:
        """List Ödüyo and stage the rows."""

        async def work() -> Reference:
            async with self.client() as client:
                return await fetch_snapshot(step, client, self.settings.site)

        step = self.step(run, buckets=buckets, **params)
        self.snapshot = asyncio.run(work())
        self.parts = stage_rows(step, rows, self.snapshot)

    def compare(self, run: Run, *, buckets: int = 1, **params: object) -> list[Reference]:
        """Compare what is staged, and guard: what load takes."""
        step = self.step(run, buckets=buckets, **params)
        self.plans = [transform(step, part) for part in self.parts]
        self.guarded = guard(step, self.plans)
        return list(self.guarded["plans"])

    def load(self, plans: list[Reference], run: Run, *, clock: Clock | None = None, **params: object) -> Reference:
        """Apply a plan."""

        async def work() -> Reference:
            async with self.client() as client:
                return await load(self.step(run, clock=clock, **params), plans, client, self.settings)

        return run_async(work())

    def report(self, run: Run, loaded: Reference | None, **params: object) -> Report:
        """Add the last plan up."""
        self.steps = Steps(self.snapshot, self.parts, self.plans, self.guarded, loaded)
        return asyncio.run(report(self.step(run, **params), self.steps))

    def check(self, made: Report, run: Run, **params: object) -> OduyoError | None:
        """Why the last plan's run is red; None when it is green."""
        try:
            check_complete(made, self.steps, self.step(run, **params))
        except OduyoError as error:
            return error
        return None

    def results(self, plans: list[Reference]) -> dict[str, Result]:
        """What the journals of a plan say of its changes."""
        return {
            key: result for part in open_parts(self.root, plans) for key, result in part.read_history().results.items()
        }

    def state(self) -> SiteState:
        """What is kept of the site."""
        return SiteState(self.root, self.settings.site, SPECIAL_CODE)

    def entries(self) -> dict[str, Entry]:
        """The ledger, by key."""
        return {entry.integration_id: entry for entry in self.state().read_entries(0, 1).values()}

    def stored(self) -> dict[str, dict[str, Any]]:
        """Ödüyo's records by integration_id; fails when one is there twice."""
        records = self.site.records()
        twice = [key for key, count in Counter(record["integration_id"] for record in records).items() if count > 1]
        assert not twice, f"stored more than once: {twice[:5]}"
        return {str(record["integration_id"]): dict(record) for record in records}

    def calls(self, name: str) -> int:
        """How many calls of this name the site has seen."""
        return int(self.site.log()["counters"][name])
