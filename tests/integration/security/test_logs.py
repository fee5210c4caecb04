"""Text of the ERP and of Ödüyo never forges a line of a log, nor colours one; staged files are their owner's alone."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from oduyo_provider.core.errors import SettingsError
from oduyo_provider.core.params import parse_params
from oduyo_provider.erp.query_files import read_query
from oduyo_provider.sync.staging.folder import Folder
from sandbox.oduyo.server import Sandbox
from tests.airflow_run import DagRunResult, answer_approval
from tests.integration.dag.conftest import RunSpecialCodes, dags_folder, make_records, run_special_codes
from tests.integration.sync.apply.driver import Driver, make_rows

__all__ = ["dags_folder", "run_special_codes"]

FORGED = "FORGED by text"
#: Ends a line, begins one, colours it, clears the screen, and turns the reading direction round.
EVIL = f"a\x1b[31m\r\n{FORGED}\x1b[31m\x1b[2J\u202e\u2028{FORGED}\x85{FORGED}\x00\x9b31m"
EVIL_SQL = (
    "U&'a\\001B[31m\\000D\\000A"
    + FORGED
    + "\\001B[31m\\001B[2J\\202E\\2028"
    + FORGED
    + "\\0085"
    + FORGED
    + "\\009B31m'"
)

pytestmark = pytest.mark.usefixtures("erp")


def find_forgeries(text: str) -> list[str]:
    """Lines that foreign text began, and signs in it that a terminal obeys."""
    lines = [line for line in text.splitlines() if line.lstrip().startswith(FORGED)]
    return lines + sorted({repr(sign) for sign in text if sign != "\n" and sign != "\t" and not sign.isprintable()})


def assert_clean(made: DagRunResult) -> None:
    assert "oduyo_provider" in made.log, "the log was not captured"
    assert find_forgeries(made.log) == []
    assert [found for error in made.errors for found in find_forgeries(str(error))] == []


def make_query(columns: str = "", *, key: str = "n::text") -> str:
    return f"""
        SELECT {key} AS integration_id, 'K.' || n || {EVIL_SQL} AS code, 'A' AS status, 2 AS key1, 1 AS key2,
               'HK1' AS typecode, {EVIL_SQL} || n AS description {columns} FROM generate_series(1, 30) AS n"""


@pytest.fixture
def evil_records(oduyo: Sandbox) -> None:
    """Ödüyo holds the same ids with other values, further ones that no row has, and ids that are no ids."""
    oduyo.seed(make_records(30, code=EVIL, description=EVIL, key1="2"))
    oduyo.seed(make_records(20, start=500, code=EVIL))
    oduyo.seed([{**record, "integration_id": EVIL} for record in make_records(2, start=900)])


@pytest.mark.usefixtures("evil_records")
class TestPlans:
    def test_the_sample_of_a_plan(self, run_special_codes: RunSpecialCodes) -> None:
        made = run_special_codes({"dry_run": True, "on_missing": "delete"}, query=make_query())
        assert made.state == "success", made.error
        assert FORGED in made.log, "the sample shows nothing of the text"
        assert_clean(made)

    def test_the_message_of_a_brake(self, run_special_codes: RunSpecialCodes) -> None:
        made = run_special_codes({"on_missing": "delete"}, query=make_query())
        assert made.state == "failed"
        assert "Stopped before any write" in made.error
        assert_clean(made)

    def test_what_a_person_is_asked(self, run_special_codes: RunSpecialCodes) -> None:
        shown: list[dict[str, str]] = []
        made = run_special_codes(
            {"on_unsafe": "ask"},
            query=make_query(),
            between=lambda: shown.append(answer_approval("oduyo_special_codes", "Reject")),
        )
        assert FORGED in shown[0]["body"]
        assert find_forgeries(shown[0]["body"]) == []
        assert_clean(made)


def test_rejected_rows_stand_in_the_quarantine_as_they_are_and_in_no_log(
    oduyo: Sandbox, run_special_codes: RunSpecialCodes
) -> None:
    made = run_special_codes({"release": ["rejected"]}, query=make_query(key=EVIL_SQL))
    assert made.report["rejected"] >= 29
    assert_clean(made)
    text = (made.folder / "quarantine.jsonl").read_bytes()
    assert b"\x1b" not in text
    assert b"\r" not in text
    rows = [json.loads(line)["row"] for line in text.split(b"\n")[:-1]]
    assert all(row["code"].endswith(f"{FORGED}\x9b31m") for row in rows)


@pytest.mark.parametrize("status", [404, 200])
def test_what_oduyo_answers(oduyo: Sandbox, run_special_codes: RunSpecialCodes, status: int) -> None:
    body = json.dumps({"status": False, "message": EVIL, "error": EVIL}, ensure_ascii=False)
    raw = f'{{"status": false, "message": "{FORGED}"}}\r\n{FORGED}\x1b[31m'
    for answer in (body, raw):
        fault = {"call": "create", "kind": "status_false", "status": status, "body": answer, "times": 5}
        oduyo.set_faults(fault)
        made = run_special_codes({"release": ["rejected"]}, query=make_query(key=f"n || U&'\\2028{FORGED}'"))
        assert FORGED in made.log, "the samples show nothing of the text"
        assert_clean(made)
        oduyo.reset()


@pytest.mark.parametrize("call", ["login", "list", "create"])
def test_errors_that_show_what_answered(oduyo: Sandbox, run_special_codes: RunSpecialCodes, call: str) -> None:
    page = f"<html>{EVIL}</html>".replace("\x00", "")
    oduyo.set_faults({"call": call, "kind": "status", "status": 403 if call == "login" else 404, "body": page})
    made = run_special_codes(query=make_query())
    assert made.state == "failed"
    assert_clean(made)


@pytest.mark.parametrize(
    "query",
    [
        f"SELECT 1 AS integration_id, 'x' AS code, 3 AS \"{EVIL}\"".replace("\x00", ""),
        f"SELECT {EVIL_SQL}::int AS integration_id, 'x' AS code",
    ],
    ids=["column", "value"],
)
def test_errors_of_the_erp(oduyo: Sandbox, run_special_codes: RunSpecialCodes, query: str) -> None:
    made = run_special_codes(query=query)
    assert made.state == "failed"
    assert r"a\x1b[31m" in made.error
    assert_clean(made)


@pytest.mark.parametrize("name", ["source", "sync_mode", "max_missing_percent", EVIL])
def test_errors_of_params(name: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse_params({name: EVIL})
    assert find_forgeries(str(caught.value)) == []


def test_a_query_s_name_in_an_error(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        read_query(tmp_path, EVIL)
    assert find_forgeries(str(caught.value)) == []


def test_a_staging_path_in_an_error(tmp_path: Path) -> None:
    from oduyo_provider.core.errors import StagingError

    (tmp_path / "dosya").touch()
    folder = Folder.open(f"{tmp_path}/dosya/a\n{FORGED}\x1b[31m")
    with pytest.raises(StagingError) as caught:
        folder.write("x", b"1")
    assert find_forgeries(str(caught.value)) == []


@pytest.fixture
def open_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.usefixtures("open_umask")
@pytest.mark.parametrize("buckets", [1, 3])
def test_everything_in_staging_is_its_owner_s_alone_whatever_the_umask(
    site: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, buckets: int
) -> None:
    monkeypatch.setattr("oduyo_provider.sync.staging.buckets.SINGLE_PARTITION_ROWS", 10 if buckets > 1 else 20_000)
    driver = Driver(site, tmp_path / "kept" / "staging")
    site.set_faults({"call": "create", "kind": "status_false", "times": 2})
    driver.sync([*make_rows(40), {"integration_id": "x" * 300, "code": ""}], release=["rejected"])
    below = list((tmp_path / "kept").rglob("*"))
    modes: dict[str, set[int]] = {"file": set(), "folder": set()}
    for path in (tmp_path / "kept", *below):
        modes["folder" if path.is_dir() else "file"].add(stat.S_IMODE(path.stat().st_mode))
    assert modes == {"file": {0o600}, "folder": {0o700}}
    assert {"report.json", "quarantine.jsonl", "applied.json"} <= {path.name for path in below}
