"""The error for a raw value that breaks a rule, and how to show such a value to a person."""

from __future__ import annotations

from decimal import Decimal

from oduyo_provider.core.language import gettext
from oduyo_provider.core.redact import escape

#: How much of a value a fault's detail shows, in characters.
SHOWN_CHARACTERS = 40

#: Python refuses to write an integer of more bits as decimal text (its limit is 4,300 digits).
_WRITABLE_BITS = 14_000


class InvalidValueError(ValueError):
    """A raw value breaks a rule of normalising. It never leaves ``core``: the row's ``Fault`` carries the same texts.

    :param reason: short code, e.g. ``fraction``.
    :param detail: for people: what is wrong and, where it is not plain, what to do.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail


def is_writable(value: int) -> bool:
    """Whether Python can write the integer as decimal text."""
    return value.bit_length() <= _WRITABLE_BITS


def format_value(value: object) -> str:
    """A raw value as a person would write it, also one out of a staged file; none as nothing."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int) and not is_writable(value):
        return gettext("an integer of more than 4,000 digits")
    if isinstance(value, (int, float, Decimal)):
        return str(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return f"0x{bytes(value).hex()}"
    if isinstance(value, dict) and value.keys() == {"number"}:  # NaN and the infinities
        return str(value["number"])
    if isinstance(value, dict) and value.keys() == {"bytes"}:
        return f"0x{value['bytes']}"
    if isinstance(value, dict) and value.keys() == {"escaped"}:  # text with half a character
        return str(value["escaped"])
    if isinstance(value, dict) and value.keys() == {"unsupported"}:  # what staging could not write
        return gettext("a value of type %(type)s", type=value["unsupported"])
    return gettext("a value of type %(type)s", type=type(value).__name__)


def show_value(value: object) -> str:
    """The start of a value, in printable characters only: invisible ones appear as escapes such as ``\\u200b``."""
    text = format_value(value)
    shown = escape(text[:SHOWN_CHARACTERS])
    return shown if len(text) <= SHOWN_CHARACTERS else f"{shown}…"
