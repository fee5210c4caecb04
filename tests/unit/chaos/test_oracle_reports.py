"""Runs that say success and are not in step, and reports that are not true, are found."""

from __future__ import annotations

from typing import Literal

import msgspec
import pytest

from tests.chaos.oracle_reports import RED, SUMS
from tests.unit.chaos.histories import DAY_S, Story, find_kinds

ROW = {"code": "K", "status": "1"}
ROWS = {"1": ROW}
COLUMN = {"integration_id": "1", **ROW}


def test_a_green_run_without_a_record_of_a_row_is_false() -> None:
    assert find_kinds(Story().run(1, ROWS))["false_green"] == 1
    assert not find_kinds(Story().run(1, ROWS, is_green=False))


def test_a_green_run_with_another_value_is_false() -> None:
    story = Story().seed(1, "1", code="X", status="1").run(1, ROWS)
    assert find_kinds(story) == {"false_green": 1}
    assert not find_kinds(story, find_forms=lambda field, text: {"X"} if field == "code" else ())


def test_an_update_without_effect_makes_a_green_run_false() -> None:
    story = Story().seed(1, "1", code="X", status="1").run(1, ROWS)
    assert find_kinds(story.call("update", 100, **COLUMN)) == {"false_green": 1}


@pytest.mark.parametrize("how", ["refused", "rejected"])
def test_a_row_that_is_accounted_for_need_not_be_in_step(how: str) -> None:
    assert not find_kinds(Story().run(1, ROWS, **{how: frozenset({"1"})}))


@pytest.mark.parametrize(("edited_at", "kinds"), [(-1, {"false_green": 1}), (1, {}), (350, {})])
def test_a_change_of_a_person_after_the_listing_is_not_the_runs(edited_at: float, kinds: dict[str, int]) -> None:
    story = Story().seed(1, "1", **ROW).run(1, ROWS)
    assert find_kinds(story.person("update", edited_at, 1, code="ELLE")) == kinds


def test_a_record_that_a_person_deletes_after_the_listing_is_not_the_runs() -> None:
    assert not find_kinds(Story().seed(1, "1", **ROW).run(1, ROWS).person("delete", 290, 1))
    before = Story().seed(1, "1", **ROW).run(1, ROWS).person("delete", -1, 1)
    assert find_kinds(before) == {"false_green": 1, "lost": 1}


@pytest.mark.parametrize("call", ["update", "delete"])
@pytest.mark.parametrize(
    ("source", "snapshot_at", "kinds"),
    [("other", 0, 0), ("other", 1200, 1), ("dag", 0, 1)],
    ids=["another source's", "listed later", "its own"],
)
def test_what_another_source_writes_between_a_listing_and_its_cleared_load_is_not_the_runs(
    call: Literal["update", "delete"], source: str, snapshot_at: float, kinds: int
) -> None:
    story = Story().seed(1, "1", **ROW).run(1, ROWS, is_green=False)
    story.run(2, {"1": {**ROW, "code": "X"}}, at=600, source=source, is_green=False)
    story.call(call, 700, 1, **({**COLUMN, "code": "X"} if call == "update" else {}))
    story.run(1, ROWS, at=5000, snapshot_at=snapshot_at)
    assert find_kinds(story)["false_green"] == kinds


@pytest.mark.parametrize(("sent", "kinds"), [("X", 0), ("K", 1)])
def test_whose_a_call_was_that_came_beside_an_earlier_try_tells_what_was_sent(sent: str, kinds: int) -> None:
    story = Story().seed(1, "1", **ROW).run(1, ROWS, is_green=False, ended_at=900)
    story.run(2, {"1": {**ROW, "code": "X"}}, at=600, source="other", is_green=False)
    story.call("update", 700, 1, stored={"code": "X"}, **{**COLUMN, "code": sent})
    assert find_kinds(story.run(1, ROWS, at=5000, snapshot_at=0))["false_green"] == kinds


def test_a_record_that_the_run_deletes_itself_is_its_own_doing() -> None:
    story = Story().seed(1, "1", **ROW).run(1, ROWS).call("delete", 290, 1)
    assert find_kinds(story)["false_green"] == 1


def test_a_key_that_the_site_stores_otherwise_is_in_step() -> None:
    rows = {"00001": {"integration_id": "00001", **ROW}}
    forms = {"find_forms": lambda field, text: {text.lstrip("0")} if field == "integration_id" else ()}
    found = Story().seed(1, "1", **ROW).run(1, rows)
    assert not find_kinds(found, **forms)
    assert find_kinds(found)["false_green"] == 1
    column = rows["00001"]
    made = Story().run(1, rows).call("create", 100, 1, stored={**column, "integration_id": "1"}, **column)
    assert not find_kinds(made, **forms)


