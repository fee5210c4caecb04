"""What a record that was written holds, beside what was sent: the result of a change as it shows."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import msgspec

from oduyo_provider.core.change import Action, Change, Outcome, compute_base
from oduyo_provider.core.drift import (
    find_as_before,
    find_other_letters,
    find_stored_otherwise,
    find_without_effect,
    is_beginning,
)
from oduyo_provider.core.language import gettext_noop
from oduyo_provider.core.ledger import Result
from oduyo_provider.core.normalise import Normaliser
from oduyo_provider.core.record import Kind, Remote
from oduyo_provider.core.values.letters import can_be_letters_of
from oduyo_provider.sync.apply.work import Finding

NO_EFFECT = gettext_noop("no effect: Ödüyo said yes, and nothing changed")
_KEY = "integration_id"


class ReadBack(msgspec.Struct, frozen=True):
    """A change as it shows after it was sent.

    :param result: the change's result as it shows.
    :param finding: what the site does to a value, or may do; None when all is as it was sent, or only cut.
    :param ignored: the fields that are as they were although Ödüyo said yes.
    """

    result: Result
    finding: Finding | None = None
    ignored: frozenset[str] = frozenset()

    @property
    def is_without_effect(self) -> bool:
        """Whether Ödüyo said yes and did nothing."""
        return self.result.outcome is Outcome.FAILED


def is_shown(change: Change, record: Remote | None, normaliser: Normaliser) -> bool:
    """Whether a change shows already; what does not may only be late."""
    if change.action is Action.DELETE:
        return record is None
    if record is None:
        return False
    stored = find_stored_otherwise(change, record, normaliser)
    return not find_as_before(change, record, stored, normaliser)


def find_unclear(change: Change, record: Remote | None, normaliser: Normaliser) -> dict[str, tuple[str, str]]:
    """The texts that are as before, and a beginning of the one that was sent: field → sent and stored. Cut or ignored?"""
    if record is None or change.action in (Action.CREATE, Action.DELETE):
        return {}
    stored = find_stored_otherwise(change, record, normaliser)
    return {
        name: (change.payload[name], stored[name] or "")
        for name in find_as_before(change, record, stored, normaliser)
        if is_beginning(change.payload[name], stored[name])
    }


def compute_read_back(
    change: Change,
    known: Result,
    record: Remote | None,
    twins: Sequence[Remote],
    normaliser: Normaliser,
    *,
    knows_letters: bool = False,
    ignored: Collection[str] = (),
    at: float,
) -> ReadBack:
    """Compare what a confirmed change was to make with the record.

    :param known: the result as it was taken from the answer.
    :param record: the change's record; None when it is not listed.
    :param twins: further records with the same key.
    :param knows_letters: a person has released that the site keeps other letters.
    :param ignored: fields that the site is seen to ignore, so that it cuts none of them.
    :param at: the time of the look, seconds since 1970.
    """
    if change.action is Action.DELETE:
        if record is None:
            return ReadBack(_replace(known, at, is_read_back=True))
        return ReadBack(_replace(known, at, outcome=Outcome.FAILED, reason=NO_EFFECT, is_read_back=True))
    if record is None:
        reason = gettext_noop("confirmed by Ödüyo, but not listed")
        return ReadBack(_replace(known, at, outcome=Outcome.DOUBTFUL, reason=reason))
    stored = find_stored_otherwise(change, record, normaliser)
    oduyo_id = str(record["id"])
    as_before = find_without_effect(change, record, stored, normaliser, knows_letters=knows_letters, ignored=ignored)
    if as_before:
        result = _replace(known, at, outcome=Outcome.FAILED, reason=NO_EFFECT, oduyo_id=oduyo_id, is_read_back=True)
        may_be_letters = all(can_be_letters_of(change.payload[name], stored[name] or "") for name in as_before)
        finding = _find_alteration(change, stored, normaliser) if may_be_letters else None
        return ReadBack(result, finding, frozenset(as_before))
    ids = tuple(str(twin["id"]) for twin in twins)
    result = _replace(known, at, oduyo_id=oduyo_id, stored=stored, twins=ids, is_read_back=True)
    return ReadBack(result, _find_alteration(change, stored, normaliser))


def find_changed_fields(change: Change, looked: Remote, record: Remote, normaliser: Normaliser) -> tuple[str, ...]:
    """The fields that an update does not change, and that are other than they were when it was looked at."""
    now, kinds = compute_base(record, normaliser.resource), normaliser.resource.kinds
    return tuple(
        name
        for name, value in looked.items()
        if name not in (*change.differs, _KEY)
        and kinds.get(name) is not Kind.DATETIME
        and (value or "") != (now.get(name) or "")
    )


def is_lost(looked: str | None, stored: str | None) -> bool:
    """Whether the site kept nothing of a value, or other letters; something else may be what a person wrote meanwhile."""
    return bool(looked) and (not stored or can_be_letters_of(looked or "", stored))


def _find_alteration(change: Change, stored: dict[str, str | None], normaliser: Normaliser) -> Finding | None:
    is_mending = change.action is not Action.CREATE and _KEY in change.differs and not change.is_adoption
    if _KEY in stored and not is_mending:
        return Finding("key_altered", _KEY, change.payload[_KEY], stored[_KEY])
    letters = sorted(find_other_letters(change.payload, stored, normaliser))
    if letters:
        return Finding("letters", letters[0], change.payload[letters[0]], stored[letters[0]])
    return None


def _replace(known: Result, at: float, **changes: object) -> Result:
    return msgspec.structs.replace(known, at=at, **changes)
