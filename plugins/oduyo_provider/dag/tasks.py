"""The DAG's steps as plain functions: each takes references, returns references, and knows nothing of the others."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from airflow.sdk import get_current_context

from oduyo_provider.core.errors import SettingsError
from oduyo_provider.core.normalise import Normaliser
from oduyo_provider.core.params import RunParams
from oduyo_provider.core.record import SPECIAL_CODE, Resource
from oduyo_provider.hooks.environment import open_erp, open_oduyo, read_buckets, read_params, read_run
from oduyo_provider.observability.metrics import counting
from oduyo_provider.operators.errors import noting_errors
from oduyo_provider.sync.runtime.loop import run as run_loop
from oduyo_provider.sync.staging.manifests import Reference
from oduyo_provider.sync.steps.extract import extract
from oduyo_provider.sync.steps.guard import check
from oduyo_provider.sync.steps.snapshot import fetch_snapshot
from oduyo_provider.sync.steps.transform import transform

log = logging.getLogger(__name__)


def run_snapshot(resource: Resource = SPECIAL_CODE) -> Reference:
    """List what Ödüyo holds of a resource, which the steps that follow take from here.

    First of all it checks what only a person can mend, on both sides, before anything costs time.
    """
    context = get_current_context()
    with noting_errors(context):
        params, hook = read_params(context), open_oduyo()
        open_erp()
        normaliser, site = Normaliser(resource, params.rules), hook.settings.site

        async def work() -> Reference:
            async with hook.client(resource) as client:
                with counting(client, context):
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


def run_extract(snapshot: Reference, sql_folder: str) -> list[Reference]:
    """Run the ERP's query.

    :param sql_folder: where the query files lie; a param never names a file outside of it.
    """
    context = get_current_context()
    with noting_errors(context):
        params = read_params(context)
        return extract(
            read_run(context),
            open_erp(),
            read_query(sql_folder, params),
            query_name=f"{params.erp_query}.sql",
            snapshot=snapshot,
            rules=params.rules,
            buckets=read_buckets(),
        )


def run_transform(part: Reference) -> Reference:
    """Normalise and compare one partition."""
    context = get_current_context()
    with noting_errors(context):
        return transform(read_run(context), part, read_params(context))


def run_guard(parts: list[Reference], plans: Any) -> Reference:
    """Apply the brakes."""
    context = get_current_context()
    with noting_errors(context):
        return check(read_run(context), parts, list(plans[:]), read_params(context))


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
