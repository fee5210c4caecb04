"""The test server speaks TDS well enough for FreeTDS: what a test gives it arrives, faults included."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pymssql
import pytest

from tests.tds import tokens
from tests.tds.column_types import BIT, GUID, INT, NVARCHAR, VARBINARY, ColumnType, make_numeric
from tests.tds.server import Answer, Fault, TdsServer

COLUMNS = (("integration_id", INT), ("code", NVARCHAR))


def ask(answer: Callable[[str], Answer], **options: Any) -> Any:
    """A cursor that has asked; its connection is closed with the server."""
    server = TdsServer(answer)
    with server, pymssql.connect(server="127.0.0.1", port=str(server.port), user="a", password="b", **options) as found:
        cursor = found.cursor()
        cursor.execute("SELECT 1")
        return [cursor.fetchall(), cursor.description, server.batches]


@pytest.mark.parametrize(
    ("kind", "value", "read"),
    [
        (INT, -7, -7),
        (INT, None, None),
        (BIT, 1, True),
        (NVARCHAR, "BAYİ IĞDIR ş", "BAYİ IĞDIR ş"),
        (NVARCHAR, None, None),
        (VARBINARY, b"A\x00", b"A\x00"),
        (GUID, "6F9619FF-8B86-D011-B42D-00C04FC964FF", UUID("6f9619ff-8b86-d011-b42d-00c04fc964ff")),
        (make_numeric(18, 4), "-12345.6789", "-12345.6789"),
    ],
)
def test_a_value_arrives(kind: ColumnType, value: object, read: object) -> None:
    columns = (("a", kind),)
    ((found,),), _, _ = ask(lambda _sql: [tokens.make_result(columns, [(value,)])])
    assert (str(found) if isinstance(read, str) else found) == read


def test_names_and_batches_arrive_and_an_answer_may_be_longer_than_a_packet() -> None:
    rows = [(number, "x" * 90) for number in range(200)]
    found, description, batches = ask(lambda _sql: [tokens.make_result(COLUMNS, rows)])
    assert found == rows
    assert [column[0] for column in description] == ["integration_id", "code"]
    assert batches[-1] == "SELECT 1"


def test_an_error_has_its_number_and_text() -> None:
    answer = [tokens.make_error(208, "Geçersiz nesne adı 'X'."), tokens.make_done(failed=True)]
    with pytest.raises(pymssql.ProgrammingError) as caught:
        ask(lambda _sql: answer)
    assert caught.value.args[0] == 208
    assert caught.value.args[1].decode().startswith("Geçersiz nesne adı 'X'.")


@pytest.mark.parametrize(("fault", "number"), [(Fault.CLOSE, 20017), (Fault.RESET, 20047)])
def test_a_fault_ends_the_connection(fault: Fault, number: int) -> None:
    with pytest.raises(pymssql.OperationalError) as caught:
        ask(lambda _sql: [fault])
    assert caught.value.args[0] in {number, 20017, 20047, 20004}


def test_a_server_that_hangs_lets_the_client_wait() -> None:
    with pytest.raises(pymssql.OperationalError, match="timed out"):
        ask(lambda _sql: [tokens.make_columns(COLUMNS), Fault.HANG], timeout=1)
