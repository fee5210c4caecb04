# ruff: noqa: ARG001, INP001  the arguments are what the real tasks are given; a folder of DAGs is no package
"""A DAG of as many tasks as `oduyo_special_codes` has, wired alike, none of which does anything: what Airflow costs."""

from __future__ import annotations

from datetime import datetime, timezone
from functools import partial

from airflow.sdk import DAG, TriggerRule, task

step = partial(task, multiple_outputs=False)


def give(first: object = None, second: object = None) -> dict[str, str]:
    """A result as small as a reference to a staged file."""
    return {"path": "nowhere"}


def give_parts(first: object) -> list[dict[str, str]]:
    """One partition."""
    return [give()]


with DAG(
    dag_id="bench_empty",
    schedule=None,
    start_date=datetime(2025, 1, 1, tzinfo=timezone.utc),
    catchup=False,
    max_active_runs=1,
) as dag:
    snapshot = step(task_id="snapshot")(give)()
    parts = step(task_id="extract")(give_parts)(snapshot)
    plans = step(task_id="transform")(give).expand(first=parts)
    verdict = step(task_id="guard")(give)(parts, plans)
    approve = step(task_id="approve")(give)(verdict)
    load = step(task_id="load", trigger_rule=TriggerRule.NONE_FAILED)(give)(plans)
    report = step(task_id="report", trigger_rule=TriggerRule.ALL_DONE)(give)()
    approve >> load >> report
