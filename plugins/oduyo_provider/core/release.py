"""What a brake does that trips, and which brakes a run may release, up to which count."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from enum import Enum

from oduyo_provider.core.brakes import BRAKE_NAMES, CANARY_BRAKES
from oduyo_provider.core.language import gettext

#: Brakes that may trip in a run, each with the highest count that is released; None releases any count.
Release = dict[str, int | None]

_SEPARATORS = re.compile(r"[,;\n]")
#: What a name may still carry that was copied out of a list or a mapping, or rendered from one by a template.
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
    """The value of the param `release` that lets these pass."""
    return json.dumps([name if limit is None else f"{name}:{limit}" for name, limit in release.items()])


def _parse_entry(entry: object) -> tuple[str, int | None]:
    if not isinstance(entry, str):
        return _parse_pair(entry, None)
    name, colon, limit = entry.strip(_QUOTES).partition(":")
    return _parse_pair(name.strip(_QUOTES), limit.strip() if colon else None)


def _parse_pair(name: object, limit: object) -> tuple[str, int | None]:
    brake, most = _parse_name(name), _parse_limit(limit)
    if most is not None and brake in CANARY_BRAKES:
        raise ValueError(gettext("%(brake)s takes no limit", brake=brake))
    return brake, most


def _parse_name(name: object) -> str:
    if name not in BRAKE_NAMES:
        raise ValueError(gettext("%(value)s is no brake", value=repr(name)))
    return str(name)


def _parse_limit(limit: object) -> int | None:
    if limit is None:
        return None
    text = str(limit)
    if not (text.isascii() and text.isdigit()):
        raise ValueError(gettext("%(value)s is no whole number", value=repr(text)))
    return int(text)
