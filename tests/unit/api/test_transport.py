from __future__ import annotations

import asyncio
import gc
import gzip
import io
import socket
import ssl
import threading
import weakref
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from rich.console import Console

from oduyo_provider.api.transport import Answer, Transport
from oduyo_provider.core.errors import LostAnswerError, NotSentError, OduyoError, SettingsError
from oduyo_provider.core.redact import Redactor
from tests.unit.api.conftest import PlainCa
from tests.unit.api.proxy import Proxy
from tests.unit.api.wire import Handler, Site, answer, cut, hang, hang_up


def post(site: Site, handler: Handler, limit: int = 10_000, **changes: Any) -> Answer:
    """One request to `handler`."""

    async def run() -> Answer:
        site.script(create=handler)
        async with site, Transport(site.settings(**changes), max_body_bytes=limit) as transport:
            return await transport.post("erp/x/create", b'{"a": "\xc5\x9f"}', {"Apikey": "K"})

    return asyncio.run(run())


def fail(kind: type[OduyoError], **changes: Any) -> str:
    """One request to where nobody answers."""

    async def run() -> None:
        async with Transport(Site().settings(**changes)) as transport:
            await transport.post("x", b"", {})

    with pytest.raises(kind) as caught:
        asyncio.run(run())
    return str(caught.value)


def test_an_answer_comes_back_whole_whatever_its_status() -> None:
    site = Site()
    got = post(site, answer(418, {"a": 1}, X_Thing="y"))
    assert (got.status, got.body, got.headers["x-thing"]) == (418, b'{"a": 1}', "y")
    seen = site.seen[0]
    assert (seen.path, seen.body) == ("/api/v1/erp/x/create", b'{"a": "\xc5\x9f"}')
    assert seen.headers["Apikey"] == "K"


def test_a_body_asks_right_before_it_leaves_also_when_the_connection_took_its_time() -> None:
    now, allowed = [0], [True]
    site = Site()

    async def run() -> int:
        site.script(create=answer(200, {"a": 1}))

        def check() -> None:
            now.append(len(site.seen))
            if not allowed[0]:
                raise LostAnswerError("may no longer send")

        async with site, Transport(site.settings()) as transport:
            await transport.post("create", b"1", {}, before_send=check)
            late = asyncio.ensure_future(transport.post("create", b"2", {}, before_send=check))
            allowed[0] = False  # the call has begun, and no byte of it has left
            with pytest.raises(LostAnswerError, match="may no longer send"):
                await late
            allowed[0] = True
            return (await transport.post("create", b"3", {}, before_send=check)).status

    assert asyncio.run(run()) == 200
    assert [seen.body for seen in site.seen] == [b"1", b"3"]
    assert now == [0, 0, 1, 1]


def test_a_redirect_is_not_followed() -> None:
    site = Site()
    assert post(site, answer(302, b"", Location="/elsewhere")).status == 302
    assert len(site.seen) == 1


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
@pytest.mark.parametrize(
    "cookie",
    [
        "ci_session=a%3A4%3A%7Bs%3A10; Path=/",
        "SRV=n1==; path=/; HttpOnly",
        pytest.param(
            "x=a b; SameSite=Lax",
            marks=pytest.mark.skipif(
                tuple(map(int, aiohttp.__version__.split(".")[:2])) < (3, 14),
                reason="aiohttp before 3.14 ends it at the blank",
            ),
        ),
    ],
)
def test_b10_a_cookie_is_kept_for_the_site_and_sent_back_as_it_came(host: str, cookie: str) -> None:
    async def run() -> None:
        async with Site(create=[answer(200, {}, Set_Cookie=cookie), answer(200)]) as site:
            async with Transport(site.settings(base_url=f"http://{host}:{site.port}/api/v1")) as transport:
                first = await transport.post("create", b"", {})
                await transport.post("create", b"", {})
            assert first.cookies == (cookie,)
            assert "Cookie" not in site.seen[0].headers
            assert site.seen[1].headers["Cookie"] == cookie.partition(";")[0]

    asyncio.run(run())


