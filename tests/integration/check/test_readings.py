"""Each reading of the documentation, and each habit of a site, is recognised by the check, and nothing else is found."""

from __future__ import annotations

from typing import Any

import pytest

from oduyo_provider.core.errors import LoginRefusedError, LostAnswerError, NotThisApiError
from oduyo_provider.sync.runtime.clock import Clock
from sandbox.oduyo.server import Sandbox
from tests.integration.check.checker import Checker, Readings, read, sleep_briefly

#: What a check of the friendliest site finds.
FRIENDLY: Readings = {
    "login": ("found",),
    "wrong_password": ("not_asked",),
    "second_login": ("stays",),
    "dead_session": ("documented",),
    "session_life": ("lasts",),
    "cookies": ("none",),
    "wire": ("plain",),
    "clock": ("same",),
    "may_list": ("yes",),
    "list_shape": ("documented",),
    "empty_list": ("documented",),
    "page_limit": ("too_few",),
    "id_sort": ("number",),
    "id_filter": ("number",),
    "visible_order": ("not_asked",),
    "filter_id": ("exact",),
    "filter_key": ("exact",),
    "offset": ("skip",),
    "in_filter": ("both",),
    "pace": ("not_seen",),
}
WITH_RECORD: Readings = {
    **FRIENDLY,
    "create": ("names_id",),
    "shown_after": ("at_once",),
    "id_steps": ("ascending",),
    "stored_texts": ("kept",),
    "lengths": ("kept",),
    "stamps": ("kept",),
    "empty_date": ("refused",),
    "time_zone": ("offset",),
    "update": ("works",),
    "partial_update": ("kept",),
    "unchanged_update": ("yes",),
    "delete": ("removes",),
    "gone": ("no",),
    "second_create": ("second_record",),
    "test_records": ("removed",),
}
#: How fast the site is depends on this machine.
TIMED = ("at_once", "speed")
#: Where not all records can be listed, no test record is made.
NO_RECORD: Readings = dict.fromkeys(WITH_RECORD.keys() - FRIENDLY.keys(), ()) | {"create": ("not_asked",)}
#: Where no list call is answered with a record.
NO_LIST: Readings = dict.fromkeys(
    (
        *("list_shape", "empty_list", "page_limit", "id_sort", "id_filter", "filter_id", "filter_key", "offset"),
        "in_filter",
    ),
    (),
)

#: By reading → what else is found than at the friendliest site.
READ_ONLY: dict[str, tuple[dict[str, Any], Readings]] = {
    "login under session_id": ({"login_shape": "session_id"}, {}),
    "login under SESSION_ID": ({"login_shape": "SESSION_ID"}, {}),
    "login under data": ({"login_shape": "data"}, {}),
    "login under data, in a list": ({"login_shape": "data_list"}, {}),
    "login under token": ({"login_shape": "token"}, {}),
    "one session": ({"single_session": True}, {"second_login": ("ends",)}),
    "dead session 403": ({"session_dead_answer": 403}, {}),
    "dead session 200": ({"session_dead_answer": 200}, {}),
    "list cap": ({"list_cap": 5}, {"page_limit": ("capped",)}),
    "empty list 404": ({"empty_list": 404}, {"empty_list": ("bare_no",)}),
    "ids as text": ({"id_compare": "text"}, {"id_sort": ("text",), "id_filter": ("text",)}),
    "filter as text": ({"filter_compare": "text"}, {"id_filter": ("text", "differs")}),
    "sorting as text": ({"sort_compare": "text"}, {"id_sort": ("text",), "id_filter": ("number", "differs")}),
    "loose texts": ({"text_compare": "loose"}, {"filter_key": ("loose",)}),
    "offset is an id": ({"offset_meaning": "start_id"}, {"offset": ("start_id",)}),
    "nulls": ({"null_style": "null"}, {"list_shape": ("nulls",)}),
}
WITH_WRITE: dict[str, tuple[dict[str, Any], Readings]] = {
    "absent fields are wiped": ({"update_keeps_absent": False}, {"partial_update": ("lost",)}),
    "no is 200": ({"error_style": 200}, {}),
    "texts are cut": ({"silently_cut": {"description": 50}}, {"lengths": ("cut",)}),
    "own stamps": ({"stamps": "always"}, {"stamps": ("own",)}),
    "empty dates": ({"accepts_empty_datetime": True}, {"empty_date": ("taken",)}),
    "steps of ids": ({"id_step": 7}, {}),
    "short bodies": ({"max_body_bytes": 1500}, {"lengths": ("too_large",)}),
}

