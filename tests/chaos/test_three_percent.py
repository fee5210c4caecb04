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
from tests.chaos.virtual import VirtualTime
from tests.chaos.world import Row
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
#: What was refused by such a fault is sent again; so many at once are nobody's worry here.
PARAMS: dict[str, Any] = {"resend_refused": True, "release": ["rejected", "updates"]}


class Table:
    """Rows that stay as they are."""

    def __init__(self, rows: list[Row]) -> None:
        self._rows = rows

    def read(self) -> list[Row]:
        """See :class:`~tests.chaos.world.Erp`."""
        return self._rows

    def compute_valid(self) -> dict[str, Any]:
        """What the rows are in Ödüyo is not asked here: they have every fault that a demo can show."""
        return {}

    @property
    def invalid(self) -> set[str]:
        """Nor which of them break the rules."""
        return set()


def test_every_fault_at_three_percent_ends_complete_without_a_duplicate(
    chaos_site: Sandbox, virtual: VirtualTime, tmp_path: Path, erp_server: DemoErp
) -> None:
    table = Table(fetch_rows(erp_server)[: None if IS_ALL else 350])
    chaos_site.set_faults(*({"probability": 0.03, "seed": number, **fault} for number, fault in enumerate(FAULTS)))
    driver = ChaosDriver(chaos_site, tmp_path, virtual, random.Random(3), concurrency=8)
    valid = 0
    for _ in range(RUNS):
        note = virtual.run(driver.run_once(table, **PARAMS))
        if note.is_green and not note.report["refused"]:
            valid = note.report["extracted"] - note.report["rejected"] - note.report["repeated"]
            break
    assert valid
    virtual.skip(60)
    assert len(driver.stored()) == len(chaos_site.records()) == valid
    assert driver.calls("delete") == 0
    rules = chaos_site.faults()
    assert all(rule["fired"] for rule in rules if rule["call"] != "update")
    FIGURES.take_faults(rules)
    FIGURES.take_run(counters=chaos_site.counts(), tries=driver.tries, runs=len(driver.notes), kills=0)


def fetch_rows(server: DemoErp) -> list[Row]:
    """The demo's rows, as the DAG's default query reads them."""
    connection = psycopg2.connect(server.dsn)
    try:
        with connection.cursor(cursor_factory=RealDictCursor) as cursor:
            cursor.execute((ROOT / "dags" / "sql" / "dia_postgres.sql").read_text(encoding="utf-8"))
            return [dict(row) for row in cursor.fetchall()]
    finally:
        connection.close()
