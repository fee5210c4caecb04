"""Runs as Airflow makes them: each task tried up to four times, each try in a process of its own, then a report."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from itertools import count
from pathlib import Path
from typing import Any, Protocol, TypeVar

import msgspec
import pytest

from oduyo_provider.api.client import OduyoClient
from oduyo_provider.api.runtime import Runtime
from oduyo_provider.core.errors import OduyoError, StopError
from oduyo_provider.core.record import SPECIAL_CODE
from oduyo_provider.core.report import Report
from oduyo_provider.sync.site.open_plans import OpenPlan, OpenPlans
from oduyo_provider.sync.staging.manifests import Reference
from oduyo_provider.sync.staging.plans import open_parts
from oduyo_provider.sync.staging.run_folder import Run, name_attempt
from oduyo_provider.sync.steps import one_task
from oduyo_provider.sync.steps.chain import Steps
from oduyo_provider.sync.steps.context import StepContext
from oduyo_provider.sync.steps.guard import guard
from oduyo_provider.sync.steps.load import load
from oduyo_provider.sync.steps.one_task import stage_rows, sync_rows
from oduyo_provider.sync.steps.plan_checks import check_delivered
from oduyo_provider.sync.steps.report import check_complete, report
from oduyo_provider.sync.steps.snapshot import fetch_snapshot
from oduyo_provider.sync.steps.transform import transform
from sandbox.oduyo.server import Sandbox
from tests.chaos.notes import Note
from tests.chaos.site import SETTLE_S
from tests.chaos.virtual import VirtualTime
from tests.chaos.worker import WORKER, KilledError, Worker
from tests.chaos.world import Fields, Row
from tests.integration.sync.apply.driver import Driver

#: Tries of one task, as Airflow's retries would make.
TRIES = 4
#: Seconds between two of them.
RETRY_DELAY_S = (0.0, 0.0, 1.0, 10.0, 30.0, 300.0, 1000.0)
#: 0-1: how often a task that failed is not tried again.
GIVES_UP = 0.2

T = TypeVar("T")


#: Told when the listing of an operator's run is through.
_ON_LISTED: ContextVar[Callable[[], None]] = ContextVar("on_listed", default=lambda: None)
#: Told when it is written down that a load came to its end.
_ON_FINISHED: ContextVar[Callable[[], None]] = ContextVar("on_finished", default=lambda: None)


def install(patch: pytest.MonkeyPatch) -> None:
    """Let an operator's run, which is one task, tell when its listing is through; and every load when its end is written down.

    A run is applied from then on, also where its process is killed at that moment and nobody is told.
    """

    async def fetch_and_tell(*args: Any) -> Reference:
        found = await fetch_snapshot(*args)
        _ON_LISTED.get()()
        return found

    finish = OpenPlans.finish

    def finish_and_tell(self: OpenPlans, plan: OpenPlan) -> None:
        try:
            finish(self, plan)
        finally:
            if is_finished(self, plan.generation):
                _ON_FINISHED.get()()

    patch.setattr(one_task, "fetch_snapshot", fetch_and_tell)
    patch.setattr(OpenPlans, "finish", finish_and_tell)


def is_finished(plans: OpenPlans, generation: str) -> bool:
    """Whether it is written down that the load of a plan came to its end."""
    return any(plan.generation == generation and plan.is_finished for plan in plans.read())


class Table(Protocol):
    """An ERP's table."""

    def read(self) -> list[Row]:
        """Its rows, as a query returns them."""

    def compute_valid(self) -> dict[str, Fields]:
        """Key → what its row is in Ödüyo; rows that break the rules left out."""

    @property
    def invalid(self) -> set[str]:
        """Keys of rows that break the rules."""


class _Read(msgspec.Struct, frozen=True):
    """What a run reads of a table: its rows, and as :class:`Table` names them those that are valid and those that are not."""

    rows: list[Row]
    valid: Mapping[str, Fields]
    invalid: set[str]


def _read(erp: Table) -> _Read:
    return _Read(erp.read(), erp.compute_valid(), erp.invalid)


class Plan(msgspec.Struct):
    """A run's plan, as its load takes it."""

    run_id: str
    note: Note
    params: dict[str, Any]
    guarded: Reference
    steps: Steps


