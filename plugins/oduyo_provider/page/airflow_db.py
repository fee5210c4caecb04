"""Reads what Airflow knows of a DAG and its runs, from its database, within the api-server."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec
from airflow.models.dag import DagModel
from airflow.models.dagrun import DagRun
from airflow.models.hitl import HITLDetail
from airflow.models.taskinstance import TaskInstance
from airflow.utils.session import create_session
from airflow.utils.state import DagRunState
from sqlalchemy import select
from sqlalchemy.orm import Session

#: How many of the latest runs are read; more than staging keeps.
RECENT_RUNS = 200

#: States in which a task's present try has asked nothing. Airflow still keeps the answer to an earlier try.
_ASKS_NOBODY = ("skipped", "upstream_failed", "removed")

#: The option of an approval that means yes; see :class:`airflow.providers.standard.operators.hitl.ApprovalOperator`.
_YES = "Approve"


class DagState(msgspec.Struct, frozen=True):
    """A DAG.

    :param has_import_errors: its file cannot be read; ``is_stale``: no file makes it any more. Airflow runs neither.
    :param next_run_at: when its next run begins by itself, seconds since 1970; None without a schedule.
    """

    is_paused: bool
    has_import_errors: bool
    is_stale: bool
    next_run_at: float | None


class RunState(msgspec.Struct, frozen=True):
    """A DAG run.

    :param state: queued, running, success or failed.
    :param started_at: seconds since 1970; likewise ``ended_at``, None while it goes on.
    """

    run_id: str
    state: str
    started_at: float | None
    ended_at: float | None = None


class Approval(msgspec.Struct, frozen=True):
    """What a person was asked in a run, and what they answered.

    :param task_id: the task that asked.
    :param asked_at: seconds since 1970; likewise ``answered_at``, None while nobody has answered.
    :param until: without an answer by then, it counts as a no; None if the task sets no limit.
    :param is_yes: whether the answer is yes.
    :param by: who answered; empty if nobody did in time.
    """

    task_id: str
    asked_at: float
    answered_at: float | None = None
    until: float | None = None
    is_yes: bool = False
    by: str = ""

    def measure_wait(self, since: float, until: float) -> float:
        """For how many seconds between two times, in seconds since 1970, the run waited for the answer."""
        return 0.0 if self.answered_at is None else max(0.0, min(self.answered_at, until) - max(self.asked_at, since))


def fetch_dag_state(dag_id: str) -> DagState | None:
    """A DAG; None if Airflow does not know it."""
    columns = DagModel.is_paused, DagModel.has_import_errors, DagModel.is_stale, DagModel.next_dagrun_create_after
    with create_session() as session:
        found = session.execute(select(*columns).where(DagModel.dag_id == dag_id)).first()
    if found is None:
        return None
    is_paused, has_import_errors, is_stale, next_run_at = found
    return DagState(is_paused, bool(has_import_errors), is_stale, to_seconds(next_run_at))


def fetch_run_states(dag_id: str) -> list[RunState]:
    """The DAG's latest runs, the latest first. Queued ones come last: a backfill may have hundreds."""
    return _fetch_runs(DagRun.dag_id == dag_id)


def fetch_run_state(dag_id: str, run_id: str) -> RunState | None:
    """One run; None if Airflow does not know it, or no longer."""
    return next(iter(_fetch_runs(DagRun.dag_id == dag_id, DagRun.run_id == run_id)), None)


def _fetch_runs(*conditions: Any) -> list[RunState]:
    columns = DagRun.run_id, DagRun.state, DagRun.start_date, DagRun.end_date
    order = DagRun.state == DagRunState.QUEUED, DagRun.id.desc()
    query = select(*columns).where(*conditions).order_by(*order).limit(RECENT_RUNS)
    with create_session() as session:
        return [
            RunState(run_id, str(state), to_seconds(started_at), to_seconds(ended_at))
            for run_id, state, started_at, ended_at in session.execute(query)
        ]


def fetch_approvals(dag_id: str, run_ids: Iterable[str]) -> dict[str, Approval]:
    """Run → the last question that it put to a person. A question of a task that was cleared does not count."""
    columns = TaskInstance.run_id, TaskInstance.task_id, TaskInstance.start_date, TaskInstance.trigger_timeout
    query = (
        select(*columns, HITLDetail)
        .join(HITLDetail, HITLDetail.ti_id == TaskInstance.id)
        .where(TaskInstance.dag_id == dag_id, TaskInstance.run_id.in_(list(run_ids)))
        .where(TaskInstance.state.not_in(_ASKS_NOBODY))  # nor NULL: a task without a state is still to come
        .order_by(HITLDetail.created_at)
    )
    with create_session() as session:
        return {
            run_id: Approval(
                task_id=task_id,
                asked_at=_compute_asked_at(detail, began_at),
                answered_at=to_seconds(detail.responded_at),
                until=to_seconds(until),
                is_yes=_YES in (detail.chosen_options or ()),
                by=detail.responded_by_user_name or "",
            )
            for run_id, task_id, began_at, until, detail in session.execute(query)
        }


def _compute_asked_at(detail: Any, began_at: datetime | None) -> float:
    """When a task last put its question. Airflow keeps only the first time; a later try asks as it begins."""
    asked_at, began, answered_at = map(to_seconds, (detail.created_at, began_at, detail.responded_at))
    is_later = asked_at is not None and began is not None and asked_at < began < (answered_at or math.inf)
    return (began if is_later else asked_at) or 0.0


def fetch_retry_times(session: Session, dag_id: str, run_ids: Iterable[str]) -> dict[tuple[str, str, int], float]:
    """Run, task and map index → when its next try comes, seconds since 1970; only tasks that wait for one.

    Empty if Airflow no longer has the DAG, which says how long they wait.
    """
    from airflow.models.dagbag import DBDagBag

    query = select(TaskInstance).where(
        TaskInstance.dag_id == dag_id, TaskInstance.run_id.in_(run_ids), TaskInstance.state == "up_for_retry"
    )
    waiting: list[Any] = list(session.scalars(query))
    dag = DBDagBag().get_latest_version_of_dag(dag_id, session=session) if waiting else None
    found: dict[tuple[str, str, int], float] = {}
    for ti in waiting:
        if dag is not None and dag.has_task(ti.task_id) and ti.end_date is not None:
            ti.task = dag.get_task(ti.task_id)
            found[ti.run_id, ti.task_id, ti.map_index] = ti.next_retry_datetime().timestamp()
    return found


def to_seconds(at: datetime | None) -> float | None:
    """Convert a time of Airflow's to seconds since 1970."""
    return None if at is None else at.timestamp()
