"""What every API request passes on its way in and out: log, load limits, faults. In this order."""

from __future__ import annotations

import asyncio
from collections import deque
from functools import partial

from aiohttp import web

from sandbox.oduyo.faults import HTML, Player
from sandbox.oduyo.journal import Exchange
from sandbox.oduyo.routes import Api, answer, answer_session_dead, parse_sent
from sandbox.oduyo.state import State


class Gate:
    """Stands before the API's calls; the control plane and the page do not pass it."""

    def __init__(self, state: State, api: Api) -> None:
        self._state = state
        self._api = api
        self._arrivals: deque[float] = deque()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Log one request, and let it through."""
        call, resource = self._api.paths[request.path]
        journal, now = self._state.journal, self._state.clock.now()
        exchange = journal.open(call=call, resource=resource, time=now, protocol=request.protocol)
        exchange.session = request.headers.get("Authorization", "")
        try:
            body = await request.read()
            exchange.sent = parse_sent(call, body)
            exchange.body = b"" if call == "login" else body
            response = await self._limit(request, exchange)
            transport = request.transport
            exchange.status = 0 if transport is None or transport.is_closing() else response.status
            return response
        finally:
            journal.close(exchange)

    async def _limit(self, request: web.Request, exchange: Exchange) -> web.StreamResponse:
        readings = self._state.readings
        if readings.latency_s:
            await asyncio.sleep(readings.latency_s)
        if readings.max_requests_per_second is not None and not self._is_admitted(readings.max_requests_per_second):
            exchange.reason = "too many requests in a second"
            refusal = answer({"status": False, "error": "Too Many Requests"}, status=429)
            refusal.headers["Retry-After"] = "1"
            return refusal
        if request.content_length is not None and request.content_length > readings.max_body_bytes:
            exchange.reason = "the body is too long"
            return web.Response(status=413, text=HTML, content_type="text/html")
        return await self._fault(request, exchange)

    def _is_admitted(self, per_second: int) -> bool:
        now = self._state.clock.now()
        while self._arrivals and self._arrivals[0] <= now - 1:
            self._arrivals.popleft()
        if len(self._arrivals) >= per_second:
            return False
        self._arrivals.append(now)
        return True

    async def _fault(self, request: web.Request, exchange: Exchange) -> web.StreamResponse:
        rule = self._state.faults.pick(exchange)
        if rule is None:
            return self._api.apply_call(request, exchange)
        player = Player(
            request,
            exchange,
            partial(self._api.apply_call, request, exchange),
            kill_session=self._state.sessions.end,
            session_dead=partial(answer_session_dead, self._state),
        )
        return await player.play(rule)
