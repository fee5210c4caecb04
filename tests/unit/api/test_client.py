from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack
from typing import Any

import pytest
from aiohttp import web

from oduyo_provider.api.client import OduyoClient
from oduyo_provider.api.reply import Reply
from oduyo_provider.api.runtime import Runtime
from oduyo_provider.api.settings import Settings
from oduyo_provider.core.change import Outcome
from oduyo_provider.core.errors import (
    ListingError,
    LoginRefusedError,
    LostAnswerError,
    NotSentError,
    NotThisApiError,
    StagingError,
)
from oduyo_provider.core.record import SPECIAL_CODE
from tests.unit.api.wire import (
    API_KEY,
    PASSWORD,
    SESSION,
    FakeTime,
    Handler,
    Records,
    Site,
    answer,
    cut,
    hang_up,
    no,
    ok,
)

CREATED = ok('"Erp Special Code successfully added id <17>"')
#: Without it the next request would meet a kept connection that is being closed, which is a lost answer.
LAST_ON_ITS_CONNECTION = answer(200, {"status": True, "data": []}, Connection="close")
HTML = b"<html>proxy</html>"
Work = Callable[[OduyoClient], Awaitable[Any]]


def client_for(settings: Settings, time: FakeTime, **more: Any) -> OduyoClient:
    return OduyoClient(settings, SPECIAL_CODE, runtime=time.runtime, **more)


def use(site: Site, time: FakeTime, work: Work, **settings: Any) -> Any:
    async def run() -> Any:
        async with site, client_for(site.settings(**settings), time) as client:
            return await work(client)

    return asyncio.run(run())


def create(client: OduyoClient) -> Coroutine[Any, Any, Reply]:
    return client.create({"integration_id": "E1", "code": "ÖZEL"})


def update(client: OduyoClient) -> Coroutine[Any, Any, Reply]:
    return client.update({"id": "17", "code": "B"})


def delete(client: OduyoClient) -> Coroutine[Any, Any, Reply]:
    return client.delete("17")


def test_a_create_sends_the_column_with_both_headers_and_reads_the_id(time: FakeTime) -> None:
    site = Site(create=CREATED)
    reply = use(site, time, create)
    assert (reply.outcome, reply.oduyo_id, reply.reason, reply.sends, reply.lost) == (Outcome.DONE, "17", "", 1, 0)
    assert reply.body == ""
    seen = site.calls("create")[0]
    assert seen.path == "/api/v1/erp/erp_special_code/create"
    assert seen.json == {"column": {"integration_id": "E1", "code": "ÖZEL"}}
    assert (seen.headers["Apikey"], seen.headers["Authorization"]) == (API_KEY, SESSION)
    assert seen.headers["Content-Type"] == "application/json"


def test_a_create_without_an_id_in_its_answer_is_done_without_an_id(time: FakeTime) -> None:
    reply = use(Site(create=ok("added")), time, create)
    assert (reply.outcome, reply.oduyo_id) == (Outcome.DONE, None)


def test_an_update_and_a_delete_name_the_record(time: FakeTime) -> None:
    site = Site(update=ok("Guncelleme islemi Basarili"), delete=ok("Silme Islemi Basarili"))

    async def both(client: OduyoClient) -> list[Reply]:
        return [await update(client), await delete(client)]

    replies = use(site, time, both)
    assert [(reply.outcome, reply.oduyo_id) for reply in replies] == [(Outcome.DONE, "17")] * 2
    assert site.calls("update")[0].json == {"column": {"id": "17", "code": "B"}}
    assert site.calls("delete")[0].json == {"column": {"id": "17"}}


def test_a_refusal_is_final_and_shows_the_body_without_secrets(time: FakeTime) -> None:
    site = Site(create=no(404, message=f"no {PASSWORD} {SESSION}\n"))
    reply = use(site, time, create)
    assert (reply.outcome, reply.sends, reply.lost) == (Outcome.REFUSED, 1, 0)
    assert reply.body == '{"status": false, "message": "no *** ***\\n"}'
    assert reply.reason == "HTTP 404: " + reply.body


