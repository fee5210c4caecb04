"""Sessions under load: they die, run out, and end each other; the work is done all the same, with few logins."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import pytest

from oduyo_provider.api.client import OduyoClient
from oduyo_provider.api.runtime import Runtime
from oduyo_provider.api.session import DEFAULT_RENEW_AFTER_S
from oduyo_provider.core.change import Outcome
from oduyo_provider.core.errors import LoginRefusedError
from oduyo_provider.core.record import SPECIAL_CODE
from sandbox.oduyo.server import Sandbox
from tests.integration.sync.apply.driver import Driver, make_rows, note_waits
from tests.integration.sync.apply.test_two_at_once import Loading, wait_for_creates


@pytest.mark.parametrize("answer", [401, 403, 200])
def test_sixteen_requests_that_meet_a_dead_session_cause_one_login(
    site: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: int
) -> None:
    monkeypatch.setattr("oduyo_provider.api.session.DEFAULT_FORCED_WAIT_S", 0.2)
    site.set_readings(latency_s=0.05, session_dead_answer=answer)
    driver = Driver(site, tmp_path / "staging", max_concurrency=16)
    run = driver.new_run()
    load = Loading(driver, driver.plan(make_rows(200), run), run)
    logins = driver.calls("login")
    load.start()
    wait_for_creates(driver, 50)
    site.expire()
    load.join()
    assert load.error is None
    assert load.figures == {"created": 200}
    assert driver.calls("login") == logins + 2  # the load's own, and one for all that died
    assert len(driver.stored()) == 200
    refused = driver.calls("create") - 200
    assert 8 <= refused <= 16


def test_a_load_with_nothing_to_do_asks_nothing(driver: Driver) -> None:
    driver.sync(make_rows(5))
    run = driver.new_run()
    plan = driver.plan(make_rows(5), run)
    before = len(driver.site.log()["requests"])
    assert driver.load(plan, run)["figures"] == {}
    assert len(driver.site.log()["requests"]) == before


def test_a_refused_login_leaves_nothing_that_the_next_try_had_to_wait_for(driver: Driver) -> None:
    run = driver.new_run()
    plan = driver.plan(make_rows(20), run)
    settings, logins = driver.settings, driver.calls("login")
    driver.settings = msgspec.structs.replace(settings, password="wrong")
    with pytest.raises(LoginRefusedError):
        driver.load(plan, run)
    assert driver.calls("login") == logins + 1
    driver.settings = settings
    waits: list[float] = []
    before = len(driver.site.log()["requests"])
    again = driver.load(plan, driver.new_run("run1", attempt=2), clock=note_waits(waits))
    assert again["figures"] == {"created": 20}
    assert waits == []
    calls = [entry["call"] for entry in driver.site.log()["requests"][before:]]
    assert calls[0] == "login"
    assert calls.count("create") == 20


def test_a_session_is_renewed_before_it_runs_out_so_that_no_call_meets_a_dead_one(driver: Driver) -> None:
    moment = [0.0]

    def pass_time(seconds: float) -> None:
        driver.site.advance(seconds)
        moment[0] += seconds

    async def work() -> list[Outcome]:
        outcomes = []
        async with OduyoClient(driver.settings, SPECIAL_CODE, runtime=Runtime(clock=lambda: moment[0])) as client:
            for number in range(8):
                sent = (client.create({"integration_id": f"{number}-{n}", "code": "K"}) for n in range(4))
                outcomes += [reply.outcome for reply in await asyncio.gather(*sent)]
                pass_time(DEFAULT_RENEW_AFTER_S / 2 + 1)
        return outcomes

    driver.site.set_readings(session_ttl_s=3600)
    assert asyncio.run(work()) == [Outcome.DONE] * 32
    # Each session serves two rounds, half of its time apart; no create was sent a second time.
    assert (driver.calls("login"), driver.calls("create")) == (4, 32)


def test_sessions_that_live_shorter_than_documented_are_replaced_as_they_die(driver: Driver) -> None:
    driver.site.set_readings(session_ttl_s=0.6, latency_s=0.01)
    run = driver.new_run()
    plan = driver.plan(make_rows(600), run)
    assert driver.load(plan, run)["figures"] == {"created": 600}
    assert len(driver.stored()) == 600
    assert driver.calls("login") <= 8


@pytest.mark.parametrize("rows", [30, 600])
def test_two_programs_on_an_account_with_a_single_session_both_finish(
    driver: Driver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: int
) -> None:
    monkeypatch.setattr("oduyo_provider.api.session.DEFAULT_FORCED_WAIT_S", 2.0)  # as in production
    driver.site.set_readings(single_session=True, latency_s=0.01)
    # Two staging paths: no lease between them, so that both send at once.
    drivers = [driver, Driver(driver.site, tmp_path / "other")]
    loads = []
    for number, one in enumerate(drivers):
        run = one.new_run()
        loads.append(Loading(one, one.plan(make_rows(rows, start=1 + number * rows), run), run))
    before = driver.calls("login")
    for load in loads:
        load.start()
    for load in loads:
        load.join()
    assert [load.error for load in loads] == [None, None]
    assert [load.figures for load in loads] == [{"created": rows}] * 2
    assert len(driver.stored()) == 2 * rows
    # At most every second or so one ends the other's session, for as long as both have work.
    assert driver.calls("login") - before <= 24


def test_a_session_that_ends_with_unforeseen_words_costs_no_row(driver: Driver) -> None:
    driver.site.set_habits({"habit": "dead_session", "message": "Lütfen daha sonra tekrar deneyiniz"})
    driver.site.set_faults({"call": "create", "kind": "kill_session", "skip": 20, "times": 1})
    report, error = driver.sync_and_fail(make_rows(60))
    assert (report.created, error) == (60, None)
    assert len(driver.stored()) == 60
    assert driver.calls("login") == 2
