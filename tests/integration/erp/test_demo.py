"""The demo ERP: the PostgreSQL queries run on it, it destroys nobody's tables, and its edits are what they say."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from oduyo_provider.core.record import SPECIAL_CODE
from oduyo_provider.erp.query import fetch_rows
from sandbox.erp.load import EDITS, ForeignTablesError, apply_edits, load_demo
from sandbox.erp.server import DemoErp, start_server, stop_server
from tests.unit.sync.staging.staged_rows import stage_row

ROOT = Path(__file__).parents[3]
MakeHook = Callable[..., Any]


def read(hook: Any, query_file: str) -> list[dict[str, object]]:
    query = (ROOT / "dags" / "sql" / query_file).read_text(encoding="utf-8")
    with fetch_rows(hook, query, resource=SPECIAL_CODE, query_name=query_file) as rows:
        return [row for batch in rows for row in batch]


def read_all(dsn: str, query: str) -> list[tuple[Any, ...]]:
    connection = psycopg2.connect(dsn)
    try:
        with connection.cursor() as cursor:
            cursor.execute(query)
            return list(cursor.fetchall())
    finally:
        connection.close()


def run(dsn: str, statement: str) -> None:
    connection = psycopg2.connect(dsn)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(statement)
    connection.close()


@pytest.fixture
def own_dsn(erp_server: DemoErp) -> Iterator[str]:
    """An empty database beside the demo ERP's."""
    run(erp_server.dsn, "CREATE DATABASE erp_own")
    yield psycopg2.extensions.make_dsn(erp_server.dsn, dbname="erp_own")
    run(erp_server.dsn, "DROP DATABASE erp_own")


@pytest.mark.parametrize(
    ("query_file", "rows"),
    [
        ("dia_postgres.sql", 3500),
        ("logo_postgres.sql", 974),
        ("uyumsoft_postgres.sql", 120),
        ("odoo_postgres.sql", 65),
    ],
)
def test_every_postgresql_query_runs_on_the_demo(make_hook: MakeHook, query_file: str, rows: int) -> None:
    found = read(make_hook(options="-c search_path=public,odoo"), query_file)
    assert len(found) == rows
    assert len({row["integration_id"] for row in found}) == rows
    for row in found:
        assert not any(isinstance(value, dict) for value in stage_row(row).values())


def test_odoo_s_times_are_utc_and_its_names_turkish_where_they_are(make_hook: MakeHook) -> None:
    rows = {
        row["integration_id"]: row for row in read(make_hook(options="-c search_path=public,odoo"), "odoo_postgres.sql")
    }
    assert rows["PCAT-5"]["description"] == "Channel 5"
    assert rows["PCAT-1"]["description"] == "TOPTAN 1"
    assert rows["PRODCAT-1"]["description"] == "İNŞAAT"
    assert rows["PCAT-11"]["status"] is False
    created = rows["PCAT-1"]["special_created_in"]
    assert created.astimezone(tz=None).timestamp() == 1654086600.25  # type: ignore[attr-defined]


def test_loading_twice_gives_the_same_rows(own_dsn: str) -> None:
    digest = "SELECT md5(string_agg(t::text, '|' ORDER BY _serial)) FROM erp.sis_ozelkod t"
    assert load_demo(own_dsn) == 3500
    first = read_all(own_dsn, digest)
    assert load_demo(own_dsn) == 3500
    assert read_all(own_dsn, digest) == first == [("82ba67b461db6cc45a6e62160384dc1c",)]


def test_somebody_s_own_schema_is_refused_and_left_as_it_is(own_dsn: str) -> None:
    run(own_dsn, "CREATE SCHEMA erp; CREATE TABLE erp.sis_ozelkod (_key int); INSERT INTO erp.sis_ozelkod VALUES (7)")
    with pytest.raises(ForeignTablesError, match=r"schema erp, table erp\.sis_ozelkod"):
        load_demo(own_dsn)
    with pytest.raises(ForeignTablesError, match="nothing was edited"):
        apply_edits(own_dsn)
    assert read_all(own_dsn, "SELECT * FROM erp.sis_ozelkod") == [(7,)]
    assert load_demo(own_dsn, force=True) == 3500


