"""Raw value to ``YYYY-MM-DD HH:MM:SS``, without a zone: local time of the ERP's country.

Databases write "no date" as 1899-12-30, 1900-01-01, 0000-00-00, 9999-12-31 or infinity. Such a date is left out, as is
NULL: Ödüyo then keeps what it has.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from oduyo_provider.core.language import gettext
from oduyo_provider.core.values.invalid import InvalidValueError, show_value
from oduyo_provider.core.values.text import clean_text, parse_staged_text

#: This day and all before it, and all from this year on, are no dates.
LAST_ABSENT_DAY = (1900, 1, 1)
FIRST_ABSENT_YEAR = 9999

_INFINITE = frozenset({"infinity", "-infinity"})

# Nearly every staged date: no offset, between 1901 and 2999, a day that its month has in every year. Read at once, as two of
# them stand in each row.
_PLAIN = re.compile(
    r"(?:19(?!00)|2[0-9])[0-9]{2}-"
    r"(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)"
    r"[T ](?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]+)?"
).fullmatch

# Not datetime.fromisoformat: before Python 3.11 it knows neither "Z" nor "+03" nor fractions of any length.
_ISO = re.compile(
    r"([0-9]{4,6})-([0-9]{2})-([0-9]{2})"
    r"(?:[Tt ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:[.,][0-9]+)?)?"
    r"(?: ?([Zz]|([+-])([0-9]{2})(?::?([0-5][0-9])(?::?([0-5][0-9]))?)?))?)?"
).fullmatch


def parse_datetime(value: object, zone: ZoneInfo) -> str | None:
    """``YYYY-MM-DD HH:MM:SS`` of a datetime, a date (midnight) or an ISO 8601 text; None when it counts as absent.

    Fractions of a second are dropped. A value with an offset is converted to ``zone``; one without is taken as it is.

    :raises InvalidValueError: ``not_a_date`` for anything else, numbers and impossible days too.
    """
    try:
        if value is None:
            return None
        if isinstance(value, str):
            return value[:19].replace("T", " ") if _PLAIN(value) else _parse_text(value, zone)
        if isinstance(value, datetime):
            return _compute_local_text(value, zone)
        if isinstance(value, date):
            return _compute_local_text(datetime(value.year, value.month, value.day), zone)
        return _parse_text(parse_staged_text(value), zone)
    except OverflowError:  # the conversion left the calendar: year 0 or 10000
        return None
    except ValueError as error:
        detail = gettext("'%(value)s' is not a date; expected is YYYY-MM-DD HH:MM:SS", value=show_value(value))
        raise InvalidValueError("not_a_date", detail) from error


def _parse_text(raw: str, zone: ZoneInfo) -> str | None:
    text = clean_text(raw)
    if not text or text.lower() in _INFINITE:
        return None
    parts = _ISO(text)
    if parts is None:
        raise ValueError(text)
    year = int(parts[1])
    if year == 0 or year >= FIRST_ABSENT_YEAR:  # datetime knows no year 0 and none above 9999
        return None
    moment = datetime(year, int(parts[2]), int(parts[3]), int(parts[4] or 0), int(parts[5] or 0), int(parts[6] or 0))
    if parts[7]:
        moment = moment.replace(tzinfo=_compute_offset(parts))
    return _compute_local_text(moment, zone)


def _compute_offset(parts: re.Match[str]) -> timezone:
    if parts[8] is None:  # Z
        return timezone.utc
    offset = timedelta(hours=int(parts[9]), minutes=int(parts[10] or 0), seconds=int(parts[11] or 0))
    return timezone(-offset if parts[8] == "-" else offset)


def _compute_local_text(moment: datetime, zone: ZoneInfo) -> str | None:
    if moment.utcoffset() is not None:
        moment = moment.astimezone(zone)
    if (moment.year, moment.month, moment.day) <= LAST_ABSENT_DAY or moment.year >= FIRST_ABSENT_YEAR:
        return None
    return f"{moment.year}-{moment.month:02}-{moment.day:02} {moment.hour:02}:{moment.minute:02}:{moment.second:02}"
