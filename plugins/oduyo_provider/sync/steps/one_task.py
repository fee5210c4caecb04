"""A whole run inside one task, for rows that somebody else's DAG has extracted."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence

from oduyo_provider.api.client import OduyoClient
from oduyo_provider.api.settings import Settings
from oduyo_provider.core.report import Report
from oduyo_provider.erp.query import fold_name, match_columns
from oduyo_provider.sync.staging.manifests import Reference, SnapshotManifest, read_reference
from oduyo_provider.sync.steps.chain import Steps
from oduyo_provider.sync.steps.context import StepContext
from oduyo_provider.sync.steps.extract import RowSink
from oduyo_provider.sync.steps.guard import guard
from oduyo_provider.sync.steps.load import load
from oduyo_provider.sync.steps.report import check_complete, report
from oduyo_provider.sync.steps.snapshot import fetch_snapshot
from oduyo_provider.sync.steps.transform import transform


async def sync_rows(
    step: StepContext,
    rows: Sequence[dict[str, object]],
    client: OduyoClient,
    settings: Settings,
    on_report: Callable[[Report], None] = lambda _: None,
) -> Report:
    """List, stage, compare, check, apply and report.

    :param on_report: told the report, also of a run that is not complete.
    :raises IncompleteError: some rows failed or stayed doubtful; the report is written all the same.
    """
    guarded: Reference | None = None
    loaded: Reference | None = None
    async with client:
        snapshot = await fetch_snapshot(step, client, settings.site)
        parts = stage_rows(step, rows, snapshot)
        plans = [transform(step, part) for part in parts]
        try:
            guarded = guard(step, plans)
            if guarded["plans"]:
                loaded = await load(step, guarded["plans"], client, settings)
        finally:
            steps = Steps(snapshot, parts, plans, guarded, loaded)
            made = await report(step, steps)
            on_report(made)
    check_complete(made, steps, step)
    return made


def stage_rows(step: StepContext, rows: Sequence[dict[str, object]], snapshot: Reference) -> list[Reference]:
    """Write rows into staging as extract does; columns are those of all rows together, however each spells them."""
    listed = read_reference(step.run.root, snapshot, SnapshotManifest)
    started_at = time.time()
    shapes = list(dict.fromkeys(map(tuple, rows)))
    fields = {name: fold_name(name) for names in shapes for name in names}
    found: Counter[str] = Counter()
    for names in shapes:
        found |= Counter(fields[name] for name in names)
    columns = match_columns(list(found.elements()), listed.resource, "rows") if rows else ()
    sink = RowSink(step, listed, columns)
    for row in rows:
        sink.write({fields[name]: value for name, value in row.items()})
    return sink.finish("rows", started_at)
