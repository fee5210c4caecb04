"""The server: answers each batch with what a test gives it, or breaks off where the test says so."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Iterable
from enum import Enum
from types import TracebackType

from tests.tds import tokens

#: Packet types: [MS-TDS] 2.2.3.1.1.
_BATCH, _ATTENTION, _LOGIN, _PRELOGIN = 0x01, 0x06, 0x10, 0x12
_PACKET_BYTES = 4088


class Fault(Enum):
    """What the server does in the middle of an answer."""

    CLOSE = "end the connection"
    RESET = "reset the connection"
    HANG = "send nothing more until the server stops"


Answer = Iterable["bytes | Fault"]


class TdsServer:
    """Serves until the ``with`` block ends.

    :param answer: a batch's SQL → the answer's parts. Batches without a SELECT are the driver's own (``SET``,
        ``BEGIN TRAN``) and are all accepted.
    :param login: the answer to a login; None accepts everybody.
    """

    def __init__(self, answer: Callable[[str], Answer], login: Answer | None = None) -> None:
        self.batches: list[str] = []
        self._answer = answer
        self._login = login
        self._stopped = threading.Event()
        self._connections: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def __enter__(self) -> TdsServer:  # noqa: PYI034 - Self is younger than Python 3.10
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stopped.set()
        for connection in (self._listener, *self._connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()
        for thread in self._threads:
            thread.join(timeout=10)

    def _accept(self) -> None:
        while not self._stopped.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._connections.append(connection)
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            while message := _receive(connection):
                kind, data = message
                if not self._send(connection, self._find_answer(kind, data)):
                    return

    def _find_answer(self, kind: int, data: bytes) -> Answer:
        if kind == _PRELOGIN:
            return [tokens.make_prelogin_answer()]
        if kind == _LOGIN:
            return [tokens.make_login_answer()] if self._login is None else self._login
        if kind == _BATCH:
            (header_bytes,) = struct.unpack("<I", data[:4])
            sql = data[header_bytes:].decode("utf-16-le")
            self.batches.append(sql)
            return self._answer(sql) if "SELECT" in sql.upper() else [tokens.make_done()]
        return [tokens.make_done(cancelled=kind == _ATTENTION)]

    def _send(self, connection: socket.socket, answer: Answer) -> bool:
        """Send an answer's parts; False when the connection is over."""
        pending = b""
        for part in answer:
            if isinstance(part, bytes):
                pending += part
                continue
            if pending:
                _send_packets(connection, pending, is_last=False)
            self._break_off(connection, part)
            return False
        _send_packets(connection, pending, is_last=True)
        return True

    def _break_off(self, connection: socket.socket, fault: Fault) -> None:
        if fault is Fault.HANG:
            self._stopped.wait()
        elif fault is Fault.RESET:  # closing without lingering sends RST
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _receive(connection: socket.socket) -> tuple[int, bytes] | None:
    """One message, of as many packets as it has; None when the client has gone."""
    data = b""
    while True:
        head = _receive_exactly(connection, 8)
        if not head:
            return None
        kind, status, size = struct.unpack(">BBH", head[:4])
        body = _receive_exactly(connection, size - 8)
        data += body
        if status & 1:
            return kind, data


def _receive_exactly(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        piece = connection.recv(size - len(data))
        if not piece:
            return b""
        data += piece
    return data


def _send_packets(connection: socket.socket, data: bytes, *, is_last: bool) -> None:
    parts = [data[start : start + _PACKET_BYTES] for start in range(0, len(data), _PACKET_BYTES)] or [b""]
    for number, part in enumerate(parts, start=1):
        status = is_last and number == len(parts)
        connection.sendall(struct.pack(">BBHHBB", 4, status, len(part) + 8, 51, number & 255, 0) + part)
