"""Each brake, on both sides of its floor, of its percentage and of its half."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oduyo_provider.core.brakes import (
    FLOOR,
    HALF_OF,
    Trip,
    compute_trips,
    is_above,
    is_above_half,
    list_releases,
)
from oduyo_provider.core.params import RunParams
from oduyo_provider.core.plan import Pair, PlanCounts, SyncMode
from oduyo_provider.core.release import BRAKE_NAMES, BRAKES, format_release


def limits(
    missing: int = 10, update: int = 50, rejected: int = 5, release: dict[str, int | None] | None = None
) -> RunParams:
    return RunParams(
        max_missing_percent=missing, max_update_percent=update, max_rejected_percent=rejected, release=release or {}
    )


DEFAULTS = limits()


def trips_of(
    brakes: RunParams = DEFAULTS,
    *,
    look_alikes: int = 0,
    left_out: int = 0,
    known_left_out: int = 0,
    compares: bool = True,
    **figures: Any,
) -> dict[str, Trip]:
    counts = PlanCounts(**{"extracted": 1_000_000, **figures})
    decided = msgspec.structs.replace(
        counts, rejected=counts.rejected + left_out, known_rejected=counts.known_rejected + known_left_out
    )
    params = msgspec.structs.replace(brakes, sync_mode=SyncMode.UPSERT if compares else SyncMode.CREATE)
    trips = compute_trips(counts, params, look_alikes=look_alikes, decided=decided)
    assert len({trip.name for trip in trips}) == len(trips)
    return {trip.name: trip for trip in trips}


def test_the_brakes_are_those_of_the_contract() -> None:
    assert (
        *("no_rows", "all_rejected", "rejected", "updates", "emptied", "retired", "retired_pair", "retired_week"),
        *("vanished", "look_alikes", "dates_back", "other_firm", "other_source", "key_altered", "letters"),
    ) == BRAKE_NAMES
    assert [brake.name for brake in BRAKES if brake.is_canary] == ["key_altered", "letters"]
    assert all(brake.help.endswith(".") for brake in BRAKES)
    assert (FLOOR, HALF_OF) == (10, 4)


# Floor, percentage, half


@pytest.mark.parametrize(
    ("count", "percent", "whole", "expected"),
    [
        (10, 10, 10, False),
        (11, 10, 11, True),
        (11, 10, 109, True),
        (11, 10, 110, False),
        (100, 10, 1000, False),
        (101, 10, 1000, True),
        (0, 0, 10, False),
        (1, 0, 1_000_000, True),
        (11, 1, 1099, True),
        (11, 1, 1100, False),
        (11, 99, 11, True),
        (11, 100, 11, False),
        (100, 100, 5, False),
        (29, 29, 100, False),
        (30, 29, 100, True),
    ],
)
def test_a_count_is_above_ten_and_above_its_percentage_where_0_allows_none_and_100_any(
    count: int, percent: int, whole: int, expected: bool
) -> None:
    assert is_above(count, percent, whole) is expected


@pytest.mark.parametrize(
    ("count", "whole", "expected"),
    [(3, 3, False), (2, 4, False), (3, 4, True), (4, 4, True), (2, 5, False), (3, 5, True), (10, 20, False), (11, 20, True)],
)  # fmt: skip
def test_more_than_half_is_looked_at_from_a_whole_of_four(count: int, whole: int, expected: bool) -> None:
    assert is_above_half(count, whole) is expected


@given(percent=st.integers(1, 99), count=st.integers(0, 300), rest=st.integers(0, 300))
def test_a_count_of_exactly_its_percentage_is_not_above(percent: int, count: int, rest: int) -> None:
    assert is_above(count, percent, count + rest) is (count > FLOOR and 100 * count > percent * (count + rest))


def test_nothing_trips_on_a_quiet_night() -> None:
    assert trips_of(unchanged=500, existing=500, in_use=500, known_refused=54, out_of_scope=250) == {}


def test_the_first_load_into_an_empty_site_trips_nothing() -> None:
    assert trips_of(creates=100_000, extracted=100_000) == {}


# no_rows, all_rejected, rejected: whatever the plan holds


@pytest.mark.parametrize("compares", [True, False])
def test_a_query_without_rows_trips_at_once(compares: bool) -> None:
    assert list(trips_of(extracted=0, compares=compares)) == ["no_rows"]
    assert trips_of(extracted=1, creates=1, compares=compares) == {}


@pytest.mark.parametrize("compares", [True, False])
@pytest.mark.parametrize(
    ("figures", "does_trip"),
    [
        ({"extracted": 1, "rejected": 1}, True),
        ({"extracted": 10, "rejected": 10}, True),
        ({"extracted": 10, "rejected": 10, "known_rejected": 10}, True),
        ({"extracted": 10, "rejected": 7, "repeated": 3}, True),
        ({"extracted": 10, "rejected": 9}, False),
        ({"extracted": 3, "repeated": 2}, False),
    ],
)
def test_a_query_of_which_every_row_is_rejected_trips(figures: dict[str, int], does_trip: bool, compares: bool) -> None:
    assert ("all_rejected" in trips_of(compares=compares, **figures)) is does_trip


@pytest.mark.parametrize("compares", [True, False])
@pytest.mark.parametrize(
    ("rejected", "known", "extracted", "does_trip"),
    [
        (10, 0, 20, False),
        (11, 0, 219, True),
        (11, 0, 220, False),
        (50, 0, 1000, False),
        (51, 0, 1000, True),
        (60, 10, 1000, False),
        (61, 10, 1000, True),
        (900, 900, 1000, False),
        (2, 0, 4, False),
        (3, 0, 4, True),
        (4, 1, 5, True),
        (4, 2, 5, False),
        (2, 0, 3, False),
    ],
)
def test_newly_rejected_rows_trip_above_their_percentage_of_the_rows_or_above_half(
    rejected: int, known: int, extracted: int, does_trip: bool, compares: bool
) -> None:
    trips = trips_of(rejected=rejected, known_rejected=known, extracted=extracted, compares=compares)
    assert ("rejected" in trips) is does_trip
    if does_trip:
        assert trips["rejected"].count == rejected - known


# updates, emptied, dates_back


@pytest.mark.parametrize(
    ("updates", "unchanged", "does_trip"),
    [(10, 0, False), (11, 0, True), (11, 10, True), (11, 11, False), (500, 500, False), (501, 499, True)],
)
def test_updates_trip_above_ten_and_above_their_percentage_of_the_matched_rows(
    updates: int, unchanged: int, does_trip: bool
) -> None:
    trips = trips_of(updates=updates, real_updates=updates, unchanged=unchanged)
    assert ("updates" in trips) is does_trip


def test_updates_of_dates_alone_and_adoptions_do_not_trip() -> None:
    assert trips_of(updates=900, real_updates=10, unchanged=100) == {}
    assert trips_of(updates=900, adoptions=890, real_updates=10, unchanged=100) == {}


@pytest.mark.parametrize(
    ("emptied", "unchanged", "does_trip"), [(10, 0, False), (11, 98, True), (11, 99, False), (101, 898, True)]
)
def test_emptied_fields_trip_above_ten_and_above_their_percentage_of_the_matched_rows(
    emptied: int, unchanged: int, does_trip: bool
) -> None:
    trips = trips_of(emptied=emptied, updates=emptied, unchanged=unchanged)
    assert ("emptied" in trips) is does_trip


@pytest.mark.parametrize(
    ("dates_back", "updates", "does_trip"), [(10, 10, False), (11, 11, True), (11, 109, True), (11, 110, False)]
)
def test_older_dates_trip_above_ten_and_above_their_percentage_of_the_updates(
    dates_back: int, updates: int, does_trip: bool
) -> None:
    trips = trips_of(dates_back=dates_back, updates=updates, unchanged=100_000)
    assert ("dates_back" in trips) is does_trip


# retired, retired_pair, retired_week


@pytest.mark.parametrize(
    ("retired", "in_use", "does_trip"),
    [
        (10, 100, False),
        (11, 109, True),
        (11, 110, False),
        (100, 1000, False),
        (101, 1000, True),
        (10, 11, True),
        (2, 4, False),
        (3, 4, True),
        (3, 3, False),
        (10, 20, False),
        (269, 270, True),
    ],
)
def test_retired_records_trip_above_their_percentage_of_those_in_use_or_above_half(
    retired: int, in_use: int, does_trip: bool
) -> None:
    assert ("retired" in trips_of(retired=retired, in_use=in_use)) is does_trip


def test_missing_records_that_are_kept_trip_nothing() -> None:
    assert trips_of(missing=900, kept_missing=900, in_use=1000, retired_week=900) == {}


@pytest.mark.parametrize(
    ("retired", "in_use", "does_trip"),
    [(10, 100, False), (11, 109, True), (11, 110, False), (3, 4, True), (2, 4, False), (249, 250, True)],
)
def test_records_retired_within_one_pair_of_keys_trip_by_themselves(retired: int, in_use: int, does_trip: bool) -> None:
    pairs = {"21\x001": Pair(100_000), "22\x001": Pair(in_use, retired, ("a sample",))}
    trips = trips_of(retired=retired, in_use=100_000 + in_use, pairs=pairs)
    assert ("retired_pair" in trips) is does_trip
    assert "retired" not in trips


def test_of_several_pairs_the_one_that_loses_most_is_named_and_counted() -> None:
    small, large = Pair(4, 3, ("s",)), Pair(60, 40, ("l",))
    for pairs in ({"1\x001": small, "2\x002": large}, {"2\x002": large, "1\x001": small}):
        trip = trips_of(retired=43, in_use=100_000, pairs=pairs)["retired_pair"]
        assert (trip.count, trip.samples) == (40, ["l"])
        assert "key1 '2' and key2 '2'" in trip.message
        assert "1 further pair (" in trip.message


def test_of_pairs_that_lose_as_many_the_same_is_named_in_any_order() -> None:
    pairs = {"1\x001": Pair(20, 15), "2\x002": Pair(20, 15)}
    found = [
        trips_of(retired=30, in_use=900, pairs=dict(items))["retired_pair"].message
        for items in (pairs.items(), reversed(pairs.items()))
    ]
    assert found[0] == found[1]


def test_a_single_pair_is_the_whole_and_has_no_brake_of_its_own() -> None:
    assert list(trips_of(retired=15, in_use=20, pairs={"1\x001": Pair(20, 15)})) == ["retired"]


@pytest.mark.parametrize(
    ("retired", "week", "in_use", "does_trip"),
    [
        (5, 5, 95, False),
        (5, 6, 103, True),
        (5, 6, 104, False),
        (1, 1, 3, False),
        (1, 2, 2, True),
        (9, 27, 73, True),
    ],
)
def test_the_weeks_retirements_trip_together_with_those_of_this_run(
    retired: int, week: int, in_use: int, does_trip: bool
) -> None:
    trips = trips_of(retired=retired, retired_week=week, in_use=in_use)
    assert ("retired_week" in trips) is does_trip
    if does_trip:
        assert trips["retired_week"].count == retired + week


def test_a_week_in_which_a_person_released_everything_is_this_run_alone() -> None:
    assert "retired_week" not in trips_of(retired=900, retired_week=0, in_use=1000)


def test_a_week_of_retirements_does_not_stop_a_run_that_retires_nothing() -> None:
    assert trips_of(retired=0, retired_week=900, in_use=100) == {}


# vanished, look_alikes, other_firm, other_source


@pytest.mark.parametrize("name", ["vanished", "other_firm", "other_source"])
def test_rows_that_are_left_out_are_told_and_do_not_stop_the_rest(name: str) -> None:
    trip = trips_of(**{name: 1})[name]
    assert (trip.blocks, trip.is_released, trip.count) == (False, False, 1)
    assert "not sent" in trip.message


@pytest.mark.parametrize(("name", "figure"), [("vanished", "recreates"), ("other_firm", "other_firm"), ("other_source", "other_source")])  # fmt: skip
@pytest.mark.parametrize(("limit", "is_released"), [(None, True), (3, True), (2, False)])
def test_rows_that_a_person_released_stop_the_run_where_there_are_more_than_released(
    name: str, figure: str, limit: int | None, is_released: bool
) -> None:
    trip = trips_of(limits(release={name: limit}), **{figure: 3})[name]
    assert (trip.blocks, trip.is_released, trip.count) == (True, is_released, 3)
    assert "not sent" not in trip.message
    assert ("moves these records to this source for good" in trip.message) == (name == "other_source")


@pytest.mark.parametrize(
    ("look_alikes", "creates", "does_trip"),
    [(10, 100, False), (11, 100_000, True), (2, 4, False), (3, 4, True), (3, 3, False), (6, 10, True)],
)
def test_look_alikes_trip_above_ten_or_above_half_of_the_rows_to_create(
    look_alikes: int, creates: int, does_trip: bool
) -> None:
    assert ("look_alikes" in trips_of(look_alikes=look_alikes, creates=creates)) is does_trip


# What they have in common


def test_create_mode_has_no_brake_on_what_it_does_not_compare() -> None:
    figures = {
        "creates": 900,
        "updates": 900,
        "real_updates": 900,
        "emptied": 900,
        "dates_back": 900,
        "retired": 900,
        "retired_week": 900,
        "in_use": 900,
        "vanished": 900,
        "other_firm": 900,
        "other_source": 900,
        "pairs": {"a": Pair(900, 900), "b": Pair(900, 900)},
    }
    assert trips_of(look_alikes=900, compares=False, **figures) == {}
    assert len(trips_of(look_alikes=900, **figures)) == 10


FIGURES: dict[str, Any] = {
    "extracted": 1000,
    "rejected": 300,
    "updates": 300,
    "real_updates": 300,
    "emptied": 300,
    "dates_back": 300,
    "unchanged": 100,
    "retired": 300,
    "retired_week": 1,
    "in_use": 1000,
    "pairs": {"21\x001": Pair(1000, 300), "22\x001": Pair(9)},
}


@pytest.mark.parametrize(
    ("brakes", "names"),
    [
        (limits(20, 100, 100), ["emptied", "dates_back", "retired", "retired_pair", "retired_week"]),
        (limits(100, 20, 100), ["updates"]),
        (limits(100, 100, 20), ["rejected"]),
        (limits(100, 100, 100), []),
    ],
)
def test_each_percentage_governs_its_own_brakes(brakes: RunParams, names: list[str]) -> None:
    assert list(trips_of(brakes, **FIGURES)) == names


def test_a_hundred_percent_does_not_lift_the_half() -> None:
    figures = {**FIGURES, "rejected": 600, "retired": 600, "pairs": {"21\x001": Pair(900, 600), "22\x001": Pair(100)}}
    assert list(trips_of(limits(100, 100, 100), **figures)) == ["rejected", "retired", "retired_pair", "retired_week"]


def test_no_percent_allows_none() -> None:
    figures: dict[str, Any] = {
        **dict.fromkeys(("rejected", "updates", "real_updates", "emptied", "dates_back", "retired", "retired_week"), 1),
        "unchanged": 100_000,
        "in_use": 100_000,
        "pairs": {"a": Pair(1000, 1), "b": Pair(9)},
    }
    names = ["rejected", "updates", "emptied", "dates_back", "retired", "retired_pair", "retired_week"]
    assert list(trips_of(limits(0, 0, 0), **figures)) == names
    assert trips_of(limits(0, 0, 0), **{name: 0 for name in figures if name != "pairs"}, extracted=1) == {}


@pytest.mark.parametrize(
    ("release", "is_released"),
    [({}, False), ({"retired": None}, True), ({"retired": 149}, False), ({"retired": 300}, True), ({"updates": None}, False)],
)  # fmt: skip
def test_a_person_releases_a_brake_by_its_name_up_to_a_count(release: dict[str, int | None], is_released: bool) -> None:
    assert trips_of(limits(release=release), retired=300, in_use=1000)["retired"].is_released is is_released


def test_releasing_one_brake_releases_no_other() -> None:
    trips = trips_of(limits(release={"retired": None}), **FIGURES)
    assert [name for name, trip in trips.items() if trip.is_released] == ["retired"]


def test_a_brake_says_that_it_is_the_half_and_not_the_percentage_that_tripped() -> None:
    figures = {"retired": 6, "in_use": 8, "pairs": {"21\x001": Pair(4, 3), "22\x001": Pair(4, 3)}, "retired_week": 4}
    trips = trips_of(extracted=20, rejected=15, **figures)
    expected = {
        "rejected": "(max_rejected_percent 5)",
        "retired": "(max_missing_percent 10): more than half never passes by itself, whatever the percentage",
        "retired_pair": "(max_missing_percent 10): more than half never passes by itself, whatever the percentage",
        "retired_week": "(max_missing_percent 10): more than half never passes by itself, whatever the percentage",
    }
    assert {name: trip.message[-len(expected[name]) :] for name, trip in trips.items()} == expected
    lifted = trips_of(limits(100, 100, 100), extracted=20, rejected=15)["rejected"].message
    assert lifted.endswith("(max_rejected_percent 100): more than half never passes by itself, whatever the percentage")


def test_every_brake_says_its_figures_and_its_percentage() -> None:
    trips = trips_of(look_alikes=12, creates=20, **{**FIGURES, "vanished": 7, "other_firm": 8, "other_source": 9})
    expected = {
        "rejected": ("300 of 1,000", "max_rejected_percent 5"),
        "updates": ("300 of 400", "max_update_percent 50"),
        "emptied": ("300 of 400", "max_missing_percent 10"),
        "dates_back": ("300 of 300", "max_missing_percent 10"),
        "retired": ("300", "1,000", "max_missing_percent 10"),
        "retired_pair": ("key1 '21' and key2 '1'", "300", "1,000", "max_missing_percent 10"),
        "retired_week": ("301", "1,001", "seven days", "max_missing_percent 10"),
        "vanished": ("7 records",),
        "other_firm": ("8 rows",),
        "other_source": ("9 rows",),
        "look_alikes": ("12 of 20",),
    }
    assert trips.keys() == expected.keys()
    for name, figures in expected.items():
        assert all(figure in trips[name].message for figure in figures)
    assert "10 rows" in trips_of(extracted=10, rejected=10)["all_rejected"].message
    assert "no row" in trips_of(extracted=0)["no_rows"].message


def test_every_brake_shows_samples_of_what_it_counts() -> None:
    names = ("rejected", "all_rejected", "updates", "emptied", "dates_back", "retired", "vanished", "other_firm")
    samples = {name: [f"a {name}"] for name in (*names, "other_source", "look_alikes")}
    pairs = {"21\x001": Pair(1000, 300, ("a pair",)), "22\x001": Pair(9)}
    left_out = {"vanished": 7, "other_firm": 8, "other_source": 9}
    trips = trips_of(look_alikes=12, creates=20, **{**FIGURES, **left_out, "pairs": pairs, "samples": samples})
    shown = {name: trip.samples for name, trip in trips.items()}
    assert shown.pop("retired_pair") == ["a pair"]
    assert shown.pop("retired_week") == ["a retired"]
    assert shown == {name: [f"a {name}"] for name in shown}
    assert trips_of(extracted=1, rejected=1, samples=samples)["all_rejected"].samples == ["a all_rejected"]


def test_the_way_on_is_a_release_of_just_these_brakes_up_to_just_these_counts() -> None:
    trips = trips_of(retired=300, in_use=1000, rejected=60_000)
    assert format_release({name: trip.count for name, trip in trips.items()}) == '["rejected:60000", "retired:300"]'
    assert format_release({"letters": None, "retired": 0}) == '["letters", "retired:0"]'


def test_a_trip_survives_json() -> None:
    trip = Trip("retired", "text", 3, ["a"], False, True)
    assert msgspec.json.decode(msgspec.json.encode(trip), type=Trip) == trip


@pytest.mark.parametrize("brake", ["other_firm", "other_source"])
def test_where_all_rows_are_rejected_by_one_brake_the_message_names_it(brake: str) -> None:
    [message] = [trips_of(extracted=12, rejected=12, **{brake: 12})["all_rejected"].message]
    assert message.endswith(f"Where that is right, it is {brake} that has to be released")
    assert brake not in trips_of(extracted=12, rejected=12, **{brake: 5})["all_rejected"].message


@pytest.mark.parametrize("brake", ["other_firm", "other_source"])
def test_where_few_of_the_rejected_rows_break_other_rules_one_brake_is_still_the_one_to_release(brake: str) -> None:
    trips = trips_of(extracted=4710, rejected=4710, **{brake: 4670})
    assert "all 4,710 rows are rejected: 4,670 rows meet" in trips["all_rejected"].message
    assert list_releases(trips.values()) == {brake: 4670}


@pytest.mark.parametrize("brake", ["other_firm", "other_source"])
def test_where_all_rows_are_rejected_by_one_brake_that_one_is_to_be_released(brake: str) -> None:
    trips = trips_of(extracted=12, rejected=12, known_rejected=1, retired=3, in_use=4, **{brake: 12})
    assert list_releases(trips.values()) == {brake: 12, "retired": 3}
    trips = trips_of(extracted=12, rejected=12, known_rejected=1, **{brake: 5})
    assert list_releases(trips.values()) == {"all_rejected": 12, "rejected": 11}


@pytest.mark.parametrize(("left_out", "expected"), [(1, []), (2, ["all_rejected"])])
def test_rows_that_look_like_a_record_and_are_left_out_are_rejected_ones(left_out: int, expected: list[str]) -> None:
    figures = {"left_out": left_out, "rejected": 1, "known_rejected": 1, "known_left_out": left_out}
    trips = trips_of(extracted=4, repeated=1, creates=2, **figures)
    assert list(trips) == expected
    assert [(trip.count, trip.message) for trip in trips.values()] == [(3, "all 3 rows are rejected")] * len(expected)


def test_what_look_alikes_stops_is_not_all_rejected_too() -> None:
    assert list(trips_of(extracted=4, creates=4, left_out=4, look_alikes=4)) == ["look_alikes"]


@pytest.mark.parametrize(("known_left_out", "expected"), [(0, ["rejected"]), (6, [])])
def test_new_rows_that_look_like_a_record_are_newly_rejected_ones(known_left_out: int, expected: list[str]) -> None:
    samples = {"rejected": ["a fault"], "look_alikes": ["b", "c", "d"]}
    figures = {"extracted": 100, "creates": 20, "rejected": 8, "samples": samples}
    trips = trips_of(look_alikes=8 - known_left_out, left_out=8, known_left_out=known_left_out, **figures)
    assert list(trips) == expected
    assert [(trip.count, trip.samples) for trip in trips.values()] == [(16, ["a fault", "b", "c"])] * len(expected)


@pytest.mark.parametrize(("adoptions", "is_tripped"), [(100, True), (110, False)])
def test_an_adopted_record_is_one_of_those_that_can_lose_a_text(adoptions: int, is_tripped: bool) -> None:
    trips = trips_of(updates=adoptions, adoptions=adoptions, emptied=11)
    assert ("emptied" in trips) is is_tripped
