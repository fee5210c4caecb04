"""A12: a second record with the key of another appears."""

from __future__ import annotations

import pytest

from sandbox.oduyo.server import Sandbox
from tests.integration.findings.promise.nights import Nights, Row

COUNT = 20


def make_rows(text: str = "x") -> list[Row]:
    return [{"integration_id": number, "code": f"KOD.{number}", "description": text} for number in range(1, COUNT + 1)]


def find_id(site: Sandbox, key: str) -> str:
    return min((str(record["id"]) for record in site.records() if record["integration_id"] == key), key=int)


def test_a12_new_twins_are_red_once_and_named_and_none_is_removed(
    site: Sandbox, dag: Nights, caplog: pytest.LogCaptureFixture
) -> None:
    assert dag.night(make_rows()).is_green
    first, twin = find_id(site, "5"), site.twin(find_id(site, "5"))
    site.twin(find_id(site, "7"))
    nights = [dag.night(make_rows()) for _ in range(3)]
    assert [night.is_green for night in nights] == [False, True, True]
    assert [night.report.new_duplicates for night in nights] == [2, 0, 0]
    assert [night.report.remote_duplicates for night in nights] == [2, 2, 2]
    assert "2 new duplicates" in nights[0].why
    assert f"5: Ödüyo {first} and {twin}" in caplog.text
    assert len(site.records()) == COUNT + 2
    assert site.counts()["delete"] == 0


def test_a12_one_of_the_twins_is_kept_in_step_always_the_same(site: Sandbox, dag: Nights) -> None:
    assert dag.night(make_rows()).is_green
    twin = site.twin(find_id(site, "5"))
    dag.night(make_rows())
    assert dag.night(make_rows("y"), release=["updates"]).is_green
    texts = {record["id"]: record["description"] for record in site.records() if record["integration_id"] == "5"}
    assert texts == {find_id(site, "5"): "y", twin: "x"}
    assert dag.night(make_rows("y")).figures == {"extracted": COUNT, "unchanged": COUNT, "remote_duplicates": 1}


def test_a12_another_twin_of_a_record_that_had_one_is_red_again(site: Sandbox, dag: Nights) -> None:
    assert dag.night(make_rows()).is_green
    for number in range(3):
        site.twin(find_id(site, "5"))
        night = dag.night(make_rows())
        assert not night.is_green
        assert (night.report.new_duplicates, night.report.remote_duplicates) == (1, number + 1)
        assert dag.night(make_rows()).is_green


def test_a12_twins_that_were_there_before_the_first_run_are_known(site: Sandbox, dag: Nights) -> None:
    site.seed([{"integration_id": "1", "code": "KOD.1", "description": "x"}] * 3)
    night = dag.night(make_rows())
    assert night.is_green, night.why
    assert night.report.remote_duplicates == 2
    assert dag.night(make_rows()).is_green


def test_a12_of_two_firms_records_with_one_key_the_rows_own_is_kept_in_step(site: Sandbox, dag: Nights) -> None:
    def make(key1: str, text: str) -> list[Row]:
        return [{**row, "key1": key1, "key2": "1"} for row in make_rows(text)]

    def find_texts() -> set[tuple[str | None, str | None]]:
        return {(record["key1"], record["description"]) for record in site.records()}

    for key1 in ("22", "21"):
        site.seed([{name: str(value) for name, value in row.items()} for row in make(key1, "x")])
    night = dag.night(make("21", "x"))
    assert night.is_green, night.why
    assert night.figures == {"extracted": COUNT, "unchanged": COUNT, "remote_duplicates": COUNT}
    night = dag.night(make("21", "y"), release=["updates"])
    assert night.is_green, night.why
    assert find_texts() == {("21", "y"), ("22", "x")}
    assert len(site.records()) == 2 * COUNT


@pytest.mark.parametrize("where", ["everywhere", "pages"])
def test_a12_a_listing_that_leaves_records_out_once_makes_no_twin(site: Sandbox, dag: Nights, where: str) -> None:
    assert dag.night(make_rows()).is_green
    site.set_habits({"habit": "hide", "times": 1, "count": COUNT, "where": where})
    nights = [dag.night(make_rows()) for _ in range(3)]
    assert site.habits()[0]["fired"] > 0
    assert [night.is_green for night in nights] == [True] * 3, nights[0].why
    assert len(site.records()) == COUNT


def test_a12_a_first_run_makes_one_twin_of_what_its_listing_left_out_and_stops_red(site: Sandbox, dag: Nights) -> None:
    site.seed([{"integration_id": str(number), "code": f"KOD.{number}"} for number in range(1, COUNT + 1)])
    site.set_habits({"habit": "hide", "times": 2, "count": 8, "where": "pages"})
    nights = [dag.night(make_rows(), release=["updates"]) for _ in range(3)]
    assert [night.is_green for night in nights] == [False, True, True], nights[1].why
    assert "is there more than once" in nights[0].why
    assert len(site.records()) == COUNT + 1
    assert [night.report.remote_duplicates for night in nights] == [1, 1, 1]


@pytest.mark.parametrize("names", ["first", "last"])
def test_a12_twins_that_a_create_makes_are_red_in_the_run_that_made_them_and_named(
    site: Sandbox, dag: Nights, caplog: pytest.LogCaptureFixture, names: str
) -> None:
    site.set_habits({"habit": "twice", "names": names, "keys": "[1-9]"})
    with caplog.at_level("INFO"):
        night = dag.night(make_rows())
    assert not night.is_green
    assert night.report.new_duplicates == 9
    twins = [str(record["id"]) for record in site.records() if record["integration_id"] == "5"]
    assert (
        f"create:5  is there more than once: Ödüyo {', '.join(twins if names == 'first' else twins[::-1])}"
        in caplog.text
    )
    assert dag.night(make_rows()).is_green
    assert len(site.records()) == COUNT + 9


def test_a12_a_site_that_makes_two_records_of_each_create_is_stopped_at_the_first(site: Sandbox, dag: Nights) -> None:
    site.set_habits("twice")
    night = dag.night(make_rows())
    assert not night.is_green
    assert "is there more than once: Ödüyo 1, 2" in night.why
    assert len(site.records()) == 2
    assert night.figures == {
        "extracted": COUNT,
        "created": 1,
        "not_applied": COUNT - 1,
        "remote_duplicates": 1,
        "new_duplicates": 1,
    }


@pytest.mark.parametrize("is_rejected_first", [False, True])
def test_a12_the_other_of_two_records_is_nobodys_once_ours_is_gone_and_no_row_matches_it(
    site: Sandbox, dag: Nights, is_rejected_first: bool
) -> None:
    assert dag.night(make_rows()).is_green
    ours = find_id(site, "5")
    theirs = site.twin(ours, code="THEIRS")
    dag.night(make_rows())
    site.delete(ours)
    left = [row for row in make_rows() if row["integration_id"] != 5]
    params = {"on_missing": "delete", "missing_runs": 1}
    if is_rejected_first:
        assert dag.night([*left, {"integration_id": 5, "code": ""}], **params).report.rejected == 1
    night = dag.night(left, **params)
    assert (night.is_green, night.figures) == (True, {"extracted": COUNT - 1, "unchanged": COUNT - 1})
    assert find_id(site, "5") == theirs
