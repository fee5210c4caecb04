"""Which lines of a run's table are asked for: the filters, the search and the order that stand in the address."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from fastapi import Depends, HTTPException, Query

from oduyo_provider.core.language import gettext
from oduyo_provider.core.report import MAX_REASONS
from oduyo_provider.page.wanted import MAX_SEARCH, ORDERS, Wanted
from oduyo_provider.sync.staging.change_lines import ACTIONS, OUTCOMES

#: Of rows that were rejected or refused: those that were not so before, and those that were.
_KNOWN = {"new": False, "known": True}
#: What a line is of.
_OF = {"row": True, "record": False}

Names = Annotated[list[str], Query(default_factory=list, max_length=len(OUTCOMES))]
Reasons = Annotated[list[str], Query(default_factory=list, max_length=MAX_REASONS)]
Search = Annotated[str, Query(max_length=MAX_SEARCH)]
Sort = Annotated[str, Query(max_length=40)]


def read_wanted(
    outcome: Names, action: Names, known: Names, of: Names, reason: Reasons, search: Search = "", sort: Sort = ""
) -> Wanted:
    """What the address asks for; a name that there is not is a 422 that says which there are.

    :param sort: a column; with a minus before it the last comes first.
    """
    order = sort.removeprefix("-")
    for given, names in ((outcome, OUTCOMES), (action, ACTIONS), (known, _KNOWN), (of, _OF), ([order], ORDERS)):
        _check_names(given, names)
    return Wanted(
        outcomes=outcome,
        actions=action,
        known=[_KNOWN[name] for name in known],
        rows=[_OF[name] for name in of],
        reasons=reason,
        search=search,
        order=order,
        is_descending=sort.startswith("-"),
    )


#: The lines that a request asks for.
WantedLines = Annotated[Wanted, Depends(read_wanted)]


def read_zone(zone: Annotated[str, Query(max_length=64)] = "UTC") -> ZoneInfo:
    """The time zone that the script has from Airflow's own pages; one that this machine does not know is UTC."""
    try:
        return ZoneInfo(zone)
    except (ValueError, OSError, ZoneInfoNotFoundError):
        return ZoneInfo("UTC")


#: The reader's time zone.
Zone = Annotated[ZoneInfo, Depends(read_zone)]


def _check_names(given: Sequence[str], names: Collection[str]) -> None:
    if unknown := sorted(set(given) - set(names)):
        known = ", ".join(filter(None, names))
        raise HTTPException(
            422, gettext("There is no %(name)s; there are %(known)s.", name=repr(unknown[0]), known=known)
        )
