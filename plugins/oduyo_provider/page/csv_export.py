"""Writes the table as CSV, for Excel with Turkish settings.

The file is UTF-8 with a byte order mark: without the mark Excel assumes another encoding and garbles Turkish
letters. The separator is the semicolon, which Excel expects where the comma is the decimal sign. Each change
is one line, each field two columns. As programs read the file too, it is always English and its times are UTC.

Excel runs a cell that begins like a formula, and anybody who may write into the ERP could put one there. So
such a cell gets an apostrophe in front (https://owasp.org/www-community/attacks/CSV_Injection). Negative
numbers stay as they are.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timezone

from oduyo_provider.core.record import Resource
from oduyo_provider.page.cells import list_cells
from oduyo_provider.page.labels import LABELS
from oduyo_provider.sync.staging.change_lines import ChangeLine

SEPARATOR = ";"
BYTE_ORDER_MARK = "\ufeff"

#: First characters that make a cell a formula, also in full width. Some programs skip a tab or line break
#: before them.
_FORMULA_SIGNS = frozenset("=+-@\t\r\n＝＋－＠")
_is_negative = re.compile(r"-[0-9]+(\.[0-9]+)?").fullmatch
_HEAD = ("outcome", "action", "integration_id", "oduyo_id", "code", "changed", "reason", "answer", "stored", "at")

#: Lines that are sent together.
_CHUNK_LINES = 500


def write_csv(lines: Iterable[ChangeLine], resource: Resource) -> Iterator[bytes]:
    """The file in pieces, so that only one piece is in memory."""
    names = [name for name in resource.field_names if name not in _HEAD]
    columns = [*_HEAD, *(f"{name} {side}" for name in ("code", *names) for side in ("before", "after"))]
    buffer = io.StringIO()
    buffer.write(BYTE_ORDER_MARK)
    writer = csv.writer(buffer, delimiter=SEPARATOR, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(columns)
    for number, line in enumerate(lines, 1):
        at = datetime.fromtimestamp(line.at, timezone.utc).isoformat(timespec="seconds") if line.at else ""
        outcome = LABELS.get(line.outcome, line.outcome)
        cells = list_cells(line, ["code", *names], outcome=outcome, action=line.action, reason=line.reason, at=at)
        writer.writerow([neutralise_cell(cell) for cell in cells])
        if number % _CHUNK_LINES == 0:
            yield buffer.getvalue().encode()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue().encode()


def neutralise_cell(text: str) -> str:
    """Change a text so that no spreadsheet takes it for a formula.

    A NUL becomes a visible sign, as some programs take it for the end of the file.
    """
    text = text.replace("\0", "␀")
    return f"'{text}" if text[:1] in _FORMULA_SIGNS and text and not _is_negative(text) else text
