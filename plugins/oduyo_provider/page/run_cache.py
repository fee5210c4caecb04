"""Keeps what was read of staged runs in memory, so that the next page of a table reads nothing again."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from weakref import WeakValueDictionary

import msgspec

from oduyo_provider.core.plan import PlanCounts
from oduyo_provider.core.record import SPECIAL_CODE, Resource
from oduyo_provider.core.report import Outcomes
from oduyo_provider.page.change_index import ChangeIndex
from oduyo_provider.page.change_rows import RunPhase, read_entries
from oduyo_provider.sync.staging.archive import StagedRun, read_plans_of
from oduyo_provider.sync.staging.layout import PLAN, RESULTS
from oduyo_provider.sync.staging.plans import PlanPart, compute_total

#: Entries kept in memory, over all runs: about 300 bytes each. The run that was asked for last is always kept.
MAX_LINES = 300_000
MAX_RUNS = 20

#: A run that is going is read again after so many seconds at the earliest, and after so many times what reading it took.
FRESH_FOR_S = 2.0
READING_SHARE = 10


_Files = frozenset[tuple[tuple[str, ...], float]]


class OpenedRun(msgspec.Struct, frozen=True):
    """A run as it was read.

    :param plans: by partition; none while there is no plan.
    :param counts: all plans together.
    :param outcomes: what became of the changes.
    :param is_going: changes may still get other results.
    :param files: of the plans and results that it was read from, each with its time.
    :param read_at: on the cache's clock; reading took ``took_s``.
    """

    plans: list[PlanPart]
    counts: PlanCounts
    outcomes: Outcomes
    index: ChangeIndex
    phase: RunPhase
    is_going: bool
    files: _Files
    read_at: float
    took_s: float

    @property
    def resource(self) -> Resource:
        """What the records are."""
        return self.plans[0].manifest.snapshot.resource if self.plans else SPECIAL_CODE


class _Building:
    """Held while one run is read: two people who open it at once cause one reading."""

    def __init__(self) -> None:
        self.lock = Lock()


class RunCache:
    """Runs that were read; the one that was asked for longest ago is dropped first.

    A run is read again when its plans or results have other files or times. Each try has files of its own, so that a new
    plan is noticed.
    """

    def __init__(
        self, *, max_lines: int = MAX_LINES, max_runs: int = MAX_RUNS, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._max_lines = max_lines
        self._max_runs = max_runs
        self._clock = clock
        self._lock = Lock()
        self._runs: OrderedDict[str, OpenedRun] = OrderedDict()
        self._building: WeakValueDictionary[str, _Building] = WeakValueDictionary()

    def open(self, run: StagedRun, *, is_going: bool) -> OpenedRun:
        """The run, read now or a moment ago.

        :raises StagingError: a file of it cannot be read, or is not as it was written.
        """
        uri = run.folder.uri
        files: _Files = frozenset(item for item in run.files.items() if item[0][0] in (PLAN, RESULTS))
        with self._lock:
            building = self._building.setdefault(uri, _Building())
        with building.lock:
            known = self._find(uri, files, is_going=is_going)
            if known is None:
                known = self._read(run, files, is_going=is_going)
                self._keep(uri, known)
            return known

    def _find(self, uri: str, files: _Files, *, is_going: bool) -> OpenedRun | None:
        with self._lock:
            known = self._runs.get(uri)
            if known is None or known.is_going != is_going:
                return None
            rest_s = max(FRESH_FOR_S, READING_SHARE * known.took_s)
            if known.files != files and not (is_going and self._clock() - known.read_at < rest_s):
                return None
            self._runs.move_to_end(uri)
            return known

    def _read(self, run: StagedRun, files: _Files, *, is_going: bool) -> OpenedRun:
        started_at = self._clock()
        plans, outcomes = read_plans_of(run), Outcomes()
        decision = plans[0].decision if plans else None
        is_dry = bool(plans) and (plans[0].manifest.params.dry_run or bool(decision and decision.why_not))
        phase = RunPhase.DRY if is_dry else RunPhase.GOING if is_going else RunPhase.ENDED
        index = ChangeIndex(read_entries(plans, phase, outcomes))
        read_at = self._clock()
        return OpenedRun(
            plans, compute_total(plans), outcomes, index, phase, is_going, files, read_at, read_at - started_at
        )

    def _keep(self, uri: str, opened: OpenedRun) -> None:
        with self._lock:
            self._runs[uri] = opened
            self._runs.move_to_end(uri)
            while len(self._runs) > 1 and (
                len(self._runs) > self._max_runs or sum(len(run.index) for run in self._runs.values()) > self._max_lines
            ):
                self._runs.popitem(last=False)
