"""What differs between drivers: the database behind them, how a cursor opens, and which settings it needs.

A driver is recognised by the name of the connection's module, so none has to be installed.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from enum import Enum
from typing import Any

from oduyo_provider.erp.waiting import WaitLimits

_log = logging.getLogger(__name__)

_SQL_DBMS_NAME = 17  # of ODBC's SQLGetInfo
_SQL_WIDE_TEXTS = (-8, -9, -10)  # ODBC's types for nchar, nvarchar and ntext

#: The name of the server-side cursor, which the database shows in its list of sessions.
_CURSOR_NAME = "oduyo_rows"

#: MySQL's type number for FLOAT in the description of a result.
_MYSQL_FLOAT = 4

#: Names that the two PostgreSQL drivers give to the encoding of a database without one. With these they refuse
#: every Turkish letter, even in the query's comments.
_NO_ENCODING = frozenset({"SQLASCII", "SQL_ASCII", "ascii"})

#: PostgreSQL's text, varchar, char(n) and name, and a value whose type it does not know.
_PSYCOPG_TEXTS = ("text", "varchar", "bpchar", "name", 0)


RowReader = Callable[[Sequence[object]], Sequence[object]]


class Database(str, Enum):
    """The databases whose error numbers and settings are known."""

    POSTGRESQL = "PostgreSQL"
    SQL_SERVER = "SQL Server"
    MYSQL = "MySQL"
    ORACLE = "Oracle"
    UNKNOWN = ""


#: A driver's module → its database. ODBC serves several.
_DATABASES = {
    "psycopg2": Database.POSTGRESQL,
    "psycopg": Database.POSTGRESQL,
    "pymssql": Database.SQL_SERVER,
    "mssql_python": Database.SQL_SERVER,
    "pymysql": Database.MYSQL,
    "MySQLdb": Database.MYSQL,
    "mysql": Database.MYSQL,
    "mariadb": Database.MYSQL,
    "oracledb": Database.ORACLE,
    "cx_Oracle": Database.ORACLE,
    "pyodbc": Database.UNKNOWN,
    "sqlite3": Database.UNKNOWN,
}
POSTGRESQL_DRIVERS = frozenset({"psycopg2", "psycopg"})


def find_driver(thing: object) -> str:
    """The driver's module that a connection or an exception comes from; ``""`` for an unknown driver."""
    modules = [base.__module__.partition(".")[0] for base in type(thing).__mro__]
    return next((module for module in modules if module in _DATABASES), "")


def find_database(driver: str, name: str = "") -> Database:
    """The database behind a driver.

    :param name: for ODBC, a text that names the database, such as a message or ``SQL_DBMS_NAME``.
    """
    if driver != "pyodbc":
        return _DATABASES.get(driver, Database.UNKNOWN)
    signs = {"SQL Server": Database.SQL_SERVER, "PostgreSQL": Database.POSTGRESQL, "Oracle": Database.ORACLE}
    signs |= dict.fromkeys(("MySQL", "mysqld", "MariaDB", "[ma-"), Database.MYSQL)
    return next((database for sign, database in signs.items() if sign in name), Database.UNKNOWN)


def open_cursor(connection: Any, driver: str, limits: WaitLimits) -> Any:
    """Open a cursor of the connection; on PostgreSQL a server-side one, in a read-only transaction.

    This also sets the database's limits for waiting, unless the connection has its own.
    """
    if driver in POSTGRESQL_DRIVERS:
        prepare = _prepare_psycopg2 if driver == "psycopg2" else _prepare_psycopg
        prepare(connection)
        with connection.cursor() as other:
            _limit_postgresql(other, limits)
        return connection.cursor(name=_CURSOR_NAME)
    if driver == "pyodbc":
        _limit_odbc(connection, limits)
    elif driver in ("oracledb", "cx_Oracle"):
        # Oracle's readers wait for no lock, so each answer is limited. In milliseconds; 0 is no limit.
        connection.call_timeout = connection.call_timeout or round(limits.answer_s * 1000)
    elif driver == "sqlite3" and connection.text_factory is str:
        connection.text_factory = _decode  # str would fail at the first text that is not UTF-8
    cursor = connection.cursor()
    database = find_database(driver, str(connection.getinfo(_SQL_DBMS_NAME)) if driver == "pyodbc" else "")
    if database is Database.SQL_SERVER:
        if driver == "pyodbc":
            for kind in _SQL_WIDE_TEXTS:
                connection.add_output_converter(kind, _decode_wide)
        cursor.execute(f"SET LOCK_TIMEOUT {round(limits.lock_s * 1000)}")
    elif database is Database.MYSQL:
        # In seconds: for a table that LOCK TABLES or ALTER TABLE holds. Defaults: MariaDB a day, MySQL a year.
        cursor.execute(f"SET SESSION lock_wait_timeout = LEAST(@@lock_wait_timeout, {max(1, round(limits.lock_s))})")
    return cursor


