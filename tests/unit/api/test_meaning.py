from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime

import pytest

from oduyo_provider.api.meaning import Classification, Meaning, classify, compute_retry_after
from oduyo_provider.api.transport import Answer
from oduyo_provider.core.redact import Redactor

HTML = b"<html><h1>Not Found</h1></html>"
NO = {"status": False}
YES = {"status": True, "data": "done"}


def read(
    status: int, body: object = b"", *, call: str = "update", proven: bool = True, **headers: str
) -> Classification:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return classify(Answer(status, named, content), call=call, proven=proven)


@pytest.mark.parametrize(
    ("status", "body", "first", "later"),
    [
        (200, YES, Meaning.DONE, Meaning.DONE),
        (201, YES, Meaning.DONE, Meaning.DONE),
        (200, {"status": "true"}, Meaning.DONE, Meaning.DONE),
        (200, {"status": "1"}, Meaning.DONE, Meaning.DONE),
        (200, {"status": 1}, Meaning.DONE, Meaning.DONE),
        (200, NO, Meaning.REFUSED, Meaning.REFUSED),
        (400, NO, Meaning.REFUSED, Meaning.REFUSED),
        (404, NO, Meaning.REFUSED, Meaning.REFUSED),
        (409, NO, Meaning.REFUSED, Meaning.REFUSED),
        (422, NO, Meaning.REFUSED, Meaning.REFUSED),
        (410, NO, Meaning.REFUSED, Meaning.REFUSED),
        (400, {}, Meaning.REFUSED, Meaning.REFUSED),
        (413, HTML, Meaning.REFUSED, Meaning.REFUSED),
        (401, NO, Meaning.SESSION, Meaning.SESSION),
        (403, NO, Meaning.SESSION, Meaning.SESSION),
        (403, HTML, Meaning.BLOCKED, Meaning.BLOCKED),
        (403, b"", Meaning.BLOCKED, Meaning.BLOCKED),
        (406, HTML, Meaning.BLOCKED, Meaning.BLOCKED),
        (406, NO, Meaning.REFUSED, Meaning.REFUSED),
        (401, YES, Meaning.SESSION, Meaning.SESSION),
        (429, b"", Meaning.THROTTLED, Meaning.THROTTLED),
        (301, b"", Meaning.NOT_THIS_API, Meaning.UNKNOWN),
        (302, YES, Meaning.NOT_THIS_API, Meaning.UNKNOWN),
        (200, HTML, Meaning.NOT_THIS_API, Meaning.UNKNOWN),
        (200, [], Meaning.NOT_THIS_API, Meaning.UNKNOWN),
        (200, b"", Meaning.UNKNOWN, Meaning.UNKNOWN),
        (200, b'{"status": true, "da', Meaning.UNKNOWN, Meaning.UNKNOWN),
        (200, b'\xef\xbb\xbf {"status"', Meaning.UNKNOWN, Meaning.UNKNOWN),
        (404, b'{"status": fal', Meaning.UNKNOWN, Meaning.UNKNOWN),
        (200, {}, Meaning.UNKNOWN, Meaning.UNKNOWN),
        (204, b"", Meaning.UNKNOWN, Meaning.UNKNOWN),
        (200, {"data": "done"}, Meaning.UNKNOWN, Meaning.UNKNOWN),
        (404, HTML, Meaning.NOT_THIS_API, Meaning.UNKNOWN),
        (404, b"", Meaning.NOT_THIS_API, Meaning.UNKNOWN),
        (404, {"error": "Not Found", "status": 404}, Meaning.NOT_THIS_API, Meaning.UNKNOWN),
        (404, {}, Meaning.NOT_THIS_API, Meaning.UNKNOWN),
        (404, YES, Meaning.UNKNOWN, Meaning.UNKNOWN),
        (405, HTML, Meaning.NOT_THIS_API, Meaning.UNKNOWN),
        (400, HTML, Meaning.UNKNOWN, Meaning.UNKNOWN),
        (422, {}, Meaning.UNKNOWN, Meaning.UNKNOWN),
        (408, NO, Meaning.UNKNOWN, Meaning.UNKNOWN),
        (500, NO, Meaning.UNKNOWN, Meaning.UNKNOWN),
        (502, HTML, Meaning.UNKNOWN, Meaning.UNKNOWN),
        (503, HTML, Meaning.UNKNOWN, Meaning.UNKNOWN),
        (504, YES, Meaning.UNKNOWN, Meaning.UNKNOWN),
        (101, b"", Meaning.UNKNOWN, Meaning.UNKNOWN),
    ],
)
def test_every_answer_has_one_meaning_before_and_after_the_first_good_one(
    status: int, body: object, first: Meaning, later: Meaning
) -> None:
    assert read(status, body, proven=False).meaning is first
    assert read(status, body, proven=True).meaning is later


def test_a_503_with_retry_after_throttles_all_but_a_create() -> None:
    assert read(503, HTML, call="delete", retry_after="7") == Classification(
        Meaning.THROTTLED, reason="HTTP 503: Not Found", retry_after_s=7.0
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
        "Oturum odası kodu zaten var",
        "Bu kod bir oturumda kullanılıyor",
        "No record found for this ID",
        "",
    ],
)
def test_a_refusal_of_a_row_that_speaks_of_sessions_stays_one_of_the_row(message: str) -> None:
    assert read(200, {"status": False, "message": message}).meaning is Meaning.REFUSED


def test_a_listed_page_is_left_to_the_codec_and_other_data_is_given() -> None:
    assert read(200, {"status": True, "data": [1]}, call="list").data is None
    assert read(200, {"status": True, "data": [1]}, call="create").data == [1]


def test_a_reason_is_one_short_line_without_secrets() -> None:
    body = ("x" * 295 + "gizli-parola\r\n\x1b[31m" + "y" * 600).encode()
    classified = classify(Answer(500, {}, body), call="create", proven=True, redact=Redactor(["gizli-parola"]))
    assert classified.reason == f"HTTP 500: {'x' * 295}***\\…"
    assert read(500).reason == "HTTP 500: no body"


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
