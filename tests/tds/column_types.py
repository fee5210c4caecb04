"""Column types of TDS: how a column is described, and how a value of it is written.

Source: [MS-TDS], 2.2.5.4 (data types) and 2.2.7.4 (COLMETADATA),
https://learn.microsoft.com/openspecs/windows_protocols/ms-tds
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

#: Turkish_CI_AS: code page 1254.
TURKISH = bytes([0x1F, 0x04, 0xD0, 0x00, 0x00])


class ColumnType(NamedTuple):
    """One type.

    :ivar info: TYPE_INFO, as it stands in the column's description.
    :ivar encode: a value to bytes; None is NULL.
    """

    info: bytes
    encode: Callable[[Any], bytes]


def _encode_fixed(layout: str) -> Callable[[Any], bytes]:
    size = struct.calcsize(layout)
    return lambda value: b"\0" if value is None else bytes([size]) + struct.pack(layout, value)


def _encode_long(convert: Callable[[Any], bytes]) -> Callable[[Any], bytes]:
    def encode(value: Any) -> bytes:
        if value is None:
            return b"\xff\xff"
        data = convert(value)
        return struct.pack("<H", len(data)) + data

    return encode


def _encode_numeric(scale: int, size: int) -> Callable[[Any], bytes]:
    def encode(value: Any) -> bytes:
        if value is None:
            return b"\0"
        number = int(Decimal(value).scaleb(scale))
        return bytes([size, number >= 0]) + abs(number).to_bytes(size - 1, "little")

    return encode


def make_nvarchar(characters: int = 100) -> ColumnType:
    """``nvarchar(n)``, which SQL Server lets hold half a character."""
    info = b"\xe7" + struct.pack("<H", characters * 2) + TURKISH
    return ColumnType(info, _encode_long(lambda value: value.encode("utf-16-le", "surrogatepass")))


def make_varbinary(size: int = 100) -> ColumnType:
    """``varbinary(n)``."""
    return ColumnType(b"\xa5" + struct.pack("<H", size), _encode_long(bytes))


def make_numeric(precision: int, scale: int) -> ColumnType:
    """``numeric(p, s)``."""
    size = 5 if precision <= 9 else 9 if precision <= 19 else 13 if precision <= 28 else 17
    return ColumnType(bytes([0x6C, size, precision, scale]), _encode_numeric(scale, size))


INT = ColumnType(b"\x26\x04", _encode_fixed("<i"))
BIT = ColumnType(b"\x68\x01", _encode_fixed("<B"))
GUID = ColumnType(b"\x24\x10", lambda value: b"\0" if value is None else b"\x10" + UUID(value).bytes_le)
NVARCHAR = make_nvarchar()
VARBINARY = make_varbinary()