def test_a_key_is_the_same_with_blanks_with_a_decimal_and_in_capitals() -> None:
    guid = "0a1b2c3d-0000-4000-8000-0000000000ff"
    for row, stored in (("7", " 7 "), ("7", "7.0"), (guid, guid.upper())):
        assert not find_kinds(Story().seed(1, stored, **ROW).run(1, {row: ROW})), stored
    assert find_kinds(Story().seed(1, "AB", **ROW).run(1, {"ab": ROW}))["false_green"] == 1


@pytest.mark.parametrize(
    "change", [{"source": "other"}, {"is_applied": False, "report": {"existing": 2}}, {"is_dry": True}], ids=str
)
def test_twins_are_not_known_by_a_run_that_could_not_note_them(change: dict[str, object]) -> None:
    story = Story().seed(1, "1", **ROW).run(1, ROWS).person("create", 1000, 2, **COLUMN)
    story.run(2, ROWS, **{"is_green": False, **change}).run(3, ROWS)
    assert find_kinds(story) == {"false_green": 1}


def test_twins_that_a_killed_run_listed_are_known_and_later_ones_are_not() -> None:
    def tell(made_at: float) -> Story:
        story = Story().seed(1, "1", **ROW).run(1, ROWS).person("create", made_at, 2, **COLUMN)
        return story.run(2, ROWS, is_green=False, is_applied=False).run(3, ROWS)

    assert not find_kinds(tell(DAY_S - 10))
    assert find_kinds(tell(DAY_S + 30)) == {"false_green": 1}


def test_twins_that_a_run_without_a_report_could_read_back_are_known_and_later_ones_are_not() -> None:
    def tell(made_at: float, **report: int) -> Story:
        story = Story().seed(1, "1", **ROW).run(1, ROWS).person("create", made_at, 2, **COLUMN)
        return story.run(2, ROWS, is_green=False, report=report).run(3, ROWS)

    assert not find_kinds(tell(DAY_S + 290))
    assert find_kinds(tell(DAY_S + 310)) == {"false_green": 1}
    assert not find_kinds(tell(DAY_S + 310, existing=2))


def test_on_a_first_applied_run_twins_are_known_also_after_one_that_was_killed() -> None:
    story = Story().seed(1, "1", **ROW).run(1, ROWS, is_green=False, is_applied=False)
    assert not find_kinds(story.person("create", 1000, 2, **COLUMN).run(2, ROWS))


def test_a_key_that_a_person_changes_right_after_a_write_leaves_the_record_the_rows_own() -> None:
    def tell(edited_at: float, value: str) -> Story:
        story = Story().seed(1, "1", code="X", status="1").seed(2, "1", code="X", status="1").run(1, ROWS)
        story.call("update", 100, 1, **{**COLUMN, "code": value})
        return story.person("update", edited_at, 1, integration_id="ELLE").run(2, ROWS)

    assert not find_kinds(tell(101, "K"))
    assert not find_kinds(tell(300, "K")), "read back at the end of the load"
    assert find_kinds(tell(500, "K"))["false_green"] == 1
    assert find_kinds(tell(101, "Y"))["false_green"] == 1


@pytest.mark.parametrize(("edited_at", "kinds"), [(101, {}), (300, {}), (500, {"false_green": 1})])
def test_a_value_that_a_person_writes_right_after_an_ignored_call_looks_like_what_the_site_made_of_it(
    edited_at: float, kinds: dict[str, int]
) -> None:
    story = Story().seed(1, "1", **{**ROW, "code": "X"}).run(1, ROWS, is_green=False)
    story.call("update", 100, 0, **{**COLUMN, "id": "1"})
    assert find_kinds(story.person("update", edited_at, 1, code="ELLE").run(2, ROWS)) == kinds


@pytest.mark.parametrize(("field", "kinds"), [("special_updated_in", {}), ("code", {"false_green": 1})])
def test_a_date_that_oduyo_said_yes_to_is_its_own_to_set(field: str, kinds: dict[str, int]) -> None:
    row = {**ROW, "special_updated_in": "2024-06-13 10:00:00"}
    story = Story().seed(1, "1", **{**row, field: "2024-05-01 10:00:00"}).run(1, {"1": row})
    assert find_kinds(story)["false_green"] == 1
    story.call("update", 100, 0, integration_id="1", **row)
    story.sent[-1] = msgspec.structs.replace(story.sent[-1], column={**story.sent[-1].column, "id": "1"})
    assert find_kinds(story) == kinds


