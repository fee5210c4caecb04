from __future__ import annotations

import json

import pytest

from oduyo_provider.api.codec import (
    Filter,
    encode_column,
    encode_list,
    parse_created_id,
    parse_envelope,
    parse_records,
    parse_session_id,
)
from oduyo_provider.core.errors import ListingError, LoginRefusedError, NotThisApiError

DEEP = b'{"status": true, "data": ' + b"[" * 200_000
WINDOWS_1254 = '{"status": true, "data": "Güncelleme işlemi"}'.encode("cp1254")


def test_a_column_is_plain_utf8() -> None:
    assert encode_column({"id": "1", "code": "ÖZEL ş", "note": None}) == (
        '{"column":{"id":"1","code":"ÖZEL ş","note":null}}'.encode()
    )


def test_a_list_call_has_the_documented_shape() -> None:
    assert json.loads(encode_list([], 1000)) == {
        "filters": "",
        "params": "",
        "limit": "1000",
        "offset": "0",
        "sorting": [{"field": "id", "sort": "ASC"}],
    }
    body = json.loads(encode_list([Filter("id", ">", "7")], 1, descending=True))
    assert body["filters"] == [{"field": "id", "operator": ">", "value": "7"}]
    assert body["sorting"] == [{"field": "id", "sort": "DESC"}]


@pytest.mark.parametrize(
    ("data", "found"),
    [
        ('"Erp Special Code successfully added id <1>"', "1"),
        ("Erp Bank Account successfully added id <987654321012>", "987654321012"),
        ("successfully added id 12", "12"),
        ('"successfully added ID: 12."', "12"),
        ("12", "12"),
        (12, "12"),
        ({"id": "12"}, "12"),
        ({"id": 12}, "12"),
        ("successfully added id <>", None),
        ("successfully added id <0>", None),
        ("successfully added", None),
        ("code 12", None),
        ("id -5", "5"),
        ("-5", None),
        (-5, None),
        (True, None),
        (None, None),
        ({}, None),
        ([1], None),
        (1.5, None),
    ],
)
def test_the_id_of_a_new_record_is_read_out_of_the_sentence(data: object, found: str | None) -> None:
    assert parse_created_id(data) == found


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
        ({"data": [{"name": "gizli-1"}]}, None, "data, data.name"),
        ({"data": "gizli bir cumle"}, None, "data"),
        ({"data": "gizli\u015f"}, None, "data"),
        ({"data": True}, None, "data"),
        ({"token": "gizli" * 1000}, None, "token"),
        ({}, None, "none"),
        ({"a": {"b": "gizli-1"}}, "a.c", "a"),
        ({"a": "gizli-1"}, "a.b", "a"),
        ({"a": ["gizli-1"]}, "a.1", "a"),
        ([{"a": "gizli-1"}], "0.b", "data.a"),
        ([], "0.b", "none"),
    ],
)
def test_an_answer_without_a_session_shows_its_keys_and_no_value(answer: object, path: str | None, keys: str) -> None:
    with pytest.raises(NotThisApiError) as caught:
        parse_session_id(json.dumps(answer).encode(), path)
    assert f"Keys of the answer: {keys}." in str(caught.value)
    assert "gizli" not in str(caught.value)


def test_a_login_answered_with_status_false_is_refused() -> None:
    with pytest.raises(LoginRefusedError, match="status, message"):
        parse_session_id(b'{"status": "false", "message": "gizli"}', None)


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'"S-1"', DEEP, b'{"session_id": "\xfe"}'])
def test_a_login_answered_without_json_is_not_this_api(body: bytes) -> None:
    with pytest.raises(NotThisApiError, match="not a JSON object"):
        parse_session_id(body, None)


def test_an_envelope_is_read() -> None:
    envelope = parse_envelope(b'\xef\xbb\xbf{"status": false, "message": "a", "error": "b", "msg": 1, "data": [1]}')
    assert envelope is not None
    assert (envelope.status, envelope.message, envelope.data, envelope.is_empty) == (False, "a; b", [1], False)


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


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"null", b'{"status": true} x', DEEP, b'{"a'])
def test_what_is_no_json_object_is_no_envelope(body: bytes) -> None:
    assert parse_envelope(body) is None


def test_data_that_cannot_be_decoded_leaves_the_status_readable() -> None:
    envelope = parse_envelope(WINDOWS_1254)
    assert envelope is not None
    assert envelope.status is True
    assert envelope.data is None


def test_records_are_text_or_none() -> None:
    assert parse_records(b'{"status": true, "data": [{"id": "1", "note": null, "code": "A"}]}') == [
        {"id": "1", "note": None, "code": "A"}
    ]
    odd = b'{"data": [{"id": 2, "a": 26.0, "b": true, "c": false, "d": [1], "e": null, "f": 12345678901234567890123}]}'
    assert parse_records(odd) == [
        {"id": "2", "a": "26.0", "b": "1", "c": "0", "d": "[1]", "e": None, "f": "12345678901234567890123"}
    ]


@pytest.mark.parametrize(("given", "read"), [('" 7 "', "7"), ("7.0", "7"), ('"7.00"', "7"), ("7", "7")])
def test_an_id_is_a_text_of_digits(given: str, read: str) -> None:
    assert parse_records(f'{{"data": [{{"id": {given}}}]}}'.encode()) == [{"id": read}]


@pytest.mark.parametrize("given", ['""', "null", '"x"', "1.5", "-1", '"٣"', "[]", '"' + "9" * 41 + '"'])
def test_a_record_without_a_usable_id_is_a_listing_error(given: str) -> None:
    with pytest.raises(ListingError, match="not a whole number"):
        parse_records(f'{{"data": [{{"id": {given}}}]}}'.encode())
    with pytest.raises(ListingError, match="None"):
        parse_records(b'{"data": [{"code": "x"}]}')


@pytest.mark.parametrize("data", ["null", '""', "[]"])
def test_nothing_may_be_written_in_several_ways(data: str) -> None:
    assert parse_records(f'{{"status": true, "data": {data}}}'.encode()) == []


@pytest.mark.parametrize(
    "body", [b'{"data": {"id": 1}}', b'{"data": ["x"]}', b'{"status": true}', b"[]", b"", DEEP, b'{"data": "\xfe"}']
)
def test_what_is_no_list_of_records_is_a_listing_error(body: bytes) -> None:
    with pytest.raises(ListingError, match="not a list of records"):
        parse_records(body)
