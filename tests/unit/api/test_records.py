from __future__ import annotations

import json

import pytest

from oduyo_provider.api.records import Filter, Page, encode_column, encode_list, parse_created_id, parse_page
from oduyo_provider.core.errors import ListingError
from oduyo_provider.core.redact import Redactor

DEEP = b'{"status": true, "data": ' + b"[" * 200_000


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
        ("successfully added id <0012>", "12"),
        ("0012", "12"),
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


def test_records_are_text_or_none() -> None:
    assert parse_page(b'{"status": true, "data": [{"id": "1", "note": null, "code": "A"}]}').records == [
        {"id": "1", "note": None, "code": "A"}
    ]
    odd = b'{"data": [{"id": 2, "a": 26.0, "b": true, "c": false, "d": [1], "e": null, "f": 12345678901234567890123}]}'
    assert parse_page(odd).records == [
        {"id": "2", "a": "26.0", "b": "1", "c": "0", "d": "[1]", "e": None, "f": "12345678901234567890123"}
    ]


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ('" 7 "', "7"),
        ("7.0", "7"),
        ('"7.00"', "7"),
        ("7", "7"),
        ('"0000000007"', "7"),
        ('"0"', "0"),
        ('"000"', "0"),
        ("9" * 19, "9" * 19),
    ],
)
def test_an_id_is_a_text_of_digits_without_zeros_before_it(given: str, read: str) -> None:
    assert parse_page(f'{{"data": [{{"id": {given}}}]}}'.encode()).records == [{"id": read}]


@pytest.mark.parametrize("given", ['""', "null", '"x"', "1.5", "-1", '"٣"', "[]", '"' + "9" * 20 + '"', "9" * 20])
def test_a_record_without_a_usable_id_is_a_listing_error(given: str) -> None:
    with pytest.raises(ListingError, match="not a whole number"):
        parse_page(f'{{"data": [{{"id": {given}}}]}}'.encode())
    with pytest.raises(ListingError, match="None"):
        parse_page(b'{"data": [{"code": "x"}]}')


def test_secrets_are_struck_out_of_an_id_that_is_none() -> None:
    with pytest.raises(ListingError, match=r"whose id is 'x\*\*\*', not a whole number"):
        parse_page(b'{"data": [{"id": "xgizli"}]}', Redactor(["gizli"]))


@pytest.mark.parametrize("data", ["null", '""', "[]", "{}", "false", '"[]"', '"{}"', '"null"', '"false"', '"\\"\\""'])
def test_b7_nothing_may_be_written_in_several_ways(data: str) -> None:
    assert parse_page(f'{{"status": true, "data": {data}}}'.encode()) == Page([])
    assert parse_page(b'{"status": true}') == Page([])


@pytest.mark.parametrize(
    "data",
    [
        '{"id": "1", "code": "A"}',
        '[{"id": "1", "code": "A"}]',
        '{"0": {"id": "1", "code": "A"}}',
        '{"7": {"id": 1, "code": "A"}}',
        '"[{\\"id\\": \\"1\\", \\"code\\": \\"A\\"}]"',
    ],
)
def test_b7_records_come_in_the_shapes_that_php_gives(data: str) -> None:
    assert parse_page(f'{{"status": true, "data": {data}}}'.encode()).records == [{"id": "1", "code": "A"}]


@pytest.mark.parametrize("data", ['"Kayıt bulunamadı"', '"\\"Kayıt bulunamadı\\""'])
def test_a_text_instead_of_records_is_what_oduyo_said(data: str) -> None:
    assert parse_page(f'{{"status": true, "data": {data}}}'.encode()) == Page([], "Kayıt bulunamadı")


@pytest.mark.parametrize(
    "body",
    [
        b'{"data": {"a": 1}}',
        b'{"data": ["x"]}',
        b'{"data": true}',
        b'{"data": 7}',
        b"[]",
        b"",
        DEEP,
        b'\xfe {"data": true}',
    ],
)
def test_what_is_no_list_of_records_is_a_listing_error(body: bytes) -> None:
    with pytest.raises(ListingError, match="not a list of records"):
        parse_page(body)


@pytest.mark.parametrize(
    ("body", "place"),
    [
        (
            b'[{"id": "41", "a": "\xef\xbf\xbd"}, {"b": "Uzun gizli \xc5", "id": 42}, {"id": "43", "a": "\xde"}]',
            r"42: 'Uzun \*\*\* \W",
        ),
        (b'{"5": {"id": "7", "code": "\xde"}}', "7: '"),
        (b'[{"code": "\xde"}]', "None: '"),
    ],
)
@pytest.mark.parametrize("around", [b"", b"\xfe "])
def test_a_text_that_is_not_utf_8_is_named_with_its_record(body: bytes, place: str, around: bytes) -> None:
    with pytest.raises(ListingError, match=rf"a text that is not UTF-8, in the record with the id {place}"):
        parse_page(around + b'{"status": true, "data": ' + body + b"}", Redactor(["gizli"]))
