"""The first step: list Ödüyo. It comes first, so that a record whose ERP row exists all along never looks missing."""

from __future__ import annotations

import logging
import time
from array import array
from collections.abc import Iterator, Sequence

import msgspec

from oduyo_provider.api.client import OduyoClient
from oduyo_provider.core.errors import ListingError
from oduyo_provider.core.language import format_number, gettext, ngettext
from oduyo_provider.core.ledger import Entry
from oduyo_provider.core.matching import AlteredKeys, compute_record_key, find_altered_keys, name_key
from oduyo_provider.core.plan import SyncMode
from oduyo_provider.core.record import Remote
from oduyo_provider.core.values.text import compute_match_key
from oduyo_provider.sync.apply.listed import has_number
from oduyo_provider.sync.apply.lookup import OVERLAP_ROWS
from oduyo_provider.sync.runtime.timing import SAY_PROGRESS_EVERY_S, SENT_WITHIN_S
from oduyo_provider.sync.site.lease import read_claims
from oduyo_provider.sync.site.quiesce import wait_for_plans
from oduyo_provider.sync.site.state import SiteState
from oduyo_provider.sync.staging.buckets import SideWriter
from oduyo_provider.sync.staging.folder import write_manifest
from oduyo_provider.sync.staging.layout import EXISTING, MANIFEST
from oduyo_provider.sync.staging.manifests import Reference, SnapshotManifest
from oduyo_provider.sync.steps.context import StepContext

log = logging.getLogger(__name__)

#: So often a listing that other writers disturb is made again.
LISTING_TRIES = 3
#: Records that the ledger knows and the listing does not hold are looked up one by one, up to so many; else by pages.
MAX_LOOK_UPS = 20


async def fetch_snapshot(step: StepContext, client: OduyoClient, site: str) -> Reference:
    """Draw the plan number, wait until the changes of earlier plans show, then list all records into staging.

    ``sync_mode=create`` compares nothing: then only the highest id is read.

    :param site: its canonical address, or its name.
    :raises ListingError: the listing could not be shown to be complete.
    """
    state = step.open_state(site, client.resource)
    client.use_page_size(state.read_check().page_size)
    number = state.source(step.source).draw_number(step.run.name, step.run.attempt, step.run.mapped)
    earlier = [plan for plan in state.plans.read() if plan.is_earlier(step.source, number)]
    await wait_for_plans(step.run.root, earlier, client.settle_s, step.clock, log.info)
    for tries_left in reversed(range(LISTING_TRIES)):
        listing = _Snapshot(step, client, site, state, number)
        try:
            return await listing.fetch()
        except ListingError as error:
            if not tries_left:
                raise
            log.warning(gettext("Listing again: %(error)s", error=error))
    raise AssertionError("unreachable")


def read_altered_keys(state: SiteState) -> AlteredKeys:
    """The records whose key Ödüyo stores otherwise: they belong to the partition of the key that was sent."""
    return find_altered_keys(_read_entries(state))


def _read_entries(state: SiteState) -> Iterator[Entry]:
    """The whole ledger, one bucket after the other."""
    buckets = state.ledger.buckets
    for bucket in range(buckets):
        yield from state.read_entries(bucket, buckets).values()


