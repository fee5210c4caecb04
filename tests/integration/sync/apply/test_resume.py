"""A load that starts again: nothing is sent twice, nothing old is written over what is new."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from pathlib import Path

import pytest

from oduyo_provider.core.change import Outcome
from oduyo_provider.core.errors import OutdatedPlanError, StagingError
from oduyo_provider.sync.runtime.clock import Clock
from oduyo_provider.sync.site import lease
from oduyo_provider.sync.steps.load import TRUSTED_FOR_S
from sandbox.oduyo.server import Sandbox
from tests.integration.sync.apply.driver import SETTLE_S, Driver, make_rows, no_wait, note_waits, short_wait


def test_a_second_try_sends_nothing_that_the_first_confirmed(driver: Driver) -> None:
    run = driver.new_run()
    plan = driver.plan(make_rows(30), run)
    driver.load(plan, run)
    again = driver.load(plan, driver.new_run("run1", attempt=2))
    assert again["figures"] == {"created": 30}
    assert driver.calls("create") == 30


def test_a_second_try_delivers_what_the_first_could_not(driver: Driver) -> None:
    run = driver.new_run()
    plan = driver.plan(make_rows(10), run)
    driver.site.set_faults({"call": "create", "kind": "drop", "match": {"integration_id": "4"}})
    first = driver.load(plan, run)
    assert first["undelivered"] == {"doubtful": 1}
    driver.site.set_faults()
    second = driver.load(plan, driver.new_run("run1", attempt=2))
    assert second["undelivered"] == {}
    assert len(driver.stored()) == 10


def test_an_intent_without_an_outcome_is_looked_up_before_anything_is_sent(driver: Driver) -> None:
    run = driver.new_run()
    plan = driver.plan(make_rows(10), run)
    driver.load(plan, run)
    outcomes = next(Path(str(driver.root.uri)).glob("dag/run1/results/*/*.outcomes.jsonl"))
    outcomes.unlink()  # as after a kill between the answers and their writing
    waits: list[float] = []
    second = driver.load(plan, driver.new_run("run1", attempt=2), clock=note_waits(waits))
    assert second["figures"] == {"created": 10}
    assert driver.calls("create") == 10
    assert waits
    assert waits[0] > SETTLE_S


def test_an_old_plan_is_compared_again_before_it_is_applied(driver: Driver) -> None:
    driver.sync(make_rows(3))
    run = driver.new_run()
    rows = [{**row, "description": "yeni"} for row in make_rows(4)]
    plan = driver.plan(rows, run)
    ids = {record["integration_id"]: record["id"] for record in driver.site.records()}
    driver.site.edit(ids["1"], description="yeni")  # as wanted already
    driver.site.edit(ids["2"], code="BAŞKA")  # changed by somebody else meanwhile
    late = Clock(lambda: time.time() + TRUSTED_FOR_S + 60)
    loaded = driver.load(plan, run, clock=late)
    assert loaded["figures"] == {"created": 1, "updated": 2, "stale": 1}
    assert driver.calls("update") == 1
    assert driver.stored()["2"]["code"] == "BAŞKA"
    assert driver.report(run, plan, [loaded]).stale == 1


def test_a_plan_that_another_run_has_overtaken_is_refused_whole(driver: Driver) -> None:
    old = driver.new_run()
    plan = driver.plan([{**row, "description": "eski"} for row in make_rows(3)], old)
    driver.sync([{**row, "description": "yeni"} for row in make_rows(3)])
    with pytest.raises(OutdatedPlanError, match="run2 has been applied since this plan was made"):
        driver.load(plan, old)
    assert {record["description"] for record in driver.stored().values()} == {"yeni"}


def test_a_plan_made_while_another_run_was_applied_is_compared_again(driver: Driver) -> None:
    first, second = driver.new_run(), driver.new_run()
    plan_of_first = driver.plan(make_rows(5), first)
    plan_of_second = driver.plan(make_rows(5), second)
    driver.load(plan_of_first, first)
    assert driver.load(plan_of_second, second)["figures"] == {"created": 5}
    assert driver.calls("create") == 5
    assert len(driver.stored()) == 5


def test_a_plan_of_another_run_is_refused(driver: Driver) -> None:
    plan = driver.plan(make_rows(3), driver.new_run())
    with pytest.raises(StagingError, match="is of the run dag/run1, not of dag/run2"):
        driver.load(plan, driver.new_run())
    assert driver.calls("create") == 0


def test_a_plan_for_another_site_is_refused(driver: Driver, tmp_path: Path) -> None:
    run = driver.new_run()
    plan = driver.plan(make_rows(3), run)
    with Sandbox() as other:
        elsewhere = Driver(other, tmp_path / "staging")
        with pytest.raises(StagingError, match="but the connection now names"):
            elsewhere.load(plan, run)
        assert elsewhere.calls("create") == 0


def test_a_changed_plan_file_is_refused(driver: Driver) -> None:
    run = driver.new_run()
    plan = driver.plan(make_rows(3), run)
    changes = Path(plan["manifest"]) / "changes.jsonl"
    changes.write_bytes(changes.read_bytes().replace(b"KOD.2", b"KOD.9"))
    with pytest.raises(StagingError, match="is not as it was written"):
        driver.load(plan, run)
    assert driver.calls("create") == 0


def test_a_twin_that_a_late_answer_made_is_removed_and_the_lower_id_stays(driver: Driver) -> None:
    # The first create takes effect later than settle_s allows; meanwhile it was sent again: two records, both ours.
    late = {"call": "create", "times": 1, "match": {"integration_id": "2"}}
    driver.site.set_faults(
        {**late, "kind": "late_commit", "seconds": SETTLE_S * 5}, {**late, "kind": "slow", "seconds": SETTLE_S * 6}
    )
    report = driver.sync(make_rows(4))
    assert (report.created, report.remote_duplicates) == (4, 0)
    assert driver.calls("create") == 5
    assert driver.calls("delete") == 1
    assert int(driver.stored()["2"]["id"]) < max(int(request["id"]) for request in _deleted(driver))


def _deleted(driver: Driver) -> list[dict[str, str]]:
    return [entry["column"] for entry in driver.site.log(call="delete")["requests"]]


def test_a_twin_that_comes_after_the_end_is_reported_by_the_next_run(driver: Driver) -> None:
    late = {"call": "create", "times": 1, "match": {"integration_id": "2"}}
    driver.site.set_faults({**late, "kind": "late_commit", "seconds": 60})
    assert driver.sync(make_rows(4)).created == 4
    driver.site.advance(120)
    report = driver.sync(make_rows(4))
    assert (report.writes, report.unchanged, report.remote_duplicates) == (0, 4, 1)


def test_a_twin_that_somebody_else_made_is_reported_and_left_alone(driver: Driver) -> None:
    run = driver.new_run()
    plan = driver.plan(make_rows(3), run)
    driver.site.seed([{"integration_id": "2", "code": "KOD.2", "description": "Açıklama 2"}])
    loaded = driver.load(plan, run)
    report = driver.report(run, plan, [loaded])
    assert (report.created, report.remote_duplicates) == (3, 1)
    assert driver.calls("delete") == 0
    assert len(driver.site.records()) == 4


def _sync_in_a_process(url: str, folder: str) -> None:
    os.setsid()
    site = Sandbox(port=int(url.rsplit(":", 1)[1]))  # never started: only its address and account are used
    driver = Driver(site, Path(folder), max_concurrency=4)
    driver.sync(make_rows(1500))


@pytest.mark.parametrize("seed", [0.15, 0.3, 0.5, 0.8])
def test_a_run_that_is_killed_in_the_middle_is_finished_by_the_next_one(
    driver: Driver, seed: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease, "LAPSES_AFTER_S", 0.2)
    driver.site.set_readings(latency_s=0.002)
    spawn = multiprocessing.get_context("spawn")
    process = spawn.Process(target=_sync_in_a_process, args=(driver.site.url, str(driver.root.uri)))
    process.start()
    deadline = time.monotonic() + 60
    while driver.calls("create") < 1500 * seed and time.monotonic() < deadline:
        time.sleep(0.005)
    os.kill(process.pid or 0, signal.SIGKILL)
    process.join()
    landed = len(driver.site.records())
    assert 0 < landed < 1500
    report = driver.sync(make_rows(1500), clock=Clock(time.time, short_wait))
    assert report.created + report.unchanged == 1500
    assert landed <= report.unchanged <= landed + 4, "what was in flight may have landed after the kill"
    assert len(driver.stored()) == 1500
    assert driver.calls("create") <= 1500 + 4


def test_a_half_written_outcome_counts_as_not_known(driver: Driver) -> None:
    run = driver.new_run()
    plan = driver.plan(make_rows(5), run)
    driver.load(plan, run)
    outcomes = next(Path(str(driver.root.uri)).glob("dag/run1/results/*/*.outcomes.jsonl"))
    outcomes.write_bytes(outcomes.read_bytes()[:-7])
    known = driver.results(plan)
    assert {result.outcome for result in known.values()} == {Outcome.DONE}
    driver.load(plan, driver.new_run("run1", attempt=2), clock=Clock(time.time, no_wait))
    assert driver.calls("create") == 5
