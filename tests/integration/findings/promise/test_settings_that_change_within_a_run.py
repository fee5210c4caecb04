"""Settings change within a run: ``ODUYO_BUCKETS`` or ``ODUYO_PARAMS`` is another on another worker, or the table has shrunk."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from oduyo_provider.sync.staging import buckets
from oduyo_provider.sync.staging.manifests import Reference
from oduyo_provider.sync.staging.run_folder import Run, name_attempt
from oduyo_provider.sync.steps.chain import Steps
from oduyo_provider.sync.steps.context import StepContext
from oduyo_provider.sync.steps.guard import guard
from oduyo_provider.sync.steps.one_task import stage_rows
from oduyo_provider.sync.steps.report import report
from oduyo_provider.sync.steps.snapshot import fetch_snapshot
from oduyo_provider.sync.steps.transform import transform
from sandbox.oduyo.server import Sandbox
from tests.integration.findings.promise.nights import Nights, Row

#: A side of more rows is split.
PARTITION_ROWS = 20
COUNT = 60


@pytest.fixture(autouse=True)
def _small_partitions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(buckets, "SINGLE_PARTITION_ROWS", PARTITION_ROWS)


def make_rows(count: int = COUNT) -> list[Row]:
    return [{"integration_id": number, "code": f"KOD.{number}"} for number in range(1, count + 1)]


def fetch(dag: Nights, step: StepContext) -> Reference:
    async def work() -> Reference:
        async with dag.client() as client:
            return await fetch_snapshot(step, client, dag.settings.site)

    return asyncio.run(work())


@pytest.mark.parametrize(("listed_with", "staged_with"), [(4, 3), (3, 4), (1, 4), (4, 1)])
def test_rows_are_compared_with_all_records_whatever_each_worker_is_set_to(
    site: Sandbox, dag: Nights, listed_with: int, staged_with: int
) -> None:
    site.seed([{"integration_id": str(row["integration_id"]), "code": row["code"]} for row in make_rows()])
    run = dag.new_run()
    listed = fetch(dag, dag.step(run, buckets=listed_with))
    parts = stage_rows(dag.step(run, buckets=staged_with), make_rows(), listed)
    plans = [transform(dag.step(run, buckets=staged_with), part) for part in parts]
    assert sum(plan["changes"] for plan in plans) == 0


@pytest.mark.parametrize(("first", "then", "created"), [("create", "upsert", COUNT), ("upsert", "create", 0)])
def test_a_run_keeps_to_the_mode_in_which_it_listed(
    site: Sandbox, dag: Nights, first: str, then: str, created: int
) -> None:
    site.seed([{"integration_id": str(row["integration_id"]), "code": row["code"]} for row in make_rows()])
    run = dag.new_run()
    listed = fetch(dag, dag.step(run, sync_mode=first))
    step = dag.step(run, sync_mode=then)
    parts = stage_rows(step, make_rows(), listed)
    plans = [transform(step, part) for part in parts]
    guarded = guard(step, plans)
    assert guarded["changes"] == created, "create mode makes every row again, as it was asked to"
    made = asyncio.run(report(step, Steps(listed, parts, plans, guarded)))
    assert made.sync_mode == first


@pytest.mark.parametrize("is_dry", [False, True])
def test_the_report_says_whether_the_plan_was_sent_whatever_its_own_params_say(dag: Nights, *, is_dry: bool) -> None:
    dag.night(make_rows(1), dry_run=is_dry)
    made = dag.report_again("night1", dry_run=not is_dry).report
    assert (made.dry_run, made.created, len(dag.entries())) == (is_dry, 1, int(not is_dry))


@pytest.mark.parametrize(("rows", "with_buckets"), [(PARTITION_ROWS // 2, 4), (COUNT, 3), (COUNT, 1)])
def test_with_create_mode_what_one_try_confirmed_no_later_one_creates_again(
    site: Sandbox, tmp_path: Path, rows: int, with_buckets: int
) -> None:
    dag = Nights(site, tmp_path / "staging", settle_s=0.2)
    for number, (count, split) in enumerate([(COUNT, 4), (rows, with_buckets), (COUNT, 4)], 1):
        run = Run(dag.root, "dag", "run", name_attempt(number))
        made = dag.sync(make_rows(count), run, sync_mode="create", buckets=split)
        assert (made.created, len(site.records())) == (count, COUNT)


def test_with_create_mode_a_table_that_has_grown_is_sent_once(site: Sandbox, tmp_path: Path) -> None:
    dag = Nights(site, tmp_path / "staging", settle_s=0.2)
    for number, count in enumerate([PARTITION_ROWS // 2, COUNT], 1):
        run = Run(dag.root, "dag", "run", name_attempt(number))
        made = dag.sync(make_rows(count), run, sync_mode="create", buckets=4)
        assert (made.created, len(site.records())) == (count, count)
