"""Records that would be retired or emptied: what once passed all brakes and ended green, over several nights."""

from __future__ import annotations

import pytest

from tests.integration.findings.brake_nights import RETIRING, Nights, assert_stopped, count_in_use, make_codes, release

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
