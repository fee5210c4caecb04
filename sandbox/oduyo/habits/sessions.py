"""Habits of logins and sessions."""

from __future__ import annotations

from typing import ClassVar

from sandbox.oduyo.habits.base import Call, Habit, Positive, Status


class DeadSession(Habit, frozen=True, kw_only=True):
    """A dead session is answered with MESSAGE and STATUS 200; without a message, with a bare no."""

    main: ClassVar[str] = "message"
    status: Status = 200
    message: str = "Token süresi doldu"


class SessionCalls(Habit, frozen=True, kw_only=True):
    """A session dies after CALLS calls."""

    main: ClassVar[str] = "calls"
    calls: Positive = 10


class Cookie(Habit, frozen=True, kw_only=True):
    """A login sets the cookie NAME, and the session works with it only."""

    main: ClassVar[str] = "name"
    name: str = "ci_session"


class Nodes(Habit, frozen=True, kw_only=True):
    """A balancer before NODES nodes that do not share their sessions; its cookie NAME says which to ask."""

    main: ClassVar[str] = "nodes"
    nodes: Positive = 2
    name: str = "SERVERID"


class LoginFails(Habit, frozen=True, kw_only=True):
    """A login is answered with STATUS (423, 429, 500, …) and MESSAGE."""

    main: ClassVar[str] = "status"
    call: Call = "login"
    status: Status = 423
    message: str = "Hesabınız kilitlendi"
