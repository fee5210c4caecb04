"""A6: a DAG of many rows and an operator of a few on one site."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.oduyo.server import Sandbox
from tests.integration.findings.promise.nights import Night, Nights, Row

NIGHTS = 3


def make_rows(first: int, count: int, text: str = "", **fields: object) -> list[Row]:
    return [
        {"integration_id": number, "code": f"KOD.{number}", "description": text, "status": "1", **fields}
        for number in range(first, first + count)
    ]


@pytest.fixture
def other(site: Sandbox, tmp_path: Path) -> Nights:
    """An operator in somebody's DAG, on the same site and staging path."""
    return Nights(site, tmp_path / "staging", "other/send", name="run", settle_s=0.2)


def describe(site: Sandbox) -> dict[str, str]:
    records = {str(record["integration_id"]): str(record["description"]) for record in site.records()}
    assert len(records) == len(site.records())
    return records


def meet(outer: Nights, rows: list[Row], inner: Nights, others: list[Row]) -> Night:
    """A night between whose plan and load the other has its own."""
    return outer.night(
        rows, after_s=0, release=["updates"], before_load=lambda _: inner.night(others, after_s=0, release=["updates"])
    )


def test_a6_both_are_delivered_every_night_whichever_comes_between_the_plan_and_the_load_of_the_other(
    site: Sandbox, dag: Nights, other: Nights
) -> None:
    for number in range(NIGHTS):
        mine, theirs = make_rows(1, 100, f"gece {number}"), make_rows(1000, 3, f"gece {number}")
        night = meet(dag, mine, other, theirs)
        assert night.is_green, night.why
        more, theirs = [*mine, *make_rows(500, 1)], [*theirs, *make_rows(2000, 3)]
        night = meet(other, theirs, dag, more)
        assert night.is_green, night.why
        assert describe(site) == {str(row["integration_id"]): row["description"] for row in [*more, *theirs]}


def test_a6_each_retires_its_own_records_alone(site: Sandbox, dag: Nights, other: Nights) -> None:
    wants = {"on_missing": "delete", "missing_runs": 1}
    dag.night(make_rows(1, 100), **wants)
    other.night(make_rows(1000, 30), **wants)
    assert dag.night(make_rows(1, 99), **wants).figures == {
        "extracted": 99,
        "unchanged": 99,
        "missing": 1,
        "deleted": 1,
    }
    assert other.night(make_rows(1000, 29), **wants).figures["deleted"] == 1
    assert len(describe(site)) == 128


def test_a6_a_row_whose_record_is_the_others_is_rejected_red_once_and_left_alone(
    site: Sandbox, dag: Nights, other: Nights
) -> None:
    dag.night(make_rows(1, 100, "DAG"))
    rows = [*make_rows(99, 2, "operatör"), *make_rows(1000, 60, "operatör")]
    nights = [other.night(rows) for _ in range(NIGHTS)]
    assert [night.is_green for night in nights] == [False, True, True]
    assert [night.report.new_other_source for night in nights] == [2, 0, 0]
    assert [night.report.known_rejected for night in nights] == [0, 2, 2]
    assert describe(site)["99"] == "DAG"
    assert describe(site)["1000"] == "operatör"


def test_a6_a_record_that_is_released_to_the_other_stays_with_it(site: Sandbox, dag: Nights, other: Nights) -> None:
    dag.night(make_rows(1, 100, "DAG"))
    taken = other.night(make_rows(99, 2, "operatör"), release=["other_source", "updates"])
    assert taken.is_green, taken.why
    night = dag.night(make_rows(1, 100, "DAG"))
    assert night.report.rejected == night.report.new_other_source == 2
    assert describe(site)["99"] == "operatör"
    assert dag.night(make_rows(1, 100, "DAG")).is_green
    assert other.night(make_rows(99, 2, "operatör")).figures == {"extracted": 2, "unchanged": 2}


def test_a6_a_record_that_the_other_made_after_the_plan_is_no_second_time_made(
    site: Sandbox, dag: Nights, other: Nights
) -> None:
    night = dag.night(
        make_rows(1, 20, "DAG"), before_load=lambda _: other.night(make_rows(10, 3, "operatör"), after_s=0)
    )
    assert not night.is_green
    assert night.figures == {"extracted": 20, "created": 17, "stale": 3}
    assert [describe(site)[key] for key in ("9", "10", "12", "13")] == ["DAG", "operatör", "operatör", "DAG"]


def test_a6_a_record_that_somebody_took_the_key_from_is_adopted_by_its_owner_alone(
    site: Sandbox, dag: Nights, other: Nights
) -> None:
    dag.night(make_rows(1, 20))
    (taken,) = [str(record["id"]) for record in site.records() if record["code"] == "KOD.5"]
    site.edit(taken, integration_id="")
    rows = [*make_rows(1000, 10), {**make_rows(2000, 1)[0], "code": "KOD.5"}]
    night = other.night(rows, adopt=True)
    assert (night.figures, night.report.reasons) == (
        {"extracted": 11, "created": 10, "rejected": 1},
        {"integration_id: look_alike": 1},
    )
    night = dag.night(make_rows(1, 20), adopt=True, release=["vanished"])
    assert (night.is_green, night.figures) == (True, {"extracted": 20, "unchanged": 19, "updated": 1, "adopted": 1})
