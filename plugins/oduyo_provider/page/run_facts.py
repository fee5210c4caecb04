"""What is known of a run: its sentence, its label and its duration are computed from this."""

from __future__ import annotations

from datetime import datetime
from math import inf

import msgspec

from oduyo_provider.core.brakes import Trip
from oduyo_provider.core.report import Report
from oduyo_provider.core.verdict import list_step_faults
from oduyo_provider.page.airflow_db import Approval, RunState
from oduyo_provider.page.task_states import STEPS, WAITS_FOR_ANSWER, TaskState
from oduyo_provider.sync.runtime.timing import CLOCK_SKEW_S

#: States of a run that goes on.
GOING = frozenset({"queued", "running"})

_RED = ("failed", "upstream_failed")


class RunFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A run.

    :param dag_id: as in Airflow; likewise ``run_id``, or its folder's name if Airflow no longer knows it.
    :param state: of the DAG run; None if Airflow no longer knows it.
    :param tasks: the tasks that make up this run, in order: all of this project's DAG, one of any other.
    :param approval: the question that was put to a person.
    :param operator: id of the task, if the run is one task of another DAG; empty in this project's DAGs.
    :param is_staged: whether it has staged files.
    :param is_settled: whether nothing was staged after the report.
    :param report: None while there is none; ``reported_at`` is when it was written, seconds since 1970.
    :param damage: why the report cannot be read; empty if it can.
    :param step: the present step, judged by the staged files; needed for a run that is one task.
    :param changes: how many the plan holds; ``done``: those with a result.
    :param is_shown: whether the table of its changes could be written.
    :param trips: the brakes that stop the plan, and those that a person has released for the run.
    :param planned_at: when a side was last read, or both were last compared, seconds since 1970.
    :param journaled_at: when each journal of changes sent was last written, seconds since 1970.
    """

    dag_id: str = ""
    run_id: str = ""
    state: RunState | None
    tasks: list[TaskState] = []
    approval: Approval | None = None
    operator: str = ""
    is_staged: bool = True
    is_settled: bool = False
    report: Report | None = None
    reported_at: float = 0.0
    damage: str = ""
    step: str = ""
    changes: int = 0
    done: int = 0
    is_shown: bool = True
    trips: list[Trip] = []
    planned_at: float = 0.0
    journaled_at: list[float] = []

    @property
    def is_operator(self) -> bool:
        """Whether the run is one task in somebody else's DAG."""
        return bool(self.operator)

    @property
    def brakes(self) -> list[str]:
        """The names of the brakes that stop the plan."""
        return [trip.name for trip in self.trips if not trip.is_released]

    @property
    def is_going(self) -> bool:
        """Whether the run may still write results or its report.

        Airflow's tasks decide: a cleared run goes on again although its old report is there.
        """
        if self.state is None or self.state.state not in GOING:
            return False
        return any(task.is_unfinished for task in self.tasks) if self.tasks else not self.is_settled

    @property
    def is_red(self) -> bool:
        """Whether Airflow shows the run, or its only task, in red."""
        last = self.last_tasks
        if self.is_operator and last:
            return any(task.state in _RED for task in last)
        # Airflow updates the state of a run a moment after its last task has ended.
        return self.state is not None and (
            self.state.state == "failed" or (self.state.state in GOING and any(task.state in _RED for task in last))
        )

    @property
    def last_tasks(self) -> list[TaskState]:
        """The task that writes the report; empty if Airflow does not know it."""
        return [task for task in self.tasks if task.task_id == self.name_task(STEPS[-1])]

    @property
    def has_earlier_report(self) -> bool:
        """Whether a run that goes on has the report of an earlier try, which its own will replace."""
        is_own = any(
            task.state == "running" and task.started_at is not None and task.started_at <= self.reported_at
            for task in self.last_tasks
        )
        return self.is_going and self.report is not None and not is_own

    @property
    def has_earlier_plan(self) -> bool:
        """Whether the run began to send another plan before it made, or failed to make, the present one."""
        begun_at = None if self.report is None else _to_seconds(self.report.started_at)
        return any(at < max(self.planned_at, begun_at or 0.0) for at in self.journaled_at)

    @property
    def plan_since(self) -> float:
        """Files that are older belong to an earlier plan; seconds since 1970.

        Infinity if the present plan is not made yet, or cannot be made as a step before it failed.
        """
        if self.is_operator:
            return max(self.planned_at, self.try_since)
        makers = [task for task in self.tasks if task.task_id in STEPS[: STEPS.index("guard")]]
        return inf if any(task.is_unfinished or task.state in _RED for task in makers) else self.planned_at

    @property
    def try_since(self) -> float:
        """Files of a running operator that are older belong to an earlier try; seconds since 1970.

        Each try makes a plan of its own. The clock skew is allowed for: files have the storage's times, tasks
        the database's.
        """
        later = [task.started_at for task in self.tasks if self.is_going and task.tries > 1 and task.started_at]
        return max(later) - CLOCK_SKEW_S if later else 0.0

    @property
    def failed(self) -> TaskState | None:
        """The first task that failed for good.

        ``report`` counts only if it could not add up; ``approve`` does not count if the plan was rejected.
        """
        no = self.approval.task_id if self.approval is not None and self.is_rejected else ""
        failed = (task for task in self.tasks if task.state == "failed" and task.task_id != no)
        return next((task for task in failed if not self.only_reports(task)), None)

    @property
    def blocked(self) -> TaskState | None:
        """The first task that was not started, as one before it failed."""
        return next((task for task in self.tasks if task.state == "upstream_failed"), None)

    @property
    def retrying(self) -> TaskState | None:
        """The first task that waits for its next try."""
        return next(
            (task for task in self.tasks if task.counts.get("up_for_retry") or task.state == "up_for_retry"), None
        )

    @property
    def current(self) -> TaskState | None:
        """The first task in order that still has something to do."""
        return next((task for task in self.tasks if task.is_unfinished), None)

    @property
    def is_sending(self) -> bool:
        """Whether load is running, so that its pace tells how long the rest takes."""
        task = self.current
        return self.is_going and (task is None or (task.task_id == self.name_task("load") and task.state == "running"))

    @property
    def waits_for_person(self) -> bool:
        """Whether the run waits until somebody answers."""
        waits = any(task.state in WAITS_FOR_ANSWER for task in self.tasks if not self.is_operator)
        return self.is_going and waits and (self.approval is None or self.approval.answered_at is None)

    @property
    def is_pruned(self) -> bool:
        """Whether a run without files once had some."""
        listed = any(task.done for task in self.tasks if task.task_id == self.name_task(STEPS[0]))
        is_green = self.state is not None and self.state.state == "success" and not self.is_operator
        return not self.is_staged and (listed or is_green)

    @property
    def is_rejected(self) -> bool:
        """Whether the plan was rejected, or not answered in time."""
        return self.approval is not None and self.approval.answered_at is not None and not self.approval.is_yes

    @property
    def started_at(self) -> float | None:
        """When the run began, seconds since 1970; None if unknown."""
        if self.is_operator and self.tasks:
            return self.tasks[0].started_at
        if self.state is not None and self.state.started_at is not None:
            return self.state.started_at
        return None if self.report is None else _to_seconds(self.report.started_at)

    @property
    def duration_s(self) -> float | None:
        """How long it took, without the wait for a person's answer; None while it goes on, or if unknown."""
        if self.is_going:
            return None
        if self.is_operator and self.tasks:
            ended_at = self.tasks[0].ended_at
        else:
            ended_at = None if self.state is None else self.state.ended_at
        if ended_at is None and self.report is not None:
            ended_at = _to_seconds(self.report.ended_at)
        if ended_at is None or self.started_at is None:
            return None
        waited_s = self.approval.measure_wait(self.started_at, ended_at) if self.approval else 0.0
        return max(0.0, ended_at - self.started_at - waited_s)

    def name_task(self, step: str) -> str:
        """The id of the task that does a step."""
        return self.operator or step

    def only_reports(self, task: TaskState) -> bool:
        """Whether a failure of this task only reports that the run is not in step, and is not the cause."""
        if self.report is None or task.task_id != self.name_task(STEPS[-1]):
            return False
        return not (self.is_operator and list_step_faults(self.report))


def _to_seconds(text: str) -> float | None:
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        return None
