"""Sessions: who may call. Every id ever issued is kept, so that tests can look for it in logs."""

from __future__ import annotations

import secrets
from collections import Counter

from sandbox.oduyo.database import Clock, Database

SCHEMA = "CREATE TABLE IF NOT EXISTS sessions (id TEXT PRIMARY KEY, issued REAL NOT NULL, ended INTEGER NOT NULL)"


class Sessions:
    """The sessions of the sandbox's one user."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        database.execute(SCHEMA)
        self._cookies: dict[str, str] = {}
        self._nodes: dict[str, int] = {}
        self._calls: Counter[str] = Counter()
        self._live: dict[str, float] = {
            str(row[0]): float(row[1])
            for row in database.execute("SELECT id, issued FROM sessions WHERE ended = 0 ORDER BY rowid")
        }

    def issue(self, *, single: bool) -> str:
        """A new session id; with ``single`` every earlier session ends."""
        if single:
            self.end_all()
        session, now = secrets.token_hex(20), self._clock.now()
        self._database.execute("INSERT INTO sessions VALUES (?, ?, 0)", (session, now))
        self._live[session] = now
        return session

    def is_live(self, session: str, ttl_s: float) -> bool:
        """Whether the session was issued here, has not ended and is younger than ``ttl_s``."""
        issued = self._live.get(session)
        return issued is not None and self._clock.now() < issued + ttl_s

    def bind_cookie(self, session: str, value: str) -> None:
        """The session works with this cookie only."""
        self._cookies[session] = value

    def is_bound(self, session: str, value: str) -> bool:
        """Whether a call with this cookie may use the session; one that has none works with any."""
        return self._cookies.get(session, value) == value

    def put_at(self, session: str, node: int) -> None:
        """Only this node knows the session."""
        self._nodes[session] = node

    def is_at(self, session: str, node: int) -> bool:
        """Whether the node knows the session; one that was never put anywhere is known to all."""
        return self._nodes.get(session, node) == node

    def count_call(self, session: str) -> int:
        """How many calls have come with the session, this one included."""
        self._calls[session] += 1
        return self._calls[session]

    def end(self, session: str) -> None:
        """The session is dead from now on."""
        self._live.pop(session, None)
        self._database.execute("UPDATE sessions SET ended = 1 WHERE id = ?", (session,))

    def end_all(self) -> None:
        """All sessions are dead from now on."""
        self._live.clear()
        self._database.execute("UPDATE sessions SET ended = 1 WHERE ended = 0")

    def fetch_issued(self) -> list[str]:
        """Every session id ever issued, oldest first."""
        return [str(row[0]) for row in self._database.execute("SELECT id FROM sessions ORDER BY rowid")]

    def reset(self) -> None:
        """Forget all sessions."""
        for memory in (self._live, self._cookies, self._nodes, self._calls):
            memory.clear()
        self._database.execute("DELETE FROM sessions")
