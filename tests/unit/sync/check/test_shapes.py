from __future__ import annotations

import json
from typing import Any

import pytest

from oduyo_provider.core.record import SPECIAL_CODE
from oduyo_provider.core.redact import Redactor
from oduyo_provider.sync.check.shapes import describe_empty, describe_records, find_session_path, guess_session_paths
from tests.unit.sync.check.seen import lose, see

FULL = dict.fromkeys((*SPECIAL_CODE.field_names, "id", "note"), "x")


def describe(data: object) -> dict[str, dict[str, str]]:
    body = json.dumps({"status": True, "data": data}).encode()
    return {found.reading: found.details for found in describe_records(body, SPECIAL_CODE)}


@pytest.mark.parametrize(
    ("data", "readings"),
    [
        ([FULL], ["documented"]),
        ([{**FULL, "note": None}], ["documented"]),
        (FULL, ["object"]),
        ({"3": FULL, "7": FULL}, ["other"]),
        (json.dumps([FULL]), ["other"]),
        ([{**FULL, "id": 1}], ["numbers"]),
        ([{**FULL, "space1": None}], ["nulls"]),
        ([{name: value for name, value in FULL.items() if name != "space2"}], ["left_out"]),
        ([{**FULL, "alan": "x"}], ["more_fields"]),
        ([{**FULL, "created_in": "0000-00-00 00:00:00"}], ["zero_dates"]),
        ([{**FULL, "integration_id": ""}], ["no_keys"]),
        ([], []),
        (False, []),
        ("no JSON", []),
    ],
)
def test_the_form_of_a_list_is_told(data: object, readings: list[str]) -> None:
    assert list(describe(data)) == readings


def test_only_some_of_many_unknown_fields_are_named() -> None:
    found = describe([{**FULL, **{f"alan{n:02d}": "x" for n in range(20)}}])
    assert found["more_fields"]["names"].endswith("alan11 and 8 more")


@pytest.mark.parametrize(
    ("body", "status", "reading"),
    [
        ({"status": True, "data": []}, 200, "documented"),
        ({"status": True, "data": False}, 200, "nothing"),
        ({"status": True}, 200, "nothing"),
        (b"[]", 200, "nothing"),
        (b"", 404, "nothing"),
        ({"status": False}, 404, "bare_no"),
        ({"status": False}, 200, "bare_no"),
        ({"status": False, "message": "Kayıt yok"}, 200, "words"),
        (b"<html>", 500, "unknown"),
    ],
)
def test_the_form_of_an_empty_list_is_told(body: Any, status: int, reading: str) -> None:
    assert describe_empty(see(body, status), Redactor()).reading == reading


def test_an_empty_list_that_did_not_come_cannot_be_told() -> None:
    assert describe_empty(lose("timed out"), Redactor()).details == {"words": "timed out"}


@pytest.mark.parametrize(
    ("answer", "path"),
    [
        ({"status": True, "data": {"session_id": "s-123456"}}, "data.session_id"),
        ({"SESSION_ID": "s-123456"}, "SESSION_ID"),
        ({"data": [{"session_id": ' "s-123456" '}]}, "data.0.session_id"),
        ({"data": "other"}, ""),
    ],
)
def test_the_place_of_a_session_is_named(answer: object, path: str) -> None:
    assert find_session_path(json.dumps(answer).encode(), "s-123456") == path


def test_what_may_be_a_session_is_named_by_its_place_alone() -> None:
    answer = {"oturum": {"anahtar": "abcdef0123456789"}, "mesaj": "Hoş geldiniz sayın", "tur": "kisa", "n": 12345678901}
    assert guess_session_paths(json.dumps(answer).encode()) == ["oturum.anahtar"]
