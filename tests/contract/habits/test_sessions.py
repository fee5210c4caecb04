"""Habits of logins and sessions, over real HTTP."""

from __future__ import annotations

import pytest
import requests

from tests.contract.calls import Caller


@pytest.mark.parametrize("message", ["Token süresi doldu", "Token expired", "Login required", ""])
def test_a_dead_session_is_answered_with_any_words_in_a_200(caller: Caller, message: str) -> None:
    caller.sandbox.set_habits(f"dead_session={message}")
    assert caller.list_records().status_code == 200
    caller.sandbox.expire()
    for answer in (caller.list_records(), caller.create()):
        assert answer.status_code == 200
        assert answer.json() == ({"status": False, "message": message} if message else {"status": False})
    assert caller.sandbox.records() == []
    assert caller.log_in().create().status_code == 200


def test_a_session_that_a_fault_kills_is_answered_with_the_same_words(caller: Caller) -> None:
    caller.sandbox.set_habits("dead_session=Oturum yok")
    caller.sandbox.set_faults({"kind": "kill_session", "call": "create"})
    assert caller.create().json()["message"] == "Oturum yok"


def test_a_session_dies_after_so_many_calls(caller: Caller) -> None:
    caller.sandbox.set_habits("session_calls=2")
    assert [caller.create().status_code for _ in range(4)] == [200, 200, 401, 401]
    assert caller.log_in().create().status_code == 200
    assert len(caller.sandbox.records()) == 3


def test_later_calls_need_the_cookie_of_the_login(stranger: Caller) -> None:
    stranger.sandbox.set_habits("cookie")
    stranger.log_in()
    assert "ci_session" in stranger.http.cookies
    assert stranger.create().status_code == 200
    stranger.http.cookies.clear()
    assert stranger.create().status_code == 401
    stranger.http.cookies.set("ci_session", "0" * 32)
    assert stranger.create().status_code == 401


def test_a_session_works_with_its_own_cookie_only(stranger: Caller) -> None:
    stranger.sandbox.set_habits("cookie=oturum")
    first = stranger.log_in().session_id
    stranger.log_in()
    assert stranger.list_records().status_code == 200
    stranger.session_id = first
    assert stranger.list_records().status_code == 401


def test_a_session_is_known_only_to_the_node_of_its_cookie(stranger: Caller) -> None:
    stranger.sandbox.set_habits("nodes=2")
    stranger.log_in()
    assert [stranger.list_records().status_code for _ in range(6)] == [200] * 6
    stranger.http.cookies.clear()
    assert sorted(stranger.list_records().status_code for _ in range(6)) == [200] * 3 + [401] * 3


def test_another_login_with_the_cookie_stays_at_its_node(stranger: Caller) -> None:
    stranger.sandbox.set_habits("nodes=3")
    stranger.log_in()
    node = stranger.http.cookies["SERVERID"]
    for _ in range(4):
        stranger.log_in()
        assert stranger.http.cookies["SERVERID"] == node
        assert stranger.list_records().status_code == 200


def test_logins_without_a_cookie_are_spread_over_the_nodes(stranger: Caller) -> None:
    stranger.sandbox.set_habits("nodes=2")
    seen = set()
    for _ in range(4):
        stranger.http.cookies.clear()
        stranger.log_in()
        seen.add(stranger.http.cookies["SERVERID"])
    assert seen == {"node0", "node1"}


@pytest.mark.parametrize(
    ("status", "message"),
    [(423, "Hesabınız kilitlendi"), (429, "Çok fazla deneme"), (500, "Bakım çalışması"), (200, "Lisans süreniz doldu")],
)
def test_a_login_is_refused_with_words(caller: Caller, status: int, message: str) -> None:
    caller.sandbox.set_habits({"habit": "login_fails", "status": status, "message": message})
    answer = caller.login()
    assert (answer.status_code, answer.json()) == (status, {"status": False, "message": message})
    assert caller.list_records().status_code == 200
    assert len(caller.sandbox.log()["sessions"]) == 1


def test_an_account_is_locked_after_some_logins_for_some_logins(stranger: Caller) -> None:
    stranger.sandbox.set_habits({"habit": "login_fails", "skip": 1, "times": 2})
    assert [stranger.login().status_code for _ in range(4)] == [200, 423, 423, 200]


def test_no_cookie_is_set_without_a_habit(stranger: Caller) -> None:
    answer: requests.Response = stranger.login()
    assert "Set-Cookie" not in answer.headers
