from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import parse_qs

import pytest

from oduyo_provider.api.login import Login
from oduyo_provider.api.login import log_in as send_login
from oduyo_provider.api.runtime import Runtime
from oduyo_provider.api.transport import Transport
from oduyo_provider.core.errors import LoginRefusedError, LostAnswerError, NotThisApiError
from oduyo_provider.core.redact import Redactor
from tests.unit.api.wire import API_KEY, PASSWORD, SESSION, FakeTime, Handler, Site, answer, hang_up, no, ok

HTML = b"<html>login</html>"


def log_in(site: Site, runtime: Runtime, **settings: Any) -> str:
    """The session id that a login gets."""

    async def run() -> str:
        async with site:
            given = site.settings(**settings)
            async with Transport(given) as transport:
                login = await send_login(given, transport, redact=Redactor(given.secrets), runtime=runtime)
                return login.session_id

    return asyncio.run(run())


def refuse(kind: type[Exception], handler: Handler | list[Handler], time: FakeTime) -> tuple[str, Site]:
    site = Site(login=handler)
    with pytest.raises(kind) as caught:
        log_in(site, time.runtime)
    text = str(caught.value)
    assert PASSWORD not in text
    assert API_KEY not in text
    return text, site


def test_the_login_is_a_form(time: FakeTime) -> None:
    site = Site()
    assert log_in(site, time.runtime) == SESSION
    seen = site.seen[0]
    assert seen.path == "/api/v1/ws/login"
    assert seen.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert parse_qs(seen.body.decode()) == {
        "username": ["ayse"],
        "password": [PASSWORD],
        "oduyo_api_key": [API_KEY],
    }


@pytest.mark.parametrize(
    "handler",
    [
        answer(401, {"status": False, "message": "Yetkisiz erişim"}),
        answer(401, b""),
        answer(403, HTML),
        no(200, message="Hatalı parola"),
        no(404),
        no(400, error="Bad Request"),
        answer(400, {}),
        answer(400, {"error": "x"}),
    ],
)
def test_a_refused_login_is_asked_once_and_says_what_to_do(handler: Handler, time: FakeTime) -> None:
    text, site = refuse(LoginRefusedError, handler, time)
    assert "user 'ayse'" in text
    assert "Check login, password and api_key" in text
    assert len(site.seen) == 1
    assert time.slept == []


def test_a_refusal_shows_the_message_without_secrets(time: FakeTime) -> None:
    text, _ = refuse(LoginRefusedError, no(200, message=f"Hatalı parola {PASSWORD}\n!", data="x-1"), time)
    assert "message: Hatalı parola ***\\n!" in text
    assert "x-1" not in text


@pytest.mark.parametrize(
    "handler",
    [
        answer(200, HTML),
        answer(200, b"[]"),
        answer(200, b"secret-1"),
        answer(200, {}),
        answer(200, {"status": True, "data": {"name": "secret-1"}}),
        answer(301, b"", Location="https://elsewhere"),
        answer(400, HTML),
        answer(404, HTML),
        answer(404, {"error": "Not Found"}),
        answer(405, HTML),
    ],
)
def test_a_login_that_something_else_answers_stops_at_once(handler: Handler, time: FakeTime) -> None:
    text, site = refuse(NotThisApiError, handler, time)
    assert "host" in text
    assert "secret-1" not in text
    assert len(site.seen) == 1


CUT = answer(200, b'{"status": true, "data": {"session_id": "secr')


def test_a_login_whose_answer_is_cut_is_tried_again(time: FakeTime) -> None:
    site = Site(login=[CUT, answer(200, b""), ok("S1")])
    assert log_in(site, time.runtime) == "S1"
    assert time.slept == [0.375, 0.75]


@pytest.mark.parametrize("handler", [CUT, answer(200, b""), answer(204, b"")])
def test_a_login_that_only_ever_gets_a_cut_answer_stops_after_four_tries(handler: Handler, time: FakeTime) -> None:
    text, site = refuse(NotThisApiError, handler, time)
    assert "secr" not in text
    assert len(site.seen) == 4


def test_a_login_that_is_cut_once_while_the_site_is_down_is_lost(time: FakeTime) -> None:
    _, site = refuse(LostAnswerError, [answer(500, HTML), answer(500, HTML), answer(500, HTML), CUT], time)
    assert len(site.seen) == 4


