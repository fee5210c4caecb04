"""Ids of a numeric column that has decimals: exact ones, however large they are."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.integration.sync.apply.driver import Driver, make_rows


def test_a_large_exact_id_with_a_zero_fraction_finds_its_record_again_in_its_partition(
    driver: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("oduyo_provider.sync.staging.buckets.SINGLE_PARTITION_ROWS", 10)
    ids = [2**53 + number for number in range(30)]
    rows = [{**row, "integration_id": Decimal(f"{n}.0")} for row, n in zip(make_rows(30), ids, strict=True)]
    made, again = driver.sync(rows), driver.sync(rows)
    assert (made.created, made.rejected, again.unchanged) == (30, 0, 30)
    assert sorted(driver.stored()) == sorted(map(str, ids))
