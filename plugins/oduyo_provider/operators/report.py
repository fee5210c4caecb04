"""The last task: adds up, and tells everybody who wants to know."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from airflow.sdk import BaseOperator

from oduyo_provider.core.errors import IncompleteError
from oduyo_provider.hooks.environment import read_step
from oduyo_provider.observability.links import LINKS
from oduyo_provider.operators.approval import name_rejecter
from oduyo_provider.operators.errors import give_up, noting_errors
from oduyo_provider.sync.runtime.event_loop import run_async

if TYPE_CHECKING:
    from oduyo_provider.sync.steps.report import Steps


class OduyoReportOperator(BaseOperator):
    """Adds everything up, pushes the report, then fails when the run is not complete.

    What the steps before left is pulled here and not passed in: any of them may have failed. A run that is complete
    updates the asset; a dry run does not.
    """

    ui_color = "#e8f4ec"
    operator_extra_links = LINKS

    def execute(self, context: Any) -> None:
        """Report.

        :raises AirflowFailException: the run is not complete. Adding the same figures up again would change nothing:
            what is tried again is the step that failed.
        """
        from oduyo_provider.observability.asset import publish
        from oduyo_provider.observability.metrics import count_report
        from oduyo_provider.sync.steps.report import check_complete, report

        ti = context["ti"]
        steps = _read_steps(ti)
        with noting_errors(context):
            step = read_step(context)
            made = run_async(report(step, steps))
        ti.xcom_push("return_value", msgspec.structs.asdict(made))
        count_report(made, context)
        try:
            check_complete(made, steps, step)
        except IncompleteError as error:
            give_up(context, str(error))
        publish(made, context)


def _read_steps(ti: Any) -> Steps:
    from oduyo_provider.sync.steps.report import Steps

    guarded = next(iter(_pull(ti, "guard")), None)
    answers = _pull(ti, "approve")
    return Steps(
        snapshot=next(iter(_pull(ti, "snapshot")), None),
        parts=next(iter(_pull(ti, "extract")), []),
        plans=_pull(ti, "transform"),
        guarded=guarded,
        load=next(iter(_pull(ti, "load")), None),
        rejected_by=name_rejecter(answers) if guarded and guarded["ask"] else "",
    )


def _pull(ti: Any, task_id: str) -> list[Any]:
    """What all instances of a task returned; nothing for those that returned nothing."""
    return [value for value in ti.xcom_pull(task_ids=[task_id]) if value is not None]
