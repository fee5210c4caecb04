"""Raw value to decimal text, as the API documents amounts: ``140000.0000``.

At least four decimals, more where the ERP has more: no digit is rounded away, and one number has one text.
"""

from __future__ import annotations

import re
from decimal import Decimal

from oduyo_provider.core.language import gettext
from oduyo_provider.core.values.invalid import InvalidValueError, show_value
from oduyo_provider.core.values.text import clean_text, describe_no_number, parse_staged_text

#: Decimals that every amount has.
DECIMALS = 4

#: The amount of nothing, which Ödüyo may list as null.
ZERO = f"0.{'0' * DECIMALS}"

#: Most digits of an amount, on both sides of the point together.
MAX_DIGITS = 40

_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)").fullmatch


def parse_decimal(value: object) -> str | None:
    """``"140000.0000"`` of a number, or of a text with a decimal point; None for NULL and blank, which leaves the field out.

    A text with a comma is rejected: ``140.000,50`` is not guessed at. Oracle and SQL Server write a half as ``.5``.

    :raises InvalidValueError: ``boolean``, ``not_a_number``, ``too_long`` or ``unsupported_type``.
    """
    if value is None:
        return None
    if isinstance(value, bool):
        raise InvalidValueError(
            "boolean", gettext("%(value)s is a truth value, not a number; cast it in the query", value=value)
        )
    if isinstance(value, (int, Decimal)):
        return _write(Decimal(value))
    if isinstance(value, float):
        return _write(Decimal(repr(value)))
    text = clean_text(value if isinstance(value, str) else parse_staged_text(value))
    if not text:
        return None
    if not _NUMBER(text):
        detail = gettext(
            "'%(text)s' is not a number; expected are digits with a point, such as 140000.50", text=show_value(text)
        )
        raise InvalidValueError("not_a_number", detail)
    return _write(Decimal(text))


def _write(number: Decimal) -> str:
    if not number.is_finite():
        raise describe_no_number(number)
    _, digits, exponent = number.as_tuple()
    if not number:
        return ZERO
    if len(digits) > MAX_DIGITS or not -MAX_DIGITS <= int(exponent) <= MAX_DIGITS:
        raise InvalidValueError(
            "too_long", gettext("%(value)s has more than %(limit)s digits", value=show_value(number), limit=MAX_DIGITS)
        )
    whole, _, fraction = f"{number:f}".partition(".")
    return f"{whole}.{fraction.rstrip('0').ljust(DECIMALS, '0')}"
