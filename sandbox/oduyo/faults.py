"""Faults on purpose: scripted or seeded rules, tried in their order; the first that fires wins.

``before`` means that the call is not carried out, ``after`` that it is, and only its answer suffers. Two kinds differ:
``slow`` and ``wrong_content_type`` always carry the call out.
"""

from __future__ import annotations

import asyncio
import math
import random
import time
from collections.abc import Callable, Iterable
from email.utils import formatdate
from typing import Annotated, Any, Literal

import msgspec
from aiohttp import web

from sandbox.oduyo.journal import Exchange

HTML = "<!DOCTYPE html><html><head><title>Hata</title></head><body><h1>Beklenmeyen bir hata oluştu</h1></body></html>"

Seconds = Annotated[float, msgspec.Meta(ge=0)]
Count = Annotated[int, msgspec.Meta(ge=0)]
Status = Annotated[int, msgspec.Meta(ge=200, le=599)]
Answering = Callable[[], web.Response]


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One fault and when it strikes.

    When:

    :param call: the call that it strikes.
    :param match: fields of the column (of the form, for a login) that must have these values.
    :param skip: the first so many matching requests are spared.
    :param times: strikes at most so often; None for always.
    :param probability: 0-1, drawn from this rule's own generator.
    :param seed: of that generator; the same seed and order of requests give the same faults.

    What:

    :param where: before or after the commit.
    :param kind: ``drop`` closes the connection without an answer; ``status`` answers ``status`` and ``body``; ``html``
        a web page; ``empty`` no body; ``truncated`` half a body; ``slow`` answers ``seconds`` late; ``late_commit``
        carries the write out ``seconds`` later and drops the connection (or answers ``status``); ``throttle`` 429 or
        503 with ``Retry-After``; ``kill_session`` ends the session; ``wrong_content_type`` the right body with a wrong
        header; ``status_false`` ``{"status": false}`` with 404 or 200.
    :param status: HTTP status, where the kind has a choice.
    :param body: the answer's body, for ``status``, ``html``, ``throttle`` and ``status_false``.
    :param content_type: the answer's content type.
    :param headers: further headers of the answer.
    :param seconds: for ``slow`` and ``late_commit``; for ``drop`` the time before the connection closes.
    :param retry_after_s: for ``throttle``; None sends no header.
    :param retry_after_as: the header as seconds or as an HTTP date.
    """

    call: Literal["login", "create", "update", "delete", "list", "any"] = "any"
    where: Literal["before", "after"] = "before"
    kind: Literal[
        "drop",
        "status",
        "html",
        "empty",
        "truncated",
        "slow",
        "late_commit",
        "throttle",
        "kill_session",
        "wrong_content_type",
        "status_false",
    ]
    match: dict[str, str] = {}
    skip: Count = 0
    times: Count | None = None
    probability: Annotated[float, msgspec.Meta(ge=0, le=1)] = 1.0
    seed: int = 0
    status: Status | None = None
    body: str | None = None
    content_type: str | None = None
    headers: dict[str, str] = {}
    seconds: Seconds = 0.0
    retry_after_s: Seconds | None = 1.0
    retry_after_as: Literal["seconds", "date"] = "seconds"


class ArmedRule:
    """A rule with its generator and its counts."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.matched = 0
        self.fired = 0
        # Repeatable faults are the point; nothing here is a secret.
        self._generator = random.Random(rule.seed)  # noqa: S311

    def is_striking(self, exchange: Exchange) -> bool:
        """Whether the fault strikes this request; counts it."""
        rule = self.rule
        if rule.call not in ("any", exchange.call) or not self._is_match(exchange.sent):
            return False
        self.matched += 1
        if self.matched <= rule.skip or (rule.times is not None and self.fired >= rule.times):
            return False
        if rule.probability < 1 and self._generator.random() >= rule.probability:
            return False
        self.fired += 1
        return True

    def _is_match(self, sent: object) -> bool:
        if not self.rule.match:
            return True
        column = sent.get("column", sent) if isinstance(sent, dict) else None
        if not isinstance(column, dict):
            return False
        return all(column.get(name) == value for name, value in self.rule.match.items())


class Faults:
    """The rules in force."""

    def __init__(self) -> None:
        self._armed: list[ArmedRule] = []

    def replace(self, rules: Iterable[object]) -> None:
        """Put these rules in force, with fresh counts.

        :raises ValueError: a rule is malformed; none is changed.
        """
        try:
            self._armed = [ArmedRule(msgspec.convert(rule, Rule)) for rule in rules]
        except msgspec.ValidationError as error:  # no ValueError before msgspec 0.21
            raise ValueError(str(error)) from error

    def fetch(self) -> list[dict[str, Any]]:
        """Every rule with how often it matched and fired."""
        return [
            {**msgspec.to_builtins(armed.rule), "matched": armed.matched, "fired": armed.fired} for armed in self._armed
        ]

    def pick(self, exchange: Exchange) -> Rule | None:
        """The rule that strikes this request."""
        return next((armed.rule for armed in self._armed if armed.is_striking(exchange)), None)


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
