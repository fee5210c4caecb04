"""Builds the DAG that keeps one resource in step. All resources share this wiring of the steps."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from airflow.sdk import DAG, TriggerRule, task
from airflow.sdk.exceptions import AirflowException

from oduyo_provider.core import variables
from oduyo_provider.core.errors import SettingsError
from oduyo_provider.core.language import gettext
from oduyo_provider.dag import tasks
from oduyo_provider.dag.params_form import build_form
from oduyo_provider.dag.task_docs import build_dag_doc, build_task_docs, describe_dag
from oduyo_provider.erp.query_files import list_queries
from oduyo_provider.hooks.environment import read_resources, read_retries
from oduyo_provider.observability.alert import announce_failure, announce_success
from oduyo_provider.observability.asset import ASSETS
from oduyo_provider.operators.approval import UnsafePlanApproval
from oduyo_provider.operators.report import OduyoReportOperator
from oduyo_provider.operators.resource import OduyoResourceOperator
from oduyo_provider.operators.resources import OPERATORS
from oduyo_provider.sync.staging.manifests import Reference

#: A failed task is tried again after 1, 2, 4, 8 minutes, then every 15, unless only a person can mend the cause.
#: Airflow may wait up to twice as long, but never more than 15 minutes.
DELAYS = {
    "retry_delay": timedelta(minutes=1),
    "retry_exponential_backoff": 2.0,
    "max_retry_delay": timedelta(minutes=15),
}


def is_named(resource: str) -> bool:
    """Whether ``ODUYO_RESOURCES`` names a resource; without it, special codes are named.

    :raises SettingsError: ``ODUYO_RESOURCES`` names an unknown resource.
    """
    return resource in read_resources()


def build_dag(
    resource: str,
    sql_folder: Path | str,
    *,
    schedule: Any = None,
    doc: str | None = None,
) -> DAG:
    """The DAG ``oduyo_<resource>``: snapshot, extract, transform, guard, approve, load, report.

    ``ODUYO_SCHEDULE`` and ``ODUYO_PARAMS`` set its schedule and the defaults of its params. For a further resource
    their names end in the resource's, as in ``ODUYO_SCHEDULE_BANK_ACCOUNTS``.

    :param resource: its plural name, such as ``special_codes``.
    :param sql_folder: the folder of the queries that the param ``erp_query`` can name.
    :param schedule: used if the variable is not set: any schedule that Airflow accepts, such as a cron expression,
        a preset or a list of assets. None or an empty text: the DAG runs only by hand.
    :param doc: says what the DAG keeps in step; its first line is also shown in the list of DAGs. None: a text for
        the resource.
    :raises SettingsError: a variable cannot be used. Airflow shows the text as the DAG's import error.
    """
    variable = variables.SCHEDULE.of(resource).name
    asked = os.environ.get(variable, schedule)
    summary = doc or describe_dag(resource)
    with DAG(
        dag_id=f"oduyo_{resource}",
        description=summary.strip().splitlines()[0].rstrip("."),
        doc_md=build_dag_doc(summary),
        schedule=asked.strip() or None if isinstance(asked, str) else asked,
        start_date=datetime(2025, 1, 1),  # without a time zone: the schedule then follows Airflow's default_timezone
        catchup=False,
        max_active_runs=1,
        params=build_form(list_queries(sql_folder), variables.PARAMS.of(resource)),
        tags=["oduyo", "erp"],
        default_args={**DELAYS, "retries": read_retries()},
    ) as dag:
        _wire_steps(OPERATORS[resource], str(sql_folder))
    _check_schedule(dag, variable)
    return dag


def build_further_dags(sql_folder: Path | str) -> list[DAG]:
    """The DAGs of all resources that ``ODUYO_RESOURCES`` names, except special codes, which have a file of their own.

    Each DAG is called ``oduyo_<resource>`` and uses the queries in ``<sql_folder>/<resource>/``. It runs only by
    hand until ``ODUYO_SCHEDULE_<RESOURCE>`` is set. ``ODUYO_PARAMS_<RESOURCE>`` sets defaults of its params.

    :raises SettingsError: ``ODUYO_RESOURCES`` names an unknown resource, or a variable cannot be used.
    """
    return [
        build_dag(name, Path(sql_folder) / name) for name in read_resources() if name != variables.RESOURCES.default
    ]


def _check_schedule(dag: DAG, variable: str) -> None:
    """Check the schedule before Airflow does, whose error would not name the variable that sets it."""
    try:
        dag.timetable.validate()
    except AirflowException as error:
        raise SettingsError(
            gettext(
                "%(value)s is no schedule (%(error)s). Set the environment variable %(variable)s to a cron line or preset, such as "
                "0 2 * * * or @daily, without quotes, or to an empty text to run %(dag)s only by hand, on all machines.",
                value=repr(dag.schedule),
                error=str(error).rstrip("."),
                variable=variable,
                dag=dag.dag_id,
            )
        ) from error


def _wire_steps(operator: type[OduyoResourceOperator], sql_folder: str) -> None:
    """Make the tasks, in the order in which a row passes them."""
    docs = build_task_docs()
    asset, updates = ASSETS[operator.resource.name]

    def list_records() -> Reference:
        return tasks.run_snapshot(operator.resource, sql_folder)

    snapshot = _step("snapshot", docs, inlets=[asset])(list_records)()
    parts = _step("extract", docs)(tasks.run_extract)(snapshot, sql_folder)
    plans = _step("transform", docs)(tasks.run_transform).expand(part=parts)
    decision = _step("guard", docs)(tasks.run_guard)(plans)
    approve = UnsafePlanApproval(task_id="approve", decision=decision, doc_md=docs["approve"])
    load = operator(
        task_id="load",
        plan=decision,
        trigger_rule=TriggerRule.NONE_FAILED,
        source_query=f"{sql_folder}/{{{{ params.erp_query }}}}.sql",
        doc_md=docs["load"],
    )
    report = OduyoReportOperator(
        task_id="report",
        trigger_rule=TriggerRule.ALL_DONE,
        outlets=[updates],
        on_failure_callback=announce_failure,
        on_success_callback=announce_success,
        doc_md=docs["report"],
    )
    approve >> load >> report


def _step(task_id: str, docs: Mapping[str, str], **options: Any) -> Any:
    # A step's result is one XCom. Without multiple_outputs=False, Airflow would push each of its keys as well.
    return task(task_id=task_id, multiple_outputs=False, doc_md=docs[task_id], **options)
