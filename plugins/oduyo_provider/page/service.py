"""Answers the page's requests from staged files and from what Airflow knows of the runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import msgspec

from oduyo_provider.core.errors import StagedFileError
from oduyo_provider.core.record import SPECIAL_CODE
from oduyo_provider.core.report import Report
from oduyo_provider.page.airflow_db import (
    RunState,
    fetch_approvals,
    fetch_dag_state,
    fetch_run_state,
    fetch_run_states,
)
from oduyo_provider.page.change_index import ChangeIndex, RunPhase
from oduyo_provider.page.dag_view import RunItem, compute_dag_view, compute_item, sort_items
from oduyo_provider.page.health import (
    compute_answers,
    compute_checklist,
    compute_health,
    find_resource,
    is_own_dag,
    read_site_facts,
)
from oduyo_provider.page.record_search import RecordSearch
from oduyo_provider.page.run_cache import OpenedRun, RunCache
from oduyo_provider.page.run_facts import GOING, RunFacts
from oduyo_provider.page.sides import open_tasks
from oduyo_provider.page.task_states import fetch_instances, select_tasks
from oduyo_provider.page.unreported import find_unreported, open_unreported
from oduyo_provider.page.unstaged import UnstagedRuns
from oduyo_provider.page.view_models import View, compute_bare_view, compute_run_view
from oduyo_provider.sync.staging.archive import StagedRun, fetch_dag_names, fetch_run, fetch_runs, name_folder
from oduyo_provider.sync.staging.folder import Folder, read_manifest, staging_root
from oduyo_provider.sync.staging.layout import DESIRED, EXISTING, PLAN, REPORT, RESULTS
from oduyo_provider.sync.staging.plans import find_decision
from oduyo_provider.sync.staging.staged_faults import explain_kind

#: Runs that the page of a DAG lists.
MAX_RUNS = 60

_MAX_REPORTS = 1_000


class PageService:
    """Reads what the page shows. Keeps reports in memory, as a written report does not change.

    :raises StagingError: or SettingsError, in every method: this machine cannot read staging.
    """

    def __init__(self) -> None:
        self._cache = RunCache()
        self._read_report = lru_cache(_MAX_REPORTS)(_read_report)

    def fetch_dags(self, readable: set[str]) -> list[dict[str, Any]]:
        """Of the readable DAGs those with staged runs, and this project's own, each with its latest run."""
        root = staging_root()
        staged = set(fetch_dag_names(root))
        found = [dag_id for dag_id in sorted(readable) if name_folder(root, dag_id) in staged or is_own_dag(dag_id)]
        latest = ((dag_id, self._fetch_items(dag_id, _list_runs(root, dag_id), 1)) for dag_id in found)
        return [
            {"dag_id": dag_id, "last": next(iter(items), None)}
            for dag_id, items in latest
            if items or is_own_dag(dag_id)
        ]

    def fetch_dag(self, dag_id: str) -> View | None:
        """The view of a DAG; None if it is not this project's and has no staged runs."""
        root = staging_root()
        runs, resource = _list_runs(root, dag_id), find_resource(dag_id)
        if not runs and resource is None:
            return None
        items = self._fetch_items(dag_id, runs, MAX_RUNS)
        if resource is None:
            return compute_dag_view(dag_id, items)
        site = read_site_facts(root, runs[:MAX_RUNS], resource)
        health = compute_health(fetch_dag_state(dag_id), items, site)
        return compute_dag_view(dag_id, items, health, compute_checklist(items, site), compute_answers(site))

    def fetch_run(self, dag_id: str, run_id: str, task: str) -> View | None:
        """The view of a run, also of one that only Airflow knows; None if it is unknown or not this package's.

        :param task: of a run in somebody else's DAG; empty: the first that staged something.
        """
        state = fetch_run_state(dag_id, run_id)
        root = staging_root()
        runs = fetch_run(root, dag_id, run_id)
        run = _choose(runs, task)
        if run is None:
            unstaged = UnstagedRuns(root, dag_id, () if is_own_dag(dag_id) else fetch_runs(root, dag_id))
            known = {} if state is None else _fetch_facts(dag_id, {run_id: state})
            parts = (facts for name, facts in unstaged.divide(known) if not task or "/".join(name) == task)
            return next(({**compute_bare_view(facts), "is_empty": True} for facts in parts), None)
        facts, opened = self._open(dag_id, run_id, run, state)
        return compute_run_view(run, facts, opened, ["/".join(other.task) for other in runs])

    def open(self, dag_id: str, run_id: str, task: str) -> OpenedRun | None:
        """A run's changes; None if nothing of it is staged."""
        run = _choose(fetch_run(staging_root(), dag_id, run_id), task)
        return None if run is None else self._open(dag_id, run_id, run, fetch_run_state(dag_id, run_id))[1]

    def find_places(self, dag_id: str, run_id: str, task: str) -> list[RecordSearch]:
        """The places to look for a record: the tasks of a run, or of the latest that has read both sides.

        :returns: each task that has read both sides, the requested one first; or one place without sides.
        """
        root = staging_root()
        runs = _list_runs(root, dag_id)
        gone, states = find_unreported(runs), fetch_run_states(dag_id)
        known = zip(gone, self._fetch_known(dag_id, gone, states), strict=True)
        unreported = list(open_unreported(root, self._cache, known))
        asked = [run for run in runs if not run_id or run.name == name_folder(root.child(dag_id), run_id)]
        found = open_tasks(root, asked, task)
        places = []
        for (run, sides), facts in zip(
            found, self._fetch_known(dag_id, [run for run, _ in found], states), strict=True
        ):
            opened = self._cache.open(run, is_going=facts.is_going, since=facts.plan_since)
            resource, name = sides.manifest.snapshot.resource, "/".join(run.task)
            places.append(RecordSearch(root, dag_id, sides, opened, resource, facts.run_id, name, unreported))
        nothing = OpenedRun(None, is_planned=False, index=ChangeIndex(root, None, RunPhase.ENDED))
        resource = find_resource(dag_id) or SPECIAL_CODE
        return places or [RecordSearch(root, dag_id, None, nothing, resource, unreported=unreported)]

    def _open(self, dag_id: str, run_id: str, run: StagedRun, state: RunState | None) -> tuple[RunFacts, OpenedRun]:
        facts = self._add_report(_fetch_facts(dag_id, {run_id: state})[run_id], run)
        opened = self._cache.open(run, is_going=facts.is_going, since=facts.plan_since)
        return _add_plan(facts, run, opened), opened

    def _fetch_items(self, dag_id: str, runs: Sequence[StagedRun], most: int) -> list[RunItem]:
        """The latest runs, also those without staged files. Runs that go on come first, even old ones.

        :param runs: all staged runs of the DAG.
        """
        root, states = staging_root(), fetch_run_states(dag_id)
        going = {name_folder(root.child(dag_id), state.run_id) for state in states if state.state in GOING}
        names = going | {run.name for run in runs[:most]}
        staged = [run for run in runs if run.name in names]
        known = zip(staged, self._fetch_known(dag_id, staged, states), strict=True)
        found = [(_get_listed_at(run), compute_item(facts, run.task)) for run, facts in known]
        unstaged = UnstagedRuns(root, dag_id, runs)
        chosen = unstaged.choose(states, min(map(_get_listed_at, runs[:most]), default=0.0), most)
        parts = unstaged.divide(_fetch_facts(dag_id, {state.run_id: state for state in chosen}))
        found += [(facts.started_at or 0.0, compute_item(facts, task)) for task, facts in parts]
        return sort_items(found)[:most]

    def _fetch_known(self, dag_id: str, runs: Sequence[StagedRun], run_states: Iterable[RunState]) -> list[RunFacts]:
        """What is known of each run, except its plan."""
        folder = staging_root().child(dag_id)
        states = {name_folder(folder, state.run_id): state for state in run_states}
        ids = {run.name: states[run.name].run_id if run.name in states else run.name for run in runs}
        known = _fetch_facts(dag_id, {run_id: states.get(name) for name, run_id in ids.items()})
        return [self._add_report(known[ids[run.name]], run) for run in runs]

    def _add_report(self, facts: RunFacts, run: StagedRun) -> RunFacts:
        """Add to what Airflow knows of a run its own tasks, its report, and the times of its staged files."""
        report, damage = None, ""
        try:
            report = None if run.reported_at is None else self._read_report(run.folder.uri, run.reported_at)
        except StagedFileError as error:  # only of this run: the others are shown as usual
            damage = str(error)
        known = msgspec.structs.replace(
            facts,
            tasks=select_tasks(run.task, facts.tasks),
            approval=None if run.task else facts.approval,
            operator=run.task[0] if run.task else "",
            is_settled=run.is_settled,
            report=report,
            reported_at=run.reported_at or 0.0,
            damage=damage,
            planned_at=max((at for step in (EXISTING, DESIRED, PLAN) for at, _ in run.find(step)), default=0.0),
            journaled_at=[at for path, at in run.files.items() if path[0] == RESULTS],
        )
        # A report from before the run was cleared does not count what was staged later.
        return known if known.is_going or run.is_settled else msgspec.structs.replace(known, report=None)


