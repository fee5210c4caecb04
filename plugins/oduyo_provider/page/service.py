"""Answers the page's questions from what is staged of a run and what Airflow knows of it."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import Any

from oduyo_provider.core.report import Report
from oduyo_provider.page.airflow_db import (
    RunState,
    TaskState,
    fetch_run_state,
    fetch_run_states,
    fetch_task_states,
)
from oduyo_provider.page.run_cache import OpenedRun, RunCache
from oduyo_provider.page.view_models import RunItem, View, compute_dag_view, compute_item, compute_run_view
from oduyo_provider.page.wording import GOING, is_going
from oduyo_provider.sync.staging.archive import StagedRun, fetch_dag_names, fetch_run, fetch_runs, name_folder
from oduyo_provider.sync.staging.folder import staging_root

#: Runs that the page of a DAG lists.
MAX_RUNS = 60

_MAX_REPORTS = 1_000


class PageService:
    """Reads for the page, and keeps reports in memory: a written report does not change.

    :raises StagingError: and SettingsError, every method: staging cannot be read from this machine.
    """

    def __init__(self, cache: RunCache | None = None) -> None:
        self._cache = cache or RunCache()
        self._reports: OrderedDict[tuple[str, float | None], Report] = OrderedDict()
        self._lock = Lock()

    def fetch_dags(self, readable: set[str]) -> list[dict[str, Any]]:
        """The DAGs that have staged runs, of those that a user may read, each with its latest run."""
        root = staging_root()
        staged = set(fetch_dag_names(root))
        found = [dag_id for dag_id in sorted(readable) if name_folder(root, dag_id) in staged]
        items = ((dag_id, self._fetch_items(dag_id, 1)) for dag_id in found)
        return [{"dag_id": dag_id, "last": latest[0]} for dag_id, latest in items if latest]

    def fetch_dag(self, dag_id: str) -> View | None:
        """The view of a DAG; None where nothing is staged."""
        items = self._fetch_items(dag_id, MAX_RUNS)
        return compute_dag_view(dag_id, items) if items else None

    def fetch_run(self, dag_id: str, run_id: str, task: str) -> View | None:
        """The view of a run; None where nothing is staged and nothing is on its way.

        :param task: of a run in somebody else's DAG; empty: the first that staged something.
        """
        state = fetch_run_state(dag_id, run_id)
        runs = fetch_run(staging_root(), dag_id, run_id)
        run = _choose(runs, task)
        if run is None:
            return _begin(dag_id, run_id) if state is not None and state.state in GOING and not runs else None
        going = is_going(run, state)
        opened = self._cache.open(run, is_going=going)
        report = None if going or run.reported_at is None else self._read_report(run)
        return compute_run_view(
            dag_id,
            run_id,
            run,
            opened,
            state,
            _select_tasks(run, fetch_task_states(dag_id, run_id)),
            report=report,
            others=["/".join(other.task) for other in runs],
        )

    def open(self, dag_id: str, run_id: str, task: str) -> OpenedRun | None:
        """A run's changes; None where nothing is staged."""
        run = _choose(fetch_run(staging_root(), dag_id, run_id), task)
        if run is None:
            return None
        return self._cache.open(run, is_going=is_going(run, fetch_run_state(dag_id, run_id)))

    def _fetch_items(self, dag_id: str, count: int) -> list[RunItem]:
        root = staging_root()
        runs = fetch_runs(root, dag_id)[:count]
        if not runs:
            return []
        folder = root.child(dag_id)
        states: dict[str, RunState] = {name_folder(folder, state.run_id): state for state in fetch_run_states(dag_id)}
        return [self._describe(run, states.get(run.name)) for run in runs]

    def _describe(self, run: StagedRun, state: RunState | None) -> RunItem:
        going = is_going(run, state)
        report = None if going or run.reported_at is None else self._read_report(run)
        return compute_item(run, state.run_id if state else run.name, report, state, going=going)

    def _read_report(self, run: StagedRun) -> Report:
        key = run.folder.uri, run.reported_at
        with self._lock:
            known = self._reports.get(key)
        if known is None:
            known = run.read_report()
            with self._lock:
                self._reports[key] = known
                while len(self._reports) > _MAX_REPORTS:
                    self._reports.popitem(last=False)
        return known


def _choose(runs: list[StagedRun], task: str) -> StagedRun | None:
    return next((run for run in runs if not task or "/".join(run.task) == task), None)


def _select_tasks(run: StagedRun, tasks: list[TaskState]) -> list[TaskState]:
    """The tasks that made a run: all of this project's DAG, one of anybody else's."""
    if not run.task:
        return tasks
    index = int(run.task[1]) if len(run.task) > 1 and run.task[1].isdecimal() else -1
    return [TaskState(task.task_id, index, task.state) for task in tasks if task.task_id == run.task[0]]


def _begin(dag_id: str, run_id: str) -> View:
    """A run that has staged nothing yet."""
    sentence = {"tone": "busy", "text": "The run has begun; nothing is read yet."}
    return {"dag_id": dag_id, "run_id": run_id, "is_going": True, "is_empty": True, "sentence": sentence}
