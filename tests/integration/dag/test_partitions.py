"""Large tables: what becomes of each row never depends on how many partitions there are, nor on the type of the ids."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from sandbox.oduyo.server import Sandbox
from tests.airflow_run import DagRunResult
from tests.conftest import Erp
from tests.integration.dag.conftest import RunSpecialCodes, count_writes, make_query, make_records, pick
from tests.integration.sync.apply.driver import Driver

#: Enough for each of 16 partitions; a side of so many is a large one here, see `_a_thousand_is_large`.
ROWS, HELD = 2_500, 2_400

#: 2,500 rows of 2,490 ids, ten of them twice; 2,400 stand in Ödüyo already, 100 of them otherwise; 20 rows have no code.
TABLE = f"""
    CREATE TABLE test.codes AS
    SELECT (CASE WHEN n > {ROWS - 10} THEN n - 10 ELSE n END)::{{type}} AS id,
           CASE WHEN n % 125 = 7 THEN '' WHEN n % 24 = 11 AND n <= {HELD} THEN 'YENİ.' || n ELSE 'K.' || n END AS kod,
           'açıklama ' || n AS aciklama
      FROM generate_series(1, {ROWS}) AS n"""
QUERY = """
    SELECT id AS integration_id, kod AS code, 'A' AS status, 2 AS key1, 1 AS key2, 'HK1' AS typecode,
           aciklama AS description FROM test.codes ORDER BY {order}"""


@pytest.fixture
def _a_thousand_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """A side of more than a thousand rows is split, and so is a ledger."""
    for module in ("staging.buckets", "site.ledger"):
        monkeypatch.setattr(f"oduyo_provider.sync.{module}.SINGLE_PARTITION_ROWS", 1_000)


def own(
    oduyo: Sandbox, staging: Path, records: list[dict[str, str | None]], twins: list[dict[str, str | None]]
) -> None:
    """Put records into Ödüyo, and their rows through a run of the DAG's source: from then on they are its own."""
    oduyo.seed(records + twins)
    rows: list[dict[str, object]] = [dict(record) for record in records]
    made = Driver(oduyo, staging).sync(rows, source="oduyo_special_codes")
    assert (made.unchanged, made.remote_duplicates) == (len(rows), len(twins))


def read_content(oduyo: Sandbox) -> list[tuple[str, ...]]:
    names = ("integration_id", "code", "status", "key1", "key2", "typecode", "description", "space1")
    return sorted(tuple(str(record[name]) for name in names) for record in oduyo.records())


def read_outcome(made: DagRunResult) -> tuple[dict[str, Any], list[tuple[Any, ...]]]:
    report = {name: value for name, value in made.report.items() if not name.endswith("_at")}
    quarantined = [(line["integration_id"], line["reasons"]) for line in made.lines("quarantine.jsonl")]
    return report, sorted(quarantined)


@pytest.mark.usefixtures("_a_thousand_is_large")
def test_the_outcome_is_the_same_for_1_7_and_16_partitions_and_for_ids_of_any_numeric_type(
    erp: Erp, oduyo: Sandbox, run_special_codes: RunSpecialCodes, monkeypatch: pytest.MonkeyPatch, staging: Path
) -> None:
    outcomes, contents = [], []
    runs = [(1, "integer", "id, kod"), (7, "double precision", "id, kod"), (16, "numeric(20,4)", "id DESC, kod")]
    for buckets, of_type, order in runs:
        oduyo.reset()
        shutil.rmtree(staging, ignore_errors=True)
        own(oduyo, staging, make_records(HELD) + make_records(40, start=900_001), make_records(30, start=100))
        erp.run("DROP TABLE IF EXISTS test.codes", TABLE.format(type=of_type))
        monkeypatch.setenv("ODUYO_BUCKETS", str(buckets))
        made = run_special_codes({"on_missing": "deactivate", "missing_runs": 1}, query=QUERY.format(order=order))
        assert made.state == "success", made.error
        assert (len(made.tasks["transform"]), len(made.tasks["load"])) == (buckets, 1)
        outcomes.append(read_outcome(made))
        contents.append(read_content(oduyo))

    assert outcomes[0] == outcomes[1] == outcomes[2]
    assert contents[0] == contents[1] == contents[2]
    assert pick(outcomes[0][0]) == {
        "extracted": ROWS,
        "rejected": 40,
        "unchanged": HELD - 100 - 20,
        "created": 80,
        "updated": 100,
        "missing": 40,
        "deactivated": 40,
        "remote_duplicates": 30,
    }


@pytest.mark.parametrize(("rows", "records"), [(100, 21_000), (21_000, 100), (21_000, 0)])
def test_a_large_side_meets_a_small_one(
    erp: Erp,
    oduyo: Sandbox,
    run_special_codes: RunSpecialCodes,
    monkeypatch: pytest.MonkeyPatch,
    rows: int,
    records: int,
) -> None:
    monkeypatch.setenv("ODUYO_BUCKETS", "5")
    oduyo.seed(make_records(records))
    made = run_special_codes({"dry_run": True}, query=make_query(rows))
    assert made.state == "success", made.error
    assert len(made.tasks["transform"]) == 5
    both = min(rows, records)
    assert made.report["unchanged"] == both
    assert made.report["created"] == rows - both
    assert made.report["missing"] == 0, "these records are nobody's"
    assert count_writes(oduyo) == 0
