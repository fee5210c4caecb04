"""Writes that no row asked for, of an older plan, over what a person did, or of what is not the source's, are found."""

from __future__ import annotations

import pytest

from tests.unit.chaos.histories import DAY_S, Story, find_kinds

OLD = {"code": "OLD", "status": "1"}
NEW = {"code": "NEW", "status": "1"}


def begin(**fields: str) -> Story:
    """A record as the old row wants it, and a run that found it so."""
    return Story().seed(1, "1", **OLD, **fields).run(1, {"1": OLD})


def test_an_update_to_the_newest_row_is_right() -> None:
    story = begin().run(2, {"1": NEW}).call("update", DAY_S + 100, 1, integration_id="1", **NEW)
    assert not find_kinds(story)


def test_a_value_of_an_older_plan_after_a_newer_one_was_applied_is_found() -> None:
    story = begin().run(2, {"1": NEW}).call("update", DAY_S + 100, 1, **NEW)
    story.call("update", DAY_S + 1000, 1, **OLD)
    late = Story()
    late.runs, late.effects, late.sent = [story.runs[0], story.runs[1]], story.effects, story.sent
    kinds = find_kinds(late.run(3, {"1": NEW}, at=DAY_S + 900, is_green=False))
    assert kinds == {"older": 1}


def test_a_suspended_run_that_goes_on_after_the_newer_one_is_found() -> None:
    story = Story().seed(1, "1", code="FIRST", status="1")
    story.run(1, {"1": OLD}, ended_at=2000.0, loaded_at=0.0, is_applied=False, is_green=False)
    story.run(2, {"1": NEW}, at=500).call("update", 600, 1, **NEW)
    assert find_kinds(story.call("update", 1500, 1, **OLD)) == {"older": 1}


def test_a_value_that_the_newest_plan_wants_again_is_not_older() -> None:
    story = begin().run(2, {"1": NEW}).call("update", DAY_S + 100, 1, **NEW)
    story.run(3, {"1": OLD}).call("update", 2 * DAY_S + 100, 1, **OLD)
    assert not find_kinds(story)


def test_a_newer_plan_that_was_not_applied_outdates_nothing() -> None:
    story = Story().seed(1, "1", code="FIRST", status="1").run(1, {"1": OLD}, ended_at=2000.0, is_green=False)
    story.run(2, {"1": NEW}, at=500, is_applied=False, is_green=False)
    assert not find_kinds(story.call("update", 1500, 1, **OLD))


def test_a_value_of_an_older_plan_that_no_run_under_way_wants_is_found() -> None:
    story = Story().seed(1, "1", code="FIRST", status="1").run(1, {"1": OLD}, is_green=False, is_applied=False)
    story.run(2, {"1": NEW}, is_green=False)
    assert find_kinds(story.call("update", DAY_S + 100, 1, **OLD)) == {"older": 1}


def test_a_value_that_only_a_later_run_wants_is_wiped() -> None:
    story = begin().run(2, {"1": OLD}, is_green=False).run(3, {"1": NEW})
    assert find_kinds(story.call("update", DAY_S + 100, 1, **NEW)) == {"wiped": 1}


def test_a_newer_plan_of_another_source_outdates_nothing() -> None:
    story = begin().run(9, {"2": NEW}, at=500, source="other", is_green=False)
    story.run(2, {"1": NEW}).call("update", DAY_S + 100, 1, **NEW)
    assert not find_kinds(story)


@pytest.mark.parametrize("field", ["note", "space1"])
def test_a_persons_field_that_no_row_asks_to_change_is_wiped(field: str) -> None:
    story = begin(**{field: ""}).run(2, {"1": NEW}).person("update", 1000, 1, **{field: "elle"})
    assert find_kinds(story.call("update", DAY_S + 100, 1, **NEW, **{field: ""})) == {"wiped": 1}


def test_a_persons_field_is_wiped_by_a_site_that_loses_what_is_not_sent() -> None:
    story = begin(note="").run(2, {"1": NEW}).person("update", 1000, 1, note="elle")
    lost = {**NEW, "note": None}
    story.call("update", DAY_S + 100, 1, stored=lost, **NEW)
    assert find_kinds(story) == {"wiped": 1}
    assert not find_kinds(story.call("update", DAY_S + 101, 1, **NEW, note="elle"))
    other = begin(note="").run(2, {"1": NEW}).person("update", 1000, 1, note="elle")
    other.call("update", DAY_S + 100, 1, stored=lost, **NEW).call("update", DAY_S + 101, 1, **NEW, note="")
    assert find_kinds(other) == {"wiped": 1}


@pytest.mark.parametrize(("edited_at", "kinds"), [(39, {"wiped": 1}), (41, {})])
def test_what_a_person_writes_after_the_look_may_be_lost(edited_at: float, kinds: dict[str, int]) -> None:
    story = begin(note="").run(2, {"1": NEW}).person("update", DAY_S + edited_at, 1, note="elle")
    assert find_kinds(story.call("update", DAY_S + 100, 1, **NEW, note="")) == kinds


def test_a_list_that_lags_makes_the_look_older() -> None:
    story = begin(note="").run(2, {"1": NEW}).person("update", DAY_S + 20, 1, note="elle")
    story.call("update", DAY_S + 100, 1, **NEW, note="")
    assert find_kinds(story) == {"wiped": 1}
    assert not find_kinds(story, lag_s=30)


