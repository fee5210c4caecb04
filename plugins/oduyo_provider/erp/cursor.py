"""One connection to the ERP's database with the cursor of one query, for any driver."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from oduyo_provider.core.errors import SourceError, SourceUnavailableError
from oduyo_provider.core.language import gettext
from oduyo_provider.erp.driver import (
    POSTGRESQL_DRIVERS,
    Database,
    RowReader,
    find_database,
    find_driver,
    find_rounded_columns,
    find_row_reader,
    open_cursor,
)
from oduyo_provider.erp.driver_errors import Step, compute_failure
from oduyo_provider.erp.statement import has_more_statements
from oduyo_provider.erp.waiting import DriverThread, WaitLimits

_log = logging.getLogger(__name__)

_Result = TypeVar("_Result")


class DatabaseHook(Protocol):
    """The part of Airflow's ``DbApiHook`` that is used."""

    def get_conn(self) -> Any:
        """A new PEP 249 connection."""
        ...


class QueryCursor:
    """One connection and its cursor. It turns every exception of the driver into one of this package's.

    Iterate over it once: each item is a batch of rows, ``{column: raw value}``.

    :param batch_rows: rows fetched at a time.
    :ivar names: the columns' names as the database writes them; ``columns``: their names in the rows.
    """

    def __init__(self, hook: DatabaseHook, query_name: str, limits: WaitLimits, batch_rows: int) -> None:
        self.names: list[str] = []
        self.columns: tuple[str, ...] = ()
        self._batch_rows = batch_rows
        self._hook = hook
        self._query_name = query_name
        self._limits = limits
        self._thread = DriverThread(query_name, limits)
        self._driver = ""
        self._read_row: RowReader | None = None
        self._connection: Any = None
        self._cursor: Any = None

    def open(self, query: str) -> None:
        """Connect, run the query, and read the names of its columns."""
        _log.info(gettext("Asking the ERP's database for the rows of %(query)s", query=self._query_name))
        self._call(Step.CONNECT, self._connect)
        database = find_database(self._driver)
        if database in (Database.POSTGRESQL, Database.MYSQL) and has_more_statements(query, database):
            # A cursor takes one; psycopg2 and most of MySQL's drivers would run the others too, even an INSERT.
            raise SourceError(
                gettext(
                    "More than one statement stands in %(query)s. Leave one SELECT in it (WITH and UNION are fine), then run "
                    "again.",
                    query=self._query_name,
                )
            )
        self._call(Step.EXECUTE, lambda: self._execute(query))
        if not self.names:
            raise SourceError(
                gettext(
                    "No rows can come from %(query)s, as it is no SELECT. Correct it, then run again.",
                    query=self._query_name,
                )
            )
        if rounded := find_rounded_columns(self._cursor, self._driver):
            raise SourceError(
                gettext(
                    "MySQL gives no more than six digits of %(names)s, which is FLOAT in %(query)s. Cast it, as in "
                    "CAST(kod AS DECIMAL(20, 4)) AS code, which keeps all digits, then run again.",
                    names=", ".join(rounded),
                    query=self._query_name,
                )
            )

    def __iter__(self) -> Iterator[list[dict[str, object]]]:
        while batch := self._call(Step.FETCH, self._fetch):
            yield [dict(zip(self.columns, row, strict=True)) for row in batch]
            if self._driver == "pymssql" and len(batch) < self._batch_rows:
                break  # after the last row it would go on with the next result's rows as if they were this one's
        if self._call(Step.FETCH, lambda: self._next_result() and self._cursor.description is not None):
            raise SourceError(
                gettext(
                    "More than one result comes from %(query)s, and only the first was read. Join them with UNION ALL, then "
                    "run again.",
                    query=self._query_name,
                )
            )

    def close(self) -> None:
        """Close the cursor and the connection. This ends the transaction without a commit."""
        if self._thread.is_busy:  # given up, or stopped by Airflow: tell the database to stop, too
            canceller = DriverThread(self._query_name, self._limits)
            canceller.close(self._cancel)
        self._thread.close(self._close)

    def _connect(self) -> None:
        self._connection = self._hook.get_conn()
        self._driver = find_driver(self._connection)

    def _execute(self, query: str) -> None:
        self._cursor = open_cursor(self._connection, self._driver, self._limits)
        self._cursor.arraysize = self._batch_rows
        self._cursor.execute(query)
        if self._driver == "psycopg2":
            self._cursor.fetchmany(0)  # FETCH 0: a named cursor has no description before it
        while self._cursor.description is None and self._next_result():
            pass  # SQL Server: DECLARE and SET before the SELECT give results without columns
        self.names = [str(column[0]) for column in self._cursor.description or ()]
        self._read_row = find_row_reader(self._connection, self._cursor, self._driver)

    def _fetch(self) -> list[Sequence[object]]:
        batch = self._cursor.fetchmany(self._batch_rows)
        if batch and isinstance(batch[0], Mapping):  # a connection may ask for a dict cursor in its extra
            batch = [[row[name] for name in self.names] for row in batch]
        return [self._read_row(row) for row in batch] if self._read_row else list(batch)

    def _next_result(self) -> bool:
        if self._driver in POSTGRESQL_DRIVERS:
            return False
        next_result = getattr(self._cursor, "nextset", None)  # optional in PEP 249
        return bool(next_result()) if next_result is not None else False

    def _cancel(self) -> None:
        for part in (self._cursor, self._connection):  # ODBC: the cursor; PostgreSQL and Oracle: the connection
            if callable(cancel := getattr(part, "cancel", None)):
                _ignore_failure(cancel)
                return

    def _close(self) -> None:
        for part in (self._cursor, self._connection):
            if part is not None:
                _ignore_failure(part.close)

    def _call(self, step: Step, work: Callable[[], _Result]) -> _Result:
        try:
            return self._thread.call(work)
        except (SourceError, SourceUnavailableError):
            raise
        except Exception as error:
            # Lost means closed, whatever the message says. The cursor of a live connection may break, too.
            lost = step is not Step.CONNECT and bool(getattr(self._connection, "closed", False))
            # From None: the text of the driver's own exception may hold the connection string.
            raise compute_failure(
                error, step, query_name=self._query_name, driver=self._driver, hook=self._hook, lost=lost
            ) from None


def _ignore_failure(work: Callable[[], object]) -> None:
    try:
        work()
    except Exception as error:
        # A lost connection cannot be closed properly. The cause was raised before.
        _log.debug("Leaving the ERP's database failed: %s", type(error).__name__)
