"""What a person sees of a plan: its figures, the brakes that tripped, and some of its changes."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from itertools import chain, zip_longest

from oduyo_provider.core.brakes import Trip
from oduyo_provider.core.change import Action
from oduyo_provider.core.language import format_number, gettext, ngettext
from oduyo_provider.core.plan import PlanCounts, SyncMode
from oduyo_provider.core.redact import neutralise
from oduyo_provider.core.release import format_release
from oduyo_provider.core.samples import describe_change
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
    told = {"brake": trip.name, "message": trip.message}
    if not trip.samples:
        return gettext("%(brake)s: %(message)s.", **told)
    samples = " | ".join(neutralise(sample, SAMPLE_WIDTH) for sample in trip.samples)
    return gettext("%(brake)s: %(message)s, such as %(samples)s.", samples=samples, **told)


def show_plan(step: StepContext, decision: Decision, parts: Sequence[PlanPart]) -> list[str]:
    """Put a plan into the task log; returns a sample of its changes, where somebody has to look at them."""
    counts, trips = decision.counts, decision.trips
    log.info("%s\n%s", gettext("The plan:"), format_table(_describe(counts, step)))
    for name, count in counts.warnings.items():
        log.warning(
            ngettext(
                "%(warning)s: %(n)s row (sent all the same)",
                "%(warning)s: %(n)s rows (sent all the same)",
                count,
                warning=name,
            )
        )
    if counts.remote_duplicates:
        log.warning(_describe_duplicates(counts))
    for trip in trips:
        if trip.is_released:
            log.warning(gettext("Released for this run: %(brake)s", brake=explain_trip(trip)))
        elif not trip.blocks:
            way = gettext("To let them pass: release %(release)s", release=format_release({trip.name: trip.count}))
            log.warning("%s %s", explain_trip(trip), way)
    sample = _sample(parts) if step.params.dry_run or trips or decision.why_not else []
    if sample:
        where = f"{step.run.folder.uri}/{PLAN}/"
        told = gettext("Some of the changes (all of them: %(folder)s):", folder=where)
        log.info("%s\n%s", told, "\n".join(sample))
    return sample


def _describe_duplicates(counts: PlanCounts) -> str:
    told = {"new": format_number(counts.new_duplicates)}
    if samples := counts.samples.get("new_duplicates"):
        told["new"] = f"{told['new']}: {', '.join(samples)}"
    return ngettext(
        "Ödüyo holds %(n)s record beside another with the same integration_id (new ones: %(new)s); one of them is kept in step, "
        "the other is left alone",
        "Ödüyo holds %(n)s records beside others with the same integration_id (new ones: %(new)s); one of each is kept in step, "
        "the others are left alone",
        counts.remote_duplicates,
        **told,
    )


def _describe(counts: PlanCounts, step: StepContext) -> list[tuple[str, object]]:
    lines: list[tuple[str, object]] = [
        (gettext("ERP rows"), counts.extracted),
        ("  " + gettext("repeated"), counts.repeated),
        ("  " + gettext("rejected"), counts.rejected),
        ("    " + gettext("of them known from the last run"), counts.known_rejected),
        ("  " + gettext("refused before, not sent again"), counts.known_refused),
        ("  " + gettext("unchanged"), counts.unchanged),
        ("  " + gettext("to create"), counts.creates),
        ("  " + gettext("to update"), counts.updates),
    ]
    if counts.vanished:
        lines.append(("  " + gettext("not listed by Ödüyo any more, not sent"), counts.vanished))
    if step.params.sync_mode is SyncMode.UPSERT:
        lines += [
            (gettext("records in Ödüyo"), counts.existing),
            ("  " + gettext("of this source without an ERP row"), counts.missing),
            ("    " + gettext("to deactivate"), counts.deactivates),
            ("    " + gettext("to delete"), counts.deletes),
            ("  " + gettext("out of scope (no row of their key1 and key2)"), counts.out_of_scope),
        ]
    reasons = counts.reasons.items()
    return lines + [(gettext("rejected: %(reason)s", reason=reason), count) for reason, count in reasons]


def _sample(parts: Iterable[PlanPart]) -> list[str]:
    """Some changes of each action, deletions first: many creates must not hide them."""
    found: dict[Action, list[str]] = {action: [] for action in reversed(Action)}
    for change in chain.from_iterable(part.read_changes() for part in parts if part.manifest.counts.changes):
        lines = found[change.action]
        if len(lines) < SAMPLE_CHANGES:
            lines.append(neutralise(describe_change(change), SAMPLE_WIDTH))
    turns = [line for turn in zip_longest(*found.values()) for line in turn if line is not None]
    chosen = set(turns[:SAMPLE_CHANGES])
    return [line for lines in found.values() for line in lines if line in chosen]
