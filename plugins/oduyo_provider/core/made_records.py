"""Whether a site can have made a record of a create, whatever it does to keys and letters."""

from __future__ import annotations

from oduyo_provider.core.change import Change
from oduyo_provider.core.drift import find_stored_otherwise
from oduyo_provider.core.normalise import Normaliser
from oduyo_provider.core.record import Remote
from oduyo_provider.core.values.keys import can_be_key_of, fold_key
from oduyo_provider.core.values.letters import can_be_letters_of


def can_be_made_of(change: Change, record: Remote, normaliser: Normaliser, *, has_natural_key: bool) -> bool:
    """Whether a site that stores keys otherwise can have made the record of a create.

    :param has_natural_key: the record carries the row's natural key: then its key may be any, if all else is as it was sent, cut or in
        other letters.
    """
    if can_be_key_of(change.integration_id, record.get("integration_id")):
        return True
    stored = find_stored_otherwise(change, record, normaliser)
    return has_natural_key and all(
        name == "integration_id" or can_be_letters_of(change.payload[name], value or "")
        for name, value in stored.items()
    )


def can_be_natural_key_of(sent: tuple[str, ...], stored: tuple[str, ...]) -> bool:
    """Whether a site can have made the stored natural key of the one that was sent: its last part, the code, is a text."""
    is_same = [*map(fold_key, stored[:-1])] == [*map(fold_key, sent[:-1])]  # it may keep numbers, as it does keys
    return is_same and can_be_letters_of(sent[-1], stored[-1])
