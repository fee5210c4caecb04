"""The runner behind ``make run``, for real: a first run, a second, one after edits in the ERP, and a refused login.

The first is the whole command. The others go on from there on one Airflow, as starting it takes longer than they do.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import sqlite3
import subprocess
import sys
import tempfile
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import psycopg2
import pytest

from sandbox.demo.__main__ import run_once
from sandbox.demo.place import Place, find_ports
from sandbox.demo.stage import Stage, open_stage
from sandbox.erp.load import EDITS
from sandbox.erp.server import start_server, stop_server

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]

ROOT = Path(__file__).parents[2]
ROWS = 3500
FIELDS = (
    *("integration_id", "code", "status", "key1", "key2", "typecode", "description"),
    *("special_created_in", "special_updated_in"),
)
Codes = dict[str, dict[str, str]]


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    with tempfile.TemporaryDirectory(prefix="demo-") as folder:
        place = Place(Path(folder).resolve())
        yield place
        stop_server(place.erp)
        place.remove()


@pytest.fixture(scope="module")
def state(place: Place) -> Path:
    return place.folder


@pytest.fixture(scope="module")
def first(state: Path) -> subprocess.CompletedProcess[str]:
    """The whole command, on an empty folder."""
    return run_demo(state)


@pytest.fixture(scope="module")
def stage(place: Place, first: object) -> Iterator[Stage]:
    """What the first run left, up again."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("ERP_DSN", raising=False)
        with open_stage(place, print) as stage:
            stage.start_erp()
            stage.start_sandbox()
            stage.start_airflow(find_ports(1)[0], has_connections=False)
            yield stage


@pytest.fixture
def run_again(stage: Stage) -> Callable[..., int]:
    """``run_again(password=…)``: one more run; returns the command's exit code."""

    def run(**changes: str) -> int:
        assert stage.api
        for name, connection in stage.connections.items():
            stage.api.save_connection(name, {**connection, **(changes if name == "oduyo_default" else {})})
        return run_once(stage, stage.api, {})

    return run


def run_demo(state: Path) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "ERP_DSN"}
    # A shell that is set up for another Airflow must not disturb.
    environment |= {"AIRFLOW__CORE__DAGS_FOLDER": "/nowhere", "AIRFLOW_CONN_ERP_DEFAULT": "postgres://nobody@nowhere/x"}
    done = subprocess.run(
        [sys.executable, "-m", "sandbox.demo", "run", "--state", str(state)],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    left = [process for process in psutil.process_iter() if is_of(process, state)]
    assert left == [], done.stdout + done.stderr
    return done


def is_of(process: psutil.Process, state: Path) -> bool:
    try:
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        return str(state) in " ".join(process.cmdline()) or process.environ().get("ODUYO_DEMO_STATE") == str(state)
    except psutil.Error:
        return False


def read_last_report(state: Path) -> dict[str, object]:
    reports = (state / "staging" / "oduyo_special_codes").glob("*/report.json")
    return dict(json.loads(max(reports, key=lambda path: path.stat().st_mtime).read_text(encoding="utf-8")))


def read_stored(state: Path) -> list[dict[str, str]]:
    """What the sandbox's database holds."""
    connection = sqlite3.connect(state / "oduyo.sqlite")
    try:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute("SELECT * FROM erp_special_code")]
    finally:
        connection.close()


def read_counters(state: Path) -> dict[str, int]:
    connection = sqlite3.connect(state / "oduyo.sqlite")
    try:
        return dict(connection.execute("SELECT name, value FROM counters"))
    finally:
        connection.close()


def compute_expected(state: Path) -> Codes:
    """What Ödüyo has to hold, from the ERP's tables by rules of this test's own."""
    server = start_server(state / "erp")  # finds the one that runs while a stage is up
    connection = psycopg2.connect(server.dsn)
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT _key, kod, CASE WHEN upper(durum) = 'P' THEN '0' ELSE '1' END, _level1, _level2, turkodu,"
                " coalesce(aciklama, ''),"
                " CASE WHEN isfinite(_cdate) AND _cdate >= '1900-01-02' THEN date_trunc('second', _cdate) END,"
                " CASE WHEN isfinite(_date) AND _date >= '1900-01-02' THEN date_trunc('second', _date) END"
                " FROM erp.sis_ozelkod"
            )
            rows = cursor.fetchall()
    finally:
        connection.close()
    expected: Codes = {}
    for row in rows:
        values = dict(zip(FIELDS, map(clean, row), strict=True))
        values["description"] = re.sub(" {2,}", " ", values["description"])
        if values["code"]:
            expected[values["integration_id"]] = values
    return expected


