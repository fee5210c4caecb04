"""Every kind of fault, before and after the commit."""

from __future__ import annotations

import time
from email.utils import parsedate_to_datetime

import pytest
import requests

from tests.contract.calls import ROW, Caller


def stored(caller: Caller) -> int:
    return len(caller.sandbox.records())


@pytest.mark.parametrize(("where", "count"), [("before", 0), ("after", 1)])
def test_drop_closes_the_connection(caller: Caller, where: str, count: int) -> None:
    caller.sandbox.set_faults({"kind": "drop", "call": "create", "where": where})
    with pytest.raises(requests.ConnectionError):
        caller.create()
    assert stored(caller) == count
    assert caller.sandbox.log(call="create")["requests"][0]["status"] == 0


def test_drop_may_leave_the_caller_waiting_first(private_caller: Caller) -> None:
    private_caller.sandbox.set_faults({"kind": "drop", "call": "create", "where": "after", "seconds": 600})
    private_caller.create_in_vain()
    assert stored(private_caller) == 1


@pytest.mark.parametrize(("where", "count"), [("before", 0), ("after", 1)])
def test_status_answers_as_scripted(caller: Caller, where: str, count: int) -> None:
    rule = {"kind": "status", "call": "create", "where": where, "status": 502, "body": "<p>Bad Gateway</p>"}
    caller.sandbox.set_faults({**rule, "content_type": "text/html", "headers": {"Server": "proxy"}})
    answer = caller.create()
    assert (answer.status_code, answer.text) == (502, "<p>Bad Gateway</p>")
    assert answer.headers["Content-Type"].startswith("text/html")
    assert answer.headers["Server"] == "proxy"
    assert stored(caller) == count


@pytest.mark.parametrize(("where", "count"), [("before", 0), ("after", 1)])
def test_html_answers_a_page(caller: Caller, where: str, count: int) -> None:
    caller.sandbox.set_faults({"kind": "html", "call": "create", "where": where})
    answer = caller.create()
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/html")
    assert answer.text.startswith("<!DOCTYPE html>")
    assert stored(caller) == count


@pytest.mark.parametrize(("where", "count"), [("before", 0), ("after", 1)])
def test_empty_answers_without_a_body(caller: Caller, where: str, count: int) -> None:
    caller.sandbox.set_faults({"kind": "empty", "call": "create", "where": where})
    answer = caller.create()
    assert (answer.status_code, answer.content) == (200, b"")
    assert stored(caller) == count


@pytest.mark.parametrize(("where", "count"), [("before", 0), ("after", 1)])
def test_truncated_ends_within_the_body(caller: Caller, where: str, count: int) -> None:
    caller.sandbox.set_faults({"kind": "truncated", "call": "create", "where": where})
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        caller.create()
    answer = caller.post("create", {"column": ROW}, stream=True)
    assert answer.status_code == 200
    assert int(answer.headers["Content-Length"]) > len(answer.raw.read(10_000, decode_content=False)) > 0
    answer.close()
    assert stored(caller) == 2 * count


@pytest.mark.parametrize(("where", "count"), [("before", 0), ("after", 1)])
def test_slow_commits_after_or_before_its_wait(private_caller: Caller, where: str, count: int) -> None:
    private_caller.sandbox.set_faults({"kind": "slow", "call": "create", "where": where, "seconds": 600})
    private_caller.create_in_vain()
    assert stored(private_caller) == count


@pytest.mark.parametrize("where", ["before", "after"])
def test_slow_ends_in_the_true_answer(caller: Caller, where: str) -> None:
    caller.sandbox.set_faults({"kind": "slow", "call": "create", "where": where, "seconds": 0.05})
    assert caller.create().json()["data"] == '"Erp Special Code successfully added id <1>"'


def test_late_commit_drops_and_the_record_appears_later(caller: Caller) -> None:
    caller.sandbox.set_faults({"kind": "late_commit", "call": "create", "seconds": 45})
    with pytest.raises(requests.ConnectionError):
        caller.create()
    caller.sandbox.advance(40)
    assert caller.ids() == []
    caller.sandbox.advance(10)
    assert caller.ids() == ["1"]


def test_late_commit_may_answer_instead_of_dropping(caller: Caller) -> None:
    caller.sandbox.set_faults({"kind": "late_commit", "call": "create", "seconds": 45, "status": 504})
    assert caller.create().status_code == 504
    caller.sandbox.advance(46)
    assert stored(caller) == 1


@pytest.mark.parametrize(("where", "count"), [("before", 0), ("after", 1)])
@pytest.mark.parametrize("status", [429, 503])
def test_throttle_tells_how_long_to_wait(caller: Caller, status: int, where: str, count: int) -> None:
    rule = {"kind": "throttle", "status": status, "call": "create", "where": where, "retry_after_s": 7}
    caller.sandbox.set_faults(rule)
    answer = caller.create()
    assert answer.status_code == status
    assert answer.headers["Retry-After"] == "7"
    assert stored(caller) == count


def test_throttle_may_give_an_http_date_or_nothing(caller: Caller) -> None:
    caller.sandbox.set_faults({"kind": "throttle", "retry_after_s": 3600, "retry_after_as": "date"})
    answer = caller.create()
    assert answer.status_code == 429
    assert answer.headers["Retry-After"].endswith(" GMT")
    wait_s = parsedate_to_datetime(answer.headers["Retry-After"]).timestamp() - time.time()
    assert 3500 < wait_s < 3700
    caller.sandbox.set_faults({"kind": "throttle", "retry_after_s": None})
    assert "Retry-After" not in caller.create().headers


@pytest.mark.parametrize(("where", "first", "count"), [("before", 401, 0), ("after", 200, 1)])
def test_kill_session_ends_it_before_or_after_the_call(caller: Caller, where: str, first: int, count: int) -> None:
    caller.sandbox.set_faults({"kind": "kill_session", "call": "create", "where": where, "times": 1})
    assert caller.create().status_code == first
    assert caller.create().status_code == 401
    assert stored(caller) == count
    assert caller.log_in().create().status_code == 200


def test_kill_session_answers_in_the_style_of_the_reading(caller: Caller) -> None:
    caller.sandbox.set_readings(session_dead_answer=200)
    caller.sandbox.set_faults({"kind": "kill_session", "call": "create"})
    answer = caller.create()
    assert (answer.status_code, answer.json()) == (200, {"status": False, "message": "Yetkisiz erişim"})


@pytest.mark.parametrize("where", ["before", "after"])
def test_kill_session_on_login_gives_a_session_that_is_dead(stranger: Caller, where: str) -> None:
    stranger.sandbox.set_faults({"kind": "kill_session", "call": "login", "where": where})
    assert stranger.log_in().list_records().status_code == 401


def test_wrong_content_type_has_the_right_body(caller: Caller) -> None:
    caller.sandbox.set_faults({"kind": "wrong_content_type", "call": "create"})
    answer = caller.create()
    assert answer.headers["Content-Type"].startswith("text/html")
    assert answer.json()["status"] is True
    assert stored(caller) == 1


@pytest.mark.parametrize(("where", "count"), [("before", 0), ("after", 1)])
@pytest.mark.parametrize("status", [404, 200])
def test_status_false_says_no(caller: Caller, status: int, where: str, count: int) -> None:
    caller.sandbox.set_faults({"kind": "status_false", "status": status, "call": "create", "where": where})
    answer = caller.create()
    assert (answer.status_code, answer.json()) == (status, {"status": False})
    assert stored(caller) == count
