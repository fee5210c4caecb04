"""The fifth step: apply the plan as it was decided, under one lease, partition by partition."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial

import msgspec

from oduyo_provider.api.client import OduyoClient
from oduyo_provider.api.settings import Settings
from oduyo_provider.core.change import Action, Change, Outcome
from oduyo_provider.core.findings import Finding
from oduyo_provider.core.language import format_number, gettext, ngettext
from oduyo_provider.core.plan import SyncMode
from oduyo_provider.core.report import compute_figure
from oduyo_provider.core.values.text import compute_match_key
from oduyo_provider.sync.apply.applier import Applier
from oduyo_provider.sync.apply.elsewhere import Known, Partitions, list_known
from oduyo_provider.sync.apply.listed import Listed
from oduyo_provider.sync.apply.progress import Progress
from oduyo_provider.sync.apply.recorder import Recorder
from oduyo_provider.sync.apply.work import Course, Work
from oduyo_provider.sync.runtime.log_table import format_table
from oduyo_provider.sync.site.open_plans import OpenPlan
from oduyo_provider.sync.site.overlay import Entries
from oduyo_provider.sync.site.quiesce import wait_for_plans
from oduyo_provider.sync.staging.manifests import Reference
from oduyo_provider.sync.staging.plans import PlanPart, open_parts
from oduyo_provider.sync.steps.chain import check_whole
from oduyo_provider.sync.steps.context import StepContext
from oduyo_provider.sync.steps.plan_checks import check_belongs, check_decided
from oduyo_provider.sync.steps.tables import open_updater

log = logging.getLogger(__name__)

_RETIREMENT_BRAKES = frozenset({"retired", "retired_pair", "retired_week"})
_UNDELIVERED = (Outcome.FAILED, Outcome.DOUBTFUL, Outcome.NOT_APPLIED)


async def load(step: StepContext, plans: Sequence[Reference], client: OduyoClient, settings: Settings) -> Reference:
    """Apply a plan and write what became of it.

    :param plans: the references to all its partitions, as guard returned them.
    :returns: counts by figure.
    :raises SettingsError: the plan is not this task's, is not whole, or guard has not let it through.
    :raises OutdatedPlanError: a newer plan of the same source has passed guard.
    :raises CanaryError: the first change of a kind was not stored as it was sent.
    """
    applying = _Load(step, plans, client, settings)
    async with applying.lease.hold():
        return await applying.run()


class _Load:
    """One try of applying one plan.

    :ivar lease: to be held meanwhile.
    """

    def __init__(self, step: StepContext, plans: Sequence[Reference], client: OduyoClient, settings: Settings) -> None:
        self._step = step
        self._plans = list(plans)
        self._client = client
        self._settings = settings
        self._parts = open_parts(step.run.root, plans)
        check_whole(self._parts)
        self._first = first = self._parts[0].manifest
        check_belongs(step, first, client, settings)
        self._decision = check_decided(self._parts[0].decision)
        self._state = step.open_state(first.snapshot.site, first.snapshot.resource)
        self._progress = Progress(log)
        self.lease = self._state.make_lease(first.generation, step.run.attempt, self._progress.say, step.clock)
        self._partitions = Partitions(first.partitions, self._read_known)
        self._ends: Counter[tuple[Action, Outcome]] = Counter()
        self._done_earlier = 0

    async def run(self) -> Reference:
        """Apply all partitions in order."""
        first, started_at = self._first, self._step.clock.now()
        source = self._state.source(first.snapshot.source)
        source.check_order(first.snapshot.number, first.generation, first.snapshot.mapped)
        has_changes = any(part.manifest.counts.changes for part in self._parts)
        before = self._state.plans.read()
        turn = self._state.read_turn()
        self._client.use_page_size(self._state.read_check().page_size)
        plan = self._describe_plan(turn)
        say, clock = self._progress.say, self._step.clock
        root = self._step.run.root
        await wait_for_plans(root, [*before, plan], self._settings.settle_s, clock, say, first.snapshot)
        if has_changes:
            # Log in first: a refused login leaves nothing that the next try has to wait for.
            await self._client.log_in()
        await self.lease.work(partial(self._state.merge_others, first.generation, buckets=self._step.buckets))
        self.lease.check()
        source.note_applied(first.snapshot.number, first.generation, first.snapshot.mapped, self._plans[0]["of"])
        self._remember_releases()
        if self._decision.asks:  # a person has approved it
            source.note_passed(first.snapshot.number, self._step.run.name, self._step.run.attempt)
            if self._step.is_manual and not self._step.is_exempt:
                source.open(self._step.run.name)
        # From here on everybody can see that this plan may have written.
        opened = self._state.plans.open(msgspec.structs.replace(plan, turn=self._state.next_turn()))
        if has_changes:
            await self._apply(self._make_work(is_listing_trusted=not before and turn == first.snapshot.turn))
        self.lease.check()
        self._state.plans.finish(opened)
        return self._close(self._step.clock.now() - started_at)

    def _remember_releases(self) -> None:
        """Remember releases of known findings for good, also if this plan does not show them again."""
        for finding in self._state.read_findings().values():
            if finding.brake in self._first.params.release and not (finding.is_released or finding.is_final):
                self._state.note_finding(msgspec.structs.replace(finding, is_released=True))

    def _describe_plan(self, turn: int) -> OpenPlan:
        first, params = self._first, self._first.params
        return OpenPlan(
            run=self._step.run.name,
            generation=first.generation,
            source=first.snapshot.source,
            number=first.snapshot.number,
            turn=turn,
            parts=self._plans,
            is_released=self._decision.asks or bool(_RETIREMENT_BRAKES & set(params.release)),
            takes_over="other_source" in params.release,
        )

    async def _apply(self, work: Work) -> None:
        snapshot, total = self._first.snapshot, sum(part.manifest.counts.changes for part in self._parts)
        course = Course(top_id=int(snapshot.last_id or 0), overlap_id=int(snapshot.overlap_id or 0))
        if self._first.params.resend_refused:  # a person wants all of them
            course.resends_left = total
        if work.is_create_mode:
            course.overlap_id = course.top_id
        applier = Applier(work, course, site_rows=snapshot.rows)
        self._progress.start(total)
        waiting: list[tuple[Recorder, list[Change]]] = []
        updater = open_updater(self._step, self._first.generation)
        try:
            async with updater.writing(self._step.clock.now()):
                for number in range(self._first.partitions):
                    recorder, changes = await asyncio.to_thread(self._open_part, number)
                    await updater.begin(number, recorder, changes)
                    await applier.apply(recorder, changes)
                    if applier.is_settled(recorder):
                        self._count(recorder, changes)
                        await updater.end(number)
                    else:
                        waiting.append((recorder, changes))
                await applier.finish()
            for recorder, changes in waiting:
                self._count(recorder, changes)
        finally:
            self._progress.say_samples()

    def _open_part(self, number: int) -> tuple[Recorder, list[Change]]:
        part, step = self._parts[number], self._step
        changes, history, entries = list(part.read_changes()), part.read_history(), self._read_entries(part)
        journal = part.open_journal(history, step.run.attempt, step.clock.now)
        keys = frozenset(compute_match_key(change.integration_id) for change in changes)
        return Recorder(journal, history, self._progress, entries, keys, self._partitions.besides(number)), changes

    def _read_entries(self, part: PlanPart) -> Entries:
        manifest = part.manifest
        return self._state.read_entries(manifest.partition, manifest.partitions, without=manifest.generation)

    def _read_known(self, number: int) -> Iterator[Known]:
        part = self._parts[number]
        return list_known(part, self._read_entries(part).values())

    def _make_work(self, *, is_listing_trusted: bool) -> Work:
        step, first, settings = self._step, self._first, self._settings
        snapshot, clock = first.snapshot, step.clock
        age_s = clock.now() - snapshot.started_at
        is_trusted = is_listing_trusted and not snapshot.is_busy and age_s >= 0
        findings = self._state.read_findings()
        return Work(
            client=self._client,
            normaliser=step.make_normaliser(snapshot.resource),
            progress=self._progress,
            clock=clock,
            concurrency=settings.max_concurrency,
            settle_s=settings.settle_s,
            check_lease=self.lease.check,
            source=snapshot.source,
            takes_over="other_source" in first.params.release,
            is_create_mode=first.params.sync_mode is SyncMode.CREATE,
            partial_updates=bool(self._state.read_check().partial_updates),
            escaping=findings["letters"].escaping if "letters" in findings else None,
            listed_at=clock.monotonic() - age_s if is_trusted else None,
            known_findings=findings,
            released=first.params.release,
            note_finding=self._note_finding,
            forget_finding=self._forget_finding,
            listed=Listed(partial(snapshot.side.read_records, self._step.run.root)),
        )

    def _forget_finding(self, name: str) -> None:
        known = self._state.read_findings().get(name)
        if known is not None and (known.is_final or known.brake == "key_altered"):  # else this load has just seen it
            self._state.forget_finding(name)

    def _note_finding(self, finding: Finding) -> None:
        """Remember what the site does to values."""
        if finding.brake == "partial_updates":
            self._state.note_check(msgspec.structs.replace(self._state.read_check(), partial_updates=False))
            return
        before = self._state.read_findings().get(finding.name)
        # Keep an example that shows how signs are escaped: other letters say less.
        if before is not None and before.escaping and not finding.escaping:
            finding = msgspec.structs.replace(before, is_released=finding.is_released)
        if before != finding:
            self._state.note_finding(finding)

    def _count(self, recorder: Recorder, changes: Sequence[Change]) -> None:
        for change in changes:
            result = recorder.results.get(change.key)
            self._ends[change.action, result.outcome if result else Outcome.NOT_APPLIED] += 1
            self._done_earlier += recorder.is_done_earlier(change)

    def _close(self, took_s: float) -> Reference:
        """Put the closing table into the log and the counts into the reference."""
        outcomes, figures = Counter[Outcome](), Counter[str]()
        for (action, outcome), count in self._ends.items():
            outcomes[outcome] += count
            figures[compute_figure(action, outcome)] += count
        total = sum(outcomes.values())
        if total:
            rows: list[tuple[str, object]] = [
                *((gettext(name), count) for name, count in sorted(figures.items())),
                (gettext("of these in earlier tries"), format_number(self._done_earlier)),
                (gettext("seconds"), format_number(took_s, 1)),
                (gettext("changes a second"), format_number((total - self._done_earlier) / max(took_s, 0.001))),
            ]
            told = ngettext("Applied %(n)s change:", "Applied %(n)s changes:", total)
            log.info("%s\n%s", told, format_table(rows))
        else:
            log.info(gettext("Nothing to do: Ödüyo is as the ERP wants it"))
        undelivered = {outcome.value: outcomes[outcome] for outcome in _UNDELIVERED if outcomes[outcome]}
        return {
            "generation": self._first.generation,
            "of": self._decision.of,
            "figures": dict(figures),
            "undelivered": undelivered,
        }
