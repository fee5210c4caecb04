"""What became of a change that was confirmed, in all fields that were sent with it."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from oduyo_provider.core.change import Change, Outcome, Result
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
    """What a confirmed change came to: in the fields that it changes, and in those that were sent as they were.

    :param record: as it shows now; None when it is not listed; ``twins`` further records with the same key.
    """
    normaliser, known = work.normaliser, recorder.results[change.key]
    site, entry = read_habits(work, course), recorder.find_entry(change)
    found = compute_read_back(change, known, record, twins, normaliser, site, entry=entry, at=work.clock.now())
    if work.partial_updates:  # nothing was sent beside what it changes
        return found
    result = judge_beside(found.result, recorder.rebase(change), record, normaliser, site, entry)
    return msgspec.structs.replace(found, result=result)


def judge_beside(
    result: Result, change: Change, record: Remote | None, normaliser: Normaliser, site: Habits, entry: Entry | None
) -> Result:
    """The result of a change that took effect, as all fields of its row show.

    The canary shows what a site does to the fields that an update does not change; a record that holds a value where the first
    one held none may show more. What a person has accepted of the site is kept in mind, as of a field that is changed.

    :param record: as it was read back.
    :param site: what is known of what it does to values.
    :param entry: what the ledger remembers of the key.
    """
    if result.outcome is not Outcome.DONE or record is None or change.oduyo_id is None:
        return result
    changed = find_changed_beside(change, record, normaliser, entry)
    names = find_other_values(change.payload, changed, normaliser)
    findings = [make_finding(name, change.payload[name], changed[name], normaliser) for name in names]
    is_accepted = all(site.is_released(item.name) and site.is_accepted(item, entry) for item in findings)
    failed = {} if is_accepted else {"outcome": Outcome.FAILED, "reason": CHANGED_BESIDE}
    return msgspec.structs.replace(result, stored={**result.stored, **changed}, **failed) if changed else result
