"""Records that are retired too early, or that are another source's, are found."""

from __future__ import annotations

import pytest

from tests.unit.chaos.histories import DAY_S, Story, find_kinds

OLD = {"code": "OLD", "status": "1"}
NEW = {"code": "NEW", "status": "1"}
ROWS = {"1": {**OLD, "key1": "21", "key2": "1"}, "2": {**OLD, "key1": "21", "key2": "1"}}
PAIR = {"key1": "21", "key2": "1"}


def begin() -> Story:
    """A record as the old row wants it, and a run that found it so."""
    return Story().seed(1, "1", **OLD).run(1, {"1": OLD})


def miss(*, nights: int, **changes: object) -> Story:
    """Two rows, of which the second is missing for so many nights."""
    story = Story().seed(1, "1", **OLD, **PAIR).seed(2, "2", **OLD, **PAIR).run(1, ROWS, on_missing="delete")
    for number in range(2, 2 + nights):
        story.run(number, {"1": ROWS["1"]}, **{"on_missing": "delete", **changes})
    return story


def retire(story: Story, call: str, *, record_id: int = 2, later_s: float = 0.0) -> Story:
    at = story.runs[-1].started_at + 100 + later_s
    if call == "delete":
        return story.call("delete", at, record_id)
    return story.call("update", at, record_id, **{**OLD, **PAIR, "status": "0"})


@pytest.mark.parametrize("call", ["delete", "update"])
@pytest.mark.parametrize(("nights", "missing_runs", "kinds"), [(1, 2, {"retired": 1}), (2, 2, {}), (1, 1, {})])
def test_a_record_is_retired_when_it_was_missing_long_enough(
    call: str, nights: int, missing_runs: int, kinds: dict[str, int]
) -> None:
    assert find_kinds(retire(miss(nights=nights, missing_runs=missing_runs), call)) == kinds


def test_two_runs_within_twelve_hours_are_not_long_enough() -> None:
    story = retire(miss(nights=1).run(3, {"1": ROWS["1"]}, at=DAY_S + 3600, on_missing="delete"), "delete")
    assert find_kinds(story) == {"retired": 1}
    assert find_kinds(story, clocks_apart_s=10.0) == {"retired": 1}
    assert not find_kinds(story, clocks_apart_s=float("inf"))


@pytest.mark.parametrize("call", ["delete", "update"])
def test_a_record_that_the_erp_has_is_not_retired(call: str) -> None:
    kinds = find_kinds(retire(miss(nights=2), call, record_id=1))
    assert kinds["retired"] == 1


@pytest.mark.parametrize("change", [{"is_applied": False}, {"is_dry": True}], ids=str)
def test_a_night_that_was_not_applied_does_not_count(change: dict[str, bool]) -> None:
    story = miss(nights=1, is_green=False, **change).run(3, {"1": ROWS["1"]}, on_missing="delete")
    assert find_kinds(retire(story, "delete")) == {"retired": 1}


@pytest.mark.parametrize(("run_id", "kinds"), [("third", {}), ("second", {"retired": 1})])
def test_a_run_that_is_tried_again_is_missing_a_row_once(run_id: str, kinds: dict[str, int]) -> None:
    story = miss(nights=1, is_green=False, run_id="second")
    story.run(3, {"1": ROWS["1"]}, run_id=run_id, on_missing="delete")
    assert find_kinds(retire(story, "delete")) == kinds


@pytest.mark.parametrize(("record_id", "kinds"), [(0, {}), (2, {"retired": 1})], ids=["ignored", "took effect"])
def test_of_a_load_that_was_cut_off_only_what_took_effect_shows_that_the_row_was_there(
    record_id: int, kinds: dict[str, int]
) -> None:
    again = {"1": ROWS["1"], "2": {**ROWS["2"], "code": "NEW"}}
    story = miss(nights=1).run(3, again, is_green=False, is_applied=False, on_missing="delete")
    story.call("update", story.runs[-1].started_at + 100, record_id, **again["2"], **({} if record_id else {"id": "2"}))
    assert find_kinds(retire(story.run(4, {"1": ROWS["1"]}, on_missing="delete"), "delete")) == kinds