#: By habit → the same.
HABITS: dict[str, tuple[Any, Readings]] = {
    "b2 a dead session in own words": ("dead_session=Token süresi doldu", {"dead_session": ("own_words",)}),
    "b2 a dead session in a web page": (
        {"habit": "dead_session", "status": 403, "message": ""},
        {},
    ),
    "sessions die after calls": ("session_calls=10", {"session_life": ("ended",)}),
    "b3 a firewall against <": ("firewall=<", {"id_filter": ("blocked",)}),
    "b4 a PHP notice": ("notice", {"wire": ("text_around",)}),
    "b5 a rate limit without Retry-After": ({"habit": "pace", "per_s": 50, "burst": 1}, {"pace": ("limited",)}),
    "b6 long pages fail": ("page_fails=7", {"page_limit": ("fails",)}),
    "b7 byte order marks": ("bom=2", {"wire": ("byte_order_marks",)}),
    "b7 one record as an object": ("one_as_object", {"list_shape": ("object",)}),
    "b7 data is false": ("empty_as=data_false", {"empty_list": ("nothing",)}),
    "b7 data is an object": ("empty_as=data_object", {"empty_list": ("nothing",)}),
    "b7 data is null": ("empty_as=data_null", {"empty_list": ("nothing",)}),
    "b7 no data": ("empty_as=data_absent", {"empty_list": ("nothing",)}),
    "b7 a bare array": ("empty_as=empty_array", {"empty_list": ("nothing",)}),
    "b7 a bare object": ("empty_as=empty_object", {"empty_list": ("nothing",)}),
    "b7 a bare false": ("empty_as=bare_false", {"empty_list": ("nothing",)}),
    "b7 a bare null": ("empty_as=bare_null", {"empty_list": ("nothing",)}),
    "b7 no body": ("empty_as=no_body_404", {"empty_list": ("nothing",)}),
    "b7 words": ("empty_as=words", {"empty_list": ("words",)}),
    "b7 words and 404": ("empty_as=words_404", {"empty_list": ("words",)}),
    "b7 a bare no": ("empty_as=status_false", {"empty_list": ("bare_no",)}),
    "numbers": ("numbers", {"list_shape": ("numbers",)}),
    "zero dates": ("zero_dates", {"list_shape": ("zero_dates",)}),
    "fields left out": ("nulls_left_out", {"list_shape": ("left_out",)}),
    "more fields": ("more_fields=2", {"list_shape": ("more_fields",)}),
    "b8 a charset": ("charset=windows-1254", {"wire": ("charset",)}),
    "b9 a long header": ("long_header=9000", {"wire": ("long_header",)}),
    "b10 a cookie": ("cookie", {"cookies": ("needed",)}),
    "b10 two nodes": ("nodes=2", {"cookies": ("needed",)}),
    "b11 a clock ahead": ("clock_off=300", {"clock": ("off",)}),
    "b11 a clock behind": ("clock_off=-300", {"clock": ("off",)}),
    "filters ignored": (
        "filter_ignored",
        {
            "empty_list": ("unknown",),
            "id_filter": ("ignored",),
            "filter_id": ("more",),
            "filter_key": ("ignored",),
            "in_filter": ("none",),
        },
    ),
    "filter on keys ignored": ("filter_ignored=integration_id", {"filter_key": ("ignored",)}),
    "keys are not found": ("filter_blind", {"filter_key": ("blind",)}),
    "ids are not found": ({"habit": "filter_blind", "field": "id"}, {"filter_id": ("blind",)}),
    "order ignored": ("sorting_ignored", {"id_sort": ("none",)}),
}
WRITE_HABITS: dict[str, tuple[Any, Readings]] = {
    "keys are cut": ("cut=30", {"stored_texts": ("key_altered", "kept")}),
    "all texts are cut": (
        {"habit": "cut", "field": "*", "length": 100},
        {"lengths": ("cut",)},
    ),
    "keys are padded": ("pad=40", {"stored_texts": ("key_altered", "kept", "digits_altered")}),
    "keys are numbers": ("number", {"stored_texts": ("kept", "digits_altered")}),
    "keys are numbers of 32 bits": ("number=int32", {"stored_texts": ("kept", "digits_altered")}),
    "keys are fractions": ("number=float", {"stored_texts": ("kept", "digits_altered")}),
    "keys are capitals": ("case=upper", {"stored_texts": ("key_altered", "kept")}),
    "html": (
        {"habit": "escape", "field": "*"},
        {"stored_texts": ("quotes_altered", "ampersand_altered", "tags_altered", "key_altered", "kept")},
    ),
    "slashes": (
        {"habit": "escape", "field": "*", "how": "slashes"},
        {"stored_texts": ("quotes_altered", "key_altered", "kept")},
    ),
    "no tags": ({"habit": "escape", "field": "*", "how": "tags"}, {"stored_texts": ("tags_altered", "kept")}),
    "no blanks at the ends": ({"habit": "trim", "field": "*"}, {"stored_texts": ("ends_altered", "kept")}),
    "other letters": (
        {"habit": "letters", "field": "*"},
        {"stored_texts": ("letters_altered", "key_altered", "kept")},
    ),
    "b3 a firewall against tags": ("firewall=<b>", {"stored_texts": ("tags_blocked", "kept")}),
    "b3 a firewall with 406": (
        {"habit": "firewall", "text": "O'BRIEN", "status": 406},
        {"stored_texts": ("quotes_blocked", "kept")},
    ),
    "some texts are refused": (
        {"habit": "refuse", "text": "A & B"},
        {"stored_texts": ("ampersand_refused", "kept")},
    ),
    "keys with signs are not found": ("filter_blind='", {"filter_key": ("exact", "blind_to_signs")}),
    "no id is named": ("create_text", {"create": ("no_id",)}),
    "another id is named": ("wrong_id", {"create": ("wrong_id",)}),
    "same again is no": ("unchanged_is_no", {"unchanged_update": ("no",)}),
    "gone in words": ("gone_says", {}),
    "gone is yes": ("gone_is_yes", {"gone": ("yes",)}),
    "keys are unique": ("unique", {"second_create": ("refused",)}),
    "a second create updates": ("unique=update", {"second_create": ("updates",)}),
}
#: Where the trial ends early: habit → what is found of the questions that need a record.
ENDS: dict[str, tuple[Any, Readings]] = {
    "creates refused": ("refuse", {"create": ("refused",), "test_records": ("none",)}),
    "creates blocked": (
        {"habit": "firewall", "text": "HK1"},
        {"create": ("blocked",), "test_records": ("none",)},
    ),
    "creates without effect": ("ignore=create", {"create": ("not_listed",), "test_records": ("unseen",)}),
    "creates answered with 500": ("row_fails", {"create": ("lost",), "test_records": ("none",)}),
    "two records at once": (
        "twice",
        {
            "create": ("two_records",),
            "shown_after": ("at_once",),
            "time_zone": ("offset",),
            "test_records": ("removed",),
        },
    ),
}