def test_a_table_put_in_the_place_of_the_demo_s_is_refused(own_dsn: str) -> None:
    load_demo(own_dsn)
    run(own_dsn, "DROP TABLE erp.sis_ozelkod; CREATE TABLE erp.sis_ozelkod (_key int)")
    with pytest.raises(ForeignTablesError, match=r"table erp\.sis_ozelkod"):
        load_demo(own_dsn)


def test_other_tables_and_views_in_the_demo_s_schemas_survive(own_dsn: str) -> None:
    load_demo(own_dsn)
    run(own_dsn, "CREATE TABLE erp.mine AS SELECT 7 AS n")
    load_demo(own_dsn)
    assert read_all(own_dsn, "SELECT n FROM erp.mine") == [(7,)]
    run(own_dsn, "CREATE VIEW erp.codes AS SELECT kod FROM erp.sis_ozelkod")
    with pytest.raises(psycopg2.errors.DependentObjectsStillExist):
        load_demo(own_dsn)
    assert read_all(own_dsn, "SELECT count(*) FROM erp.codes") == [(3500,)]


def test_the_edits_are_three_descriptions_two_codes_one_passive_one_deleted(own_dsn: str) -> None:
    load_demo(own_dsn)
    query = "SELECT _key, rtrim(kod), aciklama, durum FROM erp.sis_ozelkod"
    before = {row[0]: row for row in read_all(own_dsn, query)}
    assert apply_edits(own_dsn) == {"descriptions": 3, "new_codes": 2, "passive": 1, "deleted": 1}
    after = {row[0]: row for row in read_all(own_dsn, query)}
    edits = {edit.name: set(edit.keys) for edit in EDITS}
    changed = {key for key in before.keys() & after.keys() if before[key] != after[key]}
    assert after.keys() - before.keys() == edits["new_codes"]
    assert before.keys() - after.keys() == edits["deleted"]
    assert changed == edits["descriptions"] | edits["passive"]
    assert all(before[key][1:2] == after[key][1:2] for key in changed)
    apply_edits(own_dsn)
    assert {row[0]: row for row in read_all(own_dsn, query)} == after


def test_a_server_can_be_started_found_stopped_and_started_again(
    server_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ERP_DSN", raising=False)
    assert not stop_server(server_data)
    erp = start_server(server_data)
    assert start_server(server_data) == erp
    run(erp.dsn, "CREATE TABLE kept AS SELECT 7 AS n")
    assert stop_server(server_data)
    with pytest.raises(psycopg2.OperationalError):
        psycopg2.connect(erp.dsn)
    assert read_all(start_server(server_data).dsn, "SELECT n FROM kept") == [(7,)]


def test_a_database_of_one_s_own_is_used_and_nothing_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ERP_DSN", "postgresql://ali:s3cret@erp.example/dia?sslmode=require")
    erp = start_server(tmp_path / "data")
    assert erp.connection == {
        "conn_type": "postgres",
        "host": "erp.example",
        "port": 5432,
        "login": "ali",
        "password": "s3cret",
        "schema": "dia",
        "extra": '{"sslmode": "require"}',
    }
    assert json.loads(erp.connection_json) == erp.connection
    assert "s3cret" not in repr(erp)
    assert not stop_server(tmp_path / "data")
    assert not (tmp_path / "data").exists()


def test_the_command_line_starts_loads_edits_and_stops(server_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ERP_DSN", raising=False)

    def command(*words: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "sandbox.erp", *words, "--data", str(server_data)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    assert "AIRFLOW_CONN_ERP_DEFAULT=" in command("start")
    assert "3500 special codes" in command("load")
    assert "descriptions 3, new_codes 2, passive 1, deleted 1" in command("edit")
    assert "is stopped" in command("stop")
    assert "No demo ERP" in command("stop")
