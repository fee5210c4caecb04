"""Old dates, rejected rows, records of others and records that vanished: what once passed all brakes and ended green."""

from __future__ import annotations

import pytest

from tests.integration.findings.brake_nights import Nights, Row, assert_stopped, make_codes, release

# An ERP copy of March: 400 newer values overwritten.


def make_dated(count: int, start: int, month: str, **fields: object) -> list[Row]:
    return make_codes(count, start, special_updated_in=f"2025-{month}-01 09:00:00", **fields)


def test_a_copy_of_the_erp_of_march_overwrites_nothing(nights: Nights) -> None:
    march = make_dated(1000, 1, "03")
    assert nights.run(march).report.created == 1000
    june = make_dated(400, 1, "06", description="yeni") + march[400:]
    assert nights.run(june).report.updated == 400
    sample = r"^\d+: 2025-03-01 09:00:00, 2025-06-01 09:00:00 was sent before$"
    facts = ("400 of 400", "restored or another database", "max_missing_percent 10")
    assert_stopped(nights.run(march), {"dates_back": 400}, *facts, sample=sample)
    passed = release(nights, march, {"dates_back": 400})
    assert (passed.error, passed.report.updated) == (None, 400)


def test_a_copy_of_march_is_seen_where_this_product_only_matched_what_another_had_sent(nights: Nights) -> None:
    nights.own(make_dated(1000, 1, "06"))
    march = make_dated(400, 1, "03", description="eski") + make_dated(600, 401, "06")
    assert_stopped(nights.run(march), {"dates_back": 400}, "400 of 400")


def test_a_copy_of_march_is_seen_although_the_ledger_is_lost(nights: Nights) -> None:
    june = make_dated(1000, 1, "06")
    assert nights.run(june).report.created == 1000
    nights.lose_ledger()
    march = make_dated(400, 1, "03", description="eski") + june[400:]
    assert_stopped(nights.run(march), {"dates_back": 400}, "400 of 400")


def test_a_copy_that_is_older_in_dates_alone_is_one_too(nights: Nights) -> None:
    assert nights.run(make_dated(100, 1, "06")).report.created == 100
    assert_stopped(nights.run(make_dated(100, 1, "03")), {"dates_back": 100}, "100 of 100")


def test_a_few_dates_that_go_back_among_many_updates_are_a_correction(nights: Nights) -> None:
    assert nights.run(make_dated(1000, 1, "03")).report.created == 1000
    rows = make_dated(40, 1, "02") + make_dated(400, 41, "06", description="yeni") + make_dated(560, 441, "03")
    night = nights.run(rows)
    assert (night.error, night.report.updated) == (None, 440)


# Ten of ten rows rejected.


@pytest.mark.parametrize("count", [10, 4, 3, 1])
def test_a_run_whose_rows_are_all_rejected_is_red(nights: Nights, count: int) -> None:
    rows = make_codes(count, code="")
    stopped = nights.run(rows)
    trips = {"all_rejected": count} | ({"rejected": count} if count >= 4 else {})
    sample = r"^\d+: code: nothing is left after trimming$"
    rows_are = "row is" if count == 1 else "rows are"
    assert_stopped(stopped, trips, f"all {count} {rows_are} rejected", sample=sample)
    assert stopped.report.rejected == count
    passed = release(nights, rows, trips)
    assert (passed.error, passed.figures) == (None, {"extracted": count, "rejected": count})


def test_a_run_whose_rows_are_all_rejected_as_the_night_before_is_red_all_the_same(nights: Nights) -> None:
    rows = make_codes(10, code="")
    nights.run(rows, release=["all_rejected", "rejected"])
    assert_stopped(nights.run(rows), {"all_rejected": 10}, sample=r"^\d+: ")


def test_more_than_half_rejected_stops_a_small_run(nights: Nights) -> None:
    rows = make_codes(6, code="") + make_codes(4, 7)
    assert_stopped(nights.run(rows), {"rejected": 6}, "6 of 10 rows", sample=r"^\d+: ")
    assert release(nights, rows, {"rejected": 6}).figures == {"extracted": 10, "rejected": 6, "created": 4}


def test_rows_that_are_left_out_as_they_look_like_a_record_count_as_rejected_before_any_write(nights: Nights) -> None:
    alike, rows = make_codes(8, 201), make_codes(72)
    nights.own(rows)
    nights.seed(alike, integration_id="")
    rows += alike + make_codes(12, 301) + make_codes(8, 401, code="")
    assert_stopped(nights.run(rows), {"rejected": 16}, "16 of 100 rows")
    passed = nights.run_again(rows, ["rejected:16"])
    assert (passed.error, passed.figures) == (None, {"extracted": 100, "unchanged": 72, "created": 12, "rejected": 16})
    assert nights.run(rows).error is None


