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


#: Rows of each resource, by its plural.
Tables = dict[str, list[dict[str, object]]]


@pytest.fixture
def run(airflow_db: None, oduyo: Sandbox, staging: Path) -> Callable[..., DagRunResult]:
    """``run(tables, …)``: one DAG with the operator of each resource, its rows and these arguments."""

    def run_operators(tables: Tables, **arguments: Any) -> DagRunResult:
        from airflow.sdk import DAG

        with DAG(dag_id="of_somebody", schedule=None) as dag:
            for plural, rows in tables.items():
                OPERATORS[plural](task_id=plural, rows=rows, **arguments)
        return run_dag(dag, {}, staging)

    return run_operators


def make_tables() -> Tables:
    """Three rows of each resource, which people can tell apart."""
    tables: Tables = {}
    for case in CASES:
        resource = OPERATORS[case.plural].resource
        status = "PRTF" if resource.passive is None else "A"
        rows: list[dict[str, object]] = [{"integration_id": n, "status": status, **case.row} for n in (1, 2, 3)]
        for field in resource.natural_key[-1:]:
            rows = [{**row, field: f"{row[field]} {row['integration_id']}"} for row in rows]
        tables[case.plural] = rows
    return tables


def change_first(tables: Tables, changes: dict[str, dict[str, object]]) -> Tables:
    return {plural: [{**rows[0], **changes[plural]}, *rows[1:]] for plural, rows in tables.items()}


def expect_stored(case: Case) -> dict[str, object]:
    """What Ödüyo holds of a case's row, but for the field that tells the rows apart."""
    resource = OPERATORS[case.plural].resource
    status = "PRTF" if resource.passive is None else resource.active
    fields = {"status": status, **{key: str(value) for key, value in case.row.items()}, **case.stored}
    return {key: value for key, value in fields.items() if key not in resource.natural_key[-1:]}


def test_all_resources_are_kept_in_step_in_one_dag(oduyo: Sandbox, run: Callable[..., DagRunResult]) -> None:
    def report(tables: Tables, **arguments: Any) -> dict[str, dict[str, int]]:
        made = run(tables, **arguments)
        assert made.state == "success", made.error
        return {plural: pick(made.xcoms[plural][0]) for plural in tables}

    def of_each(**figures: int) -> dict[str, dict[str, int]]:
        return dict.fromkeys(OPERATORS, figures)

    tables = make_tables()
    refusal = {"call": "create", "kind": "status_false", "body": '{"status": false, "message": "Kod zaten var"}'}
    oduyo.set_faults({**refusal, "match": {"integration_id": "3"}})
    assert report(tables) == of_each(extracted=3, created=2, refused=1)
    oduyo.set_faults()
    for case in CASES:
        stored = {str(record["integration_id"]): record for record in find_records(oduyo, case.plural)}
        expected = expect_stored(case)
        assert {key: stored["1"][key] for key in expected} == expected, case.plural

    tables = {plural: rows[:2] for plural, rows in tables.items()}
    written = count_writes(oduyo)
    assert report(tables) == of_each(extracted=2, unchanged=2)
    same = {case.plural: without_last_key(case.plural, case.same) for case in CASES}
    assert report(change_first(tables, same)) == of_each(extracted=2, unchanged=2)
    changed = change_first(tables, {case.plural: case.changed for case in CASES})
    assert report(changed, dry_run=True) == of_each(extracted=2, unchanged=1, updated=1, dry_run=1)
    assert count_writes(oduyo) == written
    assert report(changed) == of_each(extracted=2, unchanged=1, updated=1)
    assert count_writes(oduyo) == written + len(CASES)

    made = run({plural: rows[:1] for plural, rows in changed.items()}, on_missing="deactivate", missing_runs=1)
    refused = [str(error) for error in made.errors if "on_missing=deactivate cannot be used" in str(error)]
    assert len(refused) == sum(OPERATORS[case.plural].resource.passive is None for case in CASES) > 0
    for plural in OPERATORS:
        if (passive := OPERATORS[plural].resource.passive) is None:
            assert made.tasks[plural] == ["failed"], plural
            continue
        assert pick(made.xcoms[plural][0]) == {"extracted": 1, "unchanged": 1, "missing": 1, "deactivated": 1}, plural
        states = {str(record["integration_id"]): record["status"] for record in find_records(oduyo, plural)}
        assert states == {"1": OPERATORS[plural].resource.active, "2": passive}, plural


def find_records(oduyo: Sandbox, plural: str) -> list[dict[str, Any]]:
    return [dict(record) for record in oduyo.records(OPERATORS[plural].resource.name)]


def without_last_key(plural: str, fields: dict[str, object]) -> dict[str, object]:
    """Without the field that tells the rows apart."""
    return {key: value for key, value in fields.items() if key not in OPERATORS[plural].resource.natural_key[-1:]}


def test_every_resource_is_tried() -> None:
    assert {case.plural for case in CASES} == set(OPERATORS)
