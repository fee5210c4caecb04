from __future__ import annotations

import json

import pytest

from oduyo_provider.api.login_answer import parse_session_id
from oduyo_provider.core.errors import NoSessionIdError, NotThisApiError
from oduyo_provider.core.redact import Redactor

DEEP = b'{"status": true, "data": ' + b"[" * 200_000


@pytest.mark.parametrize(
    ("answer", "path"),
    [
        ({"status": True, "data": {"session_id": "S-1"}}, None),
        ({"session_id": "S-1"}, None),
        ({"SESSION_ID": " S-1 "}, None),
        ({"sessionId": "S-1"}, None),
        ({"data": "S-1"}, None),
        ({"data": '"S-1"'}, None),
        ({"data": [{"session_id": "S-1"}]}, None),
        ({"data": ["S-1"]}, None),
        ({"token": "S-1"}, None),
        ({"token": "T", "data": {}, "Session-Id": "S-1"}, None),
        ({"session_id": None, "data": {"Token": "S-1"}}, None),
        ({"oturum": {"anahtar": "S-1"}, "token": "T"}, "oturum.anahtar"),
        ({"Oturum": [{"Anahtar": "S-1"}]}, "oturum.0.anahtar"),
        ([{"key": "S-1"}], "0.key"),
    ],
)
def test_a_session_is_found_in_every_documented_shape(answer: object, path: str | None) -> None:
    assert parse_session_id(json.dumps(answer).encode(), path) == "S-1"


def test_a_number_may_be_a_session() -> None:
    assert parse_session_id(b'\xef\xbb\xbf{"session_id": 77}', None) == "77"


@pytest.mark.parametrize(
    ("answer", "path", "keys"),
    [
        ({"status": True, "user": "gizli-1", "data": {"name": "gizli-2"}}, None, "status, user, data, data.name"),
        ({"data": [{"name": "gizli-1"}]}, None, "data, data.0, data.0.name"),
        ({"oturum": {"ne": {"anahtar": "gizli-1"}}, "b": 1}, None, "oturum, b, oturum.ne, oturum.ne.anahtar"),
        ({"data": "gizli bir cumle"}, None, "data"),
        ({"data": "gizli\u015f"}, None, "data"),
        ({"data": True}, None, "data"),
        ({"token": "gizli" * 1000}, None, "token"),
        ({}, None, "none"),
        ({"a": {"b": "gizli-1"}}, "a.c", "a, a.b"),
        ({"a": "gizli-1"}, "a.b", "a"),
        ({"a": ["gizli-1"]}, "a.1", "a, a.0"),
        ([{"a": "gizli-1"}], "0.b", "0, 0.a"),
        ([], "0.b", "none"),
    ],
)
def test_an_answer_without_a_session_shows_its_keys_and_no_value(answer: object, path: str | None, keys: str) -> None:
    with pytest.raises(NoSessionIdError) as caught:
        parse_session_id(json.dumps(answer).encode(), path)
    assert f"Keys of the answer: {keys}." in str(caught.value)
    assert "gizli" not in str(caught.value)


def test_of_many_keys_those_nearest_to_the_top_are_shown() -> None:
    answer = {f"k{number}": {"inner": 1} for number in range(30)}
    with pytest.raises(NoSessionIdError, match=r"Keys of the answer: k0, (k\d+, ){18}k19\."):
        parse_session_id(json.dumps(answer).encode(), None)


@pytest.mark.parametrize("path", ["oturum.anahtar", "data.0.anahtar"])
def test_a_key_that_is_shown_is_a_path_that_finds_the_session(path: str) -> None:
    answer = json.dumps({"oturum": {"anahtar": "S-1"}, "data": [{"anahtar": "S-1"}]}).encode()
    with pytest.raises(NoSessionIdError, match=rf"[:,] {path}[,.]"):
        parse_session_id(answer, None)
    assert parse_session_id(answer, path) == "S-1"


def test_secrets_are_struck_out_of_keys() -> None:
    with pytest.raises(NotThisApiError, match=r"Keys of the answer: user=a&password=\*\*\*\."):
        parse_session_id(b'{"user=a&password=gizli%2F1": ""}', None, Redactor(["gizli/1"]))


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'"S-1"', DEEP, b'{"session_id": "\xfe"}'])
def test_a_login_answered_without_json_is_not_this_api(body: bytes) -> None:
    with pytest.raises(NotThisApiError, match="not a JSON object"):
        parse_session_id(body, None)