def test_no_row_at_all_is_red_with_or_without_records(nights: Nights) -> None:
    assert_stopped(nights.run([]), {"no_rows": 0}, "returned no row")
    nights.own(make_codes(20))
    given = {"on_missing": "delete", "missing_runs": 1}
    assert_stopped(nights.run([], **given), {"no_rows": 0, "retired": 20}, "20 records would be", "20 of this source")
    assert release(nights, [], {"no_rows": 0, "retired": 20}, **given).report.deleted == 20


# `allow_unsafe` for one brake also let 9 records of firm 21 become firm 22's.


def test_releasing_one_brake_does_not_let_another_firm_s_records_be_taken_over(nights: Nights) -> None:
    nights.seed(make_codes(9))
    rows = make_codes(9, key1="22") + make_codes(100, 101, key1="22")
    for _ in range(2):
        night = nights.run(rows, release=["updates", "retired", "rejected", "other_source", "look_alikes"])
        assert (night.error, night.report.rejected) == (None, 9)
        assert night.report.reasons == {"key1: other_firm": 9}
    assert {record["key1"] for record in nights.driver.site.records()[:9]} == {"21"}


def test_another_firm_s_records_are_taken_over_when_just_that_is_released(nights: Nights) -> None:
    nights.seed(make_codes(9))
    rows = make_codes(9, key1="22") + make_codes(100, 101, key1="22")
    stopped = nights.run(rows, release=["other_firm:8", "updates"])
    sample = r"^(\d): Ödüyo's record \1 has key1 '21', the row '22'"
    assert_stopped(stopped, {"other_firm": 9}, sample=sample)
    night = nights.run_again(rows, ["other_firm:9"])
    assert (night.error, night.figures) == (None, {"extracted": 109, "created": 100, "updated": 9})


def test_another_source_s_records_move_when_just_that_is_released(nights: Nights) -> None:
    rows = make_codes(9)
    nights.own(rows)
    changed = make_codes(9, description="yeni") + make_codes(100, 101)
    first = nights.run(changed, source="theirs", release=["other_firm", "updates", "rejected"])
    assert (first.report.rejected, first.report.new_other_source, first.report.created) == (9, 9, 100)
    assert "9 rows of another source's records" in str(first.error)
    second = nights.run(changed, source="theirs")
    assert (second.error, second.writes, second.report.rejected) == (None, [], 9)
    stopped = nights.run_again(changed, ["other_source:8"], source="theirs")
    sample = r"^\d: the record belongs to dag$"
    assert_stopped(stopped, {"other_source": 9}, sample=sample)
    night = nights.run_again(changed, ["other_source:9"], source="theirs")
    assert (night.error, night.report.updated) == (None, 9)
    assert nights.run(changed, source="theirs").figures == {"extracted": 109, "unchanged": 109}
    assert nights.run(rows).report.new_other_source == 9


# Records that vanished: those alone are not sent.


def test_vanished_records_are_not_made_again_unless_all_of_them_are_released(nights: Nights) -> None:
    rows = make_codes(100)
    nights.own(rows)
    for number in range(1, 5):
        nights.driver.site.delete(number)
    changed = make_codes(99) + make_codes(1, 100, description="yeni")
    night = nights.run(changed)
    assert (night.report.doubtful, night.report.vanished, night.report.updated) == (4, 4, 1)
    assert "4 doubtful" in str(night.error)
    stopped = nights.run_again(changed, ["vanished:3"])
    sample = r"^(\d) \(Ödüyo \1\) is not listed any more$"
    assert_stopped(stopped, {"vanished": 4}, sample=sample)
    passed = nights.run_again(changed, ["vanished:4"])
    assert (passed.error, passed.report.created) == (None, 4)
    assert nights.run(changed).figures == {"extracted": 100, "unchanged": 100}


@pytest.mark.parametrize("partition_rows", [20_000, 10])
def test_a_record_whose_key_a_person_changed_is_named_with_the_key_that_it_carries_now(
    nights: Nights, monkeypatch: pytest.MonkeyPatch, partition_rows: int
) -> None:
    monkeypatch.setattr("oduyo_provider.sync.staging.buckets.SINGLE_PARTITION_ROWS", partition_rows)
    rows, site = make_codes(100), nights.driver.site
    nights.own(rows)
    for number in (5, 6):
        site.edit(number, integration_id=f"9999{number}")
    assert nights.run(rows).figures == {"extracted": 100, "unchanged": 98, "doubtful": 2, "vanished": 2}
    sample = r"^([56]): Ödüyo's record \1 carries the key '9999\1' now; somebody changed it$"
    assert_stopped(nights.run_again(rows, ["vanished:1"]), {"vanished": 2}, sample=sample)
    for number in (5, 6):
        site.edit(number, integration_id=f"{number}")
    assert nights.run(rows).figures == {"extracted": 100, "unchanged": 100}
