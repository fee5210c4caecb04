"""What the operators are given: rows as dicts or as tuples."""

from __future__ import annotations

from decimal import Decimal

import pytest

from oduyo_provider.core.errors import SettingsError
from oduyo_provider.operators.execution import read_rows


def test_tuples_get_the_names_of_columns_in_their_order() -> None:
    assert read_rows([(1, "A"), [2, "B"]], ["integration_id", "code"]) == [
        {"integration_id": 1, "code": "A"},
        {"integration_id": 2, "code": "B"},
    ]


@pytest.mark.parametrize("columns", [["code", "code"], ["integration_id", "code", "code"], [1], "code", {"code": 1}])
def test_columns_are_a_list_of_names_each_of_them_once(columns: object) -> None:
    with pytest.raises(SettingsError, match="it takes a list of field names, each of them once"):
        read_rows([(1, "A", "B")], columns)


def test_a_number_in_a_json_text_keeps_its_digits() -> None:
    [row] = read_rows('[{"integration_id": 1, "amount": 1234567890123456.05}]')
    assert str(row["amount"]) == "1234567890123456.05"


def test_a_decimal_number_that_may_have_been_a_float_on_its_way_is_one() -> None:
    exact = [
        Decimal("9007199254740991.0"),
        Decimal(12345678901234567),
        Decimal("1E+400"),
        Decimal("-1E+999999999"),
        Decimal("NaN"),
        2**60,
        "1E+16",
    ]
    floats = ["9007199254740992.0", "-1E+16", "12345678901234568"]
    rows = read_rows([{"integration_id": value} for value in [*exact, *map(Decimal, floats)]])
    assert [row["integration_id"] for row in rows[:4]] == exact[:4]
    assert [type(row["integration_id"]) for row in rows] == [*map(type, exact), float, float, float]
    assert type(read_rows('[{"integration_id": 1e16}]')[0]["integration_id"]) is float
    assert type(read_rows([(Decimal("1E+16"),)], ["integration_id"])[0]["integration_id"]) is float
