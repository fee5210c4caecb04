"""The DAG's steps as plain functions: each takes references, returns references, and knows nothing of the others."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from airflow.sdk import get_current_context
from airflow.sdk.exceptions import AirflowFailException

from oduyo_provider.core.errors import IncompleteError, SettingsError
from oduyo_provider.core.normalise import Normaliser
from oduyo_provider.core.params import RunParams
from oduyo_provider.core.record import SPECIAL_CODE, Resource
from oduyo_provider.hooks.boundary import airflow_errors
from oduyo_provider.operators.approval import is_approval
from oduyo_provider.operators.context import open_erp, open_oduyo, read_buckets, read_params, read_run
from oduyo_provider.sync.check import check
from oduyo_provider.sync.extract import extract
from oduyo_provider.sync.finish import Steps, check_complete, report
from oduyo_provider.sync.loop import run as run_loop
from oduyo_provider.sync.manifest import Reference
from oduyo_provider.sync.snapshot import fetch_snapshot
from oduyo_provider.sync.transform import transform

log = logging.getLogger(__name__)


def run_snapshot(resource: Resource = SPECIAL_CODE) -> Reference:
    """List what Ödüyo holds.

    First of all it checks what only a person can mend, on both sides, before anything costs time.
    """
    context = get_current_context()
    with airflow_errors():
        params, hook = read_params(context), open_oduyo()
        open_erp()
        normaliser, site = Normaliser(resource, params.rules), hook.settings.site

        async def work() -> Reference:
            async with hook.client(resource) as client:
                return await fetch_snapshot(
                    read_run(context),
                    client,
                    params,
                    normaliser,
                    site=site,
                    buckets=read_buckets(),
                    settle_s=hook.settings.settle_s,
                )

        return run_loop(work())


def run_extract(snapshot: Reference, sql_folder: str, resource: Resource = SPECIAL_CODE) -> list[Reference]:
    """Run the ERP's query.

    :param sql_folder: where the query files lie; a param never names a file outside of it.
    """
    context = get_current_context()
    with airflow_errors():
        params = read_params(context)
        return extract(
            read_run(context),
            open_erp(),
            read_query(sql_folder, params),
            query_name=f"{params.erp_query}.sql",
            snapshot=snapshot,
            normaliser=Normaliser(resource, params.rules),
            buckets=read_buckets(),
        )


def run_transform(part: Reference, resource: Resource = SPECIAL_CODE) -> Reference:
    """Normalise and compare one partition."""
    context = get_current_context()
    with airflow_errors():
        params = read_params(context)
        return transform(read_run(context), part, params, Normaliser(resource, params.rules))


def run_guard(parts: list[Reference], plans: Any, resource: Resource = SPECIAL_CODE) -> Reference:
    """Apply the brakes."""
    context = get_current_context()
    with airflow_errors():
        return check(read_run(context), parts, list(plans[:]), read_params(context), resource)


def run_report(resource: Resource = SPECIAL_CODE) -> None:
    """Add everything up, push the report, then fail when the run is not complete.

    What the steps before left is pulled here and not passed in: any of them may have failed.
    """
    context = get_current_context()
    ti = context["ti"]
    verdict = next(iter(_pull(ti, "guard")), None)
    steps = Steps(
        snapshot=next(iter(_pull(ti, "snapshot")), None),
        parts=next(iter(_pull(ti, "extract")), []),
        plans=_pull(ti, "transform"),
        verdict=verdict,
        loads=_pull(ti, "load"),
        is_rejected=bool(verdict and verdict["ask"]) and not any(map(is_approval, _pull(ti, "approve"))),
    )
    with airflow_errors():
        params = read_params(context)
        made = report(read_run(context), steps, resource, dry_run=params.dry_run)
    ti.xcom_push("return_value", {name: getattr(made, name) for name in made.__struct_fields__})
    try:
        check_complete(made, steps)
    except IncompleteError as error:
        # Adding the same figures up again would change nothing: what is tried again is the step that failed.
        raise AirflowFailException(str(error)) from error


def read_query(folder: str, params: RunParams) -> str:
    """The text of the query that the params name."""
    path = Path(folder) / f"{params.erp_query}.sql"
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        there = ", ".join(list_queries(folder)) or "none"
        raise SettingsError(
            f"The query {params.erp_query}.sql cannot be read ({error}). The queries in {folder} are: {there}. Choose one "
            "of them as erp_query, or add the file on all workers."
        ) from error


def list_queries(folder: str) -> list[str]:
    """The names that ``erp_query`` can take."""
    return sorted(path.stem for path in Path(folder).glob("*.sql"))


def _pull(ti: Any, task_id: str) -> list[Any]:
    """What all instances of a task returned; nothing for those that did not come to their end."""
    return [value for value in ti.xcom_pull(task_ids=[task_id]) if value is not None]
