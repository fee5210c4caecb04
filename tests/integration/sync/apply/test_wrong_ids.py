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
