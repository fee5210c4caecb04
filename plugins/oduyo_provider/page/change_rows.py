"""Makes the entries of a run's table from its plans and journals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import Enum

import msgspec

from oduyo_provider.core.change import Action, Change, Outcome
from oduyo_provider.core.ledger import Result
from oduyo_provider.core.plan import Rejected
from oduyo_provider.core.report import Outcomes, compute_figure
from oduyo_provider.page.change_index import Entry
from oduyo_provider.sync.staging.journal import History
from oduyo_provider.sync.staging.outcomes import count_result, find_result
from oduyo_provider.sync.staging.plans import PlanPart


class RunPhase(Enum):
    """How far a run is. What a change without a result is depends on it."""

    DRY = "dry"  # the change was only planned
    GOING = "going"  # the change waits
    ENDED = "ended"  # the change was not applied, or is doubtful if it was sent


def read_entries(parts: Sequence[PlanPart], phase: RunPhase, outcomes: Outcomes) -> Iterator[Entry]:
    """Every change, then every rejected row.

    :param outcomes: takes what became of the changes.
    """
    for part in parts:
        history = History() if phase is RunPhase.DRY else part.read_history()
        for change in part.read_changes():
            result = find_result(change, history, is_ended=phase is RunPhase.ENDED)
            count_result(outcomes, change, result)
            yield compute_entry(change, result, phase, is_sent=change.key in history.sends)
    for part in parts:
        for rejected in part.read_rejected():
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
