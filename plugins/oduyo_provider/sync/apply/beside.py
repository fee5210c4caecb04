"""What an update did to the fields that it sent as they were."""

from __future__ import annotations

import msgspec

from oduyo_provider.core.change import Change, Outcome, Result
from oduyo_provider.core.drift import find_changed_beside
from oduyo_provider.core.findings import find_other_values, make_finding
from oduyo_provider.core.language import gettext_noop
from oduyo_provider.core.ledger import Entry
from oduyo_provider.core.normalise import Normaliser
from oduyo_provider.core.record import Remote
from oduyo_provider.sync.apply.habits import Habits

CHANGED_BESIDE = gettext_noop(
    "another of its fields is no longer as the ERP has it: Ödüyo changed it with the rest, or somebody did; the next run sends it again"
)


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
