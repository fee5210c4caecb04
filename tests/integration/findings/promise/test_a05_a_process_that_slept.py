"""A5: a run is suspended in its load (SIGSTOP), a newer one is applied, and the first wakes up (SIGCONT)."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from oduyo_provider.sync.site import lease
from sandbox.oduyo.server import Sandbox
from tests.integration.findings.promise.nights import Nights, Row
from tests.integration.findings.promise.process import (
    HELD_FOR_S,
    LAPSES_AFTER_S,
    LATE_S,
    RENEW_EVERY_S,
    Job,
    count_writes,
    running,
    stall,
)

COUNT = 200
#: Rows that the older plan has not.
GONE = 40
#: Changes that are under way at once.
AT_ONCE = 8
PARAMS: dict[str, Any] = {
    "release": ["updates", "retired", "retired_pair"],
    "on_missing": "delete",
    "missing_runs": 1,
}


def make_rows(text: str, count: int = COUNT) -> list[Row]:
    return [
        {"integration_id": number, "code": f"KOD.{number}", "description": text, "status": "1"}
        for number in range(1, count + 1)
    ]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "staging"


@pytest.fixture
def dag(site: Sandbox, place: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Nights]:
    """The DAG, whose records are made and whose lease lapses soon."""
    monkeypatch.setattr(lease, "RENEW_EVERY_S", RENEW_EVERY_S)
    monkeypatch.setattr(lease, "HELD_FOR_S", HELD_FOR_S)
    monkeypatch.setattr(lease, "LAPSES_AFTER_S", LAPSES_AFTER_S)
    dag = Nights(site, place, name="newer", settle_s=0.2)
    assert dag.night(make_rows("ilk")).is_green
    return dag


def wake(site: Sandbox) -> None:
    """What was under way arrives, and the site is quick again."""
    time.sleep(2 * LATE_S)
    site.set_faults()


def describe(site: Sandbox) -> dict[str, str]:
    return {str(record["integration_id"]): str(record["description"]) for record in site.records()}


@pytest.mark.parametrize(
    ("writes", "stalled", "after"),
    [
        (1, "update", 0),
        (59 + AT_ONCE, "update", 59),
        (COUNT + 9 + AT_ONCE, "delete", 9),
        (COUNT + GONE, "list", 6),  # three calls list, one looks at each kind's first change
    ],
    ids=["at its first change", "among its updates", "among its deletions", "reading back"],
)
def test_a5_a_load_that_slept_while_a_newer_plan_was_applied_is_refused_and_takes_nothing_back(
    site: Sandbox, dag: Nights, place: Path, writes: int, stalled: str, after: int
) -> None:
    assert dag.night(make_rows("ilk", COUNT + GONE), after_s=0).is_green
    since = count_writes(site)
    stall(site, stalled, after)
    older = Job(port=site.port, folder=str(place), name="older", rows=make_rows("eski"), params=PARAMS)
    with running(site, older) as process:
        process.wait_for_writes(since + writes)
        with process.suspended():
            wake(site)
            newer = dag.night(make_rows("yeni", COUNT + GONE), after_s=0, release=["updates", "vanished"])
            assert newer.is_green, newer.why
            records, state, sent = describe(site), dag.read_state(), count_writes(site)
        ended = process.wait()
    assert set(records.values()) == {"yeni"}
    assert len(records) == COUNT + GONE
    assert not ended.is_green
    assert "LeaseLostError" in ended.errors[0]
    assert "OutdatedPlanError" in ended.errors[1]
    assert ended.report.doubtful + ended.report.missing_failed <= AT_ONCE, "what was under way"
    assert ended.report.failed == ended.report.stale == 0
    assert count_writes(site) == sent
    assert describe(site) == records
    assert dag.read_state() == state
    after = dag.night(make_rows("yeni", COUNT + GONE), after_s=0)
    assert after.is_green, after.why
    assert after.figures == {"extracted": COUNT + GONE, "unchanged": COUNT + GONE}


def test_a5_a_load_that_slept_while_another_source_took_its_records_over_leaves_them_alone(
    site: Sandbox, dag: Nights, place: Path
) -> None:
    since = count_writes(site)
    stall(site, "update", 59, times=AT_ONCE)
    older = Job(port=site.port, folder=str(place), name="older", rows=make_rows("eski"), params=PARAMS)
    with running(site, older) as process:
        process.wait_for_writes(since + 59 + AT_ONCE)
        with process.suspended():
            wake(site)
            other = Nights(site, place, "other", settle_s=0.2)
            taken = other.night(make_rows("yeni"), release=["other_source", "updates"])
            assert taken.is_green, taken.why
            state = dag.read_state()
        ended = process.wait()
    assert set(describe(site).values()) == {"yeni"}
    assert not ended.is_green
    assert ended.report.stale + ended.report.failed == COUNT - ended.report.updated
    assert dag.read_state()["entries"] == state["entries"]
    assert {entry.source for entry in dag.entries().values()} == {"other"}


def test_a5_a_load_that_dozed_off_for_less_than_its_lease_goes_on_and_newer_values_win(
    site: Sandbox, dag: Nights, place: Path
) -> None:
    since = count_writes(site)
    stall(site, "update", 59, times=AT_ONCE)
    older = Job(port=site.port, folder=str(place), name="older", rows=make_rows("eski"), params=PARAMS)
    with running(site, older) as process:
        process.wait_for_writes(since + 59 + AT_ONCE)
        with process.suspended():
            time.sleep(HELD_FOR_S / 10)
        newer = dag.night(make_rows("yeni"), after_s=0, **PARAMS)
        ended = process.wait()
    assert ended.is_green, ended.errors
    # What the older one wrote after the newer one had listed is stale.
    assert newer.report.extracted == newer.report.updated + newer.report.stale == COUNT
    assert dag.night(make_rows("yeni"), after_s=0, **PARAMS).is_green
    assert set(describe(site).values()) == {"yeni"}
    assert count_writes(site) == since + 2 * COUNT
