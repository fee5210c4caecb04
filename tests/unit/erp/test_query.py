"""Rows of any DB-API connection, here sqlite's; PostgreSQL's own are in the integration tests."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest

from oduyo_provider.core.errors import SourceError, SourceUnavailableError
from oduyo_provider.core.record import SPECIAL_CODE
from oduyo_provider.erp.query import check_hook, fetch_rows, match_columns


class SqliteHook:
    """Shaped like a ``DbApiHook``; the connection can be looked at afterwards."""

    def __init__(self, path: str = ":memory:", row_factory: Any = None) -> None:
        self.path = path
        self.row_factory = row_factory
        self.opened: sqlite3.Connection | None = None

    def get_conn(self) -> sqlite3.Connection:
        self.opened = sqlite3.connect(self.path, check_same_thread=False)  # the test looks at it from its own
        self.opened.row_factory = self.row_factory
        return self.opened

    def run(self) -> None: ...

    def get_records(self) -> None: ...


def is_closed(connection: sqlite3.Connection | None) -> bool:
    assert connection is not None
    try:
        connection.total_changes  # noqa: B018  it raises when closed
    except sqlite3.ProgrammingError:
        return True
    return False


def read(query: str, hook: Any = None, **options: Any) -> tuple[tuple[str, ...], list[list[dict[str, object]]]]:
    with fetch_rows(hook or SqliteHook(), query, resource=SPECIAL_CODE, query_name="q.sql", **options) as rows:
        return rows.columns, list(rows)


def test_rows_come_in_batches_of_the_size_asked_for() -> None:
    numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5)"
    columns, batches = read(f"{numbers} SELECT i AS integration_id, 'K' || i AS code FROM n", batch_rows=2)
    assert columns == ("integration_id", "code")
    assert [len(batch) for batch in batches] == [2, 2, 1]
    assert batches[2] == [{"integration_id": 5, "code": "K5"}]


def test_a_text_of_sqlite_that_is_not_utf_8_comes_as_bytes_and_the_rows_after_it_come_too() -> None:
    query = "SELECT 1 AS integration_id, CAST(x'ff41' AS TEXT) AS code UNION ALL SELECT 2, 'Ş'"
    assert read(query)[1] == [[{"integration_id": 1, "code": b"\xffA"}, {"integration_id": 2, "code": "Ş"}]]


def test_an_encoding_that_a_hook_of_sqlite_sets_by_itself_is_kept() -> None:
    class TurkishHook(SqliteHook):
        def get_conn(self) -> sqlite3.Connection:
            connection = super().get_conn()
            connection.text_factory = lambda raw: raw.decode("windows-1254")
            return connection

    query = "SELECT 1 AS integration_id, CAST(x'de41' AS TEXT) AS code"
    assert read(query, TurkishHook())[1] == [[{"integration_id": 1, "code": "ŞA"}]]


def test_the_columns_are_known_before_the_first_row() -> None:
    with fetch_rows(SqliteHook(), "SELECT 1 AS integration_id, 'a' AS code", resource=SPECIAL_CODE) as rows:
        assert rows.columns == ("integration_id", "code")


def test_names_match_without_regard_to_case_and_outer_blanks() -> None:
    columns, batches = read('SELECT 1 AS "INTEGRATION_ID", \'a\' AS " Code ", 2 AS "Special_Created_In"')
    assert columns == ("integration_id", "code", "special_created_in")
    assert batches == [[{"integration_id": 1, "code": "a", "special_created_in": 2}]]


def test_a_turkish_capital_i_is_not_taken_for_an_english_one() -> None:
    with pytest.raises(SourceError, match="İNTEGRATION_ID"):
        match_columns(["İNTEGRATION_ID", "code"], SPECIAL_CODE)


@pytest.mark.parametrize("condition", ["", " WHERE 1 = 0"])
@pytest.mark.parametrize(
    ("columns", "named"),
    [
        ("1 AS code", ['no column "integration_id"']),
        ("1 AS integration_id", ['no column "code"']),
        ("1 AS integration_id, 2 AS code, 3 AS kod", ['"kod", which no field']),
        ("1 AS integration_id, 2 AS code, 3 AS CODE", ['"code" more than once']),
        (
            "1 AS id, 2 AS note, 3 AS code, 4 AS code",
            ['no column "integration_id"', '"id", "note"', '"code" more than'],
        ),
    ],
)
def test_columns_that_do_not_fit_are_all_named_even_for_an_empty_result(
    columns: str, named: list[str], condition: str
) -> None:
    with pytest.raises(SourceError) as caught:
        read(f"SELECT {columns}{condition}")
    for text in [*named, "q.sql", ", ".join(SPECIAL_CODE.field_names)]:
        assert text in str(caught.value)


def test_an_empty_result_with_fitting_columns_has_no_batch() -> None:
    assert read("SELECT 1 AS integration_id, 2 AS code WHERE 1 = 0") == (("integration_id", "code"), [])


def test_a_percent_sign_and_a_semicolon_need_no_care() -> None:
    _, batches = read("\ufeff SELECT 1 AS integration_id, '%s;%(x)s' AS code WHERE 'abc' LIKE '%c';  \n")
    assert batches == [[{"integration_id": 1, "code": "%s;%(x)s"}]]


def test_rows_that_come_as_dicts_are_read_by_name() -> None:
    def as_dict(cursor: sqlite3.Cursor, row: tuple[object, ...]) -> dict[str, object]:
        return {column[0]: value for column, value in zip(cursor.description, row, strict=True)}

    _, batches = read("SELECT 1 AS INTEGRATION_ID, 'a' AS CODE", SqliteHook(row_factory=as_dict))
    assert batches == [[{"integration_id": 1, "code": "a"}]]


@pytest.mark.parametrize("query", ["", "  \n", "\ufeff"])
def test_an_empty_query_is_an_error(query: str) -> None:
    with pytest.raises(SourceError, match=r"q\.sql is empty"):
        read(query)


@pytest.mark.parametrize(
    ("query", "cause"),
    [
        ("SELECT 1 AS integration_id FORM t x", "syntax error"),
        ("SELECT kod AS code FROM sis_ozelkod", "no such table: sis_ozelkod"),
        ("SELECT 1 AS integration_id, 2 AS code; SELECT 2", "one statement at a time"),
        ("SELECT 1 AS integration_id, ? AS code", "bindings"),
    ],
)
def test_a_query_that_fails_gives_the_driver_s_words_and_the_file(query: str, cause: str) -> None:
    hook = SqliteHook()
    with pytest.raises(SourceError, match=cause) as caught:
        read(query, hook)
    assert "q.sql" in str(caught.value)
    assert "run again" in str(caught.value)
    assert is_closed(hook.opened)


def test_a_query_that_is_no_select_is_an_error_and_changes_nothing(tmp_path: Any) -> None:
    path = str(tmp_path / "erp.db")
    setup = sqlite3.connect(path)
    setup.execute("CREATE TABLE t (kod TEXT)")
    setup.execute("INSERT INTO t VALUES ('a')")
    setup.commit()
    with pytest.raises(SourceError, match="no SELECT"):
        read("UPDATE t SET kod = 'b'", SqliteHook(path))
    assert setup.execute("SELECT kod FROM t").fetchall() == [("a",)]
    setup.close()


def test_the_connection_is_closed_when_the_reader_stops_early() -> None:
    hook = SqliteHook()
    with fetch_rows(hook, "SELECT 1 AS integration_id, 2 AS code", resource=SPECIAL_CODE) as rows:
        next(iter(rows))
        assert not is_closed(hook.opened)
    assert is_closed(hook.opened)


def test_an_error_of_the_reader_is_passed_on_unchanged() -> None:
    hook = SqliteHook()
    query = "SELECT 1 AS integration_id, 2 AS code"
    with pytest.raises(OSError, match="disk full"), fetch_rows(hook, query, resource=SPECIAL_CODE):
        raise OSError("disk full")
    assert is_closed(hook.opened)


class RaisingHook(SqliteHook):
    def __init__(self, error: Exception, password: str = "") -> None:
        super().__init__()
        self.error = error
        self.connection = type("Connection", (), {"password": password})()

    def get_conn(self) -> sqlite3.Connection:
        raise self.error


def test_a_driver_that_is_not_installed_stops() -> None:
    with pytest.raises(SourceError, match="No module named 'pymssql'"):
        read("SELECT 1", RaisingHook(ModuleNotFoundError("No module named 'pymssql'")))


def test_a_database_that_is_away_is_tried_again_and_no_password_shows() -> None:
    hook = RaisingHook(sqlite3.OperationalError("connection refused for hunter22"), password="hunter22")
    with pytest.raises(SourceUnavailableError) as caught:
        read("SELECT 1", hook)
    assert "hunter22" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__  # so no traceback shows the driver's own text


class ClosedOnTheWay(SqliteHook):
    """A driver that only shows by ``closed`` that its connection is gone."""

    closed = 0

    def get_conn(self) -> Any:
        return self

    def cursor(self) -> Any:
        return self

    def execute(self, query: str) -> None:
        self.closed = 2
        raise sqlite3.DatabaseError("no words")

    def close(self) -> None: ...


def test_a_connection_that_the_driver_closed_is_tried_again() -> None:
    with pytest.raises(SourceUnavailableError, match="no words"):
        read("SELECT 1", ClosedOnTheWay())


class ManyResults:
    """A cursor as SQL Server's drivers give it: one result after the other, some without columns."""

    def __init__(self, results: list[list[tuple[object, ...]] | None]) -> None:
        self.results = results
        self.arraysize = 1
        self.closed = False

    def get_conn(self) -> ManyResults:
        return self

    def cursor(self) -> ManyResults:
        return self

    def execute(self, query: str) -> None: ...

    def close(self) -> None:
        self.closed = True

    @property
    def description(self) -> list[tuple[str]] | None:
        return None if self.results[0] is None else [("INTEGRATION_ID",), ("CODE",)]

    def nextset(self) -> bool:
        self.results = self.results[1:] or [None]
        return self.results != [None]

    def fetchmany(self, rows: int) -> list[tuple[object, ...]]:
        taken = (self.results[0] or [])[:rows]
        self.results[0] = (self.results[0] or [])[rows:]
        return taken


def test_statements_in_front_of_the_select_are_passed_over() -> None:
    _, batches = read("DECLARE @firm int = 21; SELECT 1", ManyResults([None, None, [(1, "a")]]))
    assert batches == [[{"integration_id": 1, "code": "a"}]]


def test_a_second_result_is_an_error() -> None:
    hook = ManyResults([[(1, "a")], [(2, "b")]])
    with pytest.raises(SourceError, match="More than one result"):
        read("SELECT 1; SELECT 2", hook)
    assert hook.closed


def test_check_hook_lets_a_database_hook_pass_and_names_any_other() -> None:
    check_hook(SqliteHook(), "erp_default")
    http_hook = type("HttpHook", (), {"get_conn": print, "run": print})()
    with pytest.raises(SourceError, match=r"'erp_default' gives a HttpHook.*ERP_CONN_ID"):
        check_hook(http_hook, "erp_default")
