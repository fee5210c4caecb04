"""Counts what a plan would do and what became of its changes, for the steps and the page alike."""

from __future__ import annotations

from oduyo_provider.core.change import Action, Change, Outcome, Result
from oduyo_provider.core.language import gettext_noop
from oduyo_provider.core.plan import PlanCounts
from oduyo_provider.core.report import Outcomes
from oduyo_provider.sync.staging.journal import History

UNSETTLED = gettext_noop("the task ended before it was known whether it arrived")


def find_result(change: Change, history: History) -> Result:
    """The final result of a change: the journal's, or what its absence means."""
    known = history.results.get(change.key)
    if known is not None:
        return known
    if change.key in history.unknown:
        return Result(change.key, Outcome.DOUBTFUL, reason=UNSETTLED)
    return Result(change.key, Outcome.NOT_APPLIED)


def count_result(outcomes: Outcomes, change: Change, result: Result) -> None:
    """Add a result up."""
    is_done = result.outcome is Outcome.DONE
    outcomes.changes[change.action, result.outcome, "" if is_done else result.reason] += 1
    outcomes.adopted += change.is_adoption and is_done
    is_row = change.action in (Action.CREATE, Action.UPDATE)
    outcomes.known_refused += is_row and change.is_resend and result.outcome is Outcome.REFUSED
    outcomes.altered += bool(result.stored) and is_done
    outcomes.new_duplicates += len(result.twins)


def count_actions(counts: PlanCounts) -> dict[str, int]:
    """How many changes of each kind a plan holds, what cannot be undone first."""
    return {
        "delete": counts.deletes,
        "deactivate": counts.deactivates,
        "create": counts.creates,
        "update": counts.updates - counts.adoptions,
        "adopt": counts.adoptions,
    }