def clean(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, dt.datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    text = "".join(" " if letter in "\r\n\t\u00a0" else letter for letter in str(value))
    seen = (letter for letter in text if unicodedata.category(letter) not in ("Cc", "Cf"))
    return unicodedata.normalize("NFC", "".join(seen)).strip()


def assert_in_step(state: Path, gone: tuple[int, ...] = ()) -> None:
    """Every clean ERP row is in Ödüyo exactly once, field for field, and nothing else is but what the ERP deleted."""
    stored = read_stored(state)
    held = {record["integration_id"]: {name: record[name] or "" for name in FIELDS} for record in stored}
    assert len(held) == len(stored)
    expected = compute_expected(state)
    assert {key: held.pop(str(key))["integration_id"] for key in gone} == {key: str(key) for key in gone}
    assert held == expected


def test_the_first_run_creates_every_clean_row_exactly_once_and_field_for_field(
    state: Path, first: subprocess.CompletedProcess[str]
) -> None:
    done = first
    assert done.returncode == 0, done.stdout + done.stderr
    report = read_last_report(state)
    assert report["extracted"] == ROWS
    assert int(str(report["rejected"])) + int(str(report["created"])) == ROWS
    assert report["rejected"] == sum(count for count in dict(report["reasons"]).values())  # type: ignore[call-overload]
    assert read_counters(state)["create"] == report["created"] == len(compute_expected(state))
    assert_in_step(state)
    assert re.search(rf"created in Ödüyo +{report['created']:,}\n", done.stdout)
    assert "oduyo-parola" not in done.stdout + done.stderr


def test_the_second_run_writes_nothing_and_says_so(
    state: Path, run_again: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    before = read_stored(state)
    counted = read_counters(state)
    code = run_again()
    said = capsys.readouterr()
    assert code == 0, said
    assert "0 writes" in said.out
    after = read_counters(state)
    assert [after.get(name, 0) - counted.get(name, 0) for name in ("create", "update", "delete")] == [0, 0, 0]
    assert read_stored(state) == before


def test_after_edits_in_the_erp_only_those_rows_are_sent(state: Path, run_again: Callable[..., int]) -> None:
    before = {record["integration_id"]: record for record in read_stored(state)}
    edit = [sys.executable, "-m", "sandbox.erp", "edit", "--data", str(state / "erp")]
    subprocess.run(edit, cwd=ROOT, check=True, capture_output=True, timeout=60)
    assert run_again() == 0
    keys = {edit.name: {str(key) for key in edit.keys} for edit in EDITS}
    after = {record["integration_id"]: record for record in read_stored(state)}
    assert {key for key in after if after[key] != before.get(key)} == (
        keys["descriptions"] | keys["new_codes"] | keys["passive"]
    )
    report = read_last_report(state)
    assert [report[name] for name in ("created", "updated", "missing", "kept_missing")] == [2, 4, 1, 1]
    assert_in_step(state, gone=tuple(int(key) for key in keys["deleted"]))


def test_a_refused_login_fails_at_once_says_why_and_writes_nothing(
    state: Path, run_again: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    before, counted = read_stored(state), read_counters(state)
    assert run_again(password="yanlis-parola") == 1
    said = capsys.readouterr()
    reason = said.err.strip()
    assert "\n" not in reason
    assert "snapshot" in reason
    assert "refused the login" in reason
    after = read_counters(state)
    assert 1 <= after["login"] - counted["login"] <= 4
    assert [after.get(name, 0) - counted.get(name, 0) for name in ("list", "create", "update", "delete")] == [0] * 4
    assert read_stored(state) == before
    assert "yanlis-parola" not in said.out + said.err
