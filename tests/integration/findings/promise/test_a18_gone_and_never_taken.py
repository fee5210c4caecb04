"""A18: a record that is gone already is to be deleted; a row at which the server always fails."""

from __future__ import annotations

from collections.abc import Callable
from fnmatch import fnmatch

import pytest

from sandbox.oduyo.server import Sandbox
from tests.integration.findings.promise.nights import Nights, Row

COUNT = 30
WANTS: dict[str, object] = {"on_missing": "delete", "missing_runs": 1}


def make_rows(count: int = COUNT, text: str = "x") -> list[Row]:
    return [
        {"integration_id": number, "code": f"KOD.{number}", "description": text, "status": "1"}
        for number in range(1, count + 1)
    ]


def find_id(site: Sandbox, key: int) -> str:
    return next(str(record["id"]) for record in site.records() if record["integration_id"] == str(key))


@pytest.mark.parametrize("old_s", [0.0, 3600.0], ids=["plan just made", "plan an hour old"])
@pytest.mark.parametrize("habit", ["gone_says=No record found for this ID", "gone_says=", "gone_is_yes"])
def test_a18_a_record_that_a_person_deleted_already_counts_as_deleted(
    site: Sandbox, dag: Nights, habit: str, old_s: float
) -> None:
    assert dag.night(make_rows()).is_green
    site.set_habits(habit)
    gone = find_id(site, COUNT)

    def delete(_: int) -> None:
        dag.wait(old_s)
        site.delete(gone)

    night = dag.night(make_rows(COUNT - 2), before_load=delete, **WANTS)
    assert night.is_green, night.why
    assert night.figures == {"extracted": COUNT - 2, "unchanged": COUNT - 2, "missing": 2, "deleted": 2}
    assert len(night.errors) == 0
    assert dag.night(make_rows(COUNT - 2), **WANTS).figures == {"extracted": COUNT - 2, "unchanged": COUNT - 2}


def test_a18_the_only_record_to_be_deleted_may_be_gone_already(site: Sandbox, dag: Nights) -> None:
    assert dag.night(make_rows()).is_green
    gone = find_id(site, COUNT)
    night = dag.night(make_rows(COUNT - 1), before_load=lambda _: site.delete(gone), **WANTS)
    assert night.is_green, night.why
    assert night.report.deleted == 1


def test_a18_many_that_a_page_leaves_out_right_before_are_deleted_and_not_only_said_to_be(
    site: Sandbox, dag: Nights
) -> None:
    assert dag.night(make_rows(100)).is_green

    def hide(_: int) -> None:
        dag.wait(3600)
        site.set_habits({"habit": "hide", "ids": [find_id(site, key) for key in range(80, 100)], "where": "pages"})

    night = dag.night(make_rows(75), before_load=hide, **WANTS, release=["retired", "retired_pair"])
    assert night.report.deleted == 25
    assert len(site.records()) == 75


def test_a18_one_that_no_look_shows_counts_as_deleted_and_is_so_once_it_is_listed_again(
    site: Sandbox, dag: Nights
) -> None:
    assert dag.night(make_rows()).is_green

    def hide(_: int) -> None:
        dag.wait(3600)
        site.set_habits({"habit": "hide", "ids": [find_id(site, COUNT)]})

    night = dag.night(make_rows(COUNT - 2), before_load=hide, **WANTS)
    assert night.is_green, night.why
    assert night.report.deleted == 2
    night = dag.night(make_rows(COUNT - 2), **WANTS)
    assert night.is_green, night.why
    assert night.report.vanished == 0
    site.set_habits()
    night = dag.night(make_rows(COUNT - 2), **WANTS)
    assert night.is_green, night.why
    assert night.report.deleted == 1
    assert len(site.records()) == COUNT - 2


@pytest.mark.parametrize("call", ["create", "update", "delete"])
@pytest.mark.parametrize("key", [1, 15, COUNT], ids=["the first", "one in the middle", "the last"])
def test_a18_a_row_at_which_the_server_always_fails_is_refused_remembered_and_not_red_for_ever(
    site: Sandbox, dag: Nights, call: str, key: int
) -> None:
    rows: list[Row] = make_rows()
    if call != "create":
        assert dag.night(rows).is_green
        # Two more are to be deleted, so that others succeed.
        kept = [row for row in rows if row["integration_id"] not in (key, 7, 8)]
        rows = make_rows(text="y") if call == "update" else kept
    site.set_habits({"habit": "row_fails", "call": call, "keys": str(key)})
    wants = {**WANTS, "release": ["updates"]}
    first = dag.night(rows, **wants)
    assert first.is_green, first.why
    figure = "missing_refused" if call == "delete" else "refused"
    assert getattr(first.report, figure) == 1
    since = site.counts()["requests"]
    for _ in range(2):
        night = dag.night(rows, **wants)
        assert night.is_green, night.why
        assert getattr(night.report, figure) == 1
    assert site.writes(since=since) == []
    site.set_habits()
    assert dag.night(rows, resend_refused=True, **wants).is_green
    assert getattr(dag.night(rows, **wants).report, figure) == 0


