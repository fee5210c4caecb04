"""Codes that rows of different ids have."""

from __future__ import annotations

from decimal import Decimal

import pytest

from oduyo_provider.core import shared_codes
from oduyo_provider.core.normalise import Normaliser
from oduyo_provider.core.record import SPECIAL_CODE
from oduyo_provider.core.shared_codes import SharedCodes, compute_code_digest, find_shared_code
from tests.unit.sync.staging.staged_rows import stage_row

NORMALISER = Normaliser(SPECIAL_CODE)
ROW: dict[str, object] = {"key1": 21, "key2": 1, "typecode": "HK1", "code": "K.1"}


def take(*rows: tuple[dict[str, object], str | None]) -> SharedCodes:
    codes = SharedCodes(NORMALISER.texts)
    for row, key in rows:
        codes.add(row, key)
    return codes


def test_a_code_of_two_ids_is_shared_and_each_of_its_rows_is_warned() -> None:
    other = {**ROW, "code": " K.1 ", "description": "another"}
    shared = take((ROW, "1"), (other, "2"), ({**ROW, "code": "K.2"}, "3")).find()
    assert list(shared.values()) == [2]
    for row in (ROW, other):
        (fault,) = find_shared_code(row, shared, NORMALISER.texts)
        assert fault.code == "code: shared_code"
        assert "K.1" in fault.detail
    assert find_shared_code({**ROW, "code": "K.2"}, shared, NORMALISER.texts) == []


@pytest.mark.parametrize("name", ["key1", "key2", "typecode", "code"])
def test_rows_that_differ_in_one_of_the_fields_share_nothing(name: str) -> None:
    assert take((ROW, "1"), ({**ROW, name: "other"}, "2")).find() == {}


def test_the_same_row_once_more_shares_nothing() -> None:
    assert take((ROW, "1"), (ROW, "1")).find() == {}


def test_rows_whose_ids_cannot_be_read_are_different_rows() -> None:
    assert list(take((ROW, None), (ROW, None)).find().values()) == [2]


@pytest.mark.parametrize(
    ("name", "one", "other"),
    [
        ("code", "K", "\ufeffK"),
        ("code", "A", "A\u200b"),
        ("code", "\u0130X", "I\u0307X"),
        ("code", "A B", "A\u00a0B"),
        ("code", "Kb", b"Kb"),
        ("code", b"Kb", memoryview(b"Kb")),
        ("code", 10, "10"),
        ("code", 1e15, Decimal("1000000000000000.0")),
        ("key1", 21, Decimal("21.0000")),
        ("key2", None, " "),
        ("typecode", "HK1", "HK1\x00"),
    ],
)
def test_values_that_are_one_in_oduyo_are_shared_fresh_and_staged(name: str, one: object, other: object) -> None:
    rows = [{**ROW, name: one}, {**ROW, name: other}]
    shared = take((rows[0], "1"), (rows[1], "2")).find()
    assert list(shared.values()) == [2]
    for row in rows:
        payload = NORMALISER.row({**row, "integration_id": 1}).payload
        for form in (row, stage_row(row), payload):
            assert form is not None
            assert [fault.code for fault in find_shared_code(form, shared, NORMALISER.texts)] == ["code: shared_code"]


@pytest.mark.parametrize(("one", "other"), [("ABC", "abc"), ("İÇ", "IÇ"), ("A B", "A  B"), ("1", "1.0")])
def test_codes_that_differ_in_oduyo_share_nothing(one: str, other: str) -> None:
    assert take(({**ROW, "code": one}, "1"), ({**ROW, "code": other}, "2")).find() == {}


def test_letters_that_are_mended_are_compared_mended() -> None:
    mending = Normaliser(SPECIAL_CODE, repair_windows_1254=True)
    garbled, right = {**ROW, "code": "Þube"}, {**ROW, "code": "Şube"}
    assert compute_code_digest(garbled, mending.texts) == compute_code_digest(right, mending.texts)
    assert compute_code_digest(garbled, NORMALISER.texts) != compute_code_digest(right, NORMALISER.texts)


@pytest.mark.parametrize("code", [None, "", " ", "\ufeff", "ÿ", True, 1.5, b"\xff"])
def test_a_row_that_is_not_sent_for_its_code_shares_none(code: object) -> None:
    assert compute_code_digest({**ROW, "code": code}, NORMALISER.texts) is None
    assert take(({**ROW, "code": code}, "1"), ({**ROW, "code": code}, "2")).find() == {}


@pytest.mark.parametrize("name", ["key1", "key2", "typecode"])
@pytest.mark.parametrize("value", [True, 10**5000], ids=["boolean", "too long"])
def test_a_row_whose_other_codes_cannot_be_sent_shares_none(name: str, value: object) -> None:
    assert compute_code_digest({**ROW, name: value}, NORMALISER.texts) is None


def test_of_more_rows_than_fit_in_memory_no_code_is_said_to_be_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_codes, "MAX_ROWS", 2)
    assert take((ROW, "1"), (ROW, "2")).find() == {}