@pytest.mark.parametrize(
    "handler", [hang_up, cut, answer(500, HTML), answer(200, b""), answer(503, b"", Retry_After="1")]
)
def test_a_create_of_unknown_fate_is_never_sent_again(handler: Handler, time: FakeTime) -> None:
    site = Site(create=handler)
    reply = use(site, time, create)
    assert (reply.outcome, reply.sends, reply.lost) == (Outcome.DOUBTFUL, 1, 1)
    assert reply.reason
    assert len(site.calls("create")) == 1


@pytest.mark.parametrize("work", [update, delete])
def test_an_update_or_delete_of_unknown_fate_is_sent_again(work: Work, time: FakeTime) -> None:
    script = [hang_up, answer(502, HTML), ok("done")]
    reply = use(Site(update=script, delete=list(script)), time, work)
    assert (reply.outcome, reply.sends, reply.lost) == (Outcome.DONE, 3, 2)
    assert time.slept == [0.375, 0.75]


def test_an_update_stays_unknown_when_every_answer_is_lost(time: FakeTime) -> None:
    reply = use(Site(update=hang_up), time, update)
    assert (reply.outcome, reply.sends, reply.lost, reply.body) == (Outcome.DOUBTFUL, 4, 4, "")


def test_a_delete_refused_after_a_lost_answer_says_so(time: FakeTime) -> None:
    reply = use(Site(delete=[hang_up, no(404)]), time, delete)
    assert (reply.outcome, reply.sends, reply.lost) == (Outcome.REFUSED, 2, 1)


def test_before_send_is_called_before_every_transmission(time: FakeTime) -> None:
    site = Site(update=[hang_up, answer(401, b""), ok("done")])
    order: list[int] = []

    def note() -> None:
        order.append(len(site.calls("update")))

    use(site, time, lambda client: client.update({"id": "17"}, before_send=note))
    assert order == [0, 1, 2]


def test_what_before_send_raises_is_passed_on_and_nothing_is_sent(time: FakeTime) -> None:
    def fail() -> None:
        raise StagingError("disk full")

    site = Site(create=CREATED)
    with pytest.raises(StagingError, match="disk full"):
        use(site, time, lambda client: client.create({}, before_send=fail))
    assert site.calls("create") == []


async def unreachable(time: FakeTime, work: Work, site: Site) -> Any:
    """Logs in, then the site goes away."""
    async with AsyncExitStack() as stack:
        async with site:
            client = await stack.enter_async_context(client_for(site.settings(), time))
            await client.fetch_last()
        with socket.socket() as closed:
            closed.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            closed.bind(("127.0.0.1", site.port))  # taken, so that nobody else answers there
            return await work(client)


def test_a_create_that_never_left_is_failed_after_several_tries(time: FakeTime) -> None:
    reply = asyncio.run(unreachable(time, create, Site(list=LAST_ON_ITS_CONNECTION)))
    assert (reply.outcome, reply.sends, reply.lost) == (Outcome.FAILED, 0, 0)
    assert "cannot be reached" in reply.reason
    assert len(time.slept) == 4


def test_an_update_that_was_lost_and_then_never_left_is_unknown(time: FakeTime) -> None:
    async def close_after(request: web.Request, body: bytes) -> web.StreamResponse:
        return await hang_up(request, body)

    async def run() -> Reply:
        site = Site(update=close_after)

        async def stop(seconds: float) -> None:
            await time.sleep(seconds)
            if len(time.slept) == 1:
                await site.__aexit__(None, None, None)

        await site.__aenter__()
        client = OduyoClient(site.settings(), SPECIAL_CODE, runtime=Runtime(time.clock, stop))
        async with client:
            return await update(client)

    reply = asyncio.run(run())
    assert (reply.outcome, reply.sends, reply.lost) == (Outcome.DOUBTFUL, 1, 1)


def test_throttling_waits_as_told_and_goes_on(time: FakeTime) -> None:
    reply = use(Site(create=[answer(429, b"", Retry_After="7"), CREATED]), time, create)
    assert (reply.outcome, reply.sends, reply.lost) == (Outcome.DONE, 2, 0)
    assert time.slept == [7.0]


@pytest.mark.parametrize("headers", [{"Retry_After": "86400"}, {}, {"Retry_After": "0"}, {"Retry_After": "200"}])
def test_patience_with_throttling_has_an_end(headers: dict[str, str], time: FakeTime) -> None:
    reply = use(Site(create=answer(429, HTML, **headers)), time, create)
    assert (reply.outcome, reply.lost) == (Outcome.FAILED, 0)
    assert reply.reason.startswith("HTTP 429")
    assert time.now_s - 1000.0 <= 630.0


