"""A staged line gives back what the driver returned, and no value can stop a run."""

from __future__ import annotations

import enum
import math
from datetime import date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oduyo_provider.core.normalise import Normaliser
from oduyo_provider.core.record import SPECIAL_CODE
from oduyo_provider.sync.staging.row_codec import encode_row, simplify_row
from tests.unit.sync.staging.staged_rows import stage_row

SURROGATES = st.characters(categories=["Cs"])
OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


def through(value: object) -> object:
    return stage_row({"code": value})["code"]


@given(st.none() | st.booleans() | st.integers(-(10**40), 10**40) | st.text(st.characters(exclude_categories=["Cs"])))
def test_null_truth_integers_and_text_come_back_as_they_were(value: object) -> None:
    back = through(value)
    assert back == value
    assert type(back) is type(value)


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_a_decimal_comes_back_with_every_digit(value: Decimal) -> None:
    back = through(value)
    assert isinstance(back, (int, Decimal))
    assert back == value


@pytest.mark.parametrize("value", ["9007199254740993.0", "9007199254740993.00", "-1E+20", "0.0"])
def test_an_exact_number_without_a_fraction_is_no_float_s(value: str) -> None:
    row = {"integration_id": Decimal(value), "code": "X"}
    for read in (simplify_row(row), stage_row(row)):
        done = Normaliser(SPECIAL_CODE).row(read)
        assert done.payload is not None, done.faults
        assert done.payload["integration_id"] == str(int(Decimal(value)))


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_float_comes_back_as_the_shortest_decimal_that_means_it(value: float) -> None:
    assert through(value) == Decimal(repr(value))


@given(st.datetimes())
def test_a_naive_time_comes_back_as_iso_text_without_an_offset(value: datetime) -> None:
    back = through(value)
    assert isinstance(back, str)
    assert datetime.fromisoformat(back) == value
    assert "+" not in back


@given(st.datetimes(min_value=datetime(2, 1, 1), max_value=datetime(9998, 12, 30), timezones=OFFSETS))
def test_an_aware_time_comes_back_as_the_same_instant(value: datetime) -> None:
    back = str(through(value)).replace("Z", "+00:00")
    assert datetime.fromisoformat(back) == value


@given(st.uuids() | st.dates() | st.times())
def test_ids_dates_and_times_become_their_text(value: UUID | date | time) -> None:
    assert through(value) == (str(value) if isinstance(value, UUID) else value.isoformat())


@given(st.binary())
def test_c9_bytes_stay_bytes_also_where_they_happen_to_be_text(value: bytes) -> None:
    assert through(value) == through(bytearray(value)) == through(memoryview(value)) == {"bytes": value.hex()}


@given(st.dictionaries(st.sampled_from(["code", "description"]), st.text(SURROGATES | st.characters()) | st.floats()))
def test_a_line_is_one_line_whatever_is_in_it(row: dict[str, object]) -> None:
    line = encode_row(simplify_row(row))
    assert b"\n" not in line
    assert stage_row(row).keys() == row.keys()


@pytest.mark.parametrize(
    ("value", "tag"),
    [
        (math.nan, "NaN"),
        (math.inf, "Infinity"),
        (-math.inf, "-Infinity"),
        (Decimal("NaN"), "NaN"),
        (Decimal("sNaN"), "NaN"),
        (Decimal("-Infinity"), "-Infinity"),
    ],
)
def test_what_is_no_number_is_tagged(value: object, tag: str) -> None:
    assert through(value) == {"number": tag}


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (object(), "object"),
        ([1], "list"),
        ({"a": 1}, "dict"),
        (timedelta(1), "timedelta"),
        pytest.param(10**5000, "number of too many digits", id="5001 digits"),
        (Decimal("1E+99999"), "number of too many digits"),
        (enum.Enum("Colour", "RED")["RED"], "Colour"),
    ],
)
def test_what_cannot_be_read_is_tagged_and_its_neighbours_stay(value: object, reason: str) -> None:
    row = {"integration_id": 7, "code": value, "special_created_in": datetime(2025, 5, 23)}
    assert stage_row(row) == {
        "integration_id": 7,
        "code": {"unsupported": reason},
        "special_created_in": "2025-05-23T00:00:00",
    }


@pytest.mark.parametrize("name", SPECIAL_CODE.field_names)
def test_half_a_character_has_the_same_fault_fresh_and_staged(name: str) -> None:
    row = {"integration_id": 7, "code": "K", name: "BAYİ\\\ud800"}
    assert stage_row(row)[name] == {"escaped": "BAYİ\\\\ud800"}
    fresh, staged = (Normaliser(SPECIAL_CODE).row(form).faults for form in (row, stage_row(row)))
    assert fresh
    assert fresh == staged


def test_subclasses_are_read_as_what_they_are() -> None:
    class Text(str):
        __slots__ = ()

    class Number(enum.IntEnum):
        ONE = 1

    class Stamp(datetime):
        pass

    class Day(date):
        pass

    class Amount(Decimal):
        pass

    class Ratio(float):
        pass

    assert through(Text("a")) == "a"
    assert through(Number.ONE) == 1
    assert through(Stamp(2025, 5, 23, 8, 30)) == "2025-05-23T08:30:00"
    assert through(Day(2025, 5, 23)) == "2025-05-23"
    assert through(Amount("1.50")) == Decimal("1.50")
    assert through(Ratio("nan")) == {"number": "NaN"}


class Zone(tzinfo):
    """A time zone that knows no times."""

    def utcoffset(self, _: datetime | None) -> timedelta:
        raise NotImplementedError


class NaT(datetime):
    """As pandas' NaT: a datetime by its type, whose year is NaN."""

    year = math.nan  # type: ignore[assignment]


@pytest.mark.parametrize("value", [NaT(2025, 1, 1), datetime(2025, 1, 1, tzinfo=Zone()), time(8, tzinfo=Zone())])
def test_a_value_whose_own_type_fails_costs_its_row_alone(value: object) -> None:
    row = stage_row({"code": value, "integration_id": Decimal(7)})
    assert row == {"code": {"unsupported": type(value).__name__}, "integration_id": 7}


def test_an_offset_with_seconds_keeps_its_instant() -> None:
    mean_time = timezone(timedelta(hours=1, minutes=56, seconds=56))
    assert through(datetime(1905, 1, 1, 1, 56, 56, tzinfo=mean_time)) == "1905-01-01T00:00:00Z"
    assert through(datetime(1, 1, 1, tzinfo=mean_time)) == "0001-01-01T00:00:00"


def test_the_row_itself_is_left_alone() -> None:
    row: dict[str, object] = {"code": b"a", "description": math.nan}
    encode_row(simplify_row(row))
    assert row["code"] == b"a"
    assert isinstance(row["description"], float)