@pytest.mark.parametrize(
    "cookie", ["a=b; Domain=elsewhere.example", "a=b; Path=/panel", "a=b; Max-Age=0", "a=b; Secure"]
)
def test_b10_a_cookie_that_is_not_for_this_is_not_sent(cookie: str) -> None:
    async def run() -> None:
        async with Site(create=[answer(200, {}, Set_Cookie=cookie), answer(200)]) as site:
            async with Transport(site.settings(base_url=f"http://localhost:{site.port}/api/v1")) as transport:
                await transport.post("create", b"", {})
                await transport.post("create", b"", {})
            assert "Cookie" not in site.seen[1].headers

    asyncio.run(run())


def test_b9_a_header_may_be_as_long_as_64_kib() -> None:
    for length in (9_000, 64_000):
        assert post(Site(), answer(200, {}, X_Long="x" * length)).headers["x-long"] == "x" * length
    with pytest.raises(LostAnswerError, match="breaks the rules of HTTP"):
        post(Site(), answer(200, {}, X_Long="x" * 70_000))


def test_b8_a_body_comes_in_utf8_whatever_charset_it_names() -> None:
    text = '{"data": "ŞİŞLİ"}'
    named = answer(200, text.encode("cp1254"), Content_Type="application/json; charset=windows-1254")
    assert post(Site(), named).body == text.encode()


def test_one_connection_serves_many_requests() -> None:
    ports: set[Any] = set()

    async def note(request: web.Request, _: bytes) -> web.StreamResponse:
        ports.add(request.transport.get_extra_info("peername"))  # type: ignore[union-attr]
        return web.Response()

    async def run() -> None:
        async with Site(create=note) as site, Transport(site.settings()) as transport:
            for _ in range(5):
                await transport.post("create", b"", {})

    asyncio.run(run())
    assert len(ports) == 1


def test_a_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert post(Site(), answer(200)).status == 200


def test_a_compressed_answer_is_unpacked_and_its_unpacked_size_counts() -> None:
    packed = gzip.compress(b"x" * 5000)
    assert post(Site(), answer(200, packed, Content_Encoding="gzip")).body == b"x" * 5000
    with pytest.raises(LostAnswerError, match="more than 4,999 bytes"):
        post(Site(), answer(200, packed, Content_Encoding="gzip"), limit=4999)


def test_a_body_may_be_as_long_as_the_limit_and_no_longer() -> None:
    assert len(post(Site(), answer(200, b"x" * 10_000)).body) == 10_000
    with pytest.raises(LostAnswerError, match="more than 10,000 bytes"):
        post(Site(), answer(200, b"x" * 10_001))


@pytest.mark.parametrize("handler", [hang_up, cut, answer(200, b"no gzip", Content_Encoding="gzip")])
def test_a_broken_answer_is_a_lost_one(handler: Handler) -> None:
    with pytest.raises(LostAnswerError, match=r"The request to .* was sent, but .* Ask who runs the site"):
        post(Site(), handler)


def test_a_late_answer_is_a_lost_one() -> None:
    with pytest.raises(
        LostAnswerError, match=r"was sent.* Ask who runs the site whether it is up; .* raise the extra timeout_s"
    ):
        post(Site(), hang, timeout_s=0.2)


def test_an_error_is_freed_at_once_and_what_it_holds_with_it() -> None:
    # A night of lost answers must not wait for garbage collection, which is rare while a load runs.
    async def run() -> None:
        async with Site(create=hang_up) as site, Transport(site.settings()) as transport:
            try:
                await transport.post("erp/x/create", b"", {})
            except LostAnswerError as error:
                errors.append(weakref.ref(error))

    errors: list[weakref.ref[LostAnswerError]] = []
    gc.disable()
    try:
        asyncio.run(run())
        assert [error() for error in errors] == [None]
    finally:
        gc.enable()


