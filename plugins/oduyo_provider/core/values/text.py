"""Raw value to text, as Ödüyo is to store it and as both sides are compared.

Invisible characters are dropped, outer blanks are trimmed, the rest is NFC. Case is never changed: ``'İ'.lower()`` is
two characters, and ``I`` and ``İ`` are different letters.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from uuid import UUID

from oduyo_provider.core.language import gettext
from oduyo_provider.core.values.invalid import InvalidValueError, is_writable, show_value

#: The largest float that only one integer becomes: above it two ERP keys could become one.
MAX_EXACT_FLOAT = 2**53 - 1

# Most values: printable ASCII and Turkish letters, which are NFC, without outer blanks. Nothing is to be done for them.
_UNTOUCHED = re.compile(r"(?:[!-~ÇĞİÖŞÜÂÎÛçğıöşüâîû](?:[ -~ÇĞİÖŞÜÂÎÛçğıöşüâîû]*[!-~ÇĞİÖŞÜÂÎÛçğıöşüâîû])?)?").fullmatch

# What stands on either side of a zero-width joiner in an emoji; before it also a variation selector (FE0F).
# NFC maps each range into itself, else cleaning twice could drop a joiner that cleaning once had kept.
_EMOJI = "\u2190-\u21ff\u2600-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff"
_DROPPED = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"  # controls but TAB, LF, CR
    "\u061c\u180e\u200b\u200c\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]"  # zero-width, bidi, BOM
    f"|(?<![{_EMOJI}\ufe0f])\u200d|\u200d(?![{_EMOJI}])"  # a joiner outside an emoji
)
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_SURROGATES = re.compile("[\ud800-\udfff]")
_BLANKS = str.maketrans(dict.fromkeys("\t\n\r\u00a0\u2007\u202f", " "))
_BLANK_RUN = re.compile(r"\s{2,}")
_WINDOWS_1254 = str.maketrans("ÝýÞþÐð", "İıŞşĞğ")
_INTEGRAL_TEXT = re.compile(r"(-?[0-9]+)\.0+").fullmatch
_UUID = re.compile(r"(\{)?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?(1)\})", re.IGNORECASE | re.ASCII).fullmatch


def clean_text(value: str, *, repair: bool = False) -> str:
    """Drop what is invisible, turn special blanks into blanks, compose (NFC), trim. Cleaning twice changes nothing.

    :param repair: the text is windows-1254 read as latin-1: put ``İıŞşĞğ`` for ``ÝýÞþÐð``.
    :raises InvalidValueError: ``not_encodable`` for half a surrogate pair, which UTF-8 cannot carry.
    """
    if _UNTOUCHED(value):
        return value
    if _SURROGATES.search(value):
        raise _describe_half_character(value)
    # Drop first: an invisible character may stand between a letter and its mark. Trim last: dropping leaves blanks.
    text = unicodedata.normalize("NFC", _DROPPED.sub("", value).translate(_BLANKS))
    if repair:
        text = unicodedata.normalize("NFC", text.translate(_WINDOWS_1254))
    return text.strip()


def _describe_half_character(value: object) -> InvalidValueError:
    detail = gettext("'%(value)s' holds half a character; correct it in the ERP", value=show_value(value))
    return InvalidValueError("not_encodable", detail)


def describe_no_number(value: object) -> InvalidValueError:
    """What is wrong with NaN and the infinities."""
    detail = gettext("%(value)s is not a number; correct it in the ERP or the query", value=show_value(value))
    return InvalidValueError("not_a_number", detail)


def has_controls(value: str) -> bool:
    """Whether the text holds control characters that cleaning drops."""
    return _CONTROLS.search(value) is not None


def collapse_blanks(text: str) -> str:
    """One blank for every run of inner blanks of a cleaned text."""
    return _BLANK_RUN.sub(" ", text)


def parse_text(value: object, *, repair: bool = False) -> str:
    """Text of a text field; ``""`` for NULL. Numbers must be whole: ``26.0`` → ``"26"``.

    :raises InvalidValueError: ``boolean``, ``not_a_number``, ``fraction``, ``not_exact``, ``too_long``, ``not_encodable``
        or ``unsupported_type``.
    """
    if isinstance(value, str):
        return clean_text(value, repair=repair)
    if value is None:
        return ""
    if isinstance(value, bool):
        raise InvalidValueError(
            "boolean", gettext("%(value)s is a truth value, not a text or number; cast it in the query", value=value)
        )
    if isinstance(value, (int, float, Decimal)):
        return compute_integer_text(value)
    return clean_text(parse_staged_text(value), repair=repair)


def parse_description(value: object, *, repair: bool = False) -> str:
    """As :func:`parse_text`, with inner runs of blanks collapsed."""
    return collapse_blanks(parse_text(value, repair=repair))


def parse_id(value: object, *, repair: bool = False) -> str:
    """As :func:`parse_text`, and ``"9465.0"``, which copies make of a numeric key, → ``"9465"``.

    :raises InvalidValueError: ``binary`` for bytes, also for those that happen to be text: cleaning would make one id of
        ``b"A"`` and ``b"A\\x00"``.
    """
    if parse_bytes(value) is not None:
        raise InvalidValueError(
            "binary",
            gettext(
                "bytes are no id; make them text in the query with HEX() or CAST, or, if they are text already, name its encoding in "
                "the connection (client_encoding)"
            ),
        )
    text = parse_text(value, repair=repair)
    if "." in text and (integral := _INTEGRAL_TEXT(text)):
        return integral[1]
    return text


def compute_match_key(integration_id: str) -> str:
    """What two ids are compared by: of a UUID its lower-case form without braces, of everything else the id itself.

    SQL Server's drivers disagree on UUIDs: pymssql gives objects, which are written in lower case, ODBC upper case.

    :param integration_id: as :func:`parse_id` gives it.
    """
    found = _UUID(integration_id)
    return found[2].lower() if found else integration_id


def parse_bytes(value: object) -> bytes | None:
    """The bytes that a driver returned or that a staged row carries; None for every other value."""
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value)
    if isinstance(value, dict) and value.keys() == {"bytes"}:
        try:
            return bytes.fromhex(str(value["bytes"]))
        except ValueError:
            return None
    return None


def compute_integer_text(value: float | Decimal) -> str:
    """A whole number as digits, never with an exponent; minus zero is ``"0"``.

    :param value: as staging writes it: an exact number of any size is an int, a Decimal may have been a float.
    :raises InvalidValueError: ``not_a_number``, ``fraction``, ``not_exact`` or ``too_long``.
    """
    if isinstance(value, int):
        if not is_writable(value):
            raise InvalidValueError("too_long", show_value(value))
        return str(int(value))
    # repr() gives the same digits that staging writes, so a staged float is judged as a fresh one.
    number = Decimal(repr(float(value))) if isinstance(value, float) else value
    if not number.is_finite():
        raise describe_no_number(number)
    if number != number.to_integral_value():
        raise InvalidValueError("fraction", gettext("%(value)s is not a whole number", value=show_value(number)))
    # Staging writes exact numbers without a fraction as integers, so a whole number with a point or an exponent was a float.
    if number.copy_abs() > MAX_EXACT_FLOAT:
        detail = gettext(
            "%(value)s is a float of 2^53 or more and may have lost digits; select the ERP's exact number as text, not a copy "
            "that is a float",
            value=show_value(number),
        )
        raise InvalidValueError("not_exact", detail)
    return str(int(number))


def parse_staged_text(value: object) -> str:
    """The text that a staged row carries for a value that is neither text nor number.

    :raises InvalidValueError: ``not_encodable`` for bytes that are not UTF-8 and for half a surrogate pair, ``binary`` for
        bytes that are no text, ``not_a_number`` and ``unsupported_type``.
    """
    if (raw := parse_bytes(value)) is not None:
        return _parse_text_bytes(raw)
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, (date, time)) and (iso := _write_moment(value)) is not None:
        return f"{iso[:-6]}Z" if iso.endswith("+00:00") else iso
    if isinstance(value, dict) and value.keys() == {"number"}:
        raise describe_no_number(value)
    if isinstance(value, dict) and value.keys() == {"escaped"}:
        raise _describe_half_character(value)
    raise InvalidValueError(
        "unsupported_type", gettext("%(value)s cannot be sent; cast it to text in the query", value=show_value(value))
    )


def _parse_text_bytes(raw: bytes) -> str:
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        detail = gettext(
            "bytes that are not UTF-8; correct this row in the ERP, or, when all rows are in another encoding, name "
            "it in the connection (client_encoding)"
        )
        raise InvalidValueError("not_encodable", detail) from None
    if has_controls(text):
        raise InvalidValueError(
            "binary", gettext("bytes that are no text; make them text in the query, for example with CAST")
        )
    return text


def _write_moment(value: date | time) -> str | None:
    try:
        return (drop_offset_seconds(value) if isinstance(value, datetime) else value).isoformat()
    except Exception:  # whatever a type of somebody else's raises, such as pandas' NaT, a time without a year
        return None


def drop_offset_seconds(moment: datetime) -> datetime:
    """A moment in UTC where its offset has seconds, as local mean times have (Istanbul until 1910: +01:56:56): JSON writers round these."""
    offset = moment.utcoffset()
    if offset is None or not offset % timedelta(minutes=1):
        return moment
    try:
        return moment.astimezone(timezone.utc)
    except OverflowError:  # the first or last day of the calendar: no date that anybody sends
        return moment.replace(tzinfo=None)
