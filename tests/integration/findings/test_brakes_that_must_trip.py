"""What once passed all brakes with their defaults and ended green, each with its siblings: whole runs over several nights."""

from __future__ import annotations

import pytest

from tests.integration.findings.brake_nights import Nights, Row, assert_stopped, make_codes, release

RETIRING = pytest.mark.parametrize(("on_missing", "figure"), [("delete", "deleted"), ("deactivate", "deactivated")])


def count_in_use(nights: Nights) -> int:
    return sum(record["status"] == "1" for record in nights.driver.site.records())


# Firm 22 (250 codes) beside firm 21 (2,750), the query returns 1 row of it: 249 deleted.


@RETIRING
def test_a_firm_of_which_one_row_is_left_is_kept(nights: Nights, on_missing: str, figure: str) -> None:
    large, small = make_codes(2750), make_codes(250, 3001, key1="22")
    nights.own(large + small)
    rows = large + small[:1]
    first = nights.run(rows, on_missing=on_missing)
    assert (first.error, first.writes, first.report.kept_missing) == (None, [], 249)
    second = nights.run(rows, on_missing=on_missing)
    facts = ("of key1 '22' and key2 '1'", "249 of the 250 records in use would be", "max_missing_percent 10")
    sample = rf"^{on_missing} 3\d\d\d \(Ödüyo \d+\): "
    assert_stopped(second, {"retired_pair": 249}, *facts, sample=sample)
    passed = release(nights, rows, {"retired_pair": 249}, on_missing=on_missing)
    assert (passed.error, passed.figures[figure]) == (None, 249)
    assert count_in_use(nights) == 2751


def test_a_firm_that_an_update_turns_passive_is_kept(nights: Nights) -> None:
    large, small = make_codes(2750), make_codes(250, 3001, key1="22")
    nights.own(large + small)
    rows = large + small[:1] + make_codes(249, 3002, key1="22", status="P")
    assert_stopped(
        nights.run(rows), {"retired_pair": 249}, "of key1 '22' and key2 '1'", "249 of the 250 records in use would be"
    )
    assert release(nights, rows, {"retired_pair": 249}).figures["updated"] == 249


def test_of_several_firms_the_one_that_loses_most_is_named_and_is_what_a_release_limits(nights: Nights) -> None:
    firms = [make_codes(2000)] + [make_codes(60, 2000 + n * 100, key1=f"{21 + n}") for n in (1, 2, 3)]
    nights.own([row for firm in firms for row in firm])
    left = firms[0] + firms[1][:45] + firms[2][:10] + firms[3][:30]
    stopped = nights.run(left, on_missing="delete", missing_runs=1)
    assert_stopped(
        stopped,
        {"retired_pair": 50},
        "of key1 '23' and key2 '1'",
        "50 of the 60 records in use would be deactivated, deleted or turned passive, and too many of 2 further pairs",
    )
    assert release(nights, left, {"retired_pair": 50}, on_missing="delete", missing_runs=1).figures["deleted"] == 95


def test_a_firm_without_any_row_is_kept_and_shown_as_out_of_scope(nights: Nights) -> None:
    large, small = make_codes(300), make_codes(250, 3001, key1="22")
    nights.own(large + small)
    for _ in range(3):
        night = nights.run(large, on_missing="delete")
        assert (night.error, night.writes, night.figures) == (
            None,
            [],
            {"extracted": 300, "unchanged": 300, "out_of_scope": 250},
        )


# 2,500 long-passive codes and 270 in use, the query returns 1 row: 269 deactivated.


def test_passive_records_do_not_hide_how_many_of_those_in_use_would_go(nights: Nights) -> None:
    passive, in_use = make_codes(2500, status="P"), make_codes(270, 3001)
    nights.own(passive + in_use)
    rows = in_use[:1]
    assert nights.run(rows, on_missing="deactivate").writes == []
    second = nights.run(rows, on_missing="deactivate")
    sample = r"^deactivate 3\d\d\d \(Ödüyo \d+\): status '1' → '0'"
    assert_stopped(
        second,
        {"retired": 269},
        "269 records would be",
        "270 of this source are in use",
        "max_missing_percent 10",
        sample=sample,
    )
    passed = release(nights, rows, {"retired": 269}, on_missing="deactivate")
    assert (passed.error, passed.report.deactivated, passed.report.kept_missing) == (None, 269, 2500)