def test_an_answer_that_is_no_http_is_a_lost_one_and_leaks_nothing() -> None:
    async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        writer.write(b"gizli-1\r\n\x1b[31m\r\n\r\n")
        writer.close()

    async def run() -> None:
        server = await asyncio.start_server(babble, "127.0.0.1", 0)
        site = Site()
        site.port = server.sockets[0].getsockname()[1]
        async with server, Transport(site.settings(), Redactor(["gizli-1"])) as transport:
            await transport.post("x", b"", {"Authorization": "gizli-1"})

    with pytest.raises(LostAnswerError) as caught:
        asyncio.run(run())
    assert "gizli-1" not in str(caught.value)
    assert str(caught.value).isprintable()
    # aiohttp's own error holds the request's headers.
    assert caught.value.__context__ is None
    assert caught.value.__cause__ is None


def test_a_connection_that_the_server_closed_while_idle_is_a_lost_answer() -> None:
    async def serve_one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        writer.close()

    async def run() -> None:
        server = await asyncio.start_server(serve_one, "127.0.0.1", 0)
        site = Site()
        site.port = server.sockets[0].getsockname()[1]
        async with server, Transport(site.settings()) as transport:
            assert (await transport.post("x", b"", {})).status == 200
            with pytest.raises(LostAnswerError):
                await transport.post("x", b"", {})

    asyncio.run(run())


BODY = b'{"status":true}'


@pytest.mark.parametrize(
    ("head", "said"),
    [
        ("Content-Length: 15\r\nTransfer-Encoding: chunked", "Transfer-Encoding can't be present with Content-Length"),
        ("Content-Length: 15\r\nContent-Length: 15", "Duplicate Content-Length"),
        ("Content-Length: 15, 15", "Invalid character in Content-Length"),
        ("X-A : b\r\nContent-Length: 15", "Invalid header token"),
        ("Content-Encoding: gzip\r\nContent-Length: 15", "Can not decode content-encoding: gzip"),
    ],
)
def test_b16_an_answer_that_breaks_the_rules_of_http_is_said_to(head: str, said: str) -> None:
    with pytest.raises(LostAnswerError) as caught:
        post_raw(f"HTTP/1.1 200 OK\r\n{head}\r\n\r\n".encode() + BODY)
    assert f"the answer breaks the rules of HTTP and cannot be read ({said})" in str(caught.value)
    assert "Ask who runs the site" in str(caught.value)


@pytest.mark.parametrize(
    "raw",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 15\r\nConnection: close\r\n\r\n" + BODY + b"\n\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n" + BODY + b"\n",
        b"HTTP/1.1 200 OK\r\n\r\n" + BODY,
        b"HTTP/1.0 200 OK\nContent-Length: 15\n\n" + BODY,
        b"HTTP/1.1 200\r\nContent-Length: 15\r\n\r\n" + BODY,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nf  \r\n" + BODY + b"\r\n0\r\n\r\n",
    ],
)
def test_b16_what_curl_and_requests_let_pass_is_read(raw: bytes) -> None:
    assert post_raw(raw).body == BODY


def post_raw(raw: bytes) -> Answer:
    """One request to a server that answers these bytes."""

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(raw)
        await writer.drain()
        writer.close()

    async def run() -> Answer:
        server = await asyncio.start_server(speak, "127.0.0.1", 0)
        site = Site()
        site.port = server.sockets[0].getsockname()[1]
        async with server, Transport(site.settings()) as transport:
            return await transport.post("x", b"", {})

    return asyncio.run(run())


def test_a_refused_connection_is_not_sent() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/api/v1"
        assert "cannot be reached" in fail(NotSentError, base_url=url)


