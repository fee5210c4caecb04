"""Lines of JSON: what is read of damaged ones, and pieces in which many are written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

import msgspec

#: What msgspec raises on JSON that is not what was written: malformed, of another shape, not UTF-8, or nested too deep.
DAMAGE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
#: How many bytes of one file are held before they are written.
WRITE_CHUNK_BYTES = 1 << 20

T = TypeVar("T")


def decode_readable(lines: Iterable[bytes], kind: type[T]) -> tuple[list[T], int]:
    """What some lines hold, and how many are damaged: one of these must not take the others with it."""
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
