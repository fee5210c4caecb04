"""sync_mode=create: a run that is tried again, or cleared, goes on; only a new run creates again."""

from __future__ import annotations

import asyncio
import multiprocessing
import signal
import time
from collections import Counter
from pathlib import Path

import pytest

from oduyo_provider.core.report import Report
from oduyo_provider.sync.staging.past_changes import read_past_changes
from oduyo_provider.sync.staging.run_folder import Run, name_attempt
from oduyo_provider.sync.steps.one_task import sync_rows
from sandbox.oduyo.server import Sandbox
from tests.integration.findings.promise.nights import Nights, Row
from tests.integration.findings.promise.process import DEADLINE_S, count_writes, shorten_lease

COUNT = 60
#: Changes that are under way at once.
AT_ONCE = 8
_CONTEXT = multiprocessing.get_context("forkserver")


def make_rows(count: int = COUNT, **fields: object) -> list[Row]:
    return [{"integration_id": number, "code": f"KOD.{number}", **fields} for number in range(1, count + 1)]


def name_try(dag: Nights, attempt: int, run_id: str = "run1") -> Run:
    """A try of the operator in somebody's DAG."""
    return Run(dag.root, "dag", run_id, name_attempt(attempt), ("save",))


def try_rows(dag: Nights, rows: list[Row], attempt: int, run_id: str = "run1", **params: object) -> Report:
    made, _ = dag.sync_and_fail(rows, name_try(dag, attempt, run_id), sync_mode="create", **params)
    return made


def count_keys(site: Sandbox) -> Counter[str]:
    return Counter(str(record["integration_id"]) for record in site.records())


def test_another_try_creates_nothing_again_and_a_new_run_does(site: Sandbox, dag: Nights) -> None:
    site.set_habits({"habit": "refuse", "keys": "1*", "message": "yok"})
    for attempt in (1, 2):
        made = try_rows(dag, make_rows(), attempt)
        assert (made.created, made.refused) == (COUNT - 11, 11)
        assert len(site.records()) == COUNT - 11
    past = read_past_changes(dag.root, "dag", "2")
    assert [change.outcome for change in past.changes] == ["created"]
    assert try_rows(dag, make_rows(), 1, "run2").created == COUNT - 11
    assert set(count_keys(site).values()) == {2}


def test_what_was_refused_is_sent_again_by_the_next_try_of_the_run(site: Sandbox, dag: Nights) -> None:
    site.set_habits({"habit": "refuse", "keys": "1*", "message": "yok"})
    assert try_rows(dag, make_rows(), 1).refused == 11
    site.set_habits()
    assert try_rows(dag, make_rows(), 2).created == COUNT
    assert set(count_keys(site).values()) == {1}


def test_another_try_sends_what_the_first_did_not_and_looks_for_what_was_lost(site: Sandbox, dag: Nights) -> None:
    lost = {"call": "create", "kind": "drop", "times": 2}
    site.set_faults(
        {**lost, "where": "before", "match": {"integration_id": "7"}},
        {"call": "create", "kind": "drop", "where": "after", "match": {"integration_id": "9"}},
        {"call": "create", "kind": "status", "status": 401, "body": '{"status": false}', "skip": 30},
        {"call": "login", "kind": "status", "status": 500, "skip": 1},
    )
    first = try_rows(dag, make_rows(), 1)
    assert 0 < first.created < COUNT
    site.set_faults()
    second = try_rows(dag, make_rows(), 2)
    assert second.created == COUNT
    assert set(count_keys(site).values()) == {1}


def test_a_row_that_has_changed_between_two_tries_is_not_created_again(site: Sandbox, dag: Nights) -> None:
    try_rows(dag, make_rows(10), 1)
    made = try_rows(dag, make_rows(12, description="yeni"), 2)
    assert (made.created, len(site.records())) == (12, 12)


def test_a_dag_that_is_cleared_from_its_first_task_finds_nothing_to_do(site: Sandbox, tmp_path: Path) -> None:
    for _ in range(2):
        night = Nights(site, tmp_path / "staging", settle_s=0.2).night(make_rows(), sync_mode="create")
        assert night.is_green, night.why
        assert (night.report.created, len(site.records())) == (COUNT, COUNT)


def work(port: int, place: str) -> None:
    """A first try; runs in its own process."""
    shorten_lease()
    dag = Nights(Sandbox(port=port), place, settle_s=0.2)
    step = dag.step(name_try(dag, 1), sync_mode="create")
    asyncio.run(sync_rows(step, make_rows(), dag.client(), dag.settings))


@pytest.mark.parametrize("writes", [1, 30])
def test_a_try_that_was_killed_is_gone_on_with(
    site: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, writes: int
) -> None:
    for name, seconds in (("RENEW_EVERY_S", 0.1), ("HELD_FOR_S", 3.0), ("LAPSES_AFTER_S", 4.0)):
        monkeypatch.setattr(f"oduyo_provider.sync.site.lease.{name}", seconds)
    place = tmp_path / "staging"
    site.set_readings(latency_s=0.01)
    process = _CONTEXT.Process(target=work, args=(site.port, str(place)), daemon=True)
    process.start()
    while count_writes(site) < writes and process.is_alive():
        time.sleep(0.002)
    process.kill()
    process.join(DEADLINE_S)
    assert process.exitcode == -signal.SIGKILL
    site.set_readings(latency_s=0)
    made = try_rows(Nights(site, place, settle_s=0.2), make_rows(), 2)
    assert (made.created, len(site.records())) == (COUNT, COUNT)
    assert set(count_keys(site).values()) == {1}
    assert count_writes(site) <= COUNT + AT_ONCE
