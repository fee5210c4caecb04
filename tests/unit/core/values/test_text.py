"""Texts, numbers as text, and what staging makes of other types."""

from __future__ import annotations

import enum
from datetime import date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from oduyo_provider.core.values.invalid import InvalidValueError
from oduyo_provider.core.values.text import (
    clean_text,
    collapse_blanks,
    compute_integer_text,
    compute_match_key,
    parse_bytes,
    parse_id,
    parse_text,
)


class Level(enum.IntEnum):
    FIRM = 21


def reason_of(value: object) -> str:
    with pytest.raises(InvalidValueError) as caught:
        parse_text(value)
    return caught.value.reason


@pytest.mark.parametrize("text", ["", "A", "MRM.034", "ÇAĞRI İŞ ÖĞÜN ı", "A  B", "=1+1", "Hakkâri", "~!"])
def test_a_text_without_anything_to_do_is_the_very_same_object(text: str) -> None:
    assert clean_text(text) is text


# U+200D, the joiner, depends on its neighbours: tests/data/rows/text.jsonl.
INVISIBLE = [0x180E, 0x200B, 0x200C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2060, 0x2065), 0xFEFF]


@pytest.mark.parametrize("code", [*INVISIBLE, *range(0x2066, 0x206A)], ids=hex)
def test_an_invisible_character_is_dropped(code: int) -> None:
    assert clean_text(f"A{chr(code)}Ş") == "AŞ"


@pytest.mark.parametrize("code", [0x2010, 0x2029, 0x202F, 0x205F, 0xFE0F, 0xFFFD, 0x1F642], ids=hex)
def test_their_neighbours_are_not_dropped(code: int) -> None:
    assert len(clean_text(f"A{chr(code)}Ş")) == 3


def test_mending_composes_again_when_a_mark_follows_the_mended_letter() -> None:
    assert clean_text("Ð\u0327", repair=True) == "Ģ\u0306"


def test_collapsing_leaves_single_blanks_of_any_kind() -> None:
    assert collapse_blanks("a\u3000b \u3000c") == "a\u3000b c"


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (0, "0"),
        (-0.0, "0"),
        (26.0, "26"),
        (1e15, "1000000000000000"),
        (2.0**53 - 1, "9007199254740991"),
        (2**63, "9223372036854775808"),
        (Level.FIRM, "21"),
        (Decimal("-0"), "0"),
        (Decimal("0E+9"), "0"),
        (Decimal("-5.000"), "-5"),
        (Decimal("1E+2"), "100"),
        (12345678901234567890123456789012345678, "12345678901234567890123456789012345678"),
    ],
)
def test_a_whole_number_is_written_as_digits(number: float | Decimal, expected: str) -> None:
    assert compute_integer_text(number) == expected


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (True, "boolean"),
        (float("nan"), "not_a_number"),
        (float("-inf"), "not_a_number"),
        (Decimal("NaN"), "not_a_number"),
        (Decimal("sNaN"), "not_a_number"),
        (Decimal("Infinity"), "not_a_number"),
        (0.1, "fraction"),
        (5e-324, "fraction"),
        (Decimal("1E-999999"), "fraction"),
        (Decimal("1.50"), "fraction"),
        (float(2**53 + 1), "not_exact"),
        (-1e16, "not_exact"),
        (1.2345678901234568e16, "not_exact"),
        (Decimal("1.2345678901234568E16"), "not_exact"),
        (1.7e308, "not_exact"),
        (Decimal("1E+999999999"), "not_exact"),
        pytest.param(10**4300, "too_long", id="4,301 digits"),
        (b"\xff", "not_encodable"),
        (memoryview(b"\xdd"), "not_encodable"),
        ("\ud800", "not_encodable"),
        ({"escaped": "\\ud800"}, "not_encodable"),
        ([], "unsupported_type"),
        ({}, "unsupported_type"),
        (b"A\x00", "binary"),
        ({"bytes": "4100"}, "binary"),
        ({"bytes": "ff"}, "not_encodable"),
        ({"bytes": "no hex"}, "unsupported_type"),
        ({"number": "NaN", "bytes": "ff"}, "unsupported_type"),
        (object(), "unsupported_type"),
    ],
)
def test_what_is_no_text_is_rejected_with_its_reason(value: object, reason: str) -> None:
    assert reason_of(value) == reason


