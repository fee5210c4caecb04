"""Rows that look like a record, and records that they look like: what once passed all brakes and ended green."""

from __future__ import annotations

import pytest

from tests.integration.findings.brake_nights import RETIRING, Nights, assert_stopped, count_in_use, make_codes, release

# 100 codes typed by hand without an integration_id: all made a second time. 49 % of the ids changed: 490 more.


def test_codes_that_were_typed_by_hand_are_not_made_a_second_time(nights: Nights) -> None:
    rows = make_codes(300)
    nights.seed(rows[:100], integration_id="")
    stopped = nights.run(rows)
    sample = r"^(\d+): Ödüyo's record \1 has the same 21 · 26 · K\.\1 and matches no row$"
    assert_stopped(stopped, {"look_alikes": 100}, "100 of 300 rows to create", "typed by hand", sample=sample)
    passed = release(nights, rows, {"look_alikes": 100})
    assert (passed.error, passed.report.created) == (None, 300)


def test_codes_that_were_typed_by_hand_are_adopted_when_that_is_wanted(nights: Nights) -> None:
    rows = make_codes(300)
    ids = nights.seed(rows[:100], integration_id="", description="elle")
    night = nights.run(rows, adopt=True)
    assert (night.error, night.figures) == (None, {"extracted": 300, "created": 200, "updated": 100, "adopted": 100})
    stored = nights.driver.stored()
    assert {stored[str(n)]["id"] for n in range(1, 101)} == set(ids)
    assert nights.run(rows).figures == {"extracted": 300, "unchanged": 300}


@pytest.mark.parametrize("columns", [("code",), ("code", "key1"), ("code", "typecode")])
def test_codes_that_were_typed_by_hand_are_seen_by_the_columns_that_the_query_has(
    nights: Nights, columns: tuple[str, ...]
) -> None:
    full = make_codes(50)
    nights.seed(full, integration_id="")
    rows = [{name: row[name] for name in ("integration_id", *columns)} for row in full]
    assert_stopped(nights.run(rows), {"look_alikes": 50}, "50 of 50 rows to create")
    # A part of the natural key tells no firm's record from another's: none is adopted by it.
    assert_stopped(nights.run(rows, adopt=True), {"look_alikes": 50}, "50 of 50 rows to create")
    assert {record["integration_id"] for record in nights.driver.site.records()} == {""}


def test_adopted_records_are_none_that_no_brake_looks_at(nights: Nights) -> None:
    own, rows = make_codes(60), make_codes(110, 1000, status="P", description="")
    nights.own(own)
    nights.seed(make_codes(110, 1000), integration_id="")
    trips = {"emptied": 110, "retired": 110}
    assert_stopped(nights.run(own + rows, adopt=True), trips, "110 of 170 matched", "170 of this source are in use")
    passed = release(nights, own + rows, trips, adopt=True)
    assert (passed.error, passed.figures) == (None, {"extracted": 170, "unchanged": 60, "updated": 110, "adopted": 110})
    assert count_in_use(nights) == 60


def test_adopted_records_that_are_retired_are_remembered_for_a_week(nights: Nights) -> None:
    own = make_codes(120)
    nights.own(own)
    nights.seed(make_codes(12, 1000), integration_id="")
    adopted = make_codes(12, 1000, status="P")
    assert nights.run(own + adopted, adopt=True).error is None
    rows = make_codes(3, status="P") + own[3:] + adopted
    assert_stopped(nights.run(rows), {"retired_week": 15}, "15 of the 132 records that were in use would be retired")


def test_of_adopted_records_the_pair_and_the_date_are_looked_at_too(nights: Nights) -> None:
    own, dates = make_codes(900), {"special_updated_in": "2026-03-01 00:00:00"}
    nights.own(own)
    nights.seed(make_codes(12, 1000, key1="22"), integration_id="", special_updated_in="2026-10-01 00:00:00")
    rows = own + make_codes(12, 1000, key1="22", status="P", **dates)
    trips = {"retired_pair": 12, "dates_back": 12}
    assert_stopped(
        nights.run(rows, adopt=True), trips, "of key1 '22' and key2 '1', 12 of the 12 records in use would be"
    )
    assert release(nights, rows, trips, adopt=True).report.adopted == 12


