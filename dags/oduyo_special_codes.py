"""Keep the ERP's special codes (özel kod) and Ödüyo's in step.

The run reads both sides, computes the difference as a plan, stops when the plan looks unsafe, applies it so that every
change takes effect exactly once, and reports what it did.

1. **snapshot** lists what Ödüyo holds.
2. **extract** runs the ERP query that `erp_query` names (a file in `dags/sql/`).
3. **transform** normalises the rows, compares, and writes the plan. One task for nearly everybody, many for large tables.
4. **guard** shows the plan and stops the run before any write when a brake trips.
5. **approve** waits for a person when a brake tripped and `on_unsafe` is `ask`; otherwise it is skipped.
6. **load** applies the plan. It is skipped with `dry_run`.
7. **report** adds everything up. It fails when anything before it failed or was left undone.

Nothing has to be cleaned up by hand: the next run compares everything again and sends only what is missing.
"""

from __future__ import annotations

import os
from datetime import datetime, timedelta, timezone
from functools import partial
from pathlib import Path

from airflow.sdk import DAG, TriggerRule, task

from oduyo_provider.dag import tasks as steps
from oduyo_provider.dag.params_form import TASK_DOCS, build_form
from oduyo_provider.observability.alert import watch_dag_failure
from oduyo_provider.observability.asset import SPECIAL_CODES, SPECIAL_CODES_UPDATES
from oduyo_provider.operators.approval import UnsafePlanApproval
from oduyo_provider.operators.report import OduyoReportOperator
from oduyo_provider.operators.special_code import OduyoSpecialCodeOperator

SQL = str(Path(__file__).parent / "sql")

#: A step's result is one XCom: without this, Airflow pushes each of its keys a second time.
step = partial(task, multiple_outputs=False)

with DAG(
    dag_id="oduyo_special_codes",
    description="Keeps the ERP's special codes and Ödüyo's in step",
    doc_md=__doc__,
    schedule=os.environ.get("ODUYO_SCHEDULE", "@daily") or None,
    start_date=datetime(2025, 1, 1, tzinfo=timezone.utc),
    catchup=False,
    max_active_runs=1,
    params=build_form(steps.list_queries(SQL)),  # the environment variable ODUYO_PARAMS sets other defaults
    tags=["oduyo", "erp"],
    on_failure_callback=watch_dag_failure,
    default_args={
        "retries": 3,
        "retry_delay": timedelta(minutes=1),
        "retry_exponential_backoff": True,
        "max_retry_delay": timedelta(minutes=15),
    },
) as dag:
    snapshot = step(task_id="snapshot", inlets=[SPECIAL_CODES], doc_md=TASK_DOCS["snapshot"])(steps.run_snapshot)()
    parts = step(task_id="extract", doc_md=TASK_DOCS["extract"])(steps.run_extract)(snapshot, SQL)
    plans = step(task_id="transform", doc_md=TASK_DOCS["transform"])(steps.run_transform).expand(part=parts)
    verdict = step(task_id="guard", doc_md=TASK_DOCS["guard"])(steps.run_guard)(parts, plans)
    approve = UnsafePlanApproval(task_id="approve", verdict=verdict, doc_md=TASK_DOCS["approve"])
    load = OduyoSpecialCodeOperator.partial(
        task_id="load",
        trigger_rule=TriggerRule.NONE_FAILED,
        source_query=f"{SQL}/{{{{ params.erp_query }}}}.sql",
        doc_md=TASK_DOCS["load"],
    ).expand(plan=plans)
    report = OduyoReportOperator(
        task_id="report", trigger_rule=TriggerRule.ALL_DONE, outlets=[SPECIAL_CODES_UPDATES], doc_md=TASK_DOCS["report"]
    )
    approve >> load >> report
