"""The whole DAG on rows of the demo, in real time, while every kind of fault strikes three calls in a hundred."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from oduyo_provider.sync.site import quiesce
from sandbox.oduyo.server import Sandbox
from tests.chaos.conftest import IS_ALL
from tests.chaos.figures import FIGURES
from tests.chaos.test_three_percent import FAULTS, PARAMS
from tests.conftest import Erp
from tests.integration.dag.conftest import RunSpecialCodes, dags_folder, run_special_codes

__all__ = ["dags_folder", "run_special_codes"]

pytestmark = [pytest.mark.chaos, pytest.mark.airflow]

#: Waits that a person would not sit through: a second or two in place of seconds and minutes.
SHORT: dict[str, dict[str, Any]] = {"throttle": {"retry_after_s": 1}, "late_commit": {"seconds": 0.5}}
SETTLE_S = 1
#: Two calls in five have a fault: a minute or two for each hundred rows.
ROWS = 400 if IS_ALL else 60
RETRIES = 6
RUNS = 4


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda _: None)  # no power cut is tried here
    monkeypatch.setattr("oduyo_provider.api.backoff.LONGEST_BACKOFF_S", 0.5)
    monkeypatch.setattr("oduyo_provider.api.session.DEFAULT_FORCED_WAIT_S", 0.1)
    monkeypatch.setattr(quiesce, "SENT_WITHIN_S", 1.0)  # one try ends before the next begins, on one clock


@pytest.fixture
def rows(erp: Erp) -> Iterator[int]:
    """How many rows the ERP has: the first of the demo's."""
    erp.load_demo()
    first = f"SELECT _key FROM erp.sis_ozelkod ORDER BY _key LIMIT {ROWS}"
    erp.run(f"DELETE FROM erp.sis_ozelkod WHERE _key NOT IN ({first})")
    ((count,),) = erp.fetch("SELECT count(*) FROM erp.sis_ozelkod")
    yield count
    erp.load_demo()


@pytest.mark.timeout(1800)
def test_the_whole_dag_ends_complete_without_a_duplicate(
    rows: int, oduyo: Sandbox, set_oduyo: Callable[..., None], run_special_codes: RunSpecialCodes
) -> None:
    set_oduyo(settle_s=SETTLE_S)
    rules = [
        {"probability": 0.03, "seed": 100 + n, **fault, **SHORT.get(fault["kind"], {})}
        for n, fault in enumerate(FAULTS)
    ]
    oduyo.set_faults(*rules)
    tries, number, is_over = 0, 0, False
    while not is_over and number < RUNS:
        number += 1
        made = run_special_codes(PARAMS, retries=RETRIES)
        report = made.report
        tries += sum(made.tries.values())
        # A change that was lost again when it was sent again is doubtful: red, and the next run's.
        undone = report["doubtful"] + report["failed"] + report["stale"] + report["not_applied"]
        assert (made.state == "success") is (undone == 0), [str(error) for error in made.errors]
        done = ("rejected", "unchanged", "created", "updated", "refused")
        assert report["extracted"] == rows == undone + sum(report[name] for name in done)
        found = Counter(str(record["integration_id"]) for record in oduyo.records())
        assert set(found.values()) == {1}
        assert len(found) >= rows - report["rejected"] - report["refused"] - undone
        is_over = not (undone or report["refused"])
    assert is_over
    assert oduyo.log()["counters"]["delete"] == 0
    FIGURES.take_faults(oduyo.faults())
    FIGURES.take_run(counters=oduyo.log()["counters"], tries=tries, runs=number, kills=0)
