"""Two runs at once, and a retry that starts while the old process still lives."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from oduyo_provider.core.errors import LeaseLostError, OutdatedPlanError
from oduyo_provider.sync.site import lease
from oduyo_provider.sync.staging.manifests import Reference
from oduyo_provider.sync.staging.run_folder import Run
from tests.integration.sync.apply.driver import Driver, make_rows


class Loading(threading.Thread):
    """A load in a thread of its own."""

    def __init__(self, driver: Driver, plan: Reference, run: Run) -> None:
        super().__init__()
        self.driver, self.plan, self.of_run = driver, plan, run
        self.figures: dict[str, int] = {}
        self.error: Exception | None = None

    def run(self) -> None:
        try:
            self.figures = self.driver.load(self.plan, self.of_run)["figures"]
        except Exception as error:
            self.error = error


def wait_for_creates(driver: Driver, count: int) -> None:
    deadline = time.monotonic() + 30
    while driver.calls("create") < count and time.monotonic() < deadline:
        time.sleep(0.005)


@pytest.fixture
def slow(driver: Driver) -> Driver:
    driver.site.set_readings(latency_s=0.01)
    return driver


def test_a_run_waits_for_the_one_that_writes_and_then_compares_again(slow: Driver) -> None:
    first, second = slow.new_run(), slow.new_run()
    plans = [slow.plan(make_rows(400), first), slow.plan(make_rows(400), second)]
    loads = [Loading(slow, plans[0], first), Loading(slow, plans[1], second)]
    loads[0].start()
    wait_for_creates(slow, 40)
    loads[1].start()
    for load in loads:
        load.join()
    assert [load.error for load in loads] == [None, None]
    assert [load.figures for load in loads] == [{"created": 400}, {"created": 400}]
    assert slow.calls("create") == 400
    assert len(slow.stored()) == 400


def test_an_older_plan_that_waited_is_refused_when_a_newer_one_was_applied(slow: Driver) -> None:
    old, new = slow.new_run(), slow.new_run()
    old_plan = slow.plan(make_rows(200, description="eski"), old)
    new_plan = slow.plan(make_rows(200, description="yeni"), new)
    loads = [Loading(slow, new_plan, new), Loading(slow, old_plan, old)]
    loads[0].start()
    wait_for_creates(slow, 20)
    loads[1].start()
    for load in loads:
        load.join()
    assert loads[0].error is None
    assert isinstance(loads[1].error, OutdatedPlanError)
    assert {record["description"] for record in slow.stored().values()} == {"yeni"}


def test_a_retry_that_starts_while_the_old_process_lives_waits_for_it(slow: Driver) -> None:
    run = slow.new_run("run")
    plan = slow.plan(make_rows(300), run)
    loads = [Loading(slow, plan, run), Loading(slow, plan, slow.new_run("run", attempt=2))]
    loads[0].start()
    wait_for_creates(slow, 30)
    loads[1].start()
    for load in loads:
        load.join()
    assert [load.error for load in loads] == [None, None]
    assert slow.calls("create") == 300
    assert len(slow.stored()) == 300


def test_a_whole_run_during_another_one_duplicates_nothing(slow: Driver) -> None:
    run = slow.new_run()
    load = Loading(slow, slow.plan(make_rows(300), run), run)
    load.start()
    wait_for_creates(slow, 50)
    report = slow.sync(make_rows(350))
    load.join()
    assert load.error is None
    assert report.created + report.unchanged == 350
    assert slow.calls("create") == 350
    assert len(slow.stored()) == 350


def test_a_holder_that_cannot_renew_stops_sending(slow: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease, "HELD_FOR_S", 0.3)
    monkeypatch.setattr(lease, "RENEW_EVERY_S", 60)
    run = slow.new_run()
    plan = slow.plan(make_rows(2000), run)
    with pytest.raises(LeaseLostError):
        slow.load(plan, run)
    assert 0 < slow.calls("create") < 2000


def test_two_sites_do_not_wait_for_each_other(slow: Driver, tmp_path: Path) -> None:
    from sandbox.oduyo.server import Sandbox

    with Sandbox() as site:
        other = Driver(site, tmp_path / "staging")
        run = slow.new_run()
        load = Loading(slow, slow.plan(make_rows(300), run), run)
        load.start()
        wait_for_creates(slow, 10)
        slow.site.set_readings(latency_s=1)
        assert other.sync(make_rows(5)).created == 5
        assert load.is_alive()
        slow.site.set_readings(latency_s=0)
        load.join()
