"""Habits of what goes over the wire, read byte for byte."""

from __future__ import annotations

import codecs
import json
import socket
from urllib.parse import urlsplit

import pytest

from tests.contract.calls import ROW, Caller

LIST = {"filters": "", "params": "", "limit": "9", "offset": "0", "sorting": ""}


def test_a_page_comes_in_windows_1254_and_names_it(caller: Caller) -> None:
    caller.create(description="ŞIĞ işçi \U0001f600 漢")
    caller.sandbox.set_habits("charset=windows-1254")
    answer = caller.list_records()
    assert answer.headers["Content-Type"] == "application/json; charset=windows-1254"
    assert "ŞIĞ işçi".encode("windows-1254") in answer.content
    with pytest.raises(UnicodeDecodeError):
        answer.content.decode()
    assert json.loads(answer.content.decode("windows-1254"))["data"][0]["description"] == "ŞIĞ işçi \U0001f600 漢"


def test_a_charset_may_be_left_unnamed(caller: Caller) -> None:
    caller.create()
    caller.sandbox.set_habits({"habit": "charset", "name": "iso-8859-9", "named": False})
    answer = caller.list_records()
    assert answer.headers["Content-Type"] == "application/json"
    assert json.loads(answer.content.decode("iso-8859-9"))["data"][0]["code"] == ROW["code"]


@pytest.mark.parametrize("count", [1, 2, 3])
def test_byte_order_marks_stand_before_the_json(caller: Caller, count: int) -> None:
    caller.sandbox.set_habits(f"bom={count}")
    content = caller.create().content
    assert content.startswith(codecs.BOM_UTF8 * count + b"{")


def test_a_notice_stands_before_the_json_of_some_answers(caller: Caller) -> None:
    caller.sandbox.set_habits({"habit": "notice", "call": "create", "probability": 0.5})
    answers = [caller.create() for _ in range(20)]
    noticed = [answer for answer in answers if answer.content.startswith(b"<br />\n<b>Notice</b>")]
    assert 3 < len(noticed) < 17
    for answer in noticed:
        assert answer.headers["Content-Type"].startswith("text/html")
        assert json.loads(answer.text[answer.text.index("{") :])["status"] is True
    assert len(caller.sandbox.records()) == 20
    assert caller.list_records().content.startswith(b"{")


def test_a_notice_stands_before_a_refusal_too(caller: Caller) -> None:
    caller.sandbox.set_habits("notice")
    answer = caller.delete("9")
    assert answer.status_code == 404
    assert answer.text.endswith('{"status":false}')


@pytest.mark.parametrize("status", [403, 406])
def test_a_firewall_blocks_one_row_by_its_text(caller: Caller, status: int) -> None:
    caller.sandbox.set_habits({"habit": "firewall", "text": "<script", "status": status})
    answer = caller.create(description="a <script> b")
    assert answer.status_code == status
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "<html" in answer.text
    assert caller.create(description="a script").status_code == 200
    assert len(caller.sandbox.records()) == 1
    assert caller.sandbox.writes()[0]["reason"] == "blocked by the firewall"


def test_a_firewall_sees_letters_that_the_json_escapes(caller: Caller) -> None:
    caller.sandbox.set_habits("firewall=ŞUBE")
    assert caller.create(code="X.ŞUBE").status_code == 403


def test_a_firewall_sees_filters_too(caller: Caller) -> None:
    caller.sandbox.set_habits("firewall='")
    filters = [{"field": "integration_id", "operator": "=", "value": "O'BRIEN"}]
    assert caller.list_records(filters=filters).status_code == 403
    assert caller.list_records().status_code == 200


def test_answers_carry_a_long_header(caller: Caller) -> None:
    caller.sandbox.set_habits("long_header=9000")
    assert len(caller.create().headers["X-Debug"]) == 9000


def read_raw(caller: Caller) -> tuple[bytes, bytes]:
    """One answer to a list as it comes over the wire: head and body."""
    body = json.dumps(LIST).encode()
    where = urlsplit(caller.sandbox.url)
    head = (
        f"POST /api/v1/erp/erp_special_code/list HTTP/1.1\r\nHost: {where.netloc}\r\nContent-Type: application/json\r\n"
    )
    fields = "".join(f"{name}: {value}\r\n" for name, value in caller.headers.items())
    with socket.create_connection((str(where.hostname), int(where.port or 0)), timeout=20) as connection:
        connection.sendall(f"{head}{fields}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    first, _, rest = answer.partition(b"\r\n\r\n")
    return first, rest


def test_length_and_chunked_come_together(caller: Caller) -> None:
    caller.sandbox.set_habits("framing=both")
    head, body = read_raw(caller)
    assert b"Content-Length: 25" in head
    assert b"Transfer-Encoding: chunked" in head
    assert body == b'19\r\n{"status":true,"data":[]}\r\n0\r\n\r\n'
    assert caller.list_records().json() == {"status": True, "data": []}


def test_the_length_comes_twice(caller: Caller) -> None:
    caller.sandbox.set_habits("framing=doubled")
    head, body = read_raw(caller)
    assert head.count(b"Content-Length: 25") == 2
    assert body == b'{"status":true,"data":[]}'


def test_bytes_come_after_the_end(caller: Caller) -> None:
    caller.sandbox.set_habits("framing=trailing")
    head, body = read_raw(caller)
    assert b"Connection: close" in head
    assert body.startswith(b'{"status":true,"data":[]}')
    assert body.endswith(b"-->")
    assert caller.list_records().json() == {"status": True, "data": []}


def test_a_frame_is_laid_around_errors_too(caller: Caller) -> None:
    caller.sandbox.set_habits("framing=doubled")
    caller.session_id = "x"
    head, _ = read_raw(caller)
    assert head.startswith(b"HTTP/1.1 401 Unauthorized\r\n")