def test_a_record_that_is_passive_already_is_not_deleted_either_while_the_erp_has_it() -> None:
    story = Story().seed(1, "1", **{**OLD, "status": "0"}).run(1, {"1": {"code": "OLD"}}, on_missing="delete")
    assert find_kinds(retire(story, "delete", record_id=1))["retired"] == 1


def test_a_run_that_keeps_retires_nothing_though_the_nights_before_would_have() -> None:
    story = miss(nights=2).run(4, {"1": ROWS["1"]})
    assert find_kinds(retire(story, "delete")) == {"retired": 1}


def test_a_record_that_no_row_ever_matched_is_not_retired() -> None:
    story = Story().seed(1, "1", **OLD, **PAIR).run(1, ROWS, refused=frozenset({"2"}))
    story.person("create", 1000, 2, integration_id="2", **OLD, **PAIR)
    for number in (2, 3):
        story.run(number, {"1": ROWS["1"]}, on_missing="delete")
    assert find_kinds(retire(story, "delete")) == {"retired": 1}


def test_a_row_that_was_passive_once_may_be_retired_later() -> None:
    story = Story().seed(1, "1", **OLD, **PAIR).seed(2, "2", **OLD, **PAIR)
    story.run(1, {**ROWS, "2": {**ROWS["2"], "status": "0"}}, is_green=False)
    for number in (2, 3):
        story.run(number, {"1": ROWS["1"]}, on_missing="deactivate")
    assert not find_kinds(retire(story, "update"))


def test_a_retirement_leaves_a_persons_note_alone() -> None:
    story = miss(nights=2)
    start = story.runs[-1].started_at
    passive = {**OLD, **PAIR, "status": "0"}
    story.person("update", start + 30, 2, note="elle").call("update", start + 100, 2, **passive, note="elle")
    assert not find_kinds(story)
    wiping = miss(nights=2).person("update", start - 100, 2, note="elle")
    wiping.call("update", start + 100, 2, **passive, note="")
    assert find_kinds(wiping) == {"wiped": 1}


def test_a_row_that_is_rejected_is_there() -> None:
    story = miss(nights=2, rejected=frozenset({"2"}))
    assert find_kinds(retire(story, "delete")) == {"retired": 1}


def test_a_run_that_keeps_what_is_missing_retires_nothing() -> None:
    assert find_kinds(retire(miss(nights=2, on_missing="keep"), "update")) == {"retired": 1}


def test_a_record_that_no_run_of_the_source_ever_had_is_not_retired() -> None:
    story = miss(nights=2).seed(3, "3", **OLD, **PAIR)
    assert find_kinds(retire(story, "delete", record_id=3)) == {"retired": 1}


def test_a_record_of_a_pair_without_any_row_is_not_retired() -> None:
    story = Story().seed(1, "1", **OLD, **PAIR).seed(2, "2", **OLD, key1="22", key2="1")
    story.run(1, {**ROWS, "2": {**OLD, "key1": "22", "key2": "1"}})
    for number in (2, 3):
        story.run(number, {"1": ROWS["1"]}, on_missing="delete")
    assert find_kinds(retire(story, "delete")) == {"retired": 1}


def test_a_row_that_is_passive_in_the_erp_is_no_retirement() -> None:
    passive = {"1": {**OLD, "status": "0"}}
    story = begin().run(2, passive).call("update", DAY_S + 100, 1, **passive["1"])
    assert not find_kinds(story)


@pytest.mark.parametrize(("edited_s", "kinds"), [(10, {}), (30, {"stale": 1}), (70, {})])
def test_a_record_that_a_person_changed_since_the_plan_is_not_deleted(edited_s: float, kinds: dict[str, int]) -> None:
    story = miss(nights=2)
    story.person("update", story.runs[-1].started_at + edited_s, 2, note="elle")
    assert find_kinds(retire(story, "delete")) == kinds


@pytest.mark.parametrize(("renamed_s", "kinds"), [(70, {}), (30, {"retired": 1})])
def test_a_record_that_a_person_renames_after_the_look_is_retired_all_the_same(
    renamed_s: float, kinds: dict[str, int]
) -> None:
    story = miss(nights=2)
    story.person("update", story.runs[-1].started_at + renamed_s, 2, integration_id="ELLE")
    assert find_kinds(retire(story, "delete")) == kinds


