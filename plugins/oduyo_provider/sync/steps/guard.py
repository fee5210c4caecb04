"""The fourth step: add the partitions up and stop an unsafe run before its first write."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence

from oduyo_provider.core.brakes import Trip, compute_trips, list_releases
from oduyo_provider.core.errors import UnsafePlanError
from oduyo_provider.core.language import gettext, gettext_noop, ngettext
from oduyo_provider.core.plan import SyncMode
from oduyo_provider.core.release import CANARY_BRAKES, OnUnsafe, format_release
from oduyo_provider.sync.site.state import SiteState
from oduyo_provider.sync.staging.folder import Folder, write_manifest
from oduyo_provider.sync.staging.layout import DECISION, PLAN
from oduyo_provider.sync.staging.manifests import Decision, Reference
from oduyo_provider.sync.staging.outcomes import count_actions
from oduyo_provider.sync.staging.plans import PlanPart, compute_total, has_asked_otherwise, name_plans, open_parts
from oduyo_provider.sync.steps.chain import check_whole
from oduyo_provider.sync.steps.context import StepContext
from oduyo_provider.sync.steps.look_alikes import judge_look_alikes
from oduyo_provider.sync.steps.plan_view import explain_trip, show_plan
from oduyo_provider.sync.steps.releases import explain_spent
from oduyo_provider.sync.steps.tables import write_decided_table

log = logging.getLogger(__name__)

NOT_OPENED = gettext_noop(
    "this source has never written to this Ödüyo site, and the first write is a person's: trigger the DAG by hand, with "
    "dry_run off. Once that run has passed guard, scheduled runs write by themselves"
)


def guard(step: StepContext, plans: Sequence[Reference]) -> Reference:
    """Show the plan, apply the brakes, and decide whether load may write.

    :param plans: the references that transform returned.
    :returns: ``plans`` (what load takes, none when nothing may be written), ``decision`` (where it stands), ``ask``
        (whether a person has to approve), and for that person ``figures``, ``actions`` and ``sample``.
    :raises SettingsError: the plan of a partition is missing.
    :raises OutdatedPlanError: another plan on the same listing has begun to write.
    :raises UnsafePlanError: a brake tripped, and the params say to fail.
    """
    parts = open_parts(step.run.root, plans)
    check_whole(parts)
    snapshot = parts[0].manifest.snapshot
    step = step.follow(snapshot)
    state = step.open_state(snapshot.site, snapshot.resource)
    folder = step.run.step(PLAN)
    source = state.source(snapshot.source)
    if step.params.sync_mode is SyncMode.UPSERT:
        source.check_rows(parts[0].manifest.generation, plans[0]["of"])
    known_rejected = source.read_known_rejected()
    decision = _decide(step, parts, state, known_rejected, folder)
    write_manifest(folder, DECISION, decision)
    references = [{**reference, "decision": folder.address} for reference in plans]
    blocking, decided = _find_blocking(decision.trips), open_parts(step.run.root, references)
    write_decided_table(step, decided, known_rejected, is_dry=bool(decision.why_not))
    sample = show_plan(step, decision, decided)
    if step.params.sync_mode is SyncMode.UPSERT:
        _check_known_ids(decision, step.params.release)
    _stop_when_unsafe(step, blocking, decision)
    if decision.writes:
        source.note_passed(snapshot.number, step.run.name, step.run.attempt)
        if not step.is_exempt and not source.is_opened:
            source.open(step.run.name)
    return {
        "plans": references if decision.writes or decision.asks else [],
        "decision": folder.address,
        **_refer_to(step, decision, sample),
    }


def _refer_to(step: StepContext, decision: Decision, sample: list[str]) -> Reference:
    """The reference to a decision, with what load and a person who is asked need."""
    return {
        "of": decision.of,
        "ask": decision.asks,
        "why_not": decision.why_not,
        "trips": [trip.name for trip in decision.trips],
        "figures": [explain_trip(trip) for trip in _find_blocking(decision.trips)],
        "actions": {name: count for name, count in count_actions(decision.counts).items() if count},
        "sample": sample if decision.asks else [],
        "changes": decision.counts.changes,
        "dry_run": step.params.dry_run,
    }


def _decide(
    step: StepContext, parts: Sequence[PlanPart], state: SiteState, known_rejected: frozenset[str], folder: Folder
) -> Decision:
    """Whether load may write; what becomes of rows that look like a record is written into the folder."""
    first, params = parts[0].manifest, step.params
    counts = compute_total(parts)
    look_alikes = judge_look_alikes(step, parts, known_rejected, counts)
    decided = look_alikes.add_to(counts)
    trips = compute_trips(counts, params, look_alikes=look_alikes.count, decided=decided)
    blocking = _find_blocking(trips)
    why_not = "" if step.is_exempt or step.is_manual or state.is_opened(first.snapshot.source) else gettext(NOT_OPENED)
    if params.dry_run:
        why_not = gettext("dry_run is on")
    of = name_plans({"manifest": part.manifest.folder} for part in parts)
    may_ask = params.on_unsafe is OnUnsafe.ASK and not has_asked_otherwise(step.run.folder, of)
    return Decision(
        generation=first.generation,
        of=of,
        writes=not why_not and not blocking,
        asks=bool(blocking) and may_ask and not why_not,
        why_not=why_not,
        trips=trips,
        counts=decided,
        look_alikes=look_alikes.write(folder, first.partitions),
        kept=look_alikes.kept,
    )


def _find_blocking(trips: Iterable[Trip]) -> list[Trip]:
    return [trip for trip in trips if trip.blocks and not trip.is_released]


def _check_known_ids(decision: Decision, release: Iterable[str]) -> None:
    """Stop when the ledger holds ids and Ödüyo lists none of them."""
    counts = decision.counts
    is_lost = counts.known_ids and not counts.known_listed and counts.creates and "vanished" not in release
    if is_lost and not decision.why_not:
        raise UnsafePlanError(
            ngettext(
                "Stopped before any write: Ödüyo lists none of the %(n)s record that this product made or matched here, so "
                "whatever were created could be there already. Check in the Ödüyo panel whether the user may list these "
                "records. If the site was really emptied or restored, give one run release %(release)s, which creates "
                "them again.",
                "Stopped before any write: Ödüyo lists none of the %(n)s records that this product made or matched here, so "
                "whatever were created could be there already. Check in the Ödüyo panel whether the user may list these "
                "records. If the site was really emptied or restored, give one run release %(release)s, which creates "
                "them again.",
                counts.known_ids,
                release='["vanished"]',
            )
        )


def _stop_when_unsafe(step: StepContext, blocking: Sequence[Trip], decision: Decision) -> None:
    if not blocking:
        return
    figures = "; ".join(trip.message for trip in blocking)
    if decision.why_not:
        log.warning(
            gettext("A brake trips on this plan; a run that writes would stop here: %(figures)s", figures=figures)
        )
    elif decision.asks:
        log.warning(gettext("A brake tripped; the task approve now waits for a person: %(figures)s", figures=figures))
    else:
        raise UnsafePlanError(
            gettext(
                "Stopped before any write. %(brakes)s %(way)s",
                brakes=" ".join(map(explain_trip, blocking)),
                way=_explain_way_on(step, decision),
            )
        )


def _explain_way_on(step: StepContext, decision: Decision) -> str:
    """How a person goes on where a brake stopped the run."""
    # The canary's brakes can only trip in load, so what this run released of them the next one has to release too.
    given = {name: limit for name, limit in step.params.release.items() if name in CANARY_BRAKES}
    release = format_release({**list_releases(decision.trips), **given})
    if step.is_exempt:  # an operator in somebody's DAG has no form and no task that asks
        way_on = gettext(
            "If this is right, give the task the argument release=%(release)s for one run, then take it out again; if not, "
            "look at the ERP query and the ERP's table first.",
            release=release,
        )
    else:
        way_on = gettext(
            "If this is right, trigger the run again with release %(release)s, or with on_unsafe=ask to approve it in the "
            "UI; if not, look at the ERP query and the ERP's table first.",
            release=release,
        )
        if step.params.on_unsafe is OnUnsafe.ASK:  # it would ask, had it not asked about another plan
            asked = gettext(
                "This run has asked a person about an earlier plan, and Airflow goes on showing that question: it cannot ask "
                "about this one. A new run asks anew."
            )
            way_on = f"{asked} {way_on}"
    return way_on if step.spent_for is None else f"{explain_spent(step.spent_for)} {way_on}"
