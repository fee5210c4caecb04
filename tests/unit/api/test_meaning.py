from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime

import pytest

from oduyo_provider.api.meaning import Classification, Meaning, classify, compute_retry_after, compute_text, parse_date
from oduyo_provider.api.transport import Answer
from oduyo_provider.core.redact import MASK, Redactor

HTML = b"<html><h1>Not Found</h1></html>"
NO = {"status": False}
YES = {"status": True, "data": "done"}


def read(status: int, body: object = b"", *, call: str = "update", **headers: str) -> Classification:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return classify(Answer(status, named, content), call=call)


@pytest.mark.parametrize(
    ("status", "body", "meaning"),
    [
        (200, YES, Meaning.DONE),
        (201, YES, Meaning.DONE),
        (200, {"status": "true"}, Meaning.DONE),
        (200, {"status": "1"}, Meaning.DONE),
        (200, {"status": 1}, Meaning.DONE),
        (200, NO, Meaning.REFUSED),
        (400, NO, Meaning.REFUSED),
        (404, NO, Meaning.REFUSED),
        (409, NO, Meaning.REFUSED),
        (422, NO, Meaning.REFUSED),
        (410, NO, Meaning.REFUSED),
        (400, {}, Meaning.REFUSED),
        (413, HTML, Meaning.REFUSED),
        (401, NO, Meaning.SESSION),
        (403, NO, Meaning.SESSION),
        (403, HTML, Meaning.BLOCKED),
        (403, b"", Meaning.BLOCKED),
        (406, HTML, Meaning.BLOCKED),
        (406, NO, Meaning.REFUSED),
        (401, YES, Meaning.SESSION),
        (429, b"", Meaning.THROTTLED),
        (301, b"", Meaning.UNKNOWN),
        (302, YES, Meaning.UNKNOWN),
        (200, HTML, Meaning.UNKNOWN),
        (200, [], Meaning.UNKNOWN),
        (200, b"", Meaning.UNKNOWN),
        (200, b'{"status": true, "da', Meaning.UNKNOWN),
        (200, b'\xef\xbb\xbf {"status"', Meaning.UNKNOWN),
        (404, b'{"status": fal', Meaning.UNKNOWN),
        (200, {}, Meaning.UNKNOWN),
        (204, b"", Meaning.UNKNOWN),
        (200, {"data": "done"}, Meaning.UNKNOWN),
        (404, HTML, Meaning.UNKNOWN),
        (404, b"", Meaning.UNKNOWN),
        (404, {"error": "Not Found", "status": 404}, Meaning.UNKNOWN),
        (404, {}, Meaning.UNKNOWN),
        (404, YES, Meaning.UNKNOWN),
        (405, HTML, Meaning.UNKNOWN),
        (400, HTML, Meaning.UNKNOWN),
        (422, {}, Meaning.UNKNOWN),
        (408, NO, Meaning.UNKNOWN),
        (500, NO, Meaning.UNKNOWN),
        (502, HTML, Meaning.UNKNOWN),
        (503, HTML, Meaning.UNKNOWN),
        (504, YES, Meaning.UNKNOWN),
        (101, b"", Meaning.UNKNOWN),
        (403, {"message": "Forbidden"}, Meaning.BLOCKED),
        (418, HTML, Meaning.UNKNOWN),
    ],
)
def test_every_answer_has_one_meaning(status: int, body: object, meaning: Meaning) -> None:
    assert read(status, body).meaning is meaning


def test_a_503_with_retry_after_throttles_all_but_a_create() -> None:
    assert read(503, HTML, call="delete", retry_after="7") == Classification(
        Meaning.THROTTLED, reason="HTTP 503: Not Found", retry_after_s=7.0, is_overload=True
    )
    create = read(503, HTML, call="create", retry_after="7")
    assert (create.meaning, create.retry_after_s) == (Meaning.UNKNOWN, 7.0)
    assert read(429, call="create", retry_after="7").retry_after_s == 7.0


@pytest.mark.parametrize(
    "message",
    [
        "Yetkisiz erişim",
        "YETKİSİZ ERİŞİM!",
        "yetkisiz",
        "Unauthorized",
        "Unauthorised access.",
        "İşlem yapılamadı: yetkisiz erişim",
    ],
)
def test_the_documented_words_are_about_the_session(message: str) -> None:
    for key in ("message", "error", "msg", "data"):
        assert read(200, {"status": False, key: message}).meaning is Meaning.SESSION
    assert read(200, {"status": True, "message": message}).meaning is Meaning.DONE
    assert read(404, {"status": False, "message": message}).meaning is Meaning.REFUSED


@pytest.mark.parametrize(
    "message",
    [
        "space1: session rooms is too long",
        "Code 'session expired' already exists",
        "Kod 'Oturum süresi doldu' zaten var",
        'Bu kod zaten var: "YETKİSİZ ERİŞİM"',
        "Unauthorized character in code",
        "Yetkisiz karakter",
        "Oturum süresi doldu",
        "Session expired",
        "yetkisiz erişimi",
        "No record found for this ID",
        "",
    ],
)
def test_other_words_are_none_of_the_session(message: str) -> None:
    assert read(200, {"status": False, "message": message}).meaning is Meaning.REFUSED


def test_a_listed_page_is_left_to_the_codec_and_other_data_is_given() -> None:
    assert read(200, {"status": True, "data": [1]}, call="list").data is None
    assert read(200, {"status": True, "data": [1]}, call="create").data == [1]


