"""The ERP's query on MariaDB, with PyMySQL and with MySQL's own connector."""

from __future__ import annotations

import gc
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import mysql.connector
import pymysql
import pytest

from oduyo_provider.core.errors import SourceError, SourceUnavailableError
from oduyo_provider.core.normalise import Normaliser
from oduyo_provider.core.record import SPECIAL_CODE
from oduyo_provider.erp.query import fetch_rows
from oduyo_provider.erp.waiting import WaitLimits
from tests.integration.erp.mariadb import run_mariadb
from tests.unit.sync.staging.staged_rows import stage_row

# MySQL's connector leaves its socket to the garbage collector when a login is refused or a query is cut off.
pytestmark = [
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
    pytest.mark.usefixtures("collected"),
]

CONNECT: dict[str, Callable[..., Any]] = {"pymysql": pymysql.connect, "connector": mysql.connector.connect}
QUERY = "SELECT id AS integration_id, kod AS code FROM erp.ozelkod ORDER BY id"


class Hook:
    """A hook whose connections are one driver's."""

    def __init__(self, driver: str, socket: Path, **options: Any) -> None:
        self.driver = driver
        self.options = {"unix_socket": str(socket), "user": "root", "password": "", **options}

    def get_conn(self) -> Any:
        """A new connection."""
        return CONNECT[self.driver](**self.options)


@pytest.fixture
def collected() -> Iterator[None]:
    """Collects what the driver left before another test, for which its warning would be an error."""
    yield
    gc.collect()