def test_a_second_record_that_a_person_makes_with_the_key_as_it_is_kept_is_nobodys() -> None:
    def tell(key: str) -> Story:
        column = {**COLUMN, "integration_id": "AB"}
        story = Story().run(1, {"AB": ROW}).call("create", 100, 1, stored={**column, "integration_id": "ab"}, **column)
        return story.person("create", 1000, 2, **{**COLUMN, "integration_id": key}).run(2, {"AB": ROW})

    forms = {"find_forms": lambda field, text: {text.lower()} if field == "integration_id" else ()}
    assert not find_kinds(tell("ab"), **forms)
    assert find_kinds(tell("AB"), **forms) == {"false_green": 1}


def test_new_twins_make_a_green_run_false_and_known_ones_do_not() -> None:
    story = Story().seed(1, "1", **ROW).run(1, ROWS).person("create", 1000, 2, **COLUMN)
    assert find_kinds(story.run(2, ROWS)) == {"false_green": 1}
    assert find_kinds(story.run(3, ROWS)) == {"false_green": 1}
    assert not find_kinds(Story().seed(1, "1", **ROW).seed(2, "1", **ROW).run(1, ROWS))


def test_a_twin_that_the_run_makes_itself_makes_it_false() -> None:
    story = Story().run(1, ROWS).call("create", 250, 1, http=0, fault="drop after", **COLUMN)
    assert find_kinds(story.call("create", 290, 2, **COLUMN))["false_green"] == 1


@pytest.mark.parametrize(("at", "kinds"), [(390, {}), (100, {"false_green": 1})])
def test_a_second_record_of_one_call_may_show_too_late(at: int, kinds: dict[str, int]) -> None:
    story = Story().run(1, ROWS).call("create", at, 1, **COLUMN)
    story.effects.append(type(story.effects[0])(time=at, call="create", id=2, by="1", fields=COLUMN))
    assert find_kinds(story) == kinds


def test_of_known_twins_one_has_to_be_in_step() -> None:
    assert not find_kinds(Story().seed(1, "1", code="X", status="1").seed(2, "1", **ROW).run(1, ROWS))


@pytest.mark.parametrize("figure", RED)
def test_a_red_figure_makes_a_green_run_false(figure: str) -> None:
    whole = next((whole for whole, parts in SUMS.items() if figure in parts), "")
    report = {figure: 1, **({whole: 1} if whole else {})}
    assert find_kinds(Story().run(1, {}, report=report)) == {"false_green": 1}
    assert not find_kinds(Story().run(1, {}, report=report, is_green=False))


@pytest.mark.parametrize("whole", SUMS)
def test_a_report_that_does_not_add_up_is_found(whole: str) -> None:
    part = SUMS[whole][0]
    assert find_kinds(Story().run(1, {}, report={whole: 2, part: 1})) == {"sums": 1}
    assert not find_kinds(Story().run(1, {}, report={whole: 1, part: 1}))


def test_records_that_the_report_does_not_tell_of_are_found() -> None:
    story = Story().run(1, ROWS, report={"extracted": 1, "not_applied": 1}, is_green=False)
    assert find_kinds(story.call("create", 100, 1, **COLUMN)) == {"untold": 1}
    told = Story().run(1, ROWS, report={"extracted": 1, "doubtful": 1}, is_green=False)
    assert not find_kinds(told.call("create", 100, 1, **COLUMN))


def test_what_is_updated_is_not_made() -> None:
    story = Story().seed(1, "1", code="X", status="1")
    story.run(1, ROWS, report={"extracted": 1, "updated": 1})
    assert not find_kinds(story.call("update", 100, 1, **COLUMN))


def test_what_another_run_may_have_made_is_not_held_against_a_report() -> None:
    story = Story().run(1, ROWS, report={"extracted": 1, "not_applied": 1}, is_green=False)
    story.run(1, ROWS, source="other", at=50, is_green=False)
    assert "untold" not in find_kinds(story.call("create", 100, 1, **COLUMN))


def test_a_dry_run_that_writes_is_found() -> None:
    story = Story().seed(1, "1", code="X", status="1").run(1, ROWS, is_dry=True)
    assert find_kinds(story) == {}
    assert find_kinds(story.call("update", 100, 1, **COLUMN))["written_dry"] == 1
    beside = Story().seed(1, "1", code="X", status="1").run(1, ROWS, is_dry=True).run(1, ROWS, source="b")
    assert "written_dry" not in find_kinds(beside.call("update", 100, 1, **COLUMN))


def test_a_row_in_step_stays_in_step_over_nights() -> None:
    story = Story().run(1, ROWS).call("create", 100, 1, **COLUMN)
    for number in (2, 3, 4):
        story.run(number, {"1": {**ROW, "code": f"K{number}"}})
        story.call("update", (number - 1) * DAY_S + 100, 1, integration_id="1", code=f"K{number}", status="1")
    assert not find_kinds(story)
