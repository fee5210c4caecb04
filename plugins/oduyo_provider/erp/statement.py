"""Prepares the text of a query for a driver: one statement, without the end marks of SQL clients."""

from __future__ import annotations

import re

from oduyo_provider.core.errors import SourceError
from oduyo_provider.core.language import gettext
from oduyo_provider.erp.driver import Database

# PostgreSQL's comments may hold others; here up to five levels.
_NESTED = r"/\*(?:(?!/\*|\*/).)*\*/"
for _ in range(4):
    _NESTED = rf"/\*(?:(?!/\*|\*/).|{_NESTED})*\*/"

# A semicolon inside these ends no statement: comments, strings, quoted names, dollar-quoted texts (PostgreSQL).
_STRINGS = r"""(?<!\w)[eE]'(?:[^'\\]|\\.)*' | '[^']*' | "[^"]*" | (?<![\w$])(\$\w*\$).*?\1"""
_NOT_CODE = {
    Database.UNKNOWN: rf"--[^\n]* | /\*.*?\*/ | {_STRINGS}",
    Database.POSTGRESQL: rf"--[^\n]* | {_NESTED} | {_STRINGS}",
    # "--1" is minus minus one, and the text in /*! */ is run. https://dev.mysql.com/doc/refman/8.4/en/comments.html
    # A text without its end mark hides the rest; otherwise the end would be searched for again from each mark.
    Database.MYSQL: r"""--(?![^\0-\x20])[^\n]* | \#[^\n]* | /\*(?!M?!).*?(?:\*/|\Z)
        | '(?:[^'\\]|\\.)*(?:'|\Z) | "(?:[^"\\]|\\.)*(?:"|\Z) | `[^`]*(?:`|\Z)""",
}
_PATTERNS = {database: re.compile(text, re.DOTALL | re.VERBOSE) for database, text in _NOT_CODE.items()}
_COMMENTS = ("--", "/*", "#")
_LETTER = re.compile(r"[^\n]")

# End marks of SQL clients, which are not part of the statement: a semicolon; a line of "/" (SQL*Plus) or of GO (SSMS).
# Oracle refuses a semicolon (ORA-00933), SQL Server refuses GO (102). They are matched on the reversed text: from the
# front, a match would be tried at every blank of a long comment.
_END_BACKWARDS = re.compile(r"(?:\s*;|\s*^[ \t\r]*(?:/|OG)[ \t\r]*$)+\s*", re.IGNORECASE | re.MULTILINE)


def parse_statement(text: str, query_name: str) -> str:
    """The statement to send, without byte order mark, outer blanks and end marks.

    :param text: the content of a query file.
    :param query_name: the query's file name, for the message.
    :raises SourceError: nothing is left, or only comments.
    """
    query = text.strip().lstrip("\ufeff").strip()
    end = _END_BACKWARDS.match(_hide(query)[::-1])
    query = query[: len(query) - end.end()] if end else query
    if not _hide(query).strip():
        if query:
            text = gettext(
                "There is nothing to run: %(query)s holds only comments. Write one SELECT into it, then run again.",
                query=query_name,
            )
        else:
            text = gettext(
                "There is nothing to run: %(query)s is empty. Write one SELECT into it, then run again.",
                query=query_name,
            )
        raise SourceError(text)
    return query


def has_more_statements(query: str, database: Database) -> bool:
    """Whether a semicolon in the query is followed by more than comments, as PostgreSQL or MySQL reads it."""
    return bool(_hide(query, database).partition(";")[2].strip("; \t\r\n"))


def _hide(query: str, database: Database = Database.UNKNOWN) -> str:
    """The query with comments replaced by blanks and strings by letters, all at the same positions."""
    return _PATTERNS[database].sub(
        lambda found: _LETTER.sub(" " if found[0].startswith(_COMMENTS) else "x", found[0]), query
    )
