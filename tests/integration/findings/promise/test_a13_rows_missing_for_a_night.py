"""A13: rows are missing for a night, and back."""

from __future__ import annotations

import pytest

from sandbox.oduyo.server import Sandbox
from tests.integration.findings.promise.nights import DAY_S, Nights, Row

COUNT = 40
HOUR_S = 3600.0
WAYS = pytest.mark.parametrize("on_missing", ["deactivate", "delete"])


def make_rows(count: int = COUNT, **fields: object) -> list[Row]:
    return [{"integration_id": number, "code": f"KOD.{number}", **fields} for number in range(1, count + 1)]


def count_in_use(site: Sandbox) -> int:
    return sum(record["status"] == "1" for record in site.records())


@pytest.fixture
def old(dag: Nights) -> Nights:
    """A DAG whose records have been made."""
    assert dag.night(make_rows(status="1")).is_green
    return dag


@pytest.mark.parametrize("count", [COUNT, COUNT - 1], ids=["none missing", "one missing"])
def test_a13_a_query_without_status_cannot_deactivate(site: Sandbox, old: Nights, count: int) -> None:
    for missing_runs in (1, 2, 2):
        night = old.night(make_rows(count), on_missing="deactivate", missing_runs=missing_runs)
        assert not night.is_green
        assert night.why.startswith("SettingsError")
        assert "status" in night.why
    assert count_in_use(site) == COUNT


@pytest.mark.parametrize("count", [COUNT, COUNT - 1], ids=["none missing", "one missing"])
def test_a13_rows_of_which_some_have_no_status_cannot_deactivate(site: Sandbox, old: Nights, count: int) -> None:
    rows = make_rows(count // 2, status="1") + make_rows(count)[count // 2 :]
    for _ in range(2):
        night = old.night(rows, on_missing="deactivate", missing_runs=1)
        assert night.why.startswith("SettingsError: on_missing=deactivate needs the column status in every row")
    assert count_in_use(site) == COUNT


@WAYS
def test_a13_a_row_that_is_back_after_one_night_was_never_missed(site: Sandbox, old: Nights, on_missing: str) -> None:
    for count in (COUNT - 1, COUNT, COUNT - 1, COUNT):
        night = old.night(make_rows(count, status="1"), on_missing=on_missing)
        assert night.is_green, night.why
        assert night.figures.get("missing", 0) == night.report.kept_missing == COUNT - count
    assert count_in_use(site) == COUNT
    assert site.counts()["update"] == site.counts()["delete"] == 0


@WAYS
def test_a13_a_row_that_is_missing_in_two_nights_is_retired_and_active_again_when_it_is_back(
    site: Sandbox, old: Nights, on_missing: str
) -> None:
    less = make_rows(COUNT - 1, status="1")
    figures = [old.night(less, on_missing=on_missing).figures for _ in range(3)]
    done = "deactivated" if on_missing == "deactivate" else "deleted"
    assert figures[0] == {"extracted": COUNT - 1, "unchanged": COUNT - 1, "missing": 1, "kept_missing": 1}
    assert figures[1] == {"extracted": COUNT - 1, "unchanged": COUNT - 1, "missing": 1, done: 1}
    assert figures[2].get(done) is None
    assert count_in_use(site) == COUNT - 1
    night = old.night(make_rows(status="1"), on_missing=on_missing)
    assert night.is_green, night.why
    assert count_in_use(site) == len(site.records()) == COUNT


@WAYS
def test_a13_runs_within_half_a_day_are_one_night(site: Sandbox, old: Nights, on_missing: str) -> None:
    less = make_rows(COUNT - 1, status="1")
    for after_s in (DAY_S, HOUR_S, HOUR_S, 9 * HOUR_S):
        assert old.night(less, after_s=after_s, on_missing=on_missing).report.kept_missing == 1
    assert old.night(less, after_s=2 * HOUR_S, on_missing=on_missing).report.kept_missing == 0
    assert count_in_use(site) == COUNT - 1


def test_a13_dry_runs_and_runs_that_were_stopped_are_no_nights(site: Sandbox, old: Nights) -> None:
    less, wants = make_rows(COUNT - 1, status="1"), {"on_missing": "delete"}
    for _ in range(3):
        assert old.night(less, dry_run=True, **wants).is_green
        assert not old.night([], **wants).is_green
    assert old.night(less, **wants).report.kept_missing == 1
    assert len(site.records()) == COUNT


def test_a13_a_night_whose_load_changes_nothing_counts_too(site: Sandbox, old: Nights) -> None:
    less, wants = make_rows(COUNT - 1, status="1"), {"on_missing": "delete"}
    first = old.night(less, **wants)
    assert first.report.writes == 0
    assert old.night(less, **wants).report.deleted == 1
    assert len(site.records()) == COUNT - 1