@pytest.mark.parametrize(("call", "keys"), [("create", "1*"), ("update", "[1-4]")])
def test_a18_several_such_rows_at_the_beginning_of_a_plan_do_not_keep_the_others_out(
    site: Sandbox, dag: Nights, call: str, keys: str
) -> None:
    rows: list[Row] = make_rows()
    if call == "update":
        assert dag.night(rows).is_green
        rows = make_rows(text="y")
    site.set_habits({"habit": "row_fails", "call": call, "keys": keys})
    failing = sum(fnmatch(str(row["integration_id"]), keys) for row in rows)
    report = dag.night(rows, **WANTS, release=["updates"]).report
    assert (report.refused, report.created + report.updated) == (failing, len(rows) - failing)


def test_a18_new_rows_at_which_the_server_always_fails_do_not_keep_the_changes_of_others_out(
    site: Sandbox, dag: Nights
) -> None:
    assert dag.night(make_rows()).is_green
    site.set_habits({"habit": "row_fails", "call": "create"})
    failing: list[Row] = [{"integration_id": key, "code": f"YENI.{key}"} for key in range(901, 905)]
    nights = [dag.night([*make_rows(text="y"), *failing], release=["updates"]) for _ in range(3)]
    assert nights[0].report.updated == COUNT
    assert nights[-1].report.unchanged == COUNT


@pytest.mark.parametrize("call", ["create", "update"])
def test_a18_a_row_whose_every_change_is_done_and_answered_with_500_is_done(
    site: Sandbox, dag: Nights, call: str
) -> None:
    if call == "update":
        assert dag.night(make_rows()).is_green
    site.set_habits({"habit": "row_fails", "call": call, "keys": "15", "where": "after"})
    night = dag.night(make_rows(text="y"), release=["updates"])
    assert night.is_green, night.why
    assert night.report.writes == COUNT
    assert dag.night(make_rows(text="y")).figures == {"extracted": COUNT, "unchanged": COUNT}
    assert len(site.records()) == COUNT


def test_a18_a_server_that_fails_at_everything_is_red_and_nothing_of_it_is_remembered(
    site: Sandbox, dag: Nights
) -> None:
    site.set_habits("row_fails=*")
    for _ in range(2):
        night = dag.night(make_rows())
        assert not night.is_green
        assert night.report.refused == 0
    site.set_habits()
    assert dag.night(make_rows()).is_green
    assert len(site.records()) == COUNT


@pytest.mark.parametrize(
    "settle",
    [
        lambda site: site.edit(find_id(site, 5), integration_id="zz"),
        lambda site: (site.delete(find_id(site, 5)), site.set_habits({"habit": "refuse", "keys": "5"})),
    ],
    ids=["its record looks like the row's", "the row is refused"],
)
def test_a18_a_vanished_record_is_released_once_also_where_it_is_not_made_anew(
    site: Sandbox, dag: Nights, settle: Callable[[Sandbox], object]
) -> None:
    assert dag.night(make_rows()).is_green
    settle(site)
    assert dag.night(make_rows()).report.vanished == 1
    assert dag.night(make_rows(), release=["vanished"]).is_green
    for _ in range(2):
        night = dag.night(make_rows())
        assert night.is_green, night.why
        assert night.report.known_rejected + night.report.known_refused == 1


def test_a18_a_vanished_record_that_was_released_is_its_row_s_where_it_is_listed_again(
    site: Sandbox, dag: Nights
) -> None:
    assert dag.night(make_rows()).is_green
    gone = find_id(site, 5)
    site.edit(gone, integration_id="zz")
    dag.night(make_rows(), release=["vanished"])
    site.edit(gone, integration_id="5")
    night = dag.night(make_rows(text="y"), release=["updates"])
    assert night.is_green, night.why
    assert night.figures == {"extracted": COUNT, "updated": COUNT}
