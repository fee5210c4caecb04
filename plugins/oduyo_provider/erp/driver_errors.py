"""Tells from a database driver's exception whether a person must change something, or a later try may help.

Drivers share no class (PEP 249 fixes only the names), and databases answer in the company's language. So codes
decide: first the database's own number, as ODBC's SQLSTATE for SQL Server is mostly 42000, then SQLSTATE. Without a
code, the driver's words for a lost network decide, then the step. An unknown error stops the run while it connects
or asks, as another try could lock an account. While rows are read, it is tried again.
"""

from __future__ import annotations

import re
from enum import Enum

from oduyo_provider.core.errors import SourceError, SourceUnavailableError
from oduyo_provider.core.language import gettext, gettext_noop
from oduyo_provider.erp.driver import Database, find_database, find_driver
from oduyo_provider.erp.driver_words import (
    compute_words,
    parse_codes,
    parse_refusal,
    parse_sqlstate,
    parse_text,
    redact,
)
from oduyo_provider.erp.error_codes import Cause, find_cause, find_sqlstate_cause


class Step(str, Enum):
    """The step in which the driver raised."""

    CONNECT = "connect"
    EXECUTE = "execute"
    FETCH = "fetch"


#: Step → what went wrong; below, cause → what to do next. English, for ``gettext``.
_FAILED = {
    Step.CONNECT: gettext_noop("The ERP's database cannot be opened: %(words)s."),
    Step.EXECUTE: gettext_noop("The ERP's database does not accept %(query)s: %(words)s."),
    Step.FETCH: gettext_noop("Reading the rows of %(query)s broke off: %(words)s."),
}
_NEXT = {
    Cause.LOGIN: gettext_noop(
        "Correct user or password of the connection, or let the database's administrator unlock the user or "
        "allow this host, then run again. It is not tried again by itself, as that could lock the user."
    ),
    Cause.DATABASE: gettext_noop(
        "Correct the database's name in the connection (Schema), or give the connection's user the right to "
        "open it, then run again."
    ),
    Cause.RIGHTS: gettext_noop(
        "Give the connection's user the right to read it (GRANT SELECT; on PostgreSQL also USAGE on the "
        "schema), then run again."
    ),
    Cause.TABLE: gettext_noop(
        "There is no such table in this database and schema, or the connection's user may not see it. Correct "
        "its name in %(query)s, or GRANT SELECT on it, then run again."
    ),
    Cause.QUERY: gettext_noop(
        "Try %(query)s in an SQL client with the connection's user; it must be one SELECT without placeholders such "
        "as $1. Correct it, then run again."
    ),
    Cause.VALUE: gettext_noop(
        "The database cannot compute a value of the result: correct it in the ERP, or cast the column to text "
        "in %(query)s, then run again."
    ),
    Cause.ENCODING: gettext_noop(
        "A text in the database does not fit the encoding in which it is read: correct this row in the ERP, then run again."
    ),
    Cause.LETTER: gettext_noop(
        "The query holds a letter or sign that the encoding of the database or of the connection does not have: take it "
        "out of %(query)s, also out of its comments, then run again."
    ),
    Cause.READ_ONLY: gettext_noop(
        "The query may only read: leave nothing but one SELECT in %(query)s, then run again."
    ),
    Cause.PARAMETERS: gettext_noop(
        "The query is sent without parameters: write constants in place of $1 and the like, then run again."
    ),
    Cause.DRIVER: gettext_noop(
        "Install the driver and the Airflow provider of this connection type on every worker, or correct the "
        "driver's name in the connection, then run again."
    ),
}
_NEXT_UNKNOWN = {
    Step.CONNECT: gettext_noop(
        "Correct host, port, database, user, password or extra of the connection, then run again."
    ),
    Step.EXECUTE: _NEXT[Cause.QUERY],
    Step.FETCH: gettext_noop(
        "The driver cannot take a value of the result: cast the column to text in %(query)s, then run again."
    ),
}
_NEXT_BY_DATABASE = {
    (Database.POSTGRESQL, Cause.VALUE): gettext_noop(
        "The driver cannot take a value of the result, or the database cannot compute it: guard dates with isfinite() and a "
        "range, or cast the column to text in %(query)s, then run again."
    ),
    (Database.POSTGRESQL, Cause.ENCODING): gettext_noop(
        "A text in the database does not fit the encoding in which it is read: correct this row in the ERP or, when all "
        'rows are in another encoding, name it in the connection\'s extra, such as {"client_encoding": "WIN1254"}, then run '
        "again."
    ),
    # A charset is not suggested: with one, FreeTDS silently turns letters into "?".
    (Database.SQL_SERVER, Cause.ENCODING): gettext_noop(
        "A text in the database does not fit the encoding in which it is read: correct this row in the ERP, or cast the "
        "column to nvarchar in %(query)s, then run again."
    ),
    (Database.MYSQL, Cause.ENCODING): gettext_noop(
        "A text in the database does not fit the encoding in which it is read: correct this row in the ERP or, when all "
        'rows are in another encoding, name it in the connection\'s extra, such as {"charset": "latin5"}, then run again.'
    ),
}
_NEXT_PORT = gettext_noop(
    "The connection names no port: give it one, 1433 as a rule for SQL Server, or write host\\instance as its host, then "
    "run again."
)
_NEXT_PASSING = gettext_noop(
    "This passes by itself as a rule and is tried again; if it stays, check the ERP's database and the network."
)

