"""Reads from XCom what the steps of this project's DAG returned, if each was made from the one before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from oduyo_provider.operators.approval import name_rejecter
from oduyo_provider.sync.steps.chain import Steps, find_chain, take_decision
from oduyo_provider.sync.steps.context import StepContext
from oduyo_provider.sync.steps.releases import spend_releases

#: The task that applies the plan.
LOAD = "load"
_STEPS = frozenset({"snapshot", "extract", "transform", "guard"})


def read_chain(ti: Any) -> Steps:
    """What the steps before returned. Any may have failed, or not run again since the run was cleared.

    :param ti: Airflow's task instance of a task of the same run.
    """
    guarded = _pull_one(ti, "guard")
    answers = _pull(ti, "approve")
    return find_chain(
        Steps(
            snapshot=_pull_one(ti, "snapshot"),
            parts=_pull_one(ti, "extract") or [],
            plans=_pull(ti, "transform"),
            guarded=guarded,
            load=_pull_one(ti, LOAD),
            rejected_by=name_rejecter(answers) if guarded and guarded["ask"] else "",
        )
    )


def check_chain(context: Mapping[str, Any], step: StepContext) -> None:
    """Check, before a plan is applied, that guard has decided on what the steps made last.

    Also uses up the releases of a plan that a person has approved. A DAG with other steps is not checked.

    :raises SettingsError: guard has not decided on it, or a step before guard returned nothing.
    """
    if context["dag"].task_dict.keys() >= _STEPS:
        chain = read_chain(context["ti"])
        if take_decision(chain)["ask"]:  # a person has approved it
            spend_releases(step, chain.parts[0])


def check_left(ti: Any, chain: Steps) -> None:
    """Check that what the report adds up is there. Skipped if a task failed: then its log says why not.

    :raises SettingsError: a step returned nothing, or only before the run was cleared.
    """
    if not {"failed", "upstream_failed"} & {*_read_states(ti).values()}:
        take_decision(chain)


def has_run(ti: Any, task_id: str) -> bool:
    """Whether a task of this run has run, so that its result is of its last try.

    A skipped task may have a result from before the run was cleared.
    """
    return _read_states(ti).get(task_id) in ("success", "failed")


def _read_states(ti: Any) -> dict[str, Any]:
    """Task → its state, for all tasks of the run. The name of a mapped instance contains its map index."""
    states: dict[str, Any] = ti.get_task_states(dag_id=ti.dag_id, run_ids=[ti.run_id]).get(ti.run_id, {})
    return states


def _pull_one(ti: Any, task_id: str) -> Any:
    return next(iter(_pull(ti, task_id)), None)


def _pull(ti: Any, task_id: str) -> list[Any]:
    """The results of all instances of a task, without those that returned nothing."""
    return [value for value in ti.xcom_pull(task_ids=[task_id]) if value is not None]
