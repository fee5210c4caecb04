"""Memory: a run holds one partition at a time, whatever the number of rows."""

from __future__ import annotations

import gc
import multiprocessing
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from oduyo_provider.sync.staging.manifests import Reference
from sandbox.oduyo.server import Sandbox
from tests.integration.sync.apply.driver import Driver, make_rows

PARTITION_ROWS = 120
FEW, MANY = 3, 12
TEXTS = {f"space{field}": "x" * 250 for field in range(1, 6)}


@pytest.fixture(autouse=True)
def _small_partitions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("oduyo_provider.sync.staging.buckets.SINGLE_PARTITION_ROWS", 10)


def measure(work: Callable[[], object]) -> int:
    """The most bytes that some work holds at once."""
    gc.collect()
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def _load_in_a_process(port: int, place: str, plans: list[list[Reference]]) -> None:
    """Load plans one after the other, and write down the peak of each; apart from the sandbox, which keeps a log."""
    driver = Driver(Sandbox(port=port), Path(place))  # never started: only its address and account are used
    peaks = []
    for number, plan in enumerate(plans):
        run = driver.new_run(f"run{number}")
        peaks.append(measure(lambda plan=plan, run=run: driver.load(plan, run)))  # type: ignore[misc]
    Path(place).joinpath("peaks").write_text(" ".join(map(str, peaks)))


def plan_in_partitions(driver: Driver, number: int, partitions: int) -> list[Reference]:
    """A plan of records of long texts, so many partitions of them."""
    rows = make_rows(PARTITION_ROWS * partitions, start=1_000_000 * (number + 1), **TEXTS)
    plans = driver.plan(rows, driver.new_run(f"run{number}"), buckets=partitions, source=f"source{number}")
    assert len(plans) == partitions
    return plans


def test_the_memory_of_a_load_does_not_grow_with_the_number_of_partitions(driver: Driver) -> None:
    # The newest page of a site is looked at by every load; here it is full from the first one on.
    driver.site.seed([{"integration_id": f"other {number}", "code": "K", **TEXTS} for number in range(1_500)])
    plans = [plan_in_partitions(driver, number, partitions) for number, partitions in enumerate((1, FEW, MANY))]
    spawn = multiprocessing.get_context("spawn")
    given = (driver.site.port, str(driver.root.uri), plans)
    process = spawn.Process(target=_load_in_a_process, args=given)
    process.start()
    process.join()
    assert process.exitcode == 0
    assert driver.calls("create") == PARTITION_ROWS * (1 + FEW + MANY)
    _, few, many = map(int, Path(driver.root.uri, "peaks").read_text().split())
    assert many < 1.3 * few, f"{few:,} bytes with {FEW} partitions, {many:,} with {MANY}"


def test_the_memory_of_comparing_does_not_grow_with_the_number_of_partitions(driver: Driver) -> None:
    peaks = []
    for partitions in (FEW, MANY):
        rows = make_rows(PARTITION_ROWS * partitions, space1="x" * 250)
        driver.site.reset()
        driver.site.seed([{**row, "integration_id": str(row["integration_id"])} for row in rows])
        run = driver.new_run()
        driver.list_and_stage(rows, run, buckets=partitions)
        peaks.append(measure(lambda run=run, partitions=partitions: driver.compare(run, buckets=partitions)))  # type: ignore[misc]
    few, many = peaks
    assert many < 1.3 * few, f"{few:,} bytes with {FEW} partitions, {many:,} with {MANY}"
