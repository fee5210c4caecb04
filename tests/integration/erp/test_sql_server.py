"""The ERP's query on SQL Server, through the real drivers and a server on the wire: pymssql, and ODBC with FreeTDS."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from oduyo_provider.core.errors import OduyoError, SourceError, SourceUnavailableError
from oduyo_provider.core.normalise import Normaliser
from oduyo_provider.core.record import SPECIAL_CODE
from oduyo_provider.core.values.text import compute_match_key
from oduyo_provider.erp.query import fetch_rows
from oduyo_provider.erp.waiting import WaitLimits
from tests.conftest import ROOT
from tests.tds import tokens
from tests.tds.column_types import BIT, GUID, INT, NVARCHAR, VARBINARY
from tests.tds.hooks import PASSWORD, OdbcHook, make_mssql_hook
from tests.tds.server import Answer, Fault, TdsServer

COLUMNS = (("integration_id", INT), ("code", NVARCHAR))
HEAD = tokens.make_columns(COLUMNS) + b"".join(tokens.make_row(COLUMNS, (n, f"K{n}")) for n in range(100))

OpenHook = Callable[[int], Any]


@pytest.fixture(params=["pymssql", "odbc"])
def open_hook(request: pytest.FixtureRequest) -> OpenHook:
    """A hook on the server at a port, with either driver."""
    return make_mssql_hook if request.param == "pymssql" else open_odbc


def open_odbc(port: int) -> OdbcHook:
    """A hook over ODBC; the test is skipped where that is not installed."""
    try:
        return OdbcHook(port)
    except ImportError as error:
        pytest.skip(f"{error}. Install it (Debian: apt-get install unixodbc tdsodbc)")


def read(hook: Any, query: str = "SELECT 1", **options: Any) -> list[dict[str, object]]:
    with fetch_rows(hook, query, resource=SPECIAL_CODE, query_name="q.sql", **options) as rows:
        return [row for batch in rows for row in batch]


def fail(open_hook: OpenHook, answer: Iterable[bytes | Fault]) -> OduyoError:
    """The error that reading ends in."""
    with TdsServer(lambda _sql: answer) as server, pytest.raises(OduyoError) as caught:
        read(open_hook(server.port))
    return caught.value


def make_failure(number: int, text: str, severity: int = 16) -> bytes:
    return tokens.make_error(number, text, severity) + tokens.make_done(failed=True)


def read_alone(answer: Answer | None) -> tuple[str, str]:
    """What a login comes to, in a process of its own; without an answer the connection names no port."""
    with TdsServer(lambda _sql: [tokens.make_result(COLUMNS, [(1, "a")])], answer) as server:
        port = "0" if answer is None else str(server.port)
        command = [sys.executable, "-m", "tests.tds.read_alone", port]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    error, text = json.loads(done.stdout.splitlines()[-1])
    assert PASSWORD not in done.stdout + done.stderr
    return error, text


def test_rows_arrive(open_hook: OpenHook) -> None:
    with TdsServer(lambda _sql: [tokens.make_result(COLUMNS, [(1, "BAYİ"), (2, None)])]) as server:
        found = read(open_hook(server.port), "SELECT LOGICALREF AS integration_id, SPECODE AS code FROM dbo.X;\nGO\n")
        assert found == [{"integration_id": 1, "code": "BAYİ"}, {"integration_id": 2, "code": None}]
        assert server.batches[-1] == "SELECT LOGICALREF AS integration_id, SPECODE AS code FROM dbo.X"


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param([HEAD, Fault.CLOSE], id="closed while reading (20017)"),
        pytest.param([HEAD, Fault.RESET], id="reset while reading"),
        pytest.param([Fault.RESET], id="reset while asking (20047)"),
        pytest.param([HEAD, make_failure(1205, "Kilitlenme kurbanı seçildi.", 13)], id="deadlock while reading"),
        pytest.param([make_failure(1205, "Kilitlenme kurbanı seçildi.", 13)], id="deadlock while asking"),
        pytest.param([make_failure(1222, "Kilit isteği zaman aşımı.")], id="lock time-out"),
        pytest.param([make_failure(40501, "The service is currently busy.", 20)], id="Azure is busy"),
        pytest.param([make_failure(601, "Could not continue scan with NOLOCK.", 12)], id="NOLOCK"),
        pytest.param([HEAD, tokens.make_error(596, "Kill state.", 21), Fault.CLOSE], id="killed"),
        pytest.param([HEAD, tokens.make_error(6005, "SHUTDOWN is in progress.", 14), Fault.CLOSE], id="shut down"),
        pytest.param([HEAD, make_failure(50123, "Bilinmeyen.")], id="an unknown error while reading"),
    ],
)
def test_c1_what_passes_by_itself_is_tried_again(open_hook: OpenHook, answer: Answer) -> None:
    error = fail(open_hook, answer)
    assert isinstance(error, SourceUnavailableError)
    assert "isfinite" not in str(error)


@pytest.mark.parametrize(
    ("answer", "advice"),
    [
        ([make_failure(208, "Geçersiz nesne adı 'dbo.X'.")], "There is no such table"),
        ([make_failure(102, "Incorrect syntax near 'FORM'.", 15)], "in an SQL client"),
        ([make_failure(50123, "Bilinmeyen.")], "in an SQL client"),
        ([HEAD, make_failure(8134, "Sıfıra bölme.")], "cast the column to text"),
        ([HEAD, make_failure(245, "nvarchar 'A' int'e dönüştürülemedi.")], "cast the column to text"),
    ],
)
def test_c1_what_a_person_has_to_change_stops(open_hook: OpenHook, answer: Answer, advice: str) -> None:
    error = fail(open_hook, answer)
    assert isinstance(error, SourceError)
    assert advice in str(error)
    assert "isfinite" not in str(error)


def take(hook: Any, ids: list[object]) -> None:
    """Add the ids of the rows as they come, two at a time."""
    with fetch_rows(hook, "SELECT 1", resource=SPECIAL_CODE, batch_rows=2) as rows:
        for batch in rows:
            ids += [row["integration_id"] for row in batch]


@pytest.mark.parametrize("first", [1, 2, 4])
@pytest.mark.parametrize("second", [[], [(9, "x")]])
def test_c2_a_second_result_is_an_error_and_never_read_as_the_first_one_s_rows(
    open_hook: OpenHook, first: int, second: list[tuple[int, str]]
) -> None:
    rows = [(n, f"K{n}") for n in range(first)]
    answer = tokens.make_result(COLUMNS, rows, more=True) + tokens.make_result(COLUMNS, second)
    taken: list[object] = []
    with TdsServer(lambda _sql: [answer]) as server, pytest.raises(SourceError, match="More than one result"):
        take(open_hook(server.port), taken)
    assert taken == [n for n, _ in rows]


def test_c2_statements_around_the_select_are_passed_over(open_hook: OpenHook) -> None:
    answer = tokens.make_done(more=True) + tokens.make_result(COLUMNS, [(1, "a")], more=True) + tokens.make_done()
    with TdsServer(lambda _sql: [answer]) as server:
        assert read(open_hook(server.port), "DECLARE @f int = 21; SELECT 1; SET NOCOUNT OFF", batch_rows=1) == [
            {"integration_id": 1, "code": "a"}
        ]


def test_c3_the_database_is_told_how_long_to_wait_for_a_lock(open_hook: OpenHook) -> None:
    with TdsServer(lambda _sql: [tokens.make_result(COLUMNS, [])]) as server:
        read(open_hook(server.port), limits=WaitLimits(lock_s=45))
        assert "SET LOCK_TIMEOUT 45000" in server.batches


def test_c3_a_server_that_gives_no_answer_is_given_up_and_the_log_says_that_it_waits(
    open_hook: OpenHook, caplog: pytest.LogCaptureFixture
) -> None:
    limits = WaitLimits(say_s=0.1, answer_s=0.3, close_s=0.1)
    caplog.set_level(logging.INFO, "oduyo_provider.erp")
    with (
        TdsServer(lambda _sql: [Fault.HANG]) as server,
        pytest.raises(SourceUnavailableError, match=r"gave no answer to q\.sql"),
    ):
        read(open_hook(server.port), limits=limits)
    told = [record.getMessage() for record in caplog.records]
    assert told[0] == "Asking the ERP's database for the rows of q.sql"
    assert len([text for text in told if text.startswith("Still waiting for the ERP's database to answer q.sql")]) == 3


def test_c3_a_server_that_does_not_answer_the_login_is_given_up(open_hook: OpenHook) -> None:
    limits = WaitLimits(answer_s=0.2, close_s=0.1)
    with (
        TdsServer(lambda _sql: [], [Fault.HANG]) as server,
        pytest.raises(SourceUnavailableError, match=r"gave no answer to q\.sql"),
    ):
        read(open_hook(server.port), limits=limits)


def test_c3_no_thread_is_left_when_the_rows_have_been_read(open_hook: OpenHook) -> None:
    with TdsServer(lambda _sql: [tokens.make_result(COLUMNS, [])]) as server:
        before = set(threading.enumerate())
        read(open_hook(server.port))
        assert "erp-driver" not in {thread.name for thread in set(threading.enumerate()) - before}


def test_c7_the_database_s_own_words_are_read(open_hook: OpenHook) -> None:
    error = fail(open_hook, [make_failure(208, "Geçersiz nesne adı 'dbo.ŞUBE_ığ'.")])
    assert "Geçersiz nesne adı 'dbo.ŞUBE_ığ'" in str(error)
    assert "DB-Lib" not in str(error)
    assert "General SQL Server error" not in str(error)


@pytest.mark.parametrize(
    ("number", "text", "severity"),
    [
        (18456, "'oduyo' kullanıcısı için oturum açma başarısız oldu.", 14),
        (18456, "Login failed for user 'oduyo'.", 14),
        (18486, "Login failed for user 'oduyo' because the account is currently locked out.", 14),
        (18487, "Login failed for user 'oduyo'. Reason: The password of the account has expired.", 14),
    ],
)
def test_c8_a_refused_login_is_not_tried_again_in_any_language(number: int, text: str, severity: int) -> None:
    error, said = read_alone([make_failure(number, text, severity)])
    assert error == "SourceError"
    assert text.rstrip(".") in said
    assert "could lock the user" in said


@pytest.mark.parametrize(
    ("answer", "error", "said"),
    [
        (
            [make_failure(4060, 'Oturum açma tarafından istenen "LOGODB" veritabanı açılamıyor.', 11)],
            "SourceError",
            "Correct the database's name",
        ),
        ([make_failure(18401, "Server is in script upgrade mode.", 14)], "SourceUnavailableError", "upgrade mode"),
        ([make_failure(40613, "Database 'X' is not currently available.", 17)], "SourceUnavailableError", "available"),
        ([Fault.CLOSE], "SourceUnavailableError", "Unexpected EOF"),
        (None, "SourceError", "names no port: give it one, 1433"),
    ],
)
def test_c8_a_login_that_fails_otherwise_says_what_to_do(answer: Answer | None, error: str, said: str) -> None:
    found, text = read_alone(answer)
    assert found == error
    assert said in text


def test_c8_a_refused_login_over_odbc_is_not_tried_again() -> None:
    text = "'oduyo' kullanıcısı için oturum açma başarısız oldu."
    with TdsServer(lambda _sql: [], [make_failure(18456, text, 14)]) as server, pytest.raises(SourceError, match=text):
        read(open_odbc(server.port))


def test_c8_no_right_on_a_table_names_the_grant(open_hook: OpenHook) -> None:
    error = fail(open_hook, [make_failure(229, "'LG_021_SPECODES' nesnesinde SELECT izni reddedildi.", 14)])
    assert isinstance(error, SourceError)
    assert "GRANT SELECT" in str(error)


def test_c9_bytes_are_no_id(open_hook: OpenHook) -> None:
    columns = (("integration_id", VARBINARY), ("code", NVARCHAR), ("status", BIT))
    with TdsServer(lambda _sql: [tokens.make_result(columns, [(b"A", "x", 0), (b"A\x00", "y", 1)])]) as server:
        rows = [Normaliser(SPECIAL_CODE).row(row) for row in read(open_hook(server.port))]
    assert [[fault.code for fault in row.faults] for row in rows] == [["integration_id: binary"]] * 2


def test_half_a_character_costs_its_own_row_over_odbc() -> None:
    texts = ["BAYİ", "b\ud83dc", "😀", "", None]
    with TdsServer(lambda _sql: [tokens.make_result(COLUMNS, list(enumerate(texts)))]) as server:
        found = read(open_odbc(server.port))
    assert [row["code"] for row in found] == texts
    done = [Normaliser(SPECIAL_CODE).row(row) for row in found[:3]]
    assert [row.payload and row.payload["code"] for row in done] == ["BAYİ", None, "😀"]
    assert [fault.code for fault in done[1].faults] == ["code: not_encodable"]


def test_c11_a_guid_has_one_match_key_whatever_the_driver_makes_of_it(open_hook: OpenHook) -> None:
    columns = (("integration_id", GUID), ("code", NVARCHAR))
    guid = "6f9619ff-8b86-d011-b42d-00c04fc964ff"
    with TdsServer(lambda _sql: [tokens.make_result(columns, [(guid, "x")])]) as server:
        (row,) = read(open_hook(server.port))
    text = Normaliser(SPECIAL_CODE).integration_id(row["integration_id"])
    assert text is not None
    assert compute_match_key(text) == guid