def test_passive_records_that_would_be_deleted_count_too(nights: Nights) -> None:
    passive, in_use = make_codes(2500, status="P"), make_codes(270, 3001)
    nights.own(passive + in_use)
    rows = in_use[:1]
    stopped = nights.run(rows, on_missing="delete", missing_runs=1)
    assert_stopped(stopped, {"retired": 2769}, "2,769 records would be", "270 of this source are in use")
    assert release(nights, rows, {"retired": 2769}, on_missing="delete", missing_runs=1).report.deleted == 2769


def test_passive_records_do_not_hide_an_update_that_turns_those_in_use_passive(nights: Nights) -> None:
    passive, in_use = make_codes(2500, status="P"), make_codes(270, 3001)
    nights.own(passive + in_use)
    rows = passive + make_codes(28, 3001, status="P") + in_use[28:]
    assert_stopped(nights.run(rows), {"retired": 28}, "28 records would be", "270 of this source are in use")
    assert release(nights, rows, {"retired": 28}).figures["updated"] == 28


# A table of 11, one row left: 10 deleted. Ten is the floor of a percentage, not of the half.


@RETIRING
@pytest.mark.parametrize(("size", "left"), [(11, 1), (4, 1), (19, 9)])
def test_more_than_half_of_a_small_table_is_kept(
    nights: Nights, on_missing: str, figure: str, size: int, left: int
) -> None:
    rows, gone = make_codes(size), size - left
    nights.own(rows)
    assert nights.run(rows[:left], on_missing=on_missing).writes == []
    second = nights.run(rows[:left], on_missing=on_missing)
    sample = rf"^{on_missing} \d+ \(Ödüyo "
    assert_stopped(second, {"retired": gone}, f"{gone} records would be", f"{size} of this source", sample=sample)
    passed = release(nights, rows[:left], {"retired": gone}, on_missing=on_missing)
    assert (passed.error, passed.figures[figure]) == (None, gone)


@pytest.mark.parametrize(("size", "left"), [(20, 10), (4, 2), (3, 1)])
def test_half_of_a_small_table_or_most_of_a_tiny_one_may_go(nights: Nights, size: int, left: int) -> None:
    rows = make_codes(size)
    nights.own(rows)
    night = nights.run(rows[:left], on_missing="delete", missing_runs=1)
    assert (night.error, night.report.deleted) == (None, size - left)


def test_0_percent_allows_no_record_to_go_and_100_lifts_the_percentage_but_not_the_half(nights: Nights) -> None:
    rows = make_codes(100)
    nights.own(rows)
    given = {"on_missing": "delete", "missing_runs": 1}
    assert_stopped(nights.run(rows[:99], max_missing_percent=0, **given), {"retired": 1}, "max_missing_percent 0")
    assert_stopped(
        nights.run(rows[:49], max_missing_percent=100, **given),
        {"retired": 51},
        "51 records would be",
        "100 of this source",
    )
    night = nights.run(rows[:50], max_missing_percent=100, **given)
    assert (night.error, night.report.deleted) == (None, 50)


# A table of 40, ten gone a night; 9 % a night, four nights.


@RETIRING
@pytest.mark.parametrize("missing_runs", [1, 2])
@pytest.mark.parametrize(("size", "a_night"), [(40, 10), (200, 18)])
def test_what_goes_a_little_each_night_is_added_up_over_the_week(
    nights: Nights, on_missing: str, figure: str, missing_runs: int, size: int, a_night: int
) -> None:
    rows = make_codes(size)
    nights.own(rows)
    given = {"on_missing": on_missing, "missing_runs": missing_runs}
    for _ in range(missing_runs - 1):
        assert nights.run(rows[a_night:], **given).writes == []
    first = nights.run(rows[a_night:], **given)
    assert (first.error, first.figures[figure]) == (None, a_night)
    for _ in range(missing_runs - 1):
        assert nights.run(rows[2 * a_night :], **given).writes == []
    second = nights.run(rows[2 * a_night :], **given)
    sample = rf"^{on_missing} \d+ \(Ödüyo "
    assert_stopped(
        second,
        {"retired_week": 2 * a_night},
        f"{2 * a_night} of the {size} records that were in use would be retired within seven days",
        sample=sample,
    )
    passed = release(nights, rows[2 * a_night :], {"retired_week": 2 * a_night}, **given)
    assert (passed.error, passed.figures[figure]) == (None, a_night)


