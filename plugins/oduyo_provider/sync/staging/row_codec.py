"""A raw row as one line of a staged JSON file, which :meth:`~oduyo_provider.sync.staging.buckets.Side.read` reads back.

What the normaliser tells apart stays apart: a number stays an exact number, and one without a fraction is written without
a point unless it was a float; text stays text, a date becomes its ISO 8601 text. What JSON cannot carry becomes a tagged object, so that a strange value costs its own row and never the run:

``{"number": "NaN"}``
    NaN and the infinities, of ``float`` and of ``Decimal``.
``{"bytes": "<hex>"}``
    bytes, also those that happen to be text: what they mean depends on the field.
``{"escaped": "<text>"}``
    text with half a character (a lone surrogate), which stands there as an escape such as ``\\ud800``.
``{"unsupported": "<type>"}``
    everything else: the type's name, or what is wrong with the value.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec

from oduyo_provider.core.values.text import drop_offset_seconds

#: CPython refuses to turn longer digit strings into an int (``sys.int_info.default_max_str_digits``).
MAX_DIGITS = 4300

_ENCODER = msgspec.json.Encoder(decimal_format="number")


def encode_row(row: dict[str, object]) -> bytes:
    """One JSON object without a line end; never raises for a value, whatever its type.

    :param row: as :func:`simplify_row` returns it.
    """
    try:
        return _ENCODER.encode(row)
    except Exception:
        # Rare enough to be found out only here: lone surrogates and integers of thousands of digits.
        return _ENCODER.encode({column: _convert_unwritable(value) for column, value in row.items()})


def simplify_row(row: dict[str, object]) -> dict[str, object]:
    """A row in the values that JSON can carry, which mean the same before they are written and when they are read.

    :param row: column name to what the database driver returned.
    """
    changed: dict[str, object] | None = None
    for column, value in row.items():
        convert = _CONVERTERS.get(type(value), _convert_unusual)
        if convert is not None:
            changed = changed or dict(row)
            try:
                changed[column] = convert(value)
            except Exception:  # whatever a type of somebody else's raises, such as pandas' NaT, a time without a year
                changed[column] = {"unsupported": type(value).__name__}
    return row if changed is None else changed


def _convert_float(value: float) -> object:
    return value if math.isfinite(value) else _tag_number(str(value))


def _convert_decimal(value: Decimal) -> object:
    if not value.is_finite():
        return _tag_number(str(value))
    if value.adjusted() >= MAX_DIGITS:
        return {"unsupported": "number of too many digits"}
    return int(value) if value == value.to_integral_value() else value


def _tag_number(text: str) -> object:
    lower = text.lower()
    if "nan" in lower:
        return {"number": "NaN"}
    return {"number": "-Infinity" if lower.startswith("-") else "Infinity"}


def _convert_bytes(value: bytes | bytearray | memoryview) -> object:
    return {"bytes": bytes(value).hex()}


def _convert_unusual(value: object) -> object:
    """A value whose exact type is not in the table: a subclass of one that is, or something that no rule reads."""
    for known, plain in _PLAIN:
        if isinstance(value, known):
            simple = plain(value)
            convert = _CONVERTERS[type(simple)]
            return simple if convert is None else convert(simple)
    return {"unsupported": type(value).__name__}


def _convert_unwritable(value: object) -> object:
    try:
        _ENCODER.encode(value)
    except UnicodeEncodeError:
        return {"escaped": str(value).encode(errors="backslashreplace").decode()}
    except ValueError:
        return {"unsupported": "number of too many digits"}
    except Exception:
        return {"unsupported": type(value).__name__}
    return value


_CONVERTERS: dict[type, Callable[[Any], object] | None] = {
    type(None): None,
    bool: None,
    int: None,
    str: None,
    date: None,
    time: None,
    UUID: None,
    float: _convert_float,
    Decimal: _convert_decimal,
    datetime: drop_offset_seconds,
    bytes: _convert_bytes,
    bytearray: _convert_bytes,
    memoryview: _convert_bytes,
}

# Drivers return subclasses too (pandas' Timestamp, enums of ints); ``datetime`` stands before ``date``, its own base.
_PLAIN: tuple[tuple[type, Callable[..., object]], ...] = (
    (str, str.__str__),
    (int, int),
    (float, float),
    (Decimal, Decimal),
    (
        datetime,
        lambda value: datetime.combine(
            date(value.year, value.month, value.day),
            time(value.hour, value.minute, value.second, value.microsecond, value.tzinfo, fold=value.fold),
        ),
    ),
    (date, lambda value: date(value.year, value.month, value.day)),
    (UUID, lambda value: UUID(int=value.int)),
)
