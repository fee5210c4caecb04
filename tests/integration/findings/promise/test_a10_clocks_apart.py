"""A10 and A16: the clocks of two machines are apart, or one of them was wrong once."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

from oduyo_provider.sync.site import lease
from sandbox.oduyo.server import Sandbox
from tests.integration.findings.promise.nights import Nights, Row
from tests.integration.findings.promise.process import LAPSES_AFTER_S, Job, count_writes, running

COUNT = 60
SETTLE_S = 0.2
#: How far clocks may be apart before a wait grows, in seconds.
SKEW_S = 10.0
HOURS_S = 3 * 3600.0
APART = pytest.mark.parametrize("ahead_s", [9.0, -9.0, HOURS_S, -HOURS_S], ids=["9 s", "-9 s", "3 h", "-3 h"])


def make_rows(text: str) -> list[Row]:
    return [{"integration_id": number, "code": f"KOD.{number}", "description": text} for number in range(1, COUNT + 1)]


def describe(site: Sandbox) -> set[str]:
    assert len(site.records()) == COUNT
    return {str(record["description"]) for record in site.records()}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "staging"


@APART
def test_a10_the_plan_that_was_made_later_wins_whatever_the_clocks_say(
    site: Sandbox, dag: Nights, place: Path, ahead_s: float
) -> None:
    assert dag.night(make_rows("ilk")).is_green
    elsewhere = Nights(site, place, name="elsewhere", shift_s=ahead_s, settle_s=SETTLE_S)
    older = dag.night(
        make_rows("eski"),
        after_s=0,
        release=["updates"],
        before_load=lambda _: elsewhere.night(make_rows("yeni"), after_s=0, release=["updates"]),
    )
    assert "OutdatedPlanError" in older.why
    assert describe(site) == {"yeni"}


@APART
def test_a10_two_sources_with_the_same_keys_make_none_of_them_twice(
    site: Sandbox, dag: Nights, place: Path, ahead_s: float
) -> None:
    other = Nights(site, place, "other", shift_s=ahead_s, settle_s=SETTLE_S)
    night = dag.night(make_rows("DAG"), before_load=lambda _: other.night(make_rows("öteki")[:5]))
    assert night.report.stale == 5
    assert describe(site) == {"DAG", "öteki"}
    assert site.counts()["create"] == COUNT


@APART
def test_a16_what_a_machine_with_a_wrong_clock_did_is_no_reason_to_refuse_or_to_wait_long(
    site: Sandbox, dag: Nights, place: Path, ahead_s: float
) -> None:
    wrong = Nights(site, place, name="wrong", shift_s=ahead_s, settle_s=SETTLE_S)
    assert wrong.night(make_rows("eski")).is_green
    night = dag.night(make_rows("yeni"), release=["updates"])
    assert night.is_green, night.why
    assert describe(site) == {"yeni"}
    assert max(dag.waits_s, default=0.0) <= SETTLE_S + SKEW_S


@APART
def test_a16_the_result_of_a_later_try_counts_whatever_the_clocks_of_the_tries_say(
    site: Sandbox, dag: Nights, ahead_s: float
) -> None:
    assert dag.night(make_rows("eski")).is_green
    site.set_faults({"call": "update", "kind": "drop", "match": {"integration_id": "15"}})

    def change(number: int) -> None:
        if number == 1:
            dag.wait(ahead_s)
        else:
            dag.wait(-ahead_s)
            site.set_faults()

    night = dag.night(make_rows("yeni"), release=["updates"], before_load=change)
    assert len(night.errors) == 1
    assert night.is_green, night.why
    assert night.figures == {"extracted": COUNT, "updated": COUNT}
    assert dag.night(make_rows("yeni")).figures == {"extracted": COUNT, "unchanged": COUNT}


@pytest.mark.parametrize("ahead_s", [HOURS_S, -HOURS_S], ids=["3 h", "-3 h"])
def test_a16_a_load_that_died_with_a_wrong_clock_is_waited_for_no_longer_than_any_other_and_named(
    site: Sandbox,
    dag: Nights,
    place: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    ahead_s: float,
) -> None:
    monkeypatch.setattr(lease, "LAPSES_AFTER_S", LAPSES_AFTER_S)
    site.set_readings(latency_s=0.01)
    job = Job(port=site.port, folder=str(place), name="wrong", rows=make_rows("eski"), shift_s=ahead_s)
    with caplog.at_level("INFO"):
        with running(site, job) as process:
            process.wait_for_writes(10)
            process.signal(signal.SIGKILL)
        time.sleep(SETTLE_S)
        made = count_writes(site)
        assert made < COUNT
        site.set_readings(latency_s=0)
        night = dag.night(make_rows("yeni"), release=["updates"])
    assert night.is_green, night.why
    assert describe(site) == {"yeni"}
    assert site.counts()["create"] == COUNT
    assert max(dag.waits_s) <= SETTLE_S + SKEW_S
    says_so = [line for line in caplog.messages if "ahead of this machine's clock" in line]
    # By the listing and by the load: each is a task with a log of its own.
    assert [("dag/wrong1" in line, "check both clocks" in line) for line in says_so] == (
        [(True, True)] * 2 if ahead_s == HOURS_S else []
    )