@pytest.mark.parametrize("header", [{"Retry_After": "86400"}, {"Retry_After": "Fri, 01 Jan 2100 00:00:00 GMT"}])
def test_a_site_that_is_out_of_service_for_a_day_at_a_create_does_not_hold_the_next_calls_for_a_day(
    header: dict[str, str], time: FakeTime
) -> None:
    async def work(client: OduyoClient) -> Reply:
        reply = await create(client)
        await client.fetch_last()
        return reply

    reply = use(Site(create=answer(503, HTML, **header), list=Records(range(1, 3))), time, work)
    assert (reply.outcome, reply.lost) == (Outcome.DOUBTFUL, 1)
    assert time.now_s - 1000.0 <= 600.0


def test_a_dead_session_is_renewed_once_for_all_waiting_calls(time: FakeTime) -> None:
    sessions = [ok({"session_id": "S1"}), ok({"session_id": "S2"})]

    async def by_session(request: web.Request, body: bytes) -> web.StreamResponse:
        return await (CREATED if request.headers["Authorization"] == "S2" else answer(401, b""))(request, body)

    async def many(client: OduyoClient) -> list[Reply]:
        return await asyncio.gather(*(create(client) for _ in range(20)))

    site = Site(login=sessions, create=by_session)
    replies = use(site, time, many)
    assert {reply.outcome for reply in replies} == {Outcome.DONE}
    assert len(site.calls("login")) == 2


def test_sessions_that_die_one_after_the_other_stop_the_task(time: FakeTime) -> None:
    site = Site(create=answer(200, {"status": False, "message": "Yetkisiz erişim"}))
    with pytest.raises(LoginRefusedError, match=r"the last time: HTTP 200: .*Yetkisiz erişim.*another program"):
        use(site, time, create)
    assert len(site.calls("login")) == 4


LISTED = ok([{"id": "1"}])


def blocking(status: int, body: bytes) -> Handler:
    """A web firewall that lets all creates through but those of the code X."""

    async def handle(request: web.Request, sent: bytes) -> web.StreamResponse:
        is_blocked = json.loads(sent)["column"]["code"] == "X"
        return await (answer(status, body, Content_Type="text/html") if is_blocked else CREATED)(request, sent)

    return handle


@pytest.mark.parametrize("status", [403, 406])
@pytest.mark.parametrize("body", [b"<html><title>Forbidden</title> Rule <b>942100</b></html>", b""])
def test_b3_a_request_that_a_firewall_refuses_is_refused_by_itself_and_the_rest_goes_on(
    status: int, body: bytes, time: FakeTime
) -> None:
    async def mixed(client: OduyoClient) -> list[Reply]:
        return await asyncio.gather(*(client.create({"code": code}) for code in ("A", "X", "B", "X", "C")))

    site = Site(create=blocking(status, body), list=LISTED)
    replies = use(site, time, mixed)
    assert [reply.outcome for reply in replies] == [
        Outcome.REFUSED if code == "X" else Outcome.DONE for code in ("A", "X", "B", "X", "C")
    ]
    assert [(reply.by_firewall, reply.sends, reply.lost) for reply in replies] == [
        (code == "X", 1, 0) for code in ("A", "X", "B", "X", "C")
    ]
    assert replies[1].reason == f"HTTP {status}: {'Forbidden Rule 942100' if body else 'no body'}"
    assert len(site.calls("login")) == 1


def test_b3_the_first_request_of_all_may_be_the_one_that_is_refused(time: FakeTime) -> None:
    site = Site(create=blocking(403, HTML), list=no(404))
    reply = use(site, time, lambda client: client.create({"code": "X"}))
    assert (reply.outcome, reply.by_firewall) == (Outcome.REFUSED, True)


def test_b3_an_update_that_a_firewall_refuses_may_have_taken_effect_where_an_earlier_sending_was_lost(
    time: FakeTime,
) -> None:
    reply = use(Site(update=[hang_up, answer(403, HTML, Content_Type="text/html")], list=LISTED), time, update)
    assert (reply.outcome, reply.by_firewall, reply.sends, reply.lost) == (Outcome.REFUSED, True, 2, 1)