class _Snapshot:
    """One listing into staging."""

    def __init__(self, step: StepContext, client: OduyoClient, site: str, state: SiteState, number: int) -> None:
        self._step = step
        self._client = client
        self._site = site
        self._state = state
        self._number = number
        self._normaliser = step.make_normaliser(client.resource)
        self._ids = array("Q")
        self._keys = array("q")  # a hash of each
        self._nameless = array("Q")  # ids of the records without a key
        self._others: list[str] = []
        self._newest_known = 0

    async def fetch(self) -> Reference:
        step, state, mode, started_at = self._step, self._state, self._step.params.sync_mode, self._step.clock.now()
        # Read before the listing: if anybody writes from now on, the listing does not count as a look.
        turn, is_busy = state.read_turn(), bool(read_claims(state.claims)) or bool(state.plans.read())
        folder = step.run.step(EXISTING).child(f"{int(started_at * 1000):x}")
        writer = SideWriter(folder, buckets=step.buckets)
        last_id = await (self._list(writer) if mode is SyncMode.UPSERT else self._client.fetch_highest_id())
        applied = state.source(step.source).read_applied()
        manifest = SnapshotManifest(
            site=self._site,
            source=step.source,
            number=self._number,
            attempt=step.run.attempt,
            mapped=step.run.mapped,
            turn=turn,
            is_busy=is_busy,
            is_first=applied is None or not applied.merged,
            sync_mode=mode,
            started_at=started_at,
            ended_at=step.clock.now(),
            settled_at=started_at - SENT_WITHIN_S - self._client.settle_s,
            rows=writer.rows,
            newest_id=max(self._newest_known, int(last_id or 0)),
            others=self._others,
            last_id=last_id,
            overlap_id=self._find_overlap(),
            side=writer.close(),
            resource=self._client.resource,
        )
        write_manifest(folder, MANIFEST, manifest)
        log.info(_describe(manifest))
        return {"manifest": folder.address, "rows": writer.rows}

    async def _list(self, writer: SideWriter) -> str | None:
        """List all records; returns the highest id."""
        altered, encode = read_altered_keys(self._state), msgspec.json.Encoder().encode

        def write(record: Remote) -> None:
            key = name_key(record, altered, self._normaliser)
            writer.write(key, encode(record) + b"\n")
            self._keys.append(hash(key))
            self._ids.append(int(record["id"] or 0))
            if key is None:
                self._nameless.append(self._ids[-1])

        said_at = time.monotonic()
        async for page in self._client.list_records():
            for record in page:
                write(record)
            if time.monotonic() - said_at >= SAY_PROGRESS_EVERY_S:
                said_at = time.monotonic()
                log.info(ngettext("%(n)s record listed so far", "%(n)s records listed so far", writer.rows))
        absent = self._find_absent()
        if absent:
            log.info(
                ngettext(
                    "%(n)s record that was made, or may have been, is not listed; looking for it",
                    "%(n)s records that were made, or may have been, are not listed; looking for each of them",
                    len(absent),
                )
            )
            for record in await self._look_for(absent):
                write(record)
        return str(max(self._ids)) if self._ids else None

    def _find_absent(self) -> list[Entry]:
        """This source's records that are known by id, or may come from an unanswered create, and are not listed; notes the newest
        known id.
        """
        ids, keys = array("Q", sorted(self._ids)), array("q", sorted(self._keys))
        nameless = array("Q", sorted(self._nameless))
        absent = list[Entry]()
        for entry in _read_entries(self._state):
            if entry.oduyo_id is not None:
                self._newest_known = max(self._newest_known, int(entry.oduyo_id))
                if entry.is_others(self._step.source) and has_number(nameless, int(entry.oduyo_id)):
                    self._others.append(entry.oduyo_id)
                is_absent = not has_number(ids, int(entry.oduyo_id))
            else:
                is_absent = entry.sent_at is not None and not has_number(
                    keys, hash(compute_match_key(entry.integration_id))
                )
            if is_absent and entry.source == self._step.source:
                absent.append(entry)
        return absent

    async def _look_for(self, absent: Sequence[Entry]) -> list[Remote]:
        """Look these records up, by id or by key; returns what shows."""
        found: dict[str, Remote] = {}
        if len(absent) <= max(MAX_LOOK_UPS, len(self._ids) // 1000):
            for entry in absent:
                found.update({str(record["id"]): record for record in await self._look_up(entry)})
        else:
            ids = {entry.oduyo_id for entry in absent if entry.oduyo_id}
            keys = {compute_match_key(entry.integration_id) for entry in absent}
            async for page in self._client.list_records():
                for record in page:
                    if record["id"] in ids or compute_record_key(record, self._normaliser) in keys:
                        found[str(record["id"])] = record
        listed = set(self._ids)
        return [record for oduyo_id, record in sorted(found.items()) if int(oduyo_id) not in listed]

    async def _look_up(self, entry: Entry) -> list[Remote]:
        """By id, or by key; what may never have been made by one request, as the listing counts where that shows nothing."""
        if entry.oduyo_id is None:
            record = await self._client.fetch_newest_by("integration_id", entry.integration_id)
            return [record] if record and record.get("integration_id") == entry.integration_id else []
        found = await self._client.fetch_by("id", entry.oduyo_id)
        return found or await self._client.fetch_by("integration_id", entry.integration_id)

    def _find_overlap(self) -> str | None:
        newest = sorted(self._ids)[-OVERLAP_ROWS:]
        return str(newest[0] - 1) if len(newest) == OVERLAP_ROWS else None


def _describe(manifest: SnapshotManifest) -> str:
    plan = {"number": manifest.number, "source": manifest.source}
    if manifest.sync_mode is SyncMode.CREATE:
        return gettext(
            "Ödüyo's records are not listed, as nothing is compared; this is plan %(number)s of %(source)s", **plan
        )
    plan["seconds"] = format_number(manifest.ended_at - manifest.started_at, 1)
    if not manifest.last_id:
        return gettext("Ödüyo holds no record (%(seconds)s s); this is plan %(number)s of %(source)s", **plan)
    return ngettext(
        "Ödüyo holds %(n)s record, the highest id is %(last_id)s (%(seconds)s s); this is plan %(number)s of %(source)s",
        "Ödüyo holds %(n)s records, the highest id is %(last_id)s (%(seconds)s s); this is plan %(number)s of %(source)s",
        manifest.rows,
        last_id=manifest.last_id,
        **plan,
    )
