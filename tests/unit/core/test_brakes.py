"""Each brake, on both sides of its floor and of its ratio."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oduyo_provider.core.brakes import FLOOR, Brakes, compute_trips
from oduyo_provider.core.plan import OnMissing, PlanCounts, PlanRules, SyncMode

DEFAULT_BRAKES = Brakes()
DEACTIVATE, DELETE = OnMissing.DEACTIVATE, OnMissing.DELETE


def trips_of(
    *, previous: int | None = None, has_scope: bool = True, brakes: Brakes = DEFAULT_BRAKES, **given: Any
) -> dict[str, str]:
    rules = PlanRules(
        given.pop("sync_mode", SyncMode.UPSERT), given.pop("on_missing", OnMissing.KEEP), allow_unsafe=False
    )
    counts = PlanCounts(**{"extracted": 1_000_000, **given})
    trips = compute_trips(counts, rules=rules, brakes=brakes, has_scope=has_scope, previous_existing=previous)
    assert len({trip.code for trip in trips}) == len(trips)
    return {trip.code: trip.message for trip in trips}


def test_nothing_trips_on_a_quiet_night() -> None:
    assert trips_of(unchanged=500, existing=500, existing_in_scope=500, previous=500) == {}


def test_the_first_load_into_an_empty_site_trips_nothing() -> None:
    assert trips_of(creates=100_000, extracted=100_000) == {}


@pytest.mark.parametrize("sync_mode", SyncMode)
def test_a_query_without_rows_trips_at_once(sync_mode: SyncMode) -> None:
    assert list(trips_of(extracted=0, sync_mode=sync_mode)) == ["no_rows"]
    assert trips_of(extracted=1, creates=1, sync_mode=sync_mode) == {}


@pytest.mark.parametrize("sync_mode", SyncMode)
@pytest.mark.parametrize(
    ("rejected", "extracted", "does_trip"),
    [(10, 10, False), (11, 11, True), (11, 219, True), (11, 220, False), (50, 1000, False), (51, 1000, True)],
)
def test_rejected_rows_trip_above_ten_and_above_their_share_of_the_rows(
    rejected: int, extracted: int, does_trip: bool, sync_mode: SyncMode
) -> None:
    trips = trips_of(rejected=rejected, extracted=extracted, sync_mode=sync_mode)
    assert ("rejected" in trips) is does_trip


@pytest.mark.parametrize(
    ("updates", "unchanged", "does_trip"),
    [(10, 0, False), (11, 0, True), (11, 10, True), (11, 11, False), (500, 500, False), (501, 499, True)],
)
def test_updates_trip_above_ten_and_above_their_share_of_the_matched_rows(
    updates: int, unchanged: int, does_trip: bool
) -> None:
    assert ("updates" in trips_of(updates=updates, unchanged=unchanged)) is does_trip


@pytest.mark.parametrize("rows", [0, 5])
@pytest.mark.parametrize(
    ("existing", "previous", "does_trip"),
    [(0, 10, False), (0, 11, True), (99, 110, False), (98, 109, True), (900, 1000, False), (899, 1000, True)],
)
def test_a_listing_that_shrank_trips_above_ten_and_above_its_share(
    existing: int, previous: int, does_trip: bool, rows: int
) -> None:
    assert ("existing_fell" in trips_of(existing=existing, previous=previous, creates=rows)) is does_trip


def test_a_listing_that_grew_or_was_never_seen_before_trips_nothing() -> None:
    assert trips_of(existing=1000, previous=1) == {}
    assert trips_of(existing=0, previous=None) == {}
    assert trips_of(existing=0, previous=0) == {}


@pytest.mark.parametrize(
    ("creates", "missing", "in_scope", "does_trip"),
    [
        (10, 5, 5, False),
        (11, 5, 5, True),
        (500, 500, 1000, False),
        (501, 500, 1000, True),
        (501, 100, 1000, False),
        (501, 101, 1000, True),
        (501, 0, 0, False),
    ],
)
def test_creates_beside_unmatched_records_trip_as_changed_keys(
    creates: int, missing: int, in_scope: int, does_trip: bool
) -> None:
    trips = trips_of(creates=creates, missing=missing, kept_missing=missing, existing_in_scope=in_scope)
    assert ("keys_changed" in trips) is does_trip


@pytest.mark.parametrize(("on_missing", "figure"), [(DEACTIVATE, "deactivates"), (DELETE, "deletes")])
@pytest.mark.parametrize(
    ("count", "in_scope", "does_trip"),
    [(10, 10, False), (11, 11, True), (11, 109, True), (11, 110, False), (100, 1000, False), (101, 1000, True)],
)
def test_retired_records_trip_above_ten_and_above_their_share_of_the_scope(
    count: int, in_scope: int, does_trip: bool, on_missing: OnMissing, figure: str
) -> None:
    counts = {figure: count, "missing": count, "existing_in_scope": in_scope}
    assert ("missing" in trips_of(on_missing=on_missing, **counts)) is does_trip


@pytest.mark.parametrize("on_missing", OnMissing)
def test_missing_records_that_are_kept_trip_nothing(on_missing: OnMissing) -> None:
    counts = {"missing": 900, "kept_missing": 900, "existing_in_scope": 1000, "unreadable_ids": 3}
    assert trips_of(on_missing=on_missing, has_scope=False, **counts) == {}


def test_one_retired_record_trips_without_both_key_columns() -> None:
    counts = {"missing": 1, "deletes": 1, "existing_in_scope": 1000}
    assert list(trips_of(on_missing=DELETE, has_scope=False, **counts)) == ["no_scope"]
    assert trips_of(on_missing=DELETE, has_scope=True, **counts) == {}


def test_one_retired_record_trips_beside_one_unreadable_id() -> None:
    counts = {"missing": 1, "deactivates": 1, "existing_in_scope": 1000}
    assert list(trips_of(on_missing=DEACTIVATE, unreadable_ids=1, **counts)) == ["unreadable_ids"]
    assert trips_of(on_missing=DEACTIVATE, unreadable_ids=0, **counts) == {}


def test_create_mode_has_no_brake_on_what_it_does_not_compare() -> None:
    counts = {"creates": 900, "existing": 0, "missing": 900, "existing_in_scope": 1000, "updates": 900, "deletes": 900}
    assert trips_of(sync_mode=SyncMode.CREATE, on_missing=DELETE, previous=1000, **counts) == {}


def test_every_brake_that_trips_is_named() -> None:
    counts = {
        "extracted": 1000,
        "rejected": 100,
        "updates": 300,
        "creates": 600,
        "existing": 1000,
        "existing_in_scope": 1000,
        "missing": 700,
        "deletes": 700,
        "unreadable_ids": 1,
    }
    trips = trips_of(on_missing=DELETE, has_scope=False, previous=2000, **counts)
    assert list(trips) == [
        "rejected",
        "updates",
        "existing_fell",
        "keys_changed",
        "no_scope",
        "unreadable_ids",
        "missing",
    ]
    for message, figures in zip(
        trips.values(),
        [
            ("100 of 1,000", "max_rejected_ratio 0.05"),
            ("300 of 300", "max_update_ratio 0.5"),
            ("lists 1,000", "1,000 fewer", "2,000", "max_missing_ratio 0.1"),
            ("600", "700 of 1,000", "max_update_ratio 0.5", "max_missing_ratio 0.1"),
            ("on_missing=delete", "key1 and key2"),
            ("on_missing=delete", "1 rows"),
            ("700 of 1,000", "max_missing_ratio 0.1", "on_missing=delete"),
        ],
        strict=True,
    ):
        assert all(figure in message for figure in figures)


@pytest.mark.parametrize("figure", ["rejected", "updates", "deletes"])
@given(percent=st.integers(0, 100), count=st.integers(0, 300), rest=st.integers(0, 300))
def test_a_count_of_exactly_its_ratio_never_trips(figure: str, percent: int, count: int, rest: int) -> None:
    counts = {
        "rejected": {"extracted": count + rest},
        "updates": {"unchanged": rest},
        "deletes": {"existing_in_scope": count + rest, "missing": count},
    }[figure]
    ratio = percent / 100
    trips = trips_of(on_missing=DELETE, brakes=Brakes(ratio, ratio, ratio), **{**counts, figure: count})
    code = {"deletes": "missing"}.get(figure, figure)
    assert (code in trips) is (count > FLOOR and 100 * count > percent * (count + rest))


def test_each_ratio_governs_its_own_brakes() -> None:
    counts = {"extracted": 1000, "rejected": 300, "updates": 300, "unchanged": 100, "missing": 300, "deletes": 300}
    counts |= {"existing_in_scope": 1000}
    for brakes, code in [
        (Brakes(0.2, 1, 1), "missing"),
        (Brakes(1, 0.2, 1), "updates"),
        (Brakes(1, 1, 0.2), "rejected"),
    ]:
        assert list(trips_of(on_missing=DELETE, brakes=brakes, **counts)) == [code]


def test_changed_keys_are_seen_at_exactly_the_share_that_is_named() -> None:
    counts = {"creates": 99, "existing_in_scope": 100}
    brakes = Brakes(max_missing_ratio=0.29)
    assert "keys_changed" not in trips_of(brakes=brakes, missing=29, **counts)
    assert "keys_changed" in trips_of(brakes=brakes, missing=30, **counts)


def test_a_share_is_compared_as_it_is_written_and_not_as_a_float() -> None:
    assert 0.29 * 100 < 29
    brakes = Brakes(max_rejected_ratio=0.29)
    assert trips_of(brakes=brakes, rejected=29, extracted=100) == {}
    assert list(trips_of(brakes=brakes, rejected=30, extracted=100)) == ["rejected"]


def test_records_that_are_passive_already_do_not_trip_the_brake_on_missing_ones_every_night() -> None:
    counts = {"missing": 900, "kept_missing": 890, "existing_in_scope": 1000}
    assert trips_of(on_missing=DEACTIVATE, deactivates=10, **counts) == {}
