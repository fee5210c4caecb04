"""The DAG's steps as plain functions. Each takes and returns references to staged files.

DAG files are parsed with this module, so each function imports what only a running task needs.
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import get_current_context

from oduyo_provider.core.record import Resource
from oduyo_provider.erp.query_files import read_query
from oduyo_provider.erp.statement import parse_statement
from oduyo_provider.hooks.environment import open_erp, open_oduyo, read_step
from oduyo_provider.operators.errors import noting_errors
from oduyo_provider.sync.runtime.event_loop import run_async
from oduyo_provider.sync.staging.manifests import Reference


def run_snapshot(resource: Resource, sql_folder: str) -> Reference:
    """List what Ödüyo holds of a resource. The later steps work with this resource.

    Before that, check the params, the query and the settings of both connections: faults that only a person can
    mend then show at once.
    """
    from oduyo_provider.observability.metrics import counting
    from oduyo_provider.sync.steps.snapshot import fetch_snapshot

    context = get_current_context()
    with noting_errors(context):
        step, hook = read_step(context), open_oduyo()
        parse_statement(read_query(sql_folder, step.params.erp_query), f"{step.params.erp_query}.sql")
        open_erp()
        step.make_normaliser(resource)

        async def work() -> Reference:
            async with hook.client(resource) as client:
                with counting(client, context):
                    return await fetch_snapshot(step, client, hook.settings.site)

        return run_async(work())


def run_extract(snapshot: Reference | None, sql_folder: str) -> list[Reference]:
    """Run the ERP's query.

    :param sql_folder: folder of the query files; a param cannot name a file outside of it.
    """
    from oduyo_provider.sync.steps.chain import miss
    from oduyo_provider.sync.steps.extract import extract

    context = get_current_context()
    with noting_errors(context):
        if snapshot is None:
            raise miss("snapshot")
        step = read_step(context)
        query = read_query(sql_folder, step.params.erp_query)
        return extract(step, open_erp(), query, query_name=f"{step.params.erp_query}.sql", snapshot=snapshot)


def run_transform(part: Reference) -> Reference:
    """Normalise and compare one partition."""
    from oduyo_provider.sync.steps.releases import keep_releases
    from oduyo_provider.sync.steps.transform import transform

    context = get_current_context()
    with noting_errors(context):
        return transform(keep_releases(read_step(context), part), part)


def run_guard(_plans: Any) -> Reference:
    """Apply the brakes; returns the decision on the plan.

    :param _plans: what transform returns; it only makes guard run after transform. The plans are read from XCom,
        where some may be from before the run was cleared.
    """
    from oduyo_provider.operators.chain import read_chain
    from oduyo_provider.sync.steps.chain import take_plans
    from oduyo_provider.sync.steps.guard import guard
    from oduyo_provider.sync.steps.releases import keep_releases, spend_releases

    context = get_current_context()
    with noting_errors(context):
        chain = read_chain(context["ti"])
        plans = take_plans(chain)
        step = keep_releases(read_step(context), chain.parts[0])
        decided = guard(step, plans)
        if decided["plans"] and not decided["ask"]:
            spend_releases(step, chain.parts[0])
        return decided
