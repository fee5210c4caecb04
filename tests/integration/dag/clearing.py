"""Lets a run that has ended go on, after a person cleared or marked some of its tasks."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

from tests.airflow_run import DagRunResult, RunLog, _calling, _checking_schemas_once, _describe, _keep_one_server

#: From the first task on.
ALL = ("snapshot", "extract", "transform", "guard", "approve", "load", "report")


def go_on(
    dag: Any,
    run_id: str,
    staging: Path,
    *,
    clear: Collection[str] = (),
    mark: Mapping[str, str] | None = None,
    between: Callable[[], None] | None = None,
) -> DagRunResult:
    """Clear tasks as Airflow does, then run the DAG run to its end.

    :param mark: task → the state that its failed instances get by hand, before anything is cleared.
    :param between: as of :func:`tests.airflow_run.run_dag`.
    """
    from airflow.models.dagrun import DagRun
    from airflow.models.taskinstance import TaskInstance, clear_task_instances
    from airflow.serialization.serialized_objects import DagSerialization
    from airflow.utils.session import create_session
    from airflow.utils.state import DagRunState
    from sqlalchemy import select

    for task in dag.task_dict.values():
        (task.partial_kwargs if hasattr(task, "partial_kwargs") else vars(task)).update(retries=0)
    recorded = RunLog()
    _keep_one_server()
    with recorded.capture(), _calling(between), _checking_schemas_once(), create_session() as session:
        run = session.scalars(select(DagRun).where(DagRun.dag_id == dag.dag_id, DagRun.run_id == run_id)).one()
        run.dag = DagSerialization.deserialize_dag(DagSerialization.serialize_dag(dag))
        instances = session.scalars(select(TaskInstance).where(TaskInstance.run_id == run_id)).all()
        for ti in instances:
            if ti.task_id in (mark or {}) and ti.state == "failed":
                ti.state = (mark or {})[ti.task_id]
        cleared = [ti for ti in instances if ti.task_id in clear]
        clear_task_instances(cleared, session, dag_run_state=DagRunState.QUEUED)
        run.state = DagRunState.RUNNING
        session.commit()
        _run_to_end(run, dag, session)
        return _describe(run, staging, recorded)


def _run_to_end(run: Any, dag: Any, session: Any) -> None:
    """What ``dag.test`` does once it has made a run."""
    import time

    from airflow.sdk.definitions.dag import _run_task
    from airflow.utils.state import DagRunState, TaskInstanceState

    while run.state == DagRunState.RUNNING:
        session.expire_all()
        ready, _ = run.update_state(session=session)
        for ti in ready:
            ti.try_number += 1
            ti.state = TaskInstanceState.SCHEDULED
        session.commit()
        scheduled = [ti for ti in run.get_task_instances(session=session) if ti.state == TaskInstanceState.SCHEDULED]
        if not scheduled:
            time.sleep(1)  # see _calling
        for ti in sorted(scheduled, key=lambda ti: ti.map_index):
            with contextlib.suppress(Exception):  # it stands in the state of the task, and in the log
                _run_task(ti=ti, task=dag.task_dict[ti.task_id], run_triggerer=True)
    session.expire_all()
