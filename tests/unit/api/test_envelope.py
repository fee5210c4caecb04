from __future__ import annotations

import json

import pytest

from oduyo_provider.api.envelope import parse_envelope

DEEP = b'{"status": true, "data": ' + b"[" * 200_000
WINDOWS_1254 = '{"status": true, "data": "Güncelleme işlemi"}'.encode("cp1254")


def test_an_envelope_is_read() -> None:
    envelope = parse_envelope(b'\xef\xbb\xbf{"status": false, "message": "a", "error": "b", "msg": 1, "data": [1]}')
    assert envelope is not None
    assert (envelope.status, envelope.message, envelope.data) == (False, "a; b", [1])


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"status": False}, ""),
        ({"status": "false", "data": None, "message": "", "code": "404", "error": 404}, ""),
        ({"status": False, "message": "Yetkiniz yok"}, "Yetkiniz yok"),
        ({"status": False, "code": "E-1", "msg": "Yetkiniz yok"}, "Yetkiniz yok; E-1"),
        ({"status": False, "data": "Yetkiniz yok"}, "Yetkiniz yok"),
        ({"status": False, "aciklama": "Yetkiniz yok"}, "Yetkiniz yok"),
        ({"status": False, "error": {"code": 7, "text": ["Yetkiniz yok"]}}, "Yetkiniz yok"),
        ({"status": False, "error": [[[[[["too deep"]]]]]]}, ""),
    ],
)
def test_words_are_every_text_of_an_answer(answer: object, words: str) -> None:
    envelope = parse_envelope(json.dumps(answer).encode())
    assert envelope is not None
    assert envelope.words == words


@pytest.mark.parametrize(
    ("status", "meaning"),
    [
        (True, True),
        ("true", True),
        (" TRUE ", True),
        ("1", True),
        (1, True),
        (False, False),
        ("False", False),
        ("0", False),
        (0, False),
        (None, None),
        ("ok", None),
        (404, None),
        ([], None),
        (1.0, None),
    ],
)
def test_a_status_may_be_written_in_several_ways(status: object, meaning: bool | None) -> None:
    envelope = parse_envelope(json.dumps({"status": status}).encode())
    assert envelope is not None
    assert envelope.status is meaning


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"null", DEEP, b'{"a'])
def test_what_is_no_json_object_is_no_envelope(body: bytes) -> None:
    assert parse_envelope(body) is None


def test_data_that_cannot_be_decoded_leaves_the_status_readable() -> None:
    envelope = parse_envelope(WINDOWS_1254)
    assert envelope is not None
    assert envelope.status is True
    assert envelope.data is None
