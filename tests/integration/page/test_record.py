"""One record's history, and why it is as it is, over what the engine staged."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from oduyo_provider.api.client import OduyoClient
from oduyo_provider.core.record import Resource
from oduyo_provider.core.resources import BANK_ACCOUNT, CHEQUE, PROJECT_CODE, SERVICE
from oduyo_provider.operators.resources import OduyoProjectCodeOperator
from oduyo_provider.operators.special_code import OduyoSpecialCodeOperator
from oduyo_provider.page import change_index, service
from oduyo_provider.page.airflow_db import RunState
from oduyo_provider.page.sides import Sides
from oduyo_provider.sync.staging.folder import Folder, StagedFile
from oduyo_provider.sync.staging.layout import QUARANTINE, REPORT, TABLE
from oduyo_provider.sync.staging.segments import SegmentFile
from sandbox.oduyo.server import Sandbox
from tests.integration.dag.test_operator import DAG_ID as OPERATORS_DAG_ID
from tests.integration.dag.test_operator import RunOperator
from tests.integration.page.conftest import DAG_ID, Get
from tests.integration.sync.apply.driver import Driver, make_rows

#: What Airflow says of a run.
STATE = {"run": "running"}
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


def test_a_record_that_is_stored_otherwise_is_not_said_to_be_what_the_erp_wants(driver: Driver, find: Any) -> None:
    driver.site.set_readings(silently_cut={"description": 5})
    for _ in range(2):
        driver.sync([*make_rows(1), *make_rows(1, start=2, description="KISA")])
    assert read_states(find("erp:1")) == [
        ("", "unchanged: it was sent as the ERP wants it, Ödüyo stores description otherwise, and it is not sent again")
    ]
    assert read_states(find("erp:2")) == [("", "unchanged: Ödüyo already has what the ERP wants")]


def list_history(view: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [(past["run"], past["action"], past["outcome"]) for past in view["record"]["history"]]


def test_a_run_that_wrote_and_was_ended_before_its_report_stands_in_the_history(driver: Driver, find: Any) -> None:
    driver.sync(make_rows(3), driver.new_run("run1"))
    run = driver.new_run("run2")
    plan = driver.plan(
        [*make_rows(2, description="YENİ"), *make_rows(1, start=9)],
        run,
        on_missing="delete",
        missing_runs=1,
        max_missing_percent=100,
    )
    told = [("run2", "update", "updated"), ("run1", "create", "created")]
    assert list_history(find("kod.1")) == told[1:], "nothing is sent yet"
    loaded = driver.load(plan, run)
    assert list_history(find("kod.1")) == told
    assert find("kod.1")["record"]["history"][0]["fields"] == [["description", "Açıklama 1", "YENİ"]]

    # Later runs find a record that is gone from both sides by that alone.
    driver.sync([*make_rows(2, description="YENİ"), *make_rows(1, start=9)], driver.new_run("run3"))
    assert list_history(find("kod.1")) == told
    assert list_history(find("kod.3")) == [("run2", "delete", "deleted"), ("run1", "create", "created")]
    assert list_history(find("kod.9")) == [("run2", "create", "created")]

    # Its report may come after all, when report is cleared: nothing stands there twice.
    driver.report(run, loaded)
    assert list_history(find("kod.1")) == told


def test_a_damaged_run_without_a_report_hides_no_other(driver: Driver, find: Any, staging: Path) -> None:
    driver.sync(make_rows(3), driver.new_run("run1"))
    run = driver.new_run("run2")
    driver.load(driver.plan(make_rows(3, description="YENİ"), run), run)
    driver.sync(make_rows(3, description="YENİ"), driver.new_run("run3"))
    (staging / DAG_ID / "run2" / TABLE).write_text("{", encoding="utf-8")
    assert list_history(find("kod.1")) == [("run1", "create", "created")]


def test_what_a_cleared_load_did_after_the_report_stands_in_the_history(
    driver: Driver, find: Any, staging: Path
) -> None:
    run = driver.new_run("run1")
    plan = driver.plan(make_rows(3), run)
    driver.report(run, None)
    earlier = time.time() - 60
    os.utime(staging / DAG_ID / "run1" / REPORT, (earlier, earlier))
    driver.load(plan, driver.new_run("run1", attempt=2))
    assert list_history(find("erp:2")) == [("run1", "create", "created")]


def test_of_a_run_without_a_report_a_record_reads_its_own_partition_alone(
    driver: Driver, find: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("oduyo_provider.sync.staging.buckets.SINGLE_PARTITION_ROWS", 10)
    run = driver.new_run()
    driver.load(driver.plan(make_rows(500), run, buckets=64), run)
    driver.sync(make_rows(500))
    read: list[int] = []
    read_lines = change_index.read_lines

    def count_and_read(folder: Folder, file: SegmentFile, *more: Any) -> Any:
        read.append(file.lines)
        return read_lines(folder, file, *more)

    monkeypatch.setattr(change_index, "read_lines", count_and_read)
    assert list_history(find("erp:123")) == [(run.run_id, "create", "created")]
    assert 0 < sum(read) < 50


def test_an_old_run_of_which_a_step_was_cleared_is_not_the_last_one(
    driver: Driver, find: Any, get: Get, staging: Path
) -> None:
    driver.sync(make_rows(2))
    driver.sync(make_rows(2, description="YENİ"))
    later = time.time() + 60
    os.utime(staging / DAG_ID / "run1" / REPORT, (later, later))
    record = find("kod.1")["record"]
    assert record["erp"][0]["description"] == "YENİ"
    assert [run["run_id"] for run in get("dag", dag_id=DAG_ID).json()["runs"]] == ["run2", "run1"]


def test_a_word_with_signs_that_staged_lines_escape_finds_its_row(driver: Driver, find: Any) -> None:
    driver.sync([{"integration_id": 7, "code": 'BORU 1/2" A\\B'}, {"integration_id": 8, "code": "BORU 1/2"}])
    for text in ('1/2"', "A\\B"):
        assert find(text)["record"]["integration_id"] == "7", text


def test_a_long_id_leads_to_its_record(driver: Driver, find: Any) -> None:
    key = "M" * 400
    driver.sync([{"integration_id": key, "code": "UZUN"}], max_text_length=500)
    for text in ("UZUN", key, f"erp:{key}"):
        assert find(text)["record"]["integration_id"] == key, text


def test_an_id_of_either_side_and_several_words_find_the_same_record(driver: Driver, find: Any) -> None:
    driver.site.seed([{"integration_id": "7", "code": "KADIKÖY ŞUBE", "status": "1"}])
    oduyo_id = driver.stored()["7"]["id"]
    driver.sync([{"integration_id": 7, "code": "KADIKÖY ŞUBE"}])
    for text in ("7", oduyo_id, "kadikoy sube", "KADIKÖY ŞUBE", "erp:7", f"oduyo:{oduyo_id}"):
        assert find(text)["record"]["integration_id"] == "7", text


@pytest.mark.parametrize("resource", [SERVICE, BANK_ACCOUNT, CHEQUE, PROJECT_CODE], ids=lambda one: one.plural)
def test_a_code_is_found_whatever_its_field_is_called(
    resource: Resource, driver: Driver, find: Any, get: Get, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(driver, "client", lambda: OduyoClient(driver.settings, resource))
    rows: list[dict[str, object]] = [
        {"integration_id": f"id-{n}", **dict.fromkeys(resource.natural_key, f"KOD.{n}")} for n in range(5)
    ]
    rows[4]["space5"] = True
    driver.sync(rows)
    lines = get("changes", dag_id=DAG_ID, run_id="run1").json()["lines"]
    assert sorted((line["outcome"], line["code"]) for line in lines) == [
        *(("created", f"KOD.{n}") for n in range(4)),
        ("rejected", "KOD.4"),
    ]
    for n in range(5):
        assert find(f"kod.{n}")["record"]["integration_id"] == f"id-{n}"
    driver.sync(rows[1:])
    [kept] = get("changes", dag_id=DAG_ID, run_id="run2", outcome="kept").json()["lines"]
    assert kept["code"] == find("id-0")["record"]["code"] == "KOD.0"


def test_several_that_match_are_a_choice(driver: Driver, find: Any) -> None:
    driver.sync(make_rows(12))
    view = find("kod.1")
    assert view["record"]["integration_id"] == "1"
    view = find("kod")
    assert (view["record"], len(view["candidates"])) == (None, 12)
    driver.sync([*make_rows(12), {"integration_id": 99, "code": "KOD.1"}])
    assert {found["integration_id"] for found in find("kod.1")["candidates"]} == {"1", "99"}


@pytest.fixture
def find_of_operators(run_operator: RunOperator, oduyo: Sandbox, get: Get) -> Any:
    """``find_of_operators(build)`` runs a DAG with tasks of ours in it, and returns what :func:`find` is for it."""

    def run(build: Callable[[], object]) -> Any:
        assert run_operator(build).state == "success"

        def ask(text: str, **more: str) -> dict[str, Any]:
            return dict(get("record", dag_id=OPERATORS_DAG_ID, record=text, **more).json())

        return ask

    return run


def name_tasks(view: dict[str, Any]) -> list[str]:
    return [place["task"] for place in view["looked"]]


def test_of_several_tasks_of_a_run_the_one_whose_row_it_is_is_asked_and_named(
    find_of_operators: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def build() -> None:
        first = OduyoSpecialCodeOperator(task_id="first", rows=make_rows(1), max_rejected_percent=100)
        parts = OduyoSpecialCodeOperator.partial(task_id="parts").expand(
            rows=[make_rows(1, start=50), make_rows(1, start=60)]
        )
        first >> parts

    find = find_of_operators(build)
    for text, key, task in (("KOD.1", "1", "first"), ("erp:50", "50", "parts/0"), ("kod.60", "60", "parts/1")):
        for asked in ("", "first", "parts/0"):
            view = find(text, task=asked)
            assert (view["record"]["integration_id"], name_tasks(view)) == (key, [task]), (text, asked)
            assert [outcome for outcome, _ in read_states(view)] == ["created"], (text, asked)
    view = find("nobody has this")
    assert (view["record"], sorted(name_tasks(view))) == (None, ["first", "parts/0", "parts/1"])
    assert {(found["integration_id"], found["address"]) for found in find("KOD")["candidates"]} == {
        (key, f"erp:{key}") for key in ("1", "50", "60")
    }
    read_for: list[str] = []
    read = Sides.read

    def note_and_read(sides: Sides, key: str) -> Any:
        read_for.append(key)
        return read(sides, key)

    monkeypatch.setattr(Sides, "read", note_and_read)
    assert find("erp:60")["record"]["integration_id"] == "60"
    assert read_for == ["60"], "records and ledger are read for that task alone"


def test_what_a_key_is_in_several_kinds_of_records_is_a_choice_unless_a_task_is_asked(find_of_operators: Any) -> None:
    def build() -> None:
        codes = OduyoSpecialCodeOperator(task_id="codes", rows=make_rows(1))
        projects = OduyoProjectCodeOperator(task_id="projects", rows=[{"integration_id": 1, "description": "Proje"}])
        codes >> projects

    find = find_of_operators(build)
    view = find("erp:1")
    found = {one["task"]: one for one in view["candidates"]}
    assert (view["record"], sorted(found)) == (None, ["codes", "projects"])
    for task, one in found.items():
        view = find(one["address"], task=one["task"])
        assert (name_tasks(view), view["record"]["code"]) == ([task], one["code"])
        assert [past["run"].rpartition("/")[2] for past in view["record"]["history"]] == [task]
    assert name_tasks(find("KOD.1", task="projects")) == ["codes"]


def list_candidates(view: dict[str, Any]) -> list[tuple[str, str]]:
    return [(found["address"], found["code"]) for found in view["candidates"]]


def test_a_text_that_is_an_id_here_and_a_code_there_is_a_choice_and_each_leads_to_its_own(
    driver: Driver, find: Any
) -> None:
    driver.sync(
        [
            {"integration_id": 120, "code": "SATIŞ"},
            {"integration_id": 4711, "code": "120"},
            {"integration_id": 77, "code": "120.0"},
        ]
    )
    assert list_candidates(find("120")) == [("erp:120", "SATIŞ"), ("erp:4711", "120")]
    assert list_candidates(find("120.0")) == [("erp:120", "SATIŞ"), ("erp:77", "120.0")]
    assert [find(address)["record"]["code"] for address in ("erp:120", "erp:4711", "erp:77")] == [
        "SATIŞ",
        "120",
        "120.0",
    ]
    assert find("4711")["record"]["code"] == "120"


def test_a_text_that_is_an_id_on_both_sides_is_a_choice(driver: Driver, find: Any) -> None:
    driver.site.seed([{"integration_id": "2", "code": "TWO"}, {"integration_id": "1", "code": "ONE"}])
    driver.sync([{"integration_id": 1, "code": "ONE"}, {"integration_id": 2, "code": "TWO"}])
    assert list_candidates(find("1")) == [("erp:1", "ONE"), ("erp:2", "TWO")]
    assert (find("erp:1")["record"]["code"], find("oduyo:1")["record"]["code"]) == ("ONE", "TWO")


def test_a_record_without_an_id_of_the_erp_is_opened_by_its_own(driver: Driver, find: Any) -> None:
    driver.site.seed([{"integration_id": "", "code": "ELLE.1"}, {"integration_id": "??", "code": "ELLE.2"}])
    driver.sync(make_rows(2))
    driver.sync(make_rows(2))
    assert [find(text)["record"]["code"] for text in ("ELLE.1", "oduyo:1", "ELLE.2", "oduyo:2")] == [
        "ELLE.1",
        "ELLE.1",
        "ELLE.2",
        "ELLE.2",
    ]
    assert read_states(find("ELLE.1")) == [("", "nobody's record: no row has ever matched it, so it is left as it is")]
    assert list_candidates(find("1")) == [("erp:1", "KOD.1"), ("oduyo:1", "ELLE.1")]


def test_a_record_typed_by_hand_says_that_it_is_adopted(driver: Driver, find: Any) -> None:
    driver.site.seed([{"integration_id": "", "code": "KOD.1"}])
    driver.sync(make_rows(1), adopt=True, dry_run=True)
    assert [state["action"] for state in find("oduyo:1")["record"]["states"]] == ["adopt"]


def test_rows_without_an_id_are_listed_and_lead_nowhere(driver: Driver, find: Any) -> None:
    rows = [
        {"integration_id": name, "code": code} for name, code in ((None, "IDSIZ"), (True, "IDSIZ"), (None, "BAŞKA"))
    ]
    driver.sync([*make_rows(2), *rows], max_rejected_percent=100)
    assert list_candidates(find("IDSIZ")) == [("", "IDSIZ"), ("", "IDSIZ")]
    assert list_candidates(find("BAŞKA")) == [("", "BAŞKA")]


def test_a_record_whose_key_is_stored_otherwise_is_its_row_s(driver: Driver, find: Any) -> None:
    driver.site.set_habits("cut=4")
    for _ in range(2):
        driver.sync_and_fail([{"integration_id": "LONG-1", "code": "K"}], release=["key_altered"])
    for text in ("K", "LONG", "LONG-1", "oduyo:1"):
        assert find(text)["record"]["integration_id"] == "LONG-1", text


def test_an_empty_search_says_where_it_looked(driver: Driver, find: Any) -> None:
    driver.sync(make_rows(3))
    view = find("nobody has this")
    assert (view["record"], view["candidates"]) == (None, [])
    (looked,) = view["looked"]
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
    assert read_states(find("erp:8"))[0][0] == "refused"
    assert "Kod zaten var" in find("erp:8")["record"]["states"][0]["answer"]
    assert find("erp:8")["record"]["memory"]["refused_since"]
    assert read_states(find("erp:9")) == [("rejected", "code: empty")]
    large = read_states(find("erp:3000000000"))
    assert [outcome for outcome, _ in large] == ["warned", ""]
    assert "above_int32" in large[0][1]
    assert read_states(find("erp:3"))[0] == ("kept", "on_missing is keep")
    assert read_states(find("erp:500"))[0] == ("rejected", "integration_id: other_source")
    assert read_states(find("erp:501")) == [("", "the record belongs to another source: other")]
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
    assert (told["outcome"], told["reason"]) == ("warned", "code: shared_code")


def test_a_rejected_row_is_shown_in_its_own_digits_and_in_words(driver: Driver, find: Any, get: Get) -> None:
    values = {
        "space1": (Decimal("12345678901234567890.2500"), "12345678901234567890.2500"),
        "space2": (timedelta(1), "a value of type timedelta"),
        "space3": (b"\xff", "0xff"),
        "space4": (True, "true"),
    }
    row = {"integration_id": 7, "code": "K", **{name: value for name, (value, _) in values.items()}}
    driver.sync([*make_rows(3, 10), row])
    (line,) = get("changes", dag_id=DAG_ID, run_id="run1", outcome="rejected").json()["lines"]
    (shown,) = find("7")["record"]["erp"]
    for name, (_, text) in values.items():
        assert ([name, None, text] in line["fields"], shown[name]) == (True, text)
    (left_out,) = driver.root.child(DAG_ID, "run1").read(QUARANTINE).splitlines()
    assert b'"space1":12345678901234567890.2500,' in left_out


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


@pytest.mark.parametrize("data", [b'{"format":2}\n', b'{"format":1}\n{"cut'], ids=["a newer version's", "damaged"])
def test_a_history_that_cannot_be_read_wholly_is_said(driver: Driver, find: Any, staging: Path, data: bytes) -> None:
    driver.sync(make_rows(1))
    assert [find(text)["is_unread"] for text in ("erp:1", "nobody has this")] == [False, False]
    (path,) = (staging / "_history").rglob("*.jsonl")
    path.write_bytes(data)
    assert list_history(find("erp:1")) == []
    assert [find(text)["is_unread"] for text in ("erp:1", "nobody has this")] == [True, True]


def test_a_record_is_not_said_to_be_nobody_s_where_the_ledger_is_damaged(
    driver: Driver, find: Any, staging: Path
) -> None:
    driver.site.seed([{"integration_id": "X1", "code": "ELLE", "status": "1"}])
    driver.sync(make_rows(1))
    driver.sync(make_rows(1))
    nobody_s = [("", "nobody's record: no row has ever matched it, so it is left as it is")]
    assert (read_states(find("X1")), find("X1")["record"]["is_memory_unread"]) == (nobody_s, False)
    (path,) = (path for path in (staging / "_sites").rglob("*.jsonl") if "ledger" in path.parts)
    for data in (path.read_bytes()[:-9], b""):
        path.write_bytes(data)
        view = find("X1")
        assert view["record"]["is_memory_unread"]
        assert read_states(view) == [("", "nobody knows whose record it is: a file of the ledger is damaged")]


def test_a_run_can_be_asked_about(driver: Driver, find: Any) -> None:
    driver.sync(make_rows(3))
    driver.sync(make_rows(3, description="YENİ"))
    assert read_states(find("2", run_id="run1"))[0][0] == "created"
    assert read_states(find("2"))[0][0] == "updated"


def test_the_fixed_reasons_are_in_the_reader_s_language(driver: Driver, find: Any, get: Get) -> None:
    driver.site.set_faults({**REFUSAL, "match": {"integration_id": "3"}})
    for _ in range(2):
        driver.sync(make_rows(3), max_rejected_percent=100)
    driver.sync(make_rows(1), max_rejected_percent=100)
    assert read_states(find("erp:2", language="tr")) == [("kept", "on_missing ayarı keep")]
    refused = "daha önce reddedildi, bu çalıştırmada yeniden gönderilmedi"
    assert read_states(find("erp:3", language="tr", run_id="run2")) == [("refused", refused)]
    for language in ("en", "tr"):
        for text in (refused, "refused before, and not sent again in this run"):
            found = get("changes", dag_id=DAG_ID, run_id="run2", search=text, language=language).json()
            assert (found["found"], found["lines"][0]["reason"] == refused) == (1, language == "tr"), (language, text)


def test_a_long_reason_shows_its_rows(driver: Driver, get: Get) -> None:
    words = "Bu kod muhasebe modülünde kullanılan bir özel kod türüyle çakışıyor; önce fişler kapatılmalıdır. " * 3
    body = json.dumps({"status": False, "message": words}, ensure_ascii=False)
    driver.site.set_faults({**REFUSAL, "body": body, "match": {"integration_id": "2"}})
    driver.sync(make_rows(3), max_rejected_percent=100)
    (reason,) = get("run", dag_id=DAG_ID, run_id="run1").json()["reasons"]
    assert len(reason["text"]) > 200
    asked = {"outcome": reason["outcome"], "reason": reason["reason"]}
    assert get("changes", dag_id=DAG_ID, run_id="run1", **asked).json()["found"] == reason["count"] == 1


def test_a_run_without_a_plan_has_compared_nothing(driver: Driver, find: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may be that its transform runs, or has failed."""
    driver.sync(make_rows(3))
    run = driver.new_run()
    monkeypatch.setattr(service, "fetch_run_states", lambda _dag: [RunState(run.run_id, STATE["run"], None)])
    driver.list_and_stage([*make_rows(2, description="YENİ"), *make_rows(1, start=50)], run, on_missing="delete")
    for key in ("KOD.1", "KOD.3", "KOD.50"):
        assert read_states(find(key)) == [("", "not compared: the run has come to no plan")], key
    driver.compare(run, on_missing="delete")
    assert [read_states(find(key))[0][0] for key in ("KOD.1", "KOD.3", "KOD.50")] == ["waiting", "kept", "waiting"]
    monkeypatch.setitem(STATE, "run", "failed")
    assert [read_states(find(key))[0][0] for key in ("KOD.1", "KOD.50")] == ["not_applied", "not_applied"]


def test_the_run_is_named_as_airflow_names_it_whatever_its_folder_is_called(
    driver: Driver, find: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = driver.new_run("manual/by hand")
    monkeypatch.setattr(service, "fetch_run_states", lambda _dag: [RunState(run.run_id, "success", None)])
    driver.sync(make_rows(1), run)
    assert [place["run_id"] for place in find("KOD.1")["looked"]] == ["manual/by hand"]


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
    assert find("erp:123")["record"]["code"] == "KOD.123"
    assert sum(read) < 50


def test_nobody_without_the_right_to_read_the_dag_sees_a_record(get: Get, driver: Driver) -> None:
    driver.sync(make_rows(3))
    assert get("record", user="nothing", dag_id=DAG_ID, record="2").status_code == 403
    assert get("record", user=None, dag_id=DAG_ID, record="2").status_code == 401