class ChaosDriver(Driver):
    """One source: a DAG, or an operator in somebody's DAG.

    :param place: where staging is, a folder or an object store's URI.
    :param hire: gives the process in which the next try runs.
    :param buckets: partitions of a side that is not small; 1 for one.
    :ivar notes: of every run.
    :ivar plans: that load may still be asked to apply.
    """

    def __init__(
        self,
        site: Sandbox,
        place: Path | str,
        virtual: VirtualTime,
        rng: random.Random,
        *,
        source: str = "dag",
        hire: Callable[[random.Random], Worker] | None = None,
        concurrency: int = 4,
        buckets: int = 1,
    ) -> None:
        super().__init__(site, place, settle_s=SETTLE_S, timeout_s=30, max_concurrency=concurrency)
        self.virtual, self.source, self.buckets = virtual, source, buckets
        self.rng = random.Random(f"{source} {rng.random()}")
        self.hire = hire or (lambda _: Worker(virtual))
        self.tries = 0
        self.notes: list[Note] = []
        self.plans: list[Plan] = []
        self._numbers = count(1)

    @property
    def is_operator(self) -> bool:
        """Whether it is an operator with ``rows=``: a whole run in one task."""
        return "/" in self.source

    def new_run(self, run_id: str | None = None, attempt: int = 1) -> Run:
        """A run of this source, or another try of it."""
        if run_id is None:
            self._runs += 1
            run_id = f"run{self._runs}"
        dag_id, _, task = self.source.partition("/")
        return Run(self.root, dag_id, run_id, name_attempt(attempt), (task,) if task else ())

    def client(self) -> OduyoClient:
        """On the clock of the process that asks."""
        return OduyoClient(
            self.settings,
            SPECIAL_CODE,
            runtime=Runtime(self.virtual.now, asyncio.sleep, random.Random(self.tries).random),
        )

    def context(self, run: Run, params: dict[str, Any]) -> StepContext:
        """What a step works with in the process that runs it."""
        worker = WORKER.get()
        clock = None if worker is None else worker.clock
        made = self.step(run, clock=clock, buckets=self.buckets, source=self.source, **params)
        return msgspec.structs.replace(made, is_exempt=self.is_operator)

    async def attempt(
        self, note: Note, work: Callable[[int], Awaitable[T]], *, tries: int = TRIES, first: int = 1
    ) -> T | None:
        """Try a task until it succeeds, cannot succeed, is given up, or its tries are used up."""
        for number in range(first, first + tries):
            self.tries += 1
            worker = self.hire(self.rng)
            try:
                return await worker.run(lambda: work(number))  # noqa: B023  awaited here
            except OduyoError as error:
                note.errors.append(f"{type(error).__name__}: {error}")
                if isinstance(error, StopError):
                    return None
            except KilledError:
                note.errors.append("killed")
            if self.rng.random() < GIVES_UP:
                return None
            await asyncio.sleep(self.rng.choice(RETRY_DELAY_S))
        return None

    async def run_once(self, erp: Table, **params: Any) -> Note:
        """One run, whatever comes of it."""
        return await (self._run_operator if self.is_operator else self._run_dag)(erp, params)

    def _begin(self, run_id: str, read: _Read, params: dict[str, Any], number: int) -> Note:
        now, later = self.virtual.now(), float("inf")
        # Rows that break the rules are there, also where the run comes to no report that would name them.
        rows: dict[str, Any] = {"rows": read.valid, "rejected": set(read.invalid)}
        note = Note(
            source=self.source, run_id=run_id, number=number, params=params, started_at=now, ended_at=later, **rows
        )
        self.notes.append(note)
        return note

    async def _run_dag(self, erp: Table, params: dict[str, Any]) -> Note:
        run_id, read = self.new_run().run_id, _read(erp)
        note = self._begin(run_id, read, params, next(self._numbers))
        snapshot = await self.attempt(note, lambda number: self._snapshot(note, self.new_run(run_id, number), params))
        parts: list[Reference] = []
        plans: list[Reference] = []
        guarded: Reference | None = None
        if snapshot is not None:

            async def compare(number: int) -> tuple[list[Reference], list[Reference]]:
                step = self.context(self.new_run(run_id, number), params)
                staged = stage_rows(step, read.rows, snapshot)
                return staged, [transform(step, part) for part in staged]

            async def check(number: int) -> Reference:
                return guard(self.context(self.new_run(run_id, number), params), plans)

            parts, plans = await self.attempt(note, compare) or ([], [])
            guarded = await self.attempt(note, check) if plans else None
        steps = Steps(snapshot, parts, plans, guarded, None)
        plan = Plan(run_id, note, params, guarded or {}, steps)
        if guarded is not None and guarded["ask"]:
            plan.steps = msgspec.structs.replace(steps, rejected_by=await self._approve())
        if guarded is not None and guarded["plans"] and not plan.steps.rejected_by:
            self.plans.append(plan)
            await self.load_plan(plan)
        await self._report_dag(plan)
        return note

    async def _approve(self) -> str:
        """A person looks at the plan, sometimes a day later; returns who rejected it."""
        await asyncio.sleep(self.rng.choice([0.0, 60.0, 3600.0, 80_000.0]))
        return "" if self.rng.random() < 0.7 else "elle"

    async def _snapshot(self, note: Note, run: Run, params: dict[str, Any]) -> Reference:
        note.number, note.snapshot_at = next(self._numbers), self.virtual.now()
        async with self.client() as client:
            found = await fetch_snapshot(self.context(run, params), client, self.settings.site)
        note.listed_at = self.virtual.now()
        return found

    async def load_plan(self, plan: Plan, *, first: int = 1) -> None:
        """Apply a plan: the task load with its retries.

        :param first: number of the first try; above 1 where somebody clears the task.
        """
        run_id, note = plan.run_id, plan.note

        async def work(number: int) -> Reference:
            _ON_FINISHED.set(lambda: self._note_applied(note))
            done = await self.apply_once(self.new_run(run_id, number), plan.guarded["plans"], plan.params)
            check_delivered(done)
            return done

        plan.steps = msgspec.structs.replace(plan.steps, load=await self.attempt(note, work, first=first))

    def is_loaded(self, plan: Plan) -> bool:
        """Whether a plan's load came to its end, as far as that is written down and not merged yet."""
        [first, *_] = open_parts(self.root, plan.guarded["plans"])
        return is_finished(self.state().plans, first.manifest.generation)

    async def apply_once(self, run: Run, plans: list[Reference], params: dict[str, Any]) -> Reference:
        """One try of a load."""
        async with self.client() as client:
            return await load(self.context(run, params), plans, client, self.settings)

    async def clear_load(self, plan: Plan) -> None:
        """Somebody clears the load of a run, perhaps of days ago; its report follows."""
        changes = {
            "started_at": self.virtual.now(),
            "ended_at": float("inf"),
            "loaded_at": 0.0,
            "report": {},
            "errors": [],
        }
        note = msgspec.structs.replace(plan.note, is_green=False, is_applied=False, **changes)
        self.notes.append(note)
        late = Plan(plan.run_id, note, plan.params, plan.guarded, plan.steps)
        await self.load_plan(late, first=TRIES + 1)
        await self._report_dag(late)

    async def _report_dag(self, plan: Plan) -> None:
        run_id, note, params = plan.run_id, plan.note, plan.params

        async def work(number: int) -> None:
            step = self.context(self.new_run(run_id, number), params)
            made = await report(step, plan.steps)
            note.report = msgspec.to_builtins(made)
            check_complete(made, plan.steps, step)
            note.is_green = True

        await self.attempt(note, work)
        self._close(note, self.new_run(run_id))

    async def _run_operator(self, erp: Table, params: dict[str, Any]) -> Note:
        run_id, read = self.new_run().run_id, _read(erp)
        for number in range(1, TRIES + 1):  # each makes a plan of its own
            note = self._begin(run_id, read, params, next(self._numbers))

            async def work(_: int, note: Note = note, number: int = number) -> None:
                note.snapshot_at = self.virtual.now()
                _ON_LISTED.set(lambda: setattr(note, "listed_at", self.virtual.now()))
                _ON_FINISHED.set(lambda: self._note_applied(note))
                step = self.context(self.new_run(run_id, number), params)
                await sync_rows(step, read.rows, self.client(), self.settings, lambda made: self._take(note, made))
                note.is_green = True

            await self.attempt(note, work, tries=1)
            self._close(note, self.new_run(run_id))
            if note.is_green or self.rng.random() < GIVES_UP:
                break
            await asyncio.sleep(self.rng.choice(RETRY_DELAY_S))
        return note

    @staticmethod
    def _take(note: Note, made: Report) -> None:
        note.report = msgspec.to_builtins(made)

    def _note_applied(self, note: Note) -> None:
        note.loaded_at, note.is_applied = self.virtual.now(), True

    def _close(self, note: Note, run: Run) -> None:
        """The run has ended: note what it accounts for."""
        note.read_quarantine(run.folder)
        # Whoever was refused first, the row counts as refused for all that have it.
        note.refused |= {entry.integration_id for entry in self.entries().values() if entry.refused}
        note.ended_at = self.virtual.now()
