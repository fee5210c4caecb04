"""One HTTP exchange, and the exact difference between "never sent" and "sent, answer lost"."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, final

import aiohttp
import msgspec
from yarl import URL

from oduyo_provider.api.settings import Settings
from oduyo_provider.core.errors import LostAnswerError, NotSentError, OduyoError, SettingsError
from oduyo_provider.core.redact import neutralise

if TYPE_CHECKING:
    from aiohttp.abc import ResolveResult

#: Longest wait for a connection; a part of ``timeout_s``, so that an unreachable host is told from a slow answer.
DEFAULT_CONNECT_TIMEOUT_S = 10.0
#: Largest body that is read: a page of 1,000 records has about half a MiB.
DEFAULT_MAX_BODY_BYTES = 64 * 1024 * 1024
#: Web servers close idle connections after 5 s and later. Ours are closed first: a request that meets the server's
#: closing is one that may or may not have been sent.
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
    """One kept-open HTTP session to one site; an async context manager.

    :param redact: strikes secrets out of error texts.
    :param max_body_bytes: a longer body counts as a lost answer.
    """

    def __init__(
        self, settings: Settings, redact: Callable[[str], str] = str, max_body_bytes: int = DEFAULT_MAX_BODY_BYTES
    ) -> None:
        self._settings = settings
        self._redact = redact
        self._max_body_bytes = max_body_bytes
        self._urls: dict[str, URL] = {}
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Transport:
        settings = self._settings
        connect_s = min(DEFAULT_CONNECT_TIMEOUT_S, settings.timeout_s / 2)
        connector = aiohttp.TCPConnector(
            limit=settings.max_concurrency,
            keepalive_timeout=DEFAULT_KEEPALIVE_S,
            ssl=_load_tls(settings.verify),
            resolver=_Resolver(connect_s),
        )
        self._session = aiohttp.ClientSession(
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
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def post(self, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Send `body`, JSON if `headers` name no other type, to `path` below ``/api/v1/``; redirects are not followed.

        :raises NotSentError: no byte of the request left for Ödüyo.
        :raises LostAnswerError: the request may have arrived, but no whole answer came back.
        """
        if self._session is None:
            raise RuntimeError("Transport.post is called outside of `async with`")
        url = self._urls.get(path) or self._urls.setdefault(path, URL(f"{self._settings.base_url}/{path}"))
        # The error is raised outside of `except`: aiohttp's own would come along as its context, and those hold the
        # request's headers.
        error: OduyoError
        try:
            response = await self._session.post(url, data=body, headers=headers, allow_redirects=False)
            try:
                content = await self._read(response)
            finally:
                response.release()
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
            del error  # or this frame, which its traceback holds, would hold it in turn until garbage is collected

    def _read(self, response: aiohttp.ClientResponse) -> Awaitable[bytes | None]:
        """The whole body, or None when it is too long."""
        length = response.content_length
        if (
            length is not None
            and length <= min(CHUNK_BYTES, self._max_body_bytes)
            and "Content-Encoding" not in response.headers
        ):
            return response.read()  # as nearly always; packed, a few bytes may become many
        return self._read_in_chunks(response)

    async def _read_in_chunks(self, response: aiohttp.ClientResponse) -> bytes | None:
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
        """Only what aiohttp raises while it opens a connection means "not sent"; anything else may have been sent."""
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
    """Looks names up in bounded time: of aiohttp's timeouts, the one that sets no timer for each request leaves this out."""

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