@pytest.mark.parametrize("adopt", [False, True])
def test_when_all_of_a_few_rows_look_like_a_record_the_run_is_stopped(nights: Nights, adopt: bool) -> None:
    rows = make_codes(3)
    nights.seed([*rows, *rows], integration_id="")
    assert_stopped(nights.run(rows, adopt=adopt), {"all_rejected": 3}, "all 3 rows are rejected", sample="21 · 26 · K")


def test_below_the_brake_each_row_that_looks_like_a_record_is_left_out(nights: Nights) -> None:
    rows = make_codes(300)
    nights.seed(rows[:10], integration_id="")
    night = nights.run(rows)
    assert (night.error, night.figures) == (None, {"extracted": 300, "rejected": 10, "created": 290})
    assert night.report.reasons == {"integration_id: look_alike": 10}
    assert_stopped_by_limit = nights.run_again(rows, ["look_alikes:9"])
    assert assert_stopped_by_limit.writes == []
    assert nights.run_again(rows, ["look_alikes:10"]).report.created == 10


def test_more_than_half_of_a_few_rows_is_above_the_brake(nights: Nights) -> None:
    rows = make_codes(4)
    nights.seed(rows[:3], integration_id="")
    assert_stopped(nights.run(rows), {"look_alikes": 3}, "3 of 4 rows to create")


def test_rows_whose_ids_changed_are_not_made_a_second_time(nights: Nights) -> None:
    rows = make_codes(1000)
    nights.own(rows)
    changed = [{**row, "integration_id": f"2025-{row['integration_id']}"} for row in rows[:490]] + rows[490:]
    stopped = nights.run(changed)
    sample = r"^2025-(\d+): Ödüyo's record \1 has the same 21 · 26 · K\.\1 and matches no row$"
    assert_stopped(stopped, {"look_alikes": 490}, "490 of 490 rows to create", "a changed key", sample=sample)
    passed = release(nights, changed, {"look_alikes": 490})
    assert (passed.error, passed.report.created) == (None, 490)


@RETIRING
@pytest.mark.parametrize("buckets", [1, 4])
def test_a_record_whose_row_came_back_under_another_id_is_kept_until_somebody_decides(
    nights: Nights, monkeypatch: pytest.MonkeyPatch, buckets: int, on_missing: str, figure: str
) -> None:
    for module in ("staging.buckets", "site.ledger"):
        monkeypatch.setattr(f"oduyo_provider.sync.{module}.SINGLE_PARTITION_ROWS", 0 if buckets > 1 else 20_000)
    params = {"on_missing": on_missing, "buckets": buckets}
    rows = make_codes(60)
    nights.own(rows)
    changed = [{**row, "integration_id": f"2025-{row['integration_id']}"} for row in rows[:3]] + rows[8:]
    changed[2]["description"] = "x" * 300  # rejected for another reason
    first, second = nights.run(changed, **params), nights.run(changed, **params)
    assert (first.error, first.report.rejected, first.report.kept_missing) == (None, 3, 8)
    assert (second.error, second.report.rejected, second.report.kept_missing, second.figures[figure]) == (None, 3, 3, 5)
    assert count_in_use(nights) == 55
    released = nights.run_again(changed, ["look_alikes:2"], **params)
    assert (released.error, released.report.created, released.report.kept_missing) == (
        None,
        2,
        3 if figure == "deleted" else 8,
    )
    later = nights.run(changed, **params)
    assert (later.error, later.figures[figure], count_in_use(nights)) == (None, 2, 55)


