"""What the page says of runs that the engine made."""

from __future__ import annotations

import csv
import io
import json
import shutil
import time
import zipfile
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from airflow.api_fastapi.app import get_auth_manager
from airflow.models.dag import DagModel
from airflow.models.dagbundle import DagBundleModel
from airflow.models.dagrun import DagRun
from airflow.utils.session import create_session

from oduyo_provider.core.errors import UnsafePlanError
from oduyo_provider.hooks.oduyo import OduyoHook
from oduyo_provider.operators.special_code import OduyoSpecialCodeOperator
from oduyo_provider.page import airflow_db as airflow_db_of_page
from oduyo_provider.page import service
from oduyo_provider.page.airflow_db import RunState, fetch_dag_state, fetch_run_states
from oduyo_provider.page.health import SiteFacts, compute_health
from oduyo_provider.page.task_states import TaskState
from oduyo_provider.sync.staging.folder import Folder
from oduyo_provider.sync.steps.one_task import stage_rows
from sandbox.oduyo.server import Sandbox
from tests.airflow_run import answer_approval, load_dag
from tests.conftest import Erp
from tests.integration.check.checker import Checker
from tests.integration.dag.clearing import ALL, go_on
from tests.integration.dag.conftest import RunSpecialCodes, make_query, make_records
from tests.integration.dag.test_operator import DAG_ID as FOREIGN_DAG
from tests.integration.dag.test_operator import RunOperator
from tests.integration.findings.promise.nights import Nights
from tests.integration.page.conftest import DAG_ID, Get
from tests.integration.sync.apply.driver import Driver, make_rows

SPECIAL_CODES = "oduyo_special_codes"


def read_csv(answer: Any) -> list[dict[str, str]]:
    assert answer.status_code == 200, answer.text
    text = answer.content.decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=";"))


def count_outcomes(view: dict[str, Any]) -> dict[str, int]:
    return {one["name"]: one["count"] for one in view["filters"] if one["kind"] == "outcome"}


def test_a_run_adds_up_with_reasons_changes_and_logs(
    get: Get, erp: Erp, oduyo: Sandbox, run_special_codes: RunSpecialCodes, staging: Path
) -> None:
    records = make_records(3) + make_records(1, start=4, description="ESKİ <b>") + make_records(1, start=90)
    oduyo.seed(records)
    assert Driver(oduyo, staging).sync([dict(record) for record in records], source=SPECIAL_CODES).unchanged == 5
    refusal = {"call": "create", "kind": "status_false", "body": '{"status": false, "message": "Kod zaten var"}'}
    oduyo.set_faults({**refusal, "match": {"integration_id": "6"}})
    rows = make_query(6) + " UNION ALL SELECT 7, NULL, 'A', 2, 1, 'HK1', 'boş'"
    made = run_special_codes({"on_missing": "deactivate", "missing_runs": 1, "max_rejected_percent": 100}, query=rows)
    view = get("run", dag_id=SPECIAL_CODES, run_id=made.run_id).json()

    sums = {sum_["name"]: sum_ for sum_ in view["sums"]}
    for name, sum_ in sums.items():
        assert sum_["count"] == made.report[name] == sum(part["count"] for part in sum_["parts"])
    assert count_outcomes(view) == {"created": 1, "updated": 1, "deactivated": 1, "rejected": 1, "refused": 1}
    assert {reason["text"]: reason["count"] for reason in view["reasons"]} == made.report["reasons"]
    assert (view["sentence"]["tone"], view["title"]) == ("warn", "It adds up")
    assert [(side["name"], side["new"], side["known"]) for side in view["left_out"]] == [
        ("rejected", 1, 0),
        ("refused", 1, 0),
    ]
    assert view["duration_s"] > 0
    assert (view["is_going"], view["is_planned"], view["params"]["on_missing"]) == (False, False, "deactivate")
    logs = {step["task"]: step for step in view["steps"]}
    assert logs["load"]["log"].endswith("/tasks/load")
    assert (logs["report"]["state"], logs["approve"]["state"]) == ("success", "skipped")
    assert "%3A" in logs["report"]["log"]
    assert (view["fields"]["key1"], view["fields"]["id"], "space1" in view["fields"]) == ("firm", "Ödüyo id", False)

    lines = get("changes", dag_id=SPECIAL_CODES, run_id=made.run_id).json()["lines"]
    by_outcome = {line["outcome"]: line for line in lines}
    assert by_outcome["updated"]["fields"] == [["description", "ESKİ <b>", "açıklama 4"]]
    assert by_outcome["deactivated"]["fields"] == [["status", "1", "0"]]
    assert by_outcome["refused"]["integration_id"] == "6"
    assert "Kod zaten var" in by_outcome["refused"]["reason"]
    assert (by_outcome["rejected"]["integration_id"], by_outcome["rejected"]["reason"]) == ("7", "code: empty")
    assert by_outcome["created"]["oduyo_id"]

    for reason in view["reasons"]:
        asked = {"outcome": reason["outcome"], "reason": reason["reason"]}
        assert get("changes", dag_id=SPECIAL_CODES, run_id=made.run_id, **asked).json()["found"] == reason["count"]

    item = get("dag", dag_id=SPECIAL_CODES).json()["runs"][0]
    assert item["series"] == {"created": 1, "updated": 1, "deactivated": 1, "rejected": 2, "failed": 0}
    assert (item["run_id"], item["new_left_out"], item["extracted"]) == (made.run_id, 2, 7)


def test_a_run_that_a_brake_stopped_says_why_and_what_to_do(
    get: Get, erp: Erp, oduyo: Sandbox, run_special_codes: RunSpecialCodes, staging: Path
) -> None:
    oduyo.seed(make_records(20, code="ESKİ"))
    made = run_special_codes(query=make_query(20))
    assert made.state == "failed"
    view = get("run", dag_id=SPECIAL_CODES, run_id=made.run_id).json()
    assert view["sentence"]["text"] == "Nothing was written: the brake updates stopped the run."
    (cause,) = view["causes"]
    assert (cause["task"], cause["tries"], cause["max_tries"]) == ("guard", 1, 1)
    assert "Stopped before any write. updates: " in cause["text"]
    assert 'release ["updates' in cause["text"]
    assert view["title"] == "As far as it came"
    assert view["duration_s"] > 0
    assert count_outcomes(view) == {"not_applied": 20}

    # Guard is cleared, and decides otherwise of the same plan; report adds up once more.
    (first,) = staging.rglob("decision.json")
    second = first.parent.with_name("guard-2") / first.name
    second.parent.mkdir()
    second.write_text(json.dumps(json.loads(first.read_text()) | {"trips": []}))
    (made.folder / "report.json").touch()
    view = get("run", dag_id=SPECIAL_CODES, run_id=made.run_id).json()
    assert view["sentence"]["text"] == "Nothing was written: the run failed in the step guard."


