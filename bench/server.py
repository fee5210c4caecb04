"""``python -m bench.server``: an Ödüyo that does as little as possible for a request, so that it is not what is measured.

Only for ``bench.apply``; everything else is measured on the sandbox. The sandbox stores, logs and checks each request: it
creates 2,800 records a second on a core, where the bare aiohttp loop asks for 8,600, and 1,600 with 64 requests at a time
at 20 ms, where 3,200 are asked for. This one keeps what it is sent, so that lists are right, and checks nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import selectors
import signal

import msgspec

_LENGTH = re.compile(rb"content-length: *([0-9]+)", re.IGNORECASE).search
#: Fields of a record that no create sends.
_STORED = b'"note":null,"created_in":"2026-01-01 00:00:00","updated_in":"2026-01-01 00:00:00"' + b"".join(
    b',"space%d":""' % number for number in range(1, 6)
)
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


_decode = msgspec.json.Decoder(ListBody).decode


class Store:
    """The records, by id - 1: each the fields as they were sent, as JSON without the braces."""

    def __init__(self) -> None:
        self._records: list[bytes] = []

    def answer(self, call: bytes, body: bytes) -> bytes:
        """The answer to create, list or login."""
        if call == b"create":
            # The object is kept as it was sent: {"column": {…}}
            self._records.append(body[body.index(b"{", 1) + 1 : body.rindex(b"}", 0, -1)])
            return b'{"status":true,"data":"\\"Erp Special Code successfully added id <%d>\\""}' % len(self._records)
        return self._list(_decode(body)) if call == b"list" else _LOGIN

    def _list(self, asked: ListBody) -> bytes:
        low, high, wanted = 1, len(self._records), []
        for rule in asked.filters if isinstance(asked.filters, list) else ():
            if rule.field != "id":
                wanted.append(msgspec.json.encode({rule.field: rule.value})[1:-1])
                continue
            above = {">": int(rule.value) + 1, ">=": int(rule.value), "=": int(rule.value)}
            below = {"<": int(rule.value) - 1, "<=": int(rule.value), "=": int(rule.value)}
            low, high = max(low, above.get(rule.operator, low)), min(high, below.get(rule.operator, high))
        descends = isinstance(asked.sorting, list) and asked.sorting[0].sort == "DESC"
        found: list[bytes] = []
        for number in range(high, low - 1, -1) if descends else range(low, high + 1):
            fields = self._records[number - 1]
            if not wanted or all(text in fields.replace(b'": "', b'":"') for text in wanted):
                found.append(b'{"id":"%d",%s,%s}' % (number, _STORED, fields))
            if len(found) >= int(asked.limit):
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


async def serve(latency_s: float) -> None:
    """Serve until SIGTERM; prints the port first."""
    store, loop = Store(), asyncio.get_running_loop()
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
    options = parser.parse_args()
    # epoll waits whole milliseconds: answers would come in waves, each as large as what was asked in a millisecond, and
    # the client would be measured waiting for itself. select waits microseconds, and has few connections here.
    loop = asyncio.SelectorEventLoop(selectors.SelectSelector())
    loop.run_until_complete(serve(options.latency_ms / 1000))


if __name__ == "__main__":
    main()