def test_what_an_update_turns_passive_counts_for_the_week_too(nights: Nights) -> None:
    rows = make_codes(200)
    nights.own(rows)
    assert nights.run(make_codes(18, status="P") + rows[18:]).report.updated == 18
    rows = make_codes(36, status="P") + rows[36:]
    assert_stopped(nights.run(rows), {"retired_week": 36}, "36 of the 200 records that were in use")
    assert release(nights, rows, {"retired_week": 36}).report.updated == 18


def test_after_a_week_it_counts_no_more(nights: Nights) -> None:
    rows = make_codes(200)
    nights.own(rows)
    for night in (1, 2):
        made = nights.run(rows[18 * night :], after_days=7.01, on_missing="delete", missing_runs=1)
        assert (made.error, made.report.deleted) == (None, 18)


def test_what_a_person_released_counts_no_more(nights: Nights) -> None:
    rows = make_codes(200)
    nights.own(rows)
    given = {"on_missing": "delete", "missing_runs": 1}
    assert nights.run(rows[60:], release=["retired:60"], **given).report.deleted == 60
    assert nights.run(rows[72:], **given).report.deleted == 12
    assert_stopped(nights.run(rows[84:], **given), {"retired_week": 24}, "24 of the 140 records that were in use")


def test_what_comes_back_into_use_counts_no_more(nights: Nights) -> None:
    rows = make_codes(200)
    nights.own(rows)
    given = {"on_missing": "deactivate", "missing_runs": 1}
    assert nights.run(rows[18:], **given).report.deactivated == 18
    assert nights.run(rows, **given).report.updated == 18
    night = nights.run(rows[18:], **given)
    assert (night.error, night.report.deactivated) == (None, 18)


# One row with NULL key1 and key2, and `delete`: 45 records of another program deleted.


@RETIRING
@pytest.mark.parametrize("is_first", [True, False])
def test_records_that_no_row_ever_matched_are_nobody_s_to_retire(
    nights: Nights, on_missing: str, figure: str, is_first: bool
) -> None:
    nights.seed(make_codes(45, 9001, key1="", key2=""))
    rows = make_codes(20) + [{**row, "key1": None, "key2": None} for row in make_codes(1, 21)]
    if not is_first:
        assert nights.run(rows[:20]).report.created == 20
    for _ in range(3):
        night = nights.run(rows, on_missing=on_missing, missing_runs=1)
        assert (night.error, night.report.missing) == (None, 0)
        assert {write["call"] for write in night.writes} <= {"create"}
    assert count_in_use(nights) == 66


@RETIRING
def test_records_of_another_source_are_not_this_one_s_to_retire(nights: Nights, on_missing: str, figure: str) -> None:
    theirs, mine = make_codes(45, 9001), make_codes(20)
    nights.own(mine)
    assert nights.run(theirs, source="theirs").report.created == 45
    for _ in range(3):
        night = nights.run(mine, on_missing=on_missing, missing_runs=1)
        assert (night.error, night.writes, night.report.missing) == (None, [], 0)


def test_records_without_keys_that_are_the_source_s_own_are_braked_as_all_others(nights: Nights) -> None:
    keyless = make_codes(45, 9001, key1="", key2="")
    nights.own(make_codes(500) + keyless)
    rows = make_codes(500) + [{**row, "key1": None, "key2": None} for row in keyless[:1]]
    stopped = nights.run(rows, on_missing="delete", missing_runs=1)
    assert_stopped(stopped, {"retired_pair": 44}, "of key1 '' and key2 ''", "44 of the 45 records in use would be")


# 49 % turned passive by an update.


@pytest.mark.parametrize("fields", [{"status": "P"}, {"status": "P", "description": "kapandı"}])
def test_an_update_that_turns_records_passive_retires_them(nights: Nights, fields: dict[str, object]) -> None:
    nights.own(make_codes(1000))
    rows = make_codes(490, **fields) + make_codes(510, 491)
    stopped = nights.run(rows)
    sample = r"^update \d+ \(Ödüyo \d+\): status '1' → '0'"
    assert_stopped(
        stopped,
        {"retired": 490},
        "490 records would be",
        "1,000 of this source",
        "max_missing_percent 10",
        sample=sample,
    )
    passed = release(nights, rows, {"retired": 490})
    assert (passed.error, passed.report.updated) == (None, 490)