def test_an_unknown_host_is_not_sent() -> None:
    assert "nowhere.invalid" in fail(NotSentError, base_url="http://nowhere.invalid/api/v1")


def test_a_name_that_is_not_looked_up_in_time_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    is_over = threading.Event()

    def look_up(*_: object, **__: object) -> None:
        is_over.wait(10)
        raise OSError("no name server")

    async def run() -> None:
        async with Transport(Site().settings(base_url="http://slow.invalid/api/v1", timeout_s=0.2)) as transport:
            try:
                await transport.post("x", b"", {})
            finally:
                is_over.set()

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    with pytest.raises(NotSentError, match="in time"):
        asyncio.run(run())


def test_a_connection_that_is_not_accepted_in_time_is_not_sent(server_tls: ssl.SSLContext) -> None:
    # A listener that takes the connection and never speaks TLS: the handshake belongs to connecting.
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"https://127.0.0.1:{silent.getsockname()[1]}/api/v1"
        assert "in time" in fail(NotSentError, base_url=url, timeout_s=0.2)


def test_a_certificate_that_nobody_vouches_for_names_verify(server_tls: ssl.SSLContext) -> None:
    with pytest.raises(NotSentError, match=r"certificate of localhost.*the extra verify"):
        post_tls(server_tls, verify=True)


def test_a_host_that_does_not_speak_tls_is_not_sent() -> None:
    async def run() -> None:
        async with Site() as site, Transport(site.settings(base_url=f"https://127.0.0.1:{site.port}")) as transport:
            await transport.post("x", b"", {})

    with pytest.raises(NotSentError, match="No TLS connection"):
        asyncio.run(run())


def post_tls(tls: ssl.SSLContext, *, verify: bool | str) -> Answer:
    async def run() -> Answer:
        site = Site(create=answer(200))
        site.tls = tls
        async with site:
            settings = site.settings(base_url=f"https://localhost:{site.port}/api/v1", verify=verify)
            async with Transport(settings) as transport:
                return await transport.post("create", b"", {})

    return asyncio.run(run())


def test_a_bundle_of_its_own_or_no_check_lets_a_site_of_its_own_through(
    server_tls: ssl.SSLContext, certificate: Path
) -> None:
    assert post_tls(server_tls, verify=str(certificate)).status == 200
    assert post_tls(server_tls, verify=False).status == 200


def test_a_bundle_may_be_a_directory(server_tls: ssl.SSLContext, tmp_path: Path) -> None:
    with pytest.raises(NotSentError, match="certificate"):
        post_tls(server_tls, verify=str(tmp_path))


def test_a_bundle_that_cannot_be_read_is_a_fault_of_the_settings(tmp_path: Path) -> None:
    (tmp_path / "empty.pem").touch()
    for path in (tmp_path / "missing.pem", tmp_path / "empty.pem"):
        assert "The extra verify" in fail(SettingsError, verify=str(path))


@pytest.fixture
def strict_python(monkeypatch: pytest.MonkeyPatch) -> None:
    """Contexts as Python 3.13 makes them."""
    make = ssl.create_default_context

    def make_strict(*args: Any, **kwargs: Any) -> ssl.SSLContext:
        context = make(*args, **kwargs)
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        return context

    monkeypatch.setattr(ssl, "create_default_context", make_strict)


def test_b13_a_ca_that_the_user_names_need_not_mark_its_constraints_as_critical(
    strict_python: None, plain_ca: PlainCa
) -> None:
    assert post_tls(plain_ca.server_tls, verify=str(plain_ca.bundle)).status == 200


def test_b13_a_certificate_that_the_named_bundle_does_not_fit_does_not_advise_to_name_it(
    plain_ca: PlainCa, certificate: Path
) -> None:
    with pytest.raises(NotSentError, match=r"certificate of localhost.*does not fit the CA bundle"):
        post_tls(plain_ca.server_tls, verify=str(certificate))


