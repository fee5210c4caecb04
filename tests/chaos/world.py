"""Two sides to bring together, and what must be true once they are: a model that knows nothing of the product."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

Row = dict[str, object]
Record = dict[str, Any]

PAIR = {"key1": "2", "key2": "1"}
WORDS = ("Şube", "IĞDIR deposu", "Çek / Senet", "vadeli", "İhracat", "ödeme günü", "Müşteri grubu", "KASA")
#: Fields that Ödüyo sets by itself.
STAMPS = {"created_in", "updated_in"}


def make_row(rng: random.Random, number: int) -> Row:
    """A valid ERP row."""
    return {
        "integration_id": number,
        "code": f"KOD.{number}",
        "description": f"{rng.choice(WORDS)} {rng.randrange(1000)}",
        "status": rng.choice("AAAP"),
        **PAIR,
    }


def change_row(rng: random.Random, row: Row) -> Row:
    """The same row after somebody worked on it."""
    return {**row, rng.choice(["description", "description", "code"]): f"{rng.choice(WORDS)} {rng.randrange(10**6)}"}


def compute_record(row: Row) -> dict[str, str]:
    """What a row is in Ödüyo."""
    return {name: str(value) for name, value in row.items()} | {"status": "0" if row["status"] == "P" else "1"}


def draw_existing(rng: random.Random, rows: Sequence[Row]) -> list[dict[str, str]]:
    """Ödüyo's records before a run: some as the rows say, some not, some twice, some of nobody's rows."""
    records: list[dict[str, str]] = []
    for row in rows:
        fate = rng.random()
        if fate < 0.4:
            continue
        record = compute_record(row if fate < 0.75 else change_row(rng, row))
        records.append(record)
        if rng.random() < 0.08:
            records.append({**record, "space5": "twin"})
    missing = [compute_record(make_row(rng, 5_000 + number)) for number in range(rng.randrange(4))]
    records += missing  # of no row
    records += [{**record, "integration_id": f"7{record['integration_id']}", "key1": "9"} for record in missing]
    if rng.random() < 0.3:
        records.append({"integration_id": "", "code": "PANEL", "note": "made by hand"})
    rng.shuffle(records)
    return records


def check_records(
    before: Iterable[Record],
    after: Iterable[Record],
    rows: Iterable[Row],
    *,
    on_missing: str = "keep",
    cut: dict[str, int] | None = None,
) -> None:
    """Every row has its one record with its values, and nothing else has come, gone or changed.

    :param before: all records before the run, by id; likewise ``after``.
    :param rows: the valid ERP rows.
    :param cut: field → characters that Ödüyo stores of it.
    """
    cut = cut or {}
    wanted = {str(row["integration_id"]): compute_record(row) for row in rows}
    left = {record["id"]: record for record in after}
    first: dict[str, Record] = {}
    for record in sorted(before, key=lambda record: int(record["id"])):
        key = record["integration_id"]
        is_first = key in wanted and key not in first
        first.setdefault(key, record)
        found = left.pop(record["id"], None)
        is_missing = key and key not in wanted and record["key1"] == PAIR["key1"] and record["key2"] == PAIR["key2"]
        if is_missing and on_missing == "delete":
            assert found is None, f"{key} should be deleted, but is {found}"
        elif is_missing and on_missing == "deactivate":
            _check_values(key, found, {**record, "status": "0"}, record, cut)
        elif is_first and _differs(record, wanted[key]):
            _check_values(key, found, {**record, **wanted[key]}, record, cut)
        else:
            # An update of the day before may arrive late, a second time.
            assert found is not None, f"{key} was deleted without need"
            moved = {name for name in record if name not in STAMPS and found[name] != record[name]}
            assert not moved, f"{key} was touched without need: {record} became {found}"
    new = defaultdict(list)
    for record in left.values():
        new[record["integration_id"]].append(record)
    for key, fields in wanted.items():
        found_new = new.pop(key, [])
        if key in first:
            assert not found_new, f"{key} was there already, and was created again: {found_new}"
            continue
        assert found_new, f"{key} is lost"
        assert len(found_new) == 1, f"{key} is duplicated: {found_new}"
        _check_values(key, found_new[0], fields, fields, cut)
    assert not new, f"records that nobody asked for: {dict(new)}"


def check_calls(
    before: Iterable[Record], calls: Iterable[Record], rows: Iterable[Row], *, on_missing: str = "keep"
) -> None:
    """Only records that have to change were written to, and nothing that was created was deleted again.

    :param calls: the requests of the run.
    """
    wanted = {str(row["integration_id"]): compute_record(row) for row in rows}
    due: dict[str, set[str]] = {"update": set(), "delete": set()}
    first: set[str] = set()
    for record in sorted(before, key=lambda record: int(record["id"])):
        key = record["integration_id"]
        if key not in wanted:
            due["delete" if on_missing == "delete" else "update"].add(record["id"])
        elif key not in first and _differs(record, wanted[key]):
            due["update"].add(record["id"])
        first.add(key)
    for entry in calls:
        if entry["call"] in due:
            assert entry["column"]["id"] in due[entry["call"]], f"a needless call: {entry}"


def _differs(record: Record, wanted: dict[str, str]) -> bool:
    return any((record[name] or "") != value for name, value in wanted.items())


def _check_values(key: str, found: Record | None, wanted: Record, before: Record, cut: dict[str, int]) -> None:
    assert found is not None, f"{key} is lost"
    for name, value in wanted.items():
        if name in STAMPS:
            continue
        allowed = {value, value[: cut[name]]} if name in cut and value else {value}
        if name in cut and value == before.get(name):
            allowed.add(before.get(name))
        assert found[name] in allowed, f"{key}: {name} is {found[name]!r}, not {value!r}"
