"""A8: Ödüyo says yes, and does nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sandbox.oduyo.server import Sandbox
from tests.integration.findings.promise.nights import Nights, Row

NIGHTS = 3
COUNT = 20
#: Changes without effect after which no more of their kind are sent.
MOST = 3

Change = Callable[[list[Row]], list[Row]]


def make_rows() -> list[Row]:
    return [
        {"integration_id": number, "code": f"KOD.{number}", "description": "eski", "status": "1"}
        for number in range(1, COUNT + 1)
    ]


def update(rows: list[Row]) -> list[Row]:
    return [{**row, "description": "yeni", "space1": "dolu"} for row in rows]


def drop(rows: list[Row]) -> list[Row]:
    return rows[:-5]


def add(rows: list[Row]) -> list[Row]:
    return [*rows, *({"integration_id": 100 + n, "code": f"YENİ.{n}", "status": "1"} for n in range(5))]


@pytest.fixture
def old(dag: Nights) -> Nights:
    """A DAG whose records have been made."""
    assert dag.night(make_rows()).is_green
    return dag


def count_sent(site: Sandbox, work: Callable[[], object]) -> int:
    since = site.counts()["requests"]
    work()
    return len(site.writes(since=since))


@pytest.mark.parametrize(
    ("habit", "change", "params", "figure"),
    [
        ("ignore=update", update, {}, "failed"),
        ({"habit": "ignore", "call": "update", "fields": ["description"]}, update, {}, "failed"),
        ("ignore=delete", drop, {"on_missing": "delete"}, "missing_failed"),
        ("soft_delete", drop, {"on_missing": "delete"}, "missing_failed"),
        ("ignore=deactivate", drop, {"on_missing": "deactivate"}, "missing_failed"),
    ],
    ids=["update", "one field of an update", "delete", "soft delete", "deactivate"],
)
def test_a8_a_kind_of_change_without_effect_is_failed_stops_after_three_and_is_red_until_it_works(
    site: Sandbox, old: Nights, habit: object, change: Change, params: dict[str, object], figure: str
) -> None:
    wants = {"missing_runs": 1, "release": ["updates", "retired"], **params}
    site.set_habits(habit)
    for _ in range(NIGHTS):
        since = site.counts()["requests"]
        night = old.night(change(make_rows()), **wants)
        assert not night.is_green
        assert night.figures[figure] == MOST
        assert len(site.writes(since=since)) == MOST
        kind = "deletions" if params.get("on_missing") == "delete" else "changes of the kind"
        assert f"Ödüyo confirmed {MOST} {kind}" in night.why
    site.set_habits()
    night = old.night(change(make_rows()), **wants)
    assert night.is_green, night.why
    assert figure not in night.figures
    assert old.night(change(make_rows()), **wants).report.writes == 0


@pytest.mark.parametrize("keys", ["15", "[12]", "1?"], ids=["one", "the first two", "half of them"])
def test_a8_single_updates_without_effect_are_failed_and_red_until_they_work_and_the_others_are_done(
    site: Sandbox, old: Nights, keys: str
) -> None:
    site.set_habits({"habit": "ignore", "call": "update", "keys": keys})
    rows = update(make_rows())
    first = old.night(rows, release=["updates"])
    bad = [record["integration_id"] for record in site.records() if record["description"] == "eski"]
    assert not first.is_green
    assert first.figures == {"extracted": COUNT, "updated": COUNT - len(bad), "failed": len(bad)}
    second = old.night(rows)
    assert not second.is_green
    assert second.report.unchanged == COUNT - len(bad)
    assert second.report.failed == min(len(bad), MOST)
    site.set_habits()
    assert old.night(rows).is_green
    assert {record["description"] for record in site.records()} == {"yeni"}


def test_a8_the_tries_of_one_night_look_at_an_update_without_effect_again_and_do_not_send_it_again(
    site: Sandbox, old: Nights
) -> None:
    site.set_habits({"habit": "ignore", "call": "update", "keys": "15"})
    assert count_sent(site, lambda: old.night(update(make_rows()), release=["updates"])) == COUNT


def test_a8_an_update_that_shows_once_the_first_try_has_called_it_failed_is_done(site: Sandbox, old: Nights) -> None:
    site.set_habits({"habit": "ignore", "call": "update", "keys": "15"})
    record = next(record for record in site.records() if record["integration_id"] == "15")

    def show(number: int) -> None:
        if number == 2:
            site.edit(str(record["id"]), description="yeni", space1="dolu")

    night = old.night(update(make_rows()), before_load=show, release=["updates"])
    assert [str(error).partition(".")[0] for error in night.errors] == ["Not all changes were delivered: 1 failed"]
    assert night.is_green, night.why
    assert night.figures == {"extracted": COUNT, "updated": COUNT}


@pytest.mark.parametrize("keys", ["*", "102"])
def test_a8_a_create_that_makes_nothing_is_doubtful_and_red_and_made_only_when_a_person_says_so(
    site: Sandbox, old: Nights, keys: str
) -> None:
    site.set_habits({"habit": "ignore", "call": "create", "keys": keys})
    for _ in range(NIGHTS):
        assert not old.night(add(make_rows())).is_green
    site.set_habits()
    assert not old.night(add(make_rows())).is_green
    night = old.night(add(make_rows()), release=["vanished"])
    assert night.is_green, night.why
    assert old.codes() == sorted({f"KOD.{number}" for number in range(1, 21)} | {f"YENİ.{n}" for n in range(5)})


def lengthen(rows: list[Row]) -> list[Row]:
    return [{**row, "description": f"{row['description']} ve daha uzun"} for row in rows]


def replace_one(rows: list[Row]) -> list[Row]:
    return [{**rows[0], "description": "başka"}, *lengthen(rows[1:])]


@pytest.mark.parametrize("letter", ["", "n"], ids=["alike", "of several lengths"])
def test_a8_texts_that_are_only_made_longer_are_not_taken_for_cut_beside_one_that_is_ignored(
    site: Sandbox, dag: Nights, letter: str
) -> None:
    rows = [{**row, "description": f"metin {letter * number}"} for number, row in enumerate(make_rows())]
    assert dag.night(rows).is_green
    site.set_habits("ignore=update")
    for _ in range(2):
        night = dag.night(replace_one(rows), release=["updates"])
        assert not night.is_green
        assert f"{MOST} changes of the kind" in night.why
        assert (night.report.failed, night.report.not_applied, night.report.altered) == (MOST, COUNT - MOST, 0)
    site.set_habits()
    assert dag.night(replace_one(rows), release=["updates"]).report.updated == COUNT


def test_a8_texts_that_are_only_made_longer_are_not_taken_for_cut_at_several_lengths(
    site: Sandbox, dag: Nights
) -> None:
    rows = [{**row, "description": "n" * number} for number, row in enumerate(make_rows(), 1)]
    assert dag.night(rows).is_green
    site.set_habits("ignore=update")
    for _ in range(2):
        night = dag.night(lengthen(rows), release=["updates"])
        assert not night.is_green
        assert (night.report.failed, night.report.updated, night.report.altered) == (COUNT, 0, 0)
    site.set_habits()
    assert dag.night(lengthen(rows), release=["updates"]).report.updated == COUNT


def test_a8_a_site_that_cuts_texts_ignores_no_update_of_what_was_cut_already(site: Sandbox, dag: Nights) -> None:
    rows = [{**row, "description": "ş" * 10} for row in make_rows()]
    assert dag.night(rows).is_green
    site.set_habits({"habit": "cut", "field": "description", "length": 10})
    night = dag.night(lengthen(rows), release=["updates"])
    assert night.is_green, night.why
    assert night.figures == {"extracted": COUNT, "updated": COUNT, "altered": COUNT}
    assert dag.night(lengthen(rows)).report.writes == 0


def test_a8_letters_that_an_update_of_another_field_loses_are_accepted_where_that_was_released(
    site: Sandbox, dag: Nights
) -> None:
    def make(space1: str) -> list[Row]:
        return [{"integration_id": n, "code": f"K.{n}", "description": "Şube", "space1": space1} for n in range(1, 8)]

    assert dag.night(make("a")).is_green
    site.set_habits({"habit": "letters", "to": "ascii", "field": "description"})
    night = dag.night(make("b"), release=["updates", "letters"])
    assert night.is_green, night.why
    assert {record["description"] for record in site.records()} == {"Sube"}
    assert dag.night(make("b")).report.writes == 0
