"""A site whose create names another record than it made: nobody's record is taken for the new one, by any later run."""

from __future__ import annotations

import pytest

from tests.integration.sync.apply.driver import Driver, make_rows


@pytest.mark.parametrize("by", [-1, 1, -2])
def test_every_row_keeps_its_own_record_over_the_nights(driver: Driver, by: int) -> None:
    driver.sync(make_rows(6))
    driver.site.set_habits({"habit": "wrong_id", "by": by})
    rows = make_rows(16)
    for _ in range(2):
        _, red = driver.sync_and_fail(rows)
        assert red is None
    changed = [{**row, "description": f"yeni {row['integration_id']}"} for row in rows]
    _, red = driver.sync_and_fail(changed, release=["updates"])
    assert red is None
    assert {key: record["description"] for key, record in driver.stored().items()} == {
        str(number): f"yeni {number}" for number in range(1, 17)
    }
    ids = {key: entry.oduyo_id for key, entry in driver.entries().items()}
    assert ids == {key: record["id"] for key, record in driver.stored().items()}


@pytest.mark.parametrize("by", [-1, -2])
def test_so_it_does_where_keys_are_kept_as_numbers(driver: Driver, by: int) -> None:
    driver.site.set_habits("number=int", {"habit": "wrong_id", "by": by})
    rows = [{**row, "integration_id": f"{row['integration_id']:0>5}"} for row in make_rows(12)]
    wants: dict[str, list[str]] = {"release": ["key_altered", "updates"]}
    for changed in (rows, rows, [{**row, "description": f"yeni {row['code']}"} for row in rows]):
        _, red = driver.sync_and_fail(changed, **wants)
        assert red is None
    assert {record["code"]: record["description"] for record in driver.stored().values()} == {
        f"KOD.{number}": f"yeni KOD.{number}" for number in range(1, 13)
    }


def test_a_create_that_did_nothing_and_named_the_last_record_is_doubtful_and_none_but_its_owner_writes_to_that(
    driver: Driver,
) -> None:
    driver.site.set_habits({"habit": "ignore", "call": "create", "keys": "9"}, {"habit": "wrong_id", "keys": "9"})
    rows = make_rows(12)
    report, _ = driver.sync_and_fail(rows)
    assert (report.created, report.doubtful) == (11, 1)
    driver.site.set_habits()
    for _ in range(2):
        report, _ = driver.sync_and_fail([{**row, "description": f"yeni {row['code']}"} for row in rows])
        assert (report.vanished, report.doubtful) == (1, 1)
    assert {key: record["code"] for key, record in driver.stored().items()} == {
        str(number): f"KOD.{number}" for number in range(1, 13) if number != 9
    }
    assert driver.entries()["9"].oduyo_id is None
