from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs

import pytest
from aiohttp import web

from oduyo_provider.api.backoff import LONGEST_BACKOFF_S, compute_backoff
from oduyo_provider.api.session import DEFAULT_RENEW_AFTER_S, SessionKeeper
from oduyo_provider.api.transport import Transport
from oduyo_provider.core.errors import LoginRefusedError, LostAnswerError, NotSentError, NotThisApiError
from oduyo_provider.core.redact import Redactor
from tests.unit.api.wire import API_KEY, PASSWORD, SESSION, FakeTime, Handler, Site, answer, half, hang_up, no, ok

HTML = b"<html>login</html>"


def numbered() -> Handler:
    """Gives S1, S2, …"""
    count = 0

    async def handle(request: web.Request, body: bytes) -> web.StreamResponse:
        nonlocal count
        count += 1
        return await ok({"session_id": f"S{count}"})(request, body)

    return handle


def keep(site: Site, time: FakeTime, work: Callable[[SessionKeeper], Awaitable[Any]], **more: Any) -> Any:
    async def run() -> Any:
        async with site, Transport(site.settings(**more.pop("settings", {}))) as transport:
            keeper = SessionKeeper(site.settings(), transport, clock=time.clock, sleep=time.sleep, rng=half, **more)
            try:
                return await work(keeper)
            finally:
                await keeper.close()

    return asyncio.run(run())


def refuse(kind: type[Exception], handler: Handler | list[Handler], time: FakeTime, **more: Any) -> tuple[str, Site]:
    site = Site(login=handler)
    with pytest.raises(kind) as caught:
        keep(site, time, SessionKeeper.header, **more)
    text = str(caught.value)
    assert PASSWORD not in text
    assert API_KEY not in text
    return text, site


def test_the_login_is_a_form_and_the_headers_are_bare(time: FakeTime) -> None:
    site, secrets = Site(), []
    redact = Redactor()
    headers = keep(site, time, SessionKeeper.header, on_secret=secrets.append, redact=redact)
    assert headers == {"Apikey": API_KEY, "Authorization": SESSION}
    assert secrets == [SESSION]
    assert redact(SESSION) == "***"
    seen = site.seen[0]
    assert seen.path == "/api/v1/ws/login"
    assert seen.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert parse_qs(seen.body.decode()) == {
        "username": ["ayse"],
        "password": [PASSWORD],
        "oduyo_api_key": [API_KEY],
    }


def test_many_callers_share_one_login(time: FakeTime) -> None:
    async def work(keeper: SessionKeeper) -> None:
        await asyncio.gather(*(keeper.header() for _ in range(20)))
        await keeper.header()

    site = Site()
    keep(site, time, work)
    assert len(site.seen) == 1


def test_a_session_is_renewed_after_55_minutes_without_a_wait(time: FakeTime) -> None:
    async def work(keeper: SessionKeeper) -> list[str]:
        found = []
        for wait_s in (0.0, DEFAULT_RENEW_AFTER_S - 1, 1.0):
            time.now_s += wait_s
            headers = await asyncio.gather(keeper.header(), keeper.header())
            found += [headers[0]["Authorization"], headers[1]["Authorization"]]
        return found

    assert keep(Site(login=numbered()), time, work) == ["S1", "S1", "S1", "S1", "S2", "S2"]
    assert time.slept == []


def test_a_dead_session_is_replaced_once_however_many_met_it_and_after_a_random_moment(time: FakeTime) -> None:
    async def work(keeper: SessionKeeper) -> dict[str, str]:
        await keeper.header()
        await asyncio.gather(*(keeper.renew("S1") for _ in range(5)), keeper.header())
        await keeper.renew("S1")
        return await keeper.header()

    site = Site(login=numbered())
    assert keep(site, time, work)["Authorization"] == "S2"
    assert len(site.seen) == 2
    assert time.slept == [1.0]


@pytest.mark.parametrize(("has_worked_once", "logins"), [(False, 4), (True, 6)])
def test_fresh_sessions_that_die_in_a_row_stop_everything(has_worked_once: bool, logins: int, time: FakeTime) -> None:
    async def work(keeper: SessionKeeper) -> None:
        await keeper.header()
        if has_worked_once:
            keeper.succeeded()
        for _ in range(9):
            await keeper.renew((await keeper.header())["Authorization"])

    site = Site(login=numbered())
    with pytest.raises(LoginRefusedError, match="another program"):
        keep(site, time, work)
    assert len(site.seen) == logins


