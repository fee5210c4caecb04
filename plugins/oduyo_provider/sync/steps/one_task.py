"""A whole run inside one task, for rows that somebody else's DAG has extracted."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from oduyo_provider.api.client import OduyoClient
from oduyo_provider.api.settings import Settings
from oduyo_provider.core.normalise import Normaliser, Rules
from oduyo_provider.core.params import RunParams
from oduyo_provider.core.record import Resource
from oduyo_provider.core.report import Report
from oduyo_provider.erp.query import match_columns
from oduyo_provider.sync.runtime.clock import Clock
from oduyo_provider.sync.staging.buckets import SideWriter
from oduyo_provider.sync.staging.folder import Folder, read_manifest
from oduyo_provider.sync.staging.manifests import MANIFEST, Reference, SnapshotManifest
from oduyo_provider.sync.staging.run_folder import Run
from oduyo_provider.sync.steps.extract import RowSink, finish_extract, name_parts
from oduyo_provider.sync.steps.guard import check
from oduyo_provider.sync.steps.load import load
from oduyo_provider.sync.steps.report import Steps, check_complete, report
from oduyo_provider.sync.steps.snapshot import fetch_snapshot
from oduyo_provider.sync.steps.transform import transform


async def sync_rows(
    run: Run,
    rows: Sequence[dict[str, object]],
    client: OduyoClient,
    settings: Settings,
    params: RunParams,
    resource: Resource,
    buckets: int,
    clock: Clock = Clock(),  # noqa: B008  frozen
    on_report: Callable[[Report], None] = lambda _: None,
) -> Report:
    """List, stage, compare, check, apply and report.

    :param on_report: told the report, also of a run that is not complete.
    :raises IncompleteError: some rows failed or stayed doubtful; the report is written all the same.
    """
    normaliser = Normaliser(resource, params.rules)
    loads: list[Reference] = []
    async with client:
        snapshot = await fetch_snapshot(
            run,
            client,
            params,
            normaliser,
            site=settings.site,
            buckets=buckets,
            settle_s=settings.settle_s,
            clock=clock,
        )
        parts = stage_rows(run, rows, snapshot, params.rules, buckets)
        plans = [transform(run, part, params) for part in parts]
        verdict = check(run, parts, plans, params)
        if not params.dry_run:
            loads = [await load(run, plan, client, settings, clock=clock) for plan in plans]
    steps = Steps(snapshot, parts, plans, verdict, loads)
    made = report(run, steps, dry_run=params.dry_run)
    on_report(made)
    check_complete(made, steps)
    return made


def stage_rows(
    run: Run, rows: Sequence[dict[str, object]], snapshot: Reference, rules: Rules, buckets: int
) -> list[Reference]:
    """Write rows into staging as extract does; columns are those of all rows together."""
    listed = read_manifest(Folder.open(snapshot["manifest"]), MANIFEST, SnapshotManifest)
    normaliser = Normaliser(listed.resource, rules)
    started_at, folder = time.time(), run.step("desired")
    names = list(dict.fromkeys(name for row in rows for name in row))
    columns = dict(zip(names, match_columns(names, normaliser.resource, "rows"), strict=True)) if rows else {}
    writer = SideWriter(folder, buckets=buckets, is_split=listed.side.buckets > 1)
    sink = RowSink(writer, normaliser, tuple(columns.values()))
    for row in rows:
        sink.write({columns[name]: value for name, value in row.items()})
    manifest = finish_extract(
        run,
        folder,
        sink,
        writer.close(),
        listed,
        query_name="rows",
        columns=tuple(columns.values()),
        started_at=started_at,
        buckets=buckets,
        normaliser=normaliser,
    )
    return name_parts(folder, manifest)
