"""What a database driver's exception means for the run: change something first, or try again later.

Drivers share no class (PEP 249 fixes only the names), so this goes by SQLSTATE where there is one, then by class name,
then by what the message says. SQLSTATE is a PostgreSQL driver's ``pgcode``/``sqlstate`` and ODBC's first argument.
"""

from __future__ import annotations

import re
from enum import Enum

from oduyo_provider.core.errors import SourceError, SourceUnavailableError


class Step(str, Enum):
    """What was being done when the driver raised; the words stand in the message."""

    CONNECT = "The ERP's database cannot be opened"
    EXECUTE = "The ERP's database does not accept {query}"
    FETCH = "Reading the rows of {query} broke off"


#: SQLSTATE classes and codes that pass by themselves: connection, rollback, resources, shutdown or cancel, system,
#: a lock, ODBC's timeouts.
RETRY_SQLSTATES = ("08", "40", "53", "57", "58", "55P03", "HYT")

#: Refused logins and missing databases, which retrying could only turn into a locked account. English only: a server
#: that answers in another language is retried, which costs time and nothing else.
_LOGIN = re.compile(
    r"authentication failed|role .* does not exist|database .* does not exist|no pg_hba\.conf entry|login failed"
    r"|no password supplied|cannot open database|access denied|ORA-010(17|05)|ORA-28000|permission denied",
    re.IGNORECASE,
)
_LOST = re.compile(
    r"closed|terminat|timed? ?out|broken pipe|reset by|refused|unreachable|network|communication link|is dead|gone away"
    r"|is locked|lost|ORA-(03113|03114|03135|12170|12541|12514)|DPY-(4011|6005)",
    re.IGNORECASE,
)
_SECRET = re.compile(r"(?i)\b(password|passwd|pwd|secret|token)\s*=\s*('[^']*'|[^\s;]+)|(?<=://)[^/\s]*(?=@)")

_RIGHTS = "Give the connection's user the right to read it (GRANT SELECT, and USAGE on the schema), then run again."
_PLACEHOLDER = "The query is sent without parameters: write constants in place of $1 and the like, then run again."
_ENCODING = (
    "The database's texts are not in the encoding that it states: name the right one in the connection's extra, for "
    'PostgreSQL as {"client_encoding": "WIN1254"}, then run again.'
)
#: What to do next where SQLSTATE says it; none of these passes by itself.
_NEXT_BY_SQLSTATE = {
    "22021": _ENCODING,
    "22P05": _ENCODING,
    "42501": _RIGHTS,
    "25006": "The query may only read: leave nothing but one SELECT in it, then run again.",
    "08P01": _PLACEHOLDER,
    "42P02": _PLACEHOLDER,
    "IM002": "Install the ODBC driver on every worker, or correct the driver's name in the connection, then run again.",
}
_NEXT = {
    Step.CONNECT: "Correct host, port, database, user or password of the connection, then run again.",
    Step.EXECUTE: "Try {query} in an SQL client with the connection's user; it must be one SELECT without "
    "placeholders. Correct it, then run again.",
    Step.FETCH: "The driver cannot take a value of the result, or the database cannot compute it: guard dates with "
    "isfinite() and a range, or cast the column to text, then run again.",
}
_NEXT_RETRY = (
    "This passes by itself as a rule and is tried again; if it stays, check the ERP's database and the network."
)
_NEXT_DRIVER = "Install the driver and the Airflow provider of this connection type on every worker, then run again."


def compute_failure(
    error: Exception, step: Step, *, query_name: str, secrets: tuple[str, ...] = (), lost: bool = False
) -> SourceError | SourceUnavailableError:
    """The error to raise in place of a driver's exception.

    :param error: what the driver or its hook raised.
    :param step: what was being done.
    :param query_name: the query's file name, for the message.
    :param secrets: texts that must not appear in the message, whatever the driver wrote.
    :param lost: the driver says that the connection is closed now.
    """
    text = redact(parse_message(error), secrets)
    cause = f"{step.value.format(query=query_name)}: {text}."
    if isinstance(error, ImportError) or type(error).__name__ == "AirflowOptionalProviderFeatureException":
        return SourceError(f"{cause} {_NEXT_DRIVER}")
    if isinstance(error, UnicodeError) and step is not Step.CONNECT:
        return SourceError(f"{cause} {_ENCODING}")
    sqlstate = parse_sqlstate(error)
    if _is_passing(error, step, sqlstate, text, lost):
        return SourceUnavailableError(f"{cause} {_NEXT_RETRY}")
    return SourceError(f"{cause} {_NEXT_BY_SQLSTATE.get(sqlstate) or _NEXT[step].format(query=query_name)}")


def _is_passing(error: Exception, step: Step, sqlstate: str, text: str, lost: bool) -> bool:
    if lost or isinstance(error, (ConnectionError, TimeoutError)):
        return True
    if sqlstate:
        return sqlstate.startswith(RETRY_SQLSTATES) and sqlstate not in _NEXT_BY_SQLSTATE
    names = {base.__name__ for base in type(error).__mro__}
    if names.isdisjoint({"OperationalError", "InterfaceError", "DatabaseError", "OSError"}):
        return False
    if step is Step.CONNECT:
        return names.isdisjoint({"ProgrammingError", "NotSupportedError", "DataError"}) and not _LOGIN.search(text)
    return names.isdisjoint({"ProgrammingError", "DataError"}) and bool(_LOST.search(text))


def parse_sqlstate(error: Exception) -> str:
    """The five characters of SQLSTATE, or ``""`` where the driver gives none."""
    candidates = [getattr(error, "sqlstate", None), getattr(error, "pgcode", None), *error.args[:1]]
    return next((code for code in candidates if isinstance(code, str) and re.fullmatch(r"[0-9A-Z]{5}", code)), "")


def parse_message(error: Exception) -> str:
    """The first line of what the driver says, with PostgreSQL's ``LINE 3: …`` when it follows.

    ODBC and DB-Library put the text last among the arguments, the latter as bytes.
    """
    texts = [
        part for part in error.args if isinstance(part, (str, bytes)) and part and not isinstance(error, UnicodeError)
    ]
    last = texts[-1] if texts else str(error)
    text = last.decode("utf-8", "replace") if isinstance(last, bytes) else last
    lines = [line.strip() for line in text.strip().splitlines()] or [type(error).__name__]
    message = lines[0]
    if len(lines) > 1 and re.match(r"\w+ \d+: ", lines[1]):
        message += f" ({lines[1]})"
    # A driver quotes the values that it does not like.
    shown = "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in message[:500])
    return shown.rstrip(" .") or type(error).__name__


def redact(text: str, secrets: tuple[str, ...]) -> str:
    """``text`` without the given secrets and without anything that looks like a password in a connection string."""
    for secret in secrets:
        if secret:
            text = text.replace(secret, "***")
    return _SECRET.sub(lambda match: f"{match[1]}=***" if match[1] else "***", text)