def test_a_row_of_a_dry_run_asks_for_nothing() -> None:
    story = begin(note="").run(2, {"1": NEW}).run(3, {"1": {**NEW, "note": "x"}}, at=DAY_S, is_dry=True)
    assert find_kinds(story.call("update", DAY_S + 100, 1, **NEW, note="x")) == {"wiped": 1}


def test_what_the_site_puts_into_a_field_that_was_not_sent_is_wiped() -> None:
    story = begin(note="").run(2, {"1": NEW})
    assert find_kinds(story.call("update", DAY_S + 100, 1, stored={**NEW, "note": "site"}, **NEW)) == {"wiped": 1}


def test_a_status_that_no_row_asks_for_is_wiped() -> None:
    story = Story().seed(1, "1", code="K", status="0").run(1, {"1": {"code": "N"}})
    assert find_kinds(story.call("update", 100, 1, code="N", status="1")) == {"wiped": 1}
    again = Story().seed(1, "1", code="K", status="0").run(1, {"1": {"code": "N"}})
    assert not find_kinds(again.call("update", 100, 1, code="N", status="0"))


def test_stamps_are_the_sites_own() -> None:
    story = begin(updated_in="2024").run(2, {"1": NEW})
    assert not find_kinds(story.call("update", DAY_S + 100, 1, stored={**NEW, "updated_in": "2025"}, **NEW))


def test_a_null_is_an_empty_text() -> None:
    story = begin().person("update", -100, 1, note=None).run(2, {"1": NEW})
    assert not find_kinds(story.call("update", DAY_S + 100, 1, **NEW, note=""))


def test_what_the_site_makes_of_a_value_that_was_sent_back_is_not_wiped() -> None:
    story = begin(note="A&amp;B").run(2, {"1": NEW})
    story.call("update", DAY_S + 100, 1, stored={**NEW, "note": "A&amp;amp;B"}, **NEW, note="A&amp;B")
    assert not find_kinds(story)


@pytest.mark.parametrize(("edited_at", "kinds"), [(10, {}), (30, {"stale": 1}), (45, {})])
def test_a_field_of_the_row_that_a_person_changed_since_the_plan_is_not_written_over(
    edited_at: float, kinds: dict[str, int]
) -> None:
    story = begin().run(2, {"1": NEW}).person("update", DAY_S + edited_at, 1, code="ELLE")
    assert find_kinds(story.call("update", DAY_S + 100, 1, **NEW)) == kinds


def test_a_record_that_was_not_there_when_the_plan_was_made_is_not_written_over() -> None:
    story = Story().run(1, {"1": NEW}).person("create", 25, 1, integration_id="1", **OLD)
    assert find_kinds(story.call("update", 100, 1, **NEW)) == {"stale": 1}


def test_a_record_that_the_run_made_itself_may_be_mended_by_it() -> None:
    column = {"integration_id": "1", **NEW}
    story = Story().run(1, {"1": NEW}).call("create", 100, 1, stored={**column, "code": "NE"}, **column)
    assert not find_kinds(story.call("update", 200, 1, **NEW))
    earlier = Story().run(1, {"1": OLD}).call("create", 100, 1, integration_id="1", **OLD)
    earlier.run(2, {"1": NEW}).person("update", DAY_S + 30, 1, code="ELLE")
    assert find_kinds(earlier.call("update", DAY_S + 100, 1, **NEW)) == {"stale": 1}


def test_a_record_without_a_key_gets_one_though_the_site_ignores_it() -> None:
    story = Story().seed(1, "", **OLD).run(1, {"1": NEW}, is_green=False)
    assert not find_kinds(story.call("update", 100, 1, stored=NEW, integration_id="1", **NEW))


def test_a_persons_change_of_the_day_before_is_mended() -> None:
    story = begin().person("update", 1000, 1, code="ELLE").run(2, {"1": OLD}).call("update", DAY_S + 100, 1, **OLD)
    assert not find_kinds(story)


def test_a_write_of_a_key_that_no_run_has_is_unasked() -> None:
    assert find_kinds(begin().run(2, {"1": OLD}).call("update", DAY_S + 100, 1, integration_id="7", code="X")) == {
        "unasked": 1,
        "false_green": 1,
        "lost": 1,
    }
    assert find_kinds(begin().run(2, {"1": OLD}).call("create", DAY_S + 100, 2, integration_id="7")) == {"unasked": 1}


def test_a_write_after_the_run_has_ended_is_unasked() -> None:
    assert find_kinds(begin().call("update", 500, 1, **OLD, note="x")) == {"unasked": 1}


def test_a_record_made_with_a_value_that_no_row_has_is_invented() -> None:
    story = Story().run(1, {"1": NEW}).call("create", 100, 1, integration_id="1", **NEW, space1="x")
    assert find_kinds(story) == {"invented": 1}
    passive = Story().run(1, {"1": {"code": "N"}}).call("create", 100, 1, integration_id="1", code="N", status="0")
    assert find_kinds(passive) == {"invented": 1}


def test_a_record_may_be_made_with_empty_fields() -> None:
    story = Story().run(1, {"1": NEW}).call("create", 100, 1, integration_id="1", **NEW, space1="")
    assert not find_kinds(story)
