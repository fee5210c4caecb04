"""Reads from the address which lines of a run's table are wanted: filters, search and order."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Annotated

import msgspec
from fastapi import Depends, HTTPException, Query

from oduyo_provider.core.language import gettext
from oduyo_provider.core.report import MAX_REASONS
from oduyo_provider.page.search_text import fold
from oduyo_provider.sync.staging.change_lines import ACTIONS, OUTCOMES, TAGS
from oduyo_provider.sync.staging.left_out import is_left_out

#: What lines can be ordered by. Empty: what cannot be undone comes first, then as planned.
ORDERS = ("", "outcome", "integration_id", "oduyo_id", "code")

#: Characters of the longest search.
MAX_SEARCH = 200


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which lines, and in which order.

    :param outcome: as shown; none: any. Likewise ``action``.
    :param known: of rejected and refused rows, ``known`` those that were so before, ``new`` the others.
    :param of: ``row`` for lines of rows, ``record`` for those of records without one.
    :param reason: as the report counts them, without their outcomes; none: any.
    :param search: words that must all be there.
    :param sort: one of :data:`ORDERS`; with a minus before it the order is reversed.
    """

    outcome: Sequence[str] = ()
    action: Sequence[str] = ()
    known: Sequence[str] = ()
    of: Sequence[str] = ()
    reason: Sequence[str] = ()
    search: str = ""
    sort: str = ""

    def takes(self, tag: int, outcome: str) -> bool:
        """Whether a line is wanted, judged by its tag alone.

        :param outcome: as it is shown.
        """
        found = TAGS[tag]
        known = "known" if found.is_known else "new"
        return (
            (not self.outcome or outcome in self.outcome)
            and (not self.action or found.action in self.action)
            and (not self.known or (is_left_out(tag) and known in self.known))
            and (not self.of or ("row" if found.is_row else "record") in self.of)
        )

    @property
    def order(self) -> str:
        """What the lines are ordered by."""
        return self.sort.removeprefix("-")

    @property
    def is_descending(self) -> bool:
        """Whether the order is reversed."""
        return self.sort.startswith("-")

    @property
    def words(self) -> list[str]:
        """The words of the search, folded."""
        return fold(self.search).split()

    @property
    def column(self) -> int | None:
        """The index of the text to order by; None if the order needs no text."""
        return ORDERS.index(self.order) - 2 if self.order in ORDERS[2:] else None

    @property
    def needs_texts(self) -> bool:
        """Whether lines must be read to find the wanted ones, or their order."""
        return bool(self.words or self.reason) or self.column is not None


_Names = Annotated[list[str], Query(default_factory=list, max_length=len(OUTCOMES))]
_Reasons = Annotated[list[str], Query(default_factory=list, max_length=MAX_REASONS)]
_Search = Annotated[str, Query(max_length=MAX_SEARCH)]
_Sort = Annotated[str, Query(max_length=40)]


def _read_wanted(
    outcome: _Names, action: _Names, known: _Names, of: _Names, reason: _Reasons, search: _Search = "", sort: _Sort = ""
) -> Wanted:
    """Read what the address asks for. An unknown name is answered with 422 and the known names."""
    wanted = Wanted(outcome=outcome, action=action, known=known, of=of, reason=reason, search=search, sort=sort)
    _check_names(outcome, OUTCOMES)
    _check_names(action, ACTIONS)
    _check_names(known, ("new", "known"))
    _check_names(of, ("row", "record"))
    _check_names([wanted.order], ORDERS)
    return wanted


def _check_names(given: Sequence[str], names: Collection[str]) -> None:
    if unknown := sorted(set(given) - set(names)):
        known = ", ".join(filter(None, names))
        raise HTTPException(
            422, gettext("There is no %(name)s; there are %(known)s.", name=repr(unknown[0]), known=known)
        )


#: The lines that a request asks for.
WantedLines = Annotated[Wanted, Depends(_read_wanted)]
