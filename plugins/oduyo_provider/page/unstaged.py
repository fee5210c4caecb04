"""Runs without staged files: a run that fails before it has listed Ödüyo is known only to Airflow."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from oduyo_provider.page.airflow_db import RunState
from oduyo_provider.page.health import is_own_dag
from oduyo_provider.page.run_facts import GOING, RunFacts
from oduyo_provider.page.task_states import TaskState, select_tasks
from oduyo_provider.sync.staging.archive import StagedRun, name_folder
from oduyo_provider.sync.staging.folder import Folder

#: States of an operator's task that takes no part in a run.
_LEFT_OUT = ("skipped", "removed")

_Task = tuple[str, ...]


class UnstagedRuns:
    """The runs of one DAG that Airflow knows and that have no staged files.

    In somebody else's DAG only tasks count that have staged something in any run. Nothing else shows that a
    task is an operator of this package.

    :param staged: every staged run of the DAG.
    """

    def __init__(self, root: Folder, dag_id: str, staged: Iterable[StagedRun]) -> None:
        self._folder = root.child(dag_id)
        self._staged = {(run.name, run.task) for run in staged}
        self._owners = {task[:1] for _, task in self._staged} | ({()} if is_own_dag(dag_id) else set[_Task]())

    def choose(self, states: Iterable[RunState], since: float, most: int) -> list[RunState]:
        """Choose runs that may have no files: first those that go on, then the latest.

        :param since: runs that ended before this time, in seconds since 1970, are left out: their files may
            have been removed.
        :param most: how many to choose at most.
        """
        found = [
            state
            for state in states
            if self._owners
            and state.started_at is not None  # else it is queued, as runs of a backfill are
            and (self._name(state.run_id), ()) not in self._staged
            and (state.ended_at is None or state.ended_at >= since)
        ]
        return sorted(found, key=lambda state: (state.state not in GOING, -(state.started_at or 0.0)))[:most]

    def divide(self, known: Mapping[str, RunFacts]) -> Iterator[tuple[_Task, RunFacts]]:
        """Yield each run without files, or task of it in somebody else's DAG, with what is known of it.

        :param known: what Airflow knows of the runs, with all their task instances.
        """
        for run_id, facts in known.items():
            for task in self._list_tasks(facts.tasks):
                if (self._name(run_id), task) not in self._staged:
                    tasks, operator = select_tasks(task, facts.tasks), task[0] if task else ""
                    yield (
                        task,
                        msgspec.structs.replace(facts, tasks=tasks, approval=None, operator=operator, is_staged=False),
                    )

    def _name(self, run_id: str) -> str:
        return name_folder(self._folder, run_id)

    def _list_tasks(self, instances: Sequence[TaskState]) -> list[_Task]:
        ours = [one for one in instances if (one.task_id,) in self._owners and one.state not in _LEFT_OUT]
        tasks: list[_Task] = [
            (one.task_id,) if one.map_index < 0 else (one.task_id, str(one.map_index)) for one in ours
        ]
        return [(), *tasks] if () in self._owners else tasks