def test_a_reason_is_one_short_line_without_secrets() -> None:
    body = ("x" * 295 + "gizli-parola\r\n\x1b[31m" + "y" * 600).encode()
    classified = classify(Answer(500, {}, body), call="create", redact=Redactor(["gizli-parola"]))
    assert classified.reason == f"HTTP 500: {'x' * 295}***\\…"
    assert read(500).reason == "HTTP 500: no body"


def test_a_reason_can_be_read_where_php_escaped_the_letters() -> None:
    body = b'{"status":false,"message":"Ge\\u00e7ersiz \\u015fube \\ud83d\\ude00 \\u0000 \\ud83d"}'
    shown = '{"status":false,"message":"Geçersiz şube 😀 \\u0000 \\ud83d"}'
    assert read(404, body).reason == f"HTTP 404: {shown}"
    assert compute_text(Answer(404, {}, body)) == shown


@pytest.mark.parametrize("password", ["Şifre_ğü1", 'ab"c/d&e'])
@pytest.mark.parametrize("levels", [1, 2, 3])
def test_a_secret_is_struck_out_where_json_stands_in_json(password: str, levels: int) -> None:
    body: object = password
    for _ in range(levels):
        body = json.dumps({"message": body})
    shown = classify(Answer(404, {}, str(body).encode()), call="create", redact=Redactor([password])).reason
    assert MASK in shown
    assert not any(part in shown for part in ("ifre", "ğü", "ab", "d&e"))


def wait(**headers: str) -> float | None:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return compute_retry_after(Answer(429, named, b""))


@pytest.mark.parametrize(
    ("value", "wait_s"),
    [
        ("0", 0.0),
        (" 12 ", 12.0),
        ("1.5", 1.5),
        ("Wed, 01 Jul 2026 12:01:30 GMT", 90.0),
        ("Wed, 01 Jul 2026 12:01:30 -0000", 90.0),
        ("Wed, 01 Jul 2026 11:00:00 GMT", 0.0),
        ("-5", None),
        ("nan", None),
        ("soon", None),
        ("", None),
    ],
)
def test_b11_retry_after_is_seconds_or_a_date_that_counts_from_the_answer_s_own(
    value: str, wait_s: float | None
) -> None:
    assert wait(retry_after=value, date="Wed, 01 Jul 2026 12:00:00 GMT") == wait_s


@pytest.mark.parametrize("date", [{}, {"date": "yesterday"}])
def test_a_retry_after_counts_from_now_where_the_answer_has_no_date(date: dict[str, str]) -> None:
    in_an_hour = format_datetime(datetime.now(timezone.utc) + timedelta(hours=1), usegmt=True)
    waits = wait(retry_after=in_an_hour, **date)
    assert waits is not None
    assert 3000 < waits <= 3600
    assert wait(**date) is None


@pytest.mark.parametrize("text", ["", "gestern", "Tue, 99 Foo 2023"])
def test_what_is_no_date_is_none(text: str) -> None:
    assert parse_date(text) is None


@pytest.mark.parametrize("zone", ["GMT", "+0000", "-0000"])
def test_a_date_of_no_known_zone_counts_as_utc(zone: str) -> None:
    assert parse_date(f"Wed, 01 Jul 2026 12:00:00 {zone}") == datetime(2026, 7, 1, 12, tzinfo=timezone.utc)


@pytest.mark.parametrize(("status", "call"), [(429, "create"), (503, "create"), (503, "update")])
def test_b5_too_many_requests_are_told_from_other_failures(status: int, call: str) -> None:
    assert read(status, HTML, call=call).is_overload
    assert not read(500, HTML, call=call).is_overload
    assert read(503, HTML, call=call).meaning is Meaning.UNKNOWN


NOTICE = b"<br />\n<b>Notice</b>:  Undefined index: x in <b>/var/www/a.php</b> on line <b>12</b><br />\n"


@pytest.mark.parametrize("call", ["create", "update", "delete", "list"])
def test_b4_json_behind_a_php_notice_is_read_and_what_cannot_be_read_is_a_lost_answer(call: str) -> None:
    assert read(200, NOTICE + b'{"status": true, "data": "id <7>"}', call=call).meaning is Meaning.DONE
    assert read(404, NOTICE + b'{"status": false}', call=call).meaning is Meaning.REFUSED
    assert read(200, NOTICE, call=call).meaning is Meaning.UNKNOWN
    assert read(200, NOTICE + b'{"status": true, "da', call=call).meaning is Meaning.UNKNOWN


@pytest.mark.parametrize("body", [b"[]", b"{}", b"false", b"null", b'""', b"\xef\xbb\xbf [] \n"])
@pytest.mark.parametrize("status", [200, 404])
def test_b7_a_bare_nothing_is_an_answer_to_a_list_call_only(status: int, body: bytes) -> None:
    assert read(status, body, call="list").meaning is Meaning.DONE
    assert read(status, body, call="create").meaning is Meaning.UNKNOWN


def test_an_empty_body_is_a_list_s_nothing_with_404_and_a_lost_answer_with_200() -> None:
    assert read(404, call="list").meaning is Meaning.DONE
    assert read(200, call="list").meaning is Meaning.UNKNOWN
    assert read(500, b"[]", call="list").meaning is Meaning.UNKNOWN
