from __future__ import annotations

from email.utils import formatdate

import pytest

from oduyo_provider.core.record import SPECIAL_CODE
from oduyo_provider.sync.check.stored import (
    find_lost,
    find_time_zone,
    find_words,
    judge_create,
    judge_digits,
    judge_lengths,
    judge_steps,
    judge_texts,
)
from tests.unit.sync.check.seen import lose, see

YES = {"status": True, "data": '"Erp Special Code successfully added id <8>"'}
NOON_UTC = 1_699_963_200.0


def test_the_words_of_a_no_are_shown_and_a_bare_one_has_none() -> None:
    assert find_words(see({"status": False, "message": "Kayıt yok"}, 404)) == "It says: Kayıt yok"
    assert find_words(see({"status": False}, 404)) == ""
    assert find_words(lose()) == ""


@pytest.mark.parametrize(
    ("named", "listed", "reading"),
    [
        ("8", ["8"], "names_id"),
        (None, ["8"], "no_id"),
        ("7", ["8"], "wrong_id"),
        ("8", ["8", "9"], "two_records"),
        ("8", [], "not_listed"),
    ],
)
def test_a_create_is_judged_by_what_is_listed(named: str | None, listed: list[str], reading: str) -> None:
    found = judge_create(see(YES, call="create"), named, [{"id": one} for one in listed], 60.0)
    assert found.reading == reading


def test_a_create_without_an_answer_is_lost_whatever_is_listed() -> None:
    assert judge_create(lose(), None, [{"id": "8"}], 60.0).reading == "lost"


@pytest.mark.parametrize(
    ("ids", "reading", "steps"),
    [(["8", "9", "10"], "ascending", "1"), (["8", "15"], "ascending", "7"), (["9", "10", "4"], "descending", "-6")],
)
def test_the_steps_between_new_ids_are_told(ids: list[str], reading: str, steps: str) -> None:
    found = judge_steps(ids)
    assert (found.reading, found.details["steps"]) == (reading, steps)


def test_one_id_tells_nothing_of_steps() -> None:
    assert judge_steps(["8"]).reading == "unknown"


@pytest.mark.parametrize(
    ("stamp", "offset"),
    [
        ("2023-11-14 15:00:04", "+3"),
        ("2023-11-14 12:00:00", "+0"),
        ("2023-11-14 17:30:00", "+5.5"),
        ("2023-11-14 07:00:00", "-5"),
        ("2023-11-13 09:00:00", None),
        ("14.11.2023", None),
        ("", None),
    ],
)
def test_the_time_zone_is_that_of_the_stamp(stamp: str, offset: str | None) -> None:
    seen = see(YES, call="create", date=formatdate(NOON_UTC, usegmt=True))
    found = find_time_zone(seen, {"id": "8", "created_in": stamp, "updated_in": None})
    assert found.details.get("offset") == offset


def test_without_a_time_of_the_site_no_time_zone_is_told() -> None:
    assert find_time_zone(see(YES), {"id": "8", "created_in": "2023-11-14 15:00:04"}).reading == "unknown"
    assert find_time_zone(lose(), {"id": "8", "created_in": "2023-11-14 15:00:04"}).reading == "unknown"


def test_texts_that_are_stored_otherwise_are_shown_and_the_others_named() -> None:
    sent = {"letters": ("description", "ğü"), "ampersand": ("space1", "A & B"), "blanks": ("space2", "A  B")}
    found = judge_texts(sent, {"id": "8", "description": "gu", "space1": "A & B", "space2": None})
    assert [(one.reading, one.details) for one in found] == [
        ("letters_altered", {"what": "Turkish letters", "sent": "'ğü'", "stored": "'gu'"}),
        ("blanks_altered", {"what": "double blanks within a text", "sent": "'A  B'", "stored": "''"}),
        ("kept", {"names": "the sign &"}),
    ]
    assert [one.reading for one in judge_texts({"letters": ("description", "ğ")}, {"id": "8"})] == ["letters_altered"]


def test_a_key_of_digits_that_is_kept_says_nothing() -> None:
    assert judge_digits("017", {"id": "8", "integration_id": "017"}) == []
    assert [one.reading for one in judge_digits("017", {"id": "8", "integration_id": "17"})] == ["digits_altered"]


def test_fields_that_are_cut_are_named_with_their_length() -> None:
    sent = {"code": "x" * 255, "space1": "x" * 255}
    found = judge_lengths(sent, {"id": "8", "code": "x" * 20, "space1": "x" * 255})
    assert (found.reading, found.details) == ("cut", {"names": "code after 20"})
    assert judge_lengths(sent, {"id": "8", **sent}).details == {"length": "255"}


def test_a_field_that_was_left_out_and_is_another_is_lost() -> None:
    before = {"id": "8", "code": "A", "typecode": "26", "space1": "", "updated_in": "2023-01-01 00:00:00", "note": "n"}
    after = {"id": "8", "code": "B", "typecode": "", "space1": None, "updated_in": "2023-01-02 00:00:00", "note": ""}
    assert sorted(find_lost(before, after, {"code": "B"}, SPECIAL_CODE)) == ["note", "typecode"]
