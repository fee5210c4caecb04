"""What Airflow itself knows of a run: read from its database, within the api-server."""

from __future__ import annotations

from datetime import datetime

import msgspec
from airflow.models.dagrun import DagRun
from airflow.models.taskinstance import TaskInstance
from airflow.utils.session import create_session
from sqlalchemy import select

#: Runs that are looked at; more than staging keeps.
RECENT_RUNS = 200


class RunState(msgspec.Struct, frozen=True):
    """A DAG run.

    :param state: queued, running, success or failed.
    :param started_at: seconds since 1970.
    """

    run_id: str
    state: str
    started_at: float | None


class TaskState(msgspec.Struct, frozen=True):
    """A task instance; of a mapped task the first, or the first red one.

    :param state: as Airflow names it; None while nothing was scheduled.
    """

    task_id: str
    map_index: int
    state: str | None


def fetch_run_states(dag_id: str) -> list[RunState]:
    """The DAG's latest runs, the latest first."""
    columns = DagRun.run_id, DagRun.state, DagRun.start_date
    query = select(*columns).where(DagRun.dag_id == dag_id).order_by(DagRun.id.desc()).limit(RECENT_RUNS)
    with create_session() as session:
        return [RunState(run_id, str(state), _to_seconds(at)) for run_id, state, at in session.execute(query)]


def fetch_run_state(dag_id: str, run_id: str) -> RunState | None:
    """One run; None where Airflow has no such run (any more)."""
    columns = DagRun.run_id, DagRun.state, DagRun.start_date
    query = select(*columns).where(DagRun.dag_id == dag_id, DagRun.run_id == run_id)
    with create_session() as session:
        found = session.execute(query).first()
    return None if found is None else RunState(found[0], str(found[1]), _to_seconds(found[2]))


def fetch_task_states(dag_id: str, run_id: str) -> list[TaskState]:
    """The run's tasks, each once, in the order in which they started."""
    columns = TaskInstance.task_id, TaskInstance.map_index, TaskInstance.state, TaskInstance.start_date
    query = select(*columns).where(TaskInstance.dag_id == dag_id, TaskInstance.run_id == run_id)
    with create_session() as session:
        rows = [
            (task, index, state and str(state), _to_seconds(at)) for task, index, state, at in session.execute(query)
        ]
    rows.sort(key=lambda row: (row[3] is None, row[3] or 0.0, row[1]))
    found: dict[str, TaskState] = {}
    for task_id, map_index, state, _ in rows:
        if task_id not in found or (state == "failed" and found[task_id].state != "failed"):
            found[task_id] = TaskState(task_id, map_index, state)
    return list(found.values())


def _to_seconds(at: datetime | None) -> float | None:
    return None if at is None else at.timestamp()
