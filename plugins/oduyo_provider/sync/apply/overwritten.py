"""Notices a site that takes a create for an update, and so writes over a record that was there before."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import msgspec

from oduyo_provider.core.change import Action, Change, Outcome
from oduyo_provider.core.errors import CanaryError
from oduyo_provider.core.findings import Finding
from oduyo_provider.core.language import gettext, gettext_noop
from oduyo_provider.core.record import Remote
from oduyo_provider.core.release import Release, format_release
from oduyo_provider.core.values.invalid import show_value
from oduyo_provider.core.values.keys import is_form_of_key
from oduyo_provider.sync.apply.listed import Listed
from oduyo_provider.sync.apply.readback import NOT_LISTED
from oduyo_provider.sync.apply.recorder import Recorder

OVERWROTE = gettext_noop("Ödüyo wrote it over a record that was there before")

_KEY = "integration_id"


def was_there(recorder: Recorder, change: Change, oduyo_id: str | None) -> bool:
    """Whether a record was there before a create: its id is not above the highest seen before, or is another change's."""
    if oduyo_id is None:
        return False
    return int(oduyo_id) <= recorder.floors.get(change.key, 0) or recorder.seen.get(oduyo_id, change.key) != change.key


async def check_overwritten(
    listed: Listed,
    note_finding: Callable[[Finding], None],
    recorder: Recorder,
    made: Sequence[tuple[Change, Remote]],
    released: Release,
) -> None:
    """Stop when a create was carried out on a record that had another key before.

    Such a record stands in the plan's own listing, or was made by an earlier change of the plan. One that was made at another
    time than the record of that id is a new one: sites may use the id of a deleted record again.

    :param made: confirmed creates, each with the present record that its answer named, or that carries its key.
    :param released: what this run was given: the next one needs it too.
    :raises CanaryError: naming the first. All that were answered with such a record have failed, and no create is sent to the
        site until a person lets one be tried.
    """
    old = [
        (change, record)
        for change, record in made
        if was_there(recorder, change, record["id"]) and is_form_of_key(change.integration_id, record.get(_KEY))
    ]
    before = await asyncio.to_thread(listed.find, {str(record["id"]) for _, record in old}) if old else {}
    written: dict[str, tuple[Change, Remote]] = {}
    for change, record in old:
        was = before.get(str(record["id"])) or _find_made(recorder, change, record)
        if was is not None and _is_written_over(change, was, record):
            written[str(record["id"])] = change, was
    if not written:
        return
    _take_back(recorder, [change for change, record in made if record["id"] in written], [*written])
    change, was = next(iter(written.values()))
    note_finding(Finding("key_altered", _KEY, change.integration_id, None, is_final=True, is_other=True))
    await recorder.flush()
    raise CanaryError(_explain(change, was, released))


def _find_made(recorder: Recorder, change: Change, record: Remote) -> Remote | None:
    """The record as an earlier create of the plan made it; None where none did."""
    action, _, key = recorder.seen.get(str(record["id"]), change.key).partition(":")
    is_other = action == Action.CREATE.value and key != change.integration_id
    return {**record, _KEY: key} if is_other else None


def _take_back(recorder: Recorder, writing: Sequence[Change], ids: Sequence[str]) -> None:
    """Take back results: creates that wrote over a record have failed, and what was written over is gone."""
    for change in writing:
        known = recorder.results[change.key]
        recorder.correct(msgspec.structs.replace(known, outcome=Outcome.FAILED, reason=OVERWROTE, oduyo_id=None))
    for lost in {recorder.seen[oduyo_id] for oduyo_id in ids if oduyo_id in recorder.seen} & recorder.results.keys():
        known = recorder.results[lost]
        gone = msgspec.structs.replace(known, outcome=Outcome.DOUBTFUL, reason=NOT_LISTED, is_read_back=False)
        recorder.correct(gone)


def _is_written_over(change: Change, before: Remote, now: Remote) -> bool:
    is_same = "created_in" in change.payload or (before.get("created_in") or "") == (now.get("created_in") or "")
    keys = before.get(_KEY), now.get(_KEY)
    return is_same and [is_form_of_key(change.integration_id, key) for key in keys] == [False, True]


def _explain(change: Change, listed: Remote, released: Release) -> str:
    return gettext(
        "Ödüyo wrote the row %(key)s over its record %(id)s, which was '%(before)s' until then: it takes a create for an update of "
        "a record that it cannot tell from the new one. No further create is sent. Ask Ödüyo's support what it tells records "
        "apart by, make the rows differ in that or leave one of them out of the query, and look at the record; then give one "
        "run release %(release)s, which tries one.",
        key=show_value(change.integration_id),
        id=listed["id"],
        before=show_value(listed.get(_KEY) or listed.get("code")),
        release=format_release({"key_altered": None, **released}),
    )
