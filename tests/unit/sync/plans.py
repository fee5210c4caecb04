"""Plans as the steps stage them, with what their loads wrote down."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

import msgspec

from oduyo_provider.core.change import Action, Change, Outcome, Result, compute_base
from oduyo_provider.core.ledger import Entry
from oduyo_provider.core.params import RunParams
from oduyo_provider.core.plan import Plan, PlanCounts, Rejected, SyncMode
from oduyo_provider.core.record import SPECIAL_CODE, Remote
from oduyo_provider.core.remarks import Remark
from oduyo_provider.sync.site.open_plans import OpenPlan
from oduyo_provider.sync.staging.buckets import Side
from oduyo_provider.sync.staging.folder import Folder, write_manifest
from oduyo_provider.sync.staging.journal import Journal
from oduyo_provider.sync.staging.layout import MANIFEST
from oduyo_provider.sync.staging.manifests import PlanManifest, Reference, SnapshotManifest
from oduyo_provider.sync.staging.plans import PlanPart, open_parts, write_plan

SITE = "site.example"


def check_lease() -> None:
    """The lease is held."""


def make_snapshot(*, source: str = "dag", number: int = 1, attempt: str = "try1", **fields: object) -> SnapshotManifest:
    """A listing of an empty site."""
    made = SnapshotManifest(
        site=SITE,
        source=source,
        number=number,
        attempt=attempt,
        turn=0,
        is_busy=False,
        is_first=False,
        sync_mode=SyncMode.UPSERT,
        started_at=1000.0,
        ended_at=1001.0,
        rows=0,
        last_id=None,
        overlap_id=None,
        side=Side("", []),
        resource=SPECIAL_CODE,
    )
    return msgspec.structs.replace(made, **fields)


def create(key: str, **fields: str) -> Change:
    """A create with a code."""
    return Change(Action.CREATE, key, {"integration_id": key, "code": f"KOD.{key}", **fields})


def update(key: str, oduyo_id: str, before: Remote | None = None, **fields: str) -> Change:
    """An update of a record that was listed with its key, its code and the fields ``before``."""
    record = {"id": oduyo_id, "integration_id": key, "code": f"KOD.{key}", **(before or {})}
    payload = {"integration_id": key, "code": f"KOD.{key}", **fields}
    differs = tuple(name for name in fields if (record.get(name) or "") != fields[name])
    return Change(Action.UPDATE, key, payload, oduyo_id, compute_base(record, SPECIAL_CODE), differs)


def deactivate(key: str, oduyo_id: str) -> Change:
    """A deactivation of a record in use."""
    base = compute_base({"integration_id": key, "code": f"KOD.{key}", "status": "1"}, SPECIAL_CODE)
    return Change(Action.DEACTIVATE, key, {"status": "0"}, oduyo_id, base, ("status",), retires=True)


def delete(key: str, oduyo_id: str) -> Change:
    """A deletion of a record in use."""
    base = compute_base({"integration_id": key, "code": f"KOD.{key}", "status": "1"}, SPECIAL_CODE)
    return Change(Action.DELETE, key, {}, oduyo_id, base, retires=True)


def done(change: Change, oduyo_id: str | None = None, *, at: float = 2000.0, **fields: object) -> Result:
    """A change that Ödüyo confirmed."""
    made = Result(change.key, Outcome.DONE, oduyo_id or change.oduyo_id, is_confirmed=True, at=at)
    return msgspec.structs.replace(made, **fields)


def read_back(change: Change, oduyo_id: str | None = None, **fields: object) -> Result:
    """A change that Ödüyo confirmed, and that was seen in a list."""
    return done(change, oduyo_id, is_read_back=True, **fields)


def stage_plan(
    root: Folder,
    changes: Iterable[Change] = (),
    *,
    notes: Sequence[Entry] = (),
    forgotten: Sequence[str] = (),
    rejected: Sequence[Rejected] = (),
    remarks: Sequence[Remark] = (),
    run: str = "run1",
    partition: int = 0,
    partitions: int = 1,
    params: RunParams = RunParams(),  # noqa: B008  frozen
    snapshot: SnapshotManifest | None = None,
) -> Reference:
    """One partition's plan."""
    folder = root.child("dag", run, "plan", "try1", f"{partition:04d}")
    listed = list(changes)
    counts = PlanCounts(creates=len(listed))
    plan = Plan(listed, list(rejected), list(notes), list(forgotten), [], [], counts, list(remarks))
    files = write_plan(folder, plan)
    journal = root.child("dag", run, "results", f"{partition:04d}-{files.changes.digest[:16]}")
    manifest = PlanManifest(
        run=f"dag/{run}",
        folder=folder.address,
        partition=partition,
        partitions=partitions,
        counts=plan.counts,
        files=files,
        digest=files.changes.digest,
        journal=journal.address,
        params=params,
        snapshot=snapshot or make_snapshot(),
    )
    write_manifest(folder, MANIFEST, manifest)
    return {"manifest": folder.address, "partition": partition, "partitions": partitions}


def open_part(root: Folder, reference: Reference) -> PlanPart:
    """The one partition of a plan."""
    [part] = open_parts(root, [reference])
    return part


def write_journal(
    root: Folder,
    reference: Reference,
    *results: Result,
    intended: Iterable[Change] = (),
    attempt: str = "try1",
    at: float = 2000.0,
    floor: str | None = None,
) -> None:
    """What one try of a load writes down.

    :param intended: changes of an intent besides those with a result.
    :param at: when the intent is written.
    """
    part = open_part(root, reference)

    async def write() -> None:
        journal = Journal(part.journal, attempt=attempt, digest=part.manifest.digest, clock=lambda: at)
        keys = [result.key for result in results] + [change.key for change in intended]
        if keys:
            await journal.intend(keys, floor)
        for result in results:
            journal.record(result)
        await journal.flush()

    asyncio.run(write())


def make_open(
    root: Folder, *references: Reference, turn: int = 1, is_finished: bool = True, **fields: object
) -> OpenPlan:
    """A plan that a load began to apply."""
    manifest = open_part(root, references[0]).manifest
    made = OpenPlan(
        run=manifest.run,
        generation=manifest.generation,
        source=manifest.snapshot.source,
        number=manifest.snapshot.number,
        turn=turn,
        parts=list(references),
        is_finished=is_finished,
    )
    return msgspec.structs.replace(made, **fields)
