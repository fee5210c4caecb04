"""The request log and the counters: what tests and benchmarks ask the sandbox about.

The log lives in memory and holds the latest requests of this process; counters are stored and survive a restart.
"""

from __future__ import annotations

from collections import deque
from typing import Any

import msgspec

from sandbox.oduyo.database import Database

#: Requests that the log keeps.
LOG_LENGTH = 500_000


class Exchange(msgspec.Struct, kw_only=True):
    """One API request and what became of it.

    :param number: position in the order of arrival, from 1.
    :param time: arrival, epoch seconds.
    :param call: ``login``, ``create``, ``update``, ``delete`` or ``list``.
    :param resource: its resource; empty for a login.
    :param body: the body as it came; empty for a login, which carries the password.
    :param session: the session that was presented, or for a login the one that was issued.
    :param status: the HTTP status that was answered; 0 when the connection was dropped instead.
    :param fault: the kind of the fault that was played, with its place, e.g. ``drop after``.
    :param reason: why the request was refused.
    :param sent: the decoded body, while the request is handled.
    :param late_s: set by a fault: the write takes effect so much later.
    :param wait_s: set by a habit: the answer waits so long.
    :param ids: the records that a write made, changed or deleted, also where it takes effect later.
    :param answer: the body of a write's answer as the site made it, whatever became of it on its way.
    """

    number: int
    time: float
    call: str
    resource: str
    body: bytes = b""
    session: str = ""
    status: int = 0
    fault: str = ""
    reason: str = ""
    sent: Any = None
    late_s: float = 0.0
    wait_s: float = 0.0
    ids: list[str] = []
    answer: bytes = b""

    def as_entry(self) -> dict[str, object]:
        """The exchange as the control plane shows it, with the body's parts (``column``, ``filters``, …) beside it."""
        entry: dict[str, object] = {
            "number": self.number,
            "time": self.time,
            "call": self.call,
            "resource": self.resource,
            "session": self.session,
            "status": self.status,
            "fault": self.fault,
            "reason": self.reason,
            "ids": self.ids,
            "answer": self.answer.decode(),
        }
        try:
            parts = msgspec.json.decode(self.body) if self.body else {}
        except (msgspec.DecodeError, RecursionError):
            parts = {}
        if isinstance(parts, dict):
            entry.update((name, value) for name, value in parts.items() if name not in entry)
        return entry


class Journal:
    """The log and the counters of one sandbox."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._exchanges: deque[Exchange] = deque(maxlen=LOG_LENGTH)
        self._fresh_connections: set[int] = set()
        self._in_flight: set[int] = set()
        database.execute("CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL)")
        self._counters: dict[str, int] = dict(database.execute("SELECT name, value FROM counters"))

    def note_connection(self, protocol: object) -> None:
        """A connection was opened; it counts once an API request comes over it."""
        self._fresh_connections.add(id(protocol))

    def open(self, *, call: str, resource: str, time: float, protocol: object) -> Exchange:
        """A request has come."""
        self._count("requests")
        self._count(call)
        if id(protocol) in self._fresh_connections:
            self._fresh_connections.discard(id(protocol))
            self._count("connections")
        exchange = Exchange(number=self._counters["requests"], time=time, call=call, resource=resource)
        self._exchanges.append(exchange)
        self._in_flight.add(id(exchange))
        if len(self._in_flight) > self._counters.get("max_in_flight", 0):
            self._store("max_in_flight", len(self._in_flight))
        return exchange

    def close(self, exchange: Exchange) -> None:
        """The request has been answered, or dropped."""
        exchange.sent = None
        is_counted = id(exchange) in self._in_flight
        self._in_flight.discard(id(exchange))
        if exchange.fault and is_counted:
            self._count("faults")

    def fetch_entries(self, *, call: str = "", since: int = 0) -> list[dict[str, object]]:
        """The log after request number ``since``, oldest first, of one call or all."""
        return [e.as_entry() for e in self._exchanges if e.number > since and call in ("", e.call)]

    def fetch_counters(self) -> dict[str, int]:
        """Requests by call, ``requests``, ``connections``, ``max_in_flight`` and ``faults``.

        A request that nothing delays is over before the next one is read, so ``max_in_flight`` shows a caller's
        concurrency only together with the reading ``latency_s`` or a slow fault.
        """
        names = ("requests", "login", "create", "update", "delete", "list", "connections", "max_in_flight", "faults")
        return {name: self._counters.get(name, 0) for name in names}

    def reset(self) -> None:
        """Forget everything but open connections; requests still in flight no longer count."""
        self._in_flight.clear()
        self._exchanges.clear()
        self._counters.clear()
        self._database.execute("DELETE FROM counters")

    def _count(self, name: str) -> None:
        self._store(name, self._counters.get(name, 0) + 1)

    def _store(self, name: str, value: int) -> None:
        self._counters[name] = value
        self._database.execute("INSERT OR REPLACE INTO counters VALUES (?, ?)", (name, value))
