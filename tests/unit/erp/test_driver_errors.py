"""What a driver raises is sorted into: change something first, or try again. The exceptions are the drivers' own."""

from __future__ import annotations

import re
import socket
import sqlite3
from typing import Any

import mysql.connector.errors as connector
import oracledb
import psycopg
import psycopg2
import psycopg2.errors
import pymssql
import pymysql
import pytest
from oracledb import errors as oracle_errors

from oduyo_provider.core.errors import SourceError, SourceUnavailableError
from oduyo_provider.erp.driver_errors import Step, compute_failure

PASSING, FINAL = SourceUnavailableError, SourceError
CONNECT, EXECUTE, FETCH = Step.CONNECT, Step.EXECUTE, Step.FETCH


def show(value: object) -> str:
    """A test's name: two processes must give it alike, so that no address stands in it."""
    return re.sub(r"<(.*?) object at 0x[0-9a-f]+>", r"<\1>", repr(value))


class Error(Exception):
    """An error of pyodbc's, which itself cannot be imported without unixODBC."""


Error.__module__ = "pyodbc"


def make_oracle(text: str, code: int = 0) -> Exception:
    """python-oracledb's exception for a text of the database or of the driver."""
    found = oracle_errors._Error(text, code=code)  # noqa: SLF001  the driver makes them so
    error: Exception = found.exc_type(found)
    return error


def make_postgresql(text: str, sqlstate: str) -> Exception:
    """The exception of a SQLSTATE, as psycopg makes it."""
    return psycopg.errors.lookup(sqlstate)(text)


def make_mssql(number: int, text: str) -> Exception:
    """pymssql's, as it comes from a query."""
    return pymssql.OperationalError(number, text.encode())


def fail(error: Exception, step: Step, **options: Any) -> SourceError | SourceUnavailableError:
    return compute_failure(error, step, query_name="q.sql", **options)


