"""Amounts as drivers and Ödüyo give them."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oduyo_provider.core.values.decimals import MAX_DIGITS, parse_decimal
from oduyo_provider.core.values.invalid import InvalidValueError

decimals = st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**20), max_value=10**20)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("140000.0000", "140000.0000"),
        (Decimal("140000.0000"), "140000.0000"),
        (Decimal("1.4E+5"), "140000.0000"),
        (140000, "140000.0000"),
        (140000.5, "140000.5000"),
        (0.1, "0.1000"),
        ("140000", "140000.0000"),
        (" 140000.50 ", "140000.5000"),
        (".25", "0.2500"),
        ("-.25", "-0.2500"),
        ("+7.5", "7.5000"),
        ("007.50", "7.5000"),
        ("-0.00", "0.0000"),
        (Decimal("-0"), "0.0000"),
        (Decimal("-12.345678900"), "-12.3456789"),
        (Decimal("0.00001"), "0.00001"),
        (b"12.5", "12.5000"),
        (Decimal(10) ** 20, "100000000000000000000.0000"),
    ],
)
def test_a_number_has_one_text_with_at_least_four_decimals(value: object, expected: str) -> None:
    assert parse_decimal(value) == expected


@pytest.mark.parametrize("value", [None, "", "  ", "\ufeff"])
def test_no_amount_leaves_the_field_out(value: object) -> None:
    assert parse_decimal(value) is None


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("140.000,50", "not_a_number"),
        ("140000,5", "not_a_number"),
        ("1e5", "not_a_number"),
        ("12 TL", "not_a_number"),
        ("5.", "not_a_number"),
        (".", "not_a_number"),
        ("\u0661\u0662", "not_a_number"),
        (float("nan"), "not_a_number"),
        (Decimal("Infinity"), "not_a_number"),
        ({"number": "NaN"}, "not_a_number"),
        (True, "boolean"),
        ([1], "unsupported_type"),
        (Decimal("1E+1000000"), "too_long"),
        (Decimal("1E-1000000"), "too_long"),
        ("9" * (MAX_DIGITS + 1), "too_long"),
    ],
)
def test_what_is_no_amount_is_rejected(value: object, reason: str) -> None:
    with pytest.raises(InvalidValueError) as caught:
        parse_decimal(value)
    assert caught.value.reason == reason


@given(number=decimals)
def test_no_digit_is_lost_and_reading_again_changes_nothing(number: Decimal) -> None:
    text = parse_decimal(number)
    assert text is not None
    assert Decimal(text) == number
    assert parse_decimal(text) == text


@given(number=decimals, zeros=st.integers(0, 5))
def test_zeros_at_the_end_make_no_difference(number: Decimal, zeros: int) -> None:
    assert parse_decimal(f"{number:f}{'0' * zeros}") == parse_decimal(number)
