"""The fourth step: add the partitions up and stop an unsafe run before its first write."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from functools import reduce
from itertools import chain, zip_longest
from operator import add

from oduyo_provider.core.brakes import Trip, compute_trips
from oduyo_provider.core.change import Action, Change
from oduyo_provider.core.errors import UnsafePlanError
from oduyo_provider.core.params import OnUnsafe, RunParams
from oduyo_provider.core.plan import PlanCounts, SyncMode
from oduyo_provider.core.redact import neutralise
from oduyo_provider.sync.runtime.log_table import format_table
from oduyo_provider.sync.staging.folder import Folder, decode_lines, read_manifest
from oduyo_provider.sync.staging.manifests import MANIFEST, ExtractManifest, PlanManifest, Reference
from oduyo_provider.sync.staging.run_folder import Run

log = logging.getLogger(__name__)

#: Changes shown as a sample of a plan, and characters shown of each: the sample also travels to the task approve by XCom.
SAMPLE_CHANGES = 10
SAMPLE_WIDTH = 100


def read_plans(plans: Iterable[Reference]) -> list[PlanManifest]:
    """The manifests behind plan references, by partition."""
    manifests = (read_manifest(Folder.open(plan["manifest"]), MANIFEST, PlanManifest) for plan in plans)
    return sorted(manifests, key=lambda manifest: manifest.partition)


def compute_total(manifests: Iterable[PlanManifest]) -> PlanCounts:
    """All partitions together."""
    return reduce(add, (manifest.counts for manifest in manifests), PlanCounts())


def check(run: Run, parts: Sequence[Reference], plans: Sequence[Reference], params: RunParams) -> Reference:
    """Show the plan and apply the brakes.

    :param parts: the references that extract returned.
    :param plans: the references that transform returned.
    :returns: counts, ``ask`` (whether a person has to approve), and for that person ``figures`` and ``sample``.
    :raises UnsafePlanError: a brake tripped, and the params say to fail.
    """
    manifests = read_plans(plans)
    counts = compute_total(manifests)
    extracted = read_manifest(Folder.open(parts[0]["manifest"]), MANIFEST, ExtractManifest)
    trips = compute_trips(
        counts,
        rules=params.plan_rules,
        brakes=params.brakes,
        has_scope=extracted.pairs is not None,
        previous_existing=run.state(extracted.snapshot.site, extracted.snapshot.resource).read_existing(),
    )
    log.info("The plan:\n%s", format_table(_describe(counts, params)))
    for name, count in counts.warnings.items():
        log.warning("%s: %s rows (sent all the same)", name, f"{count:,}")
    if counts.remote_duplicates:
        log.warning(
            "Ödüyo holds %s records beside others with the same integration_id; the lowest id is kept in step, the "
            "others are left alone",
            f"{counts.remote_duplicates:,}",
        )
    sample = _sample(manifests) if params.dry_run or trips else []
    if sample:
        log.info("Some of the changes (all of them: %s/plan/):\n%s", run.folder.uri, "\n".join(sample))
    ask = _judge(trips, sample, params)
    return {
        "ask": ask,
        "trips": [trip.code for trip in trips],
        "figures": [trip.message for trip in trips],
        "sample": sample if ask else [],
        "changes": counts.changes,
        "dry_run": params.dry_run,
    }


def _judge(trips: list[Trip], sample: list[str], params: RunParams) -> bool:
    """Whether to ask; raises when the run has to fail."""
    if not trips:
        return False
    figures = "; ".join(trip.message for trip in trips)
    if params.allow_unsafe:
        log.warning("Going on although a brake tripped, as release says: %s", figures)
        return False
    if params.dry_run:
        log.warning("A brake trips on this plan; a run that writes would stop here: %s", figures)
        return False
    if params.on_unsafe is OnUnsafe.ASK:
        log.warning("A brake tripped; the task approve now waits for a person: %s", figures)
        return True
    raise UnsafePlanError(
        f"Stopped before any write: {figures}. For example: {' | '.join(sample[:3]) or 'no change is planned'}. If this "
        "is right, trigger the run again with release=…, naming that brake, or with on_unsafe=ask to approve it in the UI; if not, "
        "look at the ERP query and the ERP's table first."
    )


def _describe(counts: PlanCounts, params: RunParams) -> list[tuple[str, object]]:
    lines: list[tuple[str, object]] = [
        ("ERP rows", counts.extracted),
        ("  rejected", counts.rejected),
        ("  unchanged", counts.unchanged),
        ("  to create", counts.creates),
        ("  to update", counts.updates),
    ]
    if params.sync_mode is SyncMode.UPSERT:
        lines += [
            ("Ödüyo records", counts.existing),
            ("  without an ERP row", counts.missing),
            (f"  to {params.on_missing.value}", counts.missing - counts.kept_missing or counts.kept_missing),
        ]
    return lines + [(f"rejected: {reason}", count) for reason, count in counts.reasons.items()]


def read_changes(manifest: PlanManifest) -> Iterator[Change]:
    """A plan's changes, one at a time, in their order."""
    folder = Folder.open(manifest.folder)
    return decode_lines(folder, manifest.changes.name, folder.read_lines(manifest.changes), Change)


def _sample(manifests: Iterable[PlanManifest]) -> list[str]:
    """Some changes, one of each action first: many creates must not hide the deletes behind them."""
    found: dict[Action, list[str]] = {action: [] for action in reversed(Action)}
    for change in chain.from_iterable(read_changes(manifest) for manifest in manifests if manifest.counts.changes):
        lines = found[change.action]
        if len(lines) < SAMPLE_CHANGES:
            lines.append(neutralise(describe_change(change), SAMPLE_WIDTH))
    turns = chain.from_iterable(zip_longest(*found.values()))
    return [line for line in turns if line is not None][:SAMPLE_CHANGES]


def describe_change(change: Change) -> str:
    """A change in one line, for people."""
    where = f"{change.integration_id}" + (f" (Ödüyo {change.oduyo_id})" if change.oduyo_id else "")
    if change.action is Action.CREATE:
        return f"create {where}: code {change.payload.get('code', '')!r}"
    if change.action is Action.DELETE:
        return f"delete {where}: code {change.base.get('code')!r}"
    fields = ", ".join(f"{name} {change.before[name]!r} → {change.after[name]!r}" for name in change.differs)
    return f"{change.action.value} {where}: {fields}"