def find_rounded_columns(cursor: Any, driver: str) -> list[str]:
    """The columns that the database rounds: MySQL writes a FLOAT with six digits, 1234567 as 1234570."""
    if find_database(driver) is not Database.MYSQL:
        return []
    return [str(column[0]) for column in cursor.description if column[1] == _MYSQL_FLOAT]


def find_row_reader(connection: Any, cursor: Any, driver: str) -> RowReader | None:
    """A function that turns a row of the driver into plain values; None if it has them already.

    :param cursor: its query has run, and the names of its columns have been read.
    """
    if driver in ("oracledb", "cx_Oracle"):
        return _read_lobs
    if driver in POSTGRESQL_DRIVERS and _has_no_encoding(connection):
        # Such a database may hold UTF-8 in one row and windows-1254 in the next. If asked for UTF-8, it would fail at
        # the first row that is not. The columns' names have already been read as UTF-8.
        with connection.cursor() as other:
            other.execute("SET LOCAL client_encoding TO 'SQL_ASCII'")
        _register_texts(cursor, driver)
        return _decode_texts if driver == "psycopg2" else None
    return None


def _has_no_encoding(connection: Any) -> bool:
    """Whether a PostgreSQL database has no encoding (SQL_ASCII), and the connection names none, such as WIN1254."""
    encodings = [connection.info.parameter_status(name) for name in ("server_encoding", "client_encoding")]
    return encodings == ["SQL_ASCII", "UTF8"]


def _read_lobs(row: Sequence[object]) -> Sequence[object]:
    """Read the CLOBs and BLOBs of a row, which Oracle's drivers give as objects to read from."""
    return [value.read() if hasattr(value, "read") else value for value in row]


def _decode_texts(row: Sequence[object]) -> Sequence[object]:
    return [_decode(value) if isinstance(value, bytes) else value for value in row]


def _register_texts(cursor: Any, driver: str) -> None:
    if driver == "psycopg2":
        from psycopg2.extensions import BYTES, register_type

        register_type(BYTES, cursor)  # a bytea comes as a memoryview, so bytes are always text
        return
    from psycopg.adapt import Loader

    class TextLoader(Loader):
        def load(self, data: Any) -> str | bytes:
            return _decode(bytes(data))

    for name in _PSYCOPG_TEXTS:
        cursor.adapters.register_loader(name, TextLoader)


def _prepare_psycopg2(connection: Any) -> None:
    if connection.encoding in _NO_ENCODING:
        connection.set_client_encoding("UTF8")
    connection.set_session(readonly=True, autocommit=False)


def _prepare_psycopg(connection: Any) -> None:
    if connection.info.encoding in _NO_ENCODING:
        connection.autocommit = True  # SET in a transaction of its own; the query's begins read-only
        connection.execute("SET client_encoding TO 'UTF8'")
    connection.autocommit = False
    connection.read_only = True


def _limit_postgresql(cursor: Any, limits: WaitLimits) -> None:
    """Set the limits for this transaction, in milliseconds; 0 is none.

    A limit that the connection, the role or the database has set is kept.
    """
    cursor.execute(
        "SELECT set_config(name, CASE name WHEN 'lock_timeout' THEN %s ELSE %s END, true) FROM pg_settings"
        " WHERE name IN ('lock_timeout', 'statement_timeout') AND setting = '0'",
        (str(round(limits.lock_s * 1000)), str(round(limits.answer_s * 1000))),
    )


def _limit_odbc(connection: Any, limits: WaitLimits) -> None:
    try:
        connection.timeout = connection.timeout or max(1, round(limits.answer_s))
    except Exception as error:
        # Optional in ODBC (SQLSTATE HYC00). The wait in this process is limited anyway.
        _log.debug("This ODBC driver takes no time-out: %s", type(error).__name__)


def _decode_wide(value: bytes | None) -> str | None:
    """Decode SQL Server's UTF-16. It may hold half a character; then only that row is rejected."""
    return None if value is None else value.decode("utf-16-le", "surrogatepass")


def _decode(value: bytes) -> str | bytes:
    """Decode UTF-8; other bytes stay as they are, and only their row is rejected."""
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value
