"""Reads from XCom what the steps of this project's DAG left, as far as one was made of the other."""

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
    """What the steps before left; any of them may have failed, or not run since the run was cleared.

    :param ti: Airflow's task instance of one of them.
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
    """Whether guard has decided on what the steps made last, before its plan is applied; not asked in a DAG of other steps.

    :raises SettingsError: it has not, or a step before it left nothing.
    """
    if context["dag"].task_dict.keys() >= _STEPS:
        chain = read_chain(context["ti"])
        if take_decision(chain)["ask"]:  # a person has let it through
            spend_releases(step, chain.parts[0])


def check_left(ti: Any, chain: Steps) -> None:
    """Whether what is to be added up is there. Not asked where a task of the run has failed: its log says why it is not.

    :raises SettingsError: a step has left nothing, or what it left is of before the run was cleared.
    """
    if not {"failed", "upstream_failed"} & {*_read_states(ti).values()}:
        take_decision(chain)


def has_run(ti: Any, task_id: str) -> bool:
    """Whether what a task of this run left is of its last try; one that was skipped may have left it before the run was cleared."""
    return _read_states(ti).get(task_id) in ("success", "failed")


def _read_states(ti: Any) -> dict[str, Any]:
    """Task → its state, of all tasks of the run; an instance of a mapped one has its map index in its name."""
    states: dict[str, Any] = ti.get_task_states(dag_id=ti.dag_id, run_ids=[ti.run_id]).get(ti.run_id, {})
    return states


def _pull_one(ti: Any, task_id: str) -> Any:
    return next(iter(_pull(ti, task_id)), None)


def _pull(ti: Any, task_id: str) -> list[Any]:
    """What all instances of a task returned; nothing for those that returned nothing."""
    return [value for value in ti.xcom_pull(task_ids=[task_id]) if value is not None]