def _fetch_facts(dag_id: str, states: Mapping[str, RunState | None]) -> dict[str, RunFacts]:
    """Run → what Airflow knows of it, with all its task instances.

    :param states: the state of each run; None if Airflow no longer knows it.
    """
    known = [run_id for run_id, state in states.items() if state is not None]
    tasks, approvals = fetch_instances(dag_id, known), fetch_approvals(dag_id, known)
    return {
        run_id: RunFacts(
            dag_id=dag_id,
            run_id=run_id,
            state=state,
            tasks=tasks.get(run_id, []),
            approval=approvals.get(run_id),
        )
        for run_id, state in states.items()
    }


def _list_runs(root: Folder, dag_id: str) -> list[StagedRun]:
    """The staged runs of a DAG, sorted by when they listed Ödüyo, the latest first.

    An old run of which only a later step was cleared keeps its place: it knows nothing newer.
    """
    return sorted(fetch_runs(root, dag_id), key=_get_listed_at, reverse=True)


def _get_listed_at(run: StagedRun) -> float:
    return max((at for at, _ in run.find(EXISTING)), default=run.changed_at)


def _read_report(folder_uri: str, _written_at: float) -> Report:
    """Read a report and check that its figures still add up."""
    folder = Folder.open(folder_uri)
    report = read_manifest(folder, REPORT, Report)
    try:
        report.check()
    except ArithmeticError as error:
        raise StagedFileError(explain_kind(folder.uri, REPORT, Report.__name__, error)) from error
    return report


def _add_plan(facts: RunFacts, run: StagedRun, opened: OpenedRun) -> RunFacts:
    """Add to what is known of a run what its change table and guard's decision say."""
    step, table = _find_step(run, facts, opened), opened.table
    if table is None:
        return msgspec.structs.replace(facts, step=step, is_shown=False)
    decided = find_decision(run.folder, table.generation)
    return msgspec.structs.replace(
        facts,
        step=step,
        changes=table.counts.changes,
        done=table.settled,
        trips=[trip for trip in decided[1].trips if trip.blocks] if decided else [],
    )


def _find_step(run: StagedRun, facts: RunFacts, opened: OpenedRun) -> str:
    """The present step of a run that is one task, by what it has staged since its try began."""
    for step, name in ((EXISTING, "snapshot"), (DESIRED, "extract")):
        if all(at < facts.try_since for at, _ in run.find(step)):
            return name
    return "load" if opened.is_planned else "transform"


def _choose(runs: list[StagedRun], task: str) -> StagedRun | None:
    return next((run for run in runs if not task or "/".join(run.task) == task), None)
