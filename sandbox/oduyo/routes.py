"""The API's calls, read strictly and answered as documented.

What the documentation does not allow gets a 400; the reason stands in the header ``X-Sandbox-Reason`` and in the log,
since the documented bodies have no room for it. A body that is no JSON gets the other documented 400, ``{}``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import parse_qsl

import msgspec
from aiohttp import web

from sandbox.oduyo.journal import Exchange
from sandbox.oduyo.listing import LARGEST_ID, BadRequestError, parse_query
from sandbox.oduyo.records import Write
from sandbox.oduyo.resources import STAMPS, Resource
from sandbox.oduyo.state import State

BASE = "/api/v1"
LOGIN = f"{BASE}/ws/login"
UNAUTHORISED = "Yetkisiz erişim"
DATETIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", re.ASCII)


class NotJsonError(BadRequestError):
    """The body is no JSON object."""


class DeadSessionError(Exception):
    """The session is unknown, ended or too old."""


def answer(content: object, *, status: int = 200, reason: str = "") -> web.Response:
    """A JSON answer; ``reason`` goes to a header of the sandbox's own."""
    headers = {"X-Sandbox-Reason": reason} if reason else None
    return web.Response(
        body=msgspec.json.encode(content), status=status, content_type="application/json", headers=headers
    )


def answer_session_dead(state: State) -> web.Response:
    """The answer to a dead session, as the readings want it."""
    return answer({"status": False, "message": UNAUTHORISED}, status=state.readings.session_dead_answer)


class Api:
    """The calls of one sandbox."""

    def __init__(self, state: State) -> None:
        self._state = state
        #: Path to (call, resource name).
        self.paths: dict[str, tuple[str, str]] = {LOGIN: ("login", "")}
        for name in state.resources:
            for call in ("create", "update", "delete", "list"):
                self.paths[f"{BASE}/erp/{name}/{call}"] = (call, name)

    def apply_call(self, request: web.Request, exchange: Exchange) -> web.Response:
        """Carry a call out."""
        if request.method != "POST":
            return answer({"status": False, "error": "Method Not Allowed"}, status=405)
        self._state.records.commit_due()
        try:
            if exchange.call == "login":
                return self._login(request, exchange)
            self._check_session(request)
            body = self._check_body(request, exchange)
            resource = self._state.resources[exchange.resource]
            if exchange.call == "list":
                return self._list(resource, body)
            column = parse_column(body, resource, exchange.call, self._state)
            return self._write(resource, column, exchange)
        except DeadSessionError:
            exchange.reason = "dead session or wrong Apikey"
            return answer_session_dead(self._state)
        except BadRequestError as error:
            exchange.reason = str(error)
            content = {} if isinstance(error, NotJsonError) else {"status": False, "error": "Bad Request"}
            return answer(content, status=400, reason=exchange.reason)

    def _login(self, request: web.Request, exchange: Exchange) -> web.Response:
        if request.content_type != "application/x-www-form-urlencoded":
            raise BadRequestError("login takes a form: application/x-www-form-urlencoded")
        form, account, readings = exchange.sent, self._state.account, self._state.readings
        if not isinstance(form, dict) or form.keys() != {"username", "password", "oduyo_api_key"}:
            raise BadRequestError("login takes username, password and oduyo_api_key")
        if form != {"username": account.username, "password": account.password, "oduyo_api_key": account.api_key}:
            exchange.reason = "wrong user, password or key"
            text = UNAUTHORISED if readings.login_refusal != 200 else "Kullanıcı adı, parola veya API anahtarı hatalı"
            return answer({"status": False, "message": text}, status=readings.login_refusal)
        exchange.session = self._state.sessions.issue(single=readings.single_session)
        return answer(compute_login(readings.login_shape, exchange.session))

    def _check_session(self, request: web.Request) -> None:
        readings, headers = self._state.readings, request.headers
        session = headers.get("Authorization", "")
        if headers.get("Apikey") != self._state.account.api_key:
            raise DeadSessionError
        if not self._state.sessions.is_live(session, readings.session_ttl_s):
            raise DeadSessionError

    def _check_body(self, request: web.Request, exchange: Exchange) -> dict[str, object]:
        if request.content_type != "application/json":
            raise BadRequestError("the body's content type is application/json")
        if not isinstance(exchange.sent, dict):
            raise NotJsonError("the body is no JSON object")
        return exchange.sent

    def _list(self, resource: Resource, body: Mapping[str, object]) -> web.Response:
        readings = self._state.readings
        query = parse_query(body, resource, readings)
        rows = self._state.records.fetch_list(resource.name, query)
        if not rows and readings.empty_list == 404:
            return answer({"status": False}, status=404)
        blank = None if readings.null_style == "null" else ""
        data = [
            {
                name: None if value is None else str(value) or blank
                for name, value in zip(query.columns, row, strict=True)
            }
            for row in rows
        ]
        return answer({"status": True, "data": data})

    def _write(self, resource: Resource, column: dict[str, str], exchange: Exchange) -> web.Response:
        state, readings = self._state, self._state.readings
        delay_s = exchange.late_s or readings.late_commit_s
        if exchange.call == "create":
            record_id = state.records.take_id(resource.name, readings.id_step)
            if readings.late_id_every and record_id // readings.id_step % readings.late_id_every == 0:
                delay_s = max(delay_s, readings.late_id_s)
            text = resource.created.format(id=record_id)
        else:
            record_id = parse_id(column.pop("id", ""))
            if not state.records.is_stored(resource.name, record_id):
                exchange.reason = "no record has this id"
                return answer({"status": False}, status=readings.error_style)
            text = resource.updated if exchange.call == "update" else resource.deleted
        fields = compute_stored(column, resource, exchange.call, state)
        write = Write(resource.name, exchange.call, record_id, fields, readings.list_lag_s)  # type: ignore[arg-type]
        if delay_s:
            state.records.defer(write, delay_s)
        else:
            state.records.apply(write)
        return answer({"status": True, "data": text})


