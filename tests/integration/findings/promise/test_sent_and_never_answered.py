"""Creates and adoptions take effect, nobody learns of it, and their rows are gone before the next night."""

from __future__ import annotations

import asyncio
import signal
import time
from pathlib import Path

import pytest

from oduyo_provider.sync.runtime.clock import Clock
from oduyo_provider.sync.site import lease
from sandbox.oduyo.server import Sandbox
from tests.integration.findings.promise.nights import LONGEST_WAIT_S, Night, Nights, Row
from tests.integration.findings.promise.process import LAPSES_AFTER_S, Job, count_writes, running

MIRROR = {"on_missing": "delete", "missing_runs": 1}
COUNT = 200


def make_rows(first: int, count: int) -> list[Row]:
    return [{"integration_id": number, "code": f"KOD.{number}", "key1": "21"} for number in range(first, first + count)]


def list_keys(site: Sandbox) -> list[str]:
    return sorted(str(record["integration_id"]) for record in site.records())


def lose(dag: Nights, rows: list[Row], call: str, **params: object) -> Night:
    """A night in which the site carries out what it is sent, and answers nothing from then on."""

    def break_off(number: int) -> None:
        if number == 1:
            lost = {"call": call, "where": "after", "kind": "drop"}
            looks = int(call == "update")  # what is to be adopted is looked at first
            dag.site.set_faults(lost, {"call": "list", "kind": "status", "status": 502, "skip": looks})

    night = dag.night(rows, before_load=break_off, **MIRROR, **params)
    dag.site.set_faults()
    assert not night.is_green
    assert night.report.doubtful
    return night


@pytest.mark.parametrize("call", ["create", "update"])
def test_what_was_sent_and_never_answered_is_the_sources_own_when_its_row_is_gone(
    site: Sandbox, dag: Nights, call: str
) -> None:
    rows = make_rows(1, 10)
    assert dag.night(rows, **MIRROR).is_green
    if call == "update":
        site.create(code="KOD.11", key1="21")
    lose(dag, make_rows(1, 11), call, adopt=True)
    assert "11" in list_keys(site)
    night = dag.night(rows, **MIRROR)
    assert (night.is_green, night.report.missing, night.report.deleted) == (True, 1, 1)
    assert list_keys(site) == sorted(str(row["integration_id"]) for row in rows)
    assert dag.night(rows, **MIRROR).figures == {"extracted": 10, "unchanged": 10}


OTHERWISE = {"as a number": {"habit": "number"}, "cut": {"habit": "cut", "length": 6}, "escaped": {"habit": "escape"}}


@pytest.mark.parametrize("call", ["create", "update"])
@pytest.mark.parametrize("way", OTHERWISE)
def test_what_was_sent_and_never_answered_is_its_rows_also_where_keys_are_stored_otherwise(
    site: Sandbox, dag: Nights, way: str, call: str
) -> None:
    site.set_habits(OTHERWISE[way])
    ends = {"as a number": "", "cut": "-X", "escaped": "&"}

    def make(count: int, code: str = "KOD") -> list[Row]:
        keys = [f"{number:05d}{ends[way]}" for number in range(1, count + 1)]
        return [{"integration_id": key, "code": f"{code}.{n}", "key1": "21"} for n, key in enumerate(keys, 1)]

    assert dag.night(make(6), release=["key_altered"]).is_green
    if call == "update":
        site.create(code="KOD.7", key1="21")
    lose(dag, make(7), call, adopt=True)
    night = dag.night(make(7))
    assert (night.is_green, night.report.rejected, night.report.created) == (True, 0, 0), night.why
    assert dag.night(make(7, "YENI"), release=["updates"]).is_green, "its id is known, whatever it is called now"
    assert len(site.records()) == 7


def test_what_was_sent_and_never_answered_is_no_other_sources(site: Sandbox, dag: Nights, tmp_path: Path) -> None:
    other = Nights(site, tmp_path / "staging", "other/send", name="run", settle_s=0.2)
    rows = make_rows(1, 10)
    assert dag.night(rows, **MIRROR).is_green
    lose(dag, make_rows(1, 11), "create")
    night = other.night(make_rows(11, 1), **MIRROR)
    assert (night.is_green, night.report.rejected, night.report.updated) == (False, 1, 0)
    assert dag.night(make_rows(1, 11), **MIRROR).figures == {"extracted": 11, "unchanged": 11}