def test_new_duplicates_are_named_and_the_next_run_is_not_promised_to_mend_them(
    get: Get, erp: Erp, oduyo: Sandbox, run_special_codes: RunSpecialCodes
) -> None:
    assert run_special_codes(query=make_query(3)).state == "success"
    twin = oduyo.twin(next(str(record["id"]) for record in oduyo.records() if record["integration_id"] == "2"))
    made = run_special_codes(query=make_query(3))
    view = get("run", dag_id=SPECIAL_CODES, run_id=made.run_id).json()
    text = view["sentence"]["text"]
    assert text.startswith("Not in step: 1 new record carries a key that another record has: decide in the Ödüyo panel")
    assert "sends only what is missing" not in text
    (cause,) = view["causes"]
    assert (cause["task"], cause["text"].partition(".")[0]) == ("report", "The run is not in step: 1 new duplicate")
    assert "Guard's log and load's hold samples" in cause["text"]
    (line,) = get("changes", dag_id=SPECIAL_CODES, run_id=made.run_id).json()["lines"]
    assert (line["integration_id"], line["oduyo_id"], line["reason"].partition(":")[0]) == ("2", twin, "new duplicate")
    assert get("dag", dag_id=SPECIAL_CODES).json()["runs"][0]["sentence"] == view["sentence"]


def test_a_run_that_could_not_log_in_says_so_and_not_that_both_sides_are_alike(
    get: Get, erp: Erp, oduyo: Sandbox, run_special_codes: RunSpecialCodes
) -> None:
    oduyo.set_faults({"call": "login", "kind": "status_false"})
    made = run_special_codes(query=make_query(3))
    view = get("run", dag_id=SPECIAL_CODES, run_id=made.run_id).json()
    assert view["sentence"]["text"] == "Nothing was written: the run failed in the step snapshot."
    assert [cause["task"] for cause in view["causes"]] == ["snapshot"]
    assert view["causes"][0]["text"]
    assert view["nothing"] == "The run did not come to a plan, so that nothing is known of changes."
    assert (view["lines"], view["title"]) == (0, "As far as it came")


def test_a_run_that_failed_before_it_staged_anything_says_why_too(
    get: Get, erp: Erp, oduyo: Sandbox, run_special_codes: RunSpecialCodes
) -> None:
    made = run_special_codes({"release": ["nonsense"]}, query=make_query(3))
    view = get("run", dag_id=SPECIAL_CODES, run_id=made.run_id).json()
    assert view["is_empty"]
    (cause,) = view["causes"]
    assert (cause["task"], cause["text"].partition(":")[0]) == ("snapshot", "The run's params are wrong")
    assert view["steps"][0]["log"].endswith("/tasks/snapshot")


def test_a_dry_run_shows_its_plan_by_action_and_deletions_first(
    get: Get, erp: Erp, oduyo: Sandbox, run_special_codes: RunSpecialCodes, staging: Path
) -> None:
    records = make_records(3) + make_records(1, start=90)
    oduyo.seed(records)
    Driver(oduyo, staging).sync([dict(record) for record in records], source=SPECIAL_CODES)
    given = {"dry_run": True, "on_missing": "delete", "missing_runs": 1, "release": ["retired:149", "updates"]}
    made = run_special_codes(given, query=make_query(6))
    view = get("run", dag_id=SPECIAL_CODES, run_id=made.run_id).json()
    assert count_outcomes(view) == {"planned": 4}
    assert view["params"] == {
        "erp_query": view["params"]["erp_query"],
        "sync_mode": "upsert",
        "on_missing": "delete",
        "dry_run": "true",
        "missing_runs": "1",
        "release": "retired:149, updates",
    }
    assert view["sentence"]["text"] == "Dry run: nothing was sent. The plan holds 4 changes."
    assert [(action["label"], action["count"]) for action in view["actions"]] == [("to delete", 1), ("to create", 3)]
    labels = {part["label"]: part["count"] for sum_ in view["sums"] for part in sum_["parts"]}
    assert (labels["to create"], labels["to delete"]) == (3, 1)


def test_a_run_whose_first_write_waits_for_a_person_shows_its_plan_in_red(
    get: Get, erp: Erp, oduyo: Sandbox, run_special_codes: RunSpecialCodes
) -> None:
    made = run_special_codes(query=make_query(3), run_type="scheduled")
    view = get("run", dag_id=SPECIAL_CODES, run_id=made.run_id).json()
    assert (view["is_planned"], view["sentence"]["tone"], count_outcomes(view)) == (True, "bad", {"planned": 3})
    assert view["sentence"]["text"].startswith("Nothing was sent: this DAG has never written to this Ödüyo site")


def test_after_the_first_sync_red_runs_are_no_reason_for_another(
    get: Get, erp: Erp, oduyo: Sandbox, run_special_codes: RunSpecialCodes
) -> None:
    refusal = {"call": "create", "kind": "status_false", "body": '{"status": false, "message": "Yetki yok"}'}
    oduyo.set_faults(refusal)
    assert run_special_codes(query=make_query(20)).state == "failed"
    view = get("dag", dag_id=SPECIAL_CODES).json()
    assert (view["checklist"], view["health"][0]["text"]) == ([], "none in 1 run")


