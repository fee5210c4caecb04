"""The DAG's steps as plain functions: each takes references, returns references, and knows nothing of the others.

DAG files are parsed with this module: what only a running task needs is imported there.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from airflow.sdk import get_current_context

from oduyo_provider.core.errors import SettingsError
from oduyo_provider.core.params import RunParams
from oduyo_provider.core.record import Resource
from oduyo_provider.core.redact import neutralise
from oduyo_provider.hooks.environment import open_erp, open_oduyo, read_step
from oduyo_provider.operators.errors import noting_errors
from oduyo_provider.sync.staging.manifests import Reference

#: How the name of a query's file ends, in any case.
_ENDING = ".sql"


def run_snapshot(resource: Resource, sql_folder: str) -> Reference:
    """List what Ödüyo holds of a resource, which the steps that follow take from here.

    First of all it checks what only a person can mend, on both sides, before anything costs time.
    """
    import asyncio

    from oduyo_provider.observability.metrics import counting
    from oduyo_provider.sync.steps.snapshot import fetch_snapshot

    context = get_current_context()
    with noting_errors(context):
        step, hook = read_step(context), open_oduyo()
        read_query(sql_folder, step.params)
        open_erp()
        step.make_normaliser(resource)

        async def work() -> Reference:
            async with hook.client(resource) as client:
                with counting(client, context):
                    return await fetch_snapshot(step, client, hook.settings.site)

        return asyncio.run(work())


def run_extract(snapshot: Reference, sql_folder: str) -> list[Reference]:
    """Run the ERP's query.

    :param sql_folder: where the query files lie; a param never names a file outside of it.
    """
    from oduyo_provider.sync.steps.extract import extract

    context = get_current_context()
    with noting_errors(context):
        step = read_step(context)
        query = read_query(sql_folder, step.params)
        return extract(step, open_erp(), query, query_name=f"{step.params.erp_query}.sql", snapshot=snapshot)


def run_transform(part: Reference) -> Reference:
    """Normalise and compare one partition."""
    from oduyo_provider.sync.steps.transform import transform

    context = get_current_context()
    with noting_errors(context):
        return transform(read_step(context), part)


def run_guard(plans: Any) -> Reference:
    """Apply the brakes; returns the decision on the plan."""
    from oduyo_provider.sync.steps.guard import guard

    context = get_current_context()
    with noting_errors(context):
        return guard(read_step(context), list(plans[:]))


def read_query(folder: str, params: RunParams) -> str:
    """The text of the query that the params name."""
    path = _find_queries(folder).get(params.erp_query)
    if path is None:
        there = ", ".join(list_queries(folder)) or "none"
        raise SettingsError(
            f"There is no query {neutralise(params.erp_query, 100)}.sql in {folder}; the queries there are: {there}. Choose one of them as "
            "erp_query, or add the file on all workers."
        )
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise SettingsError(
            f"The query {path} is not in UTF-8 ({error}), so its letters could be read wrongly. Save it as UTF-8, on all "
            "workers."
        ) from error
    except OSError as error:
        raise SettingsError(
            f"The query {path} cannot be read ({error}). Give the workers' user the right to read it."
        ) from error


def list_queries(folder: str) -> list[str]:
    """The names that ``erp_query`` can take: those of the folder's files, without ``.sql``."""
    return sorted(_find_queries(folder))


def _find_queries(folder: str) -> dict[str, Path]:
    """The query files by name. The form and the run both take their names from here, and no param is made into a path."""
    files = (path for path in Path(folder).iterdir() if path.is_file()) if Path(folder).is_dir() else iter(())
    return {path.stem: path for path in files if path.suffix.lower() == _ENDING}
