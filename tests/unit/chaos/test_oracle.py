"""Records that are there twice, too often or not at all are found, and what is right is not."""

from __future__ import annotations

import pytest

from tests.unit.chaos.histories import DAY_S, NO, YES, Story, find_kinds

ROW = {"code": "K", "status": "1"}
ROWS = {"1": ROW}
COLUMN = {"integration_id": "1", **ROW}


def test_a_night_that_creates_a_row_once_is_right() -> None:
    story = Story().run(1, ROWS).call("create", 100, 1, **COLUMN).run(2, ROWS)
    assert not find_kinds(story)


def test_two_records_that_the_product_made_of_one_key_are_a_duplicate() -> None:
    story = Story().run(1, ROWS).call("create", 100, 1, fault="drop after", http=0, **COLUMN)
    assert find_kinds(story.call("create", 200, 2, **COLUMN)) == {"duplicate": 1, "false_green": 1}


def test_a_duplicate_is_found_however_the_site_stores_the_key() -> None:
    story = Story().run(1, {"00001": ROW}, is_green=False)
    for record_id, at in ((1, 100), (2, 200)):
        column = {**COLUMN, "integration_id": "00001"}
        stored = {**column, "integration_id": "1"}
        story.call("create", at, record_id, stored=stored, http=0, fault="drop after", **column)
    assert find_kinds(story, find_forms=lambda field, text: {text.lstrip("0")})["duplicate"] == 1
    assert find_kinds(story)["duplicate"] == 1


@pytest.mark.parametrize("first", ["100", "10"])
def test_two_keys_that_a_site_cuts_to_one_are_no_duplicate(first: str) -> None:
    story = Story().run(1, {first: ROW, "101": ROW})
    for record_id, key in ((1, first), (2, "101")):
        column = {**COLUMN, "integration_id": key}
        story.call("create", 100, record_id, stored={**column, "integration_id": "10"}, **column)
    assert "duplicate" not in find_kinds(story, find_forms=lambda _field, text: {text[:2]})


def test_one_call_that_makes_two_records_is_the_sites_doing() -> None:
    story = Story().run(1, ROWS, is_green=False).call("create", 100, 1, **COLUMN)
    story.effects.append(type(story.effects[0])(time=100, call="create", id=2, by="1", fields=COLUMN))
    assert not find_kinds(story)


def test_a_record_made_anew_after_the_first_was_deleted_is_no_duplicate() -> None:
    story = Story().run(1, ROWS).call("create", 100, 1, **COLUMN).person("delete", DAY_S - 100, 1)
    story.run(2, ROWS, released=frozenset({"vanished"})).call("create", DAY_S + 100, 2, **COLUMN)
    assert not find_kinds(story)


def test_a_create_beside_a_record_that_was_listed_is_a_twin() -> None:
    story = Story().seed(1, "1", **ROW).run(1, ROWS, is_green=False).call("create", 100, 2, **COLUMN)
    assert find_kinds(story) == {"twin": 1}
    assert not find_kinds(story, hidden=frozenset({1}))


def test_a_twin_of_what_a_person_gave_up_as_gone_is_that_person_s() -> None:
    story = Story().seed(1, "1", **ROW).run(1, ROWS, is_green=False, released=frozenset({"vanished"}))
    assert not find_kinds(story.call("create", 100, 2, **COLUMN))


@pytest.mark.parametrize("fault", ["", "slow before"])
def test_a_create_that_was_answered_with_a_no_may_be_sent_again_as_often_as_that(fault: str) -> None:
    story = Story().run(1, ROWS)
    for moment in (100, 110, 120, 130):
        story.call("create", moment, fault=fault, answer='{"status":false,"message":"Oturum bulunamadi"}', **COLUMN)
    story.call("create", 140, 1, **COLUMN)
    assert not find_kinds(story)


@pytest.mark.parametrize(("made_at", "kinds"), [(10, {"twin": 1}), (50, {})])
def test_a_person_who_makes_the_record_after_the_look_is_not_seen(made_at: float, kinds: dict[str, int]) -> None:
    story = Story().run(1, ROWS, is_green=False).person("create", made_at, 1, **COLUMN)
    assert find_kinds(story.call("create", 100, 2, **COLUMN)) == kinds


