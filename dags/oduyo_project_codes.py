"""Keep the ERP's project codes (proje kodu) and Ödüyo's in step.

The same run as that of `oduyo_special_codes`, whose document explains the steps, on Ödüyo's `erp_project_code`. It reads
with a query of `dags/sql/project_codes/`. It runs only when somebody triggers it, until `ODUYO_PROJECT_CODES_SCHEDULE` is
set; `ODUYO_PROJECT_CODES_PARAMS` sets other defaults of the params. The two DAGs do not disturb each other.
"""

from __future__ import annotations

import os
from datetime import datetime, timedelta, timezone
from functools import partial
from pathlib import Path

from airflow.sdk import DAG, TriggerRule, task

from oduyo_provider.core.record import PROJECT_CODE
from oduyo_provider.dag import tasks as steps
from oduyo_provider.dag.params_form import TASK_DOCS, build_form
from oduyo_provider.observability.alert import watch_dag_failure
from oduyo_provider.observability.asset import PROJECT_CODES, PROJECT_CODES_UPDATES
from oduyo_provider.operators.approval import UnsafePlanApproval
from oduyo_provider.operators.project_code import OduyoProjectCodeOperator
from oduyo_provider.operators.report import OduyoReportOperator

SQL = str(Path(__file__).parent / "sql" / "project_codes")

#: A step's result is one XCom: without this, Airflow pushes each of its keys a second time.
step = partial(task, multiple_outputs=False)


@step(inlets=[PROJECT_CODES], doc_md=TASK_DOCS["snapshot"])
def snapshot() -> dict[str, object]:
    """Every later step takes the resource from here."""
    return steps.run_snapshot(PROJECT_CODE)


with DAG(
    dag_id="oduyo_project_codes",
    description="Keeps the ERP's project codes and Ödüyo's in step",
    doc_md=__doc__,
    schedule=os.environ.get("ODUYO_PROJECT_CODES_SCHEDULE") or None,
    start_date=datetime(2025, 1, 1, tzinfo=timezone.utc),
    catchup=False,
    max_active_runs=1,
    params=build_form(steps.list_queries(SQL), "ODUYO_PROJECT_CODES_PARAMS"),
    tags=["oduyo", "erp"],
    on_failure_callback=watch_dag_failure,
    default_args={
        "retries": 3,
        "retry_delay": timedelta(minutes=1),
        "retry_exponential_backoff": True,
        "max_retry_delay": timedelta(minutes=15),
    },
) as dag:
    parts = step(task_id="extract", doc_md=TASK_DOCS["extract"])(steps.run_extract)(snapshot(), SQL)
    plans = step(task_id="transform", doc_md=TASK_DOCS["transform"])(steps.run_transform).expand(part=parts)
    verdict = step(task_id="guard", doc_md=TASK_DOCS["guard"])(steps.run_guard)(parts, plans)
    approve = UnsafePlanApproval(task_id="approve", verdict=verdict, doc_md=TASK_DOCS["approve"])
    load = OduyoProjectCodeOperator.partial(
        task_id="load",
        trigger_rule=TriggerRule.NONE_FAILED,
        source_query=f"{SQL}/{{{{ params.erp_query }}}}.sql",
        doc_md=TASK_DOCS["load"],
    ).expand(plan=plans)
    report = OduyoReportOperator(
        task_id="report", trigger_rule=TriggerRule.ALL_DONE, outlets=[PROJECT_CODES_UPDATES], doc_md=TASK_DOCS["report"]
    )
    approve >> load >> report
