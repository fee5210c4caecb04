"""Which lines of a run's table somebody wants to see, and in which order."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from oduyo_provider.page.search_text import fold
from oduyo_provider.sync.staging.change_lines import read_action, read_is_row, read_known
from oduyo_provider.sync.staging.left_out import is_left_out

#: By what lines can be ordered; empty: by what cannot be undone first, then as planned.
ORDERS = ("", "outcome", "integration_id", "oduyo_id", "code")

#: The longest search.
MAX_SEARCH = 200


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which lines, and in which order.

    :param outcomes: as shown; none: any. Likewise ``actions``.
    :param known: rows that were rejected or refused: with True those that were so before, with False those that were not.
    :param rows: with True lines of rows, with False those of records without one.
    :param reasons: as the report counts them, without their outcomes; none: any.
    :param search: words that must all be there.
    :param order: one of :data:`ORDERS`.
    """

    outcomes: Sequence[str] = ()
    actions: Sequence[str] = ()
    known: Sequence[bool] = ()
    rows: Sequence[bool] = ()
    reasons: Sequence[str] = ()
    search: str = ""
    order: str = ""
    is_descending: bool = False

    def takes(self, tag: int, outcome: str) -> bool:
        """Whether a line is wanted, as far as its tag says.

        :param outcome: as it is shown.
        """
        return (
            (not self.outcomes or outcome in self.outcomes)
            and (not self.actions or read_action(tag) in self.actions)
            and (not self.known or (is_left_out(tag) and read_known(tag) in self.known))
            and (not self.rows or read_is_row(tag) in self.rows)
        )

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
