"""How a record of Ödüyo stands to a change: as wanted, as the change was based on, or neither."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from oduyo_provider.core.change import SET_BY_ODUYO, Action, Change, compute_base
from oduyo_provider.core.normalise import Normaliser
from oduyo_provider.core.record import Remote


class Standing(str, Enum):
    """Where a record stands."""

    AS_WANTED = "as_wanted"
    AS_BASED = "as_based"
    OTHER = "other"


def compute_standing(change: Change, record: Remote | None, normaliser: Normaliser) -> Standing:
    """Compare a record, as it is now, with a change.

    :param record: the change's record; None when there is none.
    """
    if change.action is Action.CREATE:
        if record is None:
            return Standing.AS_BASED
        return Standing.OTHER if compute_stored(change, record, normaliser) else Standing.AS_WANTED
    if record is None:
        return Standing.AS_WANTED if change.action is Action.DELETE else Standing.OTHER
    if change.action is not Action.DELETE and not compute_stored(change, record, normaliser):
        return Standing.AS_WANTED
    return Standing.OTHER if compute_moved(change, record, normaliser) else Standing.AS_BASED


def compute_stored(change: Change, record: Remote, normaliser: Normaliser) -> dict[str, str | None]:
    """The fields that the record holds otherwise than the change wants, with what it holds.

    A field that the change does not change may also be as it was: Ödüyo is known to store it otherwise than sent.
    """
    stored = {
        name: value
        for name, wanted in change.payload.items()
        if (value := record.get(name)) != wanted and not normaliser.same(name, value, wanted)
    }
    if stored and change.oduyo_id is not None:
        now = compute_base(record, normaliser.resource)  # as the change's base, without what is no date
        for name in stored.keys() - set(change.differs):
            if now.get(name) == change.base.get(name):
                del stored[name]
    return stored


def compute_moved(change: Change, record: Remote, normaliser: Normaliser) -> set[str]:
    """The fields that the record holds otherwise than when the change was computed; ``null`` equals ``""``.

    Fields that Ödüyo sets at every write are left out: they are no sign that somebody changed the record.
    """
    now = compute_base(record, normaliser.resource)
    return {
        name
        for name, value in change.base.items()
        if name not in SET_BY_ODUYO and (now.get(name) or "") != (value or "")
    }


def is_own_alteration(change: Change, record: Remote, normaliser: Normaliser) -> bool:
    """Whether a record that is neither as wanted nor as based can be what Ödüyo made of this very change.

    So it is when nothing but the change's own fields moved, and what is stored of each is a beginning of what was sent:
    Ödüyo cut it. Any other value was written by somebody else; to take it for ours would leave it there for ever.
    """
    if change.oduyo_id is not None and not compute_moved(change, record, normaliser) <= set(change.differs):
        return False
    return is_beginning(change, compute_stored(change, record, normaliser))


def is_beginning(change: Change, stored: Mapping[str, str | None]) -> bool:
    """Whether each value that is stored otherwise than sent is a beginning of what was sent, and not empty."""
    return all(value and change.payload[name].startswith(value) for name, value in stored.items())