@pytest.mark.parametrize("buckets", [1, 4])
def test_a_record_is_missing_only_from_the_run_on_that_also_lacks_the_rejected_row_with_its_codes(
    nights: Nights, monkeypatch: pytest.MonkeyPatch, buckets: int
) -> None:
    for module in ("staging.buckets", "site.ledger"):
        monkeypatch.setattr(f"oduyo_provider.sync.{module}.SINGLE_PARTITION_ROWS", 0 if buckets > 1 else 20_000)
    params = {"on_missing": "delete", "buckets": buckets}
    rows = make_codes(60)
    nights.own(rows)
    changed = [
        {**rows[0], "integration_id": "2025-1"},
        {**rows[1], "integration_id": "2025-2", "status": "?"},
        *rows[2:],
    ]
    for _ in range(3):
        night = nights.run(changed, **params)
        assert (night.error, night.report.rejected, night.report.kept_missing) == (None, 2, 2)
    first, second = nights.run(rows[2:], **params), nights.run(rows[2:], **params)
    assert (first.error, first.report.kept_missing, first.writes) == (None, 2, [])
    assert (second.error, second.report.deleted) == (None, 2)


@pytest.mark.parametrize("counted", [1, 2])
def test_a_cleared_run_that_has_a_row_with_its_codes_takes_back_that_the_record_was_missing(
    nights: Nights, counted: int
) -> None:
    params = {"on_missing": "delete", "missing_runs": 3}
    rows = make_codes(60)
    nights.own(rows)
    for number in range(counted):
        assert nights.run(rows[1:], run=nights.driver.new_run(f"x{number}"), **params).report.kept_missing == 1
    seen_again = [{**rows[0], "integration_id": "2025-1"}, *rows[1:]]
    again = nights.driver.new_run(f"x{counted - 1}", 2)
    cleared = nights.run(seen_again, after_days=0.01, run=again, **params)
    assert (cleared.error, cleared.report.rejected, cleared.report.kept_missing) == (None, 1, 1)
    for _ in range(2):
        assert nights.run(rows[1:], **params).report.kept_missing == 1
    assert nights.run(rows[1:], **params).report.deleted == 1


def test_what_stops_a_run_names_no_record_that_is_kept(nights: Nights) -> None:
    rows = make_codes(60)
    nights.own(rows)
    changed = [{**rows[0], "integration_id": "2025-1"}, *rows[12:]]
    stopped = nights.run(changed, on_missing="delete", missing_runs=1)
    assert_stopped(stopped, {"retired": 11}, "11 records would be", sample=r"^delete (10|11|12) ")


@RETIRING
def test_a_record_is_not_kept_for_a_row_that_shares_its_codes_and_has_a_record_of_its_own(
    nights: Nights, on_missing: str, figure: str
) -> None:
    rows = make_codes(60)
    rows[1] = {**rows[0], "integration_id": 2}
    nights.own(rows)
    left = [{**rows[1], "description": "x" * 300}, *rows[2:]]
    assert nights.run(left, on_missing=on_missing).report.kept_missing == 1
    second = nights.run(left, on_missing=on_missing)
    assert (second.error, second.report.rejected, second.figures[figure]) == (None, 1, 1)


def test_a_new_year_with_new_ids_and_a_new_period_is_not_made_beside_the_old_one(nights: Nights) -> None:
    nights.own(make_codes(100))
    rows = [{**row, "integration_id": n, "key2": "2"} for n, row in enumerate(make_codes(100), 5001)]
    stopped = nights.run(rows, on_missing="deactivate")
    assert_stopped(stopped, {"look_alikes": 100}, "100 of 100 rows to create", "of a former period")


def test_records_of_another_source_are_no_look_alikes(nights: Nights) -> None:
    nights.own(make_codes(50))
    rows = [{**row, "integration_id": n} for n, row in enumerate(make_codes(50), 5001)]
    night = nights.run(rows, source="theirs")
    assert (night.error, night.report.created) == (None, 50)
