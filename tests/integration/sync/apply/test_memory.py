"""What a run leaves for the next: how many records there are, whatever became of its tasks."""

from __future__ import annotations

from oduyo_provider.core.record import SPECIAL_CODE
from oduyo_provider.sync.site.state import SiteState
from tests.integration.sync.apply.driver import Driver, make_rows


def read_existing(driver: Driver) -> int | None:
    return SiteState(driver.root, driver.settings.site, SPECIAL_CODE.name).read_existing()


def test_a_run_leaves_the_number_of_records_after_it(driver: Driver) -> None:
    driver.sync(make_rows(30, key1="2", key2="1"))
    assert read_existing(driver) == 30
    driver.sync(make_rows(20, key1="2", key2="1"), on_missing="delete", max_missing_percent=100)
    assert read_existing(driver) == 20


def test_a_dry_run_and_a_run_that_wrote_nothing_because_load_failed_leave_it_as_it_was(driver: Driver) -> None:
    driver.sync(make_rows(30))
    driver.sync(make_rows(40), dry_run=True)
    run = driver.new_run()
    driver.report(run, driver.plan(make_rows(40), run), [])
    assert read_existing(driver) == 30


def test_what_a_load_did_before_it_failed_counts_too(driver: Driver) -> None:
    driver.sync(make_rows(30, key1="2", key2="1"))
    run = driver.new_run()
    plan = driver.plan(make_rows(12, key1="2", key2="1"), run, on_missing="delete")
    driver.load(plan, run)
    driver.report(run, plan, [])  # the task failed after its last change: it returned nothing
    assert read_existing(driver) == 12


def test_create_mode_lists_nothing_and_so_leaves_no_number(driver: Driver) -> None:
    driver.sync(make_rows(30))
    driver.sync(make_rows(5), sync_mode="create")
    assert read_existing(driver) == 30
