"""A load that starts again: nothing is sent twice, nothing old is written over what is new."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from oduyo_provider.core.change import Outcome
from oduyo_provider.core.errors import CanaryError, LostAnswerError, OutdatedPlanError, SettingsError, StagingError
from oduyo_provider.sync.apply.applier import Applier
from oduyo_provider.sync.runtime.clock import Clock
from oduyo_provider.sync.runtime.timing import CLOCK_SKEW_S
from oduyo_provider.sync.site import lease, quiesce
from oduyo_provider.sync.staging.folder import Folder
from sandbox.oduyo.server import Sandbox
from tests.integration.sync.apply.driver import SETTLE_S, Driver, make_rows, no_wait, note_waits, short_wait


def test_a_second_try_sends_nothing_that_the_first_confirmed(driver: Driver) -> None:
    run = driver.new_run()
    plan = driver.plan(make_rows(30), run)
    driver.load(plan, run)
    again = driver.load(plan, driver.new_run("run1", attempt=2))
    assert again["figures"] == {"created": 30}
    assert driver.calls("create") == 30


def test_a_create_that_never_arrived_in_two_sendings_is_left_to_the_next_run(driver: Driver) -> None:
    run = driver.new_run()
    plan = driver.plan(make_rows(10), run)
    driver.site.set_faults({"call": "create", "kind": "drop", "match": {"integration_id": "4"}})
    assert driver.load(plan, run)["undelivered"] == {"doubtful": 1}
    driver.site.set_faults()
    second = driver.load(plan, driver.new_run("run1", attempt=2), clock=Clock(sleep=no_wait))
    assert second["undelivered"] == {"doubtful": 1}
    assert driver.calls("create") == 11
    driver.report(run, second)
    assert driver.sync(make_rows(10)).created == 1
    assert len(driver.stored()) == 10


def test_a_second_try_that_plans_anew_sends_again_what_somebody_has_changed_back(driver: Driver) -> None:
    old = make_rows(3, special_updated_in="2024-01-01 00:00:00")
    new = [{**row, "description": "yeni"} for row in old]
    driver.site.set_readings(stamps="unless_sent")
    driver.sync(old)
    assert driver.sync(new, driver.new_run("run2")).updated == 3
    assert driver.sync(old, driver.new_run("run3")).updated == 3
    # The same changes as the first try's, letter for letter.
    assert driver.sync(new, driver.new_run("run2", attempt=2)).updated == 3
    assert {record["description"] for record in driver.stored().values()} == {"yeni"}
    assert driver.calls("update") == 9


def test_a_second_try_delivers_what_the_first_could_not(driver: Driver) -> None:
    driver.sync(make_rows(10))
    run = driver.new_run()
    plan = driver.plan([{**row, "description": "yeni"} for row in make_rows(10)], run)
    driver.site.set_faults({"call": "update", "kind": "drop", "match": {"integration_id": "4"}})
    first = driver.load(plan, run)
    assert first["undelivered"] == {"doubtful": 1}
    driver.site.set_faults()
    second = driver.load(plan, driver.new_run("run2", attempt=2), clock=Clock(sleep=no_wait))
    assert second["undelivered"] == {}
    assert {record["description"] for record in driver.stored().values()} == {"yeni"}


def find_outcomes(driver: Driver) -> Path:
    """The one file of outcomes."""
    return next(Path(str(driver.root.uri)).glob("dag/run1/results/*/*.outcomes.jsonl"))


def test_an_intent_without_an_outcome_is_looked_up_before_anything_is_sent(driver: Driver) -> None:
    run = driver.new_run()
    plan = driver.plan(make_rows(10), run)
    driver.load(plan, run)
    find_outcomes(driver).unlink()  # as after a kill between the answers and their writing
    waits: list[float] = []
    second = driver.load(plan, driver.new_run("run1", attempt=2), clock=note_waits(waits))
    assert second["figures"] == {"created": 10}
    assert driver.calls("create") == 10
    assert SETTLE_S < sum(waits) <= SETTLE_S + CLOCK_SKEW_S, "one wait, not one for each reason"


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """Makes one operation on files of such a name take longer than a claim that is not renewed is held for."""
    for name, seconds in {"RENEW_EVERY_S": 0.1, "HELD_FOR_S": 1.0, "LAPSES_AFTER_S": 1.25}.items():
        monkeypatch.setattr(lease, name, seconds)

    def slow_down(operation: str, part: str) -> None:
        work = getattr(Folder, operation)

        def working(self: Folder, name: str, *given: object) -> object:
            if part in f"{self.uri}/{name}":
                time.sleep(1.15)
            return work(self, name, *given)

        monkeypatch.setattr(Folder, operation, working)

    return slow_down


def test_a_second_try_keeps_the_lease_however_long_it_reads_what_the_first_one_sent(
    driver: Driver, slow: Callable[[str, str], None]
) -> None:
    run = driver.new_run()
    plan = driver.plan(make_rows(10), run)
    driver.load(plan, run)
    find_outcomes(driver).unlink()
    slow("read", "/results/")
    second = driver.load(plan, driver.new_run("run1", attempt=2), clock=Clock(sleep=no_wait))
    assert second["figures"] == {"created": 10}


@pytest.mark.parametrize("by", ["the report", "the next load"])
def test_who_merges_keeps_the_lease_however_long_that_takes(
    driver: Driver, slow: Callable[[str, str], None], by: str
) -> None:
    run = driver.new_run()
    loaded = driver.load(driver.plan(make_rows(5), run), run)
    later = driver.new_run()
    plan = [] if by == "the report" else driver.plan(make_rows(6), later)
    slow("write", "/ledger/")
    if by == "the report":
        driver.report(run, loaded)
    else:
        assert driver.load(plan, later)["figures"] == {"created": 1}
    assert len(driver.entries()) >= 5


def test_a_half_written_outcome_counts_as_not_known(driver: Driver) -> None:
    run = driver.new_run()
    plan = driver.plan(make_rows(5), run)
    driver.load(plan, run)
    outcomes = find_outcomes(driver)
    outcomes.write_bytes(outcomes.read_bytes()[:-7])
    known = driver.results(plan)
    assert {result.outcome for result in known.values()} == {Outcome.DONE}
    driver.load(plan, driver.new_run("run1", attempt=2), clock=Clock(time.time, no_wait))
    assert driver.calls("create") == 5


@pytest.mark.parametrize("days", [0, 1])
def test_an_old_plan_is_looked_at_before_it_is_applied(driver: Driver, days: int) -> None:
    driver.sync(make_rows(3))
    run = driver.new_run()
    rows = [{**row, "description": "yeni"} for row in make_rows(4)]
    plan = driver.plan(rows, run, release=["updates"])
    ids = {record["integration_id"]: record["id"] for record in driver.site.records()}
    driver.site.edit(ids["1"], description="yeni")  # as wanted already
    driver.site.edit(ids["2"], description="BAŞKA")  # changed by somebody else meanwhile
    driver.site.edit(ids["3"], space1="panelden")  # nothing that the plan writes
    late = Clock(lambda: time.time() + 61 + days * 86_400)
    loaded = driver.load(plan, run, clock=late)
    assert loaded["figures"] == {"created": 1, "updated": 2, "stale": 1}
    assert driver.calls("update") == 1
    stored = driver.stored()
    assert (stored["2"]["description"], stored["3"]["space1"]) == ("BAŞKA", "panelden")
    report = driver.report(run, loaded)
    assert (report.stale, report.updated) == (1, 2)
    assert driver.sync(rows).updated == 1


class TestOrder:
    """State never goes back: plan numbers order the plans of one source."""

    def test_a_plan_is_refused_whole_once_a_newer_one_has_passed_guard(self, driver: Driver) -> None:
        old, new = driver.new_run(), driver.new_run()
        plan = driver.plan([{**row, "description": "eski"} for row in make_rows(3)], old)
        driver.plan([{**row, "description": "yeni"} for row in make_rows(3)], new)
        with pytest.raises(
            OutdatedPlanError, match=r"plan 2 of dag/run2 has passed guard since this plan .*This try sent nothing"
        ):
            driver.load(plan, old)
        assert driver.calls("create") == 0

    def test_a_plan_is_refused_whole_once_a_newer_one_was_applied(self, driver: Driver) -> None:
        old = driver.new_run()
        plan = driver.plan([{**row, "description": "eski"} for row in make_rows(3)], old)
        driver.sync([{**row, "description": "yeni"} for row in make_rows(3)])
        with pytest.raises(OutdatedPlanError):
            driver.load(plan, old)
        assert {record["description"] for record in driver.stored().values()} == {"yeni"}

    @pytest.mark.parametrize(
        "params", [{"dry_run": True}, {"is_manual": False}, {"stopped": True}], ids=lambda given: next(iter(given))
    )
    def test_a_newer_plan_that_may_not_write_outdates_nothing(self, driver: Driver, params: dict[str, bool]) -> None:
        run, newer = driver.new_run(), driver.new_run()
        plan = driver.plan(make_rows(3), run, source="new")
        if params.pop("stopped", False):
            from oduyo_provider.core.errors import UnsafePlanError

            with pytest.raises(UnsafePlanError):
                driver.plan([], newer, source="new")
        else:
            source = "other" if "is_manual" in params else "new"
            driver.plan(make_rows(4), newer, source=source, **params)
        assert driver.load(plan, run, source="new")["figures"] == {"created": 3}

    def test_plans_of_different_sources_do_not_outdate_each_other(self, driver: Driver) -> None:
        runs = [driver.new_run() for _ in range(2)]
        plans = [driver.plan(make_rows(3, start=10 * n + 1), run, source=f"s{n}") for n, run in enumerate(runs)]
        for number in (1, 0):
            loaded = driver.load(plans[number], runs[number], source=f"s{number}")
            assert loaded["figures"] == {"created": 3}
        assert len(driver.stored()) == 6

    def test_a_report_of_an_old_run_that_is_cleared_changes_nothing(self, driver: Driver) -> None:
        run = driver.new_run()
        plan = driver.plan([{**row, "description": "eski"} for row in make_rows(3)], run)
        loaded = driver.load(plan, run)
        driver.report(run, loaded)
        steps = (driver.snapshot, driver.parts, driver.plans, driver.guarded)
        driver.sync([{**row, "description": "yeni"} for row in make_rows(4)])
        before = {path: path.read_bytes() for path in sorted(Path(driver.root.uri, "_sites").rglob("*.json*"))}
        driver.snapshot, driver.parts, driver.plans, driver.guarded = steps
        driver.report(run, loaded)
        assert {path: path.read_bytes() for path in sorted(Path(driver.root.uri, "_sites").rglob("*.json*"))} == before
        report, error = driver.sync_and_fail([{**row, "description": "yeni"} for row in make_rows(4)])
        assert (report.unchanged, report.writes, error) == (4, 0, None)


def test_a_plan_of_another_run_is_refused(driver: Driver) -> None:
    plan = driver.plan(make_rows(3), driver.new_run())
    with pytest.raises(SettingsError, match="is of the run dag/run1, not of dag/run2"):
        driver.load(plan, driver.new_run())
    assert driver.calls("create") == 0


def test_a_plan_for_another_site_is_refused(driver: Driver, tmp_path: Path) -> None:
    run = driver.new_run()
    plan = driver.plan(make_rows(3), run)
    with Sandbox() as other:
        elsewhere = Driver(other, tmp_path / "staging")
        with pytest.raises(SettingsError, match="but the connection now names"):
            elsewhere.load(plan, run)
        assert elsewhere.calls("create") == 0


def test_a_changed_plan_file_is_refused(driver: Driver) -> None:
    run = driver.new_run()
    plan = driver.plan(make_rows(3), run)
    changes = Path(driver.root.at(plan[0]["manifest"]).uri) / "changes.jsonl"
    changes.write_bytes(changes.read_bytes().replace(b"KOD.2", b"KOD.9"))
    with pytest.raises(StagingError, match="is not as it was written"):
        driver.load(plan, run)
    assert driver.calls("create") == 0


@pytest.mark.parametrize("is_idle", [False, True], ids=["at once", "after a run without changes"])
def test_what_a_load_that_was_cut_off_may_have_sent_is_waited_for_after_its_report_too(
    driver: Driver, monkeypatch: pytest.MonkeyPatch, is_idle: bool
) -> None:
    monkeypatch.setattr(quiesce, "CLOCK_SKEW_S", 0.2)
    late = {"call": "create", "times": 1, "match": {"integration_id": "2"}}
    driver.site.set_faults({**late, "kind": "late_commit", "seconds": SETTLE_S / 2})

    async def stop(_: Applier) -> None:
        raise LostAnswerError("the site is down")

    run = driver.new_run()
    plan = driver.plan(make_rows(3), run)
    with monkeypatch.context() as patch:
        patch.setattr(Applier, "finish", stop)
        with pytest.raises(LostAnswerError):
            driver.load(plan, run)
    assert driver.report(run, None).doubtful == 1
    if is_idle:
        assert driver.sync([row for row in make_rows(3) if row["integration_id"] != 2]).writes == 0
    assert driver.sync(make_rows(3)).unchanged >= (3 if is_idle else 2)
    assert len(driver.stored()) == driver.calls("create") == 3


class TestTwins:
    """A second record with one key is told of, and never removed."""

    def test_one_that_a_late_answer_made_is_red_and_named(self, driver: Driver) -> None:
        # The first create takes effect later than settle_s allows; meanwhile it was sent again: two records, both ours.
        late = {"call": "create", "times": 1, "match": {"integration_id": "2"}}
        driver.site.set_faults(
            {**late, "kind": "late_commit", "seconds": SETTLE_S * 5}, {**late, "kind": "slow", "seconds": SETTLE_S * 6}
        )
        report, error = driver.sync_and_fail(make_rows(4))
        assert (report.created, report.new_duplicates) == (4, 1)
        assert "1 new duplicate" in str(error)
        assert driver.calls("create") == 5
        assert driver.calls("delete") == 0
        again, error = driver.sync_and_fail(make_rows(4))
        assert (again.unchanged, again.remote_duplicates, again.new_duplicates, error) == (4, 1, 0, None)

    def test_one_that_comes_after_the_end_is_red_in_the_next_run(self, driver: Driver) -> None:
        late = {"call": "create", "times": 1, "match": {"integration_id": "2"}}
        driver.site.set_faults({**late, "kind": "late_commit", "seconds": 60})
        assert driver.sync(make_rows(4)).created == 4
        driver.site.advance(120)
        report, error = driver.sync_and_fail(make_rows(4))
        assert (report.writes, report.unchanged, report.new_duplicates) == (0, 4, 1)
        assert error is not None

    def test_one_that_somebody_else_made_after_the_listing_is_red_in_the_next_run_at_the_latest(
        self, driver: Driver
    ) -> None:
        run = driver.new_run()
        plan = driver.plan(make_rows(3), run)
        driver.site.seed([{"integration_id": "2", "code": "KOD.2", "description": "Açıklama 2"}])
        first = driver.report(run, driver.load(plan, run))
        second = driver.sync(make_rows(3))
        assert (first.created, second.unchanged) == (3, 3)
        assert first.new_duplicates + second.new_duplicates == len(driver.site.records()) - 3
        assert driver.calls("delete") == 0


def test_what_the_canary_found_is_known_to_the_next_run_although_this_one_stopped(driver: Driver) -> None:
    driver.site.set_habits("pad=12")
    _, error = driver.sync_and_fail(make_rows(5))
    assert isinstance(error, CanaryError)
    assert driver.calls("create") == 1
    entry = driver.entries()["1"]
    assert (entry.oduyo_id, entry.source, entry.stored["integration_id"].stored) == ("1", "dag", "1           ")
    report, error = driver.sync_and_fail(make_rows(5))
    assert isinstance(error, CanaryError)
    assert driver.calls("create") == 1
    report, error = driver.sync_and_fail(make_rows(5), release=["key_altered"])
    assert (report.created, report.unchanged, error) == (4, 1, None)
    report, error = driver.sync_and_fail(make_rows(6))
    assert (report.created, report.unchanged, error) == (1, 5, None)
    assert len(driver.site.records()) == driver.calls("create") == 6


def _sync_in_a_process(port: int, folder: str) -> None:
    os.setsid()
    site = Sandbox(port=port)  # never started: only its address and account are used
    driver = Driver(site, Path(folder), max_concurrency=4)
    driver.sync(make_rows(1500))


@pytest.mark.parametrize("share", [0.15, 0.3, 0.5, 0.8])
def test_a_run_that_is_killed_in_the_middle_is_finished_by_the_next_one(
    driver: Driver, share: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease, "LAPSES_AFTER_S", 0.2)
    driver.site.set_readings(latency_s=0.004)
    spawn = multiprocessing.get_context("spawn")
    process = spawn.Process(target=_sync_in_a_process, args=(driver.site.port, str(driver.root.uri)))
    process.start()
    deadline = time.monotonic() + 60
    while driver.calls("create") < 1500 * share and time.monotonic() < deadline:
        time.sleep(0.005)
    os.kill(process.pid or 0, signal.SIGKILL)
    process.join()
    landed = len(driver.site.records())
    assert 0 < landed < 1500
    report, error = driver.sync_and_fail(make_rows(1500), clock=Clock(time.time, short_wait))
    assert error is None
    assert report.created + report.unchanged == 1500
    assert len(driver.stored()) == 1500
    assert driver.calls("create") <= 1500 + 4
    assert {entry.source for entry in driver.entries().values()} == {"dag"}
    assert len(driver.entries()) == 1500
