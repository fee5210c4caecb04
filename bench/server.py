"""``python -m bench.server``: an Ödüyo that does as little as possible for a request, so that it is not what is measured.

It keeps what it is sent, so that lists are right; it checks nothing. ``/_bench/counts`` says what it has done.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import selectors
import signal
import time
from collections import Counter

import msgspec

from bench.rows import make_payloads

_LENGTH = re.compile(rb"content-length: *([0-9]+)", re.IGNORECASE).search
_STORED = b'"note":null,"created_in":"2026-01-01 00:00:00","updated_in":"2026-01-01 00:00:00"'
_NO_SPACES = b"".join(b',"space%d":""' % number for number in range(1, 6))
_YES = b'{"status":true,"data":"Guncelleme islemi Basarili"}'
_NO = b'{"status":false}'
_LOGIN = b'{"status":true,"data":{"session_id":"bench-session"}}'


class Filter(msgspec.Struct):
    """One condition of a list call."""

    field: str
    operator: str
    value: str


class Sorting(msgspec.Struct):
    """The order of a list call."""

    field: str
    sort: str


class ListBody(msgspec.Struct):
    """The body of a list call; ``filters`` and ``sorting`` may be ``""``."""

    limit: str
    filters: list[Filter] | str = ""
    sorting: list[Sorting] | str = ""


class ColumnBody(msgspec.Struct):
    """The body of the other calls."""

    column: dict[str, str | None]


_list_bodies = msgspec.json.Decoder(ListBody)
_column_bodies = msgspec.json.Decoder(ColumnBody)


class Store:
    """The records: position + 1 is the id, the value its fields as JSON without the braces."""

    def __init__(self) -> None:
        self.records: list[bytes | None] = []
        self.counts: Counter[str] = Counter()

    def answer(self, call: bytes, body: bytes) -> bytes:
        """The answer to one call."""
        if call == b"create":
            # The object is kept as it was sent: {"column": {…}}
            self.records.append(body[body.index(b"{", 1) + 1 : body.rindex(b"}", 0, -1)])
            return b'{"status":true,"data":"\\"Erp Special Code successfully added id <%d>\\""}' % len(self.records)
        name = call.decode()
        self.counts[name] += 1
        if name == "list":
            return self._list(_list_bodies.decode(body))
        if name == "login":
            return _LOGIN
        if name == "counts":
            figures = {**self.counts, "create": len(self.records), "cpu_s": time.process_time()}
            return msgspec.json.encode(figures)
        column = _column_bodies.decode(body).column
        position = int(column.pop("id") or 0) - 1
        if not 0 <= position < len(self.records) or self.records[position] is None:
            return _NO
        self.records[position] = msgspec.json.encode(column)[1:-1] if name == "update" else None
        return _YES

    def _list(self, asked: ListBody) -> bytes:
        low, high, wanted = 1, len(self.records), []
        for rule in asked.filters if isinstance(asked.filters, list) else ():
            if rule.field != "id":
                wanted.append(msgspec.json.encode({rule.field: rule.value})[1:-1])
            elif rule.operator == ">":
                low = max(low, int(rule.value) + 1)
            elif rule.operator == "<=":
                high = min(high, int(rule.value))
            else:
                low, high = int(rule.value), int(rule.value)
        descends = isinstance(asked.sorting, list) and asked.sorting[0].sort == "DESC"
        numbers = range(high, low - 1, -1) if descends else range(low, high + 1)
        limit, found = int(asked.limit), []
        for number in numbers:
            fields = self.records[number - 1] if number <= len(self.records) else None
            if fields is None:
                continue
            if not wanted or all(text in fields.replace(b'": "', b'":"') for text in wanted):
                spaces = b"" if b'"space1"' in fields else _NO_SPACES
                found.append(b'{"id":"%d",%s%s,%s}' % (number, _STORED, spaces, fields))
                if len(found) >= limit:
                    break
        return b'{"status":true,"data":[%s]}' % b",".join(found)


class Connection(asyncio.Protocol):
    """One connection: HTTP/1.1 with ``Content-Length``, kept open."""

    def __init__(self, store: Store, latency_s: float) -> None:
        self._store = store
        self._latency_s = latency_s
        self._rest = b""
        self._loop = asyncio.get_running_loop()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        data = self._rest + data
        while (end := data.find(b"\r\n\r\n") + 4) > 3:
            length = _LENGTH(data, 0, end)
            stop = end + (int(length[1]) if length else 0)
            if len(data) < stop:
                break
            target = data[: data.index(b" HTTP/")]
            body = self._store.answer(target.rpartition(b"/")[2], data[end:stop])
            self._send(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
            )
            data = data[stop:]
        self._rest = data

    def _send(self, reply: bytes) -> None:
        if self._latency_s:
            self._loop.call_later(self._latency_s, self._transport.write, reply)
        else:
            self._transport.write(reply)


async def serve(records: int, latency_s: float) -> None:
    """Serve until SIGTERM; prints the port first."""
    store, loop = Store(), asyncio.get_running_loop()
    for payload in make_payloads(records):
        store.records.append(msgspec.json.encode(payload)[1:-1])
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    server = await loop.create_server(lambda: Connection(store, latency_s), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await stopped.wait()
    server.close()


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.server", description=__doc__)
    parser.add_argument("--latency-ms", type=float, default=0.0, help="added before every answer")
    parser.add_argument("--records", type=int, default=0, help="records that it holds from the start")
    options = parser.parse_args()
    # epoll waits whole milliseconds: answers would come in waves, each as large as what was asked in a millisecond, and
    # the client would be measured waiting for itself. select waits microseconds, and has few connections here.
    loop = asyncio.SelectorEventLoop(selectors.SelectSelector())
    loop.run_until_complete(serve(options.records, options.latency_ms / 1000))


if __name__ == "__main__":
    main()
