"""The last task: adds the run up, and reports it."""

from __future__ import annotations

from typing import Any

import msgspec
from airflow.sdk import BaseOperator

from oduyo_provider.core.errors import IncompleteError
from oduyo_provider.hooks.environment import read_step
from oduyo_provider.observability.links import LINKS
from oduyo_provider.operators.errors import give_up, noting_errors
from oduyo_provider.sync.runtime.event_loop import run_async


class OduyoReportOperator(BaseOperator):
    """Adds everything up, returns the report as XCom, then fails if the run is not complete.

    It pulls the results of the steps before from XCom, and does not take them as arguments, as any step may
    have failed. A complete run updates the asset; a dry run does not.
    """

    ui_color = "#e8f4ec"
    operator_extra_links = LINKS

    def execute(self, context: Any) -> None:
        """Report.

        :raises AirflowFailException: the run is not complete, or the results of the steps are missing. This task
            is not tried again, as it would add up the same figures.
        """
        from oduyo_provider.observability.asset import publish
        from oduyo_provider.observability.metrics import count_report
        from oduyo_provider.operators.chain import LOAD, check_left, has_run, read_chain
        from oduyo_provider.sync.steps.report import check_complete, report

        ti = context["ti"]
        steps = read_chain(ti)
        if not has_run(ti, LOAD):
            steps = msgspec.structs.replace(steps, load=None)
        with noting_errors(context):
            check_left(ti, steps)
            step = read_step(context)
            made = run_async(report(step, steps))
        ti.xcom_push("return_value", msgspec.structs.asdict(made))
        count_report(made, context)
        try:
            check_complete(made, steps, step)
        except IncompleteError as error:
            give_up(context, str(error))
        publish(made, context)
