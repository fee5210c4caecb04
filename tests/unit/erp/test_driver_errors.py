"""What a driver raises is sorted into: change something first, or try again."""

from __future__ import annotations

import pytest

from oduyo_provider.core.errors import SourceError, SourceUnavailableError
from oduyo_provider.erp.driver_errors import Step, compute_failure, parse_message, redact


class DatabaseError(Exception):
    """By PEP 249 only the names are common to all drivers."""


class OperationalError(DatabaseError):
    sqlstate: str | None = None


class ProgrammingError(DatabaseError):
    pass


class PostgresError(OperationalError):
    def __init__(self, text: str, sqlstate: str) -> None:
        super().__init__(text)
        self.sqlstate = sqlstate


def failure(error: Exception, step: Step) -> SourceError | SourceUnavailableError:
    return compute_failure(error, step, query_name="dia_postgres.sql")


@pytest.mark.parametrize(
    "error",
    [
        OperationalError('connection to server at "erp", port 5432 failed: Connection refused'),
        OperationalError("could not translate host name"),
        OperationalError("FATAL:  şifre doğrulaması başarısız"),
        OperationalError(20009, b"DB-Lib error message 20009, severity 9:\nUnable to connect"),
        OperationalError("08001", "[08001] [Microsoft][ODBC Driver 18 for SQL Server]TCP Provider: timeout (0)"),
        OperationalError("ORA-12541: TNS:no listener"),
        PostgresError("FATAL: sorry, too many clients already", "53300"),
        ConnectionRefusedError(111, "Connection refused"),
        OSError("no route to host"),
    ],
    ids=repr,
)
def test_a_database_that_cannot_be_reached_is_tried_again(error: Exception) -> None:
    assert isinstance(failure(error, Step.CONNECT), SourceUnavailableError)


@pytest.mark.parametrize(
    "error",
    [
        OperationalError('FATAL:  password authentication failed for user "airflow"'),
        OperationalError('FATAL:  database "erp2" does not exist'),
        OperationalError(18456, b"Login failed for user 'airflow'."),
        OperationalError("28000", "[28000] Login failed for user 'airflow'. (18456)"),
        OperationalError("ORA-01017: invalid username/password; logon denied"),
        ProgrammingError("invalid connection option"),
        ModuleNotFoundError("No module named 'pymssql'"),
        TypeError("get_conn() got an unexpected keyword"),
    ],
    ids=repr,
)
def test_a_login_or_setting_that_is_wrong_stops(error: Exception) -> None:
    assert isinstance(failure(error, Step.CONNECT), SourceError)


@pytest.mark.parametrize("step", [Step.EXECUTE, Step.FETCH])
@pytest.mark.parametrize(
    "error",
    [
        OperationalError("server closed the connection unexpectedly"),
        OperationalError("08S01", "[08S01] Communication link failure"),
        OperationalError(20047, b"DBPROCESS is dead or not enabled"),
        OperationalError("database is locked"),
        PostgresError("terminating connection due to administrator command", "57P01"),
        PostgresError("canceling statement due to conflict with recovery", "40001"),
        PostgresError("canceling statement due to statement timeout", "57014"),
        OperationalError("HYT00", "[HYT00] Query timeout expired"),
        ConnectionResetError(104, "Connection reset by peer"),
        TimeoutError(),
    ],
    ids=repr,
)
def test_a_connection_that_breaks_off_is_tried_again(error: Exception, step: Step) -> None:
    assert isinstance(failure(error, step), SourceUnavailableError)


@pytest.mark.parametrize(
    "error",
    [
        OperationalError("no such table: sis_ozelkod"),
        ProgrammingError(208, b"Invalid object name 'LG_021_SPECODES'."),
        ProgrammingError("42S02", "[42S02] Invalid object name 'LG_021_SPECODES'. (208)"),
        PostgresError("permission denied for table sis_ozelkod", "42501"),
        ValueError("year 10000 is out of range"),
        UnicodeDecodeError("utf-8", b"\xfe", 0, 1, "invalid start byte"),
    ],
    ids=repr,
)
def test_a_query_that_is_wrong_stops_and_names_its_file(error: Exception) -> None:
    found = failure(error, Step.EXECUTE)
    assert isinstance(found, SourceError)
    assert "dia_postgres.sql" in str(found)


def test_a_closed_connection_counts_as_lost_whatever_the_message_says() -> None:
    found = compute_failure(DatabaseError("?"), Step.FETCH, query_name="q", lost=True)
    assert isinstance(found, SourceUnavailableError)


def test_missing_rights_name_the_grant() -> None:
    assert "GRANT SELECT" in str(failure(PostgresError("permission denied", "42501"), Step.EXECUTE))


def test_a_missing_driver_says_what_to_install() -> None:
    assert "Install the driver" in str(failure(ImportError("No module named 'pymssql'"), Step.CONNECT))


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (OperationalError("first line\nDETAIL: second"), "first line"),
        (
            OperationalError('syntax error at or near "FORM"\nLINE 3:  FORM t\n  ^'),
            'syntax error at or near "FORM" (LINE 3:  FORM t)',
        ),
        (OperationalError(208, "Türkçe".encode()), "Türkçe"),
        (OperationalError("42S02", "[42S02] no table."), "[42S02] no table"),
        (OperationalError(), "OperationalError"),
        (OperationalError("..."), "OperationalError"),
        (OperationalError("x" * 9000), "x" * 500),
    ],
)
def test_the_message_is_the_driver_s_first_line(error: Exception, message: str) -> None:
    assert parse_message(error) == message


def test_no_secret_survives() -> None:
    text = (
        "cannot connect with host=erp password='s3cret pw' dbname=x; PWD=s3cret2;Server=erp "
        "to postgresql://airflow:s3cret3@erp/x as plainsecret"
    )
    shown = redact(text, ("plainsecret", ""))
    assert "s3cret" not in shown
    assert "plainsecret" not in shown
    assert "dbname=x" in shown
    assert "@erp/x" in shown


@pytest.mark.parametrize("step", [Step.EXECUTE, Step.FETCH])
def test_text_in_another_encoding_names_the_setting_for_it(step: Step) -> None:
    text = str(failure(UnicodeDecodeError("utf-8", b"\xfe", 0, 1, "invalid start byte"), step))
    assert "can't decode byte 0xfe" in text
    assert "client_encoding" in text


def test_a_refusal_in_another_encoding_is_a_matter_of_the_connection() -> None:
    assert "Correct host" in str(
        failure(UnicodeDecodeError("utf-8", b"\xfe", 0, 1, "invalid start byte"), Step.CONNECT)
    )
