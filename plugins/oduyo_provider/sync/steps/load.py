"""The fifth step, once a partition: apply the plan as it was saved."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Mapping, Sequence

from oduyo_provider.api.client import OduyoClient
from oduyo_provider.api.settings import Settings
from oduyo_provider.core.change import Change, Outcome
from oduyo_provider.core.errors import IncompleteError, SettingsError, StagingError
from oduyo_provider.core.normalise import Normaliser
from oduyo_provider.core.plan import SyncMode
from oduyo_provider.core.report import compute_figure
from oduyo_provider.sync.apply.applier import Applier
from oduyo_provider.sync.apply.lookup import Reader
from oduyo_provider.sync.apply.progress import Progress
from oduyo_provider.sync.runtime.clock import Clock
from oduyo_provider.sync.runtime.log_table import format_table
from oduyo_provider.sync.site.lease import Lease
from oduyo_provider.sync.site.quiesce import SENT_WITHIN_S, wait_for_journals
from oduyo_provider.sync.site.state import OpenJournal, SiteState
from oduyo_provider.sync.staging.folder import Folder, read_manifest
from oduyo_provider.sync.staging.journal import History, Journal, Result, read_history
from oduyo_provider.sync.staging.manifests import MANIFEST, PlanManifest, Reference
from oduyo_provider.sync.staging.run_folder import Run
from oduyo_provider.sync.steps.guard import read_changes

log = logging.getLogger(__name__)

#: A plan whose listing is older than this is compared again before anything is sent.
TRUSTED_FOR_S = 15 * 60.0

#: The folder of a run's journals; each is named by its partition and the beginning of its plan's digest.
RESULTS = "results"


async def load(
    run: Run,
    plan: Reference,
    client: OduyoClient,
    settings: Settings,
    *,
    clock: Clock = Clock(),  # noqa: B008  frozen
) -> Reference:
    """Apply one partition's plan and write what became of it.

    :param plan: one of the references that transform returned.
    :returns: counts by figure, and where the results lie.
    :raises OutdatedPlanError: a later run has been applied.
    """
    manifest = read_manifest(Folder.open(plan["manifest"]), MANIFEST, PlanManifest)
    _check_belongs(run, manifest, client, settings)
    if not manifest.counts.changes:
        return _close(manifest, [], {}, took_s=0.0)
    normaliser = Normaliser(manifest.snapshot.resource, manifest.params.rules)
    state = run.state(settings.site, normaliser.resource)
    progress = Progress(log)
    lease = _make_lease(run, manifest, state, progress, clock)
    async with lease.hold():
        started_at = clock.now()
        is_old, quiet = await _look_around(run, manifest, state, settings.settle_s, clock, progress)
        # The login waits for Ödüyo meanwhile; where it is refused, nothing was written down that a next try had to look up.
        changes, _ = await asyncio.gather(asyncio.to_thread(_read, manifest), client.log_in())
        history = read_history(Folder.open(manifest.journal), manifest.digest)
        applier = _make_applier(run, manifest, client, settings, normaliser, progress, history, lease, is_old, clock)
        state.open_journal(OpenJournal(manifest.journal, manifest.digest, manifest.generation))
        state.note_applied(run.name, manifest.generation, manifest.snapshot, clock.now())
        for folder in quiet:  # only now: an older plan must find either the journal or this plan
            state.close_journal(folder)
        try:
            await applier.apply(changes)
        finally:
            state.note_applied(run.name, manifest.generation, manifest.snapshot, clock.now())
            progress.say_samples()
        if applier.is_quiet:
            state.close_journal(manifest.journal)
    return _close(manifest, changes, applier.results, took_s=clock.now() - started_at)


def _read(manifest: PlanManifest) -> list[Change]:
    return list(read_changes(manifest))


async def _look_around(
    run: Run, manifest: PlanManifest, state: SiteState, settle_s: float, clock: Clock, progress: Progress
) -> tuple[bool, list[str]]:
    """Wait until nothing that others sent is on its way any more.

    :returns: whether Ödüyo may be other than when the plan was made, so that all must be compared again; and the
        journals whose last effect this plan's listing has seen.
    :raises OutdatedPlanError: a later plan has been applied.
    """
    was_overtaken = state.check_order(manifest.generation, manifest.snapshot)
    is_old = clock.now() - manifest.snapshot.ended_at > TRUSTED_FOR_S
    journals = state.read_open_journals()
    superseded = _find_superseded(run, manifest)
    others = [
        journal
        for journal in journals
        if journal.generation != manifest.generation or journal.folder.rpartition("/")[2] in superseded
    ]
    quiet_at = await wait_for_journals(state, others, settle_s, clock, progress.say, closes_unread=False)
    quiet = [folder for folder, at in quiet_at.items() if at <= manifest.snapshot.started_at]
    is_lost = manifest.journal in {journal.folder for journal in journals} and not Folder.open(manifest.journal).names()
    if is_lost:
        progress.say("The journal of an earlier try is gone; waiting until nothing that it sent can still take effect")
        await clock.sleep(SENT_WITHIN_S + settle_s)
    return was_overtaken or is_old or bool(superseded) or is_lost or len(quiet) < len(quiet_at), quiet


def _find_superseded(run: Run, manifest: PlanManifest) -> set[str]:
    """The names of journals of this run's earlier plans that hold rows of this partition.

    When extract or transform is cleared and runs again after a load, the new plan is based on the same listing, which
    does not show what the load has done since.
    """
    own = manifest.journal.rpartition("/")[2]
    names = {name for name in run.folder.child(RESULTS).names() if name != own}
    superseded = {name for name in names if int(name[:4]) == manifest.partition or int(name[:4]) >= manifest.partitions}
    if manifest.partitions > 1 and any(name.startswith("0000-") for name in names - superseded):
        superseded |= names & _find_undivided(run)
    return superseded


def _find_undivided(run: Run) -> set[str]:
    """The names of the journals of plans that were one partition only."""
    plans = run.folder.child("plan")
    folders = [plans.child(attempt, "0000") for attempt in plans.names()]
    manifests = [read_manifest(folder, MANIFEST, PlanManifest) for folder in folders if folder.has(MANIFEST)]
    return {plan.journal.rpartition("/")[2] for plan in manifests if plan.partitions == 1}


def _make_lease(run: Run, manifest: PlanManifest, state: SiteState, progress: Progress, clock: Clock) -> Lease:
    return Lease(
        state.claims,
        generation=manifest.generation,
        partition=manifest.partition,
        attempt=run.attempt,
        say=progress.say,
        clock=clock,
    )


def _make_applier(
    run: Run,
    manifest: PlanManifest,
    client: OduyoClient,
    settings: Settings,
    normaliser: Normaliser,
    progress: Progress,
    history: History,
    lease: Lease,
    is_old: bool,
    clock: Clock,
) -> Applier:
    is_create_mode = manifest.params.sync_mode is SyncMode.CREATE
    reader = Reader(
        client,
        normaliser,
        concurrency=settings.max_concurrency,
        site_rows=manifest.counts.existing * manifest.partitions,
        last_id=manifest.snapshot.last_id,
        is_create_mode=is_create_mode,
    )
    journal = Journal(Folder.open(manifest.journal), attempt=run.attempt, digest=manifest.digest, clock=clock.now)
    return Applier(
        client,
        reader,
        journal,
        normaliser,
        progress,
        history=history,
        concurrency=settings.max_concurrency,
        settle_s=settings.settle_s,
        check_lease=lease.check,
        is_create_mode=is_create_mode,
        is_old=is_old,
        is_divided=manifest.partitions > 1,
        clock=clock,
    )


def _check_belongs(run: Run, manifest: PlanManifest, client: OduyoClient, settings: Settings) -> None:
    if manifest.snapshot.resource != client.resource:
        raise SettingsError(
            f"The plan is for {manifest.snapshot.resource.name}, but this task writes {client.resource.name}: nothing was "
            "sent. Give it the plans of its own DAG."
        )
    if manifest.run != run.name:
        raise StagingError(
            f"The plan in {manifest.folder} is of the run {manifest.run}, not of {run.name}: nothing was sent. Start a "
            "new run, which makes a plan of its own."
        )
    if manifest.snapshot.site != settings.site:
        raise StagingError(
            f"The plan was made for {manifest.snapshot.site}, but the connection now names {settings.site}: nothing was "
            "sent. Start a new run, which lists the new site first."
        )


def _close(
    manifest: PlanManifest, changes: Sequence[Change], results: Mapping[str, Result], *, took_s: float
) -> Reference:
    """Put the closing table into the log and the counts into the reference."""
    ends = Counter(
        (change.action, result.outcome if (result := results.get(change.key)) else _UNTRIED) for change in changes
    )
    outcomes, figures = Counter[Outcome](), Counter[str]()
    for (action, outcome), count in ends.items():
        outcomes[outcome] += count
        figures[compute_figure(action, outcome)] += count
    if changes:
        rows: list[tuple[str, object]] = [(name, count) for name, count in sorted(figures.items())]
        rows += [("seconds", f"{took_s:.1f}"), ("changes a second", f"{len(changes) / max(took_s, 0.001):.0f}")]
        log.info("Applied %s changes:\n%s", f"{len(changes):,}", format_table(rows))
    else:
        log.info("Nothing to do: Ödüyo is as the ERP wants it")
    undelivered = {outcome.value: outcomes[outcome] for outcome in _UNDELIVERED if outcomes[outcome]}
    return {
        "journal": manifest.journal,
        "partition": manifest.partition,
        "figures": dict(figures),
        "undelivered": undelivered,
    }


_UNTRIED = Outcome.NOT_APPLIED
_UNDELIVERED = (Outcome.FAILED, Outcome.DOUBTFUL, Outcome.NOT_APPLIED)


def check_delivered(reference: Reference) -> None:
    """Raise IncompleteError when a load left something undelivered, so that its task is tried again."""
    undelivered = reference["undelivered"]
    if undelivered:
        text = ", ".join(f"{count:,} {name}" for name, count in undelivered.items())
        raise IncompleteError(
            f"Not all changes were delivered: {text}. The samples above say why; trying again sends only what is not "
            "there yet."
        )
