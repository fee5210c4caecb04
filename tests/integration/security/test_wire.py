"""What goes over the network: only to the site that the connection names, and only so much of what it answers."""

from __future__ import annotations

import asyncio
import gzip
import json
import ssl
from base64 import b64encode
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from aiohttp import web
from requests.adapters import HTTPAdapter
from requests.cookies import RequestsCookieJar
from requests.exceptions import ProxyError, ReadTimeout

from oduyo_provider.api.client import OduyoClient
from oduyo_provider.api.reply import Reply
from oduyo_provider.api.transport import DEFAULT_MAX_BODY_BYTES
from oduyo_provider.core.change import Outcome
from oduyo_provider.core.errors import OduyoError
from oduyo_provider.core.record import SPECIAL_CODE
from oduyo_provider.core.redact import Redactor
from oduyo_provider.hooks.oduyo import OduyoHook
from oduyo_provider.hooks.site_http import SiteHttp
from sandbox.oduyo.server import Sandbox
from tests.unit.api.conftest import certificate, server_tls
from tests.unit.api.wire import API_KEY, PASSWORD, Handler, Site, answer

__all__ = ["certificate", "server_tls"]

PATH = "erp/erp_special_code/list"
LIST = {"filters": "", "params": "", "limit": "10", "offset": "0", "sorting": ""}
FIELDS = {"integration_id": "1", "code": "K"}


def use(site: Site, work: Callable[[OduyoClient], Coroutine[Any, Any, Any]], **settings: Any) -> Any:
    async def run() -> Any:
        async with site:
            if site.tls is not None:
                settings["base_url"] = f"https://localhost:{site.port}/api/v1"
            async with OduyoClient(site.settings(**settings), SPECIAL_CODE) as client:
                return await work(client)

    return asyncio.run(run())


def ask(hook: OduyoHook) -> Any:
    return hook.run(PATH, json=LIST).json()


def call_hook(
    monkeypatch: pytest.MonkeyPatch, site: Site, work: Callable[[OduyoHook], Any] = ask, **extra: object
) -> Any:
    """Work with a hook of a site, in a thread of its own as a task would."""

    async def run() -> Any:
        async with site:
            given = {"api_key": API_KEY, "timeout_s": 5, **extra}
            host = f"{'http' if site.tls is None else 'https'}://localhost:{site.port}"
            fields = {"conn_type": "oduyo", "host": host, "login": "ayse", "password": PASSWORD}
            monkeypatch.setenv("AIRFLOW_CONN_ODUYO_DEFAULT", json.dumps({**fields, "extra": json.dumps(given)}))
            return await asyncio.to_thread(lambda: work(OduyoHook()))

    return asyncio.run(run())


