"""The tokens of a TDS answer: columns, rows, errors, and the end of a result.

Source: [MS-TDS], 2.2.7, https://learn.microsoft.com/openspecs/windows_protocols/ms-tds
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any

from tests.tds.column_types import TURKISH, ColumnType

Columns = Sequence[tuple[str, ColumnType]]

_MORE, _ERROR, _COUNT, _ATTENTION = 0x01, 0x02, 0x10, 0x20


def make_columns(columns: Columns) -> bytes:
    """COLMETADATA."""
    described = (struct.pack("<IH", 0, 9) + kind.info + _short(name) for name, kind in columns)
    return b"\x81" + struct.pack("<H", len(columns)) + b"".join(described)


def make_row(columns: Columns, values: Sequence[Any]) -> bytes:
    """ROW."""
    return b"\xd1" + b"".join(kind.encode(value) for (_, kind), value in zip(columns, values, strict=True))


def make_done(rows: int | None = None, *, more: bool = False, failed: bool = False, cancelled: bool = False) -> bytes:
    """DONE.

    :param rows: how many the result had; None when there was no result.
    :param more: another result follows.
    """
    status = (_COUNT if rows is not None else 0) | (_MORE if more else 0) | (_ERROR if failed else 0)
    return b"\xfd" + struct.pack("<HHQ", status | (_ATTENTION if cancelled else 0), 0xC1, rows or 0)


def make_result(columns: Columns, rows: Sequence[Sequence[Any]], *, more: bool = False) -> bytes:
    """A whole result."""
    return make_columns(columns) + b"".join(make_row(columns, row) for row in rows) + make_done(len(rows), more=more)


def make_error(number: int, text: str, severity: int = 16) -> bytes:
    """ERROR, without the DONE that ends the answer."""
    body = struct.pack("<iBB", number, 1, severity) + _long(text) + _short("ERPSRV") + _short("") + struct.pack("<i", 1)
    return b"\xaa" + struct.pack("<H", len(body)) + body


def make_login_answer() -> bytes:
    """ENVCHANGE of collation and packet size, LOGINACK, DONE."""
    collation = b"\x07" + bytes([len(TURKISH)]) + TURKISH + b"\0"
    packet_size = b"\x04" + _short("4096") + _short("4096")
    accepted = b"\x01" + struct.pack(">I", 0x74000004) + _short("Microsoft SQL Server") + b"\x10\0\x0f\xa0"
    parts = ((b"\xe3", collation), (b"\xe3", packet_size), (b"\xad", accepted))
    return b"".join(token + struct.pack("<H", len(body)) + body for token, body in parts) + make_done()


def make_prelogin_answer() -> bytes:
    """PRELOGIN: version 16, no encryption."""
    options = [(0, b"\x10\0\x0f\xa0\0\0"), (1, b"\x02"), (2, b"\0"), (3, b""), (4, b"\0")]
    offset, head, body = len(options) * 5 + 1, b"", b""
    for token, value in options:
        head += struct.pack(">BHH", token, offset + len(body), len(value))
        body += value
    return head + b"\xff" + body


def _short(text: str) -> bytes:
    data = text.encode("utf-16-le")
    return bytes([len(data) // 2]) + data


def _long(text: str) -> bytes:
    data = text.encode("utf-16-le")
    return struct.pack("<H", len(data) // 2) + data
