"""A14: a load stops in order after it has written down what it is about to send, and before it has sent that."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from sandbox.oduyo.server import Sandbox
from tests.integration.findings.promise.nights import Nights, Row
from tests.integration.findings.promise.process import Job, count_writes, running

COUNT = 300
#: Changes that are under way at once.
AT_ONCE = 8


def make_rows(text: str = "yeni") -> list[Row]:
    return [{"integration_id": number, "code": f"KOD.{number}", "description": text} for number in range(1, COUNT + 1)]


def make_job(site: Sandbox, place: Path, tries: int) -> Job:
    site.set_readings(latency_s=0.005)
    params: dict[str, object] = {"release": ["updates"]}
    return Job(port=site.port, folder=str(place), name="stopped", rows=make_rows(), params=params, tries=tries)


@pytest.mark.parametrize("action", ["create", "update"])
def test_a14_what_was_not_sent_when_its_time_was_up_is_not_applied_and_only_what_was_under_way_is_doubtful(
    site: Sandbox, tmp_path: Path, action: str
) -> None:
    place = tmp_path / "staging"
    dag = Nights(site, place, settle_s=0.2)
    if action == "update":
        assert dag.night(make_rows("eski")).is_green
    since = count_writes(site)
    with running(site, make_job(site, place, tries=1)) as process:
        process.wait_for_writes(since + 60)
        process.signal(signal.SIGALRM)
        ended = process.wait()
    sent = count_writes(site) - since
    assert ended.errors[0].startswith("TimeIsUpError")
    assert not ended.is_green
    assert ended.report.doubtful <= AT_ONCE
    assert ended.report.not_applied == COUNT - sent
    site.set_readings(latency_s=0)
    assert dag.night(make_rows(), release=["updates"]).is_green
    assert {record["description"] for record in site.records()} == {"yeni"}
    assert len(site.records()) == COUNT


def test_a14_the_next_try_waits_for_nothing_that_never_left_and_sends_the_rest(site: Sandbox, tmp_path: Path) -> None:
    with running(site, make_job(site, tmp_path / "staging", tries=2)) as process:
        process.wait_for_writes(60)
        process.signal(signal.SIGALRM)
        ended = process.wait()
    assert ended.is_green, ended.errors
    assert ended.report.created == COUNT
    assert len(site.records()) == COUNT
    assert count_writes(site) <= COUNT + AT_ONCE


@pytest.mark.parametrize("number", [2, 100])
def test_a14_what_was_not_sent_when_a_login_was_refused_is_not_applied(site: Sandbox, dag: Nights, number: int) -> None:
    site.set_faults(
        {"call": "create", "kind": "kill_session", "skip": number, "times": 1},
        {"call": "login", "kind": "status", "status": 401, "body": '{"status": false}', "skip": 2},
    )
    night = dag.night(make_rows())
    assert not night.is_green
    assert night.report.created == len(site.records()) == number
    assert night.report.doubtful <= AT_ONCE
    assert night.report.not_applied >= COUNT - number - AT_ONCE
