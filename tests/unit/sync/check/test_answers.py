from __future__ import annotations

import ast
import re
import string

import msgspec
import pytest

from oduyo_provider.sync.check.answers import (
    format_points,
    format_support_text,
    format_time,
    make_points,
    merge_points,
    summarise,
)
from oduyo_provider.sync.check.questions import QUESTIONS, Found, find_text
from tests.conftest import ROOT

#: The open points of the API's description → the question about each.
OPEN_POINTS = {
    "the shape of the login's answer": "login",
    "whether a second login ends the first session": "second_login",
    "the answer to a wrong password": "wrong_password",
    "an expired or unknown session": "dead_session",
    "whether a session lasts 60 minutes": "session_life",
    "whether later calls need the login's cookies": "cookies",
    "whether an update keeps what it leaves out": "partial_update",
    "whether ids become visible in order": "visible_order",
    "the meaning of offset": "offset",
    "the largest limit": "page_limit",
    "an empty list": "empty_list",
    "ids as numbers or as text, sorted": "id_sort",
    "ids as numbers or as text, filtered": "id_filter",
    "the form of IN's value": "in_filter",
    "the id as a number or as a text": "update",
    "the list's path": "may_list",
    "rate limits": "pace",
    "field lengths": "lengths",
    "the time zone": "time_zone",
    "the largest body": "lengths",
}


def test_every_open_point_has_a_question() -> None:
    assert set(OPEN_POINTS.values()) <= QUESTIONS.keys()


def test_every_question_says_what_is_asked_and_what_the_provider_does() -> None:
    assert len({texts["title"] for texts in QUESTIONS.values()}) == len(QUESTIONS)
    for texts in QUESTIONS.values():
        assert texts["question"].endswith("?")
        assert texts["provider"].endswith(".")


@pytest.mark.parametrize("question", QUESTIONS)
def test_every_reading_is_a_sentence_and_so_is_what_to_set(question: str) -> None:
    for key, text in QUESTIONS[question].items():
        if key in ("title", "question") or key.endswith(".summary") or not text:
            continue
        names = {name for _, name, _, _ in string.Formatter().parse(text) if name}
        shown = text.format_map(dict.fromkeys(names, "X"))
        assert re.search(r"[.:]$|[.:)] X\.?$", shown), shown
        assert shown[0].isupper() or shown.startswith("{"), shown


@pytest.mark.parametrize("question", QUESTIONS)
def test_what_stands_behind_a_dot_belongs_to_a_reading(question: str) -> None:
    for key in QUESTIONS[question]:
        reading, _, part = key.partition(".")
        assert part in ("", "setting", "provider", "summary")
        assert find_text(question, reading), key


def test_every_answer_that_the_code_gives_stands_in_the_table() -> None:
    given = set()
    for path in (ROOT / "plugins/oduyo_provider/sync").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "Found.of":
                question, reading = node.args
                readings = (reading.body, reading.orelse) if isinstance(reading, ast.IfExp) else (reading,)
                given |= {
                    (question.value, one.value)
                    for one in readings
                    if isinstance(question, ast.Constant) and isinstance(one, ast.Constant)
                }
    assert len(given) > 80
    assert [one for one in sorted(given) if not find_text(*one)] == []


def test_a_text_of_all_readings_that_end_alike_gives_way_to_a_readings_own() -> None:
    assert find_text("stored_texts", "quotes_altered") == find_text("stored_texts", "ends_altered") != ""
    assert find_text("stored_texts", "quotes_altered", ".setting").startswith("Each record with such a text is")
    assert find_text("stored_texts", "ends_altered", ".setting") == ""
    assert find_text("stored_texts", "letters_altered", ".setting").startswith("The first run stops with letters.")


def test_a_reading_that_stands_nowhere_in_the_table_is_an_error_and_no_empty_answer() -> None:
    with pytest.raises(KeyError, match="quotes_altered of delete"):
        find_text("delete", "quotes_altered")
    assert find_text("delete", "quotes_altered", ".setting") == ""


def test_a_point_carries_what_was_seen() -> None:
    (point,) = make_points([Found("page_limit", "capped", {"records": "200", "asked": "1000"})], asked_at=7.0)
    assert point.answer == "At most 200, also when 1000 are asked for."
    assert "pages of 200" in point.provider
    assert (point.readings, point.setting, point.asked_at) == (("capped",), "", 7.0)


def test_several_readings_of_a_question_are_one_point_and_no_sentence_comes_twice() -> None:
    found = [Found("wire", "byte_order_marks", {"count": "2"}), Found("wire", "not_utf8"), Found("wire", "not_utf8")]
    (point,) = make_points(found, asked_at=0.0)
    assert point.readings == ("byte_order_marks", "not_utf8", "not_utf8")
    assert point.answer.count("cannot be read") == 1
    assert "2 byte order marks" in point.answer


def test_points_come_in_the_order_of_the_questions() -> None:
    points = make_points([Found("delete", "removes"), Found("login", "found")], asked_at=0.0)
    assert [point.name for point in points] == ["login", "delete"]


def test_a_detail_that_nobody_saw_leaves_no_gap_in_a_sentence() -> None:
    (point,) = make_points([Found("gone", "no", {"status": "404"})], asked_at=0.0)
    assert point.answer == "With a no, HTTP 404."


def test_braces_in_what_a_site_says_are_shown_as_they_are() -> None:
    (point,) = make_points([Found("create", "refused", {"words": 'HTTP 404: {"status": false} {x}'})], asked_at=0.0)
    assert point.answer == 'With a no. HTTP 404: {"status": false} {x}'


def test_the_newest_answer_replaces_an_older_one_and_others_stay() -> None:
    old = make_points([Found("login", "found"), Found("delete", "removes")], asked_at=1.0)
    new = make_points([Found("login", "refused", {"words": "no"})], asked_at=2.0)
    merged = merge_points(old, new)
    assert [(point.name, point.readings, point.asked_at) for point in merged] == [
        ("login", ("refused",), 2.0),
        ("delete", ("removes",), 1.0),
    ]


def test_the_table_has_eighty_columns_and_all_four_texts() -> None:
    points = make_points([Found("second_login", "ends")], asked_at=0.0)
    text = format_points(points)
    assert all(len(line) <= 80 for line in text.splitlines())
    flat = " ".join(text.split())
    for part in (points[0].question, points[0].answer, points[0].provider, points[0].setting):
        assert part in flat


def test_the_summary_names_what_is_to_be_set_and_how_long_a_first_load_takes() -> None:
    speed = {"list": "50 ms", "rate": "100", "small": "10 s", "large": "100 s"}
    found = [Found("speed", "measured", speed), Found("second_login", "ends")]
    points = [msgspec.structs.replace(point, answer="in any words") for point in make_points(found, asked_at=0.0)]
    assert summarise(points) == (
        "2 questions answered; to set: Second login; a first load would take about 10 s for 1,000 rows, 100 s for 10,000"
    )
    assert summarise(make_points([Found("login", "found")], asked_at=0.0)) == "1 question answered; nothing to set"


def test_the_support_text_begins_with_the_facts() -> None:
    points = make_points([Found("second_login", "ends")], asked_at=0.0)
    text = format_support_text(points, {"Site": "x.example", "Checked": format_time(0.0)})
    assert text.startswith("Site: x.example\nChecked: 1970-01-01 00:00 UTC\n\n1. Does a second login")
    assert points[0].setting not in text
