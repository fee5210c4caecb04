"""Reads the changes of runs that never came to their report.

Only report writes the history. Such runs left their change tables.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator

import msgspec

from oduyo_provider.core.errors import StagingError
from oduyo_provider.page.run_cache import OpenedRun, RunCache
from oduyo_provider.page.run_facts import RunFacts
from oduyo_provider.page.sides import open_sides
from oduyo_provider.sync.staging.archive import StagedRun
from oduyo_provider.sync.staging.change_lines import ChangeLine
from oduyo_provider.sync.staging.folder import Folder
from oduyo_provider.sync.staging.layout import EXISTING, RESULTS
from oduyo_provider.sync.staging.manifests import number_plan
from oduyo_provider.sync.staging.past_changes import PastChange, has_done, make_past_change

log = logging.getLogger(__name__)


class UnreportedRun(msgspec.Struct, frozen=True):
    """A run whose last results no report has added up.

    :param run: as the history names it.
    :param plan: the number of its plan; ``partitions``: how many files each side is split into.
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
        kind = self.opened.resource
        return (make_past_change(line, self.run, self.plan, now, kind) for line in lines if has_done(line))


def find_unreported(runs: Iterable[StagedRun]) -> list[StagedRun]:
    """The runs with results that are in no report."""
    return [run for run in runs if not run.is_settled and any(path[0] == RESULTS for path in run.files)]


def open_unreported(
    root: Folder, cache: RunCache, runs: Iterable[tuple[StagedRun, RunFacts]]
) -> Iterator[UnreportedRun]:
    """Open these runs. One whose files are damaged is logged and left out; its own page says so.

    :param runs: each with what is known of it.
    """
    for run, facts in runs:
        try:
            # The number of a plan that was made of an earlier listing is not known.
            listed_at = max((at for at, _ in run.find(EXISTING)), default=0.0)
            opened = cache.open(run, is_going=facts.is_going, since=listed_at)
            sides = open_sides(root, run)
        except StagingError as error:
            log.warning("%s", error)
            continue
        if opened.table is not None and sides is not None:
            name = "/".join((facts.run_id, *run.task))
            yield UnreportedRun(name, number_plan(sides.manifest.snapshot), sides.partitions, opened)
