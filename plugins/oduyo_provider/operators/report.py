"""The last task: adds up, and tells everybody who wants to know."""

from __future__ import annotations

from typing import Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowFailException

from oduyo_provider.core.errors import IncompleteError
from oduyo_provider.core.report import Report
from oduyo_provider.hooks.environment import read_params, read_run
from oduyo_provider.observability.alert import watch
from oduyo_provider.observability.asset import publish
from oduyo_provider.observability.links import LINKS
from oduyo_provider.observability.metrics import count_report
from oduyo_provider.operators.approval import is_approval
from oduyo_provider.operators.errors import ERROR_KEY, noting_errors
from oduyo_provider.sync.steps.report import Steps, check_complete, report

#: The steps before, in their order.
_STEPS = ("snapshot", "extract", "transform", "guard", "load")


class OduyoReportOperator(BaseOperator):
    """Adds everything up, pushes the report, alerts, then fails when the run is not complete.

    What the steps before left is pulled here and not passed in: any of them may have failed. A run that is complete
    updates the asset; a dry run neither alerts nor updates.
    """

    ui_color = "#e8f4ec"
    operator_extra_links = LINKS

    def execute(self, context: Any) -> None:
        """Report.

        :raises AirflowFailException: the run is not complete. Adding the same figures up again would change nothing:
            what is tried again is the step that failed.
        """
        ti = context["ti"]
        steps = _read_steps(ti)
        with noting_errors(context):
            params = read_params(context)
            made = report(read_run(context), steps, dry_run=params.dry_run)
        ti.xcom_push("return_value", {name: getattr(made, name) for name in made.__struct_fields__})
        count_report(made, context)
        try:
            check_complete(made, steps)
        except IncompleteError as error:
            causes = [*(text for step in _STEPS for text in _pull(ti, step, ERROR_KEY)), str(error)]
            self._tell(context, made, causes)
            raise AirflowFailException(str(error)) from error
        publish(made, context)
        self._tell(context, made, [])

    def _tell(self, context: Any, made: Report, causes: list[str]) -> None:
        if not made.dry_run:
            ti = context["ti"]
            watch(context, ti.dag_id, ti.run_id, is_bad=bool(causes), causes=causes, made=made)


def _read_steps(ti: Any) -> Steps:
    verdict = next(iter(_pull(ti, "guard")), None)
    return Steps(
        snapshot=next(iter(_pull(ti, "snapshot")), None),
        parts=next(iter(_pull(ti, "extract")), []),
        plans=_pull(ti, "transform"),
        verdict=verdict,
        loads=_pull(ti, "load"),
        is_rejected=bool(verdict and verdict["ask"]) and not any(map(is_approval, _pull(ti, "approve"))),
    )


def _pull(ti: Any, task_id: str, key: str = "return_value") -> list[Any]:
    """What all instances of a task left; nothing for those that left nothing."""
    return [value for value in ti.xcom_pull(task_ids=[task_id], key=key) if value is not None]
