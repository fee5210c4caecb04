"""Whose a connection is, and what its rows need before they are values."""

from __future__ import annotations

import sqlite3

import mysql.connector.errors as connector
import oracledb
import psycopg
import psycopg2
import pymssql
import pymysql
import pytest

from oduyo_provider.erp.driver import Database, find_database, find_driver, find_row_reader, open_cursor
from oduyo_provider.erp.waiting import WaitLimits


@pytest.mark.parametrize(
    ("error", "driver", "database"),
    [
        (psycopg2.OperationalError(), "psycopg2", Database.POSTGRESQL),
        (psycopg.errors.UndefinedTable(), "psycopg", Database.POSTGRESQL),
        (pymssql.OperationalError(), "pymssql", Database.SQL_SERVER),
        (pymysql.err.OperationalError(), "pymysql", Database.MYSQL),
        (connector.Error(), "mysql", Database.MYSQL),
        (oracledb.DatabaseError(), "oracledb", Database.ORACLE),
        (sqlite3.OperationalError(), "sqlite3", Database.UNKNOWN),
        (ValueError(), "", Database.UNKNOWN),
    ],
)
def test_a_driver_and_its_database_are_found_by_the_module(error: Exception, driver: str, database: Database) -> None:
    assert find_driver(error) == driver
    assert find_database(driver) is database


@pytest.mark.parametrize(
    ("name", "database"),
    [
        ("Microsoft SQL Server", Database.SQL_SERVER),
        ("[42000] [FreeTDS][SQL Server]…", Database.SQL_SERVER),
        ("MySQL", Database.MYSQL),
        ("[HY000] [ma-3.1.15][10.11.6-MariaDB]…", Database.MYSQL),
        ("PostgreSQL", Database.POSTGRESQL),
        ("[HY000] [Oracle][ODBC][Ora]ORA-01555", Database.ORACLE),
        ("DB2/LINUXX8664", Database.UNKNOWN),
    ],
)
def test_over_odbc_the_database_is_found_by_its_name(name: str, database: Database) -> None:
    assert find_database("pyodbc", name) is database


class Clob(oracledb.LOB):
    """A CLOB whose text comes from the test, as there is no database to read it from."""

    def read(self, *_: object) -> str:
        return "İĞNE ada"

    def __del__(self) -> None: ...


def test_c9_an_oracle_clob_is_read() -> None:
    read_row = find_row_reader(None, None, "oracledb")
    assert read_row is not None
    assert read_row((7, Clob(), None)) == [7, "İĞNE ada", None]


class OracleConnection:
    """What a cursor on Oracle is opened with."""

    def __init__(self, call_timeout: int) -> None:
        self.call_timeout = call_timeout

    def cursor(self) -> str:
        return "a cursor"


@pytest.mark.parametrize(("before", "after"), [(0, 90_000), (1_000, 1_000)])
def test_c3_on_oracle_each_answer_is_limited_unless_the_connection_has_a_limit_of_its_own(
    before: int, after: int
) -> None:
    connection = OracleConnection(before)
    assert open_cursor(connection, "oracledb", WaitLimits(answer_s=90)) == "a cursor"
    assert connection.call_timeout == after
