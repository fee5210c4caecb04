"""What runs did that did not come to their report: only report writes the history, but they left their change tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from oduyo_provider.page.run_cache import OpenedRun
from oduyo_provider.sync.staging.change_lines import ChangeLine
from oduyo_provider.sync.staging.past_changes import PastChange, has_done, make_past_change


class UnreportedRun(msgspec.Struct, frozen=True):
    """A run of which no report has added up the last results.

    :param run: as the history names it.
    :param plan: the number of its plan; ``partitions`` so many files both sides are split into.
    """

    run: str
    plan: int
    partitions: int
    opened: OpenedRun

    def find_key(self, key: str) -> list[PastChange]:
        """What it did to a match key; only the key's partition is read."""
        return list(self._keep(self.opened.index.find_key(key, self.partitions)))

    def read_all(self) -> Iterator[PastChange]:
        """What it did to every key."""
        return self._keep(self.opened.index.read(range(len(self.opened.index))))

    def _keep(self, lines: Iterable[ChangeLine]) -> Iterator[PastChange]:
        table = self.opened.table
        now = 0.0 if table is None else table.written_at
        return (make_past_change(line, self.run, self.plan, now) for line in lines if has_done(line))
