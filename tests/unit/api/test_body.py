from __future__ import annotations

import json

import pytest

from oduyo_provider.api.body import find_object, is_cut, strip_marks, to_utf8

TEXT = '{"status": true, "data": [{"id": "1", "code": "ŞİŞLİ ığü"}]}'
BOM = b"\xef\xbb\xbf"
NOTICE = b"<br />\n<b>Notice</b>:  Undefined index: x in <b>/var/www/a.php</b> on line <b>12</b><br />\n"
ANSWER = b'{"status": true, "data": "id <7>"}'
DEEP = b'{"data": ' + b"[" * 200_000


@pytest.mark.parametrize(
    ("codec", "content_type"),
    [
        ("cp1254", "application/json; charset=windows-1254"),
        ("cp1254", 'text/html;charset="Windows-1254"'),
        ("iso-8859-9", "application/json; charset=iso-8859-9"),
        ("iso-8859-9", "application/json; Charset = latin5"),
        ("utf-8", "application/json; charset=utf-8"),
        ("utf-8", "application/json; charset=windows-1254"),  # the web server's, for whatever it sends
        ("utf-8", "application/json"),
    ],
)
def test_b8_the_charset_that_is_named_is_used(codec: str, content_type: str) -> None:
    assert to_utf8(TEXT.encode(codec), content_type) == TEXT.encode()


@pytest.mark.parametrize(
    "content_type", ["", "application/json", "application/json; charset=klingon", "x; charset=zip"]
)
def test_b8_a_charset_that_is_not_named_or_not_known_is_not_guessed(content_type: str) -> None:
    body = TEXT.encode("cp1254")
    assert to_utf8(body, content_type) == body


def test_b8_a_charset_that_does_not_fit_changes_nothing() -> None:
    assert to_utf8(b"\x81\xfe", "a; charset=windows-1254") == b"\x81\xfe"


@pytest.mark.parametrize("marks", [b"", BOM, BOM + BOM, b"\n" + BOM + b"\r\n " + BOM, b"\n\n"])
def test_b7_any_number_of_byte_order_marks_is_dropped(marks: bytes) -> None:
    assert strip_marks(marks + ANSWER) == ANSWER


@pytest.mark.parametrize(
    "body",
    [
        NOTICE + ANSWER,
        NOTICE + NOTICE + ANSWER + b"\n",
        b"\nWarning: array_merge(): {closure} in /x.php on line 3\n" + ANSWER,
        ANSWER + NOTICE,
        NOTICE + BOM + ANSWER + NOTICE,
        b"\xfe\xff" + ANSWER + b"\xfe",
        b'"ok"' + ANSWER,
    ],
)
def test_b4_the_object_is_found_among_other_text(body: bytes) -> None:
    assert find_object(body) == ANSWER


@pytest.mark.parametrize(
    "body",
    [
        b"",
        NOTICE,
        NOTICE + ANSWER[:-1],
        NOTICE + b'{"status": true, "data": [{"id": "1", "status": "1"}, {"id": "2", "sta',  # the record is no answer
        ANSWER + b'{"status": false}',
        NOTICE + ANSWER + ANSWER,
        b"<!DOCTYPE html><script>var a = " + ANSWER + b"</script>",
        b"\n<HTML><body>" + ANSWER,
        NOTICE + DEEP,
    ],
)
def test_b4_where_it_is_not_plain_which_object_is_the_answer_there_is_none(body: bytes) -> None:
    assert find_object(body) is None


@pytest.mark.parametrize("body", [b"", b" \n", BOM, b"{", ANSWER[:5], BOM + ANSWER[:-1], NOTICE + ANSWER[:-1]])
def test_the_beginning_of_an_answer_is_a_cut_one(body: bytes) -> None:
    assert is_cut(body)


@pytest.mark.parametrize("body", [ANSWER, NOTICE, b"<html>", b"[]", b"x", DEEP, b'<html>{"a', json.dumps("S").encode()])
def test_a_whole_answer_and_somebody_else_s_page_are_not_cut(body: bytes) -> None:
    assert not is_cut(body)
