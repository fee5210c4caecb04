"""The API's calls, read strictly and answered as documented.

What the documentation does not allow gets a 400; the reason stands in the header ``X-Sandbox-Reason`` and in the log,
since the documented bodies have no room for it. A body that is no JSON gets the other documented 400, ``{}``.
"""

from __future__ import annotations

from aiohttp import web

from sandbox.oduyo.access import Access, DeadSessionError
from sandbox.oduyo.answers import answer
from sandbox.oduyo.columns import parse_column
from sandbox.oduyo.habits.base import Subject
from sandbox.oduyo.journal import Exchange
from sandbox.oduyo.list_call import ListCall
from sandbox.oduyo.listing import BadRequestError
from sandbox.oduyo.state import State
from sandbox.oduyo.writing import Writing

BASE = "/api/v1"
LOGIN = f"{BASE}/ws/login"


class NotJsonError(BadRequestError):
    """The body is no JSON object."""


class Api:
    """The calls of one sandbox."""

    def __init__(self, state: State) -> None:
        self._state = state
        self.access = Access(state)
        #: Path to (call, resource name).
        self.paths: dict[str, tuple[str, str]] = {LOGIN: ("login", "")}
        for name in state.resources:
            for call in ("create", "update", "delete", "list"):
                self.paths[f"{BASE}/erp/{name}/{call}"] = (call, name)

    def apply_call(self, request: web.Request, exchange: Exchange, subject: Subject) -> web.Response:
        """Carry a call out."""
        if request.method != "POST":
            return answer({"status": False, "error": "Method Not Allowed"}, status=405)
        self._state.records.commit_due()
        try:
            if exchange.call == "login":
                return self.access.log_in(request, exchange, subject)
            self.access.check(request, subject)
            body = self._check_body(request, exchange)
            resource = self._state.resources[exchange.resource]
            if exchange.call == "list":
                return ListCall(self._state, resource, body, exchange, subject).apply()
            column = parse_column(body, resource, exchange.call, self._state)
            return Writing(self._state, resource, column, exchange, subject).apply()
        except DeadSessionError:
            exchange.reason = "dead session or wrong Apikey"
            return self.access.answer_dead(subject)
        except BadRequestError as error:
            exchange.reason = str(error)
            content = {} if isinstance(error, NotJsonError) else {"status": False, "error": "Bad Request"}
            return answer(content, status=400, reason=exchange.reason)

    def _check_body(self, request: web.Request, exchange: Exchange) -> dict[str, object]:
        if request.content_type != "application/json":
            raise BadRequestError("the body's content type is application/json")
        if not isinstance(exchange.sent, dict):
            raise NotJsonError("the body is no JSON object")
        return exchange.sent
