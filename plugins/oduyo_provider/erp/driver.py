"""What differs between drivers: who a connection belongs to, how its cursor opens, and what the database is told.

Found by the name of the connection's module, so that no driver has to be installed.
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

#: The name of the server-side cursor; the database shows it to whoever looks at its sessions.
_CURSOR_NAME = "oduyo_rows"

#: MySQL's number for a FLOAT, in a result's description.
_MYSQL_FLOAT = 4

#: What the two PostgreSQL drivers call the encoding of a database without one. They would refuse every Turkish letter,
#: even in the query's comments.
_NO_ENCODING = frozenset({"SQLASCII", "SQL_ASCII", "ascii"})

#: PostgreSQL's text, varchar, char(n) and name, and a value whose type it does not know.
_PSYCOPG_TEXTS = ("text", "varchar", "bpchar", "name", 0)


RowReader = Callable[[Sequence[object]], Sequence[object]]


class Database(str, Enum):
    """Whose error numbers and settings count."""

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
    """The driver's module that a connection or an exception comes from; ``""`` for a driver without rules here."""
    modules = [base.__module__.partition(".")[0] for base in type(thing).__mro__]
    return next((module for module in modules if module in _DATABASES), "")


def find_database(driver: str, name: str = "") -> Database:
    """The database behind a driver.

    :param name: for ODBC: any text that names the database, as its messages and its ``SQL_DBMS_NAME`` do.
    """
    if driver != "pyodbc":
        return _DATABASES.get(driver, Database.UNKNOWN)
    signs = {"SQL Server": Database.SQL_SERVER, "PostgreSQL": Database.POSTGRESQL, "Oracle": Database.ORACLE}
    signs |= dict.fromkeys(("MySQL", "mysqld", "MariaDB", "[ma-"), Database.MYSQL)
    return next((database for sign, database in signs.items() if sign in name), Database.UNKNOWN)


def open_cursor(connection: Any, driver: str, limits: WaitLimits) -> Any:
    """A cursor of the connection's own kind; on PostgreSQL a server-side one, in a read-only transaction.

    The database is told how long to wait for a lock, unless the connection has set a limit of its own.
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
        # Oracle's readers wait for no lock, so what is limited is each answer. In milliseconds; 0 is no limit.
        connection.call_timeout = connection.call_timeout or round(limits.answer_s * 1000)
    elif driver == "sqlite3" and connection.text_factory is str:
        connection.text_factory = _decode  # str would break off at the first text that is not UTF-8
    cursor = connection.cursor()
    database = find_database(driver, str(connection.getinfo(_SQL_DBMS_NAME)) if driver == "pyodbc" else "")
    if database is Database.SQL_SERVER:
        if driver == "pyodbc":
            for kind in _SQL_WIDE_TEXTS:
                connection.add_output_converter(kind, _decode_wide)
        cursor.execute(f"SET LOCK_TIMEOUT {round(limits.lock_s * 1000)}")
    elif database is Database.MYSQL:
        # In seconds. It is what a query waits for a table that LOCK TABLES or ALTER TABLE holds; the default is a day.
        cursor.execute(f"SET SESSION lock_wait_timeout = LEAST(@@lock_wait_timeout, {max(1, round(limits.lock_s))})")
    return cursor


def find_rounded_columns(cursor: Any, driver: str) -> list[str]:
    """The columns of a result that the database itself rounds: MySQL writes six digits of a FLOAT, 1234567 as 1234570."""
    if find_database(driver) is not Database.MYSQL:
        return []
    return [str(column[0]) for column in cursor.description if column[1] == _MYSQL_FLOAT]


def find_row_reader(connection: Any, cursor: Any, driver: str) -> RowReader | None:
    """What turns each row into its values, where the driver's rows are not that yet.

    :param cursor: whose query has run and whose columns' names have been read.
    """
    if driver in ("oracledb", "cx_Oracle"):
        return _read_lobs
    if driver in POSTGRESQL_DRIVERS and _has_no_encoding(connection):
        # Such a database may hold UTF-8 in one row and windows-1254 in the next. Asked for UTF-8, it would break off at
        # the first row that is none. The columns' names have been read as UTF-8 by now.
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
    """Oracle's drivers give a CLOB or BLOB as a place to read from."""
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
    """For this transaction. A limit of the connection's, role's or database's own is kept; in milliseconds, 0 is none."""
    cursor.execute(
        "SELECT set_config(name, CASE name WHEN 'lock_timeout' THEN %s ELSE %s END, true) FROM pg_settings"
        " WHERE name IN ('lock_timeout', 'statement_timeout') AND setting = '0'",
        (str(round(limits.lock_s * 1000)), str(round(limits.answer_s * 1000))),
    )


def _limit_odbc(connection: Any, limits: WaitLimits) -> None:
    try:
        connection.timeout = connection.timeout or max(1, round(limits.answer_s))
    except Exception as error:
        # Optional in ODBC (SQLSTATE HYC00). The wait in this process is limited all the same.
        _log.debug("This ODBC driver takes no time-out: %s", type(error).__name__)


def _decode_wide(value: bytes | None) -> str | None:
    """UTF-16 as SQL Server stores it, which may be half a character: that row is then rejected, and no other."""
    return None if value is None else value.decode("utf-16-le", "surrogatepass")


def _decode(value: bytes) -> str | bytes:
    """UTF-8, or the bytes as they are: the row is then rejected, and no other."""
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value
