"""A small http proxy: CONNECT for https, absolute addresses for plain http."""

from __future__ import annotations

import asyncio
import base64
from types import TracebackType
from typing import final
from urllib.parse import urlsplit


@final
class Proxy:
    """Forwards what it is asked to.

    :param login: ``user:password`` that it asks for.
    :param refuses: HTTP status with which it answers everything.
    :ivar asked: the first line of each request.
    :ivar heads: the headers of each request, as sent.
    """

    def __init__(self, login: str = "", refuses: int = 0) -> None:
        self.login, self.refuses = login, refuses
        self.asked: list[str] = []
        self.heads: list[str] = []
        self.port = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Proxy:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._forward(reader, writer)
        except (asyncio.IncompleteReadError, OSError):
            pass  # one side hung up
        finally:
            writer.close()

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, _, rest = head.partition("\r\n")
        self.asked.append(first)
        self.heads.append(rest)
        status = self.refuses or self._check_login(rest)
        if status:
            writer.write(f"HTTP/1.1 {status} No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
            return
        method, target, _ = first.split()
        if method == "CONNECT":
            host, _, port = target.rpartition(":")
            up_reader, up_writer = await asyncio.open_connection(host.strip("[]"), int(port))
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            parts = urlsplit(target)
            up_reader, up_writer = await asyncio.open_connection(parts.hostname, parts.port)
            up_writer.write(f"{method} {parts.path} HTTP/1.1\r\n{rest}".encode("latin-1"))
        await asyncio.gather(_pipe(reader, up_writer), _pipe(up_reader, writer))

    def _check_login(self, head: str) -> int:
        expected = f"proxy-authorization: basic {base64.b64encode(self.login.encode()).decode()}"
        return 407 if self.login and expected.lower() not in head.lower() else 0


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass  # one side hung up
    finally:
        writer.close()
