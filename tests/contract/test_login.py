"""Login and sessions."""

from __future__ import annotations

import pytest
import requests

from sandbox.oduyo.server import Sandbox
from sandbox.oduyo.state import Account
from tests.contract.calls import TIMEOUT_S, Caller

SHAPES = {
    "data.session_id": lambda answer: answer["data"]["session_id"],
    "session_id": lambda answer: answer["session_id"],
    "SESSION_ID": lambda answer: answer["SESSION_ID"],
    "data": lambda answer: answer["data"],
    "data_list": lambda answer: answer["data"][0]["session_id"],
    "token": lambda answer: answer["token"],
    "oturum.anahtar": lambda answer: answer["oturum"]["anahtar"],
}


@pytest.mark.parametrize("shape", SHAPES)
def test_every_login_shape_carries_a_session_that_works(stranger: Caller, shape: str) -> None:
    stranger.sandbox.set_readings(login_shape=shape)
    answer = stranger.login()
    assert answer.status_code == 200
    stranger.session_id = SHAPES[shape](answer.json())
    assert stranger.create().status_code == 200


def test_the_default_shape_is_status_and_data(stranger: Caller) -> None:
    answer = stranger.login().json()
    assert answer == {"status": True, "data": {"session_id": stranger.sandbox.log()["sessions"][0]}}


@pytest.mark.parametrize("status", [401, 403, 200])
@pytest.mark.parametrize("field", ["username", "password", "oduyo_api_key"])
def test_one_wrong_credential_is_refused_as_the_reading_says(stranger: Caller, field: str, status: int) -> None:
    stranger.sandbox.set_readings(login_refusal=status)
    answer = stranger.login(**{field: "wrong"})
    assert answer.status_code == status
    assert answer.json()["status"] is False
    assert answer.json()["message"]
    assert stranger.sandbox.log()["sessions"] == []


def test_a_refused_login_says_yetkisiz_erisim(stranger: Caller) -> None:
    assert stranger.login(password="wrong").json() == {"status": False, "message": "Yetkisiz erişim"}


def test_login_takes_no_json(stranger: Caller) -> None:
    account = stranger.sandbox.account
    body = {"username": account.username, "password": account.password, "oduyo_api_key": account.api_key}
    answer = stranger.http.post(f"{stranger.sandbox.url}/api/v1/ws/login", json=body, timeout=TIMEOUT_S)
    assert answer.status_code == 400


def test_login_takes_no_further_field(stranger: Caller) -> None:
    assert stranger.login(remember="1").status_code == 400


def test_login_needs_its_three_fields(stranger: Caller) -> None:
    url = f"{stranger.sandbox.url}/api/v1/ws/login"
    assert stranger.http.post(url, data={"username": "oduyo"}, timeout=TIMEOUT_S).status_code == 400


def test_turkish_credentials_pass_the_form() -> None:
    with Sandbox(account=Account("işçi", "ğüş+& =%", "a/b+c==")) as sandbox, requests.Session() as http:
        caller = Caller(sandbox)
        caller.http = http
        assert caller.log_in().create().status_code == 200


@pytest.mark.parametrize("status", [401, 403, 200])
def test_an_unknown_session_is_refused_as_the_reading_says(stranger: Caller, status: int) -> None:
    stranger.sandbox.set_readings(session_dead_answer=status)
    stranger.session_id = "0" * 40
    answer = stranger.create()
    assert answer.status_code == status
    assert answer.json() == {"status": False, "message": "Yetkisiz erişim"}
    assert stranger.sandbox.records() == []


@pytest.mark.parametrize("call", ["create", "update", "delete", "list"])
def test_every_call_needs_both_headers(caller: Caller, call: str) -> None:
    for missing in ("Apikey", "Authorization"):
        headers = {name: value for name, value in caller.headers.items() if name != missing}
        assert caller.post(call, {}, headers=headers).status_code == 401
    assert caller.post(call, {}).status_code == 400


def test_a_bearer_prefix_is_refused(caller: Caller) -> None:
    headers = {**caller.headers, "Authorization": f"Bearer {caller.session_id}"}
    assert caller.post("list", {}, headers=headers).status_code == 401


def test_a_wrong_api_key_is_refused(caller: Caller) -> None:
    assert caller.post("list", {}, headers={**caller.headers, "Apikey": "wrong"}).status_code == 401


def test_a_session_lives_sixty_minutes(caller: Caller) -> None:
    caller.sandbox.advance(3590)
    assert caller.list_records().status_code == 200
    caller.sandbox.advance(15)
    assert caller.list_records().status_code == 401


def test_a_shorter_life_ends_sessions_already_issued(caller: Caller) -> None:
    caller.sandbox.set_readings(session_ttl_s=100)
    assert caller.list_records().status_code == 200
    caller.sandbox.advance(101)
    assert caller.list_records().status_code == 401


@pytest.mark.parametrize(("single", "status"), [(True, 401), (False, 200)])
def test_a_second_login_ends_the_first_session_only_when_single(caller: Caller, single: bool, status: int) -> None:
    caller.sandbox.set_readings(single_session=single)
    first = caller.session_id
    caller.log_in()
    assert caller.list_records().status_code == 200
    caller.session_id = first
    assert caller.list_records().status_code == status


def test_expire_kills_all_sessions_and_a_new_login_works(caller: Caller) -> None:
    assert caller.control("expire").status_code == 200
    assert caller.list_records().status_code == 401
    assert caller.log_in().list_records().status_code == 200
