"""Which changes of a partition earlier tries have done, and which are still to be sent."""

from __future__ import annotations

from collections.abc import Sequence

from oduyo_provider.core.change import Action, Change, Outcome, Result
from oduyo_provider.core.findings import Finding
from oduyo_provider.core.ledger import REFUSED_BEFORE
from oduyo_provider.sync.apply.canary import is_canary
from oduyo_provider.sync.apply.recorder import Recorder
from oduyo_provider.sync.apply.work import Course, Work


def choose_pending(recorder: Recorder, work: Work, course: Course, changes: Sequence[Change]) -> list[Change]:
    """The changes that no earlier try has settled, with at most :data:`MAX_RESENDS` refusals of long ago.

    Each try chooses the same of these refusals, so that what earlier tries sent again counts too.
    """
    pending: list[Change] = []
    settled = 0
    for change in changes:
        if change.is_resend and not course.resends_left:
            entry, at = recorder.find_entry(change), work.clock.now()
            words = "" if entry is None or entry.refused is None else entry.refused.words
            recorder.take(change, Result(change.key, Outcome.REFUSED, change.oduyo_id, REFUSED_BEFORE, words, at=at))
            continue
        course.resends_left -= change.is_resend
        if change.action is Action.DELETE and (
            change.key in recorder.results or recorder.history.sends.get(change.key)
        ):
            course.deletions.add(str(change.oduyo_id))  # an earlier try may have deleted it
        if _is_final(recorder.results.get(change.key), is_create_mode=work.is_create_mode):
            settled += 1
        else:
            pending.append(change)
    work.progress.note_earlier(settled)
    return pending


def find_done_earlier(recorder: Recorder, work: Work, changes: Sequence[Change]) -> list[Change]:
    """Changes of earlier tries that took effect and can prove their kind."""
    kinds = work.normaliser.resource.kinds
    return [change for change in changes if recorder.is_done_earlier(change) and is_canary(change, kinds)]


def take_proven(recorder: Recorder, course: Course, done: Sequence[Change]) -> None:
    """Learn from what earlier tries read back: proven kinds, and what the site does to keys.

    :param done: see :func:`find_done_earlier`.
    """
    for change in done:
        result = recorder.results[change.key]
        if result.is_read_back:
            course.proven.add(change.action)
            if stored := result.stored.get("integration_id"):
                course.keys = Finding("key_altered", "integration_id", change.integration_id, stored)


def _is_final(known: Result | None, *, is_create_mode: bool) -> bool:
    """Whether an earlier try has settled a change for good. In create mode only the next try sends a refusal again."""
    if known is None or known.outcome is Outcome.DONE:
        return known is not None
    return known.outcome is Outcome.REFUSED and known.is_remembered and not is_create_mode