def test_a_record_that_a_person_typed_after_what_was_sent_never_came_stays(site: Sandbox, dag: Nights) -> None:
    rows = make_rows(1, 10)
    assert dag.night(rows, **MIRROR).is_green

    def break_off(_: int) -> None:
        never = {"call": "create", "where": "before", "kind": "drop"}
        site.set_faults(never, {"call": "list", "kind": "status", "status": 502})

    assert not dag.night(make_rows(1, 11), before_load=break_off, **MIRROR).is_green
    site.set_faults()
    assert dag.night(rows, **MIRROR).is_green
    site.create(integration_id="11", code="KOD.11", key1="21")
    assert dag.night(rows, **MIRROR).figures == {"extracted": 10, "unchanged": 10}
    assert "11" in list_keys(site)


class OnTheSitesClock(Nights):
    """A DAG whose waits pass on the site's clock, and hardly take any time."""

    @property
    def clock(self) -> Clock:
        async def sleep(seconds: float) -> None:
            self.site.advance(seconds)
            await asyncio.sleep(min(seconds, LONGEST_WAIT_S))

        return Clock(lambda: time.time() + self.shift_s, sleep)


def test_an_update_that_was_under_way_when_its_load_was_killed_is_seen_by_the_next_run(
    site: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The row is again as it was before: listed too early, both sides are alike."""
    monkeypatch.setattr(lease, "LAPSES_AFTER_S", LAPSES_AFTER_S)
    rows, place = make_rows(1, 10), tmp_path / "staging"
    dag = OnTheSitesClock(site, place, settle_s=0.2)
    assert dag.night(rows).is_green
    site.set_readings(late_commit_s=5)
    site.set_faults({"call": "update", "where": "after", "kind": "slow", "seconds": 20})  # it is killed while it waits
    before = count_writes(site)
    with running(site, Job(port=site.port, folder=str(place), name="killed", rows=edit(rows), tries=1)) as process:
        process.wait_for_writes(before + 1)
        process.signal(signal.SIGKILL)
    site.set_faults()
    site.set_readings(late_commit_s=0)
    night = dag.night(rows, after_s=1)
    assert (night.is_green, night.report.updated) == (True, 1), night.why
    assert dag.night(rows).figures == {"extracted": 10, "unchanged": 10}


def test_an_update_that_was_answered_and_not_read_back_is_seen_by_the_next_run(site: Sandbox, tmp_path: Path) -> None:
    dag = OnTheSitesClock(site, tmp_path / "staging", settle_s=30, tries=1)
    rows = make_rows(1, 10)
    assert dag.night(rows).is_green

    def break_off(_: int) -> None:
        site.set_readings(late_commit_s=20)
        site.set_faults({"call": "list", "kind": "status", "status": 502, "skip": 1})

    assert not dag.night(edit(rows), before_load=break_off).is_green
    site.set_faults()
    site.set_readings(late_commit_s=0)
    night = dag.night(rows, after_s=1)
    assert (night.is_green, night.report.updated) == (True, 1), night.why
    assert dag.night(rows).figures == {"extracted": 10, "unchanged": 10}


def edit(rows: list[Row]) -> list[Row]:
    """The first row has another code."""
    return [{**rows[0], "code": "YENI"}, *rows[1:]]


def test_what_a_killed_load_had_made_is_the_sources_own_when_its_rows_are_gone(
    site: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease, "LAPSES_AFTER_S", LAPSES_AFTER_S)
    place = tmp_path / "staging"
    site.set_readings(latency_s=0.01)
    job = Job(port=site.port, folder=str(place), name="killed", rows=make_rows(1, COUNT), params=dict(MIRROR), tries=1)
    with running(site, job) as process:
        process.wait_for_writes(40)
        process.signal(signal.SIGKILL)
    site.set_readings(latency_s=0)
    made = set(list_keys(site))
    assert made
    rows = [row for row in make_rows(1, COUNT) if str(row["integration_id"]) not in made]
    dag = Nights(site, place, settle_s=0.2)
    dag.wait(86_400)
    night = dag.night(rows, **MIRROR, release=["retired", "retired_pair", "retired_week"])
    assert night.is_green, night.why
    assert list_keys(site) == sorted(str(row["integration_id"]) for row in rows)
