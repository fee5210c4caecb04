"""The first step: list Ödüyo. It comes first, so that a record whose ERP row exists all along never looks missing."""

from __future__ import annotations

import logging
import time

import msgspec

from oduyo_provider.api.client import OduyoClient
from oduyo_provider.core.errors import ListingError
from oduyo_provider.core.normalise import Normaliser
from oduyo_provider.core.params import RunParams
from oduyo_provider.core.plan import SyncMode
from oduyo_provider.sync.runtime.clock import Clock
from oduyo_provider.sync.site.lease import LAPSES_AFTER_S, read_claims
from oduyo_provider.sync.site.quiesce import wait_for_journals
from oduyo_provider.sync.site.state import SiteState
from oduyo_provider.sync.staging.buckets import SideWriter
from oduyo_provider.sync.staging.folder import write_manifest
from oduyo_provider.sync.staging.manifests import MANIFEST, Reference, SnapshotManifest
from oduyo_provider.sync.staging.run_folder import Run

log = logging.getLogger(__name__)

#: A listing that other writers disturb is made again, so often.
LISTING_TRIES = 3

_SAY_EVERY_S = 5.0


async def fetch_snapshot(
    run: Run,
    client: OduyoClient,
    params: RunParams,
    normaliser: Normaliser,
    *,
    site: str,
    buckets: int,
    settle_s: float,
    clock: Clock = Clock(),  # noqa: B008  frozen
) -> Reference:
    """List all records into staging.

    Waits first while something that an earlier run sent may still take effect: a record that appears after the listing
    would be created a second time.

    ``sync_mode=create`` compares nothing: then only the highest id is read.

    :raises ListingError: the listing could not be shown to be complete.
    """
    await _wait_for_dead_writers(run.state(site, normaliser.resource), settle_s, clock)
    for tries_left in reversed(range(LISTING_TRIES)):
        try:
            return await _fetch_once(run, client, params, normaliser, site=site, buckets=buckets)
        except ListingError as error:  # noqa: PERF203  a listing takes seconds
            if not tries_left:
                raise
            log.warning("Listing again: %s", error)
    raise AssertionError("unreachable")


async def _wait_for_dead_writers(state: SiteState, settle_s: float, clock: Clock) -> None:
    """Wait for what died; a run that still writes is waited for by load, which then compares again."""
    journals = state.read_open_journals()
    if not journals:
        return
    alive = [claim for claim in read_claims(state.claims) if clock.now() - claim.renewed_at <= LAPSES_AFTER_S]
    if alive:
        log.info(
            "%s is writing to this site; the plan will be compared again before it is applied", alive[0].generation
        )
        return
    await wait_for_journals(state, journals, settle_s, clock, log.info)


async def _fetch_once(
    run: Run, client: OduyoClient, params: RunParams, normaliser: Normaliser, *, site: str, buckets: int
) -> Reference:
    started_at, said_at = time.time(), time.monotonic()
    folder = run.step("existing").child(f"{int(started_at * 1000):x}")
    writer = SideWriter(folder, buckets=buckets)
    last_id: str | None = None
    if params.sync_mode is SyncMode.CREATE:
        last_id = await client.fetch_highest_id()
    else:
        encode = msgspec.json.Encoder().encode
        async for page in client.list_records():
            for record in page:
                writer.write(normaliser.integration_id(record.get("integration_id")), encode(record) + b"\n")
                if last_id is None or int(record["id"] or 0) > int(last_id):
                    last_id = record["id"]
            if time.monotonic() - said_at >= _SAY_EVERY_S:
                said_at = time.monotonic()
                log.info("%s records listed so far", f"{writer.rows:,}")
    manifest = SnapshotManifest(
        site, started_at, time.time(), writer.rows, last_id, writer.close(), normaliser.resource
    )
    write_manifest(folder, MANIFEST, manifest)
    log.info(
        "Ödüyo holds %s records%s (%.1f s)",
        f"{writer.rows:,}" if params.sync_mode is SyncMode.UPSERT else "uncounted",
        f", the highest id is {last_id}" if last_id else "",
        manifest.ended_at - started_at,
    )
    return {"manifest": folder.uri, "rows": writer.rows}
