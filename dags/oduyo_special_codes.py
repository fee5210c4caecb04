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

from airflow.sdk import DAG, Param, TriggerRule, task

from oduyo_provider.operators import steps
from oduyo_provider.operators.approval import UnsafePlanApproval
from oduyo_provider.operators.context import read_defaults
from oduyo_provider.operators.special_code import OduyoSpecialCodeOperator

SQL = str(Path(__file__).parent / "sql")
QUERIES = steps.list_queries(SQL)
DEFAULTS = read_defaults(QUERIES)  # the environment variable ODUYO_PARAMS sets others


def param(name: str, description: str, section: str | None = None, **schema: object) -> Param:
    """A field of the trigger form."""
    return Param(DEFAULTS[name], description=description, section=section, **schema)


RATIO = {"type": "number", "minimum": 0, "maximum": 1, "section": "Safety"}

PARAMS = {
    "erp_query": param("erp_query", "The ERP query: a file in dags/sql.", enum=QUERIES),
    "sync_mode": param(
        "sync_mode",
        "upsert sends differences; create sends every row, again in every run.",
        enum=["upsert", "create"],
    ),
    "on_missing": param(
        "on_missing",
        "What happens to Ödüyo's records that no ERP row has.",
        enum=["keep", "deactivate", "delete"],
    ),
    "dry_run": param("dry_run", "Show the plan, write nothing.", type="boolean"),
    "max_missing_ratio": param("max_missing_ratio", "Stop when more of Ödüyo's records have no ERP row.", **RATIO),
    "max_update_ratio": param("max_update_ratio", "Stop when more of the matched records would change.", **RATIO),
    "max_rejected_ratio": param("max_rejected_ratio", "Stop when more of the ERP's rows are rejected.", **RATIO),
    "on_unsafe": param("on_unsafe", "When a brake trips: fail, or ask a person here.", "Safety", enum=["fail", "ask"]),
    "allow_unsafe": param("allow_unsafe", "Go on although a brake trips.", "Safety", type="boolean"),
    "repair_windows_1254": param(
        "repair_windows_1254", "Mend texts that were read as latin-1 (Þube for Şube).", "Texts", type="boolean"
    ),
    "max_text_length": param(
        "max_text_length", "Longer texts are rejected, never cut.", "Texts", type="integer", minimum=1
    ),
}

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
    params=PARAMS,
    tags=["oduyo", "erp"],
    default_args={
        "retries": 3,
        "retry_delay": timedelta(minutes=1),
        "retry_exponential_backoff": True,
        "max_retry_delay": timedelta(minutes=15),
    },
) as dag:
    snapshot = step(task_id="snapshot")(steps.run_snapshot)()
    parts = step(task_id="extract")(steps.run_extract)(snapshot, SQL)
    plans = step(task_id="transform")(steps.run_transform).expand(part=parts)
    verdict = step(task_id="guard")(steps.run_guard)(parts, plans)
    approve = UnsafePlanApproval(task_id="approve", verdict=verdict)
    load = OduyoSpecialCodeOperator.partial(task_id="load", trigger_rule=TriggerRule.NONE_FAILED).expand(plan=plans)
    report = step(task_id="report", trigger_rule=TriggerRule.ALL_DONE)(steps.run_report)()
    approve >> load >> report
