"""Sends one HTTP request; its errors tell "never sent" from "sent, answer lost"."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, final

import aiohttp
import msgspec

from oduyo_provider.api.body import to_utf8
from oduyo_provider.api.cookies import find_cookie_secrets
from oduyo_provider.api.settings import Settings
from oduyo_provider.api.tls import load_tls
from oduyo_provider.api.transport_errors import explain_failure, explain_long_answer, explain_proxy_answer
from oduyo_provider.core.redact import Redactor

if TYPE_CHECKING:
    from aiohttp.abc import AbstractStreamWriter, ResolveResult

#: Longest wait for a connection, in seconds. It counts within ``timeout_s``.
DEFAULT_CONNECT_TIMEOUT_S = 10.0
#: Largest body that is read: a page of 1,000 records has about half a MiB.
DEFAULT_MAX_BODY_BYTES = 64 * 1024 * 1024
#: Idle connections are closed after this many seconds. Web servers close them after 5 s or more; a request that is sent
#: while the server closes may or may not have arrived, so that ours must close first.
DEFAULT_KEEPALIVE_S = 4.0
#: Called right before a body leaves.
BeforeSend = Callable[[], None]
#: Longest header of an answer, and longest status line: as long as curl and requests allow.
LONGEST_HEADER_BYTES = 64 * 1024

_BASE_HEADERS = {
    "Content-Type": "application/json",
    "Accept": "application/json",
    "Accept-Encoding": "gzip, deflate",
    "User-Agent": "airflow-provider-oduyo",
}


class Answer(msgspec.Struct):
    """What came back, whatever it means.

    :param headers: by name, whatever its case.
    :param body: in UTF-8, whatever charset the answer named.
    :param cookies: its ``Set-Cookie`` headers.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    cookies: tuple[str, ...] = ()

    def __repr__(self) -> str:
        # A login's body holds the session id.
        return f"Answer(status={self.status}, body={len(self.body)} bytes)"

    def __rich_repr__(self) -> list[tuple[str, object]]:
        return [("status", self.status), ("body_bytes", len(self.body))]


@final
class Transport:
    """Kept-open HTTP connections to one site; an async context manager.

    :param redact: removes secrets from error texts; is told the cookies that the site sets.
    :param max_body_bytes: a longer body counts as a lost answer.
    """

    def __init__(
        self, settings: Settings, redact: Redactor | None = None, max_body_bytes: int = DEFAULT_MAX_BODY_BYTES
    ) -> None:
        self._settings = settings
        self._redact = redact or Redactor(settings.secrets)
        self._max_body_bytes = max_body_bytes
        self._http: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Transport:
        settings = self._settings
        connect_s = min(DEFAULT_CONNECT_TIMEOUT_S, settings.timeout_s / 2)
        connector = aiohttp.TCPConnector(
            limit=settings.max_concurrency,
            keepalive_timeout=DEFAULT_KEEPALIVE_S,
            ssl=load_tls(settings.verify),
            resolver=_Resolver(connect_s),
        )
        self._http = aiohttp.ClientSession(
            connector=connector,
            # `unsafe` keeps the cookies of a host that is an address, as a browser does.
            cookie_jar=aiohttp.CookieJar(unsafe=True, quote_cookie=False),
            headers=_BASE_HEADERS,
            max_line_size=LONGEST_HEADER_BYTES,
            max_field_size=LONGEST_HEADER_BYTES,
            timeout=aiohttp.ClientTimeout(total=settings.timeout_s, sock_connect=connect_s),
            trust_env=False,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        http, self._http = self._http, None
        if http is not None:
            await http.close()

    async def post(
        self, path: str, body: bytes, headers: Mapping[str, str], *, before_send: BeforeSend | None = None
    ) -> Answer:
        """Send `body`, JSON if `headers` name no other type, to `path` below ``/api/v1/``; redirects are not followed.

        :param before_send: called when there is a connection, right before the body leaves; what it raises is passed on.
        :raises SettingsError: the proxy does not let this connection through.
        :raises NotSentError: no byte of the request left for Ödüyo.
        :raises LostAnswerError: the request may have arrived, but no whole answer came back.
        """
        if self._http is None:
            raise RuntimeError("Transport.post is called outside of `async with`")
        url, proxy = f"{self._settings.base_url}/{path}", self._settings.proxy
        # The error is raised outside of `except`: aiohttp's own error would be attached to it as its context, and that
        # holds the request's headers.
        data = body if before_send is None else _CheckedBody(body, before_send)
        error: Exception
        try:
            async with self._http.post(url, data=data, headers=headers, proxy=proxy, allow_redirects=False) as response:
                cookies = tuple(response.headers.getall("Set-Cookie", ()))
                for value in find_cookie_secrets(cookies):
                    self._redact.add_passing(value)
                content = await self._read(response)
            if response.status == 407 and proxy is not None:
                error = explain_proxy_answer(407, self._settings)
            elif content is not None:
                body = to_utf8(content, response.headers.get("Content-Type", ""))
                return Answer(response.status, response.headers, body, cookies)
            else:
                error = explain_long_answer(self._max_body_bytes, self._settings)
        except (aiohttp.ClientError, asyncio.TimeoutError, OSError) as cause:
            error = explain_failure(cause, self._settings, self._redact)
        if isinstance(data, _CheckedBody) and data.refusal is not None:
            error = data.refusal
        try:
            raise error
        finally:
            # This frame and the traceback hold each other: without this, both wait for the garbage collector.
            del error

    async def _read(self, response: aiohttp.ClientResponse) -> bytes | None:
        """The whole body, or None when it is too long. Counted here: a few bytes that are packed may become many."""
        chunks: list[bytes] = []
        size = 0
        while not response.content.at_eof():
            chunks.append(await response.content.readany())
            size += len(chunks[-1])
            if size > self._max_body_bytes:
                response.close()
                return None
        return b"".join(chunks)


class _CheckedBody(aiohttp.BytesPayload):
    """A body that calls a check right before its bytes leave.

    An earlier check is not enough: between it and the first byte the client connects and waits for the event loop. A process
    that was suspended there would send something that it may no longer send.
    """

    def __init__(self, value: bytes, before_send: BeforeSend) -> None:
        super().__init__(value)
        self._before_send = before_send
        self.refusal: Exception | None = None

    async def write_with_length(self, writer: AbstractStreamWriter, content_length: int | None) -> None:
        """Called by aiohttp right before the bytes leave."""
        try:
            self._before_send()
        except Exception as error:
            self.refusal = error
            raise
        await super().write_with_length(writer, content_length)


class _Resolver(aiohttp.ThreadedResolver):
    """Looks host names up in bounded time: aiohttp's ``sock_connect`` timeout does not include it."""

    def __init__(self, timeout_s: float) -> None:
        super().__init__()
        self._timeout_s = timeout_s

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return await asyncio.wait_for(super().resolve(host, port, family), self._timeout_s)
