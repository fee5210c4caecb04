"""Faults and oddities of rows: a short code each, and words for people."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from oduyo_provider.core.language import gettext
from oduyo_provider.core.record import Payload
from oduyo_provider.core.values.invalid import show_value

#: The largest key of an ERP that keeps 32-bit integers, as Logo does.
MAX_INT32 = 2**31 - 1

#: Logo marks the end of a table with rows of this letter only, the highest of its code page. They are no codes.
SENTINEL = "ÿ"

_KEY = "integration_id"

#: The reason of rows that share an id and differ.
DUPLICATE = "duplicate"


class Fault(msgspec.Struct, frozen=True, gc=False):
    """One reason why a row is rejected, or one oddity that is only reported.

    :param field: the API's field name.
    :param reason: short code, e.g. ``empty``, ``too_long``, ``fraction``, ``unknown_status``.
    :param detail: for people, in the language of the run; printable characters only, at most a line.
    """

    field: str
    reason: str
    detail: str

    @property
    def code(self) -> str:
        """What reports count by, e.g. ``code: empty``."""
        return f"{self.field}: {self.reason}"


def compute_absence(name: str, text: str | None) -> Fault:
    """Why a field that is needed has no value."""
    if text:
        detail = gettext("%(text)s marks the end of a Logo table and is no code", text=show_value(text))
        return Fault(name, "sentinel", detail)
    return Fault(name, "empty", gettext("nothing is left after trimming"))


def find_warnings(payload: Payload, date_field: str | None) -> Iterator[Fault]:
    """The oddities of a row that is sent all the same."""
    key = payload.get(_KEY, "")
    if len(key) >= 10 and key.isascii() and key.isdigit() and _is_above_int32(key):
        detail = gettext("%(key)s does not fit a 32-bit key; check that the ERP takes it back", key=show_value(key))
        yield Fault(_KEY, "above_int32", detail)
    for name, text in payload.items():
        if "\ufffd" in text:
            detail = gettext("%(text)s holds U+FFFD, which stands for a letter that was lost", text=show_value(text))
            yield Fault(name, "replacement_character", detail)
    if date_field is not None and (updated := payload.get(date_field)):
        created = payload.get(date_field.replace("_updated_in", "_created_in"), "")
        if updated < created:
            detail = gettext("updated at %(updated)s, created at %(created)s", updated=updated, created=created)
            yield Fault(date_field, "before_created", detail)


def _is_above_int32(digits: str) -> bool:
    significant = digits.lstrip("0")
    return (len(significant), significant) > (10, str(MAX_INT32))
