"""Amounts and moments in the forms that sites give them."""

from __future__ import annotations

import pytest

from oduyo_provider.core.values.forms import can_be_amount_of, can_be_moment_of


@pytest.mark.parametrize(
    ("sent", "stored", "can_be"),
    [
        ("0.12345", "0.12", True),
        ("0.12945", "0.13", True),
        ("-3.1250", "-3.13", True),
        ("12.5000", "12", True),
        ("0.1200", "0", True),
        ("140000.0000", "140,000.00", True),
        ("140000.0000", "140.000,00", True),
        ("140000.0000", " 140000,00 ", True),
        ("20.0000", "10", False),
        ("0.12345", "0.14", False),
        ("-3.1250", "3.12", False),
        ("20.0000", "", False),
        ("20.0000", "20 TL", False),
        ("20.0000", "2E1", False),
    ],
)
def test_an_amount_can_be_rounded_cut_or_written_otherwise(sent: str, stored: str, can_be: bool) -> None:
    assert can_be_amount_of(sent, stored) is can_be


@pytest.mark.parametrize(
    ("stored", "can_be"),
    [
        ("2024-05-01", True),
        ("2024-05-01 00:00:00", True),
        ("2024-05-01 10:00:00.000", True),
        ("01.05.2024 10:00:00", True),
        ("01/05/2024", True),
        ("05/01/2024 10:00", True),
        ("2024-05-01T10:00:00.000", True),
        ("2024-05-01 07:00:00", True),
        ("2024-04-30 22:00:00", True),
        ("2024-05-01 22:00:00", True),
        ("2024-05-02 00:00:00", False),
        ("01.05.2024 15:45", True),
        ("2024-05-02 10:00:00", False),
        ("2024-04-30 19:45:00", False),
        ("2024-05-01 10:10:00", False),
        ("2024-05-01 25:00:00", False),
        ("2024-01-05 10:00:00", False),
        ("2024-05", False),
        ("1" * 5000, False),
        ("0000-00-00 00:00:00", False),
        ("", False),
    ],
)
def test_a_moment_can_be_without_its_time_in_another_order_or_by_another_clock(stored: str, can_be: bool) -> None:
    assert can_be_moment_of("2024-05-01 10:00:00", stored) is can_be
