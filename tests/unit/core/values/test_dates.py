"""Datetimes as drivers return them; the texts stand in tests/data/rows/dates.jsonl."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

import pytest

from oduyo_provider.core.values.dates import parse_datetime
from oduyo_provider.core.values.invalid import InvalidValueError

ISTANBUL = ZoneInfo("Europe/Istanbul")
UTC = timezone.utc


class Nowhere(tzinfo):
    """A zone that does not know its offset, which Python treats as none."""

    def utcoffset(self, _moment: datetime | None) -> timedelta | None:
        return None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (datetime(2025, 5, 23, 8, 30, 0, 999999), "2025-05-23 08:30:00"),
        (datetime(2025, 5, 23, 8, 30, tzinfo=Nowhere()), "2025-05-23 08:30:00"),
        (datetime(2025, 5, 23, 8, 30, tzinfo=UTC), "2025-05-23 11:30:00"),
        (datetime(2015, 11, 8, 3, 30, tzinfo=ISTANBUL), "2015-11-08 03:30:00"),
        (datetime(2015, 11, 8, 3, 30, fold=1, tzinfo=ISTANBUL), "2015-11-08 03:30:00"),
        (datetime(1978, 1, 15, 12, tzinfo=UTC), "1978-01-15 14:00:00"),
        (date(2025, 5, 23), "2025-05-23 00:00:00"),
        (b"2025-05-23 08:30:00", "2025-05-23 08:30:00"),
        (datetime(1900, 1, 1, 23, 59, 59), None),
        (datetime(1900, 1, 2), "1900-01-02 00:00:00"),
        (date(1899, 12, 30), None),
        (date.max, None),
        (datetime(9998, 12, 31, 22, tzinfo=UTC), None),
        (datetime(9998, 12, 31, 20, tzinfo=UTC), "9998-12-31 23:00:00"),
        (datetime.max.replace(tzinfo=UTC), None),
        (datetime.min.replace(tzinfo=timezone(timedelta(hours=5))), None),
    ],
)
def test_a_moment_is_local_time_or_left_out(value: object, expected: str | None) -> None:
    assert parse_datetime(value, ISTANBUL) == expected


@pytest.mark.parametrize("hours", [-3, 3])
def test_offsets_with_minutes_and_seconds_are_exact(hours: int) -> None:
    text = f"1950-06-01 12:00:00{hours:+03}:56:56"
    moment = datetime(1950, 6, 1, 12, tzinfo=timezone((1 if hours > 0 else -1) * timedelta(hours=3, seconds=3416)))
    assert parse_datetime(text, ISTANBUL) == parse_datetime(moment, ISTANBUL)
    assert parse_datetime(text, ZoneInfo("UTC")) == moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


@pytest.mark.parametrize("day", range(1, 32))
def test_every_day_of_a_month_is_read(day: int) -> None:
    assert parse_datetime(f"2025-05-{day:02}T08:30:00.1", ISTANBUL) == f"2025-05-{day:02} 08:30:00"


@pytest.mark.parametrize("value", [0, 45800.5, True, time(8, 30), [], "\ud800", b"\xff"])
def test_only_dates_are_dates(value: object) -> None:
    with pytest.raises(InvalidValueError) as caught:
        parse_datetime(value, ISTANBUL)
    assert caught.value.reason == "not_a_date"
    assert caught.value.detail.endswith("is not a date; expected is YYYY-MM-DD HH:MM:SS")


@pytest.mark.parametrize("year", [1901, 2000, 2023, 2024, 2100])
@pytest.mark.parametrize("between", ["T", " "])
def test_every_day_of_a_year_and_no_other(year: int, between: str) -> None:
    days = set()
    for month in range(14):
        for day in range(33):
            try:
                found = parse_datetime(f"{year}-{month:02}-{day:02}{between}23:59:59.5", ISTANBUL)
            except InvalidValueError:
                continue
            assert found == f"{year}-{month:02}-{day:02} 23:59:59"
            days.add(date(year, month, day))
    assert days == {
        date(year, 1, 1) + timedelta(days=number) for number in range((date(year, 12, 31) - date(year, 1, 1)).days + 1)
    }
