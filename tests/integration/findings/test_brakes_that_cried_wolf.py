"""What once was red night after night although nothing was wrong, each with its siblings: whole runs over several nights."""

from __future__ import annotations

import pytest

from tests.integration.findings.brake_nights import Nights, Row, assert_stopped, make_codes

# 70 codes removed on both sides.


@pytest.mark.parametrize("on_missing", ["keep", "deactivate", "delete"])
@pytest.mark.parametrize("size", [500, 71])
def test_codes_that_are_gone_on_both_sides_are_no_news(nights: Nights, on_missing: str, size: int) -> None:
    rows = make_codes(size)
    nights.own(rows)
    for number in range(1, 71):
        nights.driver.site.delete(number)
    left = rows[70:] + make_codes(2, 1001)
    first = nights.run(left, on_missing=on_missing)
    assert (first.error, first.figures) == (None, {"extracted": size - 68, "unchanged": size - 70, "created": 2})
    for _ in range(2):
        night = nights.run(left, on_missing=on_missing)
        assert (night.error, night.figures) == (None, {"extracted": size - 68, "unchanged": size - 68})


def test_codes_that_go_in_oduyo_first_are_red_until_they_are_gone_from_the_erp_too(nights: Nights) -> None:
    rows = make_codes(500)
    nights.own(rows)
    for number in range(1, 71):
        nights.driver.site.delete(number)
    night = nights.run(rows)
    assert (night.writes, night.report.vanished) == ([], 70)
    assert "70 doubtful" in str(night.error)
    assert nights.run(rows[70:]).error is None


def test_codes_that_go_in_the_erp_first_are_kept_and_then_gone(nights: Nights) -> None:
    rows = make_codes(500)
    nights.own(rows)
    first = nights.run(rows[70:])
    assert (first.error, first.writes, first.report.kept_missing) == (None, [], 70)
    for number in range(1, 71):
        nights.driver.site.delete(number)
    second = nights.run(rows[70:])
    assert (second.error, second.figures) == (None, {"extracted": 430, "unchanged": 430})


# An ERP upgrade that touches only `_date`.

MARCH = {"special_created_in": "2025-03-01 09:00:00", "special_updated_in": "2025-03-01 09:00:00"}


@pytest.mark.parametrize(
    "touched",
    [
        {"special_updated_in": "2025-06-01 09:00:00"},
        {"special_created_in": "2025-06-01 09:00:00"},
        {"special_created_in": "2024-01-01 00:00:00", "special_updated_in": "2025-06-01 09:00:00"},
    ],
)
@pytest.mark.parametrize("is_matched", [True, False])
def test_an_upgrade_that_touches_only_dates_goes_through(
    nights: Nights, touched: dict[str, str], is_matched: bool
) -> None:
    rows = make_codes(400, **MARCH)
    if is_matched:
        nights.own(rows)
    else:
        assert nights.run(rows).report.created == 400
    upgraded: list[Row] = [{**row, **touched} for row in rows]
    first = nights.run(upgraded)
    assert (first.error, first.figures) == (None, {"extracted": 400, "updated": 400})
    second = nights.run(upgraded)
    assert (second.error, second.writes) == (None, [])


def test_dates_of_all_rows_and_texts_of_some_go_through(nights: Nights) -> None:
    nights.own(make_codes(400, **MARCH))
    june = {**MARCH, "special_updated_in": "2025-06-01 09:00:00"}
    night = nights.run(make_codes(200, description="yeni", **june) + make_codes(200, 201, **june))
    assert (night.error, night.report.updated) == (None, 400)


def test_texts_of_more_than_half_are_braked_whatever_the_dates(nights: Nights) -> None:
    nights.own(make_codes(400, **MARCH))
    june = {**MARCH, "special_updated_in": "2025-06-01 09:00:00"}
    stopped = nights.run(make_codes(201, description="yeni", **june) + make_codes(199, 202, **june))
    assert_stopped(stopped, {"updates": 201}, "201 of 400 matched records", "max_update_percent 50", sample="'yeni'")


# 12 kept-missing codes and 51 new ones on a table of 100.


@pytest.mark.parametrize(("gone", "new"), [(12, 51), (12, 500), (60, 51), (100, 300)])
def test_records_that_are_kept_and_codes_that_are_new_are_no_changed_keys(nights: Nights, gone: int, new: int) -> None:
    rows = make_codes(100)
    nights.own(rows)
    left = rows[gone:] + make_codes(new, 1001)
    first = nights.run(left)
    figures = {"extracted": 100 - gone + new, "unchanged": 100 - gone, "created": new}
    figures |= {"missing": gone, "kept_missing": gone}
    assert (first.error, first.figures) == (None, {name: count for name, count in figures.items() if count})
    for _ in range(2):
        night = nights.run(left)
        assert (night.error, night.writes, night.report.kept_missing) == (None, [], gone)


def test_passive_records_without_a_row_and_codes_that_are_new_go_through_with_deactivate_too(nights: Nights) -> None:
    rows = make_codes(12, status="P") + make_codes(88, 13)
    nights.own(rows)
    left = rows[12:] + make_codes(51, 1001)
    for created in (51, 0, 0):
        night = nights.run(left, on_missing="deactivate")
        assert (night.error, night.report.created, night.report.kept_missing) == (None, created, 12)


