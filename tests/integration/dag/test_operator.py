"""The operator by itself, in somebody else's DAG."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from oduyo_provider.operators.special_code import OduyoSpecialCodeOperator
from sandbox.oduyo.server import Sandbox
from tests.airflow_run import DagRunResult, run_dag
from tests.conftest import Erp
from tests.integration.dag.conftest import count_writes, make_records, pick

DAG_ID = "subesiz_kodlar"
RunOperator = Callable[..., DagRunResult]


def make_rows(count: int, **fields: object) -> list[dict[str, object]]:
    return [
        {"integration_id": n, "code": f"K.{n}", "description": f"açıklama {n}", **fields} for n in range(1, count + 1)
    ]


@pytest.fixture
def run_operator(airflow_db: None, staging: Path) -> RunOperator:
    """``run_operator(build, retries=…)`` runs a DAG whose tasks ``build()`` makes; without it, one ``save`` of these options."""

    def run(build: Callable[[], object] | None = None, *, retries: int = 0, **options: Any) -> DagRunResult:
        from airflow.sdk import DAG

        with DAG(dag_id=DAG_ID, schedule=None) as dag:
            build() if build else OduyoSpecialCodeOperator(task_id="save", **options)
        return run_dag(dag, {}, staging, retries=retries)

    return run


def test_rows_of_a_list_become_records_and_the_report_is_returned(oduyo: Sandbox, run_operator: RunOperator) -> None:
    oduyo.seed(make_records(1) + make_records(1, start=2, code="ESKİ") + make_records(1, start=99))
    made = run_operator(rows=[*make_rows(3), {"integration_id": "4"}])
    assert made.state == "success", made.error
    (report,) = made.xcoms["save"]
    assert pick(report) == {
        "extracted": 4,
        "rejected": 1,
        "unchanged": 1,
        "updated": 1,
        "created": 1,
    }
    assert [record["code"] for record in oduyo.records()] == ["K.1", "K.2", "K.99", "K.3"]
    folder = made.folder / "save"
    assert json.loads((folder / "report.json").read_text(encoding="utf-8")) == report
    (quarantined,) = (folder / "quarantine.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(quarantined)["reasons"] == ["code: empty"]
    assert pick(run_operator(rows=make_rows(3)).xcoms["save"][0])["unchanged"] == 3


def test_rows_of_another_task_s_xcom_with_keys_in_upper_case(oduyo: Sandbox, run_operator: RunOperator) -> None:
    from airflow.sdk import task

    def build() -> None:
        @task
        def fetch() -> list[dict[str, object]]:
            return [{"INTEGRATION_ID": 7.0, "Code": " İĞDIR \u00a0", "STATUS": "P"}]

        OduyoSpecialCodeOperator(task_id="save", rows=fetch())

    made = run_operator(build)
    assert made.state == "success", made.error
    (record,) = oduyo.records()
    assert (record["integration_id"], record["code"], record["status"]) == ("7", "İĞDIR", "0")


def test_rows_of_a_query_come_as_tuples_whose_fields_columns_names(
    oduyo: Sandbox, erp: Erp, run_operator: RunOperator
) -> None:
    from airflow.providers.common.sql.operators.sql import SQLExecuteQueryOperator

    def build() -> None:
        read = SQLExecuteQueryOperator(
            task_id="read", conn_id="erp_default", sql="SELECT n, 'K.' || n, now() FROM generate_series(1, 3) AS n"
        )
        columns = ["integration_id", "code", "special_created_in"]
        OduyoSpecialCodeOperator(task_id="save", rows=read.output, columns=columns)

    made = run_operator(build)
    assert made.state == "success", made.error
    assert [(record["integration_id"], record["code"]) for record in oduyo.records()] == [
        ("1", "K.1"),
        ("2", "K.2"),
        ("3", "K.3"),
    ]


def test_a_key_whose_digits_xcom_has_lost_is_rejected_and_never_sent(
    oduyo: Sandbox, erp: Erp, run_operator: RunOperator
) -> None:
    from airflow.providers.common.sql.operators.sql import SQLExecuteQueryOperator

    query = (
        "SELECT n::numeric(22, 4), 'K.' || n FROM (VALUES (12345678901234567), (9007199254740993), (500001)) AS t (n)"
    )

    def build() -> None:
        read = SQLExecuteQueryOperator(task_id="read", conn_id="erp_default", sql=query)
        OduyoSpecialCodeOperator(
            task_id="save", rows=read.output, columns=["integration_id", "code"], max_rejected_percent=100
        )

    made = run_operator(build)
    assert made.state == "success", made.error
    assert [record["integration_id"] for record in oduyo.records()] == ["500001"]
    assert made.xcoms["save"][0]["reasons"] == {"integration_id: not_exact": 2}


def test_a_param_may_be_a_template_or_a_default_argument(
    oduyo: Sandbox, run_operator: RunOperator, staging: Path
) -> None:
    from airflow.sdk import DAG

    with DAG(dag_id=DAG_ID, schedule=None, default_args={"dry_run": True}) as dag:
        OduyoSpecialCodeOperator(task_id="save", rows=make_rows(2))
        OduyoSpecialCodeOperator(task_id="also", rows=make_rows(2), dry_run="{{ ti.task_id == 'also' }}")
    made = run_dag(dag, {}, staging)
    assert made.state == "success", made.error
    assert [made.xcoms[task_id][0]["dry_run"] for task_id in ("save", "also")] == [True, True]
    assert count_writes(oduyo) == 0


@pytest.mark.parametrize("name", ["max_update_ratio", "allow_unsafe", "reqests_per_second", "erp_query"])
def test_an_unknown_argument_is_named(name: str) -> None:
    for make in (OduyoSpecialCodeOperator, OduyoSpecialCodeOperator.partial):
        with pytest.raises(TypeError, match=name):
            make(task_id="save", **{name: 1})


def test_an_instance_of_a_mapped_operator_retires_nothing(oduyo: Sandbox, run_operator: RunOperator) -> None:
    oduyo.seed(make_records(1, start=99))

    def build() -> None:
        OduyoSpecialCodeOperator.partial(task_id="save", on_missing="delete").expand(rows=[make_rows(1), make_rows(2)])

    made = run_operator(build)
    assert (made.state, count_writes(oduyo)) == ("failed", 0)
    assert "on_missing=delete is not possible. Give all rows to one task" in made.error


def test_rows_of_a_rendered_template(oduyo: Sandbox, run_operator: RunOperator) -> None:
    from airflow.sdk import task

    def build() -> None:
        @task
        def fetch() -> str:
            return json.dumps(make_rows(2))

        save = OduyoSpecialCodeOperator(task_id="save", rows="{{ ti.xcom_pull(task_ids='fetch') }}")
        fetch() >> save

    made = run_operator(build)
    assert made.state == "success", made.error
    assert [record["description"] for record in oduyo.records()] == ["açıklama 1", "açıklama 2"]


def test_a_template_within_a_row_stays_data(oduyo: Sandbox, run_operator: RunOperator) -> None:
    from airflow.sdk import task

    text = "{{ conn.oduyo_default.password }} {% raise %}"

    def build() -> None:
        @task
        def fetch() -> list[dict[str, object]]:
            return [{"integration_id": 2, "code": text}]

        OduyoSpecialCodeOperator(task_id="save", rows=[{"integration_id": 1, "code": text}])
        OduyoSpecialCodeOperator(task_id="save_pulled", rows=fetch())

    made = run_operator(build)
    assert made.state == "success", made.error
    assert [record["code"] for record in oduyo.records()] == [text, text]


def test_values_of_any_kind_are_read_or_rejected_but_never_end_the_task(
    oduyo: Sandbox, run_operator: RunOperator
) -> None:
    values: list[object] = [datetime(2025, 5, 23, 8, 30), Decimal("26.00"), b"HK1", 1.5, {"a": 1}, [1], True, None]
    values += [{1, 2}, object(), timedelta(1), 10**400, "\0"]
    made = run_operator(
        rows=[{"integration_id": n, "code": "A", "typecode": value} for n, value in enumerate(values)],
        release=["rejected"],
    )
    assert made.state == "success", made.error
    (report,) = made.xcoms["save"]
    assert report["extracted"] == report["rejected"] + report["created"] == len(values)
    stored = {str(record["integration_id"]): record["typecode"] for record in oduyo.records()}
    assert (stored["1"], stored["7"]) == ("26", "")
    assert not stored.keys() & {"3", "4", "5", "6"}


class Code(str):
    """A subclass of str, as some libraries give."""


def test_subclasses_of_str_are_texts(oduyo: Sandbox, run_operator: RunOperator) -> None:
    made = run_operator(rows=[{"integration_id": Code("1"), "code": Code("A"), "key1": Code("21"), "key2": Code("1")}])
    assert made.state == "success", made.error
    assert [(record["code"], record["key1"]) for record in oduyo.records()] == [("A", "21")]


def test_create_mode_creates_again(oduyo: Sandbox, run_operator: RunOperator) -> None:
    for _ in range(2):
        made = run_operator(rows=make_rows(3), sync_mode="create")
        assert pick(made.xcoms["save"][0]) == {"extracted": 3, "created": 3}
    assert len(oduyo.records()) == 6


def test_a_dry_run_sends_nothing(oduyo: Sandbox, run_operator: RunOperator) -> None:
    made = run_operator(rows=make_rows(3), dry_run=True)
    assert pick(made.xcoms["save"][0]) == {"extracted": 3, "created": 3, "dry_run": 1}
    assert count_writes(oduyo) == 0


def test_no_rows_at_all_stop_the_task_unless_that_is_allowed(oduyo: Sandbox, run_operator: RunOperator) -> None:
    made = run_operator(rows=[], retries=2)
    assert (made.state, made.tries["save"]) == ("failed", 1)
    assert "returned no row" in made.error
    assert run_operator(rows=[], release=["no_rows"]).state == "success"


def test_its_brakes_name_the_operator_s_own_ways_on(oduyo: Sandbox, run_operator: RunOperator) -> None:
    oduyo.seed(make_records(20, code="ESKİ"))
    made = run_operator(rows=make_rows(20), retries=2)
    assert (made.state, made.tries["save"], count_writes(oduyo)) == ("failed", 1, 0)
    assert "20 of 20 matched records would be updated" in made.error
    assert 'give the task the argument release=["updates:20"] for one run' in made.error
    assert "on_unsafe" not in made.error
    assert run_operator(rows=make_rows(20), max_update_percent=100).state == "success"


def test_rows_that_could_not_be_delivered_fail_the_task_but_not_the_others(
    oduyo: Sandbox, run_operator: RunOperator
) -> None:
    oduyo.set_faults({"call": "create", "kind": "drop", "match": {"integration_id": "2"}})
    made = run_operator(rows=make_rows(3))
    assert made.state == "failed"
    assert "1 doubtful" in made.error or "1 failed" in made.error
    assert [record["code"] for record in oduyo.records()] == ["K.1", "K.3"]
    report = json.loads((made.folder / "save" / "report.json").read_text(encoding="utf-8"))
    assert (report["created"], report["failed"] + report["doubtful"]) == (2, 1)


def test_refused_rows_are_in_the_report_and_do_not_fail_the_task(oduyo: Sandbox, run_operator: RunOperator) -> None:
    body = '{"status": false, "message": "Kod zaten var"}'
    oduyo.set_faults({"call": "create", "kind": "status_false", "body": body, "match": {"integration_id": "2"}})
    made = run_operator(rows=make_rows(3))
    assert made.state == "success", made.error
    (report,) = made.xcoms["save"]
    assert pick(report) == {"extracted": 3, "created": 2, "refused": 1}
    assert "Kod zaten var" in next(iter(report["reasons"]))


def test_a_retry_sends_only_what_is_not_there(oduyo: Sandbox, run_operator: RunOperator) -> None:
    oduyo.set_faults({"call": "create", "kind": "drop", "where": "after", "times": 2})
    made = run_operator(rows=make_rows(10), retries=2)
    assert made.state == "success", made.error
    assert sorted(str(record["code"]) for record in oduyo.records()) == sorted(f"K.{n}" for n in range(1, 11))


def test_a_mapped_operator_keeps_its_instances_apart(oduyo: Sandbox, run_operator: RunOperator) -> None:
    parts = [make_rows(2, key1="2"), [{"integration_id": 50, "code": "K.50"}]]

    def build() -> None:
        OduyoSpecialCodeOperator.partial(task_id="save").expand(rows=parts)

    made = run_operator(build)
    assert made.state == "success", made.error
    assert [pick(report)["created"] for report in made.xcoms["save"]] == [2, 1]
    assert [(made.folder / "save" / index / "report.json").exists() for index in ("0", "1")] == [True, True]
    assert len(oduyo.records()) == 3


def test_instances_of_a_mapped_operator_may_have_rows_with_the_same_code_but_not_with_that_of_a_record_typed_by_hand(
    oduyo: Sandbox, run_operator: RunOperator
) -> None:
    oduyo.seed([{"integration_id": None, "code": "ELLE"}])
    typed: list[dict[str, object]] = [{"integration_id": 99, "code": "ELLE"}]
    parts = [make_rows(12), [{**row, "integration_id": f"B{row['integration_id']}"} for row in make_rows(12)] + typed]

    def build() -> None:
        OduyoSpecialCodeOperator.partial(task_id="save", max_rejected_percent=10).expand(rows=parts)

    for name in ("created", "unchanged"):
        made = run_operator(build)
        assert made.state == "success", made.error
        assert [(report[name], report["rejected"]) for report in made.xcoms["save"]] == [(12, 0), (12, 1)]
    assert len(oduyo.records()) == 25


@pytest.mark.parametrize("on_missing", ["deactivate", "delete"])
def test_a_mapped_operator_takes_no_on_missing_as_each_instance_has_only_some_of_the_rows(
    oduyo: Sandbox, run_operator: RunOperator, on_missing: str
) -> None:
    def build() -> None:
        given = OduyoSpecialCodeOperator.partial(task_id="save", on_missing=on_missing)
        given.expand(rows=[make_rows(2), [{"integration_id": 50, "code": "K.50"}]])

    made = run_operator(build, retries=2)
    assert (made.state, made.tries["save"], oduyo.records()) == ("failed", 1, [])
    assert f"would look missing: on_missing={on_missing} is not possible" in made.error
    assert "Give all rows to one task" in made.error
    assert oduyo.log()["counters"]["login"] == 0


def test_two_operators_of_one_source_keep_their_files_apart(oduyo: Sandbox, run_operator: RunOperator) -> None:
    def build() -> None:
        first = OduyoSpecialCodeOperator(task_id="save_a", rows=make_rows(2), source="şubeler")
        first >> OduyoSpecialCodeOperator(task_id="save_b", rows=make_rows(3), source="şubeler")

    made = run_operator(build)
    assert made.state == "success", made.error
    assert pick(made.xcoms["save_a"][0]) == {"extracted": 2, "created": 2}
    assert pick(made.xcoms["save_b"][0]) == {"extracted": 3, "created": 1, "unchanged": 2}


def test_another_connection_may_be_named(
    oduyo: Sandbox,
    run_operator: RunOperator,
    set_oduyo: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("AIRFLOW_CONN_ODUYO_DEFAULT")
    set_oduyo("oduyo_ikinci")
    assert run_operator(rows=make_rows(1), oduyo_conn_id="oduyo_ikinci").state == "success"
    assert "There is no connection 'oduyo_default'" in run_operator(rows=make_rows(1)).error
    monkeypatch.setenv("ODUYO_CONN_ID", " oduyo_ikinci\n")
    assert run_operator(rows=make_rows(1)).state == "success"


@pytest.mark.parametrize(
    ("options", "facts"),
    [
        ({}, ["save takes either rows or plan", "exactly one"]),
        ({"rows": [], "plan": {"manifest": "x"}}, ["save takes either rows or plan"]),
        ({"rows": "[{"}, ["rows is a text that is no JSON", "other_task.output"]),
        ({"rows": '{"code": 1}'}, ["rows", "a list of rows"]),
        ({"rows": [{"integration_id": 1, "code": "A"}, 7]}, ["Row 2 of rows is 7: each row is a dict"]),
        ({"rows": [(1, "A")]}, ["Row 1 of rows is (1, 'A')", "name the fields of tuples with columns"]),
        ({"rows": [(1, "A"), (2,)], "columns": ["integration_id", "code"]}, ["Row 2 of rows is (2,)", "values: 1", "field names in columns: 2"]),
        ({"rows": [{"integration_id": 1, "code": "A"}], "columns": ["code"]}, ["Row 1 of rows", "leave columns out"]),
        ({"rows": [(1, "A")], "columns": "integration_id, code"}, ["columns is 'integration_id, code'", "a list of field names"]),
        ({"rows": [{"integration_id": 1}]}, ['no column "code"']),
        ({"rows": [{"integration_id": 1, "code": "A", "renk": "mavi"}]}, ['"renk", which no field is called']),
        ({"rows": [{"integration_id": 1, "code": "A", "CODE": "B"}]}, ['"code" more than once']),
        ({"rows": [{"integration_id": 1, "code": "A"}], "sync_mode": "replace"}, ["sync_mode cannot be 'replace'", "one of upsert, create"]),
        ({"rows": [{"integration_id": 1, "code": "A"}], "max_update_percent": 500}, ["max_update_percent cannot be 500"]),
        pytest.param(
            {"rows": [{"integration_id": 1, "code": "A", 3: "x"}]},
            ["Row 1 of rows is {'integration_id': 1", "field names"],
            marks=pytest.mark.skipif(
                version("apache-airflow").startswith("3.2."), reason="Airflow 3.2 refuses such a row by itself"
            ),
        ),
    ],
)  # fmt: skip
def test_wrong_options_are_named_and_not_tried_again(
    oduyo: Sandbox, run_operator: RunOperator, options: dict[str, Any], facts: list[str]
) -> None:
    made = run_operator(retries=2, **options)
    assert (made.state, made.tries["save"]) == ("failed", 1)
    assert all(fact in made.error for fact in facts), made.error
    assert "\n" not in made.error
    assert count_writes(oduyo) == 0


def test_b1_a_load_whose_execution_timeout_is_over_ends_and_the_next_run_does_the_rest(
    oduyo: Sandbox, run_operator: RunOperator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("oduyo_provider.sync.site.quiesce.CLOCK_SKEW_S", 0.2)  # both runs are on one clock
    oduyo.set_readings(latency_s=0.4)
    made = run_operator(rows=make_rows(100), execution_timeout=timedelta(seconds=5))
    assert made.state == "failed"
    assert "Timeout" in made.error
    assert len(oduyo.records()) < 100
    oduyo.set_readings(latency_s=0)
    again = run_operator(rows=make_rows(100))
    assert again.state == "success", again.error
    assert sorted(str(record["code"]) for record in oduyo.records()) == sorted(f"K.{n}" for n in range(1, 101))
