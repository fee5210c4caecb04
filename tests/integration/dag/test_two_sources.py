"""The project's DAG and an operator in somebody else's DAG on one site: each owns its records (A6)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from oduyo_provider.operators.special_code import OduyoSpecialCodeOperator
from sandbox.oduyo.server import Sandbox
from tests.airflow_run import DagRunResult, run_dag
from tests.integration.dag.conftest import RunSpecialCodes, make_query, pick

pytestmark = pytest.mark.usefixtures("erp")


@pytest.fixture
def run_branch(airflow_db: None, staging: Path) -> Callable[..., DagRunResult]:
    """``run_branch(ids, text, **params)``: a DAG of three to five rows of its own."""

    def run(ids: list[int], text: str = "şube", **params: Any) -> DagRunResult:
        from airflow.sdk import DAG

        rows = [{"integration_id": n, "code": f"Ş.{n}", "description": text} for n in ids]
        with DAG(dag_id="subeler", schedule=None) as dag:
            OduyoSpecialCodeOperator(task_id="save", rows=rows, **params)
        return run_dag(dag, {}, staging)

    return run


def count_texts(oduyo: Sandbox, text: str) -> int:
    return sum(record["description"] == text for record in oduyo.records())


def make_edited_query(count: int, text: str) -> str:
    return make_query(count).replace("'açıklama ' || n", f"'{text}'")


def test_a6_both_deliver_their_rows_night_after_night_and_neither_misses_the_other_s(
    oduyo: Sandbox, run_special_codes: RunSpecialCodes, run_branch: Callable[..., DagRunResult]
) -> None:
    conf = {"on_missing": "delete", "missing_runs": 1, "max_update_percent": 100}
    for night in ("bir", "iki"):
        codes = run_special_codes(conf, query=make_edited_query(30, night))
        branch = run_branch([1001, 1002, 1003], night, on_missing="delete", missing_runs=1)
        assert (codes.state, branch.state) == ("success", "success")
        assert count_texts(oduyo, night) == len(oduyo.records()) == 33
    for made in (codes.report, branch.xcoms["save"][0]):
        assert made["updated"] == made["extracted"]
        assert (made["missing"], made["rejected"]) == (0, 0)


def test_a6_rows_of_records_that_the_other_owns_are_left_out_until_a_person_moves_them(
    oduyo: Sandbox, run_special_codes: RunSpecialCodes, run_branch: Callable[..., DagRunResult]
) -> None:
    query = make_edited_query(30, "merkez")
    assert run_special_codes(query=query).state == "success"
    ids = [29, 30, 1001, 1002, 1003]
    first = run_branch(ids)
    assert (first.state, count_texts(oduyo, "merkez"), count_texts(oduyo, "şube")) == ("failed", 30, 3)
    assert "2 rows of another source's records" in str(first.errors[-1])
    second = run_branch(ids)
    assert (second.state, count_texts(oduyo, "merkez")) == ("success", 30)
    assert pick(second.xcoms["save"][0]) == {"extracted": 5, "rejected": 2, "known_rejected": 2, "unchanged": 3}

    moved = run_branch(ids, release=["other_source:2"])
    assert (moved.state, pick(moved.xcoms["save"][0])) == ("success", {"extracted": 5, "updated": 2, "unchanged": 3})
    assert (count_texts(oduyo, "merkez"), count_texts(oduyo, "şube")) == (28, 5)
    assert pick(run_branch(ids).xcoms["save"][0]) == {"extracted": 5, "unchanged": 5}
    codes = run_special_codes(query=query)
    assert pick(codes.report) == {"extracted": 30, "rejected": 2, "unchanged": 28, "new_other_source": 2}
    assert count_texts(oduyo, "şube") == 5
