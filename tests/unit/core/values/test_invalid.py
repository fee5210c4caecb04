"""How an invalid value is shown to a person."""

from __future__ import annotations

import pickle
from decimal import Decimal

import pytest

from oduyo_provider.core.values.invalid import InvalidValueError, format_value, show_value


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("ŞUBE 🙂", "ŞUBE 🙂"),
        ("A\u200b\x00\n\u00a0", "A\\u200b\\x00\\n\\xa0"),
        ("\ud83d", "\\ud83d"),
        ("A" * 40, "A" * 40),
        ("A" * 41, "A" * 40 + "…"),
        (1.5, "1.5"),
        (True, "true"),
        (Decimal("1E+16"), "1E+16"),
        pytest.param(10**5000, "an integer of more than 4,000 digits", id="5,001 digits"),
        (None, ""),
        ({"other": 1}, "a value of type dict"),
        ({"number": "NaN"}, "NaN"),
        ({"unsupported": "Inet"}, "a value of type Inet"),
        ({"escaped": "A\\ud83d"}, "A\\ud83d"),
        ({"bytes": "ff"}, "0xff"),
        (b"\xff", "0xff"),
        (memoryview(b"\xff" * 99), "0x" + "ff" * 19 + "…"),
    ],
)
def test_a_value_is_shown_in_few_printable_characters(value: object, shown: str) -> None:
    assert show_value(value) == shown
    assert shown.isprintable()


@pytest.mark.parametrize("value", ["A" * 41, "A\u200b\n", Decimal("12345678901234567890.25")])
def test_the_page_shows_a_value_whole_and_as_it_is(value: object) -> None:
    assert format_value(value) == str(value)


def test_the_error_survives_pickling() -> None:
    error = pickle.loads(pickle.dumps(InvalidValueError("fraction", "1.5 is not a whole number")))  # noqa: S301  our own bytes
    assert (error.reason, error.detail) == ("fraction", "1.5 is not a whole number")
