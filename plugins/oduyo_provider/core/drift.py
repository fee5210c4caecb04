"""Compares a present record with a change: is it as wanted, as the plan found it, or neither?"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from enum import Enum

from oduyo_provider.core.change import IDENTITY_FIELDS, SET_BY_ODUYO, Action, Change, compute_base
from oduyo_provider.core.findings import can_be_kept_of, can_be_letters, is_kept_of
from oduyo_provider.core.ledger import Entry
from oduyo_provider.core.normalise import Normaliser
from oduyo_provider.core.record import MOMENTS, Kind, Payload, Remote
from oduyo_provider.core.values.status import means_same
from oduyo_provider.core.values.text import compute_match_key

#: Kinds that are compared by what they mean; every other kind is compared letter for letter.
_BY_MEANING = MOMENTS | {Kind.DECIMAL}


class Drift(str, Enum):
    """How a record is at the look right before its change would be sent."""

    AS_WANTED = "as_wanted"  # nothing has to be sent
    AS_PLANNED = "as_planned"  # the change may be sent
    MOVED = "moved"  # what the plan was based on is no longer so


def is_same_value(normaliser: Normaliser, field: str, stored: str | None, wanted: str) -> bool:
    """Whether a stored value equals a wanted one. ``null`` equals ``""``; dates compare as moments, amounts as numbers, UUIDs in any case."""
    if stored == wanted or (not stored and not wanted):
        return True
    if field == "integration_id" and stored:
        return compute_match_key(stored) == compute_match_key(wanted)
    if normaliser.resource.kinds.get(field) in _BY_MEANING:
        return normaliser.same(field, stored, wanted)
    return False


def find_differences(
    normaliser: Normaliser, payload: Payload, record: Remote, entry: Entry | None = None
) -> tuple[str, ...]:
    """The fields of a payload whose stored values differ, also from how Ödüyo is known to store them."""
    if payload.items() <= record.items():  # nearly always
        return ()
    return tuple(
        name
        for name, wanted in payload.items()
        if (value := record.get(name)) != wanted
        and not is_same_value(normaliser, name, value, wanted)
        and not (entry is not None and entry.is_stored_as(name, wanted, value))
    )


def compute_drift(change: Change, record: Remote | None, normaliser: Normaliser) -> Drift:
    """Compare a record, as it was just looked at, with a change.

    :param record: the change's record; for a create the one with its key; None when there is none.
    """
    if record is None:
        if change.action is Action.CREATE:
            return Drift.AS_PLANNED
        return Drift.AS_WANTED if change.action is Action.DELETE else Drift.MOVED
    if change.action is Action.CREATE:
        return Drift.MOVED if find_differences(normaliser, change.payload, record) else Drift.AS_WANTED
    if change.action is Action.DELETE:
        return Drift.MOVED if find_moved(change, record, normaliser, change.base) else Drift.AS_PLANNED
    if all(is_same_value(normaliser, name, record.get(name), change.payload[name]) for name in change.differs):
        return Drift.AS_WANTED
    watched = {*change.differs, *(name for name in IDENTITY_FIELDS if name in change.base)}
    return Drift.MOVED if find_moved(change, record, normaliser, watched) else Drift.AS_PLANNED


def find_moved(change: Change, record: Remote, normaliser: Normaliser, fields: Iterable[str]) -> set[str]:
    """The fields that are neither as the plan found them nor as wanted; ``null`` equals ``""``.

    Without those that Ödüyo sets at every write: they do not show that somebody changed the record.
    """
    now = compute_base(record, normaliser.resource)
    return {
        name
        for name in fields
        if name not in SET_BY_ODUYO
        and (now.get(name) or "") != (change.base.get(name) or "")
        and not (name in change.payload and is_same_value(normaliser, name, record.get(name), change.payload[name]))
    }


def find_stored_otherwise(change: Change, record: Remote, normaliser: Normaliser) -> dict[str, str | None]:
    """The fields that were sent and are stored otherwise, with the stored values.

    Of an update only the fields that it writes, the key, which is always sent as the ERP has it, and dates, which Ödüyo sets.
    Other fields were so before, or somebody else wrote them.
    """
    found = {name: record.get(name) for name in find_differences(normaliser, change.payload, record)}
    if not found or change.oduyo_id is None:
        return found
    return {name: value for name, value in found.items() if _is_written(name, change, record, normaliser)}


def find_changed_beside(
    change: Change, record: Remote, normaliser: Normaliser, entry: Entry | None
) -> dict[str, str | None]:
    """The fields that an update sent unchanged and that differ now, with the stored values.

    :param entry: what the ledger remembers of the key: what Ödüyo is known to store is no change.
    """
    found = find_differences(normaliser, change.payload, record, entry)
    others = [name for name in found if not _is_written(name, change, record, normaliser)]
    now = compute_base(record, normaliser.resource) if others else {}
    return {name: record.get(name) for name in others if (now.get(name) or "") != (change.base.get(name) or "")}


def _is_written(name: str, change: Change, record: Remote, normaliser: Normaliser) -> bool:
    """Whether an update writes a field, or any update may change it: dates, and a key that is not as before."""
    if name == "integration_id" and (record.get(name) or "") != (change.base.get(name) or ""):
        return True
    return name in change.differs or normaliser.resource.kinds.get(name) is Kind.STAMP


def find_as_before(
    change: Change, record: Remote, stored: Mapping[str, str | None], normaliser: Normaliser
) -> set[str]:
    """The fields that a change writes and that are still as before; of a key only whether there is one."""
    if change.action is Action.CREATE:
        return set()
    now, left_out = compute_base(record, normaliser.resource), {*SET_BY_ODUYO}
    if not change.is_adoption:
        left_out.add("integration_id")
    return {
        name
        for name in stored.keys() & set(change.differs) - left_out
        if (now.get(name) or "") == (change.base.get(name) or "")
    }


def find_without_effect(
    change: Change,
    record: Remote,
    stored: Mapping[str, str | None],
    normaliser: Normaliser,
    is_released: Callable[[str], bool] = lambda _: False,
    ignored: Collection[str] = (),
) -> set[str]:
    """The fields that are still as before the change, although Ödüyo said yes.

    A value that may be a form of what was sent is left out: a text that was cut, an amount or a moment in the site's own form. A
    person decides about those. Stamps are left out too, as Ödüyo sets them, and the form of a key, except in an adoption.

    :param is_released: whether a person has accepted a finding, by its name. Where other keys or letters are accepted, a form of
        what was sent does not count as ignored.
    :param ignored: fields that the site is seen to ignore, so that it cuts none of them.
    """
    return {
        name
        for name in find_as_before(change, record, stored, normaliser)
        if (name != "integration_id" or not is_released("key_altered"))
        and normaliser.resource.kinds.get(name) is not Kind.STAMP
        and not (normaliser.resource.kinds.get(name) is Kind.STATUS and means_same(change.payload[name], stored[name]))
        and (name in ignored or not is_kept_of(name, change.payload[name], stored[name], normaliser))
        and not (is_released("letters") and can_be_letters(name, change.payload[name], stored[name], normaliser))
    }


def is_own_alteration(change: Change, record: Remote, normaliser: Normaliser) -> bool:
    """Whether a record that is neither as wanted nor as planned may be the result of this change.

    It may if only the change's own fields differ from before, each in a form of what was sent.
    """
    if change.oduyo_id is not None and not find_moved(change, record, normaliser, change.base) <= set(change.differs):
        return False
    stored = find_stored_otherwise(change, record, normaliser)
    moved = stored.keys() - find_as_before(change, record, stored, normaliser)
    return all(can_be_kept_of(name, change.payload[name], stored[name], normaliser) for name in moved)