def test_updates_that_turn_records_passive_and_missing_rows_are_added_up(nights: Nights) -> None:
    rows = make_codes(100)
    nights.own(rows)
    left = make_codes(6, status="P") + rows[6:94]
    assert_stopped(
        nights.run(left, on_missing="delete", missing_runs=1),
        {"retired": 12},
        "12 records would be",
        "100 of this source",
    )


def test_records_that_come_back_into_use_are_not_retired(nights: Nights) -> None:
    nights.own(make_codes(490, status="P") + make_codes(510, 491))
    night = nights.run(make_codes(1000))
    assert (night.error, night.report.updated) == (None, 490)


def test_an_update_that_empties_a_field_is_braked_as_a_loss(nights: Nights) -> None:
    nights.own(make_codes(1000))
    rows = make_codes(490, description=None) + make_codes(510, 491)
    sample = r"^update (\d+) \(Ödüyo \1\): description 'açıklama \1' → ''$"
    assert_stopped(nights.run(rows), {"emptied": 490}, "490 of 1,000", "max_missing_percent 10", sample=sample)
    assert release(nights, rows, {"emptied": 490}).report.updated == 490


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


# What approve needs, where a person is asked.


def test_a_run_that_asks_tells_the_person_everything_and_writes_only_when_approved(nights: Nights) -> None:
    driver, rows = nights.driver, make_codes(100)
    nights.own(rows)
    changed = make_codes(60, description="yeni") + rows[60:80] + make_codes(5, 201)
    run = driver.new_run()
    params = {"on_unsafe": "ask", "on_missing": "delete", "missing_runs": 1}
    since = len(driver.site.log()["requests"])
    plans = driver.plan(changed, run, **params)
    told = driver.guarded
    assert (told["ask"], told["why_not"], told["trips"]) == (True, "", ["updates", "retired"])
    assert told["actions"] == {"delete": 20, "create": 5, "update": 60}
    updates, retired = told["figures"]
    assert "60 of 80 matched records would be updated (max_update_percent 50)" in updates
    assert "update 1 (Ödüyo 1)" in updates
    assert "20 records would be" in retired
    assert {line.split()[0] for line in told["sample"]} == {"delete", "update", "create"}
    assert driver.site.writes(since=since) == []
    loaded = driver.load(plans, run, **params)
    made = driver.report(run, loaded, **params)
    assert (made.updated, made.deleted, made.created) == (60, 20, 5)
    assert nights.run(changed).figures == {"extracted": 85, "unchanged": 85}


def test_an_approval_leaves_rows_out_that_look_like_a_record_and_says_so(nights: Nights) -> None:
    driver, rows = nights.driver, make_codes(20)
    nights.seed(rows[:15], integration_id="")
    run = driver.new_run()
    plans = driver.plan(rows, run, on_unsafe="ask")
    (told,) = driver.guarded["figures"]
    assert (
        "only a release creates them, each beside what it looks like; an approval leaves them out; adopt gives" in told
    )
    made = driver.report(run, driver.load(plans, run, on_unsafe="ask"), on_unsafe="ask")
    assert (made.created, made.rejected) == (5, 15)
    assert nights.run(rows).figures == {"extracted": 20, "unchanged": 5, "rejected": 15, "known_rejected": 15}


def test_what_was_approved_counts_no_more_for_the_week(nights: Nights) -> None:
    driver, rows = nights.driver, make_codes(200)
    nights.own(rows)
    given = {"on_missing": "delete", "missing_runs": 1}
    run = driver.new_run()
    plans = driver.plan(rows[60:], run, on_unsafe="ask", **given)
    assert driver.guarded["trips"] == ["retired"]
    driver.report(run, driver.load(plans, run, on_unsafe="ask", **given), **given)
    night = nights.run(rows[72:], **given)
    assert (night.error, night.report.deleted) == (None, 12)


def test_without_a_brake_nobody_is_asked(nights: Nights) -> None:
    driver, rows = nights.driver, make_codes(100)
    nights.own(rows)
    driver.plan(rows, driver.new_run(), on_unsafe="ask")
    assert (driver.guarded["ask"], driver.guarded["figures"], driver.guarded["sample"]) == (False, [], [])
