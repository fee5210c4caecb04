"""All eight resources, end to end against the sandbox, by the operator of each."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from oduyo_provider.operators.resources import OPERATORS
from sandbox.oduyo.server import Sandbox
from tests.airflow_run import DagRunResult, run_dag
from tests.integration.dag.conftest import count_writes, pick


class Case(NamedTuple):
    """A resource with a row of it.

    :param row: its fields but for the id and the status.
    :param stored: what Ödüyo then holds otherwise than the row writes it.
    :param same: fields written otherwise that make no difference.
    :param changed: fields that do.
    """

    plural: str
    row: dict[str, object]
    stored: dict[str, str]
    same: dict[str, object]
    changed: dict[str, object]


DATED = "2025-05-23T08:30:00.123"
MOMENT = "2025-05-23 08:30:00"

CASES = [
    Case("special_codes", {"code": "MRM.034", "key1": 21, "special_updated_in": DATED}, {"special_updated_in": MOMENT}, {"code": " MRM.034 "}, {"description": "Şube"}),
    Case("bank_accounts", {"iban": "TR330006100519786457841326", "account_name": "Kasa İş"}, {}, {"account_name": "Kasa İş\u00a0"}, {"account_branch": "Kadıköy"}),
    Case("cheques", {"amount": Decimal("140000.0000"), "portfoy_no": "P-1", "vade": DATED}, {"vade": MOMENT}, {"amount": "140000.0"}, {"amount": 140000.5}),
    Case("services", {"space1": "H", "space2": "HZM.01", "key1": 21}, {}, {"key1": "21"}, {"description": "Danışmanlık"}),
    Case("cash_cards", {"balance": 12.5, "description": "Merkez  kasa"}, {"balance": "12.5000", "description": "Merkez kasa"}, {"balance": Decimal("12.50")}, {"balance": Decimal("12.51")}),
    Case("cost_centres", {"budget": 0, "description": "Üretim"}, {"budget": "0.0000"}, {"budget": "0.00"}, {"budget": "1"}),
    Case("project_codes", {"description": "PRJ-006", "key1": 21}, {}, {"description": "PRJ-006\n"}, {"description": "PRJ-007"}),
    Case("ledger_accounts", {"code": "120.01", "type": "A", "description2": "Alıcılar"}, {}, {"type": " A"}, {"type": "P"}),
]  # fmt: skip


@pytest.fixture
def run(airflow_db: None, oduyo: Sandbox, staging: Path) -> Callable[..., DagRunResult]:
    """``run(plural, rows, …)``: the operator of a resource with these rows and arguments."""

    def run_operator(plural: str, rows: list[dict[str, object]], **arguments: Any) -> DagRunResult:
        from airflow.sdk import DAG

        with DAG(dag_id="of_somebody", schedule=None) as dag:
            OPERATORS[plural](task_id="save", rows=rows, **arguments)
        return run_dag(dag, {}, staging)

    return run_operator


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.plural)
def test_a_resource_is_kept_in_step(oduyo: Sandbox, run: Callable[..., DagRunResult], case: Case) -> None:
    operator = OPERATORS[case.plural]
    name, in_use, passive = operator.resource.name, operator.resource.active, operator.resource.passive
    status: object = "PRTF" if passive is None else "A"
    rows = [{"integration_id": n, "status": status, **case.row} for n in (1, 2, 3)]
    # Records that people could not tell apart are no subject here.
    for field in operator.resource.natural_key[-1:]:
        rows = [{**row, field: f"{row[field]} {row['integration_id']}"} for row in rows]

    def report(rows: list[dict[str, object]], **arguments: Any) -> dict[str, int]:
        made = run(case.plural, rows, **arguments)
        assert made.state == "success", made.error
        return pick(made.xcoms["save"][0])

    refusal = {"call": "create", "kind": "status_false", "body": '{"status": false, "message": "Kod zaten var"}'}
    oduyo.set_faults({**refusal, "match": {"integration_id": "3"}})
    assert report(rows) == {"extracted": 3, "created": 2, "refused": 1}
    oduyo.set_faults()
    stored = {str(record["integration_id"]): record for record in oduyo.records(name)}
    last = operator.resource.natural_key[-1]
    expected = {"status": "PRTF" if passive is None else in_use, **{key: str(value) for key, value in case.row.items()}}
    expected = {**expected, **case.stored}
    assert {key: stored["1"][key] for key in expected if key != last} == {
        k: v for k, v in expected.items() if k != last
    }

    rows = rows[:2]
    written = count_writes(oduyo)
    assert report(rows) == {"extracted": 2, "unchanged": 2}
    same = [{**row, **{key: value for key, value in case.same.items() if key != last}} for row in rows]
    assert report(same) == {"extracted": 2, "unchanged": 2}
    changed = [{**rows[0], **case.changed}, rows[1]]
    assert report(changed, dry_run=True) == {"extracted": 2, "unchanged": 1, "updated": 1, "dry_run": 1}
    assert count_writes(oduyo) == written
    assert report(changed) == {"extracted": 2, "unchanged": 1, "updated": 1}
    assert count_writes(oduyo) == written + 1

    retire = {"on_missing": "deactivate", "missing_runs": 1}
    if passive is None:
        assert "on_missing=deactivate cannot be used" in run(case.plural, changed[:1], **retire).error
        return
    assert report(changed[:1], **retire) == {"extracted": 1, "unchanged": 1, "missing": 1, "deactivated": 1}
    assert {str(record["integration_id"]): record["status"] for record in oduyo.records(name)} == {
        "1": in_use,
        "2": passive,
    }


def test_every_resource_is_tried() -> None:
    assert {case.plural for case in CASES} == set(OPERATORS)
