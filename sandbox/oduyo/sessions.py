"""Sessions: who may call. Every id ever issued is kept, so that tests can look for it in logs."""

from __future__ import annotations

import secrets

from sandbox.oduyo.database import Clock, Database

SCHEMA = "CREATE TABLE IF NOT EXISTS sessions (id TEXT PRIMARY KEY, issued REAL NOT NULL, ended INTEGER NOT NULL)"


class Sessions:
    """The sessions of the sandbox's one user."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        database.execute(SCHEMA)
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
        self._live.clear()
        self._database.execute("DELETE FROM sessions")
