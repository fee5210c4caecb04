"""The third step, once a partition: normalise, compare and write the plan."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping
from functools import partial

from oduyo_provider.core.findings import Finding
from oduyo_provider.core.language import format_number, ngettext
from oduyo_provider.core.plan import PlanRules
from oduyo_provider.core.planner import compute_plan
from oduyo_provider.core.record import Remote
from oduyo_provider.sync.staging.folder import write_manifest
from oduyo_provider.sync.staging.layout import MANIFEST, PLAN, RESULTS, name_journal, name_partition
from oduyo_provider.sync.staging.manifests import (
    ExtractManifest,
    PlanFiles,
    PlanManifest,
    Reference,
    SnapshotManifest,
    number_plan,
    read_reference,
)
from oduyo_provider.sync.staging.plans import write_plan
from oduyo_provider.sync.steps.context import StepContext
from oduyo_provider.sync.steps.tables import write_planned_lines

log = logging.getLogger(__name__)


def transform(step: StepContext, part: Reference) -> Reference:
    """Compute and write the plan of one partition, one of the references that extract returned."""
    root, extracted = step.run.root, read_reference(step.run.root, part, ExtractManifest)
    partition, partitions, snapshot = int(part["partition"]), extracted.desired.buckets, extracted.snapshot
    step, state = step.follow(snapshot), step.open_state(snapshot.site, snapshot.resource)
    plan = compute_plan(
        extracted.desired.read(root, partition, dict[str, object]),
        extracted.existing.read(root, partition, Remote),
        state.read_entries(partition, partitions).values(),
        normaliser=step.make_normaliser(snapshot.resource),
        rules=make_rules(step, extracted, state.read_findings()),
        known_rejected=state.source(snapshot.source).read_known_rejected(),
        read_all=partial(extracted.existing.read_records, root),
    )
    folder = step.run.step(PLAN).child(name_partition(partition))
    files = write_plan(folder, plan)
    number, digest = _name_plan(step, snapshot, files)
    manifest = PlanManifest(
        run=step.run.name,
        folder=folder.address,
        partition=partition,
        partitions=partitions,
        counts=plan.counts,
        files=files,
        digest=digest,
        journal=step.run.folder.child(RESULTS, name_journal(partition, number, digest)).address,
        params=step.params,
        snapshot=snapshot,
        lines=write_planned_lines(step, snapshot.resource, partition, plan),
    )
    write_manifest(folder, MANIFEST, manifest)
    _say_counts(manifest)
    return {
        "manifest": folder.address,
        "of": part["manifest"],
        "partition": partition,
        "partitions": partitions,
        "changes": plan.counts.changes,
        "rejected": plan.counts.rejected,
    }


def _name_plan(step: StepContext, snapshot: SnapshotManifest, files: PlanFiles) -> tuple[int, str]:
    """The plan's number and digest. Tries of plans with the same two continue each other."""
    number = number_plan(snapshot)
    return number, files.changes.digest if number else hashlib.sha256(step.run.name.encode()).hexdigest()


def _say_counts(manifest: PlanManifest) -> None:
    counts = manifest.counts
    figures = {
        "rejected": counts.rejected,
        "unchanged": counts.unchanged,
        "creates": counts.creates,
        "updates": counts.updates,
        "deactivates": counts.deactivates,
        "deletes": counts.deletes,
    }
    log.info(
        ngettext(
            "Partition %(number)s of %(partitions)s: %(n)s row, %(rejected)s rejected, %(unchanged)s unchanged; to create "
            "%(creates)s, to update %(updates)s, to deactivate %(deactivates)s, to delete %(deletes)s",
            "Partition %(number)s of %(partitions)s: %(n)s rows, %(rejected)s rejected, %(unchanged)s unchanged; to create "
            "%(creates)s, to update %(updates)s, to deactivate %(deactivates)s, to delete %(deletes)s",
            counts.extracted,
            number=manifest.partition + 1,
            partitions=manifest.partitions,
            **{name: format_number(count) for name, count in figures.items()},
        )
    )


def make_rules(step: StepContext, extracted: ExtractManifest, findings: Mapping[str, Finding]) -> PlanRules:
    """How the run's differences become changes.

    :param findings: what the site is known to do to values, by name.
    """
    params, is_mapped = step.params, bool(step.run.mapped)
    key_altered, desired = findings.get("key_altered"), step.run.root.at(extracted.desired.folder)
    return PlanRules(
        source=extracted.snapshot.source,
        run=step.run.name,
        now=step.clock.now(),
        settled_at=extracted.snapshot.settled_at,
        sync_mode=params.sync_mode,
        on_missing=params.on_missing,
        missing_runs=params.missing_runs,
        released=frozenset(params.release),
        findings=frozenset(findings),
        resend_refused=params.resend_refused,
        pairs=None if extracted.pairs is None else frozenset(extracted.pairs),
        may_lack_rows=extracted.unreadable_ids > 0 or is_mapped,
        is_mapped=is_mapped,
        key_length=None if key_altered is None else key_altered.length,
        is_first=extracted.snapshot.is_first,
        newest_id=extracted.snapshot.newest_id,
        others=frozenset(extracted.snapshot.others),
        shared_codes=frozenset(desired.read_items(extracted.shared_codes, int)),
    )
