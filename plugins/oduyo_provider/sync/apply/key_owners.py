"""Whose a key is, on a site that stores keys otherwise than sent. No key may come to name two records."""

from __future__ import annotations

from collections.abc import Sequence

from oduyo_provider.core.change import Action, Change
from oduyo_provider.core.errors import CanaryError
from oduyo_provider.core.findings import Finding
from oduyo_provider.core.language import gettext
from oduyo_provider.core.record import Remote
from oduyo_provider.sync.apply import stops
from oduyo_provider.sync.apply.recorder import Recorder


def writes_key(change: Change) -> bool:
    """Whether a change gives a record its key."""
    return change.action is Action.CREATE or change.is_adoption


async def check_keys(recorder: Recorder, changes: Sequence[Change], cut: Finding | None = None) -> None:
    """Stop before a key is sent that Ödüyo would store like another record's.

    :param cut: how Ödüyo cuts keys; None where it is not known to.
    :raises CanaryError: naming the first.
    """
    writing = [change for change in changes if writes_key(change)]
    if writing:
        await recorder.elsewhere.read()
    rows: dict[str, str] = {}
    for change in sorted(writing, key=lambda change: change.key not in recorder.results):
        key = change.integration_id
        if result := recorder.results.get(change.key):
            rows[result.stored.get("integration_id") or key] = key
            continue
        stored = key if cut is None else cut.cut(key)
        row = rows.setdefault(stored, key)
        other = gettext("the row %(key)s", key=row) if row != key else ""
        if other := other or recorder.find_key_owner(stored, change):
            raise CanaryError(stops.explain_taken_key(change, other, stored))


async def find_owner(recorder: Recorder, change: Change, finding: Finding, twins: Sequence[Remote]) -> str:
    """The other row or record that has this stored key; empty when nobody has it.

    :param twins: other records that hold the key as it was sent or is stored.
    """
    if twins:
        return gettext("Ödüyo's record %(id)s", id=twins[0]["id"])
    if not finding.stored:
        return ""
    await recorder.elsewhere.read()
    return recorder.find_key_owner(finding.stored, change)