def test_b3_a_refusal_of_oduyo_s_own_is_none_of_a_firewall(time: FakeTime) -> None:
    assert use(Site(create=no(404)), time, create).by_firewall is False


@pytest.mark.parametrize("status", [403, 406])
@pytest.mark.parametrize(
    ("call", "expected"), [(update, (Outcome.DONE, 2, False, 0)), (create, (Outcome.DOUBTFUL, 1, False, 1))]
)
def test_a_page_that_answers_everything_is_about_the_session_and_creates_are_not_repeated(
    status: int, call: Work, expected: tuple[Any, ...], time: FakeTime
) -> None:
    async def by_session(request: web.Request, body: bytes) -> web.StreamResponse:
        is_new = request.headers["Authorization"] == "S2"
        good = CREATED if request.path.endswith("create") else LISTED
        return await (good if is_new else answer(status, HTML))(request, body)

    sessions = [ok({"session_id": "S1"}), ok({"session_id": "S2"})]
    site = Site(login=sessions, create=by_session, update=by_session, list=by_session)
    reply = use(site, time, call)
    assert (reply.outcome, reply.sends, reply.by_firewall, reply.lost) == expected
    assert len(site.calls("login")) == 2


def test_a_page_for_a_session_that_was_replaced_meanwhile_is_no_refusal(time: FakeTime) -> None:
    clients: list[OduyoClient] = []

    async def by_session(request: web.Request, body: bytes) -> web.StreamResponse:
        if request.headers["Authorization"] == "S2":
            return await CREATED(request, body)
        await clients[0].renew_session()
        return await answer(403, HTML)(request, body)

    async def work(client: OduyoClient) -> Reply:
        clients.append(client)
        return await update(client)

    sessions = [ok({"session_id": "S1"}), ok({"session_id": "S2"})]
    reply = use(Site(login=sessions, update=by_session, list=LISTED), time, work)
    assert (reply.outcome, reply.sends) == (Outcome.DONE, 2)


def test_a_page_that_answers_everything_with_every_session_stops_and_shows_it(time: FakeTime) -> None:
    blocked = answer(403, HTML)
    with pytest.raises(LoginRefusedError, match=r"the last time: HTTP 403: proxy\).*firewall"):
        use(Site(update=blocked, list=blocked), time, update)


@pytest.mark.parametrize(
    ("call", "expected"), [(update, (Outcome.FAILED, False, 0, 5)), (create, (Outcome.DOUBTFUL, False, 1, 1))]
)
def test_a_request_whose_block_cannot_be_explained_never_counts_as_refused(
    call: Work, expected: tuple[Any, ...], time: FakeTime
) -> None:
    site = Site(create=answer(403, HTML), update=answer(403, HTML), list=answer(500, HTML))
    reply = use(site, time, call)
    assert (reply.outcome, reply.by_firewall, reply.lost, reply.sends) == expected


def test_a_create_that_a_page_answers_before_the_login_fails_has_an_unknown_fate(time: FakeTime) -> None:
    logins = [ok({"session_id": "S1"}), *[answer(500, HTML)] * 9]
    site = Site(login=logins, create=answer(403, HTML), list=answer(403, HTML))
    reply = use(site, time, create)
    assert (reply.outcome, reply.lost, reply.sends) == (Outcome.DOUBTFUL, 1, 1)


def test_one_call_that_no_session_may_make_fails_by_itself(time: FakeTime) -> None:
    async def all_but_one(request: web.Request, body: bytes) -> web.StreamResponse:
        is_forbidden = json.loads(body)["column"]["code"] == "X"
        return await (no(403) if is_forbidden else CREATED)(request, body)

    async def mixed(client: OduyoClient) -> Reply:
        forbidden = asyncio.ensure_future(client.create({"code": "X"}))
        while not forbidden.done():
            await create(client)
        return await forbidden

    reply = use(Site(create=all_but_one), time, mixed)
    assert (reply.outcome, reply.sends, reply.lost) == (Outcome.FAILED, 6, 0)
    assert reply.reason.startswith("HTTP 403")


@pytest.mark.parametrize(("login", "kind"), [(no(200), LoginRefusedError), (answer(200, HTML), NotThisApiError)])
def test_a_login_that_cannot_work_stops_the_task(login: Handler, kind: type[Exception], time: FakeTime) -> None:
    site = Site(login=login, create=CREATED)
    with pytest.raises(kind):
        use(site, time, create)
    assert len(site.seen) == 1


