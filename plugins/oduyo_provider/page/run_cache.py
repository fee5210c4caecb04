"""Keeps what was read of staged runs in memory, so that the next page of a table reads little again."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock

import msgspec

from oduyo_provider.core.params import RunParams
from oduyo_provider.core.plan import PlanCounts
from oduyo_provider.core.record import SPECIAL_CODE, Resource
from oduyo_provider.core.report import Outcomes
from oduyo_provider.page.change_index import ChangeIndex, RunPhase
from oduyo_provider.sync.staging.archive import StagedRun
from oduyo_provider.sync.staging.change_table import ChangeTable, read_table
from oduyo_provider.sync.staging.layout import DECISION, PLAN, TABLE

#: Lines whose texts are kept in memory, over all runs: about 300 bytes each. The run that was requested
#: last is kept in any case.
MAX_LINES = 300_000
MAX_RUNS = 20


class OpenedRun(msgspec.Struct, frozen=True):
    """A run as it was read.

    :param table: None before guard has decided, and if it could not be written.
    :param is_planned: whether guard has decided.
    :param index: the lines of the table; empty without one.
    """

    table: ChangeTable | None
    is_planned: bool
    index: ChangeIndex

    @property
    def counts(self) -> PlanCounts:
        """The counts of the whole plan, without pairs and samples."""
        return PlanCounts() if self.table is None else self.table.counts

    @property
    def outcomes(self) -> Outcomes:
        """What became of the changes."""
        is_ended = self.index.phase is not RunPhase.GOING
        return Outcomes() if self.table is None else self.table.count_outcomes(is_ended=is_ended)

    @property
    def params(self) -> RunParams | None:
        """What the run was asked to do; None without a table."""
        return None if self.table is None else self.table.params

    @property
    def resource(self) -> Resource:
        """What the records are."""
        return SPECIAL_CODE if self.table is None else self.table.resource


class RunCache:
    """Keeps the runs that were read, and drops the one that was not requested for longest.

    A run is read again when its table, or how far it is, has changed.
    """

    def __init__(self) -> None:
        # Held while a table, one small file, is read: if two people open a run at once, it is read once.
        self._lock = Lock()
        # Folder → what the run was read as (when its table was written, is_planned, is_going), and the run.
        self._runs: OrderedDict[str, tuple[tuple[float | None, bool, bool], OpenedRun]] = OrderedDict()

    def open(self, run: StagedRun, *, is_going: bool, since: float = 0.0) -> OpenedRun:
        """Return a run from memory, or read it.

        :param since: a table or decision that is older belongs to an earlier plan; seconds since 1970.
        :raises StagingError: its table cannot be read.
        """
        uri, written_at = run.folder.uri, run.files.get((TABLE,))
        if written_at is not None and written_at < since:
            written_at = None
        is_planned = written_at is not None or any(at >= since for at, _ in run.find(PLAN, DECISION))
        read_as = written_at, is_planned, is_going
        with self._lock:
            known_as, known = self._runs.get(uri, (None, None))
            if known is None or known_as != read_as:
                table = None if written_at is None else read_table(run.folder)
                phase = RunPhase.GOING if is_going else RunPhase.ENDED
                if table is not None and table.is_dry:
                    phase = RunPhase.DRY
                index = ChangeIndex(run.folder, table, phase, None if known is None else known.index)
                known = OpenedRun(table, is_planned, index)
            self._runs[uri] = read_as, known
            self._runs.move_to_end(uri)
            self._drop()
            return known

    def _drop(self) -> None:
        """Drop runs until the rest is within the bounds, but never the last one."""
        while len(self._runs) > 1 and (
            len(self._runs) > MAX_RUNS or sum(run.index.searched_lines for _, run in self._runs.values()) > MAX_LINES
        ):
            self._runs.popitem(last=False)