@pytest.mark.parametrize(
    "error",
    [
        psycopg2.OperationalError(
            'connection to server at "erp", port 5432 failed: Connection refused\n\tIs the server'
        ),
        psycopg2.OperationalError('could not translate host name "erp" to address: Name or service not known'),
        psycopg2.OperationalError("connection failed: FATAL:  sorry, too many clients already"),
        psycopg2.OperationalError("connection failed: ÖLÜMCÜL:  üzgünüm, istemci sayısı çok fazla"),
        psycopg2.OperationalError('ÖLÜMCÜL:  "oduyo" rolü için çok fazla bağlantı'),
        psycopg2.OperationalError("ÖLÜMCÜL:  kalan bağlantı slotları superuser bağlantıları için ayrılmıştır"),
        psycopg2.OperationalError(
            "FATAL:  could not fork new process for connection: Resource temporarily unavailable"
        ),
        psycopg2.OperationalError("bağlantı için yeni süreç başlatılamadı: Kaynak geçici olarak kullanılamıyor"),
        psycopg.OperationalError("connection failed: FATAL:  the database system is starting up"),
        psycopg.OperationalError("connection failed: FATAL:  the database system is not accepting connections"),
        psycopg.OperationalError("connection failed: ÖLÜMCÜL:  veritabanı başlatılıyor"),
        psycopg.OperationalError("connection failed: ÖLÜMCÜL:  veritabanı kapatılıyor"),
        psycopg.OperationalError("connection failed: ÖLÜMCÜL:  veritabanı kurtarma modundadır"),
        psycopg2.OperationalError("FATAL:  no more connections allowed (max_client_conn)"),
        psycopg2.OperationalError("FATAL:  pgbouncer cannot connect to server"),
        psycopg2.OperationalError("FATAL:  server login has been failing, try again later (server_login_retry)"),
        psycopg.OperationalError("connection timeout expired"),
        Error(
            "08001",
            "[08001] [Microsoft][ODBC Driver 18 for SQL Server]TCP Provider: timeout (10060) (SQLDriverConnect)",
        ),
        Error(
            "HYT00", "[HYT00] [Microsoft][ODBC Driver 18 for SQL Server]Login timeout expired (0) (SQLDriverConnect)"
        ),
        pymysql.err.OperationalError(2003, "Can't connect to MySQL server on 'erp' ([Errno 111] Connection refused)"),
        pymysql.err.OperationalError(1040, "Too many connections"),
        connector.InterfaceError("Can't connect to MySQL server on 'erp:3306'", 2003),
        make_oracle("DPY-6005: cannot connect to database (CONNECTION_ID=x).\n[Errno 111] Connection refused"),
        make_oracle('DPY-6001: Service "x" is not registered with the listener. (Similar to ORA-12514)'),
        make_mssql(17809, "Could not connect because the maximum number of '500' user connections has been reached."),
        pymysql.err.OperationalError(1135, "Can't create a new thread (errno 11)"),
        make_oracle("ORA-00019: maximum number of session licenses exceeded", 19),
        make_oracle("DPY-6000: Listener refused connection. (Similar to ORA-12526)"),
        make_oracle("DPY-6000: Listener refused connection. (Similar to ORA-12527)"),
        make_oracle("ORA-01033: ORACLE initialization or shutdown in progress", 1033),
        ConnectionRefusedError(111, "Connection refused"),
        socket.gaierror(-2, "Name or service not known"),
        OSError("no route to host"),
    ],
    ids=show,
)
def test_c1_a_database_that_cannot_be_reached_is_tried_again(error: Exception) -> None:
    assert isinstance(fail(error, CONNECT), PASSING)


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        (psycopg2.OperationalError('FATAL:  password authentication failed for user "airflow"'), "Correct host, port"),
        (psycopg2.OperationalError('ÖLÜMCÜL:  "airflow" kullanıcısı için şifre doğrulaması başarısız'), "Correct host"),
        (psycopg2.OperationalError('FATAL:  database "erp2" does not exist'), "Correct host, port, database"),
        (
            psycopg2.OperationalError('FATAL:  database "erp" is not currently accepting connections'),
            "Correct host, port, database",
        ),
        (psycopg2.OperationalError('ÖLÜMCÜL:  "erp2" veritabanı mevcut değil'), "Correct host, port, database"),
        (psycopg2.ProgrammingError('invalid dsn: invalid connection option "x"'), "or extra of the connection"),
        (
            psycopg2.OperationalError("FATAL:  conversion between EUC_TW and WIN1254 is not supported"),
            "or extra of the connection",
        ),
        (pymssql.OperationalError((18456, "'a' için oturum açma başarısız.".encode())), "lock the user"),
        (
            Error("28000", "[28000] [Microsoft][ODBC Driver 18][SQL Server]Login failed. (18456) (SQLDriverConnect)"),
            "lock the",
        ),
        (Error("42000", '[42000] [FreeTDS][SQL Server]"X" açılamıyor. (4060) (SQLDriverConnect)'), "database's name"),
        (
            Error("IM002", "[IM002] [unixODBC][Driver Manager]Data source name not found (0) (SQLDriverConnect)"),
            "Install",
        ),
        (
            Error("01000", "[01000] [unixODBC]Can't open lib 'ODBC Driver 18 for SQL Server' (0) (SQLDriverConnect)"),
            "Install",
        ),
        (pymysql.err.OperationalError(1045, "'a'@'b' kullanıcısına giriş izni verilmedi"), "lock the user"),
        (
            pymysql.err.OperationalError(1129, "Host 'x' is blocked because of many connection errors"),
            "allow this host",
        ),
        (pymysql.err.OperationalError(1049, "Unknown database 'x'"), "database's name"),
        (connector.ProgrammingError("Access denied for user", 1045, sqlstate="28000"), "lock the user"),
        (make_oracle("ORA-01017: geçersiz kullanıcı adı/parola", 1017), "lock the user"),
        (make_oracle("ORA-28000: hesap kilitli", 28000), "unlock the user"),
        (
            make_oracle('DPY-6003: SID "x" is not registered with the listener. (Similar to ORA-12505)'),
            "database's name",
        ),
        (
            make_oracle("DPY-3010: connections to this database server version are not supported in thin mode"),
            "Install",
        ),
        (pymysql.err.OperationalError(59999, "unknown"), "Correct host"),
        (ModuleNotFoundError("No module named 'pymssql'"), "Install the driver"),
        (FileNotFoundError(2, "No such file or directory: 'ca.pem'"), "Correct host"),
        (TypeError("get_conn() got an unexpected keyword"), "Correct host"),
    ],
    ids=lambda value: show(value) if isinstance(value, Exception) else "",
)
def test_c8_a_login_or_setting_that_is_wrong_stops_and_says_what_to_do(error: Exception, advice: str) -> None:
    found = fail(error, CONNECT)
    assert isinstance(found, FINAL)
    assert advice in str(found)


