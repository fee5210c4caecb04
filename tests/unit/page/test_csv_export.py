"""The download: read by Excel as it is set up in Turkey, and never run by it."""

from __future__ import annotations

import csv
import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oduyo_provider.core.language import use_language
from oduyo_provider.core.record import SPECIAL_CODE
from oduyo_provider.page.csv_export import neutralise_cell, write_csv
from oduyo_provider.sync.staging.change_lines import ChangeLine


def read(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline=""), delimiter=";"))


def test_turkish_letters_semicolons_and_line_breaks_come_back() -> None:
    entry = ChangeLine(
        "updated",
        "update",
        "7",
        "12",
        "ŞUBE;1",
        fields=[("description", 'İĞ "a"\r\nb', "ığ;ç"), ("code", "x", "ŞUBE;1")],
    )
    data = b"".join(write_csv([entry], SPECIAL_CODE))
    assert data.startswith(b"\xef\xbb\xbf")
    (line,) = read(data)
    assert line["description before"] == 'İĞ "a"\r\nb'
    assert line["description after"] == "ığ;ç"
    assert (line["outcome"], line["code"], line["code before"], line["changed"]) == (
        "updated",
        "ŞUBE;1",
        "x",
        "description, code",
    )


def test_a_program_reads_english_and_utc_in_every_language() -> None:
    with use_language("tr"):
        stale = ChangeLine("stale", "update", "1", reason="record is gone", at=1_767_225_600.0)
        (line,) = read(b"".join(write_csv([stale], SPECIAL_CODE)))
    told = [line[name] for name in ("outcome", "action", "reason", "at")]
    assert told == ["stale", "update", "record is gone", "2026-01-01T00:00:00+00:00"]


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
def test_a_cell_that_begins_like_a_formula_gets_an_apostrophe(sign: str) -> None:
    text = f"{sign}cmd|'/c calc'!A0"
    assert neutralise_cell(text) == f"'{text}"
    entry = ChangeLine(
        "refused", integration_id=text, code=text, fields=[("space1", text, text)], reason=text, answer=text
    )
    (line,) = read(b"".join(write_csv([entry], SPECIAL_CODE)))
    cells = [line[name] for name in ("integration_id", "code", "space1 before", "space1 after", "reason", "answer")]
    assert cells == [f"'{text}"] * 6


def test_a_nul_is_shown_and_not_written() -> None:
    data = b"".join(write_csv([ChangeLine("failed", code="A\0B", reason="\0")], SPECIAL_CODE))
    assert b"\0" not in data
    (line,) = read(data)
    assert (line["code"], line["reason"]) == ("A␀B", "␀")


@pytest.mark.parametrize("text", ["", "a=b", "7", " =1", "'x", "-3.2500", "-7"])
def test_other_cells_stay_as_they_are_negative_numbers_too(text: str) -> None:
    assert neutralise_cell(text) == text


@pytest.mark.parametrize(
    "text", ["-", "-3.", "-.5", "-3-2", "-3.2\n", "-2+cmd|' /C calc'!A0", "--1", "+3", "-٣", "-1e5"]
)
def test_what_only_begins_like_a_negative_number_is_none(text: str) -> None:
    assert neutralise_cell(text) == f"'{text}"


@given(st.text(), st.text())
def test_no_cell_of_any_text_begins_like_a_formula(code: str, reason: str) -> None:
    data = b"".join(write_csv([ChangeLine("failed", code=code, reason=reason)], SPECIAL_CODE))
    for line in csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), delimiter=";"):
        formulas = [cell for cell in line if cell[:1] in ("=", "+", "-", "@", "\t", "\r", "\n")]
        assert not [cell for cell in formulas if not re.fullmatch(r"-[0-9]+(\.[0-9]+)?", cell)]


def test_many_lines_come_in_pieces() -> None:
    pieces = list(write_csv((ChangeLine("created", integration_id=str(n)) for n in range(1_200)), SPECIAL_CODE))
    assert len(pieces) == 3
    assert [line["integration_id"] for line in read(b"".join(pieces))] == [str(n) for n in range(1_200)]