@pytest.mark.parametrize(("edited_at", "kinds"), [(10, {"twin": 1}), (50, {})])
def test_a_person_who_gives_a_record_the_key_after_the_look_is_not_seen(
    edited_at: float, kinds: dict[str, int]
) -> None:
    story = Story().seed(1, "", **ROW).run(1, ROWS, is_green=False).person("update", edited_at, 1, integration_id="1")
    assert find_kinds(story.call("create", 100, 2, **COLUMN)) == kinds


def test_an_update_beside_a_twin_makes_no_second_one() -> None:
    story = Story().seed(1, "1", code="X", status="1").seed(2, "1", **ROW).run(1, ROWS)
    assert not find_kinds(story.call("update", 100, 1, **COLUMN))


def test_the_bare_mode_creates_again_as_told() -> None:
    story = Story()
    for number in (1, 2):
        story.run(number, ROWS, sync_mode="create").call("create", (number - 1) * DAY_S + 100, number, **COLUMN)
    assert not find_kinds(story)


def test_a_create_after_a_confirmed_one_is_found_though_the_first_made_nothing() -> None:
    story = Story().run(1, ROWS, is_green=False).call("create", 100, **COLUMN).run(2, ROWS)
    story.call("create", DAY_S + 100, 1, **COLUMN)
    assert find_kinds(story) == {"created_again": 1}


@pytest.mark.parametrize("changes", [{"kills": [99.0]}, {"kills": [110.0]}, {"ledger_lost": [50.0]}])
def test_a_kill_or_a_loss_at_another_time_excuses_nothing(changes: dict[str, list[float]]) -> None:
    story = Story().run(1, ROWS, is_green=False).call("create", 100, **COLUMN).run(2, ROWS)
    assert find_kinds(story.call("create", DAY_S + 100, 1, **COLUMN), **changes) == {"created_again": 1}


@pytest.mark.parametrize("changes", [{"kills": [103.0]}, {"ledger_lost": [200.0]}])
def test_a_create_after_a_confirmed_one_is_right_when_that_could_not_be_known(changes: dict[str, list[float]]) -> None:
    story = Story().run(1, ROWS, is_green=False).call("create", 100, **COLUMN).run(2, ROWS)
    story.call("create", DAY_S + 100, 1, **COLUMN)
    assert not find_kinds(story, **changes)


def test_a_create_that_was_refused_may_be_sent_again() -> None:
    story = Story().run(1, ROWS, refused=frozenset({"1"}))
    for at in (100, 110, 120):
        story.call("create", at, http=404, answer=NO, **COLUMN)
    assert not find_kinds(story.run(2, ROWS).call("create", DAY_S + 100, 1, **COLUMN))


@pytest.mark.parametrize(("sends", "kinds"), [(2, {}), (3, {"too_many_creates": 1}), (5, {"too_many_creates": 1})])
def test_a_lost_create_is_sent_at_most_twice_in_a_run(sends: int, kinds: dict[str, int]) -> None:
    story = Story().run(1, ROWS, is_green=False)
    for number in range(sends):
        story.call("create", 100 + 70 * number, 1, http=504, **COLUMN)
        story.person("delete", 150 + 70 * number, 1)
    assert find_kinds(story) == kinds


@pytest.mark.parametrize(
    ("http", "answer", "fault", "is_lost"),
    [
        (500, "", "", True),
        (0, YES, "drop before", True),
        (200, YES, "truncated after", True),
        (200, NO, "", False),
        (200, NO, "status_false before", False),
        (404, NO, "", False),
        (429, "", "", False),
        (503, "", "", False),
        (401, NO, "", False),
    ],
)
def test_a_create_without_effect_counts_as_lost_when_its_answer_does_not_tell(
    http: int, answer: str, fault: str, is_lost: bool
) -> None:
    story = Story().run(1, ROWS, is_green=False)
    for at in (100, 170, 240):
        story.call("create", at, http=http, answer=answer, fault=fault, **COLUMN)
    assert find_kinds(story) == ({"too_many_creates": 1} if is_lost else {})


