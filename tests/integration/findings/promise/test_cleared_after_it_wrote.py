"""A run that has written is cleared from a step behind its listing, which no longer shows what is there."""

from __future__ import annotations

import asyncio

import pytest

from oduyo_provider.core.errors import OutdatedPlanError
from oduyo_provider.sync.staging.manifests import Reference
from oduyo_provider.sync.staging.run_folder import Run
from oduyo_provider.sync.steps.guard import guard
from oduyo_provider.sync.steps.one_task import stage_rows
from oduyo_provider.sync.steps.snapshot import fetch_snapshot
from oduyo_provider.sync.steps.transform import transform
from sandbox.oduyo.server import Sandbox
from tests.integration.findings.promise.nights import Nights, Row

RIGHT, WRONG = "doğru", "yanlış"


def make_rows(text: str, count: int = 10) -> list[Row]:
    return [{"integration_id": number, "code": f"KOD.{number}", "description": text} for number in range(1, count + 1)]


def fetch(dag: Nights, run: Run, **params: object) -> Reference:
    async def work() -> Reference:
        async with dag.client() as client:
            return await fetch_snapshot(dag.step(run, **params), client, dag.settings.site)

    return asyncio.run(work())


def go_on(dag: Nights, run: Run, listed: Reference, rows: list[Row], **params: object) -> dict[str, int]:
    """All steps behind the listing; the figures of load."""
    parts = stage_rows(dag.step(run, **params), rows, listed)
    return apply(dag, run, parts, **params)


def apply(dag: Nights, run: Run, parts: list[Reference], **params: object) -> dict[str, int]:
    step = dag.step(run, **params)
    plans = list(guard(step, [transform(step, part) for part in parts])["plans"])
    return dict(dag.load(plans, run, **params)["figures"])


def read_texts(site: Sandbox) -> set[str]:
    return {str(record["description"]) for record in site.records()}


def test_rows_that_are_read_anew_are_not_compared_with_what_was_there_before_it_wrote(
    site: Sandbox, dag: Nights
) -> None:
    wants = {"release": ["updates"]}
    dag.night(make_rows(RIGHT))
    run = dag.new_run("monday")
    listed = fetch(dag, run)
    assert go_on(dag, run, listed, make_rows(WRONG), **wants) == {"updated": 10}
    again = dag.new_run("monday", attempt=2)
    with pytest.raises(OutdatedPlanError, match="Clear the run from snapshot"):
        go_on(dag, again, listed, make_rows(RIGHT), **wants)
    assert go_on(dag, again, fetch(dag, again), make_rows(RIGHT), **wants) == {"updated": 10}
    assert read_texts(site) == {RIGHT}


def test_the_same_rows_may_be_compared_again(site: Sandbox, dag: Nights) -> None:
    run = dag.new_run("monday")
    listed = fetch(dag, run)
    parts = stage_rows(dag.step(run), make_rows(RIGHT), listed)
    assert apply(dag, run, parts) == {"created": 10}
    assert apply(dag, dag.new_run("monday", attempt=2), parts) == {"created": 10}
    assert len(site.records()) == 10


def test_a_run_that_has_not_written_yet_may_read_its_rows_again(dag: Nights) -> None:
    run = dag.new_run("monday")
    listed = fetch(dag, run)
    step = dag.step(run)
    guard(step, [transform(step, part) for part in stage_rows(step, make_rows(WRONG), listed)])
    assert go_on(dag, dag.new_run("monday", attempt=2), listed, make_rows(RIGHT)) == {"created": 10}


def test_create_mode_compares_nothing_and_goes_on(site: Sandbox, dag: Nights) -> None:
    run, wants = dag.new_run("monday"), {"sync_mode": "create"}
    listed = fetch(dag, run, **wants)
    assert go_on(dag, run, listed, make_rows(RIGHT, 5), **wants) == {"created": 5}
    assert go_on(dag, dag.new_run("monday", attempt=2), listed, make_rows(RIGHT, 8), **wants) == {"created": 8}
    assert len(site.records()) == 8
