"""The client against the habits of real sites, over real HTTP: each is met by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from oduyo_provider.api.client import OduyoClient
from oduyo_provider.api.reply import Reply
from oduyo_provider.api.settings import Settings
from oduyo_provider.core.change import Outcome
from oduyo_provider.core.errors import (
    ListingError,
    ListingRefusedError,
    LoginRefusedError,
    LostAnswerError,
    OduyoError,
)
from oduyo_provider.core.record import SPECIAL_CODE
from sandbox.oduyo.server import Sandbox

Work = Callable[[OduyoClient], Awaitable[Any]]
COUNT = 30


@pytest.fixture
def site(shared_site: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """A site with `COUNT` records; the waits between tries are short."""
    monkeypatch.setattr("oduyo_provider.api.backoff.LONGEST_BACKOFF_S", 0.01)
    monkeypatch.setattr("oduyo_provider.api.session.DEFAULT_FORCED_WAIT_S", 0.01)
    shared_site.reset()
    shared_site.seed([{"integration_id": f"E{n}", "code": f"ŞUBE.{n}", "status": "1"} for n in range(1, COUNT + 1)])
    return shared_site


def use(site: Sandbox, work: Work, **extra: object) -> Any:
    async def run() -> Any:
        account = site.account
        settings = Settings.from_connection(
            host=site.url,
            port=None,
            login=account.username,
            password=account.password,
            extra={"api_key": account.api_key, "timeout_s": 5, **extra},
        )
        async with OduyoClient(settings, SPECIAL_CODE) as client:
            return await work(client)

    return asyncio.run(run())


async def do_everything(client: OduyoClient) -> None:
    """List, look up, create, update and delete, each with its right result."""
    last = await client.fetch_highest_id()
    assert last == str(COUNT)
    records = await client.snapshot_records()
    assert [record["code"] for record in records] == [f"ŞUBE.{n}" for n in range(1, COUNT + 1)]
    assert [record["id"] for record in await client.fetch_by("integration_id", "E7")] == ["7"]
    assert await client.fetch_by("integration_id", "none") == []
    assert await client.fetch_by("id", "999") == []
    made = await client.create({"integration_id": "N1", "code": "ĞÜ.1", "status": "1"})
    assert (made.outcome, made.oduyo_id, made.sends) == (Outcome.DONE, str(COUNT + 1), 1)
    assert [[record["code"] for record in page] async for page in client.list_records(last)] == [["ĞÜ.1"]]
    changed = await client.update({"id": "7", "integration_id": "E7", "code": "ŞUBE.7", "status": "0"})
    assert changed.outcome is Outcome.DONE
    assert [record["status"] for record in await client.fetch_by("id", "7")] == ["0"]
    assert (await client.delete("8")).outcome is Outcome.DONE
    assert await client.fetch_by("id", "8") == []


@pytest.mark.parametrize(
    "habit",
    [
        pytest.param("notice", id="b4-notice"),
        pytest.param("page_fails=10", id="b6-page_fails"),
        pytest.param({"habit": "page_fails", "above": 1, "status": 500}, id="b6-page_fails_above_1"),
        pytest.param("bom=2", id="b7-bom"),
        pytest.param("one_as_object", id="b7-one_as_object"),
        *(
            pytest.param(f"empty_as={shape}", id=f"b7-empty_as_{shape}")
            for shape in (
                *("data_array", "data_object", "data_false", "data_null", "data_text", "data_absent", "words"),
                *("words_404", "status_false", "status_false_404", "no_body_404", "empty_array", "empty_object"),
                *("bare_false", "bare_null", "empty_text"),
            )
        ),
        pytest.param("numbers", id="b7-numbers"),
        pytest.param("charset=windows-1254", id="b8-charset"),
        pytest.param("charset=iso-8859-9", id="b8-latin5"),
        pytest.param("long_header=9000", id="b9-long_header"),
        pytest.param("long_header=60000", id="b9-very_long_header"),
        pytest.param("cookie", id="b10-cookie"),
        pytest.param("nodes=2", id="b10-nodes"),
        pytest.param("filter_ignored=integration_id", id="filter_ignored"),
        pytest.param("nulls_left_out", id="nulls_left_out"),
        pytest.param("more_fields=3", id="more_fields"),
    ],
)
def test_everything_works_under_a_habit(site: Sandbox, habit: Any) -> None:
    site.set_habits(habit)
    use(site, do_everything)


@pytest.mark.parametrize("message", ["Token süresi doldu", "Token expired", "Login required"])
def test_b2_a_dead_session_in_words_of_its_own_is_renewed_for_lists(site: Sandbox, message: str) -> None:
    async def work(client: OduyoClient) -> None:
        await client.fetch_last()
        site.expire()
        assert len(await client.snapshot_records()) == COUNT

    site.set_habits({"habit": "dead_session", "message": message})
    use(site, work)
    assert site.log()["counters"]["login"] == 2


def test_b2_a_session_that_dies_within_a_listing_in_words_of_its_own_is_renewed(site: Sandbox) -> None:
    async def work(client: OduyoClient) -> None:
        assert len(await client.snapshot_records()) == COUNT

    site.set_readings(list_cap=1)
    site.set_habits({"habit": "dead_session", "message": "Token süresi doldu"}, {"habit": "session_calls", "calls": 10})
    use(site, work)
    assert site.counts()["login"] > COUNT // 10


def test_b6_the_newest_records_are_asked_for_by_pages_that_the_site_gives(site: Sandbox) -> None:
    async def work(client: OduyoClient) -> None:
        assert await client.fetch_top(1000) == []
        assert len(await client.snapshot_records()) == COUNT
        assert next(iter(await client.fetch_top(1000)))["id"] == str(COUNT)

    site.set_habits({"habit": "page_fails", "above": 5, "status": 500})
    use(site, work)


@pytest.mark.parametrize("status", [403, 406])
def test_b3_a_firewall_refuses_one_row_and_the_rest_goes_on(site: Sandbox, status: int) -> None:
    async def work(client: OduyoClient) -> list[Reply]:
        codes = [f"K{n}" if n % 5 else "<K>" for n in range(1, 21)]
        sent = (client.create({"integration_id": code, "code": code, "status": "1"}) for code in codes)
        return await asyncio.gather(*sent)

    site.set_habits({"habit": "firewall", "text": "<K>", "status": status})
    replies = use(site, work)
    assert [reply.outcome is Outcome.REFUSED and reply.by_firewall for reply in replies] == [
        n % 5 == 0 for n in range(1, 21)
    ]
    assert sum(reply.outcome is Outcome.DONE for reply in replies) == 16
    assert site.log()["counters"]["login"] == 1


@pytest.mark.parametrize("shape", ["words", "words_404"])
def test_a3_a_user_who_may_not_list_stops_every_look(site: Sandbox, shape: str) -> None:
    site.set_habits(f"no_list={shape}")
    for work in (OduyoClient.fetch_highest_id, OduyoClient.snapshot_records, OduyoClient.probe):
        with pytest.raises(ListingRefusedError, match="yetkiniz bulunmamaktadır"):
            use(site, work)


@pytest.mark.parametrize("shape", ["status_false_404", "no_body_404", "empty_array", "data_false", "bare_null"])
def test_a3_a_site_that_says_nothing_looks_empty_and_the_caller_has_to_judge(site: Sandbox, shape: str) -> None:
    site.set_habits(f"no_list={shape}")
    assert use(site, OduyoClient.snapshot_records) == []
    assert use(site, OduyoClient.fetch_last) is None


@pytest.mark.parametrize("shape", ["html_404", "no_body"])
def test_what_is_no_answer_to_a_list_call_is_an_error(site: Sandbox, shape: str) -> None:
    site.set_habits(f"no_list={shape}")
    with pytest.raises(LostAnswerError):
        use(site, OduyoClient.snapshot_records)


def test_b11_a_clock_that_is_off_does_not_change_a_wait(site: Sandbox) -> None:
    async def work(client: OduyoClient) -> list[Reply]:
        return await asyncio.gather(*(client.create({"integration_id": f"N{n}", "code": "K"}) for n in range(4)))

    pace = {"habit": "pace", "per_s": 10, "burst": 1, "status": 429, "retry_after_s": 1, "retry_after_as": "date"}
    for seconds in (-300, 300):
        site.set_habits(pace, {"habit": "clock_off", "seconds": seconds})
        assert {reply.outcome for reply in use(site, work)} == {Outcome.DONE}


@pytest.mark.parametrize(
    ("status", "kind", "logins"),
    [(423, LoginRefusedError, 1), (429, LostAnswerError, 4), (500, LostAnswerError, 1)],
)
def test_b14_what_a_login_is_refused_with_is_said(
    site: Sandbox, status: int, kind: type[OduyoError], logins: int
) -> None:
    site.set_habits({"habit": "login_fails", "status": status})
    with pytest.raises(kind, match=f"HTTP {status}, message: Hesabınız kilitlendi"):
        use(site, OduyoClient.log_in)
    assert site.log()["counters"]["login"] == logins


@pytest.mark.parametrize("how", ["both", "doubled", "trailing"])
def test_b16_an_answer_that_is_framed_wrongly_is_said_to_be(site: Sandbox, how: str) -> None:
    site.set_habits({"habit": "framing", "how": how, "call": "list"})
    with pytest.raises(LostAnswerError, match="breaks the rules of HTTP"):
        use(site, OduyoClient.fetch_last)


def test_b8_a_charset_that_is_not_named_is_not_guessed(site: Sandbox) -> None:
    site.set_habits({"habit": "charset", "name": "windows-1254", "named": False})
    with pytest.raises(ListingError, match="a text that is not UTF-8"):
        use(site, OduyoClient.snapshot_records)
