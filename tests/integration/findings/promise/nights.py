"""Night after night: a DAG's run with its retries, step by step as Airflow makes it, over real HTTP."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec

from oduyo_provider.api.client import OduyoClient
from oduyo_provider.api.runtime import Runtime
from oduyo_provider.core.errors import OduyoError, RetryError
from oduyo_provider.core.record import SPECIAL_CODE
from oduyo_provider.core.report import Report
from oduyo_provider.sync.runtime.clock import Clock
from oduyo_provider.sync.staging.layout import SITES
from oduyo_provider.sync.staging.manifests import Reference
from oduyo_provider.sync.staging.run_folder import Run, name_attempt
from oduyo_provider.sync.steps.chain import Steps
from oduyo_provider.sync.steps.context import StepContext
from oduyo_provider.sync.steps.guard import guard
from oduyo_provider.sync.steps.one_task import stage_rows
from oduyo_provider.sync.steps.plan_checks import check_delivered
from oduyo_provider.sync.steps.report import check_complete, report
from oduyo_provider.sync.steps.snapshot import fetch_snapshot
from oduyo_provider.sync.steps.transform import transform
from sandbox.oduyo.server import Sandbox
from tests.integration.sync.apply.driver import Driver

#: Tries of one task.
TRIES = 3
DAY_S = 86_400.0
#: Longer than ``settle_s``, and shorter than what loads wait for each other.
LONGEST_WAIT_S = 0.3

T = TypeVar("T")
Row = dict[str, object]


class TimeIsUpError(Exception):
    """What Airflow raises in a task that takes too long."""


class Night(msgspec.Struct):
    """A run, as its person finds it in the morning.

    :param report: what ``report.json`` says.
    :param errors: what each try of each task raised, in order.
    :param is_green: the state of the run.
    """

    report: Report
    errors: list[Exception]
    is_green: bool

    @property
    def why(self) -> str:
        """Everything that the task logs say went wrong."""
        return "\n".join(f"{type(error).__name__}: {error}" for error in self.errors)

    @property
    def figures(self) -> dict[str, int]:
        """The report's figures that are not zero, without those that only say how many there were."""
        told = {name: getattr(self.report, name) for name in Report.__struct_fields__}
        return {name: value for name, value in told.items() if type(value) is int and value}