def test_an_address_that_is_not_the_api_is_named(time: FakeTime) -> None:
    text, site = refuse(NotThisApiError, answer(404, HTML, Content_Type="text/html"), time)
    assert f"http://127.0.0.1:{site.port}/api/v1/ws/login" in text
    assert "HTTP 404, content type text/html" in text


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("https://erp.example/api/v1/ws/login", "HTTP 302 → https://erp.example/api/v1/ws/login, content"),
        ("https://u:key-2@erp.example/x;sid=key-2?password=key-2#key-2", "HTTP 302 → https://erp.example/x, content"),
        ("?next=key-2", "HTTP 302, content"),
    ],
)
def test_a_redirect_says_where_it_leads_to_without_what_may_be_a_key(target: str, said: str, time: FakeTime) -> None:
    text, site = refuse(NotThisApiError, answer(302, HTML, Location=target), time)
    assert said in text
    assert "key-2" not in text
    assert len(site.seen) == 1


def test_a_path_may_lead_through_a_list(time: FakeTime) -> None:
    assert log_in(Site(login=answer(200, [{"key": "S9"}])), time.runtime, session_id_path="0.key") == "S9"


@pytest.mark.parametrize("handler", [answer(500, HTML), answer(502, HTML), answer(408, b""), hang_up])
def test_a_login_without_a_usable_answer_is_tried_four_times(handler: Handler, time: FakeTime) -> None:
    _, site = refuse(LostAnswerError, handler, time)
    assert len(site.seen) == 4
    assert time.slept == [0.375, 0.75, 1.5]


def test_a_throttled_login_waits_as_told_and_not_for_ever(time: FakeTime) -> None:
    handlers = [answer(429, b"", Retry_After="7"), answer(503, b"", Retry_After="9999"), ok("S1")]
    assert log_in(Site(login=handlers), time.runtime) == "S1"
    assert time.slept == [7.0, 60.0]


def test_a_login_that_was_once_sent_is_reported_as_lost_and_not_as_never_sent(time: FakeTime) -> None:
    site = Site(login=answer(500, HTML, Connection="close"))

    async def stop(seconds: float) -> None:
        if not time.slept:
            await site.__aexit__(None, None, None)
        await time.sleep(seconds)

    with pytest.raises(LostAnswerError, match="HTTP 500"):
        log_in(site, Runtime(sleep=stop))
    assert len(time.slept) == 3


LOCKED = "Hesabınız kilitlendi"


@pytest.mark.parametrize("status", [200, 400, 403, 404, 409, 422, 423, 451])
def test_b14_a_locked_account_is_named_and_not_tried_again(status: int, time: FakeTime) -> None:
    text, site = refuse(LoginRefusedError, no(status, message=LOCKED), time)
    assert f"(HTTP {status}, message: {LOCKED})" in text
    assert "locked" in text
    assert len(site.seen) == 1


@pytest.mark.parametrize("status", [500, 502, 503])
def test_b14_a_server_error_with_words_shows_them_and_is_not_tried_again_at_once(status: int, time: FakeTime) -> None:
    text, site = refuse(LostAnswerError, no(status, message=LOCKED), time)
    assert f"HTTP {status}, message: {LOCKED}" in text
    assert len(site.seen) == 1


@pytest.mark.parametrize(("status", "headers"), [(429, {}), (503, {"Retry_After": "5"})])
def test_b14_a_login_that_is_asked_to_slow_down_waits_and_shows_the_words(
    status: int, headers: dict[str, str], time: FakeTime
) -> None:
    body = {"status": False, "message": "Çok fazla deneme"}
    text, site = refuse(LostAnswerError, answer(status, body, **headers), time)
    assert f"HTTP {status}, message: Çok fazla deneme" in text
    assert len(site.seen) == 4


def test_b14_a_login_that_is_put_off_for_long_is_not_tried_again_at_once(time: FakeTime) -> None:
    body = {"status": False, "message": LOCKED}
    text, site = refuse(LostAnswerError, answer(503, body, Retry_After="900"), time)
    assert LOCKED in text
    assert len(site.seen) == 1


def test_b4_a_login_behind_a_php_notice_is_read(time: FakeTime) -> None:
    body = b"\nNotice: Undefined index: ip in /var/www/login.php on line 3\n" + b'{"session_id": "S1"}'
    assert log_in(Site(login=answer(200, body)), time.runtime) == "S1"


def test_a_login_does_not_print_its_session() -> None:
    assert "S1" not in repr(Login("S1", ("S1",)))
    assert Login("S1").__rich_repr__() == [("session_id", "***")]
