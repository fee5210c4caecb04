"""Rows to create of which a record exists that people could not tell apart.

Source: the project's design, brake ``look_alikes``. A record that a row matches, or that another source owns, is none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

import msgspec

from oduyo_provider.core.faults import Fault
from oduyo_provider.core.language import gettext
from oduyo_provider.core.plan import NaturalKey
from oduyo_provider.core.values.invalid import show_value

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
    :param adopt: a record without an integration_id gets the row's, where exactly one row and one record meet.
    """
    records: dict[tuple[str, ...], list[NaturalKey]] = {}
    for record in unmatched():
        records.setdefault(record.values, []).append(record)
    if not records:
        return []
    found = [row for row in new_rows() if row.values in records]
    rows_of = Counter(row.values for row in found)
    return sorted(
        (_judge(row, records[row.values], rows_of[row.values], adopt=adopt) for row in found),
        key=lambda item: item.integration_id,
    )


def _judge(row: NaturalKey, records: list[NaturalKey], rows: int, *, adopt: bool) -> LookAlike:
    ids = tuple(sorted((str(record.oduyo_id) for record in records), key=int))
    shown = ", ".join(ids[:_SHOWN]) + (", …" if len(ids) > _SHOWN else "")
    shared = " · ".join(map(show_value, row.values))
    adoptable = [record for record in records if record.record is not None]
    if adopt and adoptable:
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
