"""One HTTP request and its answer, and the exact difference between "never sent" and "sent, answer lost"."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, final

import aiohttp
import msgspec

from oduyo_provider.api.settings import Settings
from oduyo_provider.core.errors import LostAnswerError, NotSentError, OduyoError, SettingsError
from oduyo_provider.core.redact import neutralise

if TYPE_CHECKING:
    from aiohttp.abc import ResolveResult

#: Longest wait for a connection, in seconds. It counts within ``timeout_s``.
DEFAULT_CONNECT_TIMEOUT_S = 10.0
#: Largest body that is read: a page of 1,000 records has about half a MiB.
DEFAULT_MAX_BODY_BYTES = 64 * 1024 * 1024
#: Idle connections are closed after this many seconds. Web servers close them after 5 s or more; a request that is sent
#: while the server closes may or may not have arrived, so that ours must close first.
DEFAULT_KEEPALIVE_S = 4.0
CHUNK_BYTES = 64 * 1024

_BASE_HEADERS = {
    "Content-Type": "application/json",
    "Accept": "application/json",
    "Accept-Encoding": "gzip, deflate",
    "User-Agent": "airflow-provider-oduyo",
}


class Answer(msgspec.Struct):
    """What came back, whatever it means.

    :param headers: by name, whatever its case.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes

    def __repr__(self) -> str:
        # A login's body holds the session id.
        return f"Answer(status={self.status}, body={len(self.body)} bytes)"

    def __rich_repr__(self) -> list[tuple[str, object]]:
        return [("status", self.status), ("body_bytes", len(self.body))]


@final
class Transport:
    """Kept-open HTTP connections to one site; an async context manager.

    :param redact: removes secrets from error texts.
    :param max_body_bytes: a longer body counts as a lost answer.
    """

    def __init__(
        self, settings: Settings, redact: Callable[[str], str] = str, max_body_bytes: int = DEFAULT_MAX_BODY_BYTES
    ) -> None:
        self._settings = settings
        self._redact = redact
        self._max_body_bytes = max_body_bytes
        self._http: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Transport:
        settings = self._settings
        connect_s = min(DEFAULT_CONNECT_TIMEOUT_S, settings.timeout_s / 2)
        connector = aiohttp.TCPConnector(
            limit=settings.max_concurrency,
            keepalive_timeout=DEFAULT_KEEPALIVE_S,
            ssl=_load_tls(settings.verify),
            resolver=_Resolver(connect_s),
        )
        self._http = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            headers=_BASE_HEADERS,
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

    async def post(self, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Send `body`, JSON if `headers` name no other type, to `path` below ``/api/v1/``; redirects are not followed.

        :raises NotSentError: no byte of the request left for Ödüyo.
        :raises LostAnswerError: the request may have arrived, but no whole answer came back.
        """
        if self._http is None:
            raise RuntimeError("Transport.post is called outside of `async with`")
        url = f"{self._settings.base_url}/{path}"
        # The error is raised outside of `except`: aiohttp's own error would be attached to it as its context, and that
        # holds the request's headers.
        error: OduyoError
        try:
            async with self._http.post(url, data=body, headers=headers, allow_redirects=False) as response:
                content = await self._read(response)
            if content is not None:
                return Answer(response.status, response.headers, content)
            error = LostAnswerError(
                f"{self._settings.site} sent an answer of more than {self._max_body_bytes} bytes, which no page of "
                "records has. Check host and path of the connection, and whether a proxy stands in between."
            )
        except (aiohttp.ClientError, asyncio.TimeoutError, OSError) as cause:
            error = self._explain(cause)
        try:
            raise error
        finally:
            # This frame and the traceback hold each other: without this, both wait for the garbage collector.
            del error

    async def _read(self, response: aiohttp.ClientResponse) -> bytes | None:
        """The whole body, or None when it is too long. Counted here: a few bytes that are packed may become many."""
        chunks: list[bytes] = []
        size = 0
        async for chunk in response.content.iter_chunked(CHUNK_BYTES):
            size += len(chunk)
            if size > self._max_body_bytes:
                response.close()
                return None
            chunks.append(chunk)
        return b"".join(chunks)

    def _explain(self, cause: BaseException) -> OduyoError:
        """What aiohttp raises while it opens a connection means "not sent". After anything else the request may have arrived."""
        site = self._settings.site
        text = neutralise(self._redact(str(cause) or type(cause).__name__), 300)
        if isinstance(cause, aiohttp.ClientConnectorCertificateError):
            return NotSentError(
                f"The TLS certificate of {site} could not be verified ({text}). If the site uses a certificate of its "
                "own, set the extra verify of the connection to the path of its CA bundle; otherwise check the host."
            )
        if isinstance(cause, aiohttp.ClientSSLError):
            return NotSentError(
                f"No TLS connection to {site} could be made ({text}). Check that host and port of the connection are "
                "those of an https site; for a certificate of its own set the extra verify."
            )
        if isinstance(cause, aiohttp.ClientConnectorError):
            return NotSentError(
                f"{site} cannot be reached ({text}). Check host and port of the connection, the network and the "
                "firewall, then start the task again."
            )
        if isinstance(cause, aiohttp.ConnectionTimeoutError):
            return NotSentError(
                f"{site} did not accept a connection in time ({text}). Check the network and the firewall, then start "
                "the task again."
            )
        return LostAnswerError(
            f"The request to {site} was sent, but no whole answer came back ({type(cause).__name__}: {text}). "
            "Whether it took effect is not known until Ödüyo is looked up."
        )


class _Resolver(aiohttp.ThreadedResolver):
    """Looks host names up in bounded time: aiohttp's ``sock_connect`` timeout does not include it."""

    def __init__(self, timeout_s: float) -> None:
        super().__init__()
        self._timeout_s = timeout_s

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return await asyncio.wait_for(super().resolve(host, port, family), self._timeout_s)


def _load_tls(verify: bool | str) -> bool | ssl.SSLContext:
    """What aiohttp takes as ``ssl``."""
    if isinstance(verify, bool):
        return verify
    try:
        if Path(verify).is_dir():
            return ssl.create_default_context(capath=verify)
        return ssl.create_default_context(cafile=verify)
    except (OSError, ValueError) as fault:
        raise SettingsError(
            f"The extra verify of the connection names the CA bundle '{neutralise(verify, 200)}', which cannot be read "
            f"({neutralise(str(fault), 100)}). Correct the path, or put the file there on every worker."
        ) from None
