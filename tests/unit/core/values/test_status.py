"""Statuses as drivers return them; the words stand in tests/data/rows/status.jsonl."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from oduyo_provider.core.values.invalid import InvalidValueError
from oduyo_provider.core.values.status import means_passive, parse_status


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (True, "1"),
        (False, "0"),
        (1, "1"),
        (0, "0"),
        (1.0, "1"),
        (-0.0, "0"),
        (Decimal("1.00"), "1"),
        (Decimal("0E+3"), "0"),
        (b"P", "0"),
        (b"\x00", "0"),
        (bytearray(b"\x01"), "1"),
        (b"\x00\x01", "1"),
        (b"", "1"),
        ("PASI\u0307F", "0"),
        ("\ufeff", "1"),
        (None, "1"),
    ],
)
def test_a_status_is_one_or_zero(value: object, expected: str) -> None:
    assert parse_status(value) == expected


def test_a_resource_may_have_other_words() -> None:
    assert [parse_status(value, active="A", passive="P") for value in ("1", "pasif", None, 0)] == ["A", "P", "A", "P"]


@pytest.mark.parametrize(
    "value",
    [
        2,
        pytest.param(10**5000, id="5,001 digits"),
        0.5,
        float("nan"),
        Decimal("sNaN"),
        "pas",
        "\ud800",
        b"\x02",
        b"\x01\x00",
        b"\xff",
        "\x01",
        [],
        date(2025, 1, 1),
    ],
)
def test_anything_else_is_no_status(value: object) -> None:
    with pytest.raises(InvalidValueError) as caught:
        parse_status(value)
    assert caught.value.reason == "unknown_status"
    assert caught.value.detail.endswith("means neither active nor passive; map it to 1 or 0 in the query")


@pytest.mark.parametrize(
    ("value", "expected"),
    [("0", True), ("P", True), ("pasif", True), ("H", True), ("1", False), ("A", False), ("", False), (None, False), ("2", False)],
)  # fmt: skip
def test_a_status_means_passive_in_any_word_and_not_where_it_means_neither(value: object, expected: bool) -> None:
    assert means_passive(value) is expected