# Words of errors without any code: of libpq, the operating system and SQLite, which are always English; of PostgreSQL's
# server, which refuses a connection in its own language (English, Turkish: src/backend/po/tr.po); and of PgBouncer.
_LOST_WORDS = re.compile(
    r"connection refused|timed? ?out|timeout expired|unreachable|no route to host|reset by peer|broken pipe|name resolution"
    r"|could not translate host name|name or service not known|closed the connection|connection (?:is|already) closed"
    r"|connection was lost|communication link|terminating connection|eof detected|(?:database|table) is locked"
    r"|too many (?:clients|connections)|connection slots|is (?:starting up|shutting down)|recovery mode"
    r"|not (?:yet )?accepting connections|could not fork"
    r"|istemci sayısı çok fazla|çok fazla bağlantı|bağlantı slotları|süreç başlatılamadı"
    r"|veritabanı (?:sistemi )?(?:başlatıl|kapatıl|kurtarma)"
    r"|no more connections|client connections exceeded|cannot connect to server|login has been failing",
    re.IGNORECASE,
)


def compute_failure(
    error: Exception, step: Step, *, query_name: str, driver: str = "", hook: object = None, lost: bool = False
) -> SourceError | SourceUnavailableError:
    """The error to raise in place of a driver's exception.

    :param error: what the driver or its hook raised.
    :param step: the step that failed.
    :param query_name: the query's file name, for the message.
    :param driver: module name of the connection's driver; empty without a connection.
    :param hook: the hook of the connection. Its password is removed from the driver's text.
    :param lost: whether the driver says that the connection is closed now.
    """
    driver = find_driver(error) or driver
    text = parse_text(error)
    if isinstance(error, UnicodeDecodeError) and step is Step.CONNECT:
        text = parse_refusal(error)
    words = compute_words(redact(text, _secrets_of(hook)), type(error).__name__)
    message = gettext(_FAILED[step], query=query_name, words=words)
    database = find_database(driver, text)
    cause = Cause.PASSING if lost else _find_cause(error, step, database, text)
    if driver == "pymssql" and step is Step.CONNECT and cause is Cause.PASSING and not _has_port(hook):
        return SourceError(f"{message} {gettext(_NEXT_PORT)}")  # without a port, MsSqlHook asks for the port "None"
    if cause is Cause.PASSING:
        return SourceUnavailableError(f"{message} {gettext(_NEXT_PASSING)}")
    return SourceError(f"{message} {gettext(_find_next(cause, step, database), query=query_name)}")


def _find_cause(error: Exception, step: Step, database: Database, text: str) -> Cause | None:
    if isinstance(error, ImportError) or type(error).__name__ == "AirflowOptionalProviderFeatureException":
        return Cause.DRIVER
    if isinstance(error, UnicodeError):
        if step is Step.CONNECT:
            return None
        return Cause.LETTER if isinstance(error, UnicodeEncodeError) else Cause.ENCODING
    if isinstance(error, OSError):
        return None if isinstance(error, (FileNotFoundError, PermissionError)) else Cause.PASSING
    codes, sqlstate = parse_codes(error, database, text), parse_sqlstate(error)
    if cause := find_cause(database, codes) or find_sqlstate_cause(sqlstate):
        # While rows are read, a letter that an encoding lacks is in a row; before, it is in the query.
        return Cause.ENCODING if cause is Cause.LETTER and step is Step.FETCH else cause
    names = {base.__name__ for base in type(error).__mro__}
    if "Error" not in names or "NotSupportedError" in names:
        return None
    if not codes and not sqlstate and not names.isdisjoint({"ProgrammingError", "DataError"}):
        return None  # the driver itself refuses; with a code, the class only repeats the code
    if step is Step.FETCH:
        return Cause.PASSING
    if codes:  # 0 is no code of a database: it is the driver's, mostly for the network (FreeTDS, PyMySQL)
        return Cause.PASSING if codes == [0] and step is Step.EXECUTE else None
    return Cause.PASSING if not sqlstate and _LOST_WORDS.search(text) else None


def _find_next(cause: Cause | None, step: Step, database: Database) -> str:
    default = _NEXT_UNKNOWN[step] if cause is None else _NEXT[cause]
    about = Cause.VALUE if cause is None and step is Step.FETCH else cause
    return default if about is None else _NEXT_BY_DATABASE.get((database, about), default)


def _secrets_of(hook: object) -> tuple[str, ...]:
    password = getattr(_connection_of(hook), "password", None)
    return (password,) if isinstance(password, str) else ()


def _has_port(hook: object) -> bool:
    connection = _connection_of(hook)
    return connection is None or bool(getattr(connection, "port", None)) or "\\" in str(getattr(connection, "host", ""))


def _connection_of(hook: object) -> object:
    try:
        return getattr(hook, "connection", None)
    except Exception:
        return None  # the connection cannot be loaded, so there is no password to hide