def expect(expected: Readings, base: Readings) -> Readings:
    """The findings that differ laid over those of the friendliest site; an empty one stands for a question that is not asked."""
    return {name: readings for name, readings in {**base, **expected}.items() if readings}


def find(checker: Checker, *, write: bool = False) -> Readings:
    found = read(checker.check(write=write))
    assert checker.error is None
    return {name: readings for name, readings in found.items() if name not in TIMED}


@pytest.mark.parametrize("name", ["friendly", *READ_ONLY])
def test_a_reading_is_recognised(site: Sandbox, checker: Checker, name: str) -> None:
    changes, expected = READ_ONLY.get(name, ({}, {}))
    site.set_readings(**changes)
    assert find(checker) == expect(expected, FRIENDLY)


@pytest.mark.parametrize("name", ["friendly", *WITH_WRITE])
def test_a_reading_is_recognised_by_a_test_record(site: Sandbox, checker: Checker, name: str) -> None:
    changes, expected = WITH_WRITE.get(name, ({}, {}))
    site.set_readings(**changes)
    before = site.records()
    assert find(checker, write=True) == expect(expected, WITH_RECORD)
    assert site.records() == before


@pytest.mark.parametrize("name", HABITS)
def test_a_habit_is_recognised(site: Sandbox, checker: Checker, name: str) -> None:
    habit, expected = HABITS[name]
    site.set_habits(habit)
    assert find(checker) == expect(expected, FRIENDLY)


