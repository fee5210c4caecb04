"""The ERP's query on a real PostgreSQL, through Airflow's hook, with psycopg2 and with psycopg 3."""

from __future__ import annotations

import json
import logging
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg2
import pytest

from oduyo_provider.core.errors import SourceError, SourceUnavailableError
from oduyo_provider.core.normalise import Normaliser
from oduyo_provider.core.record import SPECIAL_CODE
from oduyo_provider.erp.query import check_hook, fetch_rows
from oduyo_provider.erp.waiting import WaitLimits
from sandbox.erp.server import DemoErp
from tests.unit.sync.staging.staged_rows import stage_row

MakeHook = Callable[..., Any]


def ask(erp: DemoErp, query: str, *values: object) -> Any:
    """One value, over a connection of its own."""
    connection = psycopg2.connect(erp.dsn)
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(query, values or None)
            (answer,) = cursor.fetchone()
            return answer
    finally:
        connection.close()


def read(hook: Any, query: str, **options: Any) -> list[dict[str, object]]:
    with fetch_rows(hook, query, resource=SPECIAL_CODE, query_name="q.sql", **options) as rows:
        return [row for batch in rows for row in batch]


def test_the_hook_uses_the_driver_under_test(make_hook: MakeHook, driver: str) -> None:
    connection = make_hook().get_conn()
    assert type(connection).__module__.partition(".")[0] == driver
    connection.close()


def test_airflow_s_hook_passes_the_check(make_hook: MakeHook) -> None:
    check_hook(make_hook(), "erp_default")


def test_a_hook_that_reads_no_database_does_not() -> None:
    from airflow.providers.http.hooks.http import HttpHook

    with pytest.raises(SourceError, match="HttpHook"):
        check_hook(HttpHook(http_conn_id="erp_default"), "erp_default")


def test_rows_stay_on_the_server_until_they_are_fetched(make_hook: MakeHook, erp_server: DemoErp) -> None:
    query = (
        "SELECT n AS integration_id, 'K' || n AS code, repeat('x', 100) AS description"
        " FROM generate_series(1, 200000) n"
    )
    state = "SELECT query FROM pg_stat_activity WHERE state = 'idle in transaction' AND query LIKE '%oduyo_rows%'"
    tracemalloc.start()
    try:
        with fetch_rows(make_hook(), query, resource=SPECIAL_CODE, batch_rows=2000) as rows:
            batches = iter(rows)
            assert len(next(batches)) == 2000
            last_statement = ask(erp_server, state)
            sizes = [2000, *(len(batch) for batch in batches)]
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert last_statement.startswith("FETCH FORWARD 2000")
    assert sizes == [2000] * 100
    assert peak_bytes < 10_000_000  # all rows at once take more than 60 MB


def test_columns_are_known_before_the_first_row_and_for_an_empty_result(make_hook: MakeHook) -> None:
    query = 'SELECT 1 AS "INTEGRATION_ID", 2 AS code WHERE false;'
    with fetch_rows(make_hook(), query, resource=SPECIAL_CODE) as rows:
        assert rows.columns == ("integration_id", "code")
        assert list(rows) == []


def test_an_empty_result_with_a_wrong_column_is_an_error(make_hook: MakeHook) -> None:
    with pytest.raises(SourceError, match=r'no column "integration_id".*"kod", which no field'):
        read(make_hook(), "SELECT 1 AS kod, 2 AS code WHERE false")


def test_a_percent_sign_needs_no_doubling(make_hook: MakeHook) -> None:
    query = "SELECT 1 AS integration_id, '%s %(x)s $1' AS code WHERE 'abc' LIKE '%c' -- 100 %"
    assert read(make_hook(), query) == [{"integration_id": 1, "code": "%s %(x)s $1"}]


@pytest.mark.parametrize(
    "text",
    [
        "'a;b'",
        "'it''s;'",
        "E'it\\'s;'",
        "$$a;b$$",
        "$x$a;b;$$;$x$",
        "/* ; */ 'a'",
        "/* ; /* ; */ ; */ 'a'",
        "'a' AS \";\"",
        "'a' -- ;\n",
    ],
)
def test_a_semicolon_that_ends_no_statement_is_harmless(make_hook: MakeHook, text: str) -> None:
    assert len(read(make_hook(), f"SELECT 1 AS integration_id, (SELECT v FROM (SELECT {text}) t(v)) AS code;")) == 1


