"""The tasks of a run as Airflow knows them: their states, their tries, and the errors that they left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import msgspec
from airflow.models.taskinstance import TaskInstance
from airflow.models.xcom import XComModel
from airflow.utils.session import create_session
from airflow.utils.state import State
from sqlalchemy import select
from sqlalchemy.orm import Session

from oduyo_provider.observability.alert import ERROR_KEY
from oduyo_provider.page.airflow_db import fetch_retry_times, to_seconds

#: States in which a task waits for an answer from outside; Airflow 3.2 has only the first.
WAITS_FOR_ANSWER = frozenset({"deferred", "awaiting_input"})
#: States in which a task still has something to do.
UNFINISHED = frozenset(str(state or "none") for state in State.unfinished) | WAITS_FOR_ANSWER

#: The tasks of this project's DAG, in the order in which a row passes them.
STEPS = ("snapshot", "extract", "transform", "guard", "approve", "load", "report")

#: States whose logs tell most, in this order. Of a mapped task the instance with the first of them is shown.
_MOST_TELLING = ("failed", "up_for_retry", "running", "upstream_failed")


class TaskState(msgspec.Struct, frozen=True):
    """A task; a mapped one with all its instances.

    :param map_index: of the instance whose log says most, -1 for a task that is not mapped.
    :param state: of that instance, as Airflow names it; ``none`` while nothing was scheduled.
    :param counts: state → how many instances are in it.
    :param tries: how many have begun, of at most ``max_tries``.
    :param started_at: when the first instance began, seconds since 1970; ``ended_at``: when the last ended.
    :param retry_at: when the next try comes.
    :param error: the text of the last try's error; empty if it left none.
    """

    task_id: str
    map_index: int = -1
    state: str = "none"
    counts: dict[str, int] = {}
    tries: int = 0
    max_tries: int = 1
    started_at: float | None = None
    ended_at: float | None = None
    retry_at: float | None = None
    error: str = ""

    @property
    def is_unfinished(self) -> bool:
        """Whether any instance still has something to do."""
        return any(state in UNFINISHED for state in self.counts or (self.state,))

    @property
    def instances(self) -> int:
        """How many instances there are."""
        return sum(self.counts.values()) or 1

    @property
    def done(self) -> int:
        """How many instances have succeeded."""
        return self.counts.get("success", 0) if self.counts else int(self.state == "success")


def fetch_instances(dag_id: str, run_ids: Iterable[str]) -> dict[str, list[TaskState]]:
    """Run → its task instances, each with its error and the time of its next try."""
    runs = list(run_ids)
    columns = (
        *(TaskInstance.run_id, TaskInstance.task_id, TaskInstance.map_index, TaskInstance.state),
        *(TaskInstance.try_number, TaskInstance.max_tries, TaskInstance.start_date, TaskInstance.end_date),
    )
    query = select(*columns).where(TaskInstance.dag_id == dag_id, TaskInstance.run_id.in_(runs))
    found: dict[str, list[TaskState]] = {}
    with create_session() as session:
        retry_times, errors = fetch_retry_times(session, dag_id, runs), _fetch_errors(session, dag_id, runs)
        for run_id, task_id, index, state, tries, retries, started_at, ended_at in session.execute(query):
            one = TaskState(
                task_id=task_id,
                map_index=index,
                state=str(state or "none"),
                tries=tries,
                max_tries=retries + 1,
                started_at=to_seconds(started_at),
                ended_at=to_seconds(ended_at),
                retry_at=retry_times.get((run_id, task_id, index)),
                error=errors.get((run_id, task_id, index), ""),
            )
            found.setdefault(run_id, []).append(one)
    return found


def gather_tasks(instances: Iterable[TaskState]) -> list[TaskState]:
    """The tasks, each with all its instances, in the order of the steps.

    Start times do not give that order: in a cleared run the last step may have started first. Only tasks of
    other DAGs are sorted by them.
    """
    by_task: dict[str, list[TaskState]] = {}
    for one in instances:
        by_task.setdefault(one.task_id, []).append(one)
    return sorted(map(_gather, by_task.values()), key=_get_place)


def _get_place(task: TaskState) -> tuple[float, ...]:
    step = STEPS.index(task.task_id) if task.task_id in STEPS else 0
    return step, task.started_at is None, task.started_at or 0.0


def select_tasks(task: tuple[str, ...], instances: Iterable[TaskState]) -> list[TaskState]:
    """The tasks that make up a run: all of this project's DAG; one task, or one instance, of another DAG.

    :param task: its id and, if mapped, its map index; empty for this project's DAG.
    """
    if not task:
        return gather_tasks(instances)
    index = int(task[1]) if len(task) > 1 and task[1].isdecimal() else -1
    return gather_tasks(one for one in instances if (one.task_id, one.map_index) == (task[0], index))


def _gather(instances: list[TaskState]) -> TaskState:
    counts = dict(Counter(one.state for one in instances))
    instances = sorted(instances, key=lambda one: one.map_index)
    telling = (one for state in _MOST_TELLING for one in instances if one.state == state)
    shown = next(telling, next((one for one in instances if one.is_unfinished), instances[0]))
    started = [one.started_at for one in instances if one.started_at is not None]
    ended = [one.ended_at for one in instances if one.ended_at is not None]
    return msgspec.structs.replace(
        shown, counts=counts, started_at=min(started, default=None), ended_at=max(ended, default=None)
    )


def _fetch_errors(session: Session, dag_id: str, run_ids: Iterable[str]) -> dict[tuple[str, str, int], str]:
    """Run, task and map index → the text that its last try left. Airflow removes it when the next try begins."""
    query = select(XComModel.run_id, XComModel.task_id, XComModel.map_index, XComModel.value).where(
        XComModel.dag_id == dag_id, XComModel.run_id.in_(run_ids), XComModel.key == ERROR_KEY
    )
    return {(run, task, index): text for run, task, index, text in session.execute(query) if isinstance(text, str)}
