"""Words instead of records: a refusal, unless Ödüyo lists at all."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web

from oduyo_provider.api.client import OduyoClient
from oduyo_provider.api.list_call import PageLostError
from oduyo_provider.core.errors import ListingError, ListingRefusedError, NotSentError
from oduyo_provider.core.record import SPECIAL_CODE
from tests.unit.api.wire import FakeTime, Handler, Records, Site, answer, no, ok

Work = Callable[[OduyoClient], Awaitable[Any]]

RIGHT = "Bu işlem için yetkiniz bulunmamaktadır"
NOT_FOUND = answer(404, {"status": False, "message": "No record found for this ID"})
REFUSALS = [
    no(200, message=RIGHT),
    no(404, message=RIGHT),
    no(404, error=RIGHT),
    no(200, data=RIGHT),
    no(200, aciklama=RIGHT, data=[]),
    no(400, error=RIGHT),
    ok(RIGHT),
]


async def collect(client: OduyoClient) -> list[str | None]:
    return [record["id"] async for page in client.list_records() for record in page]


def find(value: str) -> Work:
    return lambda client: client.fetch_by("integration_id", value)


def above(after_id: str) -> Work:
    async def work(client: OduyoClient) -> list[str | None]:
        return [record["id"] async for page in client.list_records(after_id) for record in page]

    return work


WAYS = [collect, OduyoClient.fetch_last, OduyoClient.fetch_highest_id, find("E1"), above("7"), OduyoClient.probe]


def use(site: Site, work: Work, time: FakeTime) -> Any:
    async def run() -> Any:
        async with site, OduyoClient(site.settings(), SPECIAL_CODE, runtime=time.runtime) as client:
            return await work(client)

    return asyncio.run(run())


@pytest.mark.parametrize("refusal", REFUSALS)
@pytest.mark.parametrize("work", WAYS)
def test_a3_a_no_with_words_stops_every_way_to_list_and_shows_them(
    refusal: Handler, work: Work, time: FakeTime
) -> None:
    with pytest.raises(ListingRefusedError, match=f"It said: {RIGHT}.*the right to list"):
        use(Site(list=refusal), work, time)


@pytest.mark.parametrize("refusal", REFUSALS)
def test_a3_a_right_that_is_taken_away_during_a_run_stops_it(refusal: Handler, time: FakeTime) -> None:
    site = Site(list=Records(range(1, 6)))

    async def work(client: OduyoClient) -> None:
        assert len(await collect(client)) == 5
        site.script(list=refusal)
        await client.fetch_by("integration_id", "E9")

    with pytest.raises(ListingRefusedError):
        use(site, work, time)


def test_a_right_that_is_taken_away_during_a_pass_stops_it(time: FakeTime) -> None:
    page = ok([{"id": "1"}, {"id": "2"}])
    with pytest.raises(ListingRefusedError, match=RIGHT):
        use(Site(list=[page, no(200, message=RIGHT)]), collect, time)


@pytest.mark.parametrize("empty", [NOT_FOUND, no(200, message="Kayıt bulunamadı"), ok("Kayıt bulunamadı")])
def test_words_for_a_filter_without_a_match_mean_that_nothing_was_found_where_the_site_lists(
    empty: Handler, time: FakeTime
) -> None:
    def site() -> Site:
        return Site(list=Records(range(1, 6), empty=empty))

    assert use(site(), collect, time) == ["1", "2", "3", "4", "5"]
    assert use(site(), find("E3"), time) == [{"id": "3", "integration_id": "E3", "note": None}]
    assert use(site(), find("none"), time) == []
    assert use(site(), above("3"), time) == ["4", "5"]
    assert use(site(), above("9"), time) == []
    assert use(site(), OduyoClient.fetch_highest_id, time) == "5"


def test_the_question_whether_the_user_may_list_is_asked_once_a_look(time: FakeTime) -> None:
    site = Site(list=Records(range(1, 6), empty=NOT_FOUND))
    assert use(site, find("none"), time) == []
    asked = [(bool(seen.json["filters"]), seen.json["limit"]) for seen in site.calls("list")]
    one = (True, "1")
    assert asked == [(True, "10"), (False, "1"), one, one, (True, "10"), one, one]


def test_words_for_a_filter_on_a_site_that_lists_nothing_without_a_word_are_no_refusal(time: FakeTime) -> None:
    async def by_filter(request: web.Request, body: bytes) -> web.StreamResponse:
        return await (NOT_FOUND if b'"field":"integration_id"' in body else no(404))(request, body)

    assert use(Site(list=by_filter), find("E1"), time) == []


@pytest.mark.parametrize("words", ["Token süresi doldu", "Token expired", "Login required"])
def test_b2_an_expired_session_in_words_of_its_own_is_renewed_and_the_call_asked_again(
    words: str, time: FakeTime
) -> None:
    records = Records(range(1, 6))

    async def by_session(request: web.Request, body: bytes) -> web.StreamResponse:
        is_new = request.headers["Authorization"] == "S2"
        return await (records if is_new else no(200, message=words))(request, body)

    def site() -> Site:
        return Site(login=[ok({"session_id": "S1"}), ok({"session_id": "S2"})], list=by_session)

    assert use(site(), collect, time) == ["1", "2", "3", "4", "5"]
    assert use(site(), find("E3"), time) == [{"id": "3", "integration_id": "E3", "note": None}]
    assert use(site(), OduyoClient.fetch_last, time) == {"id": "5", "integration_id": "E5", "note": None}


LOGIN_PAGE = answer(200, b"<!doctype html><title>Giris</title><form action='/login'></form>", Content_Type="text/html")
PAGES = [LOGIN_PAGE, answer(302, b"", Location="/login"), answer(307, b"<a href='/login'>", Location="/login")]


@pytest.mark.parametrize("page", PAGES)
def test_a_login_page_instead_of_records_is_a_session_that_has_ended(page: Handler, time: FakeTime) -> None:
    records, sessions = Records(range(1, 6)), iter(range(1, 99))
    used: dict[str, int] = {}

    async def log_in(request: web.Request, body: bytes) -> web.StreamResponse:
        return await ok({"session_id": f"S{next(sessions)}"})(request, body)

    async def by_session(request: web.Request, body: bytes) -> web.StreamResponse:
        session = request.headers["Authorization"]
        used[session] = used.get(session, 0) + 1
        return await (records if used[session] <= 3 else page)(request, body)

    async def look_often(client: OduyoClient) -> list[int]:
        return [len(await collect(client)) for _ in range(9)]

    site = Site(login=log_in, list=by_session)
    assert use(site, look_often, time) == [5] * 9
    assert 1 < len(site.calls("login")) < 9


@pytest.mark.parametrize("page", PAGES)
def test_where_a_new_session_gets_a_page_too_no_other_is_asked_for(page: Handler, time: FakeTime) -> None:
    site = Site(list=page)
    with pytest.raises(PageLostError):
        use(site, collect, time)
    assert len(site.calls("login")) == 2


@pytest.mark.parametrize("half", [b"", b'{"status": true, "data": [{"id": "1"'])
def test_half_an_answer_is_no_page(half: bytes, time: FakeTime) -> None:
    site = Site(list=answer(200, half))
    with pytest.raises(PageLostError):
        use(site, collect, time)
    assert len(site.calls("login")) == 1


def test_a_refusal_logs_in_again_only_once(time: FakeTime) -> None:
    site = Site(list=no(200, message=RIGHT))
    with pytest.raises(ListingRefusedError):
        use(site, collect, time)
    assert len(site.calls("login")) == 2
    assert len(site.calls("list")) == 3


BARE = [answer(status, body) for status in (200, 404) for body in (b"[]", b"{}", b"false", b"null", b'""')]


@pytest.mark.parametrize(
    "empty", [ok([]), ok({}), ok(False), ok(None), ok(""), no(404), no(200), answer(404, b""), *BARE]
)
def test_a_bare_no_is_an_empty_page(empty: Handler, time: FakeTime) -> None:
    assert use(Site(list=empty), collect, time) == []
    assert use(Site(list=Records(range(1, 6), empty=empty)), find("none"), time) == []


def test_words_are_shown_without_secrets_on_one_line(time: FakeTime) -> None:
    site = Site(list=no(200, message="no\n" + "gizli-parola" + "x" * 500))
    with pytest.raises(ListingRefusedError) as caught:
        use(site, collect, time)
    assert "It said: no\\n***xxx" in str(caught.value)
    assert len(str(caught.value)) < 900


@pytest.mark.parametrize("bare", [no(404), no(200), answer(404, b""), answer(404, b"[]")])
def test_a_probe_does_not_take_a_bare_no_for_an_empty_site(bare: Handler, time: FakeTime) -> None:
    with pytest.raises(ListingError, match="accepted the login, but answered no to a list call for erp_special_code"):
        use(Site(list=bare), OduyoClient.probe, time)


def test_a_site_that_goes_down_after_the_login_is_not_reached_by_a_list_call(time: FakeTime) -> None:
    async def run() -> None:
        site = Site()
        async with site:
            client = OduyoClient(site.settings(), SPECIAL_CODE, runtime=time.runtime)
            await client.__aenter__()
            await client.log_in()
        with pytest.raises(NotSentError, match="did not carry out a list call"):
            await client.fetch_last()
        await client.__aexit__(None, None, None)

    asyncio.run(run())