@pytest.mark.parametrize("name", WRITE_HABITS)
def test_a_habit_is_recognised_by_a_test_record(site: Sandbox, checker: Checker, name: str) -> None:
    habit, expected = WRITE_HABITS[name]
    before = site.records()
    site.set_habits(habit)
    assert find(checker, write=True) == expect(expected, WITH_RECORD)
    assert site.records() == before


@pytest.mark.parametrize("name", ENDS)
def test_a_habit_that_ends_the_trial_is_recognised(site: Sandbox, checker: Checker, name: str) -> None:
    habit, expected = ENDS[name]
    before = site.records()
    site.set_habits(habit)
    assert find(checker, write=True) == {**FRIENDLY, **expected}
    assert site.records() == before


@pytest.mark.parametrize("name", ["filters ignored", "order ignored", "b3 a firewall against <"])
def test_no_record_is_made_where_it_could_not_be_found_again(site: Sandbox, checker: Checker, name: str) -> None:
    habit, expected = HABITS[name]
    site.set_habits(habit)
    assert find(checker, write=True) == expect({**NO_RECORD, **expected}, FRIENDLY)
    assert site.writes() == []


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ("words", {"may_list": ("no",), "second_login": ("unknown",)}),
        ("words_404", {"may_list": ("no",), "second_login": ("unknown",)}),
        ("status_false_404", {"may_list": ("bare_no",), "empty_list": ("bare_no",), "second_login": ("unknown",)}),
        ("no_body_404", {"may_list": ("bare_no",), "empty_list": ("nothing",)}),
        ("html_404", {"may_list": ("no_answer",), "second_login": ("unknown",)}),
        ("data_array", {"may_list": ("empty",), "empty_list": ("documented",)}),
    ],
)
def test_a_user_who_may_not_list_is_told(site: Sandbox, checker: Checker, shape: str, expected: Readings) -> None:
    site.set_habits(f"no_list={shape}")
    assert find(checker, write=shape != "data_array") == expect(
        {**NO_LIST, **expected, **({} if shape == "data_array" else {"create": ("not_asked",)})}, FRIENDLY
    )
    assert site.writes() == []


def test_letters_that_cannot_be_read_are_told(site: Sandbox, checker: Checker) -> None:
    site.set_habits({"habit": "charset", "named": False})
    assert find(checker) == expect({**NO_LIST, "wire": ("not_utf8",), "may_list": ("no_answer",)}, FRIENDLY)


