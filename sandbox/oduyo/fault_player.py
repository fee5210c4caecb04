"""Plays one fault on one request."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable
from email.utils import formatdate

from aiohttp import web

from sandbox.oduyo.answers import HTML
from sandbox.oduyo.faults import Rule
from sandbox.oduyo.journal import Exchange

Answering = Callable[[], web.Response]


class Player:
    """Plays one fault on one request.

    :param answering: carries the call out and gives its true answer.
    :param kill_session: ends a session.
    :param session_dead: the answer to a dead session.
    """

    def __init__(
        self,
        request: web.Request,
        exchange: Exchange,
        answering: Answering,
        *,
        kill_session: Callable[[str], None],
        session_dead: Callable[[], web.Response],
    ) -> None:
        self._request = request
        self._exchange = exchange
        self._answering = answering
        self._kill_session = kill_session
        self._session_dead = session_dead

    async def play(self, rule: Rule) -> web.StreamResponse:
        """The faulty answer."""
        self._exchange.fault = f"{rule.kind} {rule.where}"
        special = {
            "slow": self._play_slow,
            "late_commit": self._play_late_commit,
            "kill_session": self._play_kill_session,
            "wrong_content_type": self._play_wrong_content_type,
            "truncated": self._play_truncated,
        }.get(rule.kind)
        if special is not None:
            return await special(rule)
        if rule.where == "after":
            self._answering()
        if rule.kind == "drop":
            await asyncio.sleep(rule.seconds)
            return self._drop()
        return compute_answer(rule)

    async def _play_slow(self, rule: Rule) -> web.StreamResponse:
        if rule.where == "before":
            await asyncio.sleep(rule.seconds)
            return self._answering()
        answer = self._answering()
        await asyncio.sleep(rule.seconds)
        return answer

    async def _play_late_commit(self, rule: Rule) -> web.StreamResponse:
        self._exchange.late_s = rule.seconds
        self._answering()
        return self._drop() if rule.status is None else compute_answer(rule)

    async def _play_kill_session(self, rule: Rule) -> web.StreamResponse:
        if rule.where == "before" and self._exchange.call != "login":
            self._kill_session(self._exchange.session)
            return self._session_dead()
        answer = self._answering()
        self._kill_session(self._exchange.session)
        return answer

    async def _play_wrong_content_type(self, rule: Rule) -> web.StreamResponse:
        answer = self._answering()
        answer.content_type = rule.content_type or "text/html"
        return answer

    async def _play_truncated(self, rule: Rule) -> web.StreamResponse:
        full = b'{"status": true, "data": "Guncelleme'
        if rule.where == "after":
            answer = self._answering()
            full = answer.body if isinstance(answer.body, bytes) else full
        cut = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": str(len(full) + 1)})
        await cut.prepare(self._request)
        await cut.write(full[: len(full) // 2 + 1])
        self._close()
        return cut

    def _drop(self) -> web.Response:
        self._close()
        return web.Response(status=500)

    def _close(self) -> None:
        if self._request.transport is not None:
            self._request.transport.close()


def compute_answer(rule: Rule) -> web.Response:
    """The answer of a rule that makes one up."""
    headers = dict(rule.headers)
    if rule.kind == "throttle" and rule.retry_after_s is not None:
        moment = formatdate(math.ceil(time.time() + rule.retry_after_s), usegmt=True)
        headers["Retry-After"] = moment if rule.retry_after_as == "date" else f"{rule.retry_after_s:g}"
    status, body, content_type = {
        "status": (500, HTML, "text/html"),
        "late_commit": (504, HTML, "text/html"),
        "html": (200, HTML, "text/html"),
        "empty": (200, "", "application/json"),
        "throttle": (429, '{"status": false, "error": "Too Many Requests"}', "application/json"),
        "status_false": (404, '{"status": false}', "application/json"),
    }[rule.kind]
    return web.Response(
        status=rule.status or status,
        text=body if rule.body is None else rule.body,
        content_type=rule.content_type or content_type,
        headers=headers,
    )
