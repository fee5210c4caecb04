"""The ERP of one source: its rows, and what people do to them. It knows nothing of the product."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable, Iterable

Row = dict[str, object]
Fields = dict[str, str | None]

PAIR = {"key1": "2", "key2": "1"}
WORDS = ("Şube", "IĞDIR deposu", "Çek / Senet", "vadeli", "İhracat", "ödeme günü", "Müşteri grubu", "KASA")

#: How the ERP's keys look: name → key of a number.
KEYS: dict[str, Callable[[int], str]] = {
    "number": str,
    "zeros": lambda number: f"{number:05d}",
    "word": lambda number: f"KOD-{number}",
    "quote": lambda number: f"O'B{number}",
    "and": lambda number: f"A&B{number}",
    "long": lambda number: f"{number:06d}-MERKEZ-DEPO-KODLARI",
    "alike": lambda number: f"MERKEZ-DEPO-KODLARI-{number}",
    "uuid": lambda number: str(uuid.uuid5(uuid.NAMESPACE_OID, str(number))).upper(),
}


def make_row(rng: random.Random, key: str, number: int, *, has_dates: bool = False) -> Row:
    """A valid ERP row."""
    row: Row = {
        "integration_id": key,
        "code": f"KOD.{number}",
        "description": f"{rng.choice(WORDS)} {rng.randrange(1000)}",
        "status": rng.choice("AAAP"),
        **PAIR,
    }
    return row | {"special_updated_in": "2024-05-01 10:00:00"} if has_dates else row


def compute_record(row: Row) -> Fields:
    """What a row is in Ödüyo."""
    return {name: str(value) for name, value in row.items()} | {"status": "0" if row["status"] == "P" else "1"}


class Erp:
    """A table that people work on.

    :param name: how its keys look, see :data:`KEYS`.
    :param start: the number of its first row.
    """

    def __init__(self, rng: random.Random, name: str, *, start: int, count: int, has_dates: bool) -> None:
        self._rng = rng
        self._make_key = KEYS[name]
        self._has_dates = has_dates
        self._next = start
        self.rows: dict[str, Row] = {}
        self.gone: dict[str, Row] = {}
        self._broken: set[str] = set()
        self._double: set[str] = set()
        for _ in range(count):
            self.add()

    def add(self) -> None:
        """Somebody makes a row."""
        number, self._next = self._next, self._next + 1
        key = self._make_key(number)
        self.rows[key] = make_row(self._rng, key, number, has_dates=self._has_dates)

    def take(self, rows: Iterable[Row]) -> None:
        """Rows of another source, somewhat other than there."""
        for row in rows:
            self.rows[str(row["integration_id"])] = self._change(row) if self._rng.random() < 0.5 else row

    def work(self, share: float = 0.2) -> None:
        """A day passes: rows are changed, removed, made, brought back, broken and mended."""
        rng = self._rng
        for key in list(self.rows):
            fate = rng.random()
            if fate < share:
                self.rows[key] = self._change(self.rows[key])
            elif fate < share + 0.08:
                self.gone[key] = self.rows.pop(key)
        for key in list(self.gone):
            if rng.random() < 0.2:
                self.rows[key] = self.gone.pop(key)
        for _ in range(rng.randrange(4)):
            self.add()
        keys = sorted(self.rows)
        self._broken = {key for key in keys if rng.random() < rng.choice([0, 0, 0.05])}
        self._double = {key for key in keys if rng.random() < rng.choice([0, 0, 0.05])}

    def read(self) -> list[Row]:
        """The rows as a query returns them."""
        rows = [{**row, "code": ""} if key in self._broken else row for key, row in self.rows.items()]
        other = {"description": "the same key, another row"}
        rows += [{**self.rows[key], **other} for key in sorted(self._double) if key in self.rows]
        if rows and self._rng.random() < 0.2:
            rows.append(dict(self._rng.choice(rows)))
        self._rng.shuffle(rows)
        return rows

    def compute_valid(self) -> dict[str, Fields]:
        """Key → what its row is in Ödüyo; rows that break the rules left out."""
        bad = self._broken | self._double
        return {key: compute_record(row) for key, row in self.rows.items() if key not in bad}

    @property
    def invalid(self) -> set[str]:
        """Keys of rows that break the rules."""
        return (self._broken | self._double) & self.rows.keys()

    def _change(self, row: Row) -> Row:
        rng = self._rng
        name = rng.choice(["description", "description", "code", "status"])
        value = rng.choice("AP") if name == "status" else f"{rng.choice(WORDS)} {rng.randrange(10**6)}"
        dates = {"special_updated_in": f"2024-06-{rng.randrange(1, 29):02d} 10:00:00"} if self._has_dates else {}
        return {**row, name: value, **dates}


def draw_existing(rng: random.Random, rows: Iterable[Row]) -> list[Fields]:
    """Ödüyo's records before the first run: some as the rows say, some not, some twice, some of nobody's rows."""
    records: list[Fields] = []
    for row in rows:
        fate = rng.random()
        if fate < 0.5:
            continue
        record = compute_record(row)
        if fate > 0.8:
            record["description"] = f"{rng.choice(WORDS)} {rng.randrange(10**6)}"
        records.append(record)
        if rng.random() < 0.05:
            records.append({**record, "space5": "twin"})
    for number in range(rng.randrange(4)):
        row = make_row(rng, str(50_000 + number), 50_000 + number)
        records.append(compute_record(row))
        records.append({**compute_record(row), "integration_id": f"7{number}", "key1": "9"})
    if rng.random() < 0.3:
        records.append({"integration_id": "", "code": "PANEL", "note": "made by hand"})
    rng.shuffle(records)
    return records