def through(proxy: Proxy, login: str = "", tls: ssl.SSLContext | None = None, **changes: Any) -> tuple[Answer, Site]:
    """One request through a proxy."""

    async def run() -> tuple[Answer, Site]:
        site = Site(create=answer(200, b"done", Connection="close"))
        site.tls = tls
        async with proxy, site:
            url = f"http{'s' if tls else ''}://localhost:{site.port}/api/v1"
            settings = site.settings(base_url=url, proxy=f"http://{login}127.0.0.1:{proxy.port}", **changes)
            async with Transport(settings, Redactor(settings.secrets)) as transport:
                return await transport.post("create", b"{}", {"Apikey": "K-1"}), site

    return asyncio.run(run())


def test_b12_all_goes_through_the_proxy_that_the_connection_names() -> None:
    proxy = Proxy()
    got, site = through(proxy)
    assert (got.status, got.body) == (200, b"done")
    assert proxy.asked == [f"POST http://localhost:{site.port}/api/v1/create HTTP/1.1"]


def test_b12_through_a_proxy_https_stays_closed_to_it(server_tls: ssl.SSLContext, certificate: Path) -> None:
    proxy = Proxy()
    got, site = through(proxy, tls=server_tls, verify=str(certificate))
    assert got.body == b"done"
    assert proxy.asked == [f"CONNECT localhost:{site.port} HTTP/1.1"]
    assert "K-1" not in proxy.heads[0]


def test_b12_a_proxy_may_ask_for_a_user_and_password(server_tls: ssl.SSLContext, certificate: Path) -> None:
    assert through(Proxy("firma:p@ss"), "firma:p%40ss@")[0].body == b"done"
    assert through(Proxy("a:b"), "a:b@", tls=server_tls, verify=str(certificate))[0].body == b"done"


@pytest.mark.parametrize("has_tls", [True, False])
def test_b12_a_proxy_that_refuses_its_user_is_a_fault_of_the_settings(
    has_tls: bool, server_tls: ssl.SSLContext
) -> None:
    with pytest.raises(SettingsError, match=r"The proxy 127\.0\.0\.1:\d+ asks for a user and password") as caught:
        through(Proxy("a:b"), "a:gizli-1@", tls=server_tls if has_tls else None)
    assert "gizli-1" not in str(caught.value)


def test_b12_a_proxy_that_does_not_let_https_through_sent_nothing(server_tls: ssl.SSLContext) -> None:
    with pytest.raises(NotSentError, match=r"The proxy .* does not let the connection to localhost:\d+ .*HTTP 403"):
        through(Proxy(refuses=403), tls=server_tls)


def test_b12_a_proxy_that_cannot_be_reached_is_named_without_its_password() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{closed.getsockname()[1]}"
        text = fail(NotSentError, proxy=f"http://firma:gizli-1@{address}")
    assert f"The proxy {address} cannot be reached" in text
    assert "gizli-1" not in text


def test_b12_a_proxy_whose_name_nobody_knows_is_named_and_not_the_site() -> None:
    text = fail(NotSentError, proxy="http://firma:gizli-1@proxy.invalid:3128")
    assert text.startswith("The proxy proxy.invalid:3128 cannot be reached")
    assert "Check the extra proxy" in text
    assert "gizli-1" not in text


def test_a_transport_is_used_while_it_is_open() -> None:
    transport = Transport(Site().settings())
    asyncio.run(transport.__aexit__(None, None, None))
    with pytest.raises(RuntimeError, match="async with"):
        asyncio.run(transport.post("x", b"", {}))


def test_an_answer_does_not_print_its_body() -> None:
    got = Answer(200, {"set-cookie": "gizli"}, b"gizli")
    console = Console(file=io.StringIO(), width=200)
    console.print(got)
    assert isinstance(console.file, io.StringIO)
    for shown in (repr(got), console.file.getvalue()):
        assert "gizli" not in shown
        assert "200" in shown
