"""Who may call: the login, and the check of every other call's session."""

from __future__ import annotations

import secrets
from itertools import count

from aiohttp import web

from sandbox.oduyo.answers import answer, answer_no
from sandbox.oduyo.habits.base import Subject
from sandbox.oduyo.habits.sessions import Cookie, DeadSession, LoginFails, Nodes, SessionCalls
from sandbox.oduyo.journal import Exchange
from sandbox.oduyo.listing import BadRequestError
from sandbox.oduyo.state import State

UNAUTHORISED = "Yetkisiz erişim"


class DeadSessionError(Exception):
    """The session is unknown, ended or too old."""


class Access:
    """Logins and session checks of one sandbox."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._turn = count()

    def answer_dead(self, subject: Subject) -> web.Response:
        """The answer to a dead session, as readings and habits want it."""
        habit = self._state.habits.pick(DeadSession, subject)
        if habit is not None:
            return answer_no(habit.message, status=habit.status)
        return answer_no(UNAUTHORISED, status=self._state.readings.session_dead_answer)

    def log_in(self, request: web.Request, exchange: Exchange, subject: Subject) -> web.Response:
        """Answer a login.

        :raises BadRequestError: it is not as documented.
        """
        if request.content_type != "application/x-www-form-urlencoded":
            raise BadRequestError("login takes a form: application/x-www-form-urlencoded")
        form, account, readings = exchange.sent, self._state.account, self._state.readings
        if not isinstance(form, dict) or form.keys() != {"username", "password", "oduyo_api_key"}:
            raise BadRequestError("login takes username, password and oduyo_api_key")
        failure = self._state.habits.pick(LoginFails, subject)
        if failure is not None:
            exchange.reason = "the login fails by a habit"
            return answer_no(failure.message, status=failure.status)
        if form != {"username": account.username, "password": account.password, "oduyo_api_key": account.api_key}:
            exchange.reason = "wrong user, password or key"
            text = UNAUTHORISED if readings.login_refusal != 200 else "Kullanıcı adı, parola veya API anahtarı hatalı"
            return answer_no(text, status=readings.login_refusal)
        exchange.session = self._state.sessions.issue(single=readings.single_session)
        response = answer(compute_login(readings.login_shape, exchange.session))
        if (cookie := self._state.habits.pick(Cookie, subject)) is not None:
            value = secrets.token_hex(16)
            self._state.sessions.bind_cookie(exchange.session, value)
            response.set_cookie(cookie.name, value, path="/", httponly=True)
        self._balance(request, response, exchange.session, subject)
        return response

    def check(self, request: web.Request, subject: Subject) -> None:
        """Whether the call may be carried out.

        :raises DeadSessionError: its session or key is none.
        """
        state, session = self._state, request.headers.get("Authorization", "")
        if request.headers.get("Apikey") != state.account.api_key:
            raise DeadSessionError
        if not state.sessions.is_live(session, state.readings.session_ttl_s):
            raise DeadSessionError
        if not state.habits:
            return
        cookie = state.habits.pick(Cookie, subject)
        if cookie is not None and not state.sessions.is_bound(session, request.cookies.get(cookie.name, "")):
            raise DeadSessionError
        nodes = state.habits.pick(Nodes, subject)
        if nodes is not None and not state.sessions.is_at(session, self._find_node(request, nodes)):
            raise DeadSessionError
        limit = state.habits.pick(SessionCalls, subject)
        if limit is not None and state.sessions.count_call(session) > limit.calls:
            state.sessions.end(session)
            raise DeadSessionError

    def _balance(self, request: web.Request, response: web.Response, session: str, subject: Subject) -> None:
        nodes = self._state.habits.pick(Nodes, subject)
        if nodes is None:
            return
        node = self._find_node(request, nodes)
        self._state.sessions.put_at(session, node)
        response.set_cookie(nodes.name, f"node{node}", path="/")

    def _find_node(self, request: web.Request, nodes: Nodes) -> int:
        named = request.cookies.get(nodes.name, "").removeprefix("node")
        number = int(named) if named.isascii() and named.isdigit() else next(self._turn)
        return number % nodes.nodes


def compute_login(shape: str, session: str) -> object:
    """The login's answer in one of the shapes that the documentation allows."""
    return {
        "data.session_id": {"status": True, "data": {"session_id": session}},
        "session_id": {"session_id": session},
        "SESSION_ID": {"SESSION_ID": session},
        "data": {"data": session},
        "data_list": {"data": [{"session_id": session}]},
        "token": {"token": session},
        "oturum.anahtar": {"oturum": {"anahtar": session}},
    }[shape]
