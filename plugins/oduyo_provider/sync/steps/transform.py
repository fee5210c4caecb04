"""The third step, once a partition: normalise, compare and write the plan."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import msgspec

from oduyo_provider.core.normalise import Normaliser
from oduyo_provider.core.params import RunParams
from oduyo_provider.core.partition import compute_bucket
from oduyo_provider.core.plan import Altered, Plan, Scope, compute_plan
from oduyo_provider.core.record import Remote
from oduyo_provider.sync.staging.buckets import Side
from oduyo_provider.sync.staging.folder import Folder, decode_lines, read_manifest, write_manifest
from oduyo_provider.sync.staging.manifests import MANIFEST, ExtractManifest, PlanManifest, Reference
from oduyo_provider.sync.staging.row_codec import decode_row
from oduyo_provider.sync.staging.run_folder import Run

log = logging.getLogger(__name__)


def transform(run: Run, part: Reference, params: RunParams) -> Reference:
    """Compute and write one partition's plan.

    :param part: one of the references that extract returned.
    """
    extracted = read_manifest(Folder.open(part["manifest"]), MANIFEST, ExtractManifest)
    partition, partitions = int(part["partition"]), extracted.desired.buckets
    normaliser = Normaliser(extracted.snapshot.resource, params.rules)
    plan = compute_plan(
        (decode_row(line) for line in extracted.desired.read_lines(partition)),
        _read_records(extracted.existing, partition),
        normaliser=normaliser,
        scope=Scope(None if extracted.pairs is None else frozenset(extracted.pairs)),
        rules=params.plan_rules,
        altered=_read_altered(run, extracted, partition, partitions),
    )
    manifest = write_plan(run, plan, extracted, partition=partition, params=params)
    counts = plan.counts
    log.info(
        "Partition %d of %d: %s rows, %s rejected, %s unchanged; to do: %s creates, %s updates, %s deactivations, %s deletes",
        partition + 1,
        partitions,
        *(
            f"{figure:,}"
            for figure in (
                counts.extracted,
                counts.rejected,
                counts.unchanged,
                counts.creates,
                counts.updates,
                counts.deactivates,
                counts.deletes,
            )
        ),
    )
    return {"manifest": manifest, "partition": partition, "changes": counts.changes, "rejected": counts.rejected}


def write_plan(run: Run, plan: Plan, extracted: ExtractManifest, *, partition: int, params: RunParams) -> str:
    """Write a plan, its manifest last; returns the URI of its folder."""
    folder = run.step("plan").child(f"{partition:04d}")
    encode = msgspec.json.Encoder(decimal_format="number").encode
    changes = folder.write_lines("changes.jsonl", (encode(change) + b"\n" for change in plan.changes))
    rejected = folder.write_lines("rejected.jsonl", (encode(row) + b"\n" for row in plan.rejected))
    manifest = PlanManifest(
        run=run.name,
        folder=folder.uri,
        partition=partition,
        partitions=extracted.desired.buckets,
        counts=plan.counts,
        changes=changes,
        rejected=rejected,
        digest=changes.digest,
        journal=run.folder.child("results", f"{partition:04d}-{changes.digest[:16]}").uri,
        params=params,
        snapshot=extracted.snapshot,
    )
    write_manifest(folder, MANIFEST, manifest)
    return folder.uri


def _read_records(side: Side, partition: int) -> Iterator[Remote]:
    return decode_lines(Folder.open(side.folder), side.files[partition].name, side.read_lines(partition), Remote)


def _read_altered(
    run: Run, extracted: ExtractManifest, partition: int, partitions: int
) -> dict[tuple[str, str], Altered]:
    known = run.state(extracted.snapshot.site, extracted.snapshot.resource).read_altered()
    return {
        key: altered
        for key, altered in known.items()
        if compute_bucket(altered.integration_id, partitions) == partition
    }
