"""How many records the pages of a listing ask for."""

from __future__ import annotations

#: Full pages after which a larger size, which has failed, is tried again.
DEFAULT_FULL_PAGES = 4


class PageSize:
    """How many records a page asks for. All listings of a client share it.

    A failed page halves it. As the site may only have been down, it is doubled again after some full pages; each time that
    fails at once, the next attempt comes later.
    """

    def __init__(self, records: int) -> None:
        self.records = self._largest = records
        self._full_pages = 0
        self._wanted_pages = DEFAULT_FULL_PAGES
        self._is_tried = False  # no page of this size was full yet

    def failed(self, limit: int) -> None:
        """A page of `limit` records could not be had."""
        if limit == self.records:
            self.records = limit // 2
            self._full_pages = 0
            if self._is_tried:
                self._wanted_pages *= 2
                self._is_tried = False

    def succeeded(self, limit: int, found: int) -> None:
        """A page of `limit` records held `found`. One that is less than half full says nothing about the size."""
        if limit != self.records or 2 * found < limit:
            return
        if self._is_tried:
            self._wanted_pages = DEFAULT_FULL_PAGES
            self._is_tried = False
        self._full_pages += 1
        if self._full_pages >= self._wanted_pages and limit < self._largest:
            self.records = min(2 * limit, self._largest)
            self._full_pages = 0
            self._is_tried = True
