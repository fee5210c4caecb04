"""Rows to create that people could not tell from a record that is there.

Source: the project's design, brake ``look_alikes``. A record that a row matches, or that another source owns, is none.
Rejected rows count as present: a record that one of them looks like is not missing, as its row is there under another key,
unless that key has a record of its own: several ids may share a code.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping

import msgspec

from oduyo_provider.core.faults import Fault
from oduyo_provider.core.language import gettext
from oduyo_provider.core.matching import compute_natural_key
from oduyo_provider.core.normalise import Normaliser
from oduyo_provider.core.plan import NaturalKey
from oduyo_provider.core.values.invalid import show_value

#: The values of a natural key.
Values = tuple[str | None, ...]

#: Ids of records that a reason shows.
_SHOWN = 3


class LookAlike(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """A row to create that looks like one or more records.

    :param integration_id: of the row.
    :param adopted: the record that gets the row's id; None when the row is rejected.
    :param reason: ``look_alike`` or ``ambiguous``.
    :param detail: for people.
    """

    integration_id: str
    adopted: dict[str, str | None] | None = None
    reason: str = "look_alike"
    detail: str = ""

    @property
    def fault(self) -> Fault:
        """Why the row is rejected, where it is."""
        return Fault("integration_id", self.reason, self.detail)


def find_look_alikes(
    new_rows: Callable[[], Iterable[NaturalKey]], unmatched: Callable[[], Iterable[NaturalKey]], *, adopt: bool
) -> list[LookAlike]:
    """The rows to create that look like a record, in order of their ids.

    Only the natural keys of records that no row matches are held in memory: a first load has many rows and no record.

    :param new_rows: gives the rows to create of all partitions, each time from the start; likewise ``unmatched``.
    :param adopt: give a record without an integration_id the row's, if exactly one row and one record look alike.
    """
    records = _Records(list(unmatched()))
    found = [(row, alike) for row in new_rows() if (alike := records.find(row))] if records.all else []
    rows_of = Counter(str(record.oduyo_id) for _, alike in found for record in alike)
    return sorted(
        (_judge(row, alike, rows_of, adopt=adopt) for row, alike in found), key=lambda item: item.integration_id
    )


def find_present(rows: Iterable[NaturalKey], records: Iterable[NaturalKey]) -> frozenset[str]:
    """The ids of those records that rows look like, whatever becomes of the rows."""
    known = _Records(list(records))
    return frozenset(str(record.oduyo_id) for row in rows for record in known.find(row))


def make_natural_key(row: Mapping[str, object], normaliser: Normaliser) -> NaturalKey | None:
    """A row's natural key, as far as its values can be read; None where the code cannot."""
    names = normaliser.resource.natural_key
    values = {name: normaliser.value(name, row[name]) for name in names if name in row}
    found = compute_natural_key(values, names)
    if found is None:
        return None
    return NaturalKey(
        tuple(None if values.get(name) is None else text for name, text in zip(names, found, strict=True))
    )


class _Records:
    """Unmatched records, found by the parts of the natural key that a row has."""

    def __init__(self, records: list[NaturalKey]) -> None:
        self.all = records
        self._by_parts: dict[tuple[bool, ...], dict[Values, list[NaturalKey]]] = {}

    def find(self, row: NaturalKey) -> list[NaturalKey]:
        """The records with the row's values; parts that the row lacks are not compared."""
        parts = tuple(value is not None for value in row.values)
        known = self._by_parts.get(parts)
        if known is None:
            known = self._by_parts[parts] = {}
            for record in self.all:
                values = tuple(value if part else None for value, part in zip(record.values, parts, strict=True))
                known.setdefault(values, []).append(record)
        return known.get(row.values, [])


def _has_no_more(record: NaturalKey, row: NaturalKey) -> bool:
    """Whether a record is empty in the parts of the natural key that the row lacks."""
    return not any(held for held, asked in zip(record.values, row.values, strict=True) if asked is None)


def _judge(row: NaturalKey, records: list[NaturalKey], rows_of: Counter[str], *, adopt: bool) -> LookAlike:
    ids = tuple(sorted((str(record.oduyo_id) for record in records), key=int))
    shown = ", ".join(ids[:_SHOWN]) + (", …" if len(ids) > _SHOWN else "")
    shared = " · ".join(show_value(value) for value in row.values if value is not None)
    adoptable = [record for record in records if record.record is not None and _has_no_more(record, row)]
    if adopt and adoptable:
        rows = max(rows_of[str(record.oduyo_id)] for record in adoptable)
        if rows == len(adoptable) == 1:
            return LookAlike(str(row.integration_id), adoptable[0].record)
        detail = gettext(
            "several share %(shared)s (rows: %(rows)s, records without a key: %(count)s)",
            rows=rows,
            count=len(adoptable),
            shared=shared,
        )
        return LookAlike(str(row.integration_id), reason="ambiguous", detail=detail)
    detail = gettext("Ödüyo's record %(shown)s has the same %(shared)s and matches no row", shown=shown, shared=shared)
    return LookAlike(str(row.integration_id), detail=detail)
