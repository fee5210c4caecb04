from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from oduyo_provider.api.login import read_login
from oduyo_provider.api.meaning import Meaning
from oduyo_provider.api.probe import Probe
from oduyo_provider.api.records import Filter, encode_list
from oduyo_provider.api.transport import Answer
from oduyo_provider.core.errors import LoginRefusedError, LostAnswerError, NotSentError
from oduyo_provider.core.record import SPECIAL_CODE
from oduyo_provider.core.redact import Redactor
from tests.unit.api.wire import API_KEY, SESSION, Handler, Site, answer, hang_up, no, ok

BODY = encode_list((), 1)


def use(site: Site, work: Callable[[Probe], Awaitable[Any]], **settings: Any) -> Any:
    """What `work` makes of a probe of the site; `redact` and `secrets` are its own."""

    async def run() -> Any:
        async with site:
            given = site.settings(**settings)
            async with Probe(given, SPECIAL_CODE, redact=REDACT, on_secret=SECRETS.append) as probe:
                return await work(probe)

    return asyncio.run(run())


REDACT = Redactor()
SECRETS: list[str] = []


@pytest.fixture(autouse=True)
def _forget() -> None:
    SECRETS.clear()


@pytest.mark.parametrize(
    ("handler", "meaning", "status"),
    [
        (ok([]), Meaning.DONE, 200),
        (no(401), Meaning.SESSION, 401),
        (no(404, message="hayır"), Meaning.REFUSED, 404),
        (answer(503), Meaning.UNKNOWN, 503),
        (answer(500, b"<html>"), Meaning.UNKNOWN, 500),
        (hang_up, Meaning.UNKNOWN, 0),
    ],
)
def test_each_call_is_sent_once_whatever_comes(handler: Handler, meaning: Meaning, status: int) -> None:
    site = Site(list=handler)
    seen = use(site, lambda probe: probe.send("list", BODY, SESSION))
    assert (seen.call, seen.meaning, seen.status) == ("list", meaning, status)
    assert len(site.seen) == 1
    assert (site.seen[0].headers["Apikey"], site.seen[0].headers["Authorization"]) == (API_KEY, SESSION)
    assert site.seen[0].path == "/api/v1/erp/erp_special_code/list"
    assert seen.took_s >= 0


def test_a_call_that_is_not_permitted_is_not_sent() -> None:
    def refuse() -> None:
        raise LookupError("no longer ours")

    async def work(probe: Probe) -> None:
        await probe.send("create", BODY, SESSION, refuse)

    site = Site(create=ok("<1>"))
    with pytest.raises(LookupError):
        use(site, work)
    assert site.calls("create") == []


def test_a_site_that_cannot_be_reached_is_an_answer_too() -> None:
    async def work(probe: Probe) -> None:
        for seen in (await probe.send("list", BODY, SESSION), await probe.log_in()):
            assert (seen.meaning, seen.status, seen.answer) == (Meaning.NOT_SENT, 0, None)
            assert "cannot be reached" in seen.classification.reason
        with pytest.raises(NotSentError, match="cannot be reached"):
            probe.open_session(await probe.log_in())

    use(Site(), work, base_url="http://127.0.0.1:1/api/v1")


def test_a_session_is_a_secret_from_the_moment_it_is_known() -> None:
    async def work(probe: Probe) -> None:
        seen = await probe.log_in()
        assert SECRETS == []
        assert probe.open_session(seen).session_id == SESSION
        assert SECRETS == [SESSION]
        assert REDACT(f"<{SESSION}>") == "<***>"
        assert probe.requests == 1

    use(Site(), work)


def test_where_nobody_asks_for_secrets_a_session_is_only_kept_out_of_messages() -> None:
    async def work() -> None:
        async with site, Probe(site.settings(), SPECIAL_CODE, redact=REDACT) as probe:
            assert probe.open_session(await probe.log_in()).session_id == SESSION

    site = Site()
    asyncio.run(work())
    assert REDACT(f"<{SESSION}>") == "<***>"
    assert SECRETS == []


def test_a_login_is_sent_once_and_read_without_another_try() -> None:
    async def work(probe: Probe) -> None:
        with pytest.raises(LoginRefusedError, match="HTTP 401"):
            probe.open_session(await probe.log_in())
        with pytest.raises(LostAnswerError, match="HTTP 500"):
            probe.open_session(await probe.log_in())
        with pytest.raises(LostAnswerError):
            probe.open_session(await probe.log_in())

    site = Site(login=[no(401), answer(500), hang_up])
    use(site, work)
    assert len(site.seen) == 3


def test_an_answer_that_may_be_another_later_is_no_final_one() -> None:
    given = Site().settings()
    with pytest.raises(LostAnswerError, match="overloaded or out of order"):
        read_login(given, Answer(429, {}, b"{}"), str)


def test_a_list_call_may_name_an_offset_and_several_values() -> None:
    body = encode_list([Filter("id", "IN", ("1", "2"))], 5, offset="7")
    assert b'"offset":"7"' in body
    assert b'"value":["1","2"]' in body
