"""What a person reads of a driver's error."""

from __future__ import annotations

import mysql.connector.errors as connector
import psycopg2
import pymssql
import pymysql
import pytest
from oracledb import errors as oracle_errors

from oduyo_provider.erp.driver import Database
from oduyo_provider.erp.driver_words import compute_words, parse_codes, parse_sqlstate, parse_text, redact

MISSING = oracle_errors._Error('ORA-00942: table or view "ERP"."X" does not exist', code=942)  # noqa: SLF001  the driver makes them so
REFUSED = oracle_errors._Error(  # noqa: SLF001  the driver makes them so
    "DPY-6005: cannot connect to database (CONNECTION_ID=x).\n[Errno 111] Connection refused"
)
TURKISH = "'oduyo' kullanıcısı için oturum açma başarısız oldu."
DB_LIB = (
    "DB-Lib error message 20018, severity 14:\nGeneral SQL Server error: Check messages from the SQL Server\n"
    "DB-Lib error message 20002, severity 9:\nTDS server connection failed (10.0.0.1)\n"
)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (psycopg2.OperationalError("first line\nDETAIL: second\n"), "first line (DETAIL: second)"),
        (
            psycopg2.OperationalError('syntax error at or near "FORM"\nLINE 3:  FORM t\n         ^\n'),
            'syntax error at or near "FORM" (LINE 3:  FORM t)',
        ),
        (
            connector.ProgrammingError("Unknown column 'kod' in 'field list'", 1054, sqlstate="42S22"),
            "1054 (42S22): Unknown column 'kod' in 'field list'",
        ),
        (MISSING.exc_type(MISSING), 'ORA-00942: table or view "ERP"."X" does not exist'),
        (
            REFUSED.exc_type(REFUSED),
            "DPY-6005: cannot connect to database (CONNECTION_ID=x). ([Errno 111] Connection refused)",
        ),
        (
            pymssql.OperationalError((18456, (TURKISH + DB_LIB + DB_LIB).encode())),
            f"{TURKISH} (TDS server connection failed (10.0.0.1))",
        ),
        (pymssql.OperationalError(208, "Geçersiz nesne adı 'Ş'.".encode("windows-1254")), "Geçersiz nesne adı 'Ş'"),
        (pymysql.err.ProgrammingError(1146, "Table 'x.y' doesn't exist"), "Table 'x.y' doesn't exist"),
        (Exception("42S02", "[42S02] no table."), "[42S02] no table"),
        (ValueError(), "ValueError"),
        (ValueError("..."), "ValueError"),
        (ValueError("x" * 9000), "x" * 500),
        (ValueError("a\u202eb\x00"), "a\\u202eb\\x00"),
        (
            UnicodeDecodeError("utf-8", b"\xfe", 0, 1, "invalid start byte"),
            "'utf-8' codec can't decode byte 0xfe in position 0: invalid start byte",
        ),
        (
            UnicodeEncodeError("iso8859-1", "SELECT 'ş'", 8, 9, "ordinal not in range(256)"),
            "'iso8859-1' codec can't encode character '\\u015f' in position 8: ordinal not in range(256)",
        ),
    ],
)
def test_c7_the_words_are_the_database_s(error: Exception, words: str) -> None:
    assert compute_words(parse_text(error), type(error).__name__) == words


@pytest.mark.parametrize(
    ("error", "database", "codes", "sqlstate"),
    [
        (
            pymssql.OperationalError((18456, (TURKISH + DB_LIB).encode())),
            Database.SQL_SERVER,
            [20018, 20002, 18456],
            "",
        ),
        (pymssql.OperationalError((18456, DB_LIB.encode())), Database.SQL_SERVER, [20018, 20002], ""),
        (Exception("42000", "[42000] [SQL Server]x(255) (1205) (SQLFetch)"), Database.SQL_SERVER, [1205], "42000"),
        (
            Exception("28000", "[28000] [SQL Server]a (18456) (SQLDriverConnect); [28000] [SQL Server]b (4060)"),
            Database.SQL_SERVER,
            [18456, 4060],
            "28000",
        ),
        (pymysql.err.OperationalError(1213, "Deadlock (1)"), Database.MYSQL, [1213], ""),
        (connector.DatabaseError("x", 1317, sqlstate="70100"), Database.MYSQL, [1317], "70100"),
        (MISSING.exc_type(MISSING), Database.ORACLE, ["ORA-00942"], ""),
        (Exception("TNS-12541: TNS:no listener"), Database.ORACLE, ["ORA-12541"], ""),
        (psycopg2.OperationalError("x"), Database.POSTGRESQL, [], ""),
    ],
)
def test_c1_all_codes_of_an_error_are_found(
    error: Exception, database: Database, codes: list[int | str], sqlstate: str
) -> None:
    assert parse_codes(error, database, parse_text(error)) == codes
    assert parse_sqlstate(error) == sqlstate


def test_no_secret_survives() -> None:
    text = (
        "cannot connect with host=erp password='s3cret pw' dbname=x; PWD=s3cret2;Server=erp "
        "to postgresql://airflow:s3cret3@erp/x as plainsecret or plain%2Fse%20cret; password='it\\'s s3cret4' "
        "PWD={a;s3cret5 b}} s3cret6};Uid=x"
    )
    shown = redact(text, ("plainsecret", "plain/se cret", ""))
    assert "se%20cret" not in shown
    assert ";Uid=x" in shown
    assert "s3cret" not in shown
    assert "plainsecret" not in shown
    assert "dbname=x" in shown
    assert "@erp/x" in shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('host name "u:s3cret@x.invalid" to address', 'host name "u:***@x.invalid" to address'),
        ("on 'u:s3c@ret/1@erp:3306' (2003)", "on 'u:***@erp:3306' (2003)"),
        ("dsn oduyo/s3cret@erp:1521/logo", "dsn oduyo/***@erp:1521/logo"),
        ("at https://s3cret@erp/x, or erp", "at https://***@erp/x, or erp"),
        ("Server=erp;PWD=a:s3c@ret;Uid=x", "Server=erp;PWD=***;Uid=x"),
        ("FATAL: no entry for host \"::1\", user 'a'@'erp'", "FATAL: no entry for host \"::1\", user 'a'@'erp'"),
    ],
)
def test_who_and_his_password_in_front_of_a_host_do_not_show(text: str, shown: str) -> None:
    assert redact(text, ()) == shown


def test_a_long_text_is_redacted_in_one_pass() -> None:
    """In several it would not end in time."""
    assert redact("a:b" * 300_000, ()) == "a:b" * 300_000
