"""What holds for every row, whatever it holds."""

from __future__ import annotations

import unicodedata
from datetime import timezone
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oduyo_provider.core.normalise import Normaliser
from oduyo_provider.core.record import SPECIAL_CODE, Kind
from oduyo_provider.sync.staging.row_codec import simplify_row
from tests.unit.sync.staging.staged_rows import stage_row

pytestmark = pytest.mark.slow

DROPPED = "\x00\x01\x0b\x1f\x7f\x85\u061c\u180e\u200b\u200c\u200e\u200f\u202a\u202e\u2060\u2064\u2066\u2069\ufeff"
AWKWARD = (
    DROPPED + "\u200d\t\r\n \u00a0\u2007\u202f\u2003\u3000\u2028"  # joiner and blanks
    "\u0300\u0301\u0306\u0307\u0308\u0323\u0327\u0334\u0338\ufe0f\u2000\u2126\u2329\u2190"  # marks, singletons
    "ÝýÞþÐðÿyYIiİısSgGuU.0123456789-:TZPAHEpa'\"\\🙂👨👩🏽🏳🌈⚕\ud83d"
)
texts = st.text(st.one_of(st.sampled_from(AWKWARD), st.characters()), max_size=12)
zones = st.sampled_from([timezone.utc, ZoneInfo("Europe/Istanbul"), ZoneInfo("America/St_Johns")])
moments = st.datetimes(timezones=st.none() | zones)
numbers = st.one_of(
    st.integers(),
    st.floats(),
    st.integers(-(2**60), 2**60).map(float),
    st.decimals(),
    st.decimals(places=4, allow_nan=False, allow_infinity=False),
    st.integers(-(10**20), 10**20).map(lambda whole: Decimal(whole).scaleb(-2)),
)
others = st.one_of(
    st.none(), st.booleans(), st.binary(max_size=6), st.dates(), st.times(), st.uuids(), st.lists(st.none(), max_size=1)
)
plain_texts = st.sampled_from(
    ["A", "P", "pasif", "AKTİF", "2025-05-23T08:30:00.123+00", "9465.0", "1900-01-01", "infinity", "ÿ", "Þube"]
)
values = st.one_of(texts, numbers, moments, others, plain_texts)
rows = st.fixed_dictionaries({}, optional=dict.fromkeys(SPECIAL_CODE.field_names, values))
PLAIN = Normaliser(SPECIAL_CODE)
normalisers = st.sampled_from(
    [PLAIN, Normaliser(SPECIAL_CODE, repair_windows_1254=True), Normaliser(SPECIAL_CODE, max_text_length=3)]
)
thorough = settings(max_examples=300, deadline=None)


@thorough
@given(row=rows, normaliser=normalisers)
def test_a_row_has_a_payload_or_faults_and_never_both(row: dict[str, Any], normaliser: Normaliser) -> None:
    done = normaliser.row(row)
    assert (done.payload is None) is bool(done.faults)
    for fault in [*done.faults, *done.warnings]:
        assert fault.detail.isprintable()
        assert len(fault.detail) < 400


@thorough
@given(row=rows, normaliser=normalisers)
def test_normalising_twice_changes_nothing(row: dict[str, Any], normaliser: Normaliser) -> None:
    row = {"integration_id": 1, "code": "A", **row}
    payload = normaliser.row(row).payload
    if payload is not None:
        assert normaliser.row(payload).payload == payload


@settings(max_examples=2000, deadline=None)
@given(text=texts, normaliser=normalisers)
def test_cleaning_a_text_twice_changes_nothing(text: str, normaliser: Normaliser) -> None:
    once = normaliser.value("code", text)
    if once is None:
        assert not text.isprintable(), "only half a surrogate pair is invalid"
    else:
        assert normaliser.value("code", once) == once
        assert unicodedata.is_normalized("NFC", once)
        assert once == once.strip()
        assert not set(DROPPED) & set(once)


@thorough
@given(row=rows, normaliser=normalisers)
def test_a_row_read_back_from_staging_gives_what_it_gave_before(row: dict[str, Any], normaliser: Normaliser) -> None:
    raw, staged = normaliser.row(simplify_row(row)), normaliser.row(stage_row(row))
    assert staged.payload == raw.payload
    assert staged.integration_id == raw.integration_id
    assert [fault.code for fault in staged.faults] == [fault.code for fault in raw.faults]
    assert staged.warnings == raw.warnings


@thorough
@given(row=rows, normaliser=normalisers)
def test_each_field_is_judged_by_itself(row: dict[str, Any], normaliser: Normaliser) -> None:
    alone = [
        fault
        for name in SPECIAL_CODE.field_names
        for fault in normaliser.row({name: row[name]} if name in row else {}).faults
        if fault.field == name
    ]
    assert list(normaliser.row(row).faults) == alone


@thorough
@given(row=rows, normaliser=normalisers)
def test_a_payload_stored_as_sent_is_the_same(row: dict[str, Any], normaliser: Normaliser) -> None:
    payload = normaliser.row({"integration_id": 1, "code": "A", **row}).payload or {}
    for name, value in payload.items():
        assert normaliser.same(name, value, value)


@thorough
@given(number=st.integers(-(10**30), 10**30), places=st.integers(0, 6))
def test_a_whole_numeric_of_any_scale_is_its_integer(number: int, places: int) -> None:
    scaled = Decimal(f"{number}.{'0' * places}") if places else Decimal(number)
    assert PLAIN.value("code", stage_row({"code": scaled})["code"]) == str(number)


@thorough
@given(number=st.integers(1 - 2**53, 2**53 - 1))
def test_a_float_that_is_exact_is_its_integer(number: int) -> None:
    assert PLAIN.integration_id(float(number)) == str(number)


@thorough
@given(number=st.floats(2.0**53, 2.0**70) | st.integers(10**16, 10**17).map(float))
def test_a_float_that_several_integers_become_is_no_id(number: float) -> None:
    for value in (number, -number):
        assert PLAIN.integration_id(stage_row({"integration_id": value})["integration_id"]) is None


@thorough
@given(number=st.floats(allow_nan=False, allow_infinity=False).filter(lambda number: not number.is_integer()))
def test_a_fraction_is_never_rounded_to_an_id(number: float) -> None:
    assert PLAIN.integration_id(number) is None


@thorough
@given(moment=moments)
def test_a_moment_is_local_time_or_left_out(moment: Any) -> None:
    payload = PLAIN.row({"integration_id": 1, "code": "A", "created_in": moment}).payload
    assert payload is not None, "no datetime is invalid"
    try:
        local = moment.astimezone(ZoneInfo("Europe/Istanbul")) if moment.tzinfo else moment
    except OverflowError:
        assert "created_in" not in payload
        return
    if 1901 <= local.year <= 9998:
        assert payload["created_in"] == local.strftime("%Y-%m-%d %H:%M:%S")


def test_every_kind_of_field_is_covered_by_these_rows() -> None:
    assert {field.kind for field in SPECIAL_CODE.fields} == set(Kind) - {
        Kind.DECIMAL,
        Kind.DATETIME,
    }  # one has its own properties, the other is read as a stamp


@pytest.mark.parametrize("character", [chr(code) for code in range(0xA0) if unicodedata.category(chr(code)) == "Cc"])
def test_no_control_character_reaches_oduyo(character: str) -> None:
    expected = "A B" if character in "\t\r\n" else "AB"
    assert PLAIN.value("code", f"A{character}B") == expected
