"""Makes the entries of a run's table from its plans and journals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from enum import Enum

import msgspec

from oduyo_provider.core.change import Action, Change, Outcome
from oduyo_provider.core.plan import Rejected
from oduyo_provider.core.report import compute_figure
from oduyo_provider.page.change_index import Entry
from oduyo_provider.sync.staging.folder import Folder, decode_lines
from oduyo_provider.sync.staging.journal import History, Result, read_history
from oduyo_provider.sync.staging.manifests import PlanManifest
from oduyo_provider.sync.steps.guard import read_changes

Tally = Counter[tuple[Action, Outcome, str]]


class RunPhase(Enum):
    """How far a run is. What a change without a result is depends on it."""

    DRY = "dry"  # the change was only planned
    GOING = "going"  # the change waits
    ENDED = "ended"  # the change was not applied, or is doubtful if it was sent


def read_entries(plans: Sequence[PlanManifest], phase: RunPhase, tally: Tally) -> Iterator[Entry]:
    """Every change, then every rejected row.

    :param tally: takes how many changes of each action had each outcome and, where it was not done, reason.
    """
    for plan in plans:
        history = History({}, {}, 0) if phase is RunPhase.DRY else read_history(Folder.open(plan.journal), plan.digest)
        for change in read_changes(plan):
            result = _find_result(change, history, phase)
            tally[change.action, result.outcome, "" if result.outcome is Outcome.DONE else result.reason] += 1
            yield compute_entry(change, result, phase, is_sent=change.key in history.intents)
    for plan in plans:
        folder = Folder.open(plan.folder)
        for rejected in decode_lines(folder, plan.rejected.name, folder.read_lines(plan.rejected), Rejected):
            yield compute_rejected(rejected)


def compute_entry(change: Change, result: Result, phase: RunPhase, *, is_sent: bool) -> Entry:
    """The line of a change."""
    outcome = compute_figure(change.action, Outcome.DONE) if result.outcome is Outcome.DONE else result.outcome.value
    reason = "" if result.outcome is Outcome.DONE else result.reason
    if phase is RunPhase.DRY:
        outcome, reason = "planned", ""
    elif phase is RunPhase.GOING and not result.at:
        outcome, reason = "waiting", "sent, the answer is awaited" if is_sent else ""
    return Entry(
        outcome=outcome,
        action=change.action.value,
        integration_id=change.integration_id,
        oduyo_id=result.oduyo_id or change.oduyo_id or "",
        code=change.payload.get("code") or change.base.get("code") or "",
        fields=_compute_fields(change),
        reason=reason,
        answer="" if result.answer and result.answer in reason else result.answer,
        stored=result.stored,
        twins=result.twins,
        at=result.at,
    )


def compute_rejected(rejected: Rejected) -> Entry:
    """The line of a row that was never sent, with all that is wrong with it."""
    return Entry(
        outcome="rejected",
        integration_id=rejected.integration_id or _show(rejected.row.get("integration_id")),
        code=_show(rejected.row.get("code")),
        fields=[(name, None, _show(value)) for name, value in rejected.row.items() if name != "integration_id"],
        reason=", ".join(fault.code for fault in rejected.faults),
        answer="; ".join(fault.detail for fault in rejected.faults),
    )


def _find_result(change: Change, history: History, phase: RunPhase) -> Result:
    """The result of a change: the journal's, or what the missing of one means. The report counts alike."""
    known = history.results.get(change.key)
    if known is not None:
        return known
    if change.key in history.intents and phase is RunPhase.ENDED:
        return Result(change.key, Outcome.DOUBTFUL, reason="the task died while it was being sent")
    return Result(change.key, Outcome.NOT_APPLIED)


def _compute_fields(change: Change) -> list[tuple[str, str | None, str | None]]:
    if change.action is Action.CREATE:
        return [(name, None, value) for name, value in change.payload.items() if value and name != "integration_id"]
    if change.action is Action.DELETE:
        kept = {name: value for name, value in change.base.items() if value and name != "integration_id"}
        return [(name, value, None) for name, value in kept.items()]
    return [(name, change.base.get(name), change.payload[name]) for name in change.differs]


def _show(value: object) -> str:
    """A raw value as text; what is no text as JSON."""
    if value is None:
        return ""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
