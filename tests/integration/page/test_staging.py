"""What the page says where staged files are damaged, removed, or elsewhere."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from airflow.api_fastapi.app import get_auth_manager

from oduyo_provider.sync.staging.folder import Folder
from sandbox.oduyo.server import Sandbox
from tests.conftest import Erp
from tests.integration.dag.conftest import RunSpecialCodes, make_query
from tests.integration.page.conftest import DAG_ID, SPECIAL_CODES, Get, read_csv
from tests.integration.sync.apply.driver import Driver, make_rows


@pytest.mark.parametrize(
    ("changed", "why"), [(-1, "Input data was truncated"), ({"created": 5}, "the report does not add up")]
)
def test_a_damaged_report_is_its_run_s_alone(
    get: Get, driver: Driver, staging: Path, monkeypatch: pytest.MonkeyPatch, changed: int | dict[str, int], why: str
) -> None:
    monkeypatch.setattr(get_auth_manager(), "get_authorized_dag_ids", lambda **_: {DAG_ID})
    driver.sync(make_rows(3))
    driver.sync(make_rows(3, description="YENİ"))
    place = staging / DAG_ID / "run2" / "report.json"
    text = place.read_text()
    place.write_text(text[:changed] if isinstance(changed, int) else json.dumps({**json.loads(text), **changed}))

    later, earlier = get("dag", dag_id=DAG_ID).json()["runs"]
    assert (later["sentence"]["tone"], later["sentence"]["label"]) == ("bad", "unreadable report")
    assert why in later["sentence"]["text"]
    assert earlier["sentence"]["label"] == "in step"
    (listed,) = get("dags").json()["dags"]
    assert listed["last"]["sentence"] == later["sentence"]
    run = {"dag_id": DAG_ID, "run_id": "run2"}
    assert get("run", **run).json()["sentence"] == later["sentence"]
    assert get("changes", **run).json()["found"] == len(read_csv(get("changes.csv", **run))) == 3
    assert get("changes.xlsx", **run).status_code == 200


@pytest.mark.parametrize(
    ("name", "routes", "why"),
    [
        ("the table", ["changes", "changes.csv", "changes.xlsx", "record"], "is not as it was written"),
        ("the ERP's rows", ["record"], "has a line that cannot be read"),
    ],
)
def test_a_file_that_is_cut_is_said_in_words_also_in_a_download(
    get: Get, driver: Driver, staging: Path, name: str, routes: list[str], why: str
) -> None:
    driver.sync(make_rows(5))
    folder = staging / DAG_ID / "run1"
    ((path, _, head_bytes, *_),) = json.loads((folder / "change_table.json").read_bytes())["segments"]
    (rows,) = folder.glob("desired/*/all.jsonl")
    place, end = (folder.joinpath(*path), head_bytes) if name == "the table" else (rows, -20)
    place.write_bytes(place.read_bytes()[:end])
    for route in routes:
        answer = get(route, dag_id=DAG_ID, run_id="run1", **({"record": "kod"} if route == "record" else {}))
        assert (answer.status_code, why in answer.text) == (503, True), (route, answer.text)
        assert str(place) in answer.json()["message"]


def test_staged_files_are_found_where_this_machine_sees_them(
    get: Get, driver: Driver, staging: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver.sync(make_rows(3))
    moved = staging.with_name("mounted elsewhere")
    shutil.move(staging, moved)
    monkeypatch.setenv("ODUYO_STAGING_PATH", str(moved))
    assert get("changes", dag_id=DAG_ID, run_id="run1").json()["found"] == 3


def test_a_good_run_whose_files_were_removed_says_so(
    get: Get, erp: Erp, oduyo: Sandbox, run_special_codes: RunSpecialCodes, staging: Path
) -> None:
    made = run_special_codes(query=make_query(3))
    shutil.rmtree(staging / SPECIAL_CODES)
    view = get("run", dag_id=SPECIAL_CODES, run_id=made.run_id).json()
    assert (view["sentence"]["tone"], view["is_going"]) == ("plain", False)
    assert view["sentence"]["text"].startswith("There are no files of this run: it wrote none, or they were removed")


@pytest.mark.parametrize("route", ["dag", "run", "changes", "changes.csv"])
def test_nothing_staged_is_a_sentence(get: Get, staging: Path, route: str) -> None:
    answer = get(route, dag_id="pruned", run_id="long_ago")
    assert answer.status_code == 404
    assert "its files were removed (the last 30 runs of a DAG are kept)" in answer.json()["detail"]
    assert "ODUYO_STAGING_PATH" in answer.json()["detail"]


def test_staging_that_cannot_be_opened_is_a_sentence(get: Get, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ODUYO_STAGING_PATH", "s3://no_such_connection@bucket/x")
    for route in ("dags", "dag", "run", "changes", "changes.csv"):
        answer = get(route, dag_id=DAG_ID, run_id="run1")
        assert answer.status_code == 503
        assert "The staged files cannot be read by the api-server." in answer.json()["message"]
        assert "Traceback" not in answer.text


def test_staging_that_may_not_be_read_is_a_sentence(get: Get, driver: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    driver.sync(make_rows(3))

    def refuse(_folder: Folder, _name: str, *_part: int) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("oduyo_provider.sync.staging.storage.Disk.read", refuse)
    answer = get("run", dag_id=DAG_ID, run_id="run1")
    assert answer.status_code == 503
    assert "Permission denied" in answer.json()["message"]
    assert "must have the right to read it" in answer.json()["message"]


def test_a_staged_file_that_was_changed_is_a_sentence(get: Get, driver: Driver, staging: Path) -> None:
    driver.sync(make_rows(3))
    (lines,) = staging.glob("dag/run1/change_table/*/0000-000000.jsonl.gz")
    lines.write_bytes(lines.read_bytes()[:-4] + b"\0\0\0\0")
    answer = get("changes", dag_id=DAG_ID, run_id="run1")
    assert answer.status_code == 503
    assert "is not as it was written" in answer.json()["message"]
