"""The last step. Whatever happened before, it adds everything up, writes the report, and merges the outcomes into the ledger."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
from datetime import datetime, timezone
from functools import partial

import msgspec

from oduyo_provider.core.change import Change, Outcome, Result
from oduyo_provider.core.errors import IncompleteError, StagingError, StateError
from oduyo_provider.core.language import format_number, gettext
from oduyo_provider.core.params import RunParams
from oduyo_provider.core.reasons import translate_reason
from oduyo_provider.core.record import Resource
from oduyo_provider.core.remarks import MISSING_REFUSED, REFUSED
from oduyo_provider.core.report import UNDONE, WRITES, Outcomes, Report, compute_report
from oduyo_provider.core.verdict import FIRST_WRITE, TOO_MANY_REJECTED, explain_red
from oduyo_provider.sync.runtime.log_table import format_table
from oduyo_provider.sync.site.lease import read_claims
from oduyo_provider.sync.site.open_plans import find_open_folders
from oduyo_provider.sync.staging.change_lines import ChangeLine, make_line, make_rejected_line, settle_line
from oduyo_provider.sync.staging.journal import History
from oduyo_provider.sync.staging.layout import QUARANTINE, REPORT
from oduyo_provider.sync.staging.manifests import ExtractManifest, SnapshotManifest, read_reference
from oduyo_provider.sync.staging.outcomes import count_result, find_result
from oduyo_provider.sync.staging.plans import (
    PlanPart,
    compute_total,
    decide_part,
    find_decision,
    name_plans,
    open_parts,
)
from oduyo_provider.sync.staging.retention import prune
from oduyo_provider.sync.steps.chain import Steps
from oduyo_provider.sync.steps.context import StepContext
from oduyo_provider.sync.steps.past import PastWriter
from oduyo_provider.sync.steps.tables import FinalTable

log = logging.getLogger(__name__)


class Quarantined(msgspec.Struct, frozen=True, omit_defaults=True):
    """A row that did not reach Ödüyo because of what is in it.

    :param reasons: every reason, as counted in the report.
    :param details: the same for people, in the language of the run.
    :param answer: what Ödüyo answered, for a refused change.
    :param row: the row as extracted, or for a refused change what was sent; nothing where it was not sent again.
    :param is_known: rejected alike by the last applied run, or refused alike before.
    """

    integration_id: str | None
    reasons: list[str]
    details: list[str] = []
    answer: str = ""
    row: dict[str, object] = {}
    is_known: bool = False


async def report(step: StepContext, steps: Steps) -> Report:
    """Add up, write ``report.json`` and ``quarantine.jsonl``, merge the outcomes into the ledger, tidy up.

    :param steps: as they follow from each other.
    """
    parts = open_parts(step.run.root, steps.plans)
    step = step.follow(parts[0].manifest.snapshot) if parts else step
    decision = None
    if parts:
        decision = find_decision(step.run.folder, parts[0].manifest.generation, name_plans(steps.plans))
    parts = [decide_part(step.run.root, part.manifest, decision) for part in parts]
    dry_run = _is_dry(step, parts)
    past = None
    if parts and not dry_run:
        past = PastWriter(step, parts[0].manifest.snapshot, is_applied=steps.load is not None)
    table, outcomes = FinalTable(step, past), Outcomes()
    step.run.folder.write_lines(QUARANTINE, _go_through(step, parts, table, outcomes, dry_run=dry_run))
    table.finish(parts, is_dry=dry_run)
    made = compute_report(
        compute_total(parts),
        outcomes,
        extracted=read_reference(step.run.root, steps.parts[0], ExtractManifest).rows if steps.parts else 0,
        dry_run=dry_run,
        sync_mode=step.params.sync_mode,
        started_at=_format_time(_read_start(step, steps)),
        ended_at=_format_time(time.time()),
    )
    params = parts[0].manifest.params if parts else step.params
    made = msgspec.structs.replace(made, faults=_find_faults(made, steps, params))
    step.run.folder.write(REPORT, msgspec.json.format(msgspec.json.encode(made)))
    if parts and not dry_run:
        await _merge(step, parts[0])
    try:
        prune(step.run, find_open_folders(step.run.root))
    except (StagingError, StateError) as error:
        log.warning(gettext("Old staged runs could not be removed; the next run tries again: %(error)s", error=error))
    _say_report(step, made)
    return made


def _is_dry(step: StepContext, parts: Sequence[PlanPart]) -> bool:
    """Whether nothing was to be sent, and nothing was: an earlier try may have sent some before ``dry_run`` was switched on."""
    if not parts or parts[0].decision is None:
        return step.params.dry_run
    return bool(parts[0].decision.why_not) and not any(part.read_history().tries for part in parts)


def _say_report(step: StepContext, made: Report) -> None:
    log.info("%s\n%s", gettext("The run:"), format_report(made))
    folder = step.run.folder.uri
    log.info(
        gettext(
            "Report: %(report)s; rejected and refused rows: %(quarantine)s",
            report=f"{folder}/{REPORT}",
            quarantine=f"{folder}/{QUARANTINE}",
        )
    )


def check_complete(made: Report, steps: Steps, step: StepContext) -> None:
    """Raise IncompleteError when a step before failed, something was left undone, or the first write waits for a person."""
    if steps.rejected_by and steps.load is None and not made.writes:
        raise IncompleteError(
            gettext(
                "Not applied: the plan was rejected in the task approve (%(by)s). Mend what its brake named in the ERP "
                "or its query; the next run compares everything again.",
                by=steps.rejected_by,
            )
        )
    if made.is_red:
        why_not = str(steps.guarded["why_not"]) if steps.guarded is not None else ""
        raise IncompleteError(explain_red(made, why_not, is_one_task=step.is_exempt))


def _find_faults(made: Report, steps: Steps, params: RunParams) -> list[str]:
    """What makes the run red besides its figures."""
    faults = []
    if steps.snapshot is None or not steps.parts:
        faults.append("reading")
    elif not steps.is_compared:
        faults.append("comparing")
    elif steps.guarded is None:
        faults.append("stopped")
    elif not made.dry_run and steps.load is None:
        faults.append("applying")
    is_approved = steps.guarded is not None and bool(steps.guarded["ask"]) and steps.load is not None
    if made.has_too_many_rejected(params, is_approved=is_approved) and not made.dry_run:
        faults.append(TOO_MANY_REJECTED)
    guarded = steps.guarded
    waiting = guarded if guarded is not None and guarded["why_not"] and not guarded["dry_run"] else None
    if waiting is not None and (made.writes or waiting["figures"] or any(getattr(made, name) for name in UNDONE)):
        faults.append(FIRST_WRITE)
    return faults


def format_report(made: Report) -> str:
    """The report as a table: rows, writes, and all other figures that are not 0. Below it the reasons, uncut: their ends say what
    to do.
    """
    always = {"extracted", "rejected", "unchanged", *WRITES, "missing"}
    rows: list[tuple[str, object]] = [
        (gettext(name), count) for name, count in made.counts.items() if count or name in always
    ]
    if made.dry_run:
        rows.insert(0, (gettext("nothing was sent; planned are"), ""))
    reasons = [f"  {format_number(count)} × {translate_reason(reason)}" for reason, count in made.reasons.items()]
    return "\n".join([format_table(rows), *reasons])


async def _merge(step: StepContext, part: PlanPart) -> None:
    """Merge this plan into the ledger if its load has ended. Else its changes may still take effect: the next run waits first."""
    manifest = part.manifest
    state = step.open_state(manifest.snapshot.site, manifest.snapshot.resource)
    mine = [plan for plan in state.plans.read() if plan.generation == manifest.generation and plan.is_finished]
    if not mine or read_claims(state.claims):
        return
    async with state.make_lease(manifest.generation, step.run.attempt, log.info, step.clock).hold() as lease:
        for plan in mine:
            await lease.work(partial(state.merge, plan, buckets=step.buckets))


def _go_through(
    step: StepContext, parts: Sequence[PlanPart], table: FinalTable, outcomes: Outcomes, *, dry_run: bool
) -> Iterator[bytes]:
    """Yield the lines of the quarantine, in one pass over plans and journals that also fills the table and the outcomes."""
    if not parts:
        return
    encode = msgspec.json.Encoder(decimal_format="number").encode
    snapshot = parts[0].manifest.snapshot
    resource = snapshot.resource
    known_rejected = step.open_state(snapshot.site, resource).source(snapshot.source).read_known_rejected()
    for part in parts:
        history = History() if dry_run else part.read_history()
        # The changes stand first, as in the table of the plan: a load that is cleared finds their lines by their places.
        for change in part.read_changes():
            result = find_result(change, history)
            count_result(outcomes, change, result)
            table.take(partial(_settle, change, resource, None if dry_run else result))
            if result.outcome is Outcome.REFUSED:
                row: dict[str, object] = dict(change.compute_body())
                reasons = [f"{result.outcome.value}: {result.reason}"]
                item = Quarantined(change.integration_id, reasons, [], result.answer, row, is_known=change.is_resend)
                yield encode(item) + b"\n"
        for rejected in part.read_rejected(known_rejected):
            reasons = [fault.code for fault in rejected.faults]
            details = [fault.detail for fault in rejected.faults]
            item = Quarantined(rejected.integration_id, reasons, details, row=rejected.row, is_known=rejected.is_known)
            table.take(partial(make_rejected_line, rejected, resource))
            yield encode(item) + b"\n"
        for remark in part.read_remarks():
            if remark.outcome in (REFUSED, MISSING_REFUSED):
                reasons = [f"{Outcome.REFUSED.value}: {remark.reason}"]
                yield encode(Quarantined(remark.integration_id, reasons, answer=remark.detail, is_known=True)) + b"\n"
        table.close_part(part)


def _settle(change: Change, resource: Resource, result: Result | None) -> ChangeLine:
    return settle_line(make_line(change, resource), change, result)


def _read_start(step: StepContext, steps: Steps) -> float:
    if steps.snapshot is None:
        return time.time()
    return read_reference(step.run.root, steps.snapshot, SnapshotManifest).started_at


def _format_time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec="seconds")
