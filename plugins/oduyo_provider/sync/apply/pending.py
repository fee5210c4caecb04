"""What of a partition is still to be sent."""

from __future__ import annotations

from collections.abc import Sequence

from oduyo_provider.core.change import Change, Outcome
from oduyo_provider.core.ledger import REFUSED_BEFORE, Result
from oduyo_provider.sync.apply.recorder import Recorder
from oduyo_provider.sync.apply.work import Course


def choose_pending(recorder: Recorder, course: Course, changes: Sequence[Change], at: float) -> list[Change]:
    """The changes that no earlier try has settled, without refusals of long ago beyond those that a run sends again.

    The first of these are the same in every try, so that what earlier tries sent again counts too.

    :param at: seconds since 1970.
    """
    pending: list[Change] = []
    for change in changes:
        if change.is_resend and not course.resends_left:
            recorder.take(change, Result(change.key, Outcome.REFUSED, change.oduyo_id, REFUSED_BEFORE, at=at))
            continue
        course.resends_left -= change.is_resend
        if not _is_final(recorder.results.get(change.key)):
            pending.append(change)
    return pending


def _is_final(known: Result | None) -> bool:
    """Whether an earlier try has settled a change for good."""
    return known is not None and (
        known.outcome is Outcome.DONE or (known.outcome is Outcome.REFUSED and known.is_remembered)
    )
