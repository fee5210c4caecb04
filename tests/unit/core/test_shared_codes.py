"""Codes that rows of different ids have."""

from __future__ import annotations

import pytest

from oduyo_provider.core import shared_codes
from oduyo_provider.core.shared_codes import SharedCodes, compute_code_digest, find_shared_code

ROW: dict[str, object] = {"key1": 21, "key2": 1, "typecode": "HK1", "code": "K.1"}


def take(*rows: tuple[dict[str, object], str | None]) -> SharedCodes:
    codes = SharedCodes()
    for row, key in rows:
        codes.add(row, key)
    return codes


def test_a_code_of_two_ids_is_shared_and_each_of_its_rows_is_warned() -> None:
    other = {**ROW, "code": " K.1 ", "description": "another"}
    shared = take((ROW, "1"), (other, "2"), ({**ROW, "code": "K.2"}, "3")).find()
    assert list(shared.values()) == [2]
    for row in (ROW, other):
        (fault,) = find_shared_code(row, shared)
        assert fault.code == "code: shared_code"
        assert "K.1" in fault.detail
    assert find_shared_code({**ROW, "code": "K.2"}, shared) == []


@pytest.mark.parametrize("name", ["key1", "key2", "typecode", "code"])
def test_rows_that_differ_in_one_of_the_fields_share_nothing(name: str) -> None:
    assert take((ROW, "1"), ({**ROW, name: "other"}, "2")).find() == {}


def test_the_same_row_once_more_shares_nothing() -> None:
    assert take((ROW, "1"), (ROW, "1")).find() == {}


def test_rows_whose_ids_cannot_be_read_are_different_rows() -> None:
    assert list(take((ROW, None), (ROW, None)).find().values()) == [2]


@pytest.mark.parametrize("code", [None, "", " "])
def test_a_row_without_a_code_shares_none(code: str | None) -> None:
    assert compute_code_digest({**ROW, "code": code}) is None
    assert take(({**ROW, "code": code}, "1"), ({**ROW, "code": code}, "2")).find() == {}


def test_a_number_that_python_cannot_write_is_compared_all_the_same() -> None:
    large = {**ROW, "key1": 10**5000}
    assert list(take((large, "1"), (large, "2")).find().values()) == [2]


def test_of_more_rows_than_fit_in_memory_no_code_is_said_to_be_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_codes, "MAX_ROWS", 2)
    assert take((ROW, "1"), (ROW, "2")).find() == {}
