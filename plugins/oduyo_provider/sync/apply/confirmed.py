"""Reads a confirmed change back in all fields of its row, not only in those that it changes."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from oduyo_provider.core.change import Change, Outcome
from oduyo_provider.core.drift import find_changed_beside
from oduyo_provider.core.findings import find_other_values, make_finding
from oduyo_provider.core.language import gettext_noop
from oduyo_provider.core.ledger import Entry
from oduyo_provider.core.normalise import Normaliser
from oduyo_provider.core.record import Remote
from oduyo_provider.sync.apply.habits import Habits, read_habits
from oduyo_provider.sync.apply.readback import ReadBack, compute_read_back
from oduyo_provider.sync.apply.recorder import Recorder
from oduyo_provider.sync.apply.work import Course, Work

CHANGED_BESIDE = gettext_noop(
    "another of its fields is no longer as the ERP has it: Ödüyo changed it with the rest, or somebody did; the next run sends it again"
)


def read_back(
    work: Work, course: Course, recorder: Recorder, change: Change, record: Remote | None, twins: Sequence[Remote]
) -> ReadBack:
    """The result of a confirmed change: of the fields that it changes, and of the row's others, sent unchanged or left out.

    Where fields that are left out were emptied, from the next run on updates carry the whole record.

    :param record: as it shows now; None when it is not listed; ``twins`` further records with the same key.
    """
    normaliser, known = work.normaliser, recorder.results[change.key]
    site, entry = read_habits(work, course), recorder.find_entry(change)
    found = compute_read_back(change, known, record, twins, normaliser, site, entry=entry, at=work.clock.now())
    found = judge_beside(found, recorder.rebase(change), record, normaliser, site, entry)
    if work.partial_updates and (lost := next((one for one in found.beside if not one.stored), None)):
        work.note_finding(msgspec.structs.replace(lost, brake="partial_updates"))
    return found


def judge_beside(
    found: ReadBack, change: Change, record: Remote | None, normaliser: Normaliser, site: Habits, entry: Entry | None
) -> ReadBack:
    """Judge the row's fields that an update does not change.

    The canary was judged so too; another record may show more, as it holds values where the canary held none. What a person has
    accepted counts as for changed fields.

    :param found: the result by the fields that the change changes.
    :param record: as it was read back.
    :param site: what is known of what it does to values.
    :param entry: what the ledger remembers of the key.
    """
    result = found.result
    if result.outcome is not Outcome.DONE or record is None or change.oduyo_id is None:
        return found
    if not (changed := find_changed_beside(change, record, normaliser, entry)):
        return found
    names = find_other_values(change.payload, changed, normaliser)
    others = [make_finding(name, change.payload[name], changed[name], normaliser) for name in names]
    refused = [one for one in others if not (site.is_released(one.name) and site.is_accepted(one, entry))]
    failed = {"outcome": Outcome.FAILED, "reason": CHANGED_BESIDE} if refused else {}
    result = msgspec.structs.replace(result, stored={**result.stored, **changed}, **failed)
    return msgspec.structs.replace(found, result=result, beside=tuple(refused))
