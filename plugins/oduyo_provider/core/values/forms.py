"""Other forms in which sites keep amounts and moments: rounded, cut, or written in another way."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from decimal import Decimal

_AMOUNT = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?", re.ASCII).fullmatch
_MOMENT = re.compile(
    r"([0-9]{1,4})[-./]([0-9]{1,2})[-./]([0-9]{1,4})(?:[T ]([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:[.,][0-9]+)?)?)?",
    re.ASCII,
).fullmatch
#: A site's clock is half a day from the ERP's at most, and a whole number of quarters.
_FURTHEST, _QUARTER = timedelta(hours=12), timedelta(minutes=15)


def can_be_amount_of(sent: str, stored: str) -> bool:
    """Whether a stored amount can be the one that was sent: rounded or cut behind the point, with a comma, or in groups.

    ``0.12`` of ``0.12345``, ``140,000.00`` and ``140.000,00`` of ``140000.0000``.
    """
    wanted, text = Decimal(sent), stored.strip()
    for plain in (text.replace(",", ""), text.replace(".", "").replace(",", ".")):
        if _AMOUNT(plain):
            kept = Decimal(plain)
            step = Decimal(1).scaleb(-len(plain.partition(".")[2]))
            if abs(wanted - kept) < step:
                return True
    return False


def can_be_moment_of(sent: str, stored: str) -> bool:
    """Whether a stored moment can be the one that was sent: without its time or its seconds, in another order, or by another clock.

    ``2024-05-01``, ``01.05.2024 10:00`` and, in UTC, ``2024-05-01 07:00:00`` of ``2024-05-01 10:00:00``.

    :param sent: ``YYYY-MM-DD HH:MM:SS``.
    """
    wanted = datetime.fromisoformat(sent)
    cut = (wanted, wanted.replace(second=0), wanted.replace(hour=0, minute=0, second=0))
    return any(kept in cut or _is_of_zones(kept - wanted) for kept in _read_moments(stored.strip()))


def _is_of_zones(difference: timedelta) -> bool:
    return abs(difference) <= _FURTHEST and not difference % _QUARTER


def _read_moments(text: str) -> Iterator[datetime]:
    """The moments that a text can mean: with the year first, the day first, or the month first."""
    parts = _MOMENT(text)
    if parts is None:
        return
    first, second, third, hour, minute, seconds = (int(part or 0) for part in parts.groups())
    for year, month, day in ((first, second, third), (third, second, first), (third, first, second)):
        with suppress(ValueError):  # no such day, or time
            yield datetime(year, month, day, hour, minute, seconds)
