"""The workbook: every cell is the text that it was, and none is a formula."""

from __future__ import annotations

import io
import re
import tracemalloc
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from oduyo_provider.core.language import use_language
from oduyo_provider.core.record import SPECIAL_CODE
from oduyo_provider.page import xlsx_export
from oduyo_provider.page.xlsx_export import read_zone, write_xlsx
from oduyo_provider.sync.staging.change_lines import ChangeLine

_NAMES = {"m": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}

Rows = list[dict[str, str]]


def open_workbook(
    lines: list[ChangeLine], to_mend: list[ChangeLine] | None = None, language: str = "en"
) -> zipfile.ZipFile:
    with use_language(language):
        data = b"".join(write_xlsx(lines, to_mend or [], SPECIAL_CODE))
    return zipfile.ZipFile(io.BytesIO(data))


def read_sheet(book: zipfile.ZipFile, number: int) -> Rows:
    """The rows of a sheet, each by the heads of its columns; fails when a cell is anything but text."""
    sheet = ET.fromstring(book.read(f"xl/worksheets/sheet{number}.xml"))  # noqa: S314  this test wrote it
    rows = []
    for row in sheet.findall(".//m:row", _NAMES):
        cells = {}
        for cell in row.findall("m:c", _NAMES):
            assert cell.get("t") == "inlineStr" or cell.find("m:v", _NAMES) is None, ET.tostring(cell)
            assert cell.find("m:f", _NAMES) is None
            column = re.sub(r"\d", "", cell.get("r") or "")
            cells[column] = "".join(text.text or "" for text in cell.findall(".//m:t", _NAMES))
        rows.append(cells)
    head, *rest = rows
    return [{head[column]: text for column, text in row.items() if text} for row in rest]


def name_sheets(book: zipfile.ZipFile) -> list[str | None]:
    return [sheet.get("name") for sheet in ET.fromstring(book.read("xl/workbook.xml")).iter(f"{{{_NAMES['m']}}}sheet")]  # noqa: S314  this test wrote it


@pytest.mark.parametrize(
    "text",
    [
        "00012",
        "1E5",
        "9223372036854775807",
        "=1+1",
        "+905321234567",
        "-5",
        "@SUM(A1)",
        "TRUE",
        "1,5",
        "http://a.b/c",
        "{=1}",
    ],
)
def test_a_text_stays_the_text_that_it_was(text: str) -> None:
    line = ChangeLine("updated", "update", text, "12", text, fields=[("code", text, text)], reason=text, answer=text)
    (row,) = read_sheet(open_workbook([line]), 1)
    names = ("integration_id · ERP id", "code", "Reason", "Details", "code before", "code after")
    assert [row[name] for name in names] == [text] * 6


@pytest.mark.parametrize(
    "text",
    [
        "<r>a & b</r>",
        "<r><t>x</t></r>",
        '<r><t>x</t></r></is></c><c r="W2"><f>HYPERLINK("http://a.b/?"&amp;E2)</f></c><c r="X2" t="inlineStr"><is><r><t>y</t></r>',
    ],
)
def test_a_text_that_is_markup_stays_a_text_in_its_own_cell(text: str) -> None:
    line = ChangeLine("created", "create", "1", code=text, fields=[("description", None, text)], answer=text)
    book = open_workbook([line], [line])
    (row,) = read_sheet(book, 1)
    assert (row["code"], row["description after"], row["Details"]) == (text, text, text)
    (mend,) = read_sheet(book, 2)
    assert (mend["code"], mend["description"], mend["Details"]) == (text, text, text)


def test_turkish_letters_line_breaks_and_quotes_come_back() -> None:
    line = ChangeLine("created", "create", "1", code='ŞUBE "İĞ"', fields=[("description", None, "a\nb <c> & d")])
    (row,) = read_sheet(open_workbook([line]), 1)
    assert (row["code"], row["description after"]) == ('ŞUBE "İĞ"', "a\nb <c> & d")