def test_a_second_statement_is_refused_before_anything_runs(make_hook: MakeHook) -> None:
    with pytest.raises(SourceError, match=r"More than one statement stands in q\.sql"):
        read(make_hook(), "SELECT 1 AS integration_id, 2 AS code; SELECT pg_sleep(60)")


def test_the_transaction_is_read_only(make_hook: MakeHook) -> None:
    with pytest.raises(SourceError, match="read-only transaction"):
        read(make_hook(), "SELECT 1 AS integration_id, lo_create(0)::text AS code")


@pytest.mark.parametrize(
    ("query", "cause"),
    [
        ("SELECT 1 AS integration_id FORM t x", r'syntax error at or near ".*LINE 1'),
        ("SELECT kod AS code FROM erp.no_such_table", "no_such_table"),
        ("UPDATE erp.sis_ozelkod SET kod = 'x'", "syntax error"),
        ("WITH d AS (DELETE FROM erp.sis_ozelkod RETURNING 1) SELECT * FROM d", "data-modifying"),
        ("SELECT 1 AS integration_id, $1 AS code", r"\$1"),
        ("SELECT 1 AS integration_id, 1 / (n - 5) AS code FROM generate_series(1, 9) n", "division by zero"),
    ],
)
def test_a_query_that_fails_stops_with_the_cause_and_the_file(make_hook: MakeHook, query: str, cause: str) -> None:
    with pytest.raises(SourceError, match=cause) as caught:
        read(make_hook(), query, batch_rows=2)
    assert "q.sql" in str(caught.value)


def test_missing_rights_stop_and_name_the_grant(make_hook: MakeHook) -> None:
    with pytest.raises(SourceError, match=r"permission denied.*GRANT SELECT"):
        read(make_hook(options="-c role=pg_monitor"), "SELECT _key AS integration_id, kod AS code FROM erp.sis_ozelkod")


@pytest.mark.parametrize(
    ("changes", "cause", "error"),
    [
        ({"login": "nobody_at_all"}, "nobody_at_all", SourceError),
        ({"schema": "no_such_database"}, "no_such_database", SourceError),
        ({"extra": json.dumps({"no_such_option": "1"})}, "no_such_option", SourceError),
        ({"host": "127.0.0.1", "port": 1}, "refused", SourceUnavailableError),
    ],
)
def test_a_connection_that_does_not_open_says_why(
    make_hook: MakeHook, changes: dict[str, Any], cause: str, error: type[Exception]
) -> None:
    with pytest.raises(error, match=cause) as caught:
        read(make_hook(password="hunter22", **changes), "SELECT 1")
    assert "hunter22" not in str(caught.value)


def test_a_connection_lost_on_the_way_is_tried_again(make_hook: MakeHook, erp_server: DemoErp) -> None:
    kill = (
        "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity"
        " WHERE query LIKE 'FETCH FORWARD 7 %' AND pid <> pg_backend_pid()"
    )
    query = "SELECT n AS integration_id, repeat('x', 1000) AS code FROM generate_series(1, 100000) n"
    with fetch_rows(make_hook(), query, resource=SPECIAL_CODE, batch_rows=7) as rows:
        batches = iter(rows)
        next(batches)
        assert ask(erp_server, kill) == 1
        with pytest.raises(SourceUnavailableError, match="broke off"):
            next(batches)


def test_a_statement_timeout_is_tried_again(make_hook: MakeHook) -> None:
    query = "SELECT 1 AS integration_id, pg_sleep(30)::text AS code"
    with pytest.raises(SourceUnavailableError, match="timeout"):
        read(make_hook(options="-c statement_timeout=50"), query)


def test_a_date_that_the_driver_cannot_take_names_the_guard(make_hook: MakeHook) -> None:
    query = "SELECT 1 AS integration_id, 'a' AS code, timestamp '20000-01-01' AS special_created_in"
    with pytest.raises(SourceError, match=r"isfinite\(\)"):
        read(make_hook(), query)


@pytest.mark.parametrize("cursor", ["dictcursor", "realdictcursor", "namedtuplecursor"])
def test_a_cursor_named_in_the_connection_s_extra_changes_nothing(
    make_hook: MakeHook, driver: str, cursor: str
) -> None:
    hook = make_hook(extra=json.dumps({"cursor": cursor}))
    query = "SELECT n AS \"INTEGRATION_ID\", 'K' || n AS code FROM generate_series(1, 3) n"
    if (driver, cursor) == ("psycopg", "realdictcursor"):
        with pytest.raises(SourceError, match="realdictcursor is not supported"):
            read(hook, query)
    else:
        assert read(hook, query, batch_rows=2)[2] == {"integration_id": 3, "code": "K3"}


