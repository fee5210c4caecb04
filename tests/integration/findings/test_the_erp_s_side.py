"""C4, C10 and C13: what rows and records of the field once did to a run."""

from __future__ import annotations

from decimal import Decimal
from itertools import permutations

import pytest

from sandbox.oduyo.server import Sandbox
from tests.integration.sync.apply.driver import Driver, make_rows


def test_c4_of_rows_with_one_id_and_different_texts_none_is_sent_in_whatever_order_they_come(driver: Driver) -> None:
    driver.sync(make_rows(2))
    stored = driver.stored()["1"]
    differing = [{**make_rows(1)[0], "description": text} for text in ("ilk", "son")]
    for order in permutations(differing):
        made = driver.sync([*order, *make_rows(1, 2)])
        assert (made.rejected, made.unchanged, made.updated) == (2, 1, 0)
        assert set(made.reasons) == {"integration_id: duplicate"}
        assert driver.stored()["1"] == stored
    assert driver.calls("update") == 0


def test_c10_what_another_program_left_untidy_in_ödüyo_is_mended_once(site: Sandbox, driver: Driver) -> None:
    ids = ("500003.0", " 500001 ", "500002", "500004")
    codes = ("KOD.500003", "KOD.500001", "KOD.\u00a0500002", "KOD.500004")
    status = ("1", "1", "1", "A")
    site.seed(
        {"integration_id": key, "code": code, "description": f"Açıklama {int(float(key))}", "status": state}
        for key, code, state in zip(ids, codes, status, strict=True)
    )
    rows = make_rows(4, 500_001, status="A")
    rows[1]["code"] = "KOD. 500002"
    first = driver.sync(rows, release=["updates"])
    assert (first.created, first.updated) == (0, 4)
    stored = driver.stored()
    assert sorted(stored) == ["500001", "500002", "500003", "500004"]
    assert {record["status"] for record in stored.values()} == {"1"}
    assert stored["500002"]["code"] == "KOD. 500002"
    second = driver.sync(rows)
    assert (second.unchanged, second.updated, second.created) == (4, 0, 0)


def test_c13_codes_that_a_new_year_gives_new_ids_are_not_made_beside_the_old_ones(driver: Driver) -> None:
    driver.sync(make_rows(30, key1="21", key2="1", typecode="26"))
    new_year = [
        {**row, "integration_id": 9000 + number}
        for number, row in enumerate(make_rows(30, key1="21", key2="2", typecode="26"))
    ]
    made, error = driver.sync_and_fail(new_year)
    assert "look_alikes: 30 of 30 rows to create look like a record" in str(error)
    assert (made.out_of_scope, made.created) == (30, 0)
    assert driver.calls("create") == 30


@pytest.mark.parametrize("firm", [bytearray(b"21"), Decimal(f"{2**53 + 1}.0")], ids=["bytes", "a large exact number"])
def test_a_firm_and_period_that_a_row_has_are_in_scope_whatever_the_driver_makes_of_them(
    driver: Driver, firm: object
) -> None:
    driver.sync(make_rows(30, key1=firm, key2="1"))
    made = driver.sync(make_rows(29, key1=firm, key2="1"))
    assert (made.unchanged, made.missing, made.out_of_scope) == (29, 1, 0)


@pytest.mark.parametrize(("on_missing", "is_said"), [("delete", True), ("deactivate", True), ("keep", False)])
def test_that_an_id_which_cannot_be_read_keeps_records_from_being_retired_is_said(
    driver: Driver, caplog: pytest.LogCaptureFixture, on_missing: str, is_said: bool
) -> None:
    rows = make_rows(30, status="A")
    driver.sync(rows)
    made = driver.sync([*rows[:29], {**rows[29], "integration_id": None}], on_missing=on_missing, missing_runs=1)
    assert (made.missing, made.rejected) == (0, 1)
    said = "1 row has an id that cannot be read, and any record may be its own: none counts as missing in this run"
    assert any(text.startswith(said) for text in caplog.messages) is is_said
