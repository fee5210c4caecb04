"""Both sides of a comparison without a database or a server, through the code that reads the real ones.

What it costs to make up rows and records is counted and taken off: it is not ours.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from itertools import islice
from typing import Any

import msgspec

from bench.rows import COLUMNS, make_payloads, make_row
from oduyo_provider.api.records import parse_page
from oduyo_provider.api.settings import DEFAULT_SETTLE_S
from oduyo_provider.core.record import SPECIAL_CODE, Remote

PAGE_RECORDS = 1000


class Making:
    """CPU and wall seconds that went into making things up."""

    def __init__(self) -> None:
        self.cpu_s = self.wall_s = 0.0
        self._started = (0.0, 0.0)

    def __enter__(self) -> None:
        self._started = (time.process_time(), time.perf_counter())

    def __exit__(self, *_: object) -> None:
        self.cpu_s += time.process_time() - self._started[0]
        self.wall_s += time.perf_counter() - self._started[1]


class Database:
    """A database hook, its connection and its cursor in one: returns rows 0 to ``count`` - 1.

    :param edited_every: every so many rows have another description than Ödüyo's record; 0 for none.
    """

    description = tuple((name,) for name in COLUMNS)
    arraysize = 1

    def __init__(self, count: int, making: Making, edited_every: int = 0) -> None:
        self._rows = self._make(count, edited_every)
        self._making = making

    @staticmethod
    def _make(count: int, edited_every: int) -> Iterator[tuple[object, ...]]:
        place = COLUMNS.index("description")
        for number in range(count):
            row = make_row(number)
            if edited_every and number % edited_every == 0:
                row = (*row[:place], f"{row[place]}, yeni", *row[place + 1 :])
            yield row

    def get_conn(self) -> Database:
        """As a hook."""
        return self

    def cursor(self) -> Database:
        """As a connection."""
        return self

    def execute(self, query: str) -> None:
        """As a cursor."""

    def fetchmany(self, size: int) -> list[tuple[object, ...]]:
        """As a cursor."""
        with self._making:
            return list(islice(self._rows, size))

    def close(self) -> None:
        """As all three."""


class Listing:
    """The part of a client that a snapshot uses: lists records 1 to ``count`` from bytes as they come over the wire."""

    resource = SPECIAL_CODE
    settle_s = DEFAULT_SETTLE_S

    def __init__(self, count: int, making: Making) -> None:
        self._count = count
        self._making = making

    def use_page_size(self, records: int | None) -> None:
        """Its pages have always the same size."""

    async def list_records(self) -> AsyncIterator[list[Remote]]:
        """Page by page."""
        payloads = enumerate(make_payloads(self._count), start=1)
        while True:
            with self._making:
                page = [_make_record(number, payload) for number, payload in islice(payloads, PAGE_RECORDS)]
                body = msgspec.json.encode({"status": True, "data": page})
            if not page:
                return
            yield parse_page(body).records


def _make_record(number: int, payload: dict[str, str]) -> dict[str, Any]:
    spaces = {f"space{place}": "" for place in range(1, 6)}
    stamps = {"note": None, "created_in": "2026-01-01 00:00:00", "updated_in": "2026-01-01 00:00:00"}
    return {"id": str(number), **payload, **spaces, **stamps}
