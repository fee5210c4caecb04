"""What every API request passes on its way in and out: log, script, load limits, faults, habits. In this order."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import AbstractAsyncContextManager, nullcontext
from functools import partial

from aiohttp import web

from sandbox.oduyo.answers import HTML, answer, answer_page
from sandbox.oduyo.columns import parse_sent
from sandbox.oduyo.fault_player import Player
from sandbox.oduyo.habits.base import Subject, compute_subject
from sandbox.oduyo.habits.pace import Bucket, OneAtATime, Pace, answer_paced, set_clock
from sandbox.oduyo.habits.wire import Framing, compute_framed, dress, find_block
from sandbox.oduyo.journal import Exchange
from sandbox.oduyo.routes import Api
from sandbox.oduyo.state import State


class Gate:
    """Stands before the API's calls; the control plane and the page do not pass it."""

    def __init__(self, state: State, api: Api) -> None:
        self._state = state
        self._api = api
        self._arrivals: deque[float] = deque()
        self._buckets: dict[Pace, Bucket] = {}
        self._locks: dict[str, asyncio.Lock] = {}

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
            subject = compute_subject(call, self._state.resources.get(resource), exchange.sent)
            async with self._find_lock(exchange, subject):
                response = await self._limit(request, exchange, subject)
            set_clock(self._state.habits, subject, response, self._state.clock.now())
            transport = request.transport
            exchange.status = 0 if transport is None or transport.is_closing() else response.status
            return await self._frame(request, response, subject)
        finally:
            journal.close(exchange)

    def _find_lock(self, exchange: Exchange, subject: Subject) -> AbstractAsyncContextManager[None]:
        if exchange.call == "login" or self._state.habits.pick(OneAtATime, subject) is None:
            return nullcontext()
        return self._locks.setdefault(exchange.session, asyncio.Lock())

    async def _limit(self, request: web.Request, exchange: Exchange, subject: Subject) -> web.StreamResponse:
        readings = self._state.readings
        if readings.latency_s:
            await asyncio.sleep(readings.latency_s)
        if readings.max_requests_per_second is not None and not self._is_admitted(readings.max_requests_per_second):
            exchange.reason = "too many requests in a second"
            refusal = answer({"status": False, "error": "Too Many Requests"}, status=429)
            refusal.headers["Retry-After"] = "1"
            return refusal
        if (paced := self._find_paced(subject)) is not None:
            exchange.reason = "too many requests for a habit"
            return paced
        if request.content_length is not None and request.content_length > readings.max_body_bytes:
            exchange.reason = "the body is too long"
            return answer_page(HTML, status=413)
        if (block := find_block(self._state.habits, subject)) is not None:
            exchange.reason = "blocked by the firewall"
            return block
        return await self._script(request, exchange, subject)

    def _is_admitted(self, per_second: int) -> bool:
        now = self._state.clock.now()
        while self._arrivals and self._arrivals[0] <= now - 1:
            self._arrivals.popleft()
        if len(self._arrivals) >= per_second:
            return False
        self._arrivals.append(now)
        return True

    def _find_paced(self, subject: Subject) -> web.Response | None:
        now = self._state.clock.now()
        for armed in self._state.habits.find(Pace):
            bucket = self._buckets.setdefault(armed.habit, Bucket())
            if armed.habit.is_about(subject) and bucket.is_full(armed.habit, now) and armed.is_striking(subject):
                return answer_paced(armed.habit, now)
        return None

    async def _script(self, request: web.Request, exchange: Exchange, subject: Subject) -> web.StreamResponse:
        script = self._state.script
        if not script:
            return await self._fault(request, exchange, subject)
        steps = script.count(subject)
        script.play(steps, "before", request=exchange.number, record_id=subject.id)
        response = await self._fault(request, exchange, subject)
        script.play(steps, "after", request=exchange.number, record_id=subject.id or "".join(exchange.ids[:1]))
        return response

    async def _fault(self, request: web.Request, exchange: Exchange, subject: Subject) -> web.StreamResponse:
        rule = self._state.faults.pick(exchange)
        answering = partial(self._answer, request, exchange, subject)
        if rule is None:
            response = answering()
        else:
            player = Player(
                request,
                exchange,
                answering,
                kill_session=self._state.sessions.end,
                session_dead=partial(self._api.access.answer_dead, subject),
            )
            return await player.play(rule)
        if exchange.wait_s:
            await asyncio.sleep(exchange.wait_s)
        return response

    def _answer(self, request: web.Request, exchange: Exchange, subject: Subject) -> web.Response:
        response = self._api.apply_call(request, exchange, subject)
        if exchange.call not in ("login", "list") and isinstance(response.body, bytes):
            exchange.answer = response.body
        if self._state.habits:
            dress(self._state.habits, subject, response)
        return response

    async def _frame(self, request: web.Request, response: web.StreamResponse, subject: Subject) -> web.StreamResponse:
        framing = self._state.habits.pick(Framing, subject)
        transport = request.transport
        if framing is None or transport is None or not isinstance(response, web.Response) or response.prepared:
            return response
        transport.write(compute_framed(framing, response))
        transport.close()
        return response
