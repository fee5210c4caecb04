"""Small servers for these tests: real HTTP, scripted answers."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Awaitable, Callable, Sequence
from types import TracebackType
from typing import Any, final

from aiohttp import web

from oduyo_provider.api.runtime import Runtime
from oduyo_provider.api.settings import Settings

SESSION = "session-0001"
PASSWORD = "gizli-parola"
API_KEY = "KEY/abc=="

Handler = Callable[[web.Request, bytes], Awaitable[web.StreamResponse]]


def answer(status: int = 200, body: object = b"", **headers: str) -> Handler:
    """Answers with `body`: bytes as they are, anything else as JSON."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}

    async def handle(request: web.Request, _: bytes) -> web.StreamResponse:
        return web.Response(status=status, body=content, headers={"Content-Type": "application/json", **named})

    return handle


def ok(data: object) -> Handler:
    return answer(200, {"status": True, "data": data})


def no(status: int = 404, **more: object) -> Handler:
    return answer(status, {"status": False, **more})


async def hang_up(request: web.Request, _: bytes) -> web.StreamResponse:
    """Takes the request and closes the connection."""
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def cut(request: web.Request, _: bytes) -> web.StreamResponse:
    """Sends half of the body it announced."""
    response = web.StreamResponse(headers={"Content-Length": "100"})
    await response.prepare(request)
    await response.write(b'{"status": true')
    assert request.transport is not None
    request.transport.close()
    return response


async def hang(request: web.Request, _: bytes) -> web.StreamResponse:
    """Never answers."""
    await asyncio.sleep(60)
    return web.Response()


class Seen:
    """One request as it came."""

    def __init__(self, request: web.Request, body: bytes) -> None:
        self.path = request.path
        self.call = request.path.rpartition("/")[2]
        self.headers = request.headers.copy()
        self.body = body

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@final
class Site:
    """A server whose answers are scripted by call: one after the other, the last one for ever."""

    def __init__(self, **scripts: Handler | Sequence[Handler]) -> None:
        self.scripts: dict[str, list[Handler]] = {}
        self.seen: list[Seen] = []
        self.port = 0
        self.tls: ssl.SSLContext | None = None
        self.script(login=ok({"session_id": SESSION}))
        self.script(**scripts)

    def script(self, **scripts: Handler | Sequence[Handler]) -> None:
        for call, handlers in scripts.items():
            self.scripts[call] = [handlers] if callable(handlers) else list(handlers)

    def calls(self, call: str) -> list[Seen]:
        return [seen for seen in self.seen if seen.call == call]

    def settings(self, **changes: Any) -> Settings:
        values: dict[str, Any] = {
            "base_url": f"http://127.0.0.1:{self.port}/api/v1",
            "username": "ayse",
            "password": PASSWORD,
            "api_key": API_KEY,
            **changes,
        }
        return Settings(**values)

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        seen = Seen(request, body)
        self.seen.append(seen)
        script = self.scripts[seen.call]
        handler = script.pop(0) if len(script) > 1 else script[0]
        return await handler(request, body)

    async def __aenter__(self) -> Site:
        app = web.Application(client_max_size=2**26)
        app.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=self.tls)
        await site.start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._runner.cleanup()
        await _wait_for_closed_transports()


async def _wait_for_closed_transports() -> None:
    """Either side of a TLS connection that was refused closes some time after the call that it failed.

    A transport that outlives its event loop warns when it is collected, in whatever test runs by then.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + 10
    # asyncio tells nobody which transports of a loop are open.
    transports = loop._transports  # type: ignore[attr-defined]  # noqa: SLF001  there is no other way
    while any(transport._sock is not None for transport in list(transports.values())):  # noqa: SLF001  as above
        if loop.time() > deadline:
            raise TimeoutError("a connection of the test server, or one to it, is still open")
        await asyncio.sleep(0.005)


class FakeTime:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now_s = 1000.0
        self.slept: list[float] = []

    def clock(self) -> float:
        return self.now_s

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now_s += seconds
        await asyncio.sleep(0)

    @property
    def runtime(self) -> Runtime:
        """This clock, and a random number that is always 0.5."""
        return Runtime(self.clock, self.sleep, lambda: 0.5)


class Records:
    """Answers list calls over ids, under a chosen reading of the documentation."""

    def __init__(
        self,
        ids: Sequence[int],
        *,
        filter_as: Callable[[str], Any] = int,
        sort_as: Callable[[str], Any] = int,
        cap: int = 1000,
        empty: Handler | None = None,
        ignores: Sequence[str] = (),
        operators: dict[str, Callable[[Any, Any], bool]] | None = None,
    ) -> None:
        self.records = [{"id": str(number), "integration_id": f"E{number % 10}", "note": None} for number in ids]
        self.filter_as, self.sort_as, self.cap, self.ignores = filter_as, sort_as, cap, ignores
        self.empty = empty or ok([])
        self.operators = {
            "=": lambda a, b: a == b,
            ">": lambda a, b: a > b,
            "<=": lambda a, b: a <= b,
            **(operators or {}),
        }
        self.asked = 0
        self.before: dict[int, Callable[[], None]] = {}

    async def __call__(self, request: web.Request, body: bytes) -> web.StreamResponse:
        self.asked += 1
        self.before.pop(self.asked, lambda: None)()
        ask = json.loads(body)
        found = [record for record in self.records if all(self.holds(record, rule) for rule in ask["filters"] or [])]
        found.sort(key=lambda record: self.sort_as(str(record["id"])), reverse=ask["sorting"][0]["sort"] == "DESC")
        page = found[: min(self.cap, int(ask["limit"]))]
        return await (ok(page) if page else self.empty)(request, body)

    def holds(self, record: dict[str, str | None], rule: dict[str, str]) -> bool:
        if rule["field"] in self.ignores:
            return True
        read = self.filter_as if rule["field"] == "id" else str
        return self.operators[rule["operator"]](read(str(record[rule["field"]])), read(rule["value"]))