class Nights(Driver):
    """One DAG on a site.

    :param source: its name.
    :param name: what its runs are called, with a number.
    :param shift_s: how far its machine's clock is ahead of the true time, in seconds.
    :param tries: of each task.
    """

    def __init__(
        self,
        site: Sandbox,
        place: Path | str,
        source: str = "dag",
        *,
        name: str = "night",
        shift_s: float = 0.0,
        tries: int = TRIES,
        **extra: object,
    ) -> None:
        super().__init__(site, place, **extra)
        self.source = source
        self.name = name
        self.shift_s = shift_s
        self.tries = tries
        self.waits_s: list[float] = []
        #: Run → what its steps left.
        self.steps: dict[str, Steps] = {}
        self._names = 0
        self._loaded: Reference | None = None

    @property
    def clock(self) -> Clock:
        """The machine's clock; notes for how long it was asked to wait, and waits less: this site is no longer busy."""

        async def sleep(seconds: float) -> None:
            self.waits_s.append(seconds)
            await asyncio.sleep(min(seconds, LONGEST_WAIT_S))

        return Clock(lambda: time.time() + self.shift_s, sleep)

    def client(self) -> OduyoClient:
        """A client that is quick to ask again."""
        return OduyoClient(self.settings, SPECIAL_CODE, runtime=Runtime(sleep=_sleep_briefly))

    def new_run(self, run_id: str | None = None, attempt: int = 1) -> Run:
        """A try of a run of this DAG."""
        if run_id is None:
            self._names += 1
            run_id = f"{self.name}{self._names}"
        return Run(self.root, self.source, run_id, name_attempt(attempt))

    def step(self, run: Run, *, clock: Clock | None = None, buckets: int = 64, **params: object) -> StepContext:
        """What a step of a run of this DAG works with."""
        return super().step(run, clock=clock or self.clock, buckets=buckets, **{"source": self.source, **params})

    def night(
        self,
        rows: list[Row],
        *,
        after_s: float = DAY_S,
        before_load: Callable[[int], object] = lambda _: None,
        **params: object,
    ) -> Night:
        """A whole run, so long after the one before.

        :param before_load: is called with the number of each try to load.
        """
        self.shift_s += after_s if self._names else 0.0
        run = self.new_run()
        errors: list[Exception] = []
        snapshot = self._retry(errors, lambda number: self._list(run, number, params))
        parts = (
            (self._retry(errors, lambda _: stage_rows(self.step(run, **params), rows, snapshot)) or [])
            if snapshot
            else []
        )
        plans = [transform(self.step(run, **params), part) for part in parts]
        guarded = self._retry(errors, lambda _: guard(self.step(run, **params), plans)) if plans else None
        self._loaded = None
        if guarded and guarded["plans"]:
            references = list(guarded["plans"])

            def work(number: int) -> Reference:
                before_load(number)
                return self._load(run, number, references, params)

            self._retry(errors, work)
        self.steps[run.run_id] = Steps(snapshot, parts, plans, guarded, self._loaded)
        return self.report_again(run.run_id, errors, **params)

    def report_again(self, run_id: str, errors: Sequence[Exception] = (), **params: object) -> Night:
        """The task report of a run, for the first time or cleared."""
        step, steps = self.step(self.new_run(run_id), **params), self.steps[run_id]
        made = asyncio.run(report(step, steps))
        made.check()
        try:
            check_complete(made, steps, step)
        except OduyoError as error:
            return Night(made, [*errors, error], is_green=False)
        return Night(made, list(errors), is_green=True)

    def _retry(self, errors: list[Exception], work: Callable[[int], T]) -> T | None:
        """The work of a task with its retries; None when no try came to its end."""
        for number in range(1, self.tries + 1):
            try:
                return work(number)
            except (RetryError, TimeIsUpError) as error:
                errors.append(error)
            except OduyoError as error:
                errors.append(error)
                return None
        return None

    def _list(self, run: Run, number: int, params: dict[str, object]) -> Reference:
        async def work() -> Reference:
            async with self.client() as client:
                return await fetch_snapshot(self.step(_try(run, number), **params), client, self.settings.site)

        return asyncio.run(work())

    def _load(self, run: Run, number: int, plans: Sequence[Reference], params: dict[str, object]) -> Reference:
        """A try of the task load: what it left stays where it came to its end, also when it then fails."""
        self._loaded = None
        self._loaded = self.load(list(plans), _try(run, number), **params)
        check_delivered(self._loaded)
        return self._loaded

    def read_state(self) -> dict[str, object]:
        """All that is kept of the site between runs, but claims."""
        state = self.state()
        sources = {path.name for path in (Path(self.root.uri.removeprefix("file://")) / SITES).glob("*/*/sources/*")}
        found: dict[str, object] = {"entries": self.entries(), "plans": state.plans.read(), "turn": state.read_turn()}
        for name in sources:
            source = state.source(name)
            found[name] = (source.read_applied(), source.is_opened, source.read_known_rejected())
        return found

    def wait(self, seconds: float) -> None:
        """So much time passes for this DAG's machine."""
        self.shift_s += seconds

    def codes(self) -> list[str]:
        """The codes of all records, sorted: people tell records apart by them, whatever became of their keys."""
        return sorted(str(record["code"]) for record in self.site.records())


async def _sleep_briefly(seconds: float) -> None:
    await asyncio.sleep(seconds / 50)


def _try(run: Run, number: int) -> Run:
    return msgspec.structs.replace(run, attempt=name_attempt(number))
