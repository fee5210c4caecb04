from __future__ import annotations

import json
from datetime import datetime, timezone

import pytest

from oduyo_provider.api.response import Move, Verdict, classify, parse_retry_after
from oduyo_provider.api.transport import Answer
from oduyo_provider.core.redact import Redactor

NOW = datetime(2026, 7, 1, 12, 0, 0, tzinfo=timezone.utc)
HTML = b"<html><h1>Not Found</h1></html>"
NO = {"status": False}
YES = {"status": True, "data": "done"}


def judge(status: int, body: object = b"", *, call: str = "update", proven: bool = True, **headers: str) -> Verdict:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return classify(Answer(status, named, content), call=call, proven=proven, now=lambda: NOW)


@pytest.mark.parametrize(
    ("status", "body", "first", "later"),
    [
        (200, YES, Move.DONE, Move.DONE),
        (201, YES, Move.DONE, Move.DONE),
        (200, {"status": "true"}, Move.DONE, Move.DONE),
        (200, {"status": "1"}, Move.DONE, Move.DONE),
        (200, {"status": 1}, Move.DONE, Move.DONE),
        (200, NO, Move.REFUSED, Move.REFUSED),
        (400, NO, Move.REFUSED, Move.REFUSED),
        (404, NO, Move.REFUSED, Move.REFUSED),
        (409, NO, Move.REFUSED, Move.REFUSED),
        (422, NO, Move.REFUSED, Move.REFUSED),
        (410, NO, Move.REFUSED, Move.REFUSED),
        (400, {}, Move.REFUSED, Move.REFUSED),
        (413, HTML, Move.REFUSED, Move.REFUSED),
        (401, NO, Move.SESSION, Move.SESSION),
        (403, HTML, Move.SESSION, Move.SESSION),
        (401, YES, Move.SESSION, Move.SESSION),
        (429, b"", Move.THROTTLED, Move.THROTTLED),
        (301, b"", Move.NOT_THIS_API, Move.UNKNOWN),
        (302, YES, Move.NOT_THIS_API, Move.UNKNOWN),
        (200, HTML, Move.NOT_THIS_API, Move.UNKNOWN),
        (200, [], Move.NOT_THIS_API, Move.UNKNOWN),
        (200, b"", Move.UNKNOWN, Move.UNKNOWN),
        (200, b'{"status": true, "da', Move.UNKNOWN, Move.UNKNOWN),
        (200, b'\xef\xbb\xbf {"status"', Move.UNKNOWN, Move.UNKNOWN),
        (404, b'{"status": fal', Move.UNKNOWN, Move.UNKNOWN),
        (200, {}, Move.UNKNOWN, Move.UNKNOWN),
        (204, b"", Move.UNKNOWN, Move.UNKNOWN),
        (200, {"data": "done"}, Move.UNKNOWN, Move.UNKNOWN),
        (404, HTML, Move.NOT_THIS_API, Move.UNKNOWN),
        (404, b"", Move.NOT_THIS_API, Move.UNKNOWN),
        (404, {"error": "Not Found", "status": 404}, Move.NOT_THIS_API, Move.UNKNOWN),
        (404, {}, Move.NOT_THIS_API, Move.UNKNOWN),
        (404, YES, Move.UNKNOWN, Move.UNKNOWN),
        (405, HTML, Move.NOT_THIS_API, Move.UNKNOWN),
        (400, HTML, Move.UNKNOWN, Move.UNKNOWN),
        (422, {}, Move.UNKNOWN, Move.UNKNOWN),
        (408, NO, Move.UNKNOWN, Move.UNKNOWN),
        (500, NO, Move.UNKNOWN, Move.UNKNOWN),
        (502, HTML, Move.UNKNOWN, Move.UNKNOWN),
        (503, HTML, Move.UNKNOWN, Move.UNKNOWN),
        (504, YES, Move.UNKNOWN, Move.UNKNOWN),
        (101, b"", Move.UNKNOWN, Move.UNKNOWN),
    ],
)
def test_every_answer_has_one_move_before_and_after_the_first_good_one(
    status: int, body: object, first: Move, later: Move
) -> None:
    assert judge(status, body, proven=False).move is first
    assert judge(status, body, proven=True).move is later


def test_a_503_with_retry_after_throttles_all_but_a_create() -> None:
    assert judge(503, HTML, call="delete", retry_after="7") == Verdict(
        Move.THROTTLED, reason="HTTP 503: <html><h1>Not Found</h1></html>", retry_after_s=7.0
    )
    create = judge(503, HTML, call="create", retry_after="7")
    assert (create.move, create.retry_after_s) == (Move.UNKNOWN, 7.0)
    assert judge(429, call="create", retry_after="7").retry_after_s == 7.0


@pytest.mark.parametrize(
    "message",
    [
        "Yetkisiz erişim",
        "YETKİSİZ ERİŞİM!",
        "yetkisiz",
        "Kullanıcı yetkisiz",
        "Unauthorized",
        "Unauthorised access.",
        "Request is unauthorized",
        "Oturum süresi doldu",
        "Oturumunuz sona erdi, lütfen tekrar giriş yapın",
        "OTURUM BULUNAMADI",
        "Geçersiz oturum",
        "Lütfen oturum açın",
        "Session expired",
        "Your session has timed out",
        "Invalid SESSION_ID",
        "session id is invalid",
        "session",
    ],
)
def test_a_refusal_for_the_session_asks_for_a_new_one(message: str) -> None:
    for key in ("message", "error", "msg", "data"):
        assert judge(200, {"status": False, key: message}).move is Move.SESSION
    assert judge(200, {"status": True, "message": message}).move is Move.DONE
    assert judge(404, {"status": False, "message": message}).move is Move.REFUSED


@pytest.mark.parametrize(
    "message",
    [
        "space1: session rooms is too long",
        "Code 'session expired' already exists",
        "Kod 'Oturum süresi doldu' zaten var",
        'Bu kod zaten var: "YETKİSİZ ERİŞİM"',
        "Unauthorized character in code",
        "Yetkisiz karakter",
        "Oturum odası kodu zaten var",
        "Bu kod bir oturumda kullanılıyor",
        "No record found for this ID",
        "",
    ],
)
def test_a_refusal_of_a_row_that_speaks_of_sessions_stays_one_of_the_row(message: str) -> None:
    assert judge(200, {"status": False, "message": message}).move is Move.REFUSED


def test_a_listed_page_is_left_to_the_codec_and_other_data_is_given() -> None:
    assert judge(200, {"status": True, "data": [1]}, call="list").data is None
    assert judge(200, {"status": True, "data": [1]}, call="create").data == [1]


def test_a_reason_is_one_short_line_without_secrets() -> None:
    body = ("x" * 295 + "gizli-parola\r\n\x1b[31m" + "y" * 600).encode()
    verdict = classify(
        Answer(500, {}, body), call="create", proven=True, now=lambda: NOW, redact=Redactor(["gizli-parola"])
    )
    assert verdict.reason == f"HTTP 500: {'x' * 295}***\\…"
    assert judge(500).reason == "HTTP 500: no body"


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
        (None, None),
    ],
)
def test_retry_after_is_seconds_or_a_date(value: str | None, wait_s: float | None) -> None:
    assert parse_retry_after(value, NOW) == wait_s
