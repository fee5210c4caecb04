"""The sandbox's SQLite file and its clock."""

from __future__ import annotations

import sqlite3
import time
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path

#: Ödüyo's datetimes are taken to be Turkish time, which has had no summer time since 2016.
ISTANBUL = timezone(timedelta(hours=3))

SqlValue = str | int | float | bytes | None


class Clock:
    """Wall time that can be moved ahead, so that an hour's session can die in a test that does not wait."""

    def __init__(self) -> None:
        self._ahead_s = 0.0
        self._stamp = (0, "")

    def now(self) -> float:
        """Seconds since the epoch."""
        return time.time() + self._ahead_s

    def advance(self, seconds: float) -> None:
        """Move ahead by so many seconds."""
        self._ahead_s += seconds

    def reset(self) -> None:
        """Back to real time."""
        self._ahead_s = 0.0

    def stamp(self) -> str:
        """Now, as the API writes it."""
        second = int(self.now())
        if second != self._stamp[0]:
            self._stamp = (second, datetime.fromtimestamp(second, ISTANBUL).strftime("%Y-%m-%d %H:%M:%S"))
        return self._stamp[1]


class Database:
    """One SQLite connection. Used by one thread only.

    Nothing waits for the disk (``synchronous=OFF``): a killed process loses nothing, a power cut may.
    """

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None, cached_statements=256)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=OFF")
        self._connection.create_function("fold", 1, fold, deterministic=True)
        self._connection.create_function("loosen", 1, loosen, deterministic=True)

    def execute(self, sql: str, values: Sequence[SqlValue] = ()) -> sqlite3.Cursor:
        """Run one statement; outside :meth:`transaction` it commits by itself."""
        return self._connection.execute(sql, values)

    def execute_many(self, sql: str, rows: Iterable[Sequence[SqlValue]]) -> None:
        """Run one statement for every row."""
        self._connection.executemany(sql, rows)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; one within another is part of it."""
        if self._connection.in_transaction:
            yield
            return
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def close(self) -> None:
        """Close the file; what was committed stays."""
        self._connection.close()


def fold(text: object) -> str:
    """Text for searching: the four Turkish letters i are one, and case does not count."""
    return str(text or "").replace("İ", "i").replace("ı", "i").casefold()


def loosen(text: object) -> str:
    """Text as a loose comparison sees it: without case, accents and blanks at the end; ``ı`` stays a letter of its own."""
    parts = unicodedata.normalize("NFKD", str(text or "").rstrip(" ").casefold())
    return "".join(letter for letter in parts if not unicodedata.combining(letter))