def test_a_change_fails_when_the_login_does_not_come_through(time: FakeTime) -> None:
    reply = use(Site(login=answer(500, HTML), create=CREATED), time, create)
    assert (reply.outcome, reply.sends) == (Outcome.FAILED, 0)
    assert "HTTP 500" in reply.reason


def test_a_listing_fails_as_the_login_did(time: FakeTime) -> None:
    with pytest.raises(LostAnswerError, match="HTTP 500"):
        use(Site(login=answer(500, HTML)), time, lambda client: client.fetch_last())


def test_a_renewal_that_does_not_come_through_fails_the_change(time: FakeTime) -> None:
    site = Site(login=[ok("S1"), answer(500, HTML)], create=answer(401, b""))
    reply = use(site, time, create)
    assert (reply.outcome, reply.sends, reply.lost) == (Outcome.FAILED, 1, 0)


@pytest.mark.parametrize("page", [answer(404, HTML), answer(200, HTML), answer(302, b"", Location="/login")])
def test_a_page_of_somebody_else_after_a_good_login_is_a_lost_answer(page: Handler, time: FakeTime) -> None:
    reply = use(Site(create=page), time, create)
    assert (reply.outcome, reply.sends, reply.lost) == (Outcome.DOUBTFUL, 1, 1)
    with pytest.raises(LostAnswerError, match="did not carry out a list call"):
        use(Site(list=page), time, OduyoClient.fetch_last)


def test_b4_a_create_behind_a_php_notice_is_done(time: FakeTime) -> None:
    notice = b"<br />\n<b>Warning</b>: foreach() in <b>/var/www/a.php</b> on line <b>7</b><br />\n"
    site = Site(create=answer(200, notice + b'{"status": true, "data": "added id <17>"}', Content_Type="text/html"))
    reply = use(site, time, create)
    assert (reply.outcome, reply.oduyo_id) == (Outcome.DONE, "17")


def test_session_ids_are_told_before_they_are_used(time: FakeTime) -> None:
    told: list[str] = []

    async def run() -> None:
        site = Site(list=ok([]))
        async with site, client_for(site.settings(), time, on_secret=told.append) as client:
            await client.fetch_last()

    asyncio.run(run())
    assert told == [SESSION]


@pytest.mark.parametrize("handler", [ok([]), no(404), no(200)])
def test_nothing_may_come_as_an_empty_list_or_as_a_no(handler: Handler, time: FakeTime) -> None:
    assert use(Site(list=handler), time, lambda client: client.snapshot_records()) == []
    assert use(Site(list=handler), time, lambda client: client.fetch_last()) is None


def test_a_list_call_is_sent_again_when_its_answer_is_lost(time: FakeTime) -> None:
    site = Site(list=[hang_up, answer(500, HTML), ok([{"id": "3"}])])
    assert use(site, time, lambda client: client.fetch_last()) == {"id": "3"}


@pytest.mark.parametrize(
    ("handler", "kind", "said"),
    [
        (hang_up, LostAnswerError, "was sent, but no whole answer"),
        (answer(500, HTML), LostAnswerError, "HTTP 500"),
        (no(400), ListingError, "HTTP 400"),
        (answer(400, {}), ListingError, "HTTP 400"),
        (answer(413, HTML), ListingError, "HTTP 413: proxy"),
        (answer(429, HTML, Retry_After="9999"), ListingError, "HTTP 429"),
        (ok(7), ListingError, "not a list of records"),
    ],
)
def test_a_list_call_that_cannot_be_carried_out_is_an_error(
    handler: Handler, kind: type[Exception], said: str, time: FakeTime
) -> None:
    with pytest.raises(kind, match=said):
        use(Site(list=handler), time, lambda client: client.fetch_last())


def test_a_list_call_that_never_left_is_an_error(time: FakeTime) -> None:
    with pytest.raises(NotSentError, match="cannot be reached"):
        asyncio.run(unreachable(time, lambda client: client.fetch_last(), Site(list=LAST_ON_ITS_CONNECTION)))
    assert len(time.slept) == 4


