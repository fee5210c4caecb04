"""Which lines of a run's table somebody wants to see, and in which order."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from oduyo_provider.page.search_text import fold

#: By what lines can be ordered; empty: by what cannot be undone first, then as planned.
ORDERS = ("", "outcome", "integration_id", "oduyo_id", "code")

#: The longest search.
MAX_SEARCH = 200


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which lines, and in which order.

    :param outcomes: as shown; none: any. Likewise ``actions``.
    :param is_known: only what was rejected or refused alike before, or only what was not; None: both.
    :param reasons: as the report counts them, without their outcomes; none: any.
    :param search: words that must all be there.
    :param order: one of :data:`ORDERS`.
    """

    outcomes: Sequence[str] = ()
    actions: Sequence[str] = ()
    is_known: bool | None = None
    reasons: Sequence[str] = ()
    search: str = ""
    order: str = ""
    is_descending: bool = False

    @property
    def words(self) -> list[str]:
        """The words of the search, folded."""
        return fold(self.search).split()

    @property
    def column(self) -> int | None:
        """The text that orders the lines, by its number; None where none does."""
        return ORDERS.index(self.order) - 2 if self.order in ORDERS[2:] else None

    @property
    def needs_texts(self) -> bool:
        """Whether lines have to be read before it is known which are wanted."""
        return bool(self.words or self.reasons) or self.column is not None