@pytest.mark.parametrize("fault", ["", "is_paused", "has_import_errors", "is_stale"])
def test_what_airflow_would_not_start_is_no_next_run(airflow_db: None, fault: str) -> None:
    dag_id, due_at = f"next_{fault}", datetime(2025, 1, 1, tzinfo=timezone.utc)
    flags = {name: name == fault for name in ("is_paused", "has_import_errors", "is_stale")}
    with create_session() as session:
        session.merge(DagBundleModel(name="b"))
        session.flush()
        session.add(DagModel(dag_id=dag_id, bundle_name="b", fileloc="/", next_dagrun_create_after=due_at, **flags))
    with create_session() as session:
        is_due = dag_id in {dag.dag_id for dag in DagModel.dags_needing_dagruns(session)[0]}
    point = compute_health(fetch_dag_state(dag_id), [], SiteFacts())[1]
    with create_session() as session:
        session.delete(session.get(DagModel, dag_id))
    assert (point["tone"] == "good") == is_due == (not fault)


def test_the_page_of_a_dag_says_how_it_stands(
    get: Get, erp: Erp, oduyo: Sandbox, run_special_codes: RunSpecialCodes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def point(title: str) -> tuple[str, str]:
        return next((one["tone"], one["text"]) for one in view["health"] if one["title"] == title)

    view = get("dag", dag_id=SPECIAL_CODES).json()
    assert [step["done"] for step in view["checklist"]] == [False, False, False, False]
    run_special_codes({"dry_run": True}, query=make_query(3))
    view = get("dag", dag_id=SPECIAL_CODES).json()
    assert [step["done"] for step in view["checklist"]] == [True, False, True, False]
    assert point("Last good run") == ("bad", "none yet")
    assert point("Alerts") == ("warn", "not set")
    assert point("Site check") == ("warn", "never run")

    monkeypatch.setenv("ODUYO_NOTIFIER", "{}")
    run_special_codes(query=make_query(3) + " UNION ALL SELECT 7, NULL, 'A', 2, 1, 'HK1', 'boş'")
    view = get("dag", dag_id=SPECIAL_CODES).json()
    assert view["checklist"] == []
    assert (point("Last good run"), point("ERP rows in step")) == (("good", "{at}"), ("warn", "3 of 4"))
    assert (point("Alerts"), point("Waits for a person")) == (("good", "set"), ("good", "nothing"))
    assert view["columns"] == ["created", "rejected"]
    assert view["answers"] == []

    check = OduyoHook().check_site()
    view = get("dag", dag_id=SPECIAL_CODES).json()
    assert point("Site check") == ("good", "{at}")
    shown = [(one["title"], one["answer"], one["setting"]) for one in view["answers"]]
    assert sorted(shown) == sorted((one.title, one.answer, one.setting) for one in check.answers)
    assert [bool(setting) for *_, setting in shown] == sorted(
        (bool(one.setting) for one in check.answers), reverse=True
    )


def test_a_site_check_that_went_wrong_is_not_green(get: Get, site: Sandbox, staging: Path) -> None:
    def look() -> tuple[str, str]:
        health = get("dag", dag_id=SPECIAL_CODES).json()["health"]
        return next((point["tone"], point["note"]) for point in health if point["title"] == "Site check")

    Nights(site, staging, SPECIAL_CODES).night(make_rows(12))
    checker = Checker(site.url, staging)
    checker.check()
    assert look() == ("good", "")
    site.set_habits({"habit": "refuse", "call": "delete", "message": "Silme yetkiniz yok"})
    checker.check(write=True)
    tone, note = look()
    assert (tone, "which begin with ODUYO-CHECK-" in note) == ("bad", True)
    site.set_habits()
    checker.check()
    assert look() == ("good", "")
    checker.use(password="yanlis")
    checker.check()
    tone, note = look()
    assert (tone, note.partition(",")[0]) == ("warn", "it could not log in")


def test_rows_that_were_left_out_stand_beside_the_run_before(get: Get, driver: Driver) -> None:
    """Of two rows without a code one gets it, and another one loses it."""
    rows = make_rows(4)

    def run(*without: int) -> dict[str, Any]:
        run_id = f"run{len(driver.entries())}-{without}"
        taken = [{**row, "code": None} if row["integration_id"] in without else row for row in rows]
        driver.sync(taken, driver.new_run(run_id), max_rejected_percent=100)
        return dict(get("run", dag_id=DAG_ID, run_id=run_id).json())

    run(1, 2)
    view = run(2, 3)
    (side,) = view["left_out"]
    assert (side["new"], side["known"], side["gone"]) == (1, 1, 1)
    assert view["sentence"]["label"] == "1 row newly left out"
    view = run(2, 3)
    assert (view["sentence"]["tone"], view["sentence"]["label"]) == ("warn", "2 known rows left out")


def test_a_run_that_compares_nothing_is_not_said_to_be_in_step(get: Get, driver: Driver) -> None:
    driver.sync(make_rows(2), driver.new_run("run1"), sync_mode="create")
    (item,) = get("dag", dag_id=DAG_ID).json()["runs"]
    assert (item["sentence"]["label"], item["compares"]) == ("sent", False)
    assert "nobody knows whether Ödüyo is in step" in item["sentence"]["text"]
    assert get("run", dag_id=DAG_ID, run_id="run1").json()["sentence"] == item["sentence"]


@pytest.mark.parametrize(
    ("changed", "figures"),
    [({"description": "other"}, (1, 1, 1)), ({"code": "ÿÿ"}, (2, 0, 1))],
    ids=["what is beside the fault", "the value at fault"],
)
def test_a_row_that_is_left_out_again_is_new_where_the_value_at_fault_is(
    get: Get, driver: Driver, changed: dict[str, str], figures: tuple[int, int, int]
) -> None:
    for run_id, bad in (("run1", {1: {}, 2: {}}), ("run2", {1: changed, 3: {}})):
        rows = [{**row, "code": None, **bad[n]} if (n := row["integration_id"]) in bad else row for row in make_rows(4)]
        driver.sync(rows, driver.new_run(run_id), max_rejected_percent=100)
    (side,) = get("run", dag_id=DAG_ID, run_id="run2").json()["left_out"]
    assert (side["new"], side["known"], side["gone"]) == figures


def test_a_refusal_is_gone_when_its_row_is_taken_and_not_while_it_is_only_remembered(get: Get, driver: Driver) -> None:
    def run(run_id: str, **fields: str) -> list[tuple[Any, ...]]:
        driver.sync(make_rows(3, **fields), driver.new_run(run_id), max_rejected_percent=100)
        sides = get("run", dag_id=DAG_ID, run_id=run_id).json()["left_out"]
        return [(side["name"], side["new"], side["known"], side["gone"]) for side in sides]

    driver.site.set_faults({"call": "create", "kind": "status_false", "match": {"integration_id": "2"}})
    assert run("run1") == [("refused", 1, 0, None)]
    assert run("run2") == [("refused", 0, 1, 0)]
    driver.site.set_faults()
    assert run("run3", description="taken now") == [("refused", 0, 0, 1)]


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


def test_a_run_with_a_damaged_report_is_not_the_run_before(get: Get, driver: Driver, staging: Path) -> None:
    bad = [{**row, "code": None} for row in make_rows(1)]
    driver.sync([*bad, *make_rows(3, 2)], driver.new_run("run1"), max_rejected_percent=100)
    driver.sync([*bad, *make_rows(3, 2)], driver.new_run("run2"))
    (staging / DAG_ID / "run2" / "report.json").write_text("{")
    driver.sync(make_rows(4), driver.new_run("run3"))
    (side,) = get("run", dag_id=DAG_ID, run_id="run3").json()["left_out"]
    assert (side["name"], side["gone"]) == ("rejected", 1)


def test_a_dry_run_is_not_the_run_before(get: Get, driver: Driver) -> None:
    bad = [{**row, "code": None} for row in make_rows(1)]
    driver.sync([*bad, *make_rows(3, 2)], driver.new_run("run1"), max_rejected_percent=100)
    driver.sync(make_rows(4), driver.new_run("run2"), dry_run=True)
    driver.sync(make_rows(4), driver.new_run("run3"))
    (side,) = get("run", dag_id=DAG_ID, run_id="run3").json()["left_out"]
    assert (side["name"], side["gone"]) == ("rejected", 1)


def test_the_page_speaks_the_language_that_is_asked_for_or_else_the_environment_s(
    get: Get, driver: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver.sync(make_rows(2))

    def ask(**query: str) -> str:
        return str(get("run", dag_id=DAG_ID, run_id="run1", **query).json()["sentence"]["text"])

    english, turkish = "Ödüyo is in step with the ERP.", "Ödüyo, ERP ile eşit."
    assert [ask(), ask(language="tr"), ask(language="tr-TR"), ask(language="de")] == [
        english,
        turkish,
        turkish,
        english,
    ]
    monkeypatch.setenv("ODUYO_LANGUAGE", "tr")
    assert [ask(), ask(language="en")] == [turkish, english]
    texts = get("texts").json()
    assert (texts["language"], texts["texts"]["changes"]) == ("tr", "Değişiklikler")


def test_the_operator_in_anybody_s_dag_has_a_page_for_each_task(
    get: Get, oduyo: Sandbox, run_operator: RunOperator
) -> None:
    def build() -> None:
        OduyoSpecialCodeOperator(task_id="save", rows=make_rows(2))
        OduyoSpecialCodeOperator.partial(task_id="parts").expand(rows=[make_rows(1, 50), make_rows(1, 60)])

    made = run_operator(build)
    assert made.state == "success", made.error
    view = get("run", dag_id=FOREIGN_DAG, run_id=made.run_id).json()
    assert view["tasks"] == ["parts/0", "parts/1", "save"]
    for task, ids, log in (("save", ["1", "2"], "save"), ("parts/1", ["60"], "parts/mapped/1")):
        query = {"dag_id": FOREIGN_DAG, "run_id": made.run_id, "task": task}
        (step,) = get("run", **query).json()["steps"]
        assert step["log"].endswith(f"/tasks/{log}")
        assert [line["integration_id"] for line in get("changes", **query).json()["lines"]] == ids
    runs = get("dag", dag_id=FOREIGN_DAG).json()["runs"]
    assert sorted(run["task"] for run in runs if run["run_id"] == made.run_id) == ["parts/0", "parts/1", "save"]


def test_an_operator_that_failed_before_it_staged_anything_comes_first_and_has_a_page(
    get: Get, oduyo: Sandbox, run_operator: RunOperator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(get_auth_manager(), "get_authorized_dag_ids", lambda **_: {FOREIGN_DAG})

    def build() -> None:
        OduyoSpecialCodeOperator(task_id="branch", rows=make_rows(1, 50)) >> OduyoSpecialCodeOperator(
            task_id="save", rows=make_rows(2)
        )

    assert run_operator(build).state == "success"
    oduyo.set_faults({"call": "list", "kind": "status_false", "body": '{"status": false, "message": "Yetki yok"}'})
    made = run_operator(build)
    assert made.state == "failed"
    first, second = get("dag", dag_id=FOREIGN_DAG).json()["runs"][:2]
    assert [run["run_id"] for run in (first, second)] == [made.run_id] * 2
    sentences = {run["task"]: run["sentence"] for run in (first, second)}
    assert [sentences[task]["tone"] for task in ("branch", "save")] == ["bad", "bad"]
    assert "The step save was not started, as a step before it failed." in sentences["save"]["text"]
    assert get("dags").json()["dags"][0]["last"]["sentence"] == first["sentence"]
    view = get("run", dag_id=FOREIGN_DAG, run_id=made.run_id, task="branch").json()
    assert view["sentence"] == sentences["branch"]
    assert "Yetki yok" in view["causes"][0]["text"]


def test_the_server_searches_filters_and_pages(get: Get, driver: Driver) -> None:
    driver.site.set_faults({"call": "create", "kind": "status_false", "match": {"integration_id": "77"}})
    driver.sync([*make_rows(120), {"integration_id": 500, "code": "ŞUBE İZMİR", "description": "x"}])

    def ask(**query: Any) -> dict[str, Any]:
        answer = get("changes", dag_id=DAG_ID, run_id="run1", **query)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    pages = [ask(page=number) for number in (1, 2, 3)]
    assert [(view["found"], view["pages"], len(view["lines"])) for view in pages] == [
        (121, 3, 50),
        (121, 3, 50),
        (121, 3, 21),
    ]
    ids = [line["integration_id"] for view in pages for line in view["lines"]]
    assert sorted(ids, key=int) == [*map(str, range(1, 121)), "500"]
    assert ask(page=999)["page"] == 3
    assert [line["integration_id"] for line in ask(search="izmir sube")["lines"]] == ["500"]
    assert [line["integration_id"] for line in ask(outcome="refused")["lines"]] == ["77"]
    assert ask(outcome=["refused", "created"])["found"] == 121
    assert ask(outcome="refused", search="KOD.78")["found"] == 0
    for wrong in ({"outcome": "no such"}, {"page": 0}, {"page": "x"}, {"search": "x" * 201}):
        assert get("changes", dag_id=DAG_ID, run_id="run1", **wrong).status_code == 422


def test_the_download_is_what_is_shown_and_no_formula(get: Get, driver: Driver) -> None:
    driver.sync([{"integration_id": 1, "code": "=1+1;x", "description": 'İĞ "ş"'}, *make_rows(2, 5)])
    answer = get("changes.csv", dag_id=DAG_ID, run_id="run1")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="oduyo_dag_run1.csv"'
    first = read_csv(answer)[0]
    assert (first["code"], first["code after"], first["description after"]) == ("'=1+1;x", "'=1+1;x", 'İĞ "ş"')
    found = read_csv(get("changes.csv", dag_id=DAG_ID, run_id="run1", search="kod.6"))
    assert [line["integration_id"] for line in found] == ["6"]


def test_what_ödüyo_stored_otherwise_is_shown(get: Get, driver: Driver) -> None:
    driver.site.set_readings(silently_cut={"description": 5})
    try:
        driver.sync(make_rows(1))
    finally:
        driver.site.set_readings()
    (line,) = get("changes", dag_id=DAG_ID, run_id="run1").json()["lines"]
    assert (line["outcome"], line["stored"]) == ("created", {"description": "Açıkl"})
    (told,) = get("run", dag_id=DAG_ID, run_id="run1").json()["aside"]
    assert told["text"] == "Ödüyo stored a value of 1 record otherwise than sent."


def test_a_going_run_shows_progress_and_settles_with_its_report(
    get: Get, driver: Driver, staging: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "fetch_run_state", lambda _dag, run_id: RunState(run_id, "running", None))
    begun = get("run", dag_id=SPECIAL_CODES, run_id="run1").json()
    assert (begun["is_going"], begun["is_empty"]) == (True, True)

    run = driver.new_run("run1")
    plan = driver.plan(make_rows(5), run)
    waiting = get("run", dag_id=DAG_ID, run_id="run1").json()
    assert waiting["progress"] == {"done": 0, "total": 5}
    assert (waiting["sentence"]["tone"], count_outcomes(waiting)) == ("busy", {"waiting": 5})
    (extracted, _missing) = waiting["sums"]
    assert extracted["count"] == sum(part["count"] for part in extracted["parts"]) == 5

    loaded = driver.load(plan, run)
    done = get("run", dag_id=DAG_ID, run_id="run1").json()
    assert (done["progress"], count_outcomes(done)) == ({"done": 5, "total": 5}, {"created": 5})

    driver.report(run, loaded)
    settled = get("run", dag_id=DAG_ID, run_id="run1").json()
    assert (settled["is_going"], settled["progress"], settled["sentence"]["tone"]) == (False, None, "good")


def test_while_a_run_is_going_the_page_of_the_dag_tells_of_the_one_before(
    get: Get, driver: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    states = [RunState("run2", "running", None), RunState("run1", "success", None)]
    monkeypatch.setattr(service, "fetch_run_states", lambda _dag: states)
    driver.sync(make_rows(2), driver.new_run("run1"))
    driver.plan(make_rows(3), driver.new_run("run2"))
    view = get("dag", dag_id=DAG_ID).json()
    assert (view["sentence"]["tone"], view["sentence"]["text"]) == ("busy", "The run is going on.")
    assert view["before"]["text"] == "Ödüyo is in step with the ERP."
    assert [run["duration_s"] is None for run in view["runs"]] == [True, False]


def test_an_older_run_that_was_cleared_and_goes_again_is_how_its_dag_stands(
    get: Get, driver: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(get_auth_manager(), "get_authorized_dag_ids", lambda **_: {DAG_ID})
    monkeypatch.setattr(service, "MAX_RUNS", 2)
    for _ in range(3):
        driver.sync(make_rows(2))
    states = [RunState("run3", "success", 3.0, 4.0), RunState("run2", "success", 2.0), RunState("run1", "running", 1.0)]
    monkeypatch.setattr(service, "fetch_run_states", lambda _dag: states)
    monkeypatch.setattr(service, "fetch_instances", lambda _dag, _runs: {"run1": [TaskState("load", state="running")]})
    view = get("dag", dag_id=DAG_ID).json()
    assert [run["run_id"] for run in view["runs"]] == ["run1", "run3"]
    assert view["sentence"]["tone"] == "busy"
    assert get("dags").json()["dags"][0]["last"]["sentence"] == view["sentence"]


def test_the_runs_of_a_backfill_that_wait_for_their_turn_push_none_out_of_sight(
    airflow_db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(airflow_db_of_page, "RECENT_RUNS", 2)
    dag_id, now = "a_backfill", datetime.now(timezone.utc)
    with create_session() as session:
        for name, state in (("old", "success"), ("goes", "running"), ("next", "queued"), ("later", "queued")):
            started_at = None if state == "queued" else now
            given = {"run_type": "backfill", "state": state, "start_date": started_at, "run_after": now}
            session.add(DagRun(dag_id=dag_id, run_id=name, **given))
            session.flush()
    assert [run.run_id for run in fetch_run_states(dag_id)] == ["goes", "old"]


def test_a_run_that_has_staged_nothing_yet_comes_first_with_what_keeps_it(
    get: Get, driver: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(get_auth_manager(), "get_authorized_dag_ids", lambda **_: {DAG_ID})
    driver.sync(make_rows(2), driver.new_run("run1"))
    now = time.time()
    states = [RunState("today", "running", now + 60), RunState("run1", "success", now - 60, now)]
    retrying = TaskState("snapshot", state="up_for_retry", counts={"up_for_retry": 1}, tries=3, max_tries=4)
    monkeypatch.setattr(service, "fetch_run_states", lambda _dag: states)
    monkeypatch.setattr(service, "fetch_run_state", lambda _dag, run_id: states[run_id == "run1"])
    monkeypatch.setattr(service, "fetch_instances", lambda _dag, _runs: {"today": [retrying, TaskState("report")]})
    told = "The step snapshot failed in try 3 of 4 and will be tried again."
    view = get("dag", dag_id=DAG_ID).json()
    assert (view["sentence"]["text"], view["before"]["text"]) == (told, "Ödüyo is in step with the ERP.")
    assert [run["run_id"] for run in view["runs"]] == ["today", "run1"]
    assert get("dags").json()["dags"][0]["last"]["sentence"] == view["sentence"]
    assert get("run", dag_id=DAG_ID, run_id="today").json()["sentence"] == view["sentence"]

    killed = [TaskState("snapshot", state="failed"), TaskState("report", state="upstream_failed")]
    states[0] = RunState("today", "failed", now + 60, now + 90)
    monkeypatch.setattr(service, "fetch_instances", lambda _dag, _runs: {"today": killed})
    view = get("dag", dag_id=DAG_ID).json()
    assert view["sentence"]["text"].startswith("The run failed in the step snapshot and could not add up.")
    assert get("dags").json()["dags"][0]["last"]["sentence"] == view["sentence"]

    # It was marked failed, or ran longer than its DAG may, while snapshot waited for its next try.
    skipped = TaskState("snapshot", state="skipped", tries=3, max_tries=4, error="Ödüyo cannot be reached.")
    ended = [skipped, TaskState("approve", state="skipped"), TaskState("report", state="skipped")]
    monkeypatch.setattr(service, "fetch_instances", lambda _dag, _runs: {"today": ended})
    view = get("run", dag_id=DAG_ID, run_id="today").json()
    assert view["sentence"]["text"].startswith("The run was ended from outside before it could add up")
    [cause] = view["causes"]
    assert (cause["task"], cause["tries"], cause["text"]) == ("snapshot", 3, "Ödüyo cannot be reached.")


def test_a_run_that_died_without_a_report_says_so(get: Get, driver: Driver) -> None:
    run = driver.new_run("run1")
    driver.plan(make_rows(5), run)
    view = get("run", dag_id=DAG_ID, run_id="run1").json()
    assert view["sentence"]["text"].startswith("The run has no report, and Airflow does not know it any more")
    assert view["notes"] == ["0 changes had been settled by then."]
    assert count_outcomes(view) == {"not_applied": 5}
    assert get("dag", dag_id=DAG_ID).json()["runs"][0]["duration_s"] is None


def test_of_a_run_that_was_tried_again_the_last_plan_is_shown(get: Get, driver: Driver) -> None:
    run = driver.new_run("run1")
    driver.plan(make_rows(5), run)
    again = driver.new_run("run1", attempt=2)
    plan = driver.plan(make_rows(3), again)
    driver.report(again, driver.load(plan, again))
    view = get("run", dag_id=DAG_ID, run_id="run1").json()
    assert (view["lines"], count_outcomes(view)) == (3, {"created": 3})


def test_a_run_that_was_cleared_does_not_show_its_earlier_plan_as_the_present_one(
    get: Get, driver: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    def show() -> tuple[str, int, Any, str]:
        view = get("run", dag_id=DAG_ID, run_id="run1").json()
        return view["title"], view["lines"], view["progress"], view["nothing"]

    def go(**states: str) -> None:
        tasks = [TaskState(task, state=state, counts={state: 1}) for task, state in states.items()]
        monkeypatch.setattr(service, "fetch_instances", lambda _dag, _runs: {"run1": tasks})

    earlier = "The run has come to no plan since it was started again. What became of an earlier plan of it is not shown here."
    monkeypatch.setattr(service, "fetch_run_state", lambda _dag, run_id: RunState(run_id, "running", None))
    driver.load(driver.plan(make_rows(5), driver.new_run("run1")), driver.new_run("run1"))
    go(snapshot="success", extract="success", transform="success", load="running")
    assert show()[:3] == ("The plan adds up", 5, {"done": 5, "total": 5})
    go(snapshot="running", extract="none", transform="none", load="none")
    assert show() == ("So far", 0, None, earlier)

    # The ERP is read anew, and the comparison fails.
    stage_rows(driver.step(driver.new_run("run1", attempt=2)), [*make_rows(6)], driver.snapshot)
    go(snapshot="success", extract="success", transform="running", load="none")
    assert show() == ("So far", 0, None, earlier)
    go(snapshot="success", extract="success", transform="failed", load="upstream_failed")
    monkeypatch.setattr(service, "fetch_run_state", lambda _dag, run_id: RunState(run_id, "failed", None))
    assert show() == ("As far as it came", 0, None, earlier)
    # Airflow knows it no more.
    monkeypatch.setattr(service, "fetch_run_state", lambda _dag, _run: None)
    go()
    assert show() == ("As far as it came", 0, None, earlier)
    told = get("record", dag_id=DAG_ID, run_id="run1", record="erp:2").json()["record"]["states"]
    assert [state["reason"] for state in told] == ["not compared: the run has come to no plan"]


def test_an_operator_that_is_tried_again_does_what_it_has_staged_since(
    get: Get, driver: Driver, staging: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver.plan(make_rows(5), driver.new_run("run1"))
    shutil.copytree(staging / DAG_ID / "run1", staging / FOREIGN_DAG / "run1" / "save")
    told = []
    monkeypatch.setattr(service, "fetch_run_state", lambda _dag, run_id: RunState(run_id, "running", 1.0))
    for tries, began_at in enumerate((1.0, time.time() + 60), 1):
        task = TaskState("save", state="running", counts={"running": 1}, started_at=began_at, tries=tries)
        monkeypatch.setattr(service, "fetch_instances", lambda _dag, _runs, task=task: {"run1": [task]})
        view = get("run", dag_id=FOREIGN_DAG, run_id="run1", task="save").json()
        told.append((view["lines"], view["sentence"]["text"]))
    assert told == [
        (
            5,
            "The plan is made. Each record is looked at right before its change is sent, and only while no other run "
            "writes to this site.",
        ),
        (0, "Ödüyo's records are being listed."),
    ]


def test_the_report_of_a_try_before_is_not_told_as_that_of_one_that_could_not_add_up(
    get: Get, driver: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver.sync(make_rows(3), driver.new_run("run1"))
    again = driver.new_run("run1", attempt=2)
    driver.load(driver.plan(make_rows(5), again), again)
    now = time.time()
    killed = [TaskState("load", state="success", started_at=now), TaskState("report", state="failed", started_at=now)]
    monkeypatch.setattr(service, "fetch_run_state", lambda _dag, _run: RunState("run1", "failed", now - 60, now))
    monkeypatch.setattr(service, "fetch_instances", lambda _dag, _runs: {"run1": killed})
    view = get("run", dag_id=DAG_ID, run_id="run1").json()
    assert view["sentence"]["text"].startswith("The run failed in the step report and could not add up.")
    assert (view["title"], count_outcomes(view)) == ("As far as it came", {"created": 2})
    (of_rows,) = (sum_ for sum_ in view["sums"] if sum_["name"] == "extracted")
    assert {part["name"]: part["count"] for part in of_rows["parts"] if part["count"]} == {"unchanged": 3, "created": 2}


def test_a_run_that_is_stopped_after_an_earlier_plan_was_sent_does_not_say_that_it_wrote_nothing(
    get: Get, driver: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = driver.new_run("run1")
    plan = driver.plan(make_rows(20), run)
    driver.report(run, driver.load(plan, run))
    again = driver.new_run("run1", attempt=2)
    with pytest.raises(UnsafePlanError):
        driver.plan(make_rows(20, description="YENİ"), again, max_update_percent=10)
    driver.guarded = None
    driver.report(again, None)
    failed = [TaskState("guard", state="failed"), TaskState("report", state="failed")]
    monkeypatch.setattr(service, "fetch_instances", lambda _dag, _runs: {"run1": failed})
    monkeypatch.setattr(service, "fetch_run_state", lambda _dag, run_id: RunState(run_id, "failed", None))
    text = get("run", dag_id=DAG_ID, run_id="run1").json()["sentence"]["text"]
    assert text.startswith("Nothing was written since the run was started again: the brake updates stopped the run.")


def test_a_cleared_load_that_failed_before_it_sent_anything_is_told_from_the_tries_that_sent(
    get: Get, driver: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = driver.new_run("run1")
    plan = driver.plan(make_rows(6), run)
    driver.load(plan, run)
    driver.report(run, None)
    failed = [TaskState("load", state="failed", tries=2, started_at=time.time() + 1)]
    monkeypatch.setattr(service, "fetch_instances", lambda _dag, _runs: {"run1": failed})
    monkeypatch.setattr(service, "fetch_run_state", lambda _dag, run_id: RunState(run_id, "failed", None))
    text = get("run", dag_id=DAG_ID, run_id="run1").json()["sentence"]["text"]
    told = "the last try of the step load failed before it sent anything; 6 changes were made in earlier tries."
    assert text.startswith(f"Not in step: {told}")


def test_a_load_that_was_cleared_after_the_report_writes_into_the_lines_of_its_changes(
    get: Get, driver: Driver
) -> None:
    run = driver.new_run("run1")
    plan = driver.plan([*make_rows(2), {**make_rows(3)[2], "code": None}], run)
    driver.report(run, None)
    driver.load(plan, driver.new_run("run1", attempt=2))
    lines = get("changes", dag_id=DAG_ID, run_id="run1").json()["lines"]
    assert [(line["integration_id"], line["outcome"]) for line in lines] == [
        ("1", "created"),
        ("2", "created"),
        ("3", "rejected"),
    ]


def test_the_steps_of_a_cleared_run_stand_in_the_order_of_a_row_s_way(
    get: Get, driver: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = driver.new_run("run1")
    driver.plan(make_rows(1), run)
    # Airflow keeps when report started before it was cleared.
    found = [TaskState("load", state="running", started_at=20.0), TaskState("report", started_at=10.0)]
    monkeypatch.setattr(service, "fetch_instances", lambda _dag, _runs: {"run1": found})
    monkeypatch.setattr(service, "fetch_run_state", lambda _dag, run_id: RunState(run_id, "running", None))
    steps = get("run", dag_id=DAG_ID, run_id="run1").json()["steps"]
    assert [step["task"] for step in steps] == ["load", "report"]


def test_what_somebody_said_counts_until_the_run_is_cleared(
    get: Get, erp: Erp, oduyo: Sandbox, run_special_codes: RunSpecialCodes, dags_folder: Path, staging: Path
) -> None:
    """Airflow keeps the answer beside a task that is cleared, until it asks again."""
    oduyo.seed(make_records(30, code="ESKİ"))
    asked = {"query": make_query(30), "between": lambda: answer_approval(SPECIAL_CODES, "Reject")}
    made = run_special_codes({"on_unsafe": "ask"}, **asked)
    view = get("run", dag_id=SPECIAL_CODES, run_id=made.run_id).json()
    assert view["sentence"]["text"].startswith("Nothing was written: the plan was rejected by ayse at ")

    for record in oduyo.records():  # somebody types the codes in, so that there is nothing to ask any more
        oduyo.edit(str(record["id"]), code=f"K.{record['integration_id']}")
    assert go_on(load_dag(dags_folder), made.run_id, staging, clear=ALL).state == "success"
    view = get("run", dag_id=SPECIAL_CODES, run_id=made.run_id).json()
    assert (view["sentence"]["text"], view["title"]) == (
        "Ödüyo is in step with the ERP: nothing had to change.",
        "It adds up",
    )
    assert (view["approval"], view["duration_s"] > 0) == (None, True)
    last = {point["title"]: point for point in get("dag", dag_id=SPECIAL_CODES).json()["health"]}["Last good run"]
    assert last["tone"] == "good"


def test_staged_files_are_found_where_this_machine_sees_them(
    get: Get, driver: Driver, staging: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver.sync(make_rows(3))
    moved = staging.with_name("mounted elsewhere")
    shutil.move(staging, moved)
    monkeypatch.setenv("ODUYO_STAGING_PATH", str(moved))
    assert get("changes", dag_id=DAG_ID, run_id="run1").json()["found"] == 3


@pytest.mark.parametrize("state", ["running", "success", "failed"])
@pytest.mark.parametrize("dag_id", ["somebody_s", "oduyo_site_check"])
def test_a_run_that_syncs_nothing_has_no_page(
    get: Get, staging: Path, monkeypatch: pytest.MonkeyPatch, dag_id: str, state: str
) -> None:
    monkeypatch.setattr(service, "fetch_run_state", lambda _dag, run_id: RunState(run_id, state, None))
    answer = get("run", dag_id=dag_id, run_id="run1")
    assert answer.status_code == 404
    assert (
        "Either nothing is synced here (what oduyo_site_check answered stands in its log, " in answer.json()["detail"]
    )


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


def test_no_answer_may_be_taken_for_a_page_or_kept(get: Get, driver: Driver) -> None:
    driver.sync([{"integration_id": 1, "code": "</script><img src=x onerror=alert(1)>"}])
    for route in ("page", "page.js", "run", "changes", "changes.csv", "dags"):
        answer = get(route, dag_id=DAG_ID, run_id="run1")
        assert answer.headers["content-security-policy"].startswith("default-src 'self';")
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert ("text/html" in answer.headers["content-type"]) == (route == "page")
    assert "onerror" in json.dumps(get("changes", dag_id=DAG_ID, run_id="run1").json())


def list_shown(get: Get, run_id: str) -> dict[str, int]:
    """Figure → how many lines the filter shows that the page chooses for it; none where it is no button."""
    view = get("run", dag_id=DAG_ID, run_id=run_id).json()
    shown = {}
    for part in (part for sum_ in view["sums"] for part in sum_["parts"] if part["count"]):
        for one in view["figures"].get(part["name"], []):
            if one["count"] == part["count"]:
                shown[part["name"]] = count_shown(get, run_id, one["filter"])
                assert shown[part["name"]] == part["count"], part
                break
    return shown


def count_shown(get: Get, run_id: str, shown: list[list[str]]) -> int:
    """How many lines a filter shows."""
    asked: dict[str, list[str]] = {}
    for name, value in shown:
        asked.setdefault(name, []).append(value)
    return int(get("changes", dag_id=DAG_ID, run_id=run_id, **asked).json()["found"])


def list_shown_from_the_dag(get: Get, run_id: str) -> dict[str, tuple[int, int]]:
    """Part of a run in the list of its DAG's runs → what it counts, and how many lines it leads to."""
    (item,) = (run for run in get("dag", dag_id=DAG_ID).json()["runs"] if run["run_id"] == run_id)
    return {
        name: (count, count_shown(get, run_id, item["filters"][name]))
        for name, count in item["series"].items()
        if count
    }


def test_a_figure_of_a_dry_run_leads_to_all_that_it_counts(get: Get, driver: Driver) -> None:
    driver.site.seed([{"integration_id": "", "code": f"KOD.{n}", "status": "1"} for n in (1, 2)])
    driver.sync(make_rows(1, start=3))
    rows = [*make_rows(2), *make_rows(1, start=3, description="YENİ"), *make_rows(1, start=9)]
    driver.sync(rows, adopt=True, dry_run=True)
    assert list_shown(get, "run2") == {"updated": 3, "created": 1}


def test_refused_rows_and_refused_retirements_are_told_apart(get: Get, driver: Driver) -> None:
    driver.sync(make_rows(30))
    refuse = {"kind": "status_false", "body": '{"status": false, "message": "Yetki yok"}'}
    driver.site.set_faults(
        {**refuse, "call": "delete", "match": {"id": driver.stored()["30"]["id"]}},
        {**refuse, "call": "create", "match": {"integration_id": "90"}},
    )
    rows = [*make_rows(28), *make_rows(1, start=90)]
    driver.sync(rows, on_missing="delete", missing_runs=1, max_rejected_percent=100)
    assert list_shown(get, "run2") == {"refused": 1, "deleted": 1, "missing_refused": 1}
    assert list_shown_from_the_dag(get, "run2") == {"rejected": (1, 1), "deactivated": (1, 1)}
    # What is to be mended in the ERP are rows: the record that is refused to be deleted has none.
    workbook = get("changes.xlsx", dag_id=DAG_ID, run_id="run2").content
    with zipfile.ZipFile(io.BytesIO(workbook)) as parts:
        assert parts.read("xl/worksheets/sheet2.xml").count(b"<row ") == 1 + 1
    # Remembered, it is no row that was left out before either.
    driver.sync(
        [*rows, *make_rows(1, start=91, code="")], on_missing="delete", missing_runs=1, max_rejected_percent=100
    )
    view = get("run", dag_id=DAG_ID, run_id="run3").json()
    assert {one["name"]: one["count"] for one in view["filters"] if one["kind"] == "known"} == {"new": 1, "known": 1}
    assert sum(side["known"] for side in view["left_out"]) == 1
    assert list_shown(get, "run3") == {"rejected": 1, "refused": 1, "missing_refused": 1}
    assert list_shown_from_the_dag(get, "run3") == {"rejected": (2, 2)}
    assert [part["count"] for sum_ in view["sums"] for part in sum_["parts"] if part["name"] == "missing_refused"] == [
        1
    ]


def test_rows_that_were_not_sent_and_records_that_were_left_as_they_are_are_told_apart(
    get: Get, driver: Driver
) -> None:
    driver.sync(make_rows(60))
    rows = [*make_rows(40), *make_rows(3, start=90)]
    made, error = driver.sync_and_fail(rows, on_missing="delete", missing_runs=1)
    assert isinstance(error, UnsafePlanError)
    assert (made.not_applied, made.kept_missing) == (3, 20)
    assert list_shown(get, "run2") == {"not_applied": 3, "kept_missing": 20}
    assert list_shown_from_the_dag(get, "run2") == {"failed": (3, 3)}
    both = {"outcome": "not_applied", "of": ["row", "record"]}
    assert get("changes", dag_id=DAG_ID, run_id="run2", **both).json()["found"] == 23
    assert get("changes", dag_id=DAG_ID, run_id="run2", of="thing").status_code == 422