def test_a_probe_tells_what_it_found(time: FakeTime) -> None:
    site = Site(list=[ok([{"id": "42"}]), ok([])])

    async def twice(client: OduyoClient) -> list[str]:
        return [await client.probe(), await client.probe()]

    first, second = use(site, time, twice)
    assert first == (
        f"Ödüyo at 127.0.0.1:{site.port} accepted the login and a list call: the last erp_special_code has the id 42."
    )
    assert "there is no erp_special_code yet" in second


def test_a_client_counts_what_it_sends_and_what_of_that_it_sends_again(time: FakeTime) -> None:
    async def counts(client: OduyoClient) -> list[tuple[int, int]]:
        before = (client.requests, client.retries)
        await client.fetch_last()
        await create(client)
        return [before, (client.requests, client.retries)]

    site = Site(list=[hang_up, answer(500, HTML), ok([{"id": "3"}])], create=CREATED)
    assert use(site, time, counts) == [(0, 0), (4, 2)]


def test_the_rate_and_the_concurrency_of_the_settings_hold(time: FakeTime) -> None:
    inside = most = 0

    async def count(request: web.Request, body: bytes) -> web.StreamResponse:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        await asyncio.sleep(0.005)
        inside -= 1
        return await CREATED(request, body)

    async def many(client: OduyoClient) -> None:
        await asyncio.gather(*(create(client) for _ in range(10)))

    use(Site(create=count), time, many, max_concurrency=2)
    assert most == 2


def test_a_new_login_can_be_asked_for(time: FakeTime) -> None:
    async def work(client: OduyoClient) -> None:
        await create(client)
        await client.renew_session()
        await create(client)

    site = Site(login=[ok({"session_id": "S1"}), ok({"session_id": "S2"})], create=CREATED)
    use(site, time, work)
    assert [seen.headers["Authorization"] for seen in site.calls("create")] == ["S1", "S2"]


class LimitedRate:
    """Takes so many requests a second, none at once, and refuses all others with a page, as nginx's ``limit_req`` does."""

    def __init__(self, time: FakeTime, per_second: float, refusal: Handler) -> None:
        self.time, self.gap_s, self.refusal, self.free_at = time, 1 / per_second, refusal, 0.0
        self.refused = 0

    async def __call__(self, request: web.Request, body: bytes) -> web.StreamResponse:
        self.time.now_s += 0.005
        if self.time.now_s < self.free_at:
            self.refused += 1
            return await self.refusal(request, body)
        self.free_at = self.time.now_s + self.gap_s
        return await CREATED(request, body)


@pytest.mark.parametrize("per_second", [2, 10, 60])
def test_b5_creates_are_paced_down_until_a_site_that_says_503_takes_them(per_second: int, time: FakeTime) -> None:
    async def many(client: OduyoClient) -> list[Reply]:
        return await asyncio.gather(*(create(client) for _ in range(400)))

    limit = LimitedRate(time, per_second, answer(503, b"<h1>503 Service Temporarily Unavailable</h1>"))
    replies = use(Site(create=limit), time, many)
    doubtful = [reply for reply in replies if reply.outcome is Outcome.DOUBTFUL]
    assert len(doubtful) == limit.refused
    assert len(doubtful) <= 40
    assert {reply.outcome for reply in replies[200:]} <= {Outcome.DONE, Outcome.DOUBTFUL}
    assert sum(reply.outcome is Outcome.DONE for reply in replies[200:]) >= 190


def test_b11_a_retry_after_date_counts_from_the_answer_s_own_date(time: FakeTime) -> None:
    wait = answer(429, b"", Retry_After="Wed, 01 Jul 2026 12:00:07 GMT", Date="Wed, 01 Jul 2026 12:00:00 GMT")
    assert use(Site(create=[wait, CREATED]), time, create).outcome is Outcome.DONE
    assert time.slept == [7.0]


@pytest.mark.parametrize(
    ("named", "is_text"), [([], False), ([{"id": "1003"}], False), ([{"id": "999"}], True), ([{"id": "97"}], True)]
)
def test_a_site_that_names_a_lower_id_above_a_power_of_ten_compares_text(
    named: list[dict[str, str]], is_text: bool, time: FakeTime
) -> None:
    site = Site(list=ok(named))
    assert use(site, time, lambda client: client.compares_as_text("999")) is is_text
    [call] = site.calls("list")
    assert call.json["filters"] == [{"field": "id", "operator": ">", "value": "1000"}]