def test_rows_to_mend_stand_on_a_sheet_of_their_own() -> None:
    rejected = ChangeLine(
        "rejected", "", "9", code="K", fields=[("status", None, "X")], reason="status: unknown_status", is_known=True
    )
    book = open_workbook([ChangeLine("created", "create", "1")], [rejected])
    assert name_sheets(book) == ["Changes", "To be mended in the ERP"]
    (row,) = read_sheet(book, 2)
    assert (row["integration_id · ERP id"], row["Reason"], row["Since"], row["status"]) == (
        "9",
        "status: unknown_status",
        "known before",
        "X",
    )


def test_the_head_stays_in_sight_and_every_column_can_be_filtered() -> None:
    lines = [ChangeLine("created", "create", str(number)) for number in range(3)]
    sheet = open_workbook(lines).read("xl/worksheets/sheet1.xml").decode()
    assert '<pane ySplit="1"' in sheet
    assert 'state="frozen"' in sheet
    assert re.search(r'<autoFilter ref="A1:[A-Z]+4"', sheet)
    assert "numberStoredAsText" in sheet


def test_the_heads_are_in_the_reader_s_language() -> None:
    (row,) = read_sheet(open_workbook([ChangeLine("created", "create", "1")], language="tr"), 1)
    assert row["integration_id · ERP kimliği"] == "1"


def test_words_and_times_are_the_reader_s() -> None:
    line = ChangeLine("stale", "update", "1", reason="record is gone", at=1_767_225_600.0)
    with use_language("tr"):
        data = b"".join(write_xlsx([line], [line], SPECIAL_CODE, ZoneInfo("Europe/Istanbul")))
    book = zipfile.ZipFile(io.BytesIO(data))
    ((row,), (mend,)) = read_sheet(book, 1), read_sheet(book, 2)
    assert (row["Sonuç"], row["İşlem"], row["Neden"]) == ("eskimiş", "güncelleme", "kayıt artık yok")
    assert row["Zaman (Europe/Istanbul)"] == "2026-01-01 03:00:00"
    assert mend["Neden"] == "kayıt artık yok"


def test_a_head_has_the_api_s_name_of_a_field_and_people_s() -> None:
    line = ChangeLine("updated", "update", "1", "7", fields=[("key1", "21", "22"), ("space1", "a", "b")])
    rejected = ChangeLine("rejected", "", "2", fields=[("key2", None, "1")])
    book = open_workbook([line], [rejected])
    ((changed,), (mend,)) = read_sheet(book, 1), read_sheet(book, 2)
    assert (changed["key1 · firm before"], changed["key1 · firm after"], changed["space1 after"]) == ("21", "22", "b")
    assert (changed["id · Ödüyo id"], mend["key2 · period"]) == ("7", "1")


def test_what_does_not_fit_on_a_sheet_goes_on_in_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlsx_export, "MAX_ROWS", 3)
    book = open_workbook([ChangeLine("created", "create", str(number)) for number in range(5)])
    assert name_sheets(book)[:3] == ["Changes", "Changes 2", "Changes 3"]
    assert [row["integration_id · ERP id"] for number in (1, 2, 3) for row in read_sheet(book, number)] == list("01234")


def test_a_cell_of_any_length_can_be_opened() -> None:
    (row,) = read_sheet(open_workbook([ChangeLine("failed", "create", "1", answer="x" * 40_000)]), 1)
    assert len(row["Details"]) == xlsx_export.MAX_TEXT


def test_memory_does_not_grow_with_the_rows() -> None:
    def make(count: int) -> Iterator[ChangeLine]:
        return (ChangeLine("created", "create", str(number), code=f"KOD.{number}") for number in range(count))

    def measure(count: int) -> int:
        tracemalloc.start()
        try:
            for _ in write_xlsx(make(count), [], SPECIAL_CODE):
                pass
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    measure(10)
    assert measure(8_000) < 1.5 * measure(1_000) + 200_000


def test_nothing_is_left_in_the_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    pieces = write_xlsx([ChangeLine("created", "create", "1")], [], SPECIAL_CODE)
    next(pieces)
    assert list(tmp_path.iterdir())
    pieces.close()  # type: ignore[attr-defined]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["", "Nowhere", "Europe", "../etc/passwd", "/etc/localtime", "a\0b"])
def test_a_time_zone_that_there_is_not_is_utc(name: str) -> None:
    assert read_zone(name).key == "UTC"
    assert read_zone("Europe/Istanbul").key == "Europe/Istanbul"
