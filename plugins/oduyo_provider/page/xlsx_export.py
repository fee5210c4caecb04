"""Writes the table as an Excel workbook. Every cell is text: ids, leading zeros and ``1E5`` stay as they are.

No cell is written as a formula, so a text that begins like one is safe. The workbook is made in a temporary
folder with one row in memory at a time, then sent from there.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from oduyo_provider.core.field_labels import name_field
from oduyo_provider.core.language import gettext
from oduyo_provider.core.record import Resource
from oduyo_provider.page.cells import list_cells
from oduyo_provider.page.labels import label
from oduyo_provider.sync.staging.change_lines import ChangeLine

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

UTC = ZoneInfo("UTC")

#: Limits of Excel: rows of a sheet, including the head, and characters of a cell.
MAX_ROWS, MAX_TEXT = 1_048_576, 32_767

_WIDTHS = {0: 16, 1: 14, 2: 18, 3: 14, 4: 22, 5: 30, 6: 40}
_OTHER_WIDTH = 20
_CHUNK_BYTES = 1 << 16


def read_zone(name: str) -> ZoneInfo:
    """The time zone of this name; UTC if this machine does not know it."""
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, ZoneInfoNotFoundError):
        return UTC


def write_xlsx(
    lines: Iterable[ChangeLine],
    to_mend: Iterable[ChangeLine],
    resource: Resource,
    zone: ZoneInfo = UTC,
) -> Iterator[bytes]:
    """The file in pieces. Taking the first makes the whole file, in the language that is set then.

    :param lines: of the first sheet.
    :param to_mend: of the second: what was rejected or refused.
    :param zone: time zone of the reader, for the times.
    """
    names = [name for name in resource.field_names if name != "integration_id"]
    heads = {name: name_field(resource, name) for name in ("integration_id", "id", "code", *names)}
    with tempfile.TemporaryDirectory(prefix="oduyo-") as folder:
        place = Path(folder) / "changes"
        workbook = xlsxwriter.Workbook(str(place), {"constant_memory": True, "tmpdir": folder})
        changes = _Sheet(workbook, gettext("Changes"), _list_change_head(heads, names, zone))
        changes.write(_list_change_cells(line, names, zone) for line in lines)
        mend = _Sheet(workbook, gettext("To be mended in the ERP"), _list_mend_head(heads, names))
        mend.write(_list_mend_cells(line, names) for line in to_mend)
        workbook.close()
        with place.open("rb") as file:
            while chunk := file.read(_CHUNK_BYTES):
                yield chunk


class _PlainWorksheet(Worksheet):  # type: ignore[misc]  # xlsxwriter has no types
    """A worksheet that escapes every text.

    xlsxwriter itself takes a text from ``<r>`` to ``</r>`` for its own XML and writes it unescaped.
    """

    def _xml_rich_inline_string(self, string: str, attributes: Sequence[tuple[str, object]] = ()) -> None:
        self._xml_inline_string(string, preserve=False, attributes=attributes)


class _Sheet:
    """A sheet with a head that stays in sight and has filters. Rows that do not fit go to further sheets."""

    def __init__(self, workbook: Workbook, title: str, head: Sequence[str]) -> None:
        self._workbook = workbook
        self._title = title
        self._head = head
        self._text: Format = workbook.add_format({"num_format": "@", "valign": "top"})
        self._bold: Format = workbook.add_format({"num_format": "@", "bold": True, "bottom": 1})
        self._sheets = 0

    def write(self, rows: Iterable[Iterable[str]]) -> None:
        """Write all rows."""
        sheet, last = self._begin(), 0
        for cells in rows:
            if last == MAX_ROWS - 1:
                self._end(sheet, last)
                sheet, last = self._begin(), 0
            last += 1
            _write_row(sheet, last, cells, self._text)
        self._end(sheet, last)

    def _begin(self) -> Worksheet:
        self._sheets += 1
        title = self._title if self._sheets == 1 else f"{self._title[:26]} {self._sheets}"
        sheet: Worksheet = self._workbook.add_worksheet(title, _PlainWorksheet)
        sheet.freeze_panes(1, 0)
        for column in range(len(self._head)):
            sheet.set_column(column, column, _WIDTHS.get(column, _OTHER_WIDTH), self._text)
        _write_row(sheet, 0, self._head, self._bold)
        return sheet

    def _end(self, sheet: Worksheet, last: int) -> None:
        columns = len(self._head) - 1
        sheet.autofilter(0, 0, last, columns)
        sheet.ignore_errors({"number_stored_as_text": f"A1:{xlsxwriter.utility.xl_rowcol_to_cell(last, columns)}"})


def _write_row(sheet: Worksheet, row: int, cells: Iterable[str], style: Format) -> None:
    for column, text in enumerate(cells):
        if text:
            sheet.write_string(row, column, text[:MAX_TEXT], style)


def _list_change_cells(line: ChangeLine, names: Sequence[str], zone: ZoneInfo) -> Iterator[str]:
    at = f"{datetime.fromtimestamp(line.at, zone):%Y-%m-%d %H:%M:%S}" if line.at else ""
    action, reason = gettext(line.action), gettext(line.reason)
    return list_cells(line, names, outcome=label(line.outcome), action=action, reason=reason, at=at)


def _list_change_head(heads: Mapping[str, str], names: Sequence[str], zone: ZoneInfo) -> list[str]:
    """The columns of the first sheet.

    :param heads: name of a field → how a head shows it.
    """
    head = [gettext("Outcome"), gettext("Action"), heads["integration_id"], heads["id"], heads["code"]]
    head += [
        gettext("Changed fields"),
        gettext("Reason"),
        gettext("Details"),
        gettext("Stored otherwise"),
        gettext("Time (%(zone)s)", zone=zone.key),
    ]
    for name in names:
        head += [gettext("%(field)s before", field=heads[name]), gettext("%(field)s after", field=heads[name])]
    return head


def _list_mend_head(heads: Mapping[str, str], names: Sequence[str]) -> list[str]:
    head = [gettext("Outcome"), gettext("Since"), heads["integration_id"], heads["id"], heads["code"]]
    return [*head, gettext("Reason"), gettext("Details"), *(heads[name] for name in names)]


def _list_mend_cells(line: ChangeLine, names: Sequence[str]) -> Iterator[str]:
    since = gettext("known before") if line.is_known else gettext("new")
    yield from (label(line.outcome), since, line.integration_id, line.oduyo_id, line.code)
    yield from (gettext(line.reason), line.answer)
    values = {name: after for name, _, after in line.fields}
    for name in names:
        yield values.get(name) or ""
