"""Lines of JSON: reading them, damaged ones too, and pieces in which many are written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import TypeVar

import msgspec

from oduyo_provider.core.errors import StagedFileError
from oduyo_provider.sync.staging.staged_faults import explain_line

#: What msgspec raises on JSON that is not what was written: malformed, of another shape, not UTF-8, or nested too deep.
DAMAGE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
#: How many bytes of one file are held before they are written.
WRITE_CHUNK_BYTES = 1 << 20

T = TypeVar("T")


def decode_lines(folder: str, name: str, lines: Iterable[bytes], kind: type[T]) -> Iterator[T]:
    """Decode the lines of a file, numbers of ERP rows exactly.

    :raises StagedFileError: one cannot be read; it names the file.
    """
    decode = msgspec.json.Decoder(kind, float_hook=Decimal).decode
    try:
        for line in lines:
            yield decode(line)
    except DAMAGE as error:
        raise StagedFileError(explain_line(folder, name, error)) from error


def decode_readable(lines: Iterable[bytes], kind: type[T]) -> tuple[list[T], int]:
    """Decode the readable lines; returns their items, and how many lines are damaged."""
    decode = msgspec.json.Decoder(kind).decode
    found: list[T] = []
    damaged = 0
    for line in lines:
        try:
            found.append(decode(line))
        except DAMAGE:  # noqa: PERF203  line by line
            damaged += 1
    return found, damaged


def gather_chunks(lines: Iterable[bytes]) -> Iterator[list[bytes]]:
    """The lines in pieces of :data:`WRITE_CHUNK_BYTES`, the last one smaller."""
    chunk: list[bytes] = []
    size = 0
    for line in lines:
        chunk.append(line)
        size += len(line)
        if size >= WRITE_CHUNK_BYTES:
            yield chunk
            chunk, size = [], 0
    yield chunk
