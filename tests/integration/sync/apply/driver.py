"""A run without Airflow: rows in, a local Ödüyo over real HTTP, staging in a temporary folder."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from pathlib import Path
from typing import Any

from oduyo_provider.api.client import OduyoClient
from oduyo_provider.api.settings import Settings
from oduyo_provider.core.errors import OduyoError
from oduyo_provider.core.normalise import Normaliser
from oduyo_provider.core.params import parse_params
from oduyo_provider.core.record import SPECIAL_CODE
from oduyo_provider.core.report import Report
from oduyo_provider.sync.runtime.clock import Clock
from oduyo_provider.sync.staging.folder import Folder, read_manifest
from oduyo_provider.sync.staging.journal import Result, read_history
from oduyo_provider.sync.staging.manifests import MANIFEST, PlanManifest, Reference
from oduyo_provider.sync.staging.run_folder import Run, name_attempt
from oduyo_provider.sync.steps.load import load
from oduyo_provider.sync.steps.one_task import stage_rows, sync_rows
from oduyo_provider.sync.steps.report import REPORT, Steps, report
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

    def sync(
        self, rows: list[dict[str, object]], run: Run | None = None, *, clock: Clock | None = None, **params: object
    ) -> Report:
        """A whole run; the report also of a run that is not complete."""
        run = run or self.new_run()
        work = sync_rows(
            run, rows, self.client(), self.settings, parse_params(params), SPECIAL_CODE, 64, clock or Clock()
        )
        try:
            return asyncio.run(work)
        except OduyoError:
            if not run.folder.has(REPORT):
                raise
            return read_manifest(run.folder, REPORT, Report)

    def plan(self, rows: list[dict[str, object]], run: Run, **params: object) -> Reference:
        """List, stage and compare: the plan's reference (one partition)."""

        async def work() -> Reference:
            async with self.client() as client:
                return await fetch_snapshot(
                    run, client, given, normaliser, site=self.settings.site, buckets=1, settle_s=SETTLE_S
                )

        given = parse_params(params)
        normaliser = Normaliser(SPECIAL_CODE, given.rules)
        snapshot = asyncio.run(work())
        self.parts = stage_rows(run, rows, snapshot, given.rules, 1)
        return transform(run, self.parts[0], given)

    def load(self, plan: Reference, run: Run, **changes: Any) -> Reference:
        """Apply a plan."""

        async def work() -> Reference:
            async with self.client() as client:
                return await load(run, plan, client, self.settings, **changes)

        return asyncio.run(work())

    def report(self, run: Run, plan: Reference, loads: list[Reference]) -> Report:
        return report(run, Steps(None, self.parts, [plan], {}, loads), dry_run=False)

    def results(self, plan: Reference) -> dict[str, Result]:
        manifest = read_manifest(Folder.open(plan["manifest"]), MANIFEST, PlanManifest)
        return read_history(Folder.open(manifest.journal), manifest.digest).results

    def stored(self) -> dict[str, dict[str, Any]]:
        """Ödüyo's records by integration_id; fails when one is there twice."""
        records = self.site.records()
        twice = [key for key, count in Counter(record["integration_id"] for record in records).items() if count > 1]
        assert not twice, f"stored more than once: {twice[:5]}"
        return {str(record["integration_id"]): dict(record) for record in records}

    def calls(self, name: str) -> int:
        """How many calls of this name the site has seen."""
        return int(self.site.log()["counters"][name])
