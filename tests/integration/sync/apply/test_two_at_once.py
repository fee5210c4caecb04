"""Two runs at once, and a retry that starts while the old process still lives."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from oduyo_provider.core.errors import LeaseLostError, OduyoError, OutdatedPlanError
from oduyo_provider.core.report import Report
from oduyo_provider.sync.site import lease, quiesce
from oduyo_provider.sync.staging.manifests import Reference
from oduyo_provider.sync.staging.run_folder import Run, name_attempt
from oduyo_provider.sync.steps.one_task import sync_rows
from sandbox.oduyo.server import Sandbox
from tests.integration.sync.apply.driver import Driver, make_rows


class Loading(threading.Thread):
    """A load in a thread of its own."""

    def __init__(self, driver: Driver, plan: list[Reference], run: Run, **params: object) -> None:
        super().__init__()
        self.driver, self.plan, self.of_run, self.params = driver, plan, run, params
        self.figures: dict[str, int] = {}
        self.error: Exception | None = None

    def run(self) -> None:
        try:
            self.figures = self.driver.load(self.plan, self.of_run, **self.params)["figures"]
        except Exception as error:
            self.error = error


class Working(threading.Thread):
    """Some work in a thread of its own."""

    def __init__(self, work: Callable[[], object]) -> None:
        super().__init__()
        self.work = work
        self.made: object = None
        self.error: Exception | None = None

    def run(self) -> None:
        try:
            self.made = self.work()
        except Exception as error:
            self.error = error


def run_all(*threads: threading.Thread) -> None:
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def wait_for_creates(driver: Driver, count: int) -> None:
    deadline = time.monotonic() + 30
    while driver.calls("create") < count and time.monotonic() < deadline:
        time.sleep(0.005)


@pytest.fixture
def slow(driver: Driver, monkeypatch: pytest.MonkeyPatch) -> Driver:
    """A site that takes a moment for each answer; whoever waits for the lease looks often whether it is free."""
    driver.site.set_readings(latency_s=0.01)
    monkeypatch.setattr(lease, "LOOK_FOR_LEASE_EVERY_S", 0.1)
    return driver


def test_a_run_of_another_source_waits_for_the_one_that_writes_and_then_looks(slow: Driver) -> None:
    first, second = slow.new_run(), slow.new_run()
    plans = [slow.plan(make_rows(400), first, source="first"), slow.plan(make_rows(450), second, source="second")]
    loads = [Loading(slow, plans[0], first, source="first"), Loading(slow, plans[1], second, source="second")]
    loads[0].start()
    wait_for_creates(slow, 40)
    loads[1].start()
    for load in loads:
        load.join()
    assert [load.error for load in loads] == [None, None]
    assert loads[0].figures == {"created": 400}
    assert loads[1].figures == {"created": 50, "stale": 400}, "the records of the first belong to it"
    assert slow.calls("create") == 450
    assert len(slow.stored()) == 450


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
    assert [load.figures for load in loads] == [{"created": 300}] * 2
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


def test_two_sources_that_own_different_records_both_deliver_every_night(slow: Driver) -> None:
    """A DAG of many rows and an operator of a few, on one site, both daily."""

    def sync(night: int, name: str, source: str, rows: list[dict[str, object]]) -> tuple[Report, OduyoError | None]:
        return slow.sync_and_fail(rows, slow.new_run(f"{name}{night}"), source=source, release=["updates"])

    for night in range(3):
        texts = {"description": f"gece {night}"}
        dag = Working(partial(sync, night, "dag", "dag", make_rows(60, **texts)))
        operator = Working(partial(sync, night, "op", "dag/save", make_rows(3, start=900, **texts)))
        run_all(dag, operator)
        assert [thread.error for thread in (dag, operator)] == [None, None]
        assert [made[1] for thread in (dag, operator) if isinstance(made := thread.made, tuple)] == [None, None]
        assert {record["description"] for record in slow.stored().values()} == {f"gece {night}"}
    assert slow.calls("create") == 63
    assert slow.calls("update") == 126


def test_instances_of_a_mapped_task_are_all_applied_at_once_and_night_after_night(slow: Driver) -> None:
    def sync(night: int, index: int) -> tuple[Report | None, OduyoError | None]:
        run = Run(slow.root, "dag", f"night{night}", name_attempt(1), ("save", str(index)))
        step = slow.step(run, source="dag/save", release=["updates"])
        rows = make_rows(20, start=100 * index + 1, description=f"gece {night}")
        broken: list[dict[str, object]] = [{"integration_id": f"bozuk {index}", "code": ""}]
        try:
            return asyncio.run(sync_rows(step, rows + broken, slow.client(), slow.settings)), None
        except OduyoError as error:
            return None, error

    for night in range(3):
        work = [Working(partial(sync, night, index)) for index in range(3)]
        run_all(*work)
        made = [thread.made for thread in work]
        assert [thread.error for thread in work] == [None] * 3
        assert [pair[1] for pair in made if isinstance(pair, tuple)] == [None] * 3
        assert {record["description"] for record in slow.stored().values()} == {f"gece {night}"}
    assert slow.calls("create") == 60
    known = [pair[0].known_rejected for pair in made if isinstance(pair, tuple) and isinstance(pair[0], Report)]
    assert known == [1, 1, 1], "what an instance rejected last night is known tonight"


def test_a_holder_that_cannot_renew_stops_sending(slow: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease, "HELD_FOR_S", 1.5)
    monkeypatch.setattr(lease, "RENEW_EVERY_S", 60)
    run = slow.new_run()
    plan = slow.plan(make_rows(2000), run)
    with pytest.raises(LeaseLostError):
        slow.load(plan, run)
    assert 0 < slow.calls("create") < 2000


def test_a_holder_that_was_suspended_is_refused_and_writes_nothing_old_over_what_is_new(
    slow: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow.sync(make_rows(300, description="ilk"))
    old = slow.new_run()
    plan = slow.plan(make_rows(300, description="eski"), old, release=["updates"])
    load = Loading(slow, plan, old)
    is_awake = threading.Event()
    is_awake.set()
    check = lease.Lease.check
    slept: list[float] = []

    def sleep_and_check(self: lease.Lease) -> None:
        if threading.current_thread() is load and not is_awake.is_set():
            is_awake.wait(60)  # as SIGSTOP: the whole thread stands still, renewals too
            slept.append(1)
        check(self)

    monkeypatch.setattr(lease.Lease, "check", sleep_and_check)
    monkeypatch.setattr(lease, "LAPSES_AFTER_S", 4.0)
    monkeypatch.setattr(lease, "HELD_FOR_S", 3.0)
    monkeypatch.setattr(lease, "RENEW_EVERY_S", 0.1)
    monkeypatch.setattr(quiesce, "CLOCK_SKEW_S", 0.2)  # both are on one clock
    load.start()
    deadline = time.monotonic() + 30
    while slow.calls("update") < 50 and time.monotonic() < deadline:
        time.sleep(0.005)
    is_awake.clear()
    report, error = slow.sync_and_fail(make_rows(300, description="yeni"), release=["updates"])
    is_awake.set()
    load.join()
    assert slept
    assert isinstance(load.error, LeaseLostError)
    assert error is None
    assert report.updated + report.unchanged == 300
    assert {record["description"] for record in slow.stored().values()} == {"yeni"}
    with pytest.raises(OutdatedPlanError):
        slow.load(plan, slow.new_run("run2", attempt=2))
    assert {record["description"] for record in slow.stored().values()} == {"yeni"}


def test_two_sites_do_not_wait_for_each_other(slow: Driver, tmp_path: Path) -> None:
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
