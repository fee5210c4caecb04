"""The list of brakes, what a tripped one does, and which a run may release, up to which count."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from enum import Enum

import msgspec

from oduyo_provider.core.language import gettext, gettext_noop


class Brake(msgspec.Struct, frozen=True):
    """A brake, as it is documented.

    :param name: what ``release`` takes.
    :param help: on what it trips; English, to be read by ``gettext``.
    :param is_canary: it trips in load, on the first change of a kind.
    """

    name: str
    help: str
    is_canary: bool = False


BRAKES = (
    Brake("no_rows", gettext_noop("The ERP query returned no row.")),
    Brake("all_rejected", gettext_noop("Every row is rejected.")),
    Brake("rejected", gettext_noop("Rejected rows above max_rejected_percent; those that the last applied run rejected alike do not count.")),
    Brake("updates", gettext_noop("Updates above max_update_percent of the matched rows; those of dates alone and adoptions do not count.")),
    Brake("emptied", gettext_noop("Updates that empty a filled field, above max_missing_percent of the matched rows.")),
    Brake("retired", gettext_noop("Records in use that would be deactivated, deleted or turned passive, above max_missing_percent of the source's records in use.")),
    Brake("retired_pair", gettext_noop("The same within one pair of key1 and key2.")),
    Brake("retired_week", gettext_noop("The same, added up over the source's last seven days, without what a person released or approved.")),
    Brake("vanished", gettext_noop("Records that the ledger knows and that Ödüyo does not list any more. They are not sent; the rest of the plan goes on. Released, they are created again.")),
    Brake("look_alikes", gettext_noop("Rows to create of which a record exists that people could not tell apart. Each such row is rejected, unless it is adopted or released.")),
    Brake("dates_back", gettext_noop("Updates with an older date than was sent before, above max_missing_percent of the updates: a restored or wrong database.")),
    Brake("other_firm", gettext_noop("Rows whose record belongs to another key1. They are rejected; released, they are applied.")),
    Brake("other_source", gettext_noop("Rows whose record another source owns. They are rejected; released, the records move to this source for good.")),
    Brake("key_altered", gettext_noop("Ödüyo stores the key otherwise than it was sent. Released once, this is remembered for the site."), is_canary=True),
    Brake("letters", gettext_noop("Ödüyo stores other letters, or another value, than was sent. Released once, this is remembered for the site; another value only for the field in which it was seen."), is_canary=True),
)  # fmt: skip

BRAKE_NAMES = tuple(brake.name for brake in BRAKES)
#: Brakes without a count: what a site does to values, it does to every record.
CANARY_BRAKES = tuple(brake.name for brake in BRAKES if brake.is_canary)

#: Brakes that may trip in a run, each with the highest count that is released; None releases any count.
Release = dict[str, int | None]

_SEPARATORS = re.compile(r"[,;\n]")
#: Signs around a name that was copied from a list or a mapping, or rendered from one by a template.
_QUOTES = " []{}\"'"


class OnUnsafe(str, Enum):
    """What a tripped brake does: fail the run, or ask a person in the Airflow UI."""

    FAIL = "fail"
    ASK = "ask"


def parse_release(given: object) -> Release:
    """Read which brakes a run may release.

    :param given: a list of names, each alone or with a limit (``retired:149``); the same as one text, separated by
        commas or line ends; or a mapping of name to limit. None releases nothing; of two limits of a brake the smaller counts.
    :raises ValueError: a name is unknown, or a limit is no whole number or not possible; the text says which.
    """
    if given is None:
        return {}
    if isinstance(given, Mapping):
        return dict(_parse_pair(name, limit) for name, limit in given.items())
    if isinstance(given, str):
        given = _SEPARATORS.split(given)
    if not isinstance(given, Iterable):
        raise ValueError(gettext("%(value)s is no list", value=repr(given)))  # noqa: TRY004  every fault of a param is a ValueError
    released: Release = {}
    for entry in given:
        if not isinstance(entry, str) or entry.strip(_QUOTES):
            brake, most = _parse_entry(entry)
            limits = [limit for limit in (released.get(brake), most) if limit is not None]
            released[brake] = min(limits, default=None)
    return released


def format_release(release: Mapping[str, int | None]) -> str:
    """The value of the param ``release`` for these releases."""
    return json.dumps([name if limit is None else f"{name}:{limit}" for name, limit in release.items()])


def _parse_entry(entry: object) -> tuple[str, int | None]:
    if not isinstance(entry, str):
        return _parse_pair(entry, None)
    name, colon, limit = entry.strip(_QUOTES).partition(":")
    return _parse_pair(name.strip(_QUOTES), limit.strip() if colon else None)


def _parse_pair(name: object, limit: object) -> tuple[str, int | None]:
    if name not in BRAKE_NAMES:
        raise ValueError(gettext("%(value)s is no brake", value=repr(name)))
    brake, text = str(name), str(limit)
    if limit is None:
        return brake, None
    if not (text.isascii() and text.isdigit()):
        raise ValueError(gettext("%(value)s is no whole number", value=repr(text)))
    if brake in CANARY_BRAKES:
        raise ValueError(gettext("%(brake)s takes no limit", brake=brake))
    return brake, int(text)