def test_lost_creates_of_two_runs_at_once_are_nobodys() -> None:
    story = Story().run(1, ROWS, is_green=False).run(1, ROWS, is_green=False, source="other")
    for number in range(4):
        story.call("create", 10 + 70 * number, 1, http=504, **COLUMN).person("delete", 50 + 70 * number, 1)
    assert not find_kinds(story)


def test_a_lost_create_may_be_sent_again_in_the_next_run() -> None:
    story = Story()
    for number in (1, 2, 3):
        story.run(number, ROWS, is_green=False)
        story.call("create", (number - 1) * DAY_S + 100, number, http=0, fault="drop after", **COLUMN)
        story.person("delete", (number - 1) * DAY_S + 200, number)
    assert not find_kinds(story)


def test_a_row_without_a_record_since_the_last_green_run_is_lost() -> None:
    story = Story().seed(1, "1", **ROW).run(1, ROWS).run(2, ROWS, is_green=False)
    story.call("delete", DAY_S + 100, 1)
    assert find_kinds(story)["lost"] == 1


def test_a_row_is_not_lost_when_a_person_took_its_record_or_its_key_away() -> None:
    taken = Story().seed(1, "1", **ROW).run(1, ROWS).person("delete", 1000, 1)
    renamed = Story().seed(1, "1", **ROW).run(1, ROWS).person("update", 1000, 1, integration_id="9")
    assert not find_kinds(taken)
    assert not find_kinds(renamed)


@pytest.mark.parametrize(("hidden", "kinds"), [({1}, {}), (set(), {"lost": 1, "false_green": 1})])
def test_a_key_that_a_person_changed_before_lists_showed_the_record_looks_like_the_site_s_doing(
    hidden: set[int], kinds: dict[str, int]
) -> None:
    story = Story().run(1, ROWS, is_green=False).call("create", 100, 1, **COLUMN)
    story.person("update", DAY_S - 1000, 1, integration_id="9").run(2, ROWS)
    assert find_kinds(story, hidden=frozenset(hidden)) == kinds


def test_a_row_is_not_lost_when_it_left_the_erp_or_was_refused() -> None:
    assert not find_kinds(Story().run(1, ROWS, refused=frozenset({"1"})))
    assert not find_kinds(Story().run(1, ROWS, rejected=frozenset({"1"})))
    rows = {**ROWS, "2": ROW}
    gone = Story().seed(1, "1", **ROW).seed(2, "2", **ROW).run(1, rows)
    gone.run(2, {"2": ROW}, on_missing="delete", missing_runs=1, is_green=False).call("delete", DAY_S + 100, 1)
    assert not find_kinds(gone)


@pytest.mark.parametrize(("rows", "kinds"), [({"100": ROW}, {"twin": 1}), ({"100": ROW, "101": ROW}, {})])
def test_a_persons_record_with_a_key_that_several_rows_are_cut_to_is_nobodys(
    rows: dict[str, dict[str, str]], kinds: dict[str, int]
) -> None:
    story = Story().person("create", -50, 9, **{**COLUMN, "integration_id": "10"}).run(1, rows, is_green=False)
    column = {**COLUMN, "integration_id": "100"}
    story.call("create", 100, 1, stored={**column, "integration_id": "10"}, **column)
    assert find_kinds(story, find_forms=lambda _field, text: {text[:2]}) == kinds


@pytest.mark.parametrize(("released", "kinds"), [(frozenset({"vanished"}), {}), (frozenset(), {"created_again": 1})])
def test_a_record_that_a_person_gave_up_in_a_run_without_its_row_may_be_made_again(
    released: frozenset[str], kinds: dict[str, int]
) -> None:
    story = Story().run(1, ROWS).call("create", 100, 1, **COLUMN).person("delete", 1000, 1)
    story.run(2, {}, released=released).run(3, ROWS).call("create", 2 * DAY_S + 100, 2, **COLUMN)
    assert find_kinds(story) == kinds