def test_a_detail_names_the_type_that_cannot_be_sent() -> None:
    with pytest.raises(InvalidValueError) as caught:
        parse_text({"unsupported": "Inet"})
    assert caught.value.detail == "a value of type Inet cannot be sent; cast it to text in the query"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (bytearray("ŞUBE ".encode()), "ŞUBE"),
        (date(2025, 5, 23), "2025-05-23"),
        (time(8, 30), "08:30:00"),
        (datetime(2025, 5, 23, 8, 30), "2025-05-23T08:30:00"),
        (datetime(2025, 5, 23, 8, 30, tzinfo=timezone.utc), "2025-05-23T08:30:00Z"),
        (datetime(1900, 5, 23, 8, 30, tzinfo=ZoneInfo("Europe/Istanbul")), "1900-05-23T06:33:04Z"),
        (datetime.min.replace(tzinfo=timezone(timedelta(seconds=1))), "0001-01-01T00:00:00"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
    ],
)
def test_other_types_are_the_text_that_staging_writes(value: object, expected: str) -> None:
    assert parse_text(value) == expected


class Zone(tzinfo):
    """A time zone that knows no times."""

    def utcoffset(self, _: datetime | None) -> timedelta:
        raise NotImplementedError


@pytest.mark.parametrize("value", [datetime(2025, 5, 23, tzinfo=Zone()), time(8, tzinfo=Zone())])
def test_a_value_whose_own_type_fails_is_of_an_unsupported_type(value: object) -> None:
    assert reason_of(value) == "unsupported_type"


def test_only_an_id_loses_the_zeros_behind_its_point() -> None:
    assert (parse_text("26.0"), parse_id("26.0"), parse_id("٢٦.0")) == ("26.0", "26", "٢٦.0")


@pytest.mark.parametrize("value", [-26, -26.0, Decimal("-26.0000"), "-26", "-26.0", " -26.000 "])
def test_an_id_below_zero_is_the_same_whatever_type_a_copy_makes_of_it(value: object) -> None:
    assert parse_id(value) == "-26"


@pytest.mark.parametrize("value", [b"A", b"A\x00", b"", b"\xff", bytearray(b"7"), memoryview(b"7"), {"bytes": "41"}])
def test_c9_bytes_are_no_id_not_even_where_they_are_text(value: object) -> None:
    with pytest.raises(InvalidValueError) as caught:
        parse_id(value)
    assert caught.value.reason == "binary"
    assert "in the query" in caught.value.detail


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (b"A", b"A"),
        (bytearray(b"A"), b"A"),
        (memoryview(b"A"), b"A"),
        ({"bytes": "41"}, b"A"),
        ("A", None),
        (None, None),
    ],
)
def test_bytes_are_the_same_from_a_driver_and_from_a_staged_row(value: object, found: bytes | None) -> None:
    assert parse_bytes(value) == found


GUID = "6f9619ff-8b86-d011-b42d-00c04fc964ff"


@pytest.mark.parametrize("text", [GUID, GUID.upper(), f"{{{GUID}}}", f"{{{GUID.upper()}}}", GUID.title()])
def test_c11_a_uuid_has_one_match_key_however_it_is_written(text: str) -> None:
    assert compute_match_key(text) == GUID


@pytest.mark.parametrize(
    "text",
    [
        "",
        "A",
        "a",
        "500001",
        "İ",
        f"{{{GUID}",
        f"{GUID}}}",
        GUID.replace("-", ""),
        f"21-{GUID}",
        f"{GUID}0",
        "G" + GUID[1:],
    ],
)
def test_c11_every_other_id_is_its_own_match_key(text: str) -> None:
    assert compute_match_key(text) == text
