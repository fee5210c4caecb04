"""A create makes a record of its own. A site that takes it for an update of a record that it holds already has written over that."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import msgspec

from oduyo_provider.core.change import Change, Outcome
from oduyo_provider.core.errors import CanaryError
from oduyo_provider.core.findings import Finding
from oduyo_provider.core.language import gettext, gettext_noop
from oduyo_provider.core.matching import compute_record_key
from oduyo_provider.core.record import Remote
from oduyo_provider.core.values.invalid import show_value
from oduyo_provider.core.values.text import compute_match_key
from oduyo_provider.sync.apply.recorder import Recorder
from oduyo_provider.sync.apply.work import Work

OVERWROTE = gettext_noop("Ödüyo wrote it over a record that was there before")


async def check_overwritten(
    work: Work, recorder: Recorder, creates: Sequence[Change], records: Mapping[str, Remote]
) -> None:
    """See to it that no create was answered with a record that the plan's own listing showed with another key.

    Ids that are not above all that had been seen are looked up there, as a site may give the id of a deleted record again.

    :param creates: that were confirmed; ``records`` those that their answers named, by id, as they are now.
    :raises CanaryError: naming the first; each has failed, and no create is sent to the site until a person lets one be tried.
    """
    old: dict[str, Change] = {}
    for change in creates:
        oduyo_id = recorder.results[change.key].oduyo_id or ""
        if oduyo_id in records and int(oduyo_id) <= recorder.floors.get(change.key, 0):
            old[oduyo_id] = change
    if not old:
        return
    before = await asyncio.to_thread(work.find_listed, old.keys())
    written: list[tuple[Change, Remote]] = []
    for oduyo_id, listed in before.items():
        key, now = compute_record_key(listed, work.normaliser), compute_record_key(records[oduyo_id], work.normaliser)
        if now == compute_match_key(old[oduyo_id].integration_id) != key:
            written.append((old[oduyo_id], listed))
    for change, _ in written:
        known = recorder.results[change.key]
        recorder.correct(msgspec.structs.replace(known, outcome=Outcome.FAILED, reason=OVERWROTE, oduyo_id=None))
    if written:
        change, listed = written[0]
        work.note_finding(Finding("key_altered", "integration_id", change.integration_id, None, is_final=True))
        await recorder.flush()
        raise CanaryError(_explain(change, listed))


def _explain(change: Change, listed: Remote) -> str:
    return gettext(
        "Ödüyo wrote the row %(key)s over its record %(id)s, which was that of %(before)s: it takes a create for an update of a "
        "record that it cannot tell from the new one. Nothing more is sent; this cannot be released. Ask Ödüyo's support what it "
        "tells records apart by, make the rows differ in that or leave one of them out of the query, and look at the record.",
        key=show_value(change.integration_id),
        id=listed["id"],
        before=show_value(listed.get("integration_id") or listed.get("code")),
    )