@pytest.mark.parametrize("kind", ["numeric", "numeric(22, 1)", "bigint", "float8"])
def test_a_float_that_may_have_lost_digits_is_no_id(make_hook: MakeHook, kind: str) -> None:
    ids = ["12345678901234567", "9007199254740993", "500001"]
    values = ", ".join(f"({n}::{kind})" for n in ids)
    rows = read(make_hook(), f"SELECT n AS integration_id, 'K' AS code FROM (VALUES {values}) AS t (n)")
    found = [Normaliser(SPECIAL_CODE).row(stage_row(row)).integration_id for row in rows]
    assert found == ([None, None, ids[2]] if kind == "float8" else ids)


def test_values_of_all_types_reach_the_staged_line(make_hook: MakeHook) -> None:
    query = """
        SELECT 12345.0000::numeric AS integration_id, 9465::float8 AS code, true AS status, 'NaN'::numeric AS key1,
               'Infinity'::float8 AS key2, '5c8fbc0e-2d3c-4d3f-8b57-0d8f3d0f2b1a'::uuid AS typecode,
               'BAYİ'::char(6) AS description, '\\xff'::bytea AS space1, '{1}'::int[] AS space2,
               '{"a": 1}'::jsonb AS space3, NULL AS space4,
               interval '1 day' AS space5, timestamp '2025-05-23 08:30:00.123' AS special_created_in,
               timestamptz '2025-05-23 08:30:00+00' AS special_updated_in, date '1899-12-30' AS created_in
    """
    (row,) = read(make_hook(options="-c timezone=Europe/Istanbul"), query)
    staged = stage_row(row)
    assert staged.pop("integration_id") == 12345
    assert staged.pop("code") == 9465
    assert staged == {
        "status": True,
        "key1": {"number": "NaN"},
        "key2": {"number": "Infinity"},
        "typecode": "5c8fbc0e-2d3c-4d3f-8b57-0d8f3d0f2b1a",
        "description": "BAYİ  ",
        "space1": {"bytes": "ff"},
        "space2": {"unsupported": "list"},
        "space3": {"unsupported": "dict"},
        "space4": None,
        "space5": {"unsupported": "timedelta"},
        "special_created_in": "2025-05-23T08:30:00.123000",
        "special_updated_in": "2025-05-23T11:30:00+03:00",
        "created_in": "1899-12-30",
    }


def make_database(erp: DemoErp, encoding: str) -> str:
    name = f"erp_{encoding.lower()}"
    connection = psycopg2.connect(erp.dsn)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {name}")
        cursor.execute(f"CREATE DATABASE {name} ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0")
    connection.close()
    return name


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN5", "WIN1254"])
def test_turkish_text_of_any_database_encoding_is_read(make_hook: MakeHook, erp_server: DemoErp, encoding: str) -> None:
    query = "-- Ödüyo için\nSELECT 1 AS integration_id, 'BAYİ IĞDIR ŞİŞLİ' AS code"
    (row,) = read(make_hook(schema=make_database(erp_server, encoding)), query)
    assert stage_row(row)["code"] == "BAYİ IĞDIR ŞİŞLİ"


def test_c12_a_row_in_another_encoding_is_rejected_and_the_others_are_read(
    make_hook: MakeHook, erp_server: DemoErp
) -> None:
    query = """
        -- Ödüyo için: UTF-8, and windows-1254 in one row
        SELECT 1 AS integration_id, 'ŞUBE' AS code, 'A'::char(3) AS status, '\\x41'::bytea AS space1, 'ı'::name AS space2
        UNION ALL SELECT 2, convert_from('\\xde554245'::bytea, 'SQL_ASCII'), NULL, '\\xff'::bytea, 'i'
        UNION ALL SELECT 3, 'İL'::varchar, 'P', NULL, 'ğ'
    """
    rows = read(make_hook(schema=make_database(erp_server, "SQL_ASCII")), query, batch_rows=2)
    done = [Normaliser(SPECIAL_CODE).row(stage_row({**row, "space1": None})) for row in rows]
    assert [row.payload and row.payload["code"] for row in done] == ["ŞUBE", None, "İL"]
    assert [row.payload and row.payload["space2"] for row in done] == ["ı", None, "ğ"]
    (fault,) = done[1].faults
    assert fault.code == "code: not_encodable"
    assert "client_encoding" in fault.detail
    assert [row["space1"] and bytes(row["space1"]) for row in rows] == [b"A", b"\xff", None]  # type: ignore[call-overload]