def parse_sent(call: str, body: bytes) -> object:
    """A body decoded: a form for login, JSON for the rest; None when it cannot be."""
    try:
        if call == "login":
            return dict(parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True))
        return msgspec.json.decode(body)
    except (ValueError, msgspec.MsgspecError, RecursionError):
        return None


def parse_column(body: Mapping[str, object], resource: Resource, call: str, state: State) -> dict[str, str]:
    """The column of a create, update or delete.

    :raises BadRequestError: it is not as documented.
    """
    column = body.get("column")
    if body.keys() != {"column"} or not isinstance(column, dict) or not column:
        raise BadRequestError('the body is {"column": {...}}, and the column is not empty')
    allowed: set[str] = set() if call == "delete" else set(resource.fields)
    if call == "update":
        allowed.add("note")  # a field of the record, so an update that sends the whole record carries it
    if call != "create":
        allowed.add("id")
        if "id" not in column:
            raise BadRequestError(f"{call} needs the id")
    if unknown := column.keys() - allowed:
        raise BadRequestError(f"unknown field {', '.join(sorted(unknown))}")
    for name, value in column.items():
        if not isinstance(value, str):
            raise BadRequestError(f"{name} is not text: all values are strings")
        if name in resource.datetimes and not (is_datetime(value) or _is_blank(value, state)):
            raise BadRequestError(f"{name} does not look like YYYY-MM-DD HH:MM:SS")
    return dict(column)


def _is_blank(value: str, state: State) -> bool:
    return value == "" and state.readings.accepts_empty_datetime


def is_datetime(value: str) -> bool:
    """Whether the text is a moment as the API writes it."""
    if not DATETIME.fullmatch(value):
        return False
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


def parse_id(text: str) -> int:
    """An id as a number; 0, which no record has, for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < len(str(LARGEST_ID)) else 0


def compute_stored(column: Mapping[str, str], resource: Resource, call: str, state: State) -> dict[str, str | None]:
    """The columns that a write sets: wiped, cut and stamped as the readings want it."""
    if call == "delete":
        return {}
    readings = state.readings
    stored: dict[str, str | None] = dict(column)
    if call == "update" and not readings.update_keeps_absent:
        stored = {name: column.get(name, "") for name in resource.fields if name != "created_in" or name in column}
        stored["note"] = column.get("note")
    for name, length in readings.silently_cut.items():
        if (value := stored.get(name)) is not None:
            stored[name] = value[:length]
    for name in STAMPS if call == "create" else ("updated_in",):
        if readings.stamps == "always" or not column.get(name):
            stored[name] = state.clock.stamp()
    if call == "update" and readings.stamps == "always":
        stored.pop("created_in", None)
    return stored


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