@pytest.mark.parametrize("status", [401, 403, 200])
def test_b14_a_refused_login_is_told_with_its_words(site: Sandbox, checker: Checker, status: int) -> None:
    site.set_readings(login_refusal=status)
    checker.use(password="yanlış")
    check = checker.check()
    assert read(check) == {"login": ("refused",), "wrong_password": ("seen",)}
    assert isinstance(checker.error, LoginRefusedError)
    assert f"HTTP {status}" in check.answers[0].answer
    assert site.counts()["login"] == 1


@pytest.mark.parametrize(
    ("status", "reading", "error"),
    [(423, "refused", LoginRefusedError), (500, "no_answer", LostAnswerError), (429, "no_answer", LostAnswerError)],
)
def test_b14_a_login_that_fails_is_told_with_its_words(
    site: Sandbox, checker: Checker, status: int, reading: str, error: type[Exception]
) -> None:
    site.set_habits({"habit": "login_fails", "status": status})
    check = checker.check()
    assert read(check)["login"] == (reading,)
    assert isinstance(checker.error, error)
    assert "Hesabınız kilitlendi" in check.answers[0].answer


def test_a_session_in_an_unusual_place_is_pointed_to(site: Sandbox, checker: Checker) -> None:
    site.set_readings(login_shape="oturum.anahtar")
    (point,) = checker.check().answers
    assert (point.name, point.readings) == ("login", ("not_found",))
    assert isinstance(checker.error, NotThisApiError)
    assert "oturum.anahtar" in point.setting
    checker.use(session_id_path="oturum.anahtar")
    assert find(checker) == FRIENDLY


@pytest.mark.parametrize("how", ["both", "doubled", "trailing"])
def test_b16_answers_that_are_framed_wrongly_are_told(site: Sandbox, checker: Checker, how: str) -> None:
    site.set_habits({"habit": "framing", "how": how})
    (point,) = checker.check().answers
    assert (point.name, point.readings) == ("login", ("no_answer",))
    assert "breaks the rules of HTTP" in point.answer


def test_b12_a_proxy_that_is_not_there_is_told(checker: Checker) -> None:
    checker.use(proxy="http://127.0.0.1:1")
    (point,) = checker.check().answers
    assert "The proxy 127.0.0.1:1 cannot be reached" in point.answer


def test_a_rate_limit_is_told_and_all_else_is_answered_all_the_same(site: Sandbox, checker: Checker) -> None:
    checker.clock = Clock()  # the site asks for waits by its own clock
    site.set_readings(max_requests_per_second=10)
    assert find(checker) == expect({"pace": ("limited",)}, FRIENDLY)


@pytest.mark.parametrize(
    "readings", [{"list_lag_s": 3600}, {"late_commit_s": 3600}, {"late_id_every": 1, "late_id_s": 3600}]
)
def test_records_that_are_listed_late_are_told(site: Sandbox, checker: Checker, readings: dict[str, float]) -> None:
    async def sleep(seconds: float) -> None:
        site.advance(3600)
        await sleep_briefly(seconds)

    checker.clock = Clock(sleep=sleep)
    site.set_readings(**readings, session_ttl_s=1e9)
    before = site.records()
    assert find(checker, write=True) == expect({"shown_after": ("late",)}, WITH_RECORD)
    assert site.records() == before


def test_sessions_that_end_early_are_told(site: Sandbox, checker: Checker) -> None:
    site.set_readings(session_ttl_s=0.3, latency_s=0.05)
    assert read(checker.check())["session_life"] == ("ended",)


def test_calls_that_wait_for_each_other_are_told(site: Sandbox, checker: Checker) -> None:
    site.set_readings(latency_s=0.15)
    checker.use(max_concurrency=4)
    assert read(checker.check())["at_once"] == ("yes",)
    site.set_habits("one_at_a_time")
    checker.use(max_concurrency=2)
    assert read(checker.check())["at_once"] == ("one_by_one",)