def test_a_success_in_between_starts_the_count_again(time: FakeTime) -> None:
    async def work(keeper: SessionKeeper) -> None:
        for number in range(12):
            session = (await keeper.header())["Authorization"]
            if number % 4 == 0:
                keeper.succeeded()
            await keeper.renew(session)

    site = Site(login=numbered())
    keep(site, time, work)
    assert len(site.seen) == 13


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
    text, _ = refuse(LoginRefusedError, no(200, message=f"Hatalı parola {PASSWORD}\n", data="x-1"), time)
    assert "message: Hatalı parola ***\\n" in text
    assert "x-1" not in text


def test_a_refused_login_is_remembered(time: FakeTime) -> None:
    async def work(keeper: SessionKeeper) -> list[Any]:
        await asyncio.gather(*(keeper.header() for _ in range(8)), return_exceptions=True)
        return await asyncio.gather(keeper.header(), keeper.header(), return_exceptions=True)

    site = Site(login=no(200))
    first, second = keep(site, time, work)
    assert isinstance(first, LoginRefusedError)
    assert first is not second
    assert len(site.seen) == 1


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
    assert keep(site, time, SessionKeeper.header)["Authorization"] == "S1"
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


def test_a_path_may_lead_through_a_list(time: FakeTime) -> None:
    async def run() -> dict[str, str]:
        async with Site(login=answer(200, [{"key": "S9"}])) as site:
            settings = site.settings(session_id_path="0.key")
            async with Transport(settings) as transport:
                return await SessionKeeper(settings, transport).header()

    assert asyncio.run(run())["Authorization"] == "S9"


@pytest.mark.parametrize("handler", [answer(500, HTML), answer(502, HTML), answer(408, b""), hang_up])
def test_a_login_without_a_usable_answer_is_tried_four_times(handler: Handler, time: FakeTime) -> None:
    _, site = refuse(LostAnswerError, handler, time)
    assert len(site.seen) == 4
    assert time.slept == [0.375, 0.75, 1.5]


def test_a_throttled_login_waits_as_told_and_not_for_ever(time: FakeTime) -> None:
    handlers = [answer(429, b"", Retry_After="7"), answer(503, b"", Retry_After="9999"), ok("S1")]
    headers = keep(Site(login=handlers), time, SessionKeeper.header)
    assert headers["Authorization"] == "S1"
    assert time.slept == [7.0, 60.0]


def test_a_site_that_cannot_be_reached_is_not_sent_and_the_next_call_tries_again(time: FakeTime) -> None:
    async def run() -> None:
        site = Site()
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            site.port = closed.getsockname()[1]
            async with Transport(site.settings()) as transport:
                keeper = SessionKeeper(site.settings(), transport, sleep=time.sleep, rng=half)
                for _ in range(2):
                    with pytest.raises(NotSentError):
                        await keeper.header()

    asyncio.run(run())
    assert len(time.slept) == 6


def test_a_login_that_was_once_sent_is_reported_as_lost_and_not_as_never_sent(time: FakeTime) -> None:
    async def run() -> None:
        site = Site(login=answer(500, HTML, Connection="close"))

        async def stop(seconds: float) -> None:
            if not time.slept:
                await site.__aexit__(None, None, None)
            await time.sleep(seconds)

        await site.__aenter__()
        async with Transport(site.settings()) as transport:
            with pytest.raises(LostAnswerError, match="HTTP 500"):
                await SessionKeeper(site.settings(), transport, sleep=stop, rng=half).header()

    asyncio.run(run())
    assert len(time.slept) == 3


def test_a_caller_that_goes_away_leaves_the_login_to_the_others(time: FakeTime) -> None:
    async def work(keeper: SessionKeeper) -> dict[str, str]:
        first = asyncio.ensure_future(keeper.header())
        second = asyncio.ensure_future(keeper.header())
        await asyncio.sleep(0)
        first.cancel()
        return await second

    site = Site()
    assert keep(site, time, work)["Authorization"] == SESSION
    assert len(site.seen) == 1


def test_closing_ends_a_login_that_nobody_waits_for(time: FakeTime) -> None:
    async def work(keeper: SessionKeeper) -> None:
        waiting = asyncio.ensure_future(keeper.header())
        await asyncio.sleep(0)
        await keeper.close()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    site = Site()
    keep(site, time, work)
    assert site.seen == []


def test_the_backoff_doubles_to_a_bound_and_is_spread() -> None:
    assert [compute_backoff(attempt, lambda: 0.0) for attempt in (1, 2, 3)] == [0.25, 0.5, 1.0]
    assert compute_backoff(10_000, lambda: 1.0) == LONGEST_BACKOFF_S
