"""The rows that are measured: the columns of the DIA query, values as an ERP has them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

#: As the columns of ``dags/sql/dia_postgres.sql``.
COLUMNS = (
    "integration_id",
    "code",
    "status",
    "key1",
    "key2",
    "typecode",
    "description",
    "special_created_in",
    "special_updated_in",
)

_FIRST_ID = 1_000_000
_EPOCH = datetime(2019, 3, 1, 8, 30)
_GROUPS = ("Ankara bölge satış", "İstanbul Anadolu yakası", "Şube müşterileri", "Yurt dışı", "Çukurova bayi ağı")


def make_row(number: int) -> tuple[object, ...]:
    """A row as a PostgreSQL driver returns it, values in the order of :data:`COLUMNS`."""
    created = _EPOCH + timedelta(seconds=977 * number)
    return (
        _FIRST_ID + number,
        f"ÖK.{number % 997:03d}.{number:07d}",
        "A" if number % 10 else "P",
        21,
        1 + number % 3,
        26,
        f"{_GROUPS[number % 5]} {number}",
        created,
        created + timedelta(days=number % 700),
    )


def make_payload(number: int, prefix: str = "") -> dict[str, str]:
    """The same row as the API takes it.

    :param prefix: put before the id, for a server that holds rows of an earlier measurement.
    """
    row = make_row(number)
    payload = {name: str(value) for name, value in zip(COLUMNS, row, strict=True)}
    payload["integration_id"] = prefix + payload["integration_id"]
    payload["status"] = "1" if row[2] == "A" else "0"
    return payload


def make_payloads(count: int, prefix: str = "") -> Iterator[dict[str, str]]:
    """Payloads 0 to ``count`` - 1."""
    return (make_payload(number, prefix) for number in range(count))
