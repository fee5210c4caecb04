"""One record's history, and why it is as it is, over what the engine staged."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from oduyo_provider.sync.staging.folder import Folder, StagedFile
from oduyo_provider.sync.staging.layout import TABLE
from tests.integration.page.conftest import DAG_ID, Get
from tests.integration.sync.apply.driver import Driver, make_rows

REFUSAL = {"call": "create", "kind": "status_false", "body": '{"status": false, "message": "Kod zaten var"}'}


@pytest.fixture
def find(get: Get) -> Any:
    def ask(text: str, **more: str) -> dict[str, Any]:
        answer = get("record", dag_id=DAG_ID, record=text, **more)
        assert answer.status_code == 200, answer.text
        view: dict[str, Any] = answer.json()
        return view

    return ask


def read_states(view: dict[str, Any]) -> list[tuple[str, str]]:
    return [(state["outcome"], state.get("reason", "")) for state in view["record"]["states"]]


def test_a_code_leads_to_what_each_run_did_and_to_what_it_is_now(driver: Driver, find: Any) -> None:
    driver.sync(make_rows(9))
    driver.sync(make_rows(9, description="YENİ"))
    driver.sync(make_rows(9, description="YENİ"))
    record = find("kod.2")["record"]
    assert record["integration_id"] == "2"
    assert find("kod.2")["fields"]["typecode"] == "type"
    assert [(past["run"], past["action"]) for past in record["history"]] == [("run2", "update"), ("run1", "create")]
    assert record["history"][0]["fields"] == [["description", "Açıklama 2", "YENİ"]]
    assert record["erp"][0]["description"] == record["oduyo"][0]["description"] == "YENİ"
    assert record["memory"]["source"] == "dag"
    assert read_states(find("kod.2")) == [("", "unchanged: Ödüyo already has what the ERP wants")]


def test_an_id_of_either_side_and_several_words_find_the_same_record(driver: Driver, find: Any) -> None:
    driver.site.seed([{"integration_id": "7", "code": "KADIKÖY ŞUBE", "status": "1"}])
    oduyo_id = driver.stored()["7"]["id"]
    driver.sync([{"integration_id": 7, "code": "KADIKÖY ŞUBE"}])
    for text in ("7", oduyo_id, "kadikoy sube", "KADIKÖY ŞUBE"):
        assert find(text)["record"]["integration_id"] == "7", text


def test_several_that_match_are_a_choice(driver: Driver, find: Any) -> None:
    driver.sync(make_rows(12))
    view = find("kod.1")
    assert view["record"]["integration_id"] == "1"
    view = find("kod")
    assert (view["record"], len(view["candidates"])) == (None, 12)
    driver.sync([*make_rows(12), {"integration_id": 99, "code": "KOD.1"}])
    assert {found["integration_id"] for found in find("kod.1")["candidates"]} == {"1", "99"}


def test_an_empty_search_says_where_it_looked(driver: Driver, find: Any) -> None:
    driver.sync(make_rows(3))
    view = find("nobody has this")
    assert (view["record"], view["candidates"]) == (None, [])
    looked = view["looked"]
    assert (looked["run_id"], looked["rows"], looked["records"], looked["lines"]) == ("run1", 3, 0, 3)
    assert 0 < looked["records_at"] <= looked["rows_at"]


def test_every_row_and_record_says_why_nothing_was_done(driver: Driver, find: Any) -> None:
    driver.site.seed([{"integration_id": "X1", "code": "Typed", "key1": "22", "key2": "1", "status": "1"}])
    driver.sync(make_rows(3, key1="22", key2="1"))
    driver.sync(make_rows(2, start=500, key1="22", key2="1"), source="other")
    driver.site.set_faults({**REFUSAL, "match": {"integration_id": "8"}})
    rows = [
        *make_rows(2, key1="22", key2="1"),
        {"integration_id": 8, "code": "Refused", "key1": "22", "key2": "1"},
        {"integration_id": 9, "code": None, "key1": "22", "key2": "1"},
        {"integration_id": 3_000_000_000, "code": "Large", "key1": "22", "key2": "1"},
        {"integration_id": 500, "code": "KOD.500", "key1": "22", "key2": "1"},
    ]
    for _ in range(2):
        driver.sync(rows, max_rejected_percent=100)
    assert read_states(find("8"))[0][0] == "refused"
    assert "Kod zaten var" in find("8")["record"]["states"][0]["answer"]
    assert find("8")["record"]["memory"]["refused_since"]
    assert read_states(find("9")) == [("rejected", "code: empty")]
    large = read_states(find("3000000000"))
    assert [outcome for outcome, _ in large] == ["warned", ""]
    assert "above_int32" in large[0][1]
    assert read_states(find("3"))[0] == ("kept", "on_missing is keep")
    assert read_states(find("500"))[0] == ("rejected", "integration_id: other_source")
    assert read_states(find("501")) == [("", "the record belongs to another source: other")]
    assert read_states(find("X1")) == [("", "nobody's record: no row has ever matched it, so it is left as it is")]


def test_every_row_that_shares_its_code_is_found_with_the_words_of_the_warning(
    driver: Driver, find: Any, get: Get
) -> None:
    rows = [{"integration_id": n, "code": code, "key1": "2"} for n, code in ((1, "K"), (2, "K"), (3, "L"), (4, "K"))]
    made = driver.sync(rows)
    lines = get("changes", dag_id=DAG_ID, run_id="run1", outcome="warned", search="shared_code").json()["lines"]
    assert sorted(line["integration_id"] for line in lines) == ["1", "2", "4"]
    assert {line["answer"] for line in lines} == {"another row has the same firm, period, type and code K"}
    assert [outcome for outcome, _ in read_states(find("3"))] == ["created"]
    assert made.created == 4
    (told,) = get("run", dag_id=DAG_ID, run_id="run1").json()["aside"]
    assert told["text"].startswith("3 rows carry the warning code: shared_code: Another row has the same firm")
    assert (told["outcome"], told["search"]) == ("warned", "code: shared_code")


def test_records_of_a_firm_without_rows_are_out_of_scope(driver: Driver, find: Any) -> None:
    driver.sync([*make_rows(3, key1="22", key2="1"), *make_rows(1, start=50, key1="21", key2="1")])
    driver.sync(make_rows(3, key1="22", key2="1"))
    assert read_states(find("50"))[0][0] == "out_of_scope"


def test_a_record_whose_runs_are_gone_keeps_its_history(driver: Driver, find: Any) -> None:
    driver.sync(make_rows(3))
    driver.root.child("dag").remove()
    record = find("KOD.2")["record"]
    assert [past["run"] for past in record["history"]] == ["run1"]
    assert (record["erp"], record["oduyo"], record["states"]) == ([], [], [])


def test_a_run_can_be_asked_about(driver: Driver, find: Any) -> None:
    driver.sync(make_rows(3))
    driver.sync(make_rows(3, description="YENİ"))
    assert read_states(find("2", run_id="run1"))[0][0] == "created"
    assert read_states(find("2"))[0][0] == "updated"


def test_a_run_without_a_plan_has_compared_nothing(driver: Driver, find: Any) -> None:
    """It may be that its transform runs, or has failed."""
    driver.sync(make_rows(3))
    run = driver.new_run()
    driver.list_and_stage([*make_rows(2, description="YENİ"), *make_rows(1, start=50)], run, on_missing="delete")
    for key in ("KOD.1", "KOD.3", "KOD.50"):
        assert read_states(find(key)) == [("", "not compared: the run has come to no plan")], key
    driver.compare(run, on_missing="delete")
    assert [read_states(find(key))[0][0] for key in ("KOD.1", "KOD.3", "KOD.50")] == ["waiting", "kept", "waiting"]


def test_a_run_whose_list_of_changes_is_lost_says_so(driver: Driver, find: Any) -> None:
    driver.sync(make_rows(3))
    (driver.root.child("dag", "run1")).delete(TABLE)
    assert read_states(find("KOD.1")) == [
        ("", "The list of changes could not be written; the log of the task guard says why.")
    ]


def test_one_key_of_many_reads_its_partition_alone(driver: Driver, find: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("oduyo_provider.sync.staging.buckets.SINGLE_PARTITION_ROWS", 10)
    driver.sync(make_rows(500))
    read: list[int] = []
    lines = Folder.read_lines

    def count_and_read(folder: Folder, file: StagedFile) -> Iterator[bytes]:
        read.append(file.rows)
        return lines(folder, file)

    monkeypatch.setattr(Folder, "read_lines", count_and_read)
    assert find("123")["record"]["code"] == "KOD.123"
    assert sum(read) < 50


def test_nobody_without_the_right_to_read_the_dag_sees_a_record(get: Get, driver: Driver) -> None:
    driver.sync(make_rows(3))
    assert get("record", user="nothing", dag_id=DAG_ID, record="2").status_code == 403
    assert get("record", user=None, dag_id=DAG_ID, record="2").status_code == 401
