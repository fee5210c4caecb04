from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web

from oduyo_provider.api.session import DEFAULT_RENEW_AFTER_S, SessionKeeper
from oduyo_provider.api.transport import Transport
from oduyo_provider.core.errors import LoginRefusedError, NotSentError
from oduyo_provider.core.redact import Redactor
from tests.unit.api.wire import API_KEY, SESSION, FakeTime, Handler, Site, no, ok


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
            keeper = SessionKeeper(site.settings(), transport, runtime=time.runtime, **more)
            try:
                return await work(keeper)
            finally:
                await keeper.close()

    return asyncio.run(run())


def test_the_headers_are_bare_and_the_session_is_told_as_a_secret(time: FakeTime) -> None:
    site, secrets = Site(), []
    redact = Redactor()
    headers = keep(site, time, SessionKeeper.header, on_secret=secrets.append, redact=redact)
    assert headers == {"Apikey": API_KEY, "Authorization": SESSION}
    assert secrets == [SESSION]
    assert redact(SESSION) == "***"


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
        await asyncio.gather(*(keeper.renew(1) for _ in range(5)), keeper.header())
        await keeper.renew(1)
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
            await keeper.header()
            await keeper.renew(keeper.number)

    site = Site(login=numbered())
    with pytest.raises(LoginRefusedError, match="another program"):
        keep(site, time, work)
    assert len(site.seen) == logins


def test_a_success_in_between_starts_the_count_again(time: FakeTime) -> None:
    async def work(keeper: SessionKeeper) -> None:
        for number in range(12):
            await keeper.header()
            if number % 4 == 0:
                keeper.succeeded()
            await keeper.renew(keeper.number)

    site = Site(login=numbered())
    keep(site, time, work)
    assert len(site.seen) == 13


def test_a_refused_login_is_remembered(time: FakeTime) -> None:
    async def work(keeper: SessionKeeper) -> list[Any]:
        await asyncio.gather(*(keeper.header() for _ in range(8)), return_exceptions=True)
        return await asyncio.gather(keeper.header(), keeper.header(), return_exceptions=True)

    site = Site(login=no(200))
    first, second = keep(site, time, work)
    assert isinstance(first, LoginRefusedError)
    assert first is not second
    assert len(site.seen) == 1


def test_a_site_that_cannot_be_reached_is_not_sent_and_the_next_call_tries_again(time: FakeTime) -> None:
    async def run() -> None:
        site = Site()
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            site.port = closed.getsockname()[1]
            async with Transport(site.settings()) as transport:
                keeper = SessionKeeper(site.settings(), transport, runtime=time.runtime)
                for _ in range(2):
                    with pytest.raises(NotSentError):
                        await keeper.header()

    asyncio.run(run())
    assert len(time.slept) == 6


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
