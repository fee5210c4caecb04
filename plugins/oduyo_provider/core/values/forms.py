"""Amounts and moments as sites keep them that keep less of them, or write them in another way."""

from __future__ import annotations

import re
from collections import Counter
from decimal import Decimal

_AMOUNT = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?", re.ASCII).fullmatch
_NUMBERS = re.compile(r"[0-9]+", re.ASCII).findall


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
    """Whether a stored moment can be the one that was sent: without its time, or in another order: ``01.05.2024``.

    :param sent: ``YYYY-MM-DD HH:MM:SS``.
    """
    wanted, kept = _count_numbers(sent), _count_numbers(stored)
    return _count_numbers(sent[:10]) <= kept <= wanted


def _count_numbers(text: str) -> Counter[str]:
    return Counter(digits for number in _NUMBERS(text) if (digits := number.lstrip("0")))
