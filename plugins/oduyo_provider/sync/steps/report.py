"""The last step: add everything up, whatever happened before, and write the report."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timezone

import msgspec

from oduyo_provider.core.change import Action, Change, Outcome
from oduyo_provider.core.errors import IncompleteError, StagingError
from oduyo_provider.core.plan import Altered, Rejected, SyncMode
from oduyo_provider.core.report import Report, compute_report
from oduyo_provider.sync.runtime.log_table import format_table
from oduyo_provider.sync.staging.folder import Folder, decode_lines, read_manifest
from oduyo_provider.sync.staging.journal import History, Result, read_history
from oduyo_provider.sync.staging.manifests import MANIFEST, ExtractManifest, PlanManifest, Reference, SnapshotManifest
from oduyo_provider.sync.staging.run_folder import Run
from oduyo_provider.sync.steps.guard import compute_total, read_changes, read_plans

log = logging.getLogger(__name__)

REPORT = "report.json"
QUARANTINE = "quarantine.jsonl"

#: Staged runs that are kept.
KEPT_RUNS = 30

#: A run without a report that nobody has touched for so long is none that still works or waits.
ABANDONED_AFTER_S = 30 * 86_400.0

#: The folder that a run's first step writes to.
_FIRST_STEP = "existing"


class Quarantined(msgspec.Struct, frozen=True, omit_defaults=True):
    """A row that did not reach Ödüyo because of what is in it.

    :param reasons: every reason, as counted in the report.
    :param details: the same for people.
    :param answer: what Ödüyo answered, for a refused change.
    :param row: the row as extracted, or for a refused change what was sent.
    """

    integration_id: str | None
    reasons: list[str]
    details: list[str] = []
    answer: str = ""
    row: dict[str, object] = {}


class Steps(msgspec.Struct, frozen=True):
    """What the steps before left; a step that failed left nothing.

    :param parts: of extract; ``plans`` of transform; ``verdict`` of guard; ``loads`` of load.
    :param is_rejected: a person rejected the plan, or nobody answered in time.
    """

    snapshot: Reference | None = None
    parts: Sequence[Reference] = ()
    plans: Sequence[Reference] = ()
    verdict: Reference | None = None
    loads: Sequence[Reference] = ()
    is_rejected: bool = False


def report(run: Run, steps: Steps, *, dry_run: bool) -> Report:
    """Add up, write ``report.json`` and ``quarantine.jsonl``, remember what the next run must know, tidy up."""
    plans = read_plans(steps.plans)
    tally = _Tally(run.folder, plans, dry_run=dry_run)
    extracted = (
        read_manifest(Folder.open(steps.parts[0]["manifest"]), MANIFEST, ExtractManifest) if steps.parts else None
    )
    counts = compute_total(plans)
    started_at = _read_start(steps)
    run.folder.write_lines(QUARANTINE, tally.write_quarantine())
    made = compute_report(
        counts,
        tally.outcomes,
        extracted=extracted.rows if extracted else 0,
        dry_run=dry_run,
        altered=len({altered.oduyo_id for altered in tally.altered}),
        remote_duplicates=tally.twins,
        started_at=_format_time(started_at),
        ended_at=_format_time(time.time()),
    )
    run.folder.write(REPORT, msgspec.json.format(msgspec.json.encode(made)))
    if extracted is not None and not dry_run and (steps.loads or made.writes):
        state = run.state(extracted.snapshot.site, extracted.snapshot.resource)
        if not any(
            plan.params.sync_mode is SyncMode.CREATE for plan in plans
        ):  # which lists nothing, and so counts nothing
            state.note_existing(run.name, counts.existing + made.created - made.deleted)
        state.note_altered(tally.altered, tally.deleted)
    try:
        _prune(run)
    except StagingError as error:
        log.warning("Old staged runs could not be removed; the next run tries again: %s", error)
    log.info("The run:\n%s", format_report(made))
    log.info("Report: %s/%s; rejected and refused rows: %s/%s", run.folder.uri, REPORT, run.folder.uri, QUARANTINE)
    return made


def check_complete(made: Report, steps: Steps) -> None:
    """Raise IncompleteError when a step before failed or something was left undone."""
    if steps.is_rejected:
        raise IncompleteError(
            "Nothing was written: the plan was rejected in the task approve, or nobody answered there in time. Mend what "
            "its brake named in the ERP or its query; the next run compares everything again."
        )
    faults = []
    if not steps.parts:
        faults.append("reading Ödüyo or the ERP failed")
    elif len(steps.plans) < int(steps.parts[0]["partitions"]):
        faults.append("comparing failed")
    elif steps.verdict is None:
        faults.append("the plan was stopped before any write")
    elif not made.dry_run and len(steps.loads) < len(steps.plans):
        faults.append("applying did not come to its end")
    undone = ("failed", "doubtful", "stale", "not_applied", "missing_failed")
    faults += [f"{getattr(made, name):,} {name}" for name in undone if getattr(made, name) and not made.dry_run]
    if faults:
        raise IncompleteError(
            f"The run is not complete: {'; '.join(faults)}. The log of the first red task says why. What was done is "
            "done; the next run compares everything again and sends only what is missing."
        )


def format_report(made: Report) -> str:
    """The report as a table."""
    skipped = ("reasons", "dry_run", "started_at", "ended_at")
    rows: list[tuple[str, object]] = [
        (name, getattr(made, name)) for name in Report.__struct_fields__ if name not in skipped
    ]
    if made.dry_run:
        rows.insert(0, ("dry run: nothing was sent; planned are", ""))
    return format_table(rows + [(f"  {reason}", count) for reason, count in made.reasons.items()])


class _Tally:
    """Goes through all plans and journals once, one partition at a time, keeping only what the report needs."""

    def __init__(self, folder: Folder, plans: Sequence[PlanManifest], *, dry_run: bool) -> None:
        self._folder = folder
        self._plans = plans
        self._dry_run = dry_run
        self.outcomes: Counter[tuple[Action, Outcome, str]] = Counter()
        self.altered: list[Altered] = []
        self.deleted: set[str] = set()
        self.twins = 0

    def write_quarantine(self) -> Iterator[bytes]:
        """The lines of the quarantine; takes the outcomes on the way."""
        encode = msgspec.json.Encoder(decimal_format="number").encode
        for plan in self._plans:
            folder = Folder.open(plan.folder)
            lines = folder.read_lines(plan.rejected)
            for rejected in decode_lines(folder, plan.rejected.name, lines, Rejected):
                reasons = [fault.code for fault in rejected.faults]
                details = [fault.detail for fault in rejected.faults]
                yield encode(Quarantined(rejected.integration_id, reasons, details, row=rejected.row)) + b"\n"
            history = History({}, {}, 0) if self._dry_run else read_history(Folder.open(plan.journal), plan.digest)
            for change in read_changes(plan):
                outcome, result = self._take(change, history)
                if outcome is Outcome.REFUSED:
                    row: dict[str, object] = dict(change.body())
                    reason = [f"{outcome.value}: {result.reason}"]
                    yield encode(Quarantined(change.integration_id, reason, answer=result.answer, row=row)) + b"\n"

    def _take(self, change: Change, history: History) -> tuple[Outcome, Result]:
        result = history.results.get(change.key)
        if result is None:
            was_sent = change.key in history.intents
            outcome = Outcome.DOUBTFUL if was_sent else Outcome.NOT_APPLIED
            result = Result(change.key, outcome, reason="the task died while it was being sent" if was_sent else "")
        self.outcomes[change.action, result.outcome, result.reason] += 1
        self.twins += len(result.twins)
        oduyo_id = result.oduyo_id or change.oduyo_id or ""
        if result.outcome is Outcome.DONE and change.action is Action.DELETE:
            self.deleted.add(oduyo_id)
        for name, stored in result.stored.items():
            self.altered.append(Altered(oduyo_id, change.integration_id, name, change.payload[name], stored))
        return result.outcome, result


def _prune(run: Run) -> None:
    """Remove staged runs of this DAG beyond the last :data:`KEPT_RUNS`, never one whose work has not been reported.

    How old a run is its files say: object stores know no times of folders. A run that nobody has touched for
    :data:`ABANDONED_AFTER_S` will not be finished any more.
    """
    dag = run.root.child(run.dag_id)
    changed_at: dict[str, float] = {}
    begun, reported = set[tuple[str, ...]](), set[tuple[str, ...]]()
    for parts, written_at in dag.fetch_files():
        changed_at[parts[0]] = max(written_at, changed_at.get(parts[0], written_at))
        if parts[-1] == REPORT:
            reported.add(parts[:-1])
        elif _FIRST_STEP in parts[1:]:
            begun.add(parts[: parts.index(_FIRST_STEP, 1)])
    unfinished = {parts[0] for parts in begun - reported}
    others = sorted(changed_at.keys() - {run.run_id}, key=lambda name: (changed_at[name], name), reverse=True)
    for name in others[KEPT_RUNS - 1 :]:
        if name not in unfinished or time.time() - changed_at[name] > ABANDONED_AFTER_S:
            dag.child(name).remove()


def _read_start(steps: Steps) -> float:
    if steps.snapshot is None:
        return time.time()
    return read_manifest(Folder.open(steps.snapshot["manifest"]), MANIFEST, SnapshotManifest).started_at


def _format_time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec="seconds")
