"""The log of all requests, the journal of writes, and the counters."""

from __future__ import annotations

import contextlib
import threading
import time

import requests

from sandbox.oduyo.server import Sandbox
from tests.contract.calls import ROW, TIMEOUT_S, Caller


def test_the_log_tells_every_request(caller: Caller) -> None:
    caller.create()
    caller.list_records(limit="5")
    caller.delete("9")
    log = caller.look("log").json()
    assert [entry["call"] for entry in log["requests"]] == ["login", "create", "list", "delete"]
    assert [entry["status"] for entry in log["requests"]] == [200, 200, 200, 404]
    assert {entry["session"] for entry in log["requests"]} == {caller.session_id}
    assert log["requests"][1]["column"] == ROW
    assert log["requests"][2]["filters"] == ""
    assert log["requests"][2]["limit"] == "5"
    assert log["requests"][3]["reason"]
    assert [entry["number"] for entry in log["requests"]] == [1, 2, 3, 4]
    times = [entry["time"] for entry in log["requests"]]
    assert times == sorted(times)
    counters = {"requests": 4, "login": 1, "create": 1, "update": 0, "delete": 1, "list": 1}
    assert log["counters"] == {**counters, "connections": 1, "max_in_flight": 1, "faults": 0}


def test_the_log_never_holds_the_password_or_key(caller: Caller) -> None:
    caller.login(password="wrong-password")
    account = caller.sandbox.account
    body = {"username": account.username, "password": account.password, "oduyo_api_key": account.api_key}
    caller.http.post(f"{caller.sandbox.url}/api/v1/ws/login", json=body, timeout=TIMEOUT_S)
    text = caller.look("log").text
    for secret in (account.password, account.api_key, "wrong-password"):
        assert secret not in text


def test_the_log_lists_every_session_ever_issued(caller: Caller) -> None:
    caller.sandbox.set_readings(single_session=True)
    first = caller.session_id
    caller.log_in()
    caller.sandbox.expire()
    assert caller.sandbox.log()["sessions"] == [first, caller.session_id]


def test_the_log_can_be_narrowed(caller: Caller) -> None:
    caller.create()
    caller.list_records()
    caller.create()
    assert [entry["number"] for entry in caller.look("log", call="create", since="2").json()["requests"]] == [4]


def test_a_body_cannot_write_over_the_logs_own_fields(caller: Caller) -> None:
    caller.post("create", {"column": ROW, "status": 1, "session": "x"})
    entry = caller.sandbox.log(call="create")["requests"][0]
    assert (entry["status"], entry["session"]) == (400, caller.session_id)


def test_connections_and_requests_in_flight_are_counted() -> None:
    def log_in_vainly(caller: Caller) -> None:
        with caller.http, contextlib.suppress(requests.ConnectionError):
            caller.login()

    with Sandbox(readings={"latency_s": 600}) as sandbox:
        threads = [threading.Thread(target=log_in_vainly, args=(Caller(sandbox),)) for _ in range(3)]
        for thread in threads:
            thread.start()
        while sandbox.log()["counters"]["max_in_flight"] < 3:
            time.sleep(0.01)
        counters = sandbox.log()["counters"]
        sandbox.reset()
        sandbox.set_readings(latency_s=0)
        late = Caller(sandbox)
        with late.http:
            late.login()
        after = sandbox.log()["counters"]
    for thread in threads:
        thread.join()
    assert (counters["requests"], counters["connections"], counters["max_in_flight"]) == (3, 3, 3)
    assert after["max_in_flight"] == 1


def test_the_journal_of_writes_has_time_call_body_session_and_answer(caller: Caller) -> None:
    caller.create()
    caller.list_records()
    caller.update("1", code="B")
    caller.delete("9")
    writes = caller.look("writes").json()
    assert writes == caller.sandbox.writes()
    assert [(entry["call"], entry["ids"], entry["status"]) for entry in writes] == [
        ("create", ["1"], 200),
        ("update", ["1"], 200),
        ("delete", [], 404),
    ]
    assert [entry["column"] for entry in writes] == [ROW, {"id": "1", "code": "B"}, {"id": "9"}]
    assert {entry["session"] for entry in writes} == {caller.session_id}
    assert "<1>" in writes[0]["answer"]
    assert writes[2]["answer"] == '{"status":false}'
    assert [entry["number"] for entry in caller.look("writes", since="2").json()] == [4, 5]


def test_the_journal_has_the_answer_of_a_write_that_never_arrived(caller: Caller) -> None:
    caller.sandbox.set_faults({"kind": "status", "call": "create", "where": "after"})
    caller.create()
    (entry,) = caller.sandbox.writes()
    assert (entry["status"], entry["ids"]) == (500, ["1"])
    assert "<1>" in entry["answer"]


def test_counts_are_there_without_the_log(caller: Caller) -> None:
    caller.create()
    caller.create()
    assert caller.look("counts").json() == caller.sandbox.counts() == caller.sandbox.log()["counters"]
    assert caller.sandbox.counts()["create"] == 2
