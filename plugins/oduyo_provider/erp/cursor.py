"""One connection to the ERP's database and the cursor of one query, whatever the driver."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

from oduyo_provider.core.errors import SourceError
from oduyo_provider.erp.driver_errors import Step, compute_failure

_log = logging.getLogger(__name__)

# One statement may hold a semicolon inside these: comments, strings, quoted names, dollar-quoted texts (PostgreSQL).
_NOT_CODE = re.compile(
    r"""--[^\n]* | /\*.*?\*/ | (?<!\w)[eE]'(?:[^'\\]|\\.)*' | '[^']*' | "[^"]*" | (?<![\w$])(\$\w*\$).*?\1""",
    re.DOTALL | re.VERBOSE,
)


class DatabaseHook(Protocol):
    """What is used of Airflow's ``DbApiHook``."""

    def get_conn(self) -> Any:
        """A new PEP 249 connection."""
        ...


class Session:
    """One connection and its cursor; every exception of the driver leaves it as one of this package's."""

    def __init__(self, hook: DatabaseHook, query_name: str) -> None:
        self.names: list[str] = []
        self._hook = hook
        self._query_name = query_name
        self._connection: Any = None
        self._cursor: Any = None

    def open(self, query: str, batch_rows: int) -> None:
        """Connect, run the query, and learn the names of its columns."""
        with self._explained(Step.CONNECT):
            self._connection = self._hook.get_conn()
        driver = _driver_of(self._connection)
        if driver and _has_more_statements(query):
            # A cursor takes one; psycopg2 would run the others besides, and their rows would be lost.
            raise SourceError(
                f"More than one statement stands in {self._query_name}. Leave one SELECT in it (WITH and UNION are "
                "fine), then run again."
            )
        with self._explained(Step.EXECUTE):
            self._cursor = _open_cursor(self._connection, driver)
            self._cursor.arraysize = batch_rows
            self._cursor.execute(query)
            if driver == "psycopg2":
                self._cursor.fetchmany(0)  # FETCH 0: a named cursor has no description before it
            while self._cursor.description is None and self._next_result():
                pass  # SQL Server: DECLARE and SET in front of the SELECT give results without columns
        if self._cursor.description is None:
            raise SourceError(
                f"No rows can come from {self._query_name}, as it is no SELECT. Correct it, then run again."
            )
        self.names = [str(column[0]) for column in self._cursor.description]

    def fetch(self, rows: int) -> list[Sequence[object]]:
        """At most ``rows`` more rows; an empty list is the end."""
        with self._explained(Step.FETCH):
            batch = self._cursor.fetchmany(rows)
        if batch and isinstance(batch[0], Mapping):  # a connection may ask for a dict cursor in its extra
            return [[row[name] for name in self.names] for row in batch]
        return list(batch)

    def check_end(self) -> None:
        """Raise when the query goes on to another result, which nobody would read."""
        with self._explained(Step.FETCH):
            more = self._next_result() and self._cursor.description is not None
        if more:
            raise SourceError(
                f"More than one result comes from {self._query_name}, and only the first was read. "
                "Join them with UNION ALL, then run again."
            )

    def close(self) -> None:
        """Close the cursor and the connection, which ends the transaction without a commit."""
        for part in (self._cursor, self._connection):
            if part is None:
                continue
            try:
                part.close()
            except Exception as error:
                # A lost connection cannot be closed properly. Why it was lost has been raised already.
                _log.debug("Closing the ERP's %s failed: %s", type(part).__name__, type(error).__name__)

    def _next_result(self) -> bool:
        if _driver_of(self._connection):
            return False
        next_result = getattr(self._cursor, "nextset", None)  # optional in PEP 249
        return bool(next_result()) if next_result is not None else False

    @contextmanager
    def _explained(self, step: Step) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            # A broken cursor of a live connection is not lost; a closed connection is, whatever the message says.
            lost = step is not Step.CONNECT and bool(getattr(self._connection, "closed", False))
            # Without the driver's own exception in the traceback: its text may hold the connection string.
            raise compute_failure(
                error, step, query_name=self._query_name, secrets=_secrets_of(self._hook), lost=lost
            ) from None


def _driver_of(connection: object) -> str:
    """``psycopg2``, ``psycopg`` (version 3), or ``""`` for every other driver."""
    modules = {base.__module__.partition(".")[0] for base in type(connection).__mro__}
    return next((driver for driver in ("psycopg2", "psycopg") if driver in modules), "")


def _open_cursor(connection: Any, driver: str) -> Any:
    """A cursor of the connection's own kind; on PostgreSQL a server-side one, in a read-only transaction.

    A PostgreSQL database without an encoding (SQL_ASCII) would make the driver refuse every Turkish letter, even in the
    query's comments. Its texts are read as UTF-8, unless the connection's extra names another ``client_encoding``.
    """
    if driver == "psycopg2":
        if connection.encoding in ("SQLASCII", "SQL_ASCII"):
            connection.set_client_encoding("UTF8")
        connection.set_session(readonly=True, autocommit=False)
        return connection.cursor(name="oduyo_rows")
    if driver == "psycopg":
        if connection.info.encoding == "ascii":
            connection.autocommit = True  # SET in a transaction of its own; the query's begins read-only
            connection.execute("SET client_encoding TO 'UTF8'")
        connection.autocommit = False
        connection.read_only = True
        return connection.cursor(name="oduyo_rows")
    return connection.cursor()


def _has_more_statements(query: str) -> bool:
    code = _NOT_CODE.sub(" ", query)
    return bool(code.partition(";")[2].strip("; \t\r\n"))


def _secrets_of(hook: object) -> tuple[str, ...]:
    try:
        password = getattr(getattr(hook, "connection", None), "password", None)
    except Exception:
        return ()  # the connection itself cannot be loaded, so there was no password to leak
    return (password,) if isinstance(password, str) else ()
