"""Habits of the web server before the site, over real HTTP. The sandbox's clock is moved, so that nothing waits."""

from __future__ import annotations

import time
from email.utils import parsedate_to_datetime

import pytest
import requests

from sandbox.oduyo.habits.pace import Bucket, Pace
from tests.contract.calls import Caller

LIST = {"filters": "", "params": "", "limit": "9", "offset": "0", "sorting": ""}


def read_date(answer: requests.Response, name: str) -> float:
    return parsedate_to_datetime(answer.headers[name]).timestamp()


def statuses(caller: Caller, number: int) -> list[int]:
    return [caller.create().status_code for _ in range(number)]


@pytest.mark.parametrize("status", [503, 429])
def test_more_than_so_many_a_second_are_turned_away_without_retry_after(caller: Caller, status: int) -> None:
    caller.sandbox.set_habits({"habit": "pace", "per_s": 0.01, "burst": 2, "status": status})
    answers = [caller.create() for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, status, status]
    assert "Retry-After" not in answers[-1].headers
    assert answers[-1].headers["Content-Type"].startswith("text/html")
    assert "nginx" in answers[-1].text
    assert len(caller.sandbox.records()) == 3
    caller.sandbox.advance(100)
    assert statuses(caller, 2) == [200, status]


def test_the_bucket_loses_so_many_a_second() -> None:
    bucket, habit = Bucket(), Pace(per_s=10)
    assert [bucket.is_full(habit, moment) for moment in (0.0, 0.05, 0.1, 0.2, 0.25, 0.3)] == [
        *(False, True, False, False),
        *(True, False),
    ]


def test_the_bucket_fills_by_what_passed_and_not_by_what_was_turned_away() -> None:
    bucket, habit = Bucket(), Pace(per_s=1, burst=1)
    assert [bucket.is_full(habit, moment) for moment in (0.0, 0.0, 0.0, 0.0, 1.0, 1.0)] == [
        *(False, False, True, True),
        *(False, True),
    ]


def test_one_call_alone_may_be_paced(caller: Caller) -> None:
    caller.sandbox.set_habits({"habit": "pace", "per_s": 0.01, "call": "create"})
    assert statuses(caller, 2) == [200, 503]
    assert [caller.list_records().status_code for _ in range(3)] == [200] * 3


def test_retry_after_comes_in_seconds_or_as_a_date(caller: Caller) -> None:
    caller.sandbox.set_habits({"habit": "pace", "per_s": 0.01, "retry_after_s": 7})
    caller.create()
    assert caller.create().headers["Retry-After"] == "7"
    caller.sandbox.set_habits({"habit": "pace", "per_s": 0.01, "retry_after_s": 7, "retry_after_as": "date"})
    caller.create()
    answer = caller.create()
    assert 5 <= read_date(answer, "Retry-After") - read_date(answer, "Date") <= 8


@pytest.mark.parametrize("off_s", [300, -300])
def test_a_clock_that_is_off_shows_in_date_and_in_a_retry_after_that_is_a_date(caller: Caller, off_s: int) -> None:
    pace = {"habit": "pace", "per_s": 0.01, "retry_after_s": 7, "retry_after_as": "date"}
    caller.sandbox.set_habits(pace, f"clock_off={off_s}")
    assert abs(read_date(caller.create(), "Date") - time.time() - off_s) < 60
    answer = caller.create()
    assert answer.status_code == 503
    assert 5 <= read_date(answer, "Retry-After") - read_date(answer, "Date") <= 8
    assert abs(read_date(answer, "Retry-After") - time.time() - off_s) < 60


def test_a_clock_that_is_off_leaves_a_retry_after_in_seconds_alone(caller: Caller) -> None:
    caller.sandbox.set_habits({"habit": "pace", "per_s": 0.01, "retry_after_s": 7}, "clock_off=300")
    caller.create()
    assert caller.create().headers["Retry-After"] == "7"


def test_a_clock_that_is_off_shows_in_a_throttle_fault_too(caller: Caller) -> None:
    caller.sandbox.set_habits("clock_off=-300")
    caller.sandbox.set_faults({"kind": "throttle", "retry_after_s": 7, "retry_after_as": "date"})
    answer = caller.create()
    assert 5 <= read_date(answer, "Retry-After") - read_date(answer, "Date") <= 9


def test_requests_of_one_session_wait_for_each_other(private_caller: Caller) -> None:
    sandbox = private_caller.sandbox
    sandbox.set_habits("one_at_a_time")
    other = Caller(sandbox).log_in()
    sandbox.set_faults({"kind": "slow", "call": "create", "seconds": 600})
    private_caller.create_in_vain()
    with other.http:
        assert other.list_records().status_code == 200
    with pytest.raises(requests.ReadTimeout):
        private_caller.post("list", LIST, timeout=0.3)
    sandbox.set_habits()
    assert private_caller.list_records().status_code == 200
