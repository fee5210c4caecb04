"""What of a query file's text is sent."""

from __future__ import annotations

import pytest

from oduyo_provider.core.errors import SourceError
from oduyo_provider.erp.driver import Database
from oduyo_provider.erp.statement import has_more_statements, parse_statement


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("SELECT 1", "SELECT 1"),
        ("\ufeff  SELECT 1  \n", "SELECT 1"),
        ("SELECT 1;", "SELECT 1"),
        ("SELECT 1 ; ;\n\n;", "SELECT 1"),
        ("SELECT 1; -- son", "SELECT 1"),
        ("SELECT 1\n;\n/* son ; */\n", "SELECT 1"),
        ("SELECT 1\n/\n", "SELECT 1"),
        ("SELECT 1;\n/", "SELECT 1"),
        ("SELECT 1\nGO", "SELECT 1"),
        ("SELECT 1;\r\n  go  \r\n", "SELECT 1"),
        ("SELECT 1\r\nGO\r\n-- son\r\n", "SELECT 1"),
        ("SELECT 1\nGO\n;\nGO", "SELECT 1"),
        ("SELECT 1 -- son;", "SELECT 1 -- son;"),
        ("SELECT ';'", "SELECT ';'"),
        ("SELECT 'a\nGO\n'", "SELECT 'a\nGO\n'"),
        ("SELECT 4 / 2", "SELECT 4 / 2"),
        ('SELECT 1 AS "GO"', 'SELECT 1 AS "GO"'),
        ("DECLARE @f int = 21; SELECT 1;", "DECLARE @f int = 21; SELECT 1"),
        ("-- Ödüyo için ;\nSELECT 1;", "-- Ödüyo için ;\nSELECT 1"),
    ],
)
def test_c5_what_ends_a_statement_in_an_sql_client_is_not_sent(text: str, sent: str) -> None:
    assert parse_statement(text, "q.sql") == sent


@pytest.mark.parametrize("end", ["", "\n;", "\nGO"])
def test_long_comments_are_read_once(end: str) -> None:
    """Read again from each of its blanks this one would not end in time."""
    query = f"-- {'x ' * 38}\n" * 4_000 + "SELECT 1"
    assert parse_statement(query + end, "q.sql") == query


@pytest.mark.parametrize("text", ["", "  \n", "\ufeff", ";", "GO\n"])
def test_an_empty_query_is_an_error(text: str) -> None:
    with pytest.raises(SourceError, match=r"q\.sql is empty"):
        parse_statement(text, "q.sql")


@pytest.mark.parametrize(
    ("query", "more"),
    [
        ("SELECT 1", False),
        ("SELECT ';' -- ;", False),
        ("SELECT 1; -- nothing", False),
        ("SELECT $x$a;b;$$;$x$", False),
        ("SELECT 1; SELECT 2", True),
        ("SELECT 'it''s'; DELETE FROM t", True),
        ("SELECT 1 /* a ; /* b ; */ ; */ AS c", False),
        ("SELECT 1 /* a /* b */ */; DELETE FROM t", True),
        ("SELECT 1 /* a ; /* b ; /* c ; */ ; */ ; */; -- /*\n", False),
        ("SELECT '/*' AS a; DELETE FROM t -- */", True),
        ("SELECT 'a\\'; DELETE FROM t --'", True),
    ],
)
def test_a_second_statement_of_postgresql_s_is_found(query: str, more: bool) -> None:
    assert has_more_statements(query, Database.POSTGRESQL) is more


@pytest.mark.parametrize(
    ("query", "more"),
    [
        ("SELECT `a;b`, 'c;d', \"e;f\" FROM t", False),
        ("SELECT `a``;b` FROM t", False),
        ("SELECT `it's` FROM t; DELETE FROM t", True),
        ("SELECT 'it\\'s ;' FROM t", False),
        ("SELECT 'it''s ;' FROM t", False),
        ('SELECT "it\\"s ;" FROM t', False),
        ("SELECT 'a\\\\'; DELETE FROM t -- '", True),
        ("SELECT 1 # it's ; one\n FROM t", False),
        ("SELECT 1; # son\n-- son\n--\n", False),
        ("SELECT '#'; DELETE FROM t", True),
        ("SELECT 5--1; DELETE FROM t", True),
        ("SELECT 1 /* a ; /* b */ FROM t", False),
        ("SELECT 1 /* a /* b */; DELETE FROM t /* */ */", True),
        ("SELECT 1 /*!; DELETE FROM t # */", True),
        ("SELECT /*!50000 STRAIGHT_JOIN */ 1 /*M!100000 + 1 */;", False),
        ("SELECT a$b$; DELETE FROM t$b$", True),
    ],
)
def test_a_second_statement_of_mysql_s_is_found(query: str, more: bool) -> None:
    assert has_more_statements(query, Database.MYSQL) is more
