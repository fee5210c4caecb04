"""The demo's 3,500 rows against an Ödüyo on which every kind of fault strikes three calls in a hundred."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from psycopg2.extras import RealDictCursor

from sandbox.erp.server import DemoErp
from sandbox.oduyo.server import Sandbox
from tests.chaos.conftest import IS_ALL
from tests.chaos.driver import ChaosDriver
from tests.chaos.figures import FIGURES
from tests.chaos.virtual import Switch, VirtualTime
from tests.conftest import ROOT

pytestmark = pytest.mark.chaos

BOTH = ("before", "after")
FAULTS: list[dict[str, Any]] = [
    *({"kind": "drop", "where": where} for where in BOTH),
    *({"kind": "status", "status": 500, "where": where} for where in BOTH),
    *({"kind": "html", "status": 502, "where": where} for where in BOTH),
    *({"kind": "empty", "where": where} for where in BOTH),
    *({"kind": "truncated", "where": where} for where in BOTH),
    *({"kind": "kill_session", "where": where} for where in BOTH),
    *({"kind": "throttle", "status": 503, "retry_after_s": 5, "where": where} for where in BOTH),
    {"kind": "throttle", "status": 429, "retry_after_s": 2, "retry_after_as": "date"},
    {"kind": "wrong_content_type"},
    {"kind": "late_commit", "seconds": 40, "call": "create"},
    {"kind": "status_false", "status": 404, "call": "create"},
    {"kind": "status_false", "status": 200, "call": "update"},
]
RUNS = 10


def test_every_fault_at_three_percent_ends_complete_without_a_duplicate(
    chaos_site: Sandbox, virtual: VirtualTime, switch: Switch, tmp_path: Path, erp_server: DemoErp
) -> None:
    rows = fetch_rows(erp_server)[: None if IS_ALL else 350]
    chaos_site.set_faults(*({"probability": 0.03, "seed": number, **fault} for number, fault in enumerate(FAULTS)))
    driver = ChaosDriver(chaos_site, tmp_path, virtual, switch, random.Random(3), concurrency=8)
    valid = 0
    for _ in range(RUNS):
        report = driver.run(rows)
        if report is not None and report.is_complete and not report.refused:
            valid = report.extracted - report.rejected
            break
    assert valid
    virtual.skip(60)
    assert len(driver.stored()) == len(chaos_site.records()) == valid
    assert driver.calls("delete") == 0
    rules = chaos_site.faults()
    assert all(rule["fired"] for rule in rules if rule["call"] != "update")
    FIGURES.take_faults(rules)
    FIGURES.take_run(counters=chaos_site.log()["counters"], tries=driver.tries, runs=driver.runs, kills=0)


def fetch_rows(server: DemoErp) -> list[dict[str, object]]:
    """The demo's rows, as the DAG's default query reads them."""
    connection = psycopg2.connect(server.dsn)
    try:
        with connection.cursor(cursor_factory=RealDictCursor) as cursor:
            cursor.execute((ROOT / "dags" / "sql" / "dia_postgres.sql").read_text(encoding="utf-8"))
            return [dict(row) for row in cursor.fetchall()]
    finally:
        connection.close()
