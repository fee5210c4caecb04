"""What the page says of one run, and its table of changes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from oduyo_provider.page import service
from oduyo_provider.page.airflow_db import RunState
from sandbox.oduyo.server import Sandbox
from tests.conftest import Erp
from tests.integration.dag.conftest import RunSpecialCodes, make_query, make_records
from tests.integration.page.conftest import DAG_ID, SPECIAL_CODES, Get, count_outcomes, read_csv
from tests.integration.sync.apply.driver import Driver, make_rows


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
    assert (view["is_going"], view["params"]["on_missing"]) == (False, "deactivate")
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
    labels = {step["task"]: step["label"] for step in view["steps"]}
    assert cause["label"] == labels["guard"] == labels["report"] == "ended in red", "no error stopped either of them"
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
        "Ödüyo site": urlsplit(oduyo.url).netloc,
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
    assert (view["sentence"]["tone"], count_outcomes(view)) == ("bad", {"planned": 3})
    assert view["sentence"]["text"].startswith("Nothing was sent: this DAG has never written to this Ödüyo site")


def test_the_page_says_what_a_person_released_for_a_run(
    get: Get, erp: Erp, oduyo: Sandbox, run_special_codes: RunSpecialCodes
) -> None:
    for conf in ({"release": ["no_rows"], "dry_run": True}, {"release": ["no_rows"]}):
        made = run_special_codes(conf, query=make_query(0))
        view = get("run", dag_id=SPECIAL_CODES, run_id=made.run_id).json()
        assert view["notes"] == ["Released for this run: no_rows: the ERP query returned no row."]
        assert (view["brakes"], view["sentence"]["tone"] == "bad") == ([], False)


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


def test_a_run_that_died_without_a_report_says_so(get: Get, driver: Driver) -> None:
    run = driver.new_run("run1")
    driver.plan(make_rows(5), run)
    view = get("run", dag_id=DAG_ID, run_id="run1").json()
    assert view["sentence"]["text"].startswith("The run has no report, and Airflow does not know it any more")
    assert view["notes"] == ["0 changes had been settled by then."]
    assert count_outcomes(view) == {"not_applied": 5}
    assert get("dag", dag_id=DAG_ID).json()["runs"][0]["duration_s"] is None


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


def test_no_answer_may_be_taken_for_a_page_or_kept(get: Get, driver: Driver) -> None:
    driver.sync([{"integration_id": 1, "code": "</script><img src=x onerror=alert(1)>"}])
    for route in ("page", "page.js", "run", "changes", "changes.csv", "dags"):
        answer = get(route, dag_id=DAG_ID, run_id="run1")
        assert answer.headers["content-security-policy"].startswith("default-src 'self';")
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert ("text/html" in answer.headers["content-type"]) == (route == "page")
    assert "onerror" in json.dumps(get("changes", dag_id=DAG_ID, run_id="run1").json())