class TestTls:
    """A certificate that nobody vouches for ends the call before any secret is sent, unless the connection names it."""

    @pytest.fixture(autouse=True)
    def _short_backoff(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("oduyo_provider.api.backoff.LONGEST_BACKOFF_S", 0.01)

    @pytest.fixture
    def site(self, server_tls: ssl.SSLContext) -> Site:
        # requests keeps a connection open until the server closes it; aiohttp, which made the login, closes its own.
        closing = answer(200, {"status": True, "data": []}, Connection="close")
        site = Site(list=closing, create=answer(200, {"status": True, "data": "added id <1>"}))
        site.tls = server_tls
        return site

    def test_the_client_refuses_and_names_the_extra(self, site: Site) -> None:
        reply: Reply = use(site, lambda client: client.create(FIELDS))
        assert (reply.outcome, reply.sends) == (Outcome.FAILED, 0)
        assert "The TLS certificate of localhost" in reply.reason
        assert "set the extra verify of the connection to the path of its CA bundle" in reply.reason
        assert site.seen == []

    def test_the_client_takes_a_bundle(self, site: Site, certificate: Path) -> None:
        reply = use(site, lambda client: client.create(FIELDS), verify=str(certificate))
        assert (reply.outcome, reply.oduyo_id) == (Outcome.DONE, "1")

    def test_the_hook_refuses_and_names_the_extra(self, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
        from airflow.sdk.exceptions import AirflowException

        with pytest.raises(AirflowException, match=r"certificate of localhost.* the extra verify"):
            call_hook(monkeypatch, site)
        assert site.seen == []

    def test_the_hook_takes_a_bundle_for_the_login_and_for_the_call(
        self, site: Site, certificate: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert call_hook(monkeypatch, site, verify=str(certificate)) == {"status": True, "data": []}
        assert [seen.call for seen in site.seen] == ["login", "list"]

    def test_a_bundle_of_the_environment_vouches_for_nothing(
        self, site: Site, certificate: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from airflow.sdk.exceptions import AirflowException

        for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
            monkeypatch.setenv(name, str(certificate))
        with pytest.raises(AirflowException, match="certificate of localhost"):
            call_hook(monkeypatch, site)


class TestRedirects:
    """No redirect is followed, so that neither key nor session reaches another host."""

    @pytest.fixture
    def elsewhere(self) -> Any:
        with Sandbox() as site:
            yield site

    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
    @pytest.mark.parametrize("call", ["login", "list"])
    def test_by_the_client(self, elsewhere: Sandbox, status: int, call: str) -> None:
        away = answer(status, b"", Location=f"{elsewhere.url}/api/v1/{PATH}")
        with pytest.raises(OduyoError):
            use(Site(**{call: away}), lambda client: client.fetch_last())
        assert elsewhere.log()["counters"]["requests"] == 0

    @pytest.mark.parametrize("status", [302, 307])
    @pytest.mark.parametrize("options", [{}, {"allow_redirects": True}])
    def test_by_the_hook_also_when_it_is_asked_for(
        self, oduyo: Sandbox, elsewhere: Sandbox, status: int, options: dict[str, Any]
    ) -> None:
        from airflow.sdk.exceptions import AirflowException

        away = {"Location": f"{elsewhere.url}/api/v1/{PATH}"}
        oduyo.set_faults({"call": "list", "kind": "status", "status": status, "headers": away, "body": ""})
        with pytest.raises(AirflowException, match=f"HTTP {status}"):
            OduyoHook().run(PATH, json=LIST, extra_options=options)
        assert OduyoHook().get_conn().post(f"{oduyo.url}/api/v1/{PATH}", json=LIST).status_code == status
        assert elsewhere.log()["counters"]["requests"] == 0


def endless(size: int) -> Handler:
    """Sends a body of unannounced length, a MiB at a time."""

    async def handle(request: web.Request, _: bytes) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        for _n in range(size >> 20):
            await response.write(b" " * (1 << 20))
        return response

    return handle


class TestSize:
    """An answer is read up to 64 MiB, packed or not, and to no depth at which reading it would fail."""

    def test_the_bound_is_64_mib(self) -> None:
        assert DEFAULT_MAX_BODY_BYTES == 64 << 20

    @pytest.mark.parametrize(
        "handler",
        [
            endless(80 << 20),
            answer(200, gzip.compress(b" " * (80 << 20), compresslevel=1), Content_Encoding="gzip"),
        ],
        ids=["plain", "packed"],
    )
    def test_a_longer_answer_to_a_create_leaves_it_unknown(self, handler: Handler) -> None:
        reply: Reply = use(Site(create=handler), lambda client: client.create(FIELDS))
        assert (reply.outcome, reply.lost, reply.body) == (Outcome.DOUBTFUL, 1, "")
        assert "more than 67,108,864 bytes" in reply.reason

    @pytest.mark.parametrize(
        "handler",
        [
            endless(80 << 20),
            answer(200, gzip.compress(b" " * (80 << 20), compresslevel=1), Content_Encoding="gzip"),
        ],
        ids=["plain", "packed"],
    )
    def test_the_hook_reads_no_more_either(self, handler: Handler, monkeypatch: pytest.MonkeyPatch) -> None:
        from airflow.sdk.exceptions import AirflowException

        with pytest.raises(AirflowException, match="more than 67,108,864 bytes"):
            call_hook(monkeypatch, Site(list=handler))

    @pytest.mark.parametrize("signs", ["[]", '{"a":}'])
    def test_a_deeply_nested_page_is_no_page(self, signs: str) -> None:
        opening, closing = signs[:-1], signs[-1]
        deep = (opening * 100_000 + "1" + closing * 100_000).encode()
        page = b'{"status": true, "data": ' + deep + b"}"
        with pytest.raises(OduyoError) as caught:
            use(Site(list=answer(200, page)), lambda client: client.fetch_last())
        assert len(str(caught.value)) < 1_000

    def test_a_deeply_nested_login_or_create_is_no_answer(self) -> None:
        deep = b"[" * 100_000 + b"]" * 100_000
        body = b'{"status": true, "session_id": ' + deep + b', "data": ' + deep + b"}"
        with pytest.raises(OduyoError, match="does not answer as the Ödüyo API does"):
            use(Site(login=answer(200, body)), lambda client: client.create(FIELDS))
        reply: Reply = use(Site(create=answer(200, body)), lambda client: client.create(FIELDS))
        assert (reply.outcome, reply.lost) == (Outcome.DOUBTFUL, 1)


COOKIE = "a%3A4%3A%7Bgizli"


async def tell_all(request: web.Request, _: bytes) -> web.StreamResponse:
    """Refuses, in words that hold the request's cookies, as they came and as PHP has them, and sets another one."""
    cookies = request.headers.get("Cookie", "")
    text = {"status": False, "message": f"red {cookies} {unquote(cookies)}"}
    named = {"Content-Type": "application/json", "Connection": "close"}
    headers = {**named, "Set-Cookie": f"later=2-{COOKIE}; Path=/"}
    return web.Response(status=404, text=json.dumps(text), headers=headers)


class TestCookies:
    """Whoever has the site's cookie may be taken for the session's user: no text shows one."""

    @pytest.fixture
    def site(self) -> Site:
        login = answer(200, {"session_id": "session-0001"}, Set_Cookie=f"ci_session={COOKIE}; Path=/; HttpOnly")
        return Site(login=login, create=tell_all, list=tell_all)

    def test_none_is_shown_by_the_client(self, site: Site) -> None:
        async def work(client: OduyoClient) -> list[Reply]:
            return [await client.create(FIELDS) for _ in range(2)]

        replies = use(site, work)
        assert [seen.headers["Cookie"].count("gizli") for seen in site.calls("create")] == [1, 2]
        for reply in replies:
            assert "red ci_session=***" in reply.body
            assert "gizli" not in repr(reply)

    def test_none_is_shown_by_the_hook(self, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
        from airflow.sdk.exceptions import AirflowException

        def ask_twice(hook: OduyoHook) -> list[str]:
            said: list[str] = []
            for _ in range(2):
                with pytest.raises(AirflowException, match=r"red ci_session=\*\*\*") as caught:
                    ask(hook)
                said.append(str(caught.value))
            return said

        masked: list[str] = []
        monkeypatch.setattr("oduyo_provider.hooks.oduyo.mask_secret", masked.append)
        said = call_hook(monkeypatch, site, ask_twice)
        assert "later=***" in said[1]
        assert "gizli" not in "".join(said)
        assert {COOKIE, unquote(COOKIE)} <= set(masked)

    def test_none_is_shown_in_a_task_s_log(self, site: Site) -> None:
        told: list[str] = []

        async def run() -> None:
            async with site, OduyoClient(site.settings(), SPECIAL_CODE, on_secret=told.append) as client:
                await client.create(FIELDS)

        asyncio.run(run())
        assert told == ["session-0001", COOKIE, unquote(COOKIE)]


class TestWhatRequestsSays:
    """The hook's single calls go out through ``requests``, which shows what it is told."""

    def test_php_s_escapes_hide_no_secret(self, monkeypatch: pytest.MonkeyPatch) -> None:
        from airflow.sdk.exceptions import AirflowException

        body = json.dumps({"status": False, "message": f"red {API_KEY} {PASSWORD}"}).encode()
        escaped = body.replace(b"=", b"\\u003D").replace(b"gizli", b"\\u0067izli")
        with pytest.raises(AirflowException, match=r"red \*\*\* \*\*\*"):
            call_hook(monkeypatch, Site(list=answer(404, escaped, Connection="close")))

    def test_the_words_of_a_proxy_hide_none_either(self) -> None:
        async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            [login] = [line for line in head.splitlines() if line.lower().startswith("proxy-authorization")]
            writer.write(f"HTTP/1.1 403 No {login}\r\nContent-Length: 0\r\n\r\n".encode())
            writer.close()

        async def run() -> None:
            async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server:
                port = server.sockets[0].getsockname()[1]
                settings = Site().settings(proxy=f"http://ayse:cok-gizli@127.0.0.1:{port}")
                http = SiteHttp(settings, RequestsCookieJar(), Redactor(settings.secrets))
                await asyncio.to_thread(http.post, "https://oduyo.invalid/api/v1/x")

        with pytest.raises(ProxyError, match=r"403 No .*\*\*\*") as caught:
            asyncio.run(run())
        assert caught.value.__context__ is None
        assert b64encode(b"ayse:cok-gizli").decode() not in str(caught.value)

    def test_an_error_of_somebody_s_own_adapter_is_raised_as_the_one_of_requests_that_it_is(self) -> None:
        class SlowGatewayError(ReadTimeout):
            def __init__(self, gateway: str, seconds: int) -> None:
                super().__init__(f"{gateway} took {seconds} s for {API_KEY}")

        class OwnAdapter(HTTPAdapter):
            def send(self, *_args: Any, **_options: Any) -> Any:
                raise SlowGatewayError("gw1", 30)

        settings = Site().settings()
        http = SiteHttp(settings, RequestsCookieJar(), Redactor(settings.secrets))
        http.mount("https://", OwnAdapter())
        with pytest.raises(ReadTimeout, match=r"^gw1 took 30 s for \*\*\*$"):
            http.post("https://oduyo.invalid/api/v1/x")