@pytest.fixture(scope="module")
def socket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A server with a table of three codes, and a user without rights."""
    with run_mariadb(tmp_path_factory.mktemp("mariadb")) as path:
        run(
            path,
            "CREATE DATABASE erp CHARACTER SET utf8mb4",
            "CREATE TABLE erp.ozelkod (id int PRIMARY KEY, kod varchar(20), durum bit(1), ham varbinary(8)) ENGINE=InnoDB",
            "INSERT INTO erp.ozelkod VALUES (1, 'BAYİ', b'1', 'A'), (2, 'IĞDIR', b'0', 'A\\0'), (3, 'ş', NULL, NULL)",
            "CREATE USER yetkisiz@localhost IDENTIFIED BY 'parola'",
        )
        yield path


def run(socket: Path, *statements: str) -> None:
    connection = pymysql.connect(unix_socket=str(socket), user="root", autocommit=True)
    with connection, connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


@pytest.fixture(params=list(CONNECT))
def make_hook(request: pytest.FixtureRequest, socket: Path) -> Callable[..., Hook]:
    return lambda **options: Hook(request.param, socket, **options)


def read(hook: Hook, query: str = QUERY, **options: Any) -> list[dict[str, object]]:
    with fetch_rows(hook, query, resource=SPECIAL_CODE, query_name="q.sql", **options) as rows:
        return [row for batch in rows for row in batch]


@contextmanager
def locked(socket: Path) -> Iterator[None]:
    """Somebody holds the table for himself."""
    connection = pymysql.connect(unix_socket=str(socket), user="root")
    with connection, connection.cursor() as cursor:
        cursor.execute("LOCK TABLES erp.ozelkod WRITE")
        yield


@pytest.mark.parametrize("end", ["", ";", " ; -- son", "; # son"])
def test_c5_rows_arrive_whatever_ends_the_query(make_hook: Callable[..., Hook], end: str) -> None:
    rows = read(make_hook(), f"{QUERY}{end}", batch_rows=2)
    assert rows == [{"integration_id": n, "code": code} for n, code in ((1, "BAYİ"), (2, "IĞDIR"), (3, "ş"))]


def test_c2_a_second_statement_is_refused_before_anything_runs(make_hook: Callable[..., Hook], socket: Path) -> None:
    run(socket, "CREATE OR REPLACE TABLE erp.yazilan (id int) ENGINE=MyISAM")  # without transactions
    with pytest.raises(SourceError, match=r"More than one statement stands in q\.sql"):
        read(make_hook(), f"{QUERY}; INSERT INTO erp.yazilan VALUES (1)")
    assert read(make_hook(), "SELECT id AS integration_id, id AS code FROM erp.yazilan") == []


@pytest.mark.parametrize("text", ["`a;b` = 'it\\'s ;'", '"a;b" = "\\";" # it\'s ;\n', "1--1 = 2 /* ; /* ; */"])
def test_c2_a_semicolon_that_ends_no_statement_is_harmless(make_hook: Callable[..., Hook], text: str) -> None:
    source = "(SELECT 1 AS integration_id, 'K' AS code, 'it\\'s ;' AS `a;b`) t"
    rows = read(make_hook(), f"SELECT integration_id, code FROM {source} WHERE {text} OR true")
    assert rows == [{"integration_id": 1, "code": "K"}]


def test_c3_a_locked_table_is_tried_again_after_the_database_s_own_time(
    make_hook: Callable[..., Hook], socket: Path
) -> None:
    with locked(socket), pytest.raises(SourceUnavailableError, match="Lock wait timeout exceeded"):
        read(make_hook(), limits=WaitLimits(lock_s=1))


def test_c3_the_log_says_that_it_waits_for_a_locked_table(
    make_hook: Callable[..., Hook], socket: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "oduyo_provider.erp")
    with locked(socket), pytest.raises(SourceUnavailableError, match=r"gave no answer to q\.sql"):
        read(make_hook(), limits=WaitLimits(say_s=0.1, lock_s=1, answer_s=0.2, close_s=0.1))
    assert any("Still waiting" in text for text in caplog.messages)  # how often, a busy machine decides


def test_c1_a_query_that_is_killed_is_tried_again(make_hook: Callable[..., Hook]) -> None:
    query = "SET STATEMENT max_statement_time=0.1 FOR SELECT SLEEP(30) AS integration_id, 'a' AS code"
    with pytest.raises(SourceUnavailableError, match="max_statement_time"):
        read(make_hook(), query)


def test_c1_a_server_that_is_not_there_is_tried_again(make_hook: Callable[..., Hook], tmp_path: Path) -> None:
    with pytest.raises(SourceUnavailableError, match="Can't connect"):
        read(make_hook(unix_socket=str(tmp_path / "yok.sock")))


@pytest.mark.parametrize(
    ("options", "advice"),
    [
        ({"user": "yetkisiz", "password": "yanlis"}, "could lock the user"),
        ({"user": "yetkisiz", "password": "parola", "database": "erp"}, "Correct the database's name"),
        ({"database": "yok"}, "Correct the database's name"),
    ],
)
def test_c8_a_refused_login_stops(make_hook: Callable[..., Hook], options: dict[str, str], advice: str) -> None:
    with pytest.raises(SourceError, match=advice):
        read(make_hook(**options))


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("SELECT yok AS integration_id, kod AS code FROM erp.ozelkod", r"Unknown column 'yok' in .*in an SQL client"),
        ("SELECT id AS integration_id, kod AS code FROM erp.yok", r"'erp\.yok' doesn't exist.*no such table"),
        ("SELECT 1 AS integration_id FORM t x", r"error in your SQL syntax.*in an SQL client"),
    ],
)
def test_c7_the_database_s_words_are_read(make_hook: Callable[..., Hook], query: str, said: str) -> None:
    with pytest.raises(SourceError, match=said):
        read(make_hook(), query)


def test_c8_no_right_on_a_table_names_the_grant(make_hook: Callable[..., Hook]) -> None:
    with pytest.raises(SourceError, match="GRANT SELECT"):
        read(make_hook(user="yetkisiz", password="parola"))


def test_c9_a_bit_is_a_status_and_bytes_are_no_id(make_hook: Callable[..., Hook]) -> None:
    query = "SELECT id AS integration_id, kod AS code, durum AS status, ham AS space1 FROM erp.ozelkod WHERE id < 3"
    rows = [stage_row(row) for row in read(make_hook(), query)]
    done = [Normaliser(SPECIAL_CODE).row({**row, "space1": None}) for row in rows]
    assert [row.payload and row.payload["status"] for row in done] == ["1", "0"]
    done = [Normaliser(SPECIAL_CODE).row({**row, "integration_id": row["space1"], "space1": None}) for row in rows]
    assert [[fault.code for fault in row.faults] for row in done] == [["integration_id: binary"]] * 2


def test_a_number_of_which_the_database_gives_six_digits_is_never_read(
    make_hook: Callable[..., Hook], socket: Path
) -> None:
    run(
        socket,
        "CREATE OR REPLACE TABLE erp.kopya (id float, d double)",
        "INSERT INTO erp.kopya VALUES (1234567, 1234567)",
    )
    with pytest.raises(SourceError, match=r"six digits of integration_id, which is FLOAT in q\.sql"):
        read(make_hook(), "SELECT id AS integration_id, 'K' AS code FROM erp.kopya")
    for column in ("CAST(id AS DECIMAL(20, 4))", "d"):
        (row,) = read(make_hook(), f"SELECT {column} AS integration_id, 'K' AS code FROM erp.kopya")
        assert row["integration_id"] == 1234567
