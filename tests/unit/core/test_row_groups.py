"""The rows of one key: the same letter for letter, or different."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from oduyo_provider.core.row_groups import RowGroup
from tests.unit.core.sides import NORMALISER, make_row


def group(*rows: dict[str, Any]) -> tuple[RowGroup, list[bool]]:
    first, *others = rows
    made = RowGroup(first, NORMALISER.row(first))
    return made, [made.take(raw) for raw in others]


def test_one_row_is_all_there_is() -> None:
    made, _ = group(make_row())
    assert made.rows == [make_row()]


def test_the_same_row_once_more_is_no_other() -> None:
    row = make_row()
    made, are_new = group(row, row, make_row(), dict(reversed(row.items())))
    assert (made.rows, are_new) == ([row], [False, False, False])


def test_each_different_row_is_kept_once() -> None:
    rows = [make_row(code=code) for code in "ABC"]
    made, are_new = group(*rows, *rows)
    assert (made.rows, are_new) == (rows, [True, True, False, False, False])


@pytest.mark.parametrize(
    ("one", "other", "is_new"),
    [
        (1, 1, False),
        (1, True, True),
        (1, "1", True),
        (1, Decimal(1), False),
        (Decimal("1.0"), Decimal("1.00"), True),
        (None, "", True),
        ("A", "a", True),
        ("A", "A ", True),
        (b"A", b"B", True),
        ({"number": "NaN"}, {"number": "NaN"}, False),
        ({"bytes": "ff"}, {"bytes": "fe"}, True),
        (datetime(2024, 5, 6), datetime(2024, 5, 6), False),
        (1 + 2j, 1 + 2j, False),
        (1 + 2j, 1 + 3j, True),
    ],
)
def test_values_are_the_same_letter_for_letter(one: object, other: object, is_new: bool) -> None:
    assert group(make_row(code=one), make_row(code=other))[1] == [is_new]


class Counted(dict[str, Any]):
    """A row that counts how often it is compared with another."""

    compared = 0

    def __eq__(self, other: object) -> bool:
        Counted.compared += 1
        return super().__eq__(other)

    __hash__ = None  # type: ignore[assignment]  a row cannot be hashed


def test_many_rows_of_one_key_are_not_compared_with_each_other() -> None:
    made, are_new = group(*(Counted(make_row(code=str(number))) for number in range(1000)))
    assert (len(made.rows), all(are_new)) == (1000, True)
    assert Counted.compared == 0
