"""Reads codes and words from the error of a database or its driver, and makes the words fit to show."""

from __future__ import annotations

import re
from collections.abc import Iterator

from oduyo_provider.core.redact import Redactor, escape
from oduyo_provider.erp.driver import Database

#: How much of a driver's text a message shows, in characters.
SHOWN_CHARACTERS = 500

_SQLSTATE = re.compile(r"[0-9A-Z]{5}").fullmatch

# What DB-Library and python-oracledb write around the database's words.
_NOISE = re.compile(
    r"DB-Lib error message \d+, severity \d+:|General SQL Server error: Check messages from the SQL Server"
    r"|^Help: https?://\S+$|^\s*\^+\s*$",
    re.MULTILINE,
)
_SECRET = re.compile(r"(?i)\b(password|passwd|pwd|secret|token)\s*=\s*('(?:[^'\\]|\\.)*'|\{(?:[^}]|\}\})*\}|[^\s;]+)")
# user:password@host with or without a scheme, and Oracle's user/password@host: from the first : or / to the last @.
_USER_INFO = re.compile(r"(?<!\S)([^\s:/]*[:/]{1,3})\S*(?=@)")


def parse_sqlstate(error: Exception) -> str:
    """The five characters of SQLSTATE; ``""`` if the driver gives none."""
    candidates = [getattr(error, "sqlstate", None), getattr(error, "pgcode", None), *error.args[:1]]
    return next((code for code in candidates if isinstance(code, str) and _SQLSTATE(code)), "")


def parse_codes(error: Exception, database: Database, text: str) -> list[int | str]:
    """The codes in an error, in their order.

    :param text: the error's, from :func:`parse_text`.
    """
    if database is Database.ORACLE:
        return [
            f"ORA{code[3:]}" if code.startswith("TNS") else code
            for code in re.findall(r"\b(?:ORA|TNS|DPY|DPI)-\d{4,5}\b", text)
        ]
    numbers = [int(number) for number in re.findall(r"DB-Lib error message (\d+)", text)]
    # If the server has sent no words, pymssql's number is of an earlier error in this process.
    if not text.startswith("DB-Lib error message"):
        numbers += dict.fromkeys(
            part for part in (getattr(error, "errno", None), *_flatten(error.args)) if type(part) is int
        )
    # ODBC puts the database's number in brackets after the text, and the name of its function after that.
    return [*(numbers or map(int, re.findall(r"\((\d+)\)(?= \(SQL|;|$)", text)))]


def parse_text(error: Exception) -> str:
    """The whole text of an error, with its line ends.

    Drivers give it as the last argument; mysql-connector-python has the SQLSTATE after it, pymssql gives bytes in a
    tuple.
    """
    if isinstance(error, UnicodeError):
        return str(error)
    parts = [part for part in _flatten(error.args) if isinstance(part, (str, bytes)) and part]
    texts = [_decode(part) if isinstance(part, bytes) else part for part in parts]
    texts = [text for text in texts if not _SQLSTATE(text)]
    return (texts[-1] if texts else str(error)).strip()


def parse_refusal(error: UnicodeDecodeError) -> str:
    """The text with which a server refused a connection, before the driver knew its encoding."""
    return _decode(bytes(error.object))


def compute_words(text: str, kind: str) -> str:
    """The text in one line of printable characters: the first line, then the others in brackets.

    :param kind: returned for a text without words.
    """
    lines = [line.strip() for line in _NOISE.sub("\n", text).splitlines()]
    lines = list(dict.fromkeys(line for line in lines if line.strip(" .")))
    if not lines:
        return kind
    words = lines[0] + (f" ({'; '.join(lines[1:])})" if lines[1:] else "")
    # Escaped, as drivers quote the values that they reject.
    return escape(words[:SHOWN_CHARACTERS]).rstrip(" .")


def redact(text: str, secrets: tuple[str, ...]) -> str:
    """`text` without the given secrets, and without what looks like a password in a connection string."""
    return _USER_INFO.sub(r"\1***", _SECRET.sub(r"\1=***", Redactor(secrets)(text)))


def _flatten(args: tuple[object, ...]) -> Iterator[object]:
    for part in args:
        if isinstance(part, tuple):
            yield from _flatten(part)
        else:
            yield part


def _decode(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("windows-1254", "replace")