def test_a_tenth_that_goes_and_codes_that_are_new_go_through(nights: Nights) -> None:
    rows = make_codes(100)
    nights.own(rows)
    night = nights.run(rows[10:] + make_codes(51, 1001), on_missing="delete", missing_runs=1)
    assert (night.error, night.report.deleted, night.report.created) == (None, 10, 51)


# 5.7 % of rows without a code, every night.

TOO_LONG = "ş" * 256


@pytest.mark.parametrize("fault", [{"code": ""}, {"description": TOO_LONG}, {"status": "?"}])
def test_rows_that_are_rejected_every_night_stop_the_first_run_alone(nights: Nights, fault: dict[str, str]) -> None:
    rows = make_codes(57, **fault) + make_codes(943, 58)
    assert_stopped(nights.run(rows), {"rejected": 57}, "57 of 1,000 rows", "max_rejected_percent 5")
    passed = nights.run_again(rows, ["rejected:57"])
    assert (passed.error, passed.report.created) == (None, 943)
    for order in (1, -1):
        night = nights.run(rows[::order])
        assert (night.error, night.writes, night.report.known_rejected) == (None, [], 57)


def test_rows_that_a_person_approved_are_known_and_not_red(nights: Nights) -> None:
    driver, rows = nights.driver, make_codes(57, code="") + make_codes(943, 58)
    run = driver.new_run()
    plans = driver.plan(rows, run, on_unsafe="ask")
    assert driver.guarded["trips"] == ["rejected"]
    assert driver.check(driver.report(run, driver.load(plans, run, on_unsafe="ask")), run, on_unsafe="ask") is None
    night = nights.run(rows)
    assert (night.error, night.report.known_rejected) == (None, 57)


def test_known_ones_do_not_hide_new_ones(nights: Nights) -> None:
    rows = make_codes(57, code="") + make_codes(943, 58)
    nights.run(rows, release=["rejected"])
    more = make_codes(67, code="") + make_codes(933, 68)
    night = nights.run(more)
    assert (night.error, night.report.rejected, night.report.known_rejected) == (None, 67, 57)
    stopped = nights.run(make_codes(118, code="") + make_codes(882, 119))
    assert_stopped(stopped, {"rejected": 51}, "51 of 1,000 rows", sample=r"^\d+: code: ")


def test_a_row_that_is_mended_and_broken_again_is_new(nights: Nights) -> None:
    rows = make_codes(57, code="") + make_codes(943, 58)
    nights.run(rows, release=["rejected"])
    assert nights.run(make_codes(1000)).figures == {"extracted": 1000, "unchanged": 943, "created": 57}
    assert_stopped(nights.run(rows), {"rejected": 57})


def test_a_dry_run_and_a_stopped_run_change_nothing_in_what_is_known(nights: Nights) -> None:
    rows = make_codes(57, code="") + make_codes(943, 58)
    assert nights.run(rows, dry_run=True).error is None
    assert_stopped(nights.run(rows), {"rejected": 57})
    assert_stopped(nights.run(rows), {"rejected": 57})
    nights.run(rows, release=["rejected"])
    assert nights.run(make_codes(1000), dry_run=True).error is None
    assert nights.run(rows).error is None


@pytest.mark.parametrize("buckets", [1, 7])
def test_rows_that_share_an_id_are_known_the_next_night(nights: Nights, buckets: int) -> None:
    rows = make_codes(900) + [row for n in range(30) for row in make_codes(2, 2001 + n, integration_id=5000 + n)]
    nights.run(rows, release=["rejected"])
    night = nights.run(rows)
    assert (night.error, night.report.known_rejected, night.report.reasons) == (
        None,
        60,
        {"integration_id: duplicate": 60},
    )


# What is rejected since it looks like a record, and what another source owns, every night.


def test_rows_that_look_like_a_record_every_night_are_no_news(nights: Nights) -> None:
    rows = make_codes(300)
    nights.seed(rows[:10], integration_id="")
    assert nights.run(rows).figures == {"extracted": 300, "rejected": 10, "created": 290}
    nights.seed(make_codes(10, 301), integration_id="")
    rows = make_codes(330)
    second = nights.run(rows)
    assert (second.error, second.report.created) == (None, 20)
    assert (second.report.rejected, second.report.known_rejected) == (20, 10)
    third = nights.run(rows)
    assert (third.error, third.writes, third.report.known_rejected) == (None, [], 20)


def test_rows_of_another_source_every_night_are_red_once(nights: Nights) -> None:
    nights.own(make_codes(300))
    first = nights.run(make_codes(310), source="theirs", release=["rejected"])
    assert "300 rows of another source's records" in str(first.error)
    second = nights.run(make_codes(310), source="theirs")
    assert (second.error, second.report.known_rejected, second.report.unchanged) == (None, 300, 10)


# A quiet table.


def test_a_small_table_may_change_wholly_without_a_brake(nights: Nights) -> None:
    nights.own(make_codes(10))
    night = nights.run(make_codes(10, description="yeni"))
    assert (night.error, night.report.updated) == (None, 10)


def test_nothing_to_do_is_green_every_night(nights: Nights) -> None:
    rows = make_codes(300)
    nights.own(rows)
    for _ in range(3):
        night = nights.run(rows, on_missing="delete", missing_runs=1)
        assert (night.error, night.writes, night.figures) == (None, [], {"extracted": 300, "unchanged": 300})