@pytest.mark.parametrize("step", [EXECUTE, FETCH])
@pytest.mark.parametrize(
    "error",
    [
        psycopg2.OperationalError("server closed the connection unexpectedly\n\tThis probably means"),
        psycopg2.OperationalError("SSL SYSCALL error: EOF detected"),
        psycopg2.InterfaceError("connection already closed"),
        make_postgresql("terminating connection due to administrator command", "57P01"),
        make_postgresql("canceling statement due to conflict with recovery", "40001"),
        make_postgresql("canceling statement due to statement timeout", "57014"),
        make_postgresql("canceling statement due to lock timeout", "55P03"),
        make_mssql(20047, "DB-Lib error message 20047, severity 9:\nDBPROCESS is dead or not enabled\n"),
        make_mssql(20017, "DB-Lib error message 20017, severity 9:\nUnexpected EOF from the server\n"),
        make_mssql(
            1205, "Kilitlenme kurbanı.DB-Lib error message 20018, severity 13:\nGeneral SQL Server error: Check"
        ),
        make_mssql(40501, "The service is currently busy."),
        Error("08S01", "[08S01] [Microsoft][ODBC Driver 18 for SQL Server]Communication link failure (0) (SQLFetch)"),
        Error("42000", "[42000] [FreeTDS][SQL Server]deadlocked (1205) (SQLExecDirectW)"),
        Error("HY000", "[HY000] [FreeTDS][SQL Server]Unknown error (0) (SQLExecDirectW)"),
        Error("HYT00", "[HYT00] [Microsoft][ODBC Driver 18 for SQL Server]Query timeout expired (0) (SQLExecDirectW)"),
        Error("HY000", "[HY000] [MySQL][ODBC 8.0(w) Driver][mysqld-8.0.30]Deadlock found (1213) (SQLExecDirectW)"),
        Error("HY000", "[HY000] [Oracle][ODBC][Ora]ORA-01555: snapshot too old (1555) (SQLFetch)"),
        make_mssql(1105, "'tempdb' veritabanında alan ayrılamadı; 'PRIMARY' dosya grubu dolu."),
        make_mssql(1101, "Could not allocate a new page for database 'TEMPDB' because of insufficient disk space."),
        make_mssql(1219, "Your session has been disconnected because of a high priority DDL operation."),
        pymysql.err.OperationalError(1114, "The table '/tmp/#sql1f4_2' is full"),
        make_oracle("ORA-01652: unable to extend temp segment by 128 in tablespace TEMP", 1652),
        pymysql.err.OperationalError(1213, "Deadlock found when trying to get lock; try restarting transaction"),
        pymysql.err.OperationalError(1317, "Query execution was interrupted"),
        pymysql.err.OperationalError(1205, "Lock wait timeout exceeded; try restarting transaction"),
        pymysql.err.OperationalError(2013, "Lost connection to MySQL server during query"),
        pymysql.err.InterfaceError(0, ""),
        connector.DatabaseError("Query execution was interrupted", 1317, sqlstate="70100"),
        connector.InternalError("Deadlock found", 1213, sqlstate="40001"),
        connector.OperationalError("Lost connection to MySQL server during query", 2013),
        make_oracle("ORA-01555: snapshot too old: rollback segment number 9", 1555),
        make_oracle("ORA-00028: oturumunuz sonlandırıldı", 28),
        make_oracle("ORA-12801: error signaled in parallel query server P000\nORA-00060: deadlock detected", 12801),
        make_oracle("DPY-4024: call timeout of 900000 ms exceeded"),
        sqlite3.OperationalError("database is locked"),
        ConnectionResetError(104, "Connection reset by peer"),
        TimeoutError(),
    ],
    ids=show,
)
def test_c1_a_connection_that_breaks_off_is_tried_again(error: Exception, step: Step) -> None:
    found = fail(error, step)
    assert isinstance(found, PASSING)
    assert "isfinite" not in str(found)


