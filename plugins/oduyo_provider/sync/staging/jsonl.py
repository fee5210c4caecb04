"""Writes a file of lines through a buffer, and says what it became; names what reading damaged JSON raises."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import BinaryIO

import msgspec

#: What msgspec raises on JSON that is not what was written: malformed, of another shape, not UTF-8, or nested too deep.
DAMAGE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
#: How many bytes of one file are held before they are written.
WRITE_CHUNK_BYTES = 1 << 20


class LineWriter:
    """Counts, hashes and buffers the lines of one file.

    :param reporting: turns the storage's errors into ours.
    """

    def __init__(self, stream: BinaryIO, reporting: Callable[[], AbstractContextManager[None]]) -> None:
        self._stream = stream
        self._reporting = reporting
        self._buffer: list[bytes] = []
        self._buffered_bytes = 0
        self._digest = hashlib.sha256()
        self.rows = 0

    def write(self, line: bytes) -> None:
        """Add one line, newline included."""
        self._buffer.append(line)
        self._buffered_bytes += len(line)
        self.rows += 1
        if self._buffered_bytes >= WRITE_CHUNK_BYTES:
            self.flush()

    def flush(self) -> None:
        """Hand what is buffered to the stream."""
        data = b"".join(self._buffer)
        self._buffer.clear()
        self._buffered_bytes = 0
        self._digest.update(data)
        with self._reporting():
            self._stream.write(data)

    @property
    def digest(self) -> str:
        """SHA-256 of what was handed to the stream, hexadecimal."""
        return self._digest.hexdigest()