def test_c12_an_id_in_another_encoding_names_the_way_out(make_hook: MakeHook, erp_server: DemoErp) -> None:
    query = "SELECT convert_from('\\xde554245'::bytea, 'SQL_ASCII') AS integration_id, 'K' AS code"
    database = make_database(erp_server, "SQL_ASCII")
    (row,) = read(make_hook(schema=database), query)
    (fault,) = Normaliser(SPECIAL_CODE).row(stage_row(row)).faults
    assert fault.code == "integration_id: binary"
    assert "client_encoding" in fault.detail
    (row,) = read(make_hook(schema=database, extra=json.dumps({"client_encoding": "WIN1254"})), query)
    assert Normaliser(SPECIAL_CODE).row(stage_row(row)).integration_id == "ŞUBE"


def test_c12_a_database_whose_texts_are_all_in_another_encoding_can_say_so(
    make_hook: MakeHook, erp_server: DemoErp
) -> None:
    query = "SELECT 1 AS integration_id, convert_from('\\xde'::bytea, 'SQL_ASCII') AS code"
    told = make_hook(schema=make_database(erp_server, "SQL_ASCII"), extra=json.dumps({"client_encoding": "WIN1254"}))
    assert read(told, query) == [{"integration_id": 1, "code": "Ş"}]


def test_c12_a_column_is_named_in_turkish_letters_all_the_same(make_hook: MakeHook, erp_server: DemoErp) -> None:
    hook = make_hook(schema=make_database(erp_server, "SQL_ASCII"))
    with pytest.raises(SourceError, match='"açıklama", which no field is called'):
        read(hook, "SELECT 1 AS integration_id, 'x' AS code, 'y' AS \"açıklama\"")


@contextmanager
def locked(erp: DemoErp) -> Iterator[None]:
    """Somebody holds the demo's table for himself."""
    connection = psycopg2.connect(erp.dsn)
    try:
        with connection.cursor() as cursor:
            cursor.execute("LOCK TABLE erp.sis_ozelkod IN ACCESS EXCLUSIVE MODE")
        yield
    finally:
        connection.close()


LOCKED_QUERY = "SELECT _key AS integration_id, kod AS code FROM erp.sis_ozelkod"
ASKING = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%oduyo_rows%' AND pid <> pg_backend_pid()"


def test_c3_a_locked_table_is_tried_again_after_the_database_s_own_lock_timeout(
    make_hook: MakeHook, erp_server: DemoErp
) -> None:
    with locked(erp_server), pytest.raises(SourceUnavailableError, match="lock timeout"):
        read(make_hook(), LOCKED_QUERY, limits=WaitLimits(lock_s=0.1))


def test_c3_a_limit_of_the_connection_s_own_is_kept(make_hook: MakeHook, erp_server: DemoErp) -> None:
    with locked(erp_server), pytest.raises(SourceUnavailableError, match="lock timeout"):
        read(make_hook(options="-c lock_timeout=100"), LOCKED_QUERY)


def test_c3_the_log_says_that_it_waits_and_what_is_given_up_ends_in_the_database_too(
    make_hook: MakeHook, erp_server: DemoErp, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "oduyo_provider.erp")
    # The database gives up after answer_s as well, so give it a limit of its own, which it would keep.
    hook = make_hook(options="-c lock_timeout=60s -c statement_timeout=60s")
    with locked(erp_server):
        with pytest.raises(SourceUnavailableError, match=r"gave no answer to q\.sql"):
            read(hook, LOCKED_QUERY, limits=WaitLimits(say_s=0.2, answer_s=0.6))
        while ask(erp_server, ASKING):  # the test's own time limit is the only one here
            time.sleep(0.05)
    assert caplog.messages[0] == "Asking the ERP's database for the rows of q.sql"
    assert sum("Still waiting" in text for text in caplog.messages) == 3


def test_c1_too_many_connections_are_tried_again(make_hook: MakeHook, erp_server: DemoErp) -> None:
    ask(erp_server, "CREATE ROLE busy LOGIN CONNECTION LIMIT 0; SELECT 1")
    try:
        with pytest.raises(SourceUnavailableError, match="too many connections"):
            read(make_hook(login="busy"), "SELECT 1")
    finally:
        ask(erp_server, "DROP ROLE busy; SELECT 1")


def test_c5_a_semicolon_and_a_comment_behind_it_are_taken_off(make_hook: MakeHook) -> None:
    assert read(make_hook(), "SELECT 1 AS integration_id, 'a' AS code; -- son\n") == [
        {"integration_id": 1, "code": "a"}
    ]