@pytest.mark.parametrize("step", [EXECUTE, FETCH])
@pytest.mark.parametrize(
    ("error", "advice"),
    [
        (make_postgresql("permission denied for table sis_ozelkod", "42501"), "GRANT SELECT"),
        (make_postgresql("sis_ozelkod için izin verilmedi", "42501"), "GRANT SELECT"),
        (make_postgresql('relation "erp.x" does not exist', "42P01"), "no such table"),
        (make_postgresql("cannot execute UPDATE in a read-only transaction", "25006"), "may only read"),
        (make_postgresql("there is no parameter $1", "42P02"), "write constants"),
        (make_postgresql("division by zero", "22012"), "isfinite()"),
        (make_postgresql('invalid byte sequence for encoding "UTF8": 0xde', "22021"), "client_encoding"),
        (make_mssql(229, "'X' nesnesinde SELECT izni reddedildi."), "GRANT SELECT"),
        (make_mssql(208, "Geçersiz nesne adı 'LG_021_SPECODES'."), "no such table"),
        (make_mssql(8134, "Sıfıra bölme hatası."), "cast the column to text"),
        (
            Error("42S02", "[42S02] [Microsoft][ODBC][SQL Server]Invalid object name 'X'. (208) (SQLExecDirectW)"),
            "no such table",
        ),
        (Error("42000", "[42000] [FreeTDS][SQL Server]SELECT izni reddedildi. (229) (SQLExecDirectW)"), "GRANT SELECT"),
        (pymysql.err.OperationalError(1142, "SELECT command denied to user"), "GRANT SELECT"),
        (pymysql.err.ProgrammingError(1146, "Table 'x.y' doesn't exist"), "no such table"),
        (
            connector.ProgrammingError("Unknown column 'closed' in 'field list'", 1054, sqlstate="42S22"),
            "in an SQL client",
        ),
        (make_oracle('ORA-00942: table or view "X" does not exist', 942), "no such table"),
        (make_oracle("ORA-01031: insufficient privileges", 1031), "GRANT SELECT"),
        (
            make_oracle("ORA-12801: error signaled in parallel query server P000\nORA-01722: invalid number", 12801),
            "cast",
        ),
        (make_oracle("ORA-29275: partial multibyte character", 29275), "cast the column to text"),
        (UnicodeDecodeError("utf-8", b"\xfe", 0, 1, "invalid start byte"), "correct this row"),
    ],
    ids=lambda value: show(value) if isinstance(value, Exception) else "",
)
def test_c8_what_is_wrong_with_the_query_or_its_rights_stops(error: Exception, advice: str, step: Step) -> None:
    found = fail(error, step)
    assert isinstance(found, FINAL)
    assert advice in str(found)
    assert "q.sql" in str(found)


@pytest.mark.parametrize(
    "error",
    [
        pymysql.err.OperationalError(59999, "?"),
        make_mssql(59999, "?"),
        make_oracle("ORA-59999: ?", 59999),
        make_postgresql("out of anything", "XX000"),
        connector.DatabaseError("?", 59999, sqlstate="HY000"),
        Error("42000", "[42000] [FreeTDS][SQL Server]? (59999) (SQLFetch)"),
        sqlite3.OperationalError("no such table: x"),
    ],
    ids=show,
)
def test_c1_what_nobody_knows_is_tried_again_while_rows_are_read_and_stops_before(error: Exception) -> None:
    assert isinstance(fail(error, CONNECT), FINAL)
    assert isinstance(fail(error, EXECUTE), FINAL)
    assert isinstance(fail(error, FETCH), PASSING)


@pytest.mark.parametrize(
    ("driver", "advice"), [("psycopg2", "isfinite()"), ("psycopg", "isfinite()"), ("pymssql", "cast"), ("", "cast")]
)
def test_c1_only_postgresql_is_told_of_isfinite(driver: str, advice: str) -> None:
    found = fail(ValueError("year 10000 is out of range"), FETCH, driver=driver)
    assert isinstance(found, FINAL)
    assert advice in str(found)
    assert ("isfinite" in str(found)) is (advice == "isfinite()")


