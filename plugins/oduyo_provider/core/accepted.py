"""What a person accepts who releases ``letters``: values that Ödüyo was seen to keep otherwise than they were sent."""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from oduyo_provider.core.drift import is_other_value, name_finding
from oduyo_provider.core.ledger import Entry, Stored
from oduyo_provider.core.normalise import Normaliser


def accept_seen(entry: Entry, findings: Collection[str], normaliser: Normaliser) -> Entry:
    """The entry once its open values are accepted, as far as they can be.

    Accepted is what the site is known to do, and what it did twice: a value that was seen once may be what a person wrote between
    a change and its read-back, which the next sending sets right. That nothing is kept, or the opposite status, nobody accepts.

    :param findings: names of what the site is known to do to values, as the run that releases them has been shown.
    """

    def can_be_accepted(field: str, pair: Stored) -> bool:
        if is_other_value(field, pair.sent, pair.stored, normaliser):
            return False
        return pair.is_repeated or name_finding(field, pair.sent, pair.stored, normaliser) in findings

    accepted = {
        field: Stored(pair.sent, pair.stored)
        for field, pair in entry.stored.items()
        if pair.is_open and can_be_accepted(field, pair)
    }
    return msgspec.structs.replace(entry, stored={**entry.stored, **accepted}) if accepted else entry
