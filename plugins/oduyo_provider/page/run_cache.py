"""Keeps what was read of staged runs in memory, so that the next page of a table reads little or nothing again."""

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

#: Lines whose texts are kept in memory, over all runs: about 300 bytes each. The run that was asked for last always is.
MAX_LINES = 300_000
MAX_RUNS = 20


class OpenedRun(msgspec.Struct, frozen=True):
    """A run as it was read.

    :param table: None before guard has decided, and where it could not be written.
    :param is_planned: guard has decided.
    :param index: the lines of the table; none where there is no table.
    """

    table: ChangeTable | None
    is_planned: bool
    index: ChangeIndex

    @property
    def counts(self) -> PlanCounts:
        """The whole plan's, without pairs and samples."""
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
    """Runs that were read; the one that was asked for longest ago is dropped first. A run is read again when its table
    was written anew.
    """

    def __init__(self) -> None:
        # Held while a table is read, which is one small file: two people who open a run at once cause one reading.
        self._lock = Lock()
        # Each run with what it depends on: when its table was written, whether it is planned, whether it goes on.
        self._runs: OrderedDict[str, tuple[tuple[float | None, bool, bool], OpenedRun]] = OrderedDict()

    def open(self, run: StagedRun, *, is_going: bool, since: float = 0.0) -> OpenedRun:
        """The run, read now or before.

        :param since: a table, or a decision, that was written before is of an earlier plan, seconds since 1970.
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
