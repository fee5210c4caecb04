"""What a person sees of a plan: its figures, the brakes that tripped, and some of its changes."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from itertools import chain, zip_longest

from oduyo_provider.core.brakes import Trip, format_release
from oduyo_provider.core.change import Action
from oduyo_provider.core.plan import PlanCounts, SyncMode, describe_change
from oduyo_provider.core.redact import neutralise
from oduyo_provider.sync.runtime.log_table import format_table
from oduyo_provider.sync.staging.layout import PLAN
from oduyo_provider.sync.staging.manifests import Decision
from oduyo_provider.sync.staging.plans import PlanPart
from oduyo_provider.sync.steps.context import StepContext

log = logging.getLogger(__name__)

#: Changes shown as a sample of a plan, and characters shown of each: the sample also travels to the task approve by XCom.
SAMPLE_CHANGES = 10
SAMPLE_WIDTH = 100


def explain_trip(trip: Trip) -> str:
    """A brake in one sentence, with samples."""
    samples = " | ".join(neutralise(sample, SAMPLE_WIDTH) for sample in trip.samples)
    return f"{trip.name}: {trip.message}{f', such as {samples}' if samples else ''}."


def show_plan(step: StepContext, decision: Decision, parts: Sequence[PlanPart]) -> list[str]:
    """Put a plan into the task log; returns a sample of its changes, where somebody has to look at them."""
    counts, trips = decision.counts, decision.trips
    log.info("The plan:\n%s", format_table(_describe(counts, step)))
    for name, count in counts.warnings.items():
        log.warning("%s: %s rows (sent all the same)", name, f"{count:,}")
    if counts.remote_duplicates:
        log.warning(
            "Ödüyo holds %s records beside others with the same integration_id (%s of them new%s); one of each is kept in "
            "step, the others are left alone",
            f"{counts.remote_duplicates:,}",
            f"{counts.new_duplicates:,}",
            "".join(f", {sample}" for sample in counts.samples.get("new_duplicates", [])),
        )
    for trip in trips:
        if trip.is_released:
            log.warning("Released for this run: %s", explain_trip(trip))
        elif not trip.blocks:
            log.warning("%s To let them pass: release %s", explain_trip(trip), format_release([trip]))
    sample = _sample(parts) if step.params.dry_run or trips or decision.why_not else []
    if sample:
        log.info("Some of the changes (all of them: %s/%s/):\n%s", step.run.folder.uri, PLAN, "\n".join(sample))
    return sample


def _describe(counts: PlanCounts, step: StepContext) -> list[tuple[str, object]]:
    lines: list[tuple[str, object]] = [
        ("ERP rows", counts.extracted),
        ("  repeated", counts.repeated),
        ("  rejected", counts.rejected),
        ("  of them known from the last run", counts.known_rejected),
        ("  refused before, not sent again", counts.known_refused),
        ("  unchanged", counts.unchanged),
        ("  to create", counts.creates),
        ("  to update", counts.updates),
    ]
    if step.params.sync_mode is SyncMode.UPSERT:
        lines += [
            ("records in Ödüyo", counts.existing),
            ("  of this source without an ERP row", counts.missing),
            ("    to deactivate", counts.deactivates),
            ("    to delete", counts.deletes),
            ("  out of scope (no row of their key1 and key2)", counts.out_of_scope),
        ]
    return lines + [(f"rejected: {reason}", count) for reason, count in counts.reasons.items()]


def _sample(parts: Iterable[PlanPart]) -> list[str]:
    """Some changes, one of each action first: many creates must not hide the deletes behind them."""
    found: dict[Action, list[str]] = {action: [] for action in reversed(Action)}
    for change in chain.from_iterable(part.read_changes() for part in parts if part.manifest.counts.changes):
        lines = found[change.action]
        if len(lines) < SAMPLE_CHANGES:
            lines.append(neutralise(describe_change(change), SAMPLE_WIDTH))
    turns = chain.from_iterable(zip_longest(*found.values()))
    return [line for line in turns if line is not None][:SAMPLE_CHANGES]