@pytest.mark.parametrize(
    ("driver", "advice"),
    [
        ("psycopg2", '{"client_encoding": "WIN1254"}'),
        ("psycopg", '{"client_encoding": "WIN1254"}'),
        ("pymysql", '{"charset": "latin5"}'),
        ("mysql", '{"charset": "latin5"}'),
        ("pymssql", "cast the column to nvarchar in q.sql"),
        ("oracledb", "correct this row in the ERP, then run again"),
    ],
)
def test_c8_a_text_in_another_encoding_is_told_what_helps_on_its_database(driver: str, advice: str) -> None:
    found = fail(UnicodeDecodeError("utf-8", b"\xfe", 0, 1, "invalid start byte"), FETCH, driver=driver)
    assert isinstance(found, FINAL)
    assert advice in str(found)
    assert ('"charset"' in str(found)) is ("charset" in advice)


NO_EQUIVALENT = make_postgresql('character 0xc59f in encoding "UTF8" has no equivalent in encoding "LATIN1"', "22P05")


@pytest.mark.parametrize(
    "error", [UnicodeEncodeError("iso8859-1", "-- ş", 3, 4, "ordinal not in range(256)"), NO_EQUIVALENT], ids=show
)
def test_c8_a_letter_of_the_query_that_an_encoding_lacks_has_to_leave_it(error: Exception) -> None:
    found = fail(error, EXECUTE, driver="psycopg2")
    assert isinstance(found, FINAL)
    assert "take it out of q.sql, also out of its comments" in str(found)
    assert "client_encoding" not in str(found)


def test_c8_a_letter_of_a_row_that_an_encoding_lacks_is_none_of_the_query_s() -> None:
    assert "correct this row in the ERP" in str(fail(NO_EQUIVALENT, FETCH))


def test_c1_a_value_that_a_driver_cannot_take_is_not_tried_again() -> None:
    assert isinstance(fail(psycopg.DataError("timestamp too large (after year 10K)"), FETCH), FINAL)
    assert isinstance(fail(oracledb.NotSupportedError("DPY-3007: type not supported"), FETCH), FINAL)


def test_c1_the_number_of_an_earlier_refusal_does_not_make_a_lost_connection_a_refused_login() -> None:
    lost = "DB-Lib error message 20017, severity 9:\nUnexpected EOF from the server (10.0.0.1)\n"
    assert isinstance(fail(pymssql.OperationalError((18456, lost.encode())), CONNECT), PASSING)


def test_c1_a_closed_connection_counts_as_lost_whatever_the_message_says() -> None:
    assert isinstance(fail(psycopg2.DatabaseError("?"), EXECUTE, lost=True), PASSING)


class Hook:
    """A hook with the part of its connection that errors look at."""

    def __init__(self, **fields: Any) -> None:
        self.connection = type("Connection", (), {"host": "erp", "port": None, "password": "hunter22", **fields})()


UNREACHABLE = b"DB-Lib error message 20009, severity 9:\nUnable to connect: TDS server is unavailable (10.0.0.1)\n"


def test_c8_a_connection_to_sql_server_without_a_port_is_told_so() -> None:
    error = pymssql.OperationalError((20009, UNREACHABLE))
    found = fail(error, CONNECT, hook=Hook())
    assert isinstance(found, FINAL)
    assert "names no port: give it one, 1433" in str(found)
    assert isinstance(fail(error, CONNECT, hook=Hook(port=1433)), PASSING)
    assert isinstance(fail(error, CONNECT, hook=Hook(host="erp\\logo")), PASSING)


def test_no_password_shows_whatever_the_driver_wrote() -> None:
    error = psycopg2.OperationalError("cannot connect as hunter22 with password='s3cret pw'")
    assert "hunter22" not in (text := str(fail(error, CONNECT, hook=Hook())))
    assert "s3cret" not in text
    cut = psycopg2.OperationalError("x" * 495 + "hunter22")
    assert "hunt" not in str(fail(cut, CONNECT, hook=Hook()))


def test_c7_a_refusal_in_the_server_s_own_encoding_is_read() -> None:
    words = 'ÖLÜMCÜL:  "airflow" kullanıcısı için şifre doğrulaması başarısız'
    raw = words.encode("windows-1254")
    found = fail(UnicodeDecodeError("utf-8", raw, 0, 1, "invalid start byte"), CONNECT)
    assert isinstance(found, FINAL)
    assert words in str(found)
    assert "Correct host" in str(found)