def test_a_delete_that_only_makes_passive_is_judged_as_a_delete() -> None:
    story = miss(nights=2)
    story.call("delete", story.runs[-1].started_at + 100, 2, stored={"status": "0"})
    story.effects[-1] = type(story.effects[-1])(
        time=story.effects[-1].time, call="update", id=2, by=story.effects[-1].by, fields={"status": "0"}
    )
    assert not find_kinds(story)


def test_a_record_of_another_source_is_not_changed() -> None:
    story = begin().run(1, {"1": NEW}, source="other", at=1000, is_green=False)
    assert find_kinds(story.call("update", 1100, 1, **NEW)) == {"foreign": 1}


@pytest.mark.parametrize(("rejected", "kinds"), [(frozenset(), {}), (frozenset({"1"}), {"foreign": 1})])
def test_what_two_sources_want_at_once_is_owned_by_whoever_came_first(
    rejected: frozenset[str], kinds: dict[str, int]
) -> None:
    story = Story().seed(1, "1", **OLD).run(1, {"1": OLD}, is_green=False)
    story.run(1, {"1": NEW}, source="other", at=100, is_green=False, rejected=rejected)
    story.run(2, {"1": NEW}, source="other", at=DAY_S, is_green=False)
    assert find_kinds(story.call("update", DAY_S + 100, 1, **NEW)) == kinds


def test_a_record_belongs_to_the_source_that_made_it_at_once() -> None:
    story = (
        Story().run(1, {"1": OLD}, is_green=False, is_applied=False).call("create", 100, 1, integration_id="1", **OLD)
    )
    story.run(1, {"1": NEW}, source="other", at=1000, is_green=False)
    assert find_kinds(story.call("update", 1100, 1, **NEW)) == {"foreign": 1}
    assert not find_kinds(story, kills=[101.0]), "nobody knows that it was made"


@pytest.mark.parametrize("change", [{"is_applied": False}, {"is_dry": True}], ids=str)
def test_a_run_that_was_not_applied_owns_nothing(change: dict[str, bool]) -> None:
    story = Story().seed(1, "1", **OLD).run(1, {"1": OLD}, is_green=False, **change)
    story.run(1, {"1": NEW}, source="other", at=1000)
    assert not find_kinds(story.call("update", 1100, 1, **NEW))


def test_a_record_made_while_two_sources_ran_is_nobodys_until_one_matches_it() -> None:
    story = Story().run(1, {"1": OLD}, is_green=False, is_applied=False)
    story.run(1, {"1": OLD}, source="other", at=50, is_green=False, is_applied=False)
    story.call("create", 100, 1, integration_id="1", **OLD)
    for number, source in enumerate(("dag", "other")):
        at = 1000.0 + 1000 * number
        row = {"code": source, "status": "1"}
        story.run(2, {"1": row}, source=source, at=at, is_green=False, is_applied=False).call(
            "update", at + 100, 1, **row
        )
    assert not find_kinds(story)


def test_a_record_of_another_source_moves_when_that_is_released() -> None:
    story = begin().run(1, {"1": NEW}, source="other", at=1000, released=frozenset({"other_source"}))
    story.call("update", 1100, 1, **NEW).run(2, {"1": OLD}, source="other", at=DAY_S)
    assert not find_kinds(story.call("update", DAY_S + 100, 1, **OLD))


@pytest.mark.parametrize("released", [frozenset({"key_altered"}), frozenset()], ids=["released", "not released"])
@pytest.mark.parametrize("edited_after_s", [5, 3600])
def test_a_new_record_s_other_key_may_be_released_as_the_site_s_and_is_then_the_row_s(
    edited_after_s: float, released: frozenset[str]
) -> None:
    column = {"integration_id": "2", **ROWS["2"]}
    story = Story().run(1, ROWS, on_missing="delete").call("create", 100, 2, **column)
    story.person("update", 100 + edited_after_s, 2, integration_id="ELLE")
    for number in (2, 3):
        story.run(number, {"1": ROWS["1"]}, on_missing="delete", missing_runs=1, released=released)
    is_meant = bool(released) and edited_after_s == 5
    assert find_kinds(retire(story, "delete"))["retired"] == (not is_meant)
