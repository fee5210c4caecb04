"""What the look, the canary and the read-back cost in requests, besides the changes themselves.

The bounds are the design's: at most 12 requests a load that wait for each other, for creates one call in 200 besides, for
updates the smaller of one call each and the pages that they span.
"""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from oduyo_provider.sync.apply.work import PAGE_ROWS
from oduyo_provider.sync.runtime.clock import Clock
from oduyo_provider.sync.runtime.timing import LOOK_VALID_S
from sandbox.oduyo.server import Sandbox
from tests.integration.sync.apply.driver import Driver, make_rows

SERIAL = 12
#: Each of a plan's changes is looked at before it is sent and read back at the end.
PASSES = 2


@pytest.fixture
def driver(site: Sandbox, tmp_path: Path) -> Driver:
    return Driver(site, tmp_path / "staging")


def count_lists(driver: Driver, rows: list[dict[str, object]], *, listed_ago_s: float) -> int:
    """The list requests of a load; fails when it logs in more than once."""
    run = driver.new_run()
    plan = driver.plan(rows, run, release=["updates"])
    lists, logins = driver.calls("list"), driver.calls("login")
    driver.load(plan, run, clock=Clock(now=lambda: time.time() + listed_ago_s))
    assert driver.calls("login") - logins == 1
    return driver.calls("list") - lists


@pytest.mark.parametrize("count", [1, 200, 1_200])
@pytest.mark.parametrize("listed_ago_s", [0.0, 2 * LOOK_VALID_S])
def test_creates_cost_one_call_in_two_hundred_besides(driver: Driver, count: int, listed_ago_s: float) -> None:
    lists = count_lists(driver, make_rows(count), listed_ago_s=listed_ago_s)
    assert driver.calls("create") == count
    assert lists <= SERIAL + count // 200


@pytest.mark.parametrize("every", [1, 10, 500])
@pytest.mark.parametrize("listed_ago_s", [0.0, 2 * LOOK_VALID_S])
def test_updates_cost_one_call_each_or_the_pages_that_they_span(
    driver: Driver, every: int, listed_ago_s: float
) -> None:
    rows = make_rows(1_200)
    driver.sync(rows)
    for row in rows[::every]:
        row["description"] = "Yeni"
    updates = len(rows[::every])
    lists = count_lists(driver, rows, listed_ago_s=listed_ago_s)
    assert driver.calls("update") == updates
    assert lists <= SERIAL + PASSES * min(updates, len(rows) // PAGE_ROWS + 1)


def test_updates_whose_listing_is_young_are_looked_at_no_more(driver: Driver) -> None:
    rows = make_rows(1_200)
    driver.sync(rows)
    for row in rows[::10]:
        row["description"] = "Yeni"
    young = count_lists(driver, rows, listed_ago_s=0.0)
    for row in rows[::10]:
        row["description"] = "Neu"
    old = count_lists(driver, rows, listed_ago_s=2 * LOOK_VALID_S)
    assert young < old
