"""The text of a query as a driver takes it: one statement, without the marks that an SQL client puts behind it."""

from __future__ import annotations

import re

from oduyo_provider.core.errors import SourceError
from oduyo_provider.core.language import gettext
from oduyo_provider.erp.driver import Database

# A comment of PostgreSQL's holds others, here five deep.
_NESTED = r"/\*(?:(?!/\*|\*/).)*\*/"
for _ in range(4):
    _NESTED = rf"/\*(?:(?!/\*|\*/).|{_NESTED})*\*/"

# A semicolon inside these ends no statement: comments, strings, quoted names, dollar-quoted texts (PostgreSQL).
_STRINGS = r"""(?<!\w)[eE]'(?:[^'\\]|\\.)*' | '[^']*' | "[^"]*" | (?<![\w$])(\$\w*\$).*?\1"""
_NOT_CODE = {
    Database.UNKNOWN: rf"--[^\n]* | /\*.*?\*/ | {_STRINGS}",
    Database.POSTGRESQL: rf"--[^\n]* | {_NESTED} | {_STRINGS}",
    # "--1" is minus minus one, and what stands in /*! */ is run. https://dev.mysql.com/doc/refman/8.4/en/comments.html
    # What does not end hides the rest: else it would be looked for from each of its marks.
    Database.MYSQL: r"""--(?![^\0-\x20])[^\n]* | \#[^\n]* | /\*(?!M?!).*?(?:\*/|\Z)
        | '(?:[^'\\]|\\.)*(?:'|\Z) | "(?:[^"\\]|\\.)*(?:"|\Z) | `[^`]*(?:`|\Z)""",
}
_PATTERNS = {database: re.compile(text, re.DOTALL | re.VERBOSE) for database, text in _NOT_CODE.items()}
_COMMENTS = ("--", "/*", "#")
_LETTER = re.compile(r"[^\n]")

# What ends a statement in an SQL client and is none of its text: a semicolon; a line of "/" (SQL*Plus) or of GO (SSMS).
# Oracle refuses a semicolon (ORA-00933), SQL Server refuses GO (102). Read from behind: from the front every blank of a
# long comment would be tried as the beginning of the end.
_END_BACKWARDS = re.compile(r"(?:\s*;|\s*^[ \t\r]*(?:/|OG)[ \t\r]*$)+\s*", re.IGNORECASE | re.MULTILINE)


def parse_statement(text: str, query_name: str) -> str:
    """The statement to send: without a byte order mark, outer blanks, and end marks.

    :param text: the content of a query file.
    :param query_name: the query's file name, for the message.
    :raises SourceError: nothing is left, or comments only.
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
    """The query with blanks in place of comments and letters in place of strings, every position kept."""
    return _PATTERNS[database].sub(
        lambda found: _LETTER.sub(" " if found[0].startswith(_COMMENTS) else "x", found[0]), query
    )
