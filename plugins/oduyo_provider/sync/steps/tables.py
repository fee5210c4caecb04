"""Writes the change table, for the page. It cannot fail a step: an error is said in the log."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

import msgspec

from oduyo_provider.core.language import gettext
from oduyo_provider.core.plan import Plan
from oduyo_provider.core.record import Resource
from oduyo_provider.sync.apply.table_updater import TableUpdater
from oduyo_provider.sync.staging.change_lines import ChangeLine, make_left_line
from oduyo_provider.sync.staging.change_table import (
    NOT_SHOWN,
    ChangeTable,
    make_lines,
    make_table,
    read_table,
    write_table,
)
from oduyo_provider.sync.staging.layout import PLAN, PLANNED_LINES, TABLE, TABLE_FILES, name_partition, name_segment
from oduyo_provider.sync.staging.left_out import count_gone, find_run_before, read_left_out
from oduyo_provider.sync.staging.plans import PlanPart
from oduyo_provider.sync.staging.segments import Segment, SegmentFile
from oduyo_provider.sync.steps.context import StepContext
from oduyo_provider.sync.steps.past import PastWriter

log = logging.getLogger(__name__)

T = TypeVar("T")


def try_to_show(work: Callable[[], T]) -> T | None:
    """Write something for the page; if that fails, say so in the log and return None."""
    try:
        return work()
    except Exception as error:
        log.warning(gettext(NOT_SHOWN, error=error))
        return None


def write_planned_lines(step: StepContext, resource: Resource, partition: int, plan: Plan) -> SegmentFile | None:
    """Write the lines of a partition as transform has planned it; None when they cannot be written."""
    path = PLAN, step.run.attempt, name_partition(partition), PLANNED_LINES
    return try_to_show(
        lambda: Segment(make_lines(resource, plan.changes, plan.rejected, plan.remarks)).write(step.run.folder, path)
    )


def write_decided_table(
    step: StepContext, parts: Sequence[PlanPart], known_rejected: frozenset[str], *, is_dry: bool
) -> None:
    """Write the table as guard has decided it.

    :param parts: with guard's decisions.
    :param known_rejected: digests of the rows that the last applied run rejected.
    """

    def write() -> None:
        segments = []
        for part in parts:
            planned = part.manifest.lines
            if planned is None or not part.is_as_planned:
                resource, rejected = part.manifest.snapshot.resource, part.read_rejected(known_rejected)
                lines = make_lines(resource, part.read_changes(), rejected, part.read_remarks())
                planned = Segment(lines).write(step.run.folder, _name_lines(step, part))
            segments.append(planned)
        write_table(step.run.folder, make_table(parts, segments, is_dry=is_dry, now=step.clock.now()))

    try_to_show(write)


def open_updater(step: StepContext, generation: str) -> TableUpdater:
    """What load brings up to date: the table as guard has written it."""
    return TableUpdater(step.run.folder, _read_table(step, generation), step.run.attempt)


class FinalTable:
    """The table as report knows it: takes what became of each change and row, one partition after the other.

    :param past: takes the same lines, to be kept for years; None in a dry run.
    """

    def __init__(self, step: StepContext, past: PastWriter | None = None) -> None:
        self._step = step
        self._past = past
        self._segment = Segment()
        self._segments: list[SegmentFile] = []
        self._is_broken = False

    def take(self, make: Callable[[], ChangeLine]) -> None:
        """Add the line of a change or row of the partition that is gone through."""
        line = try_to_show(make) if not self._is_broken else None
        if line is None:
            self._is_broken = True
            return
        if self._past is not None:
            self._past.take(line)
        self._segment.append(line)

    def close_part(self, part: PlanPart) -> None:
        """Write the lines of a partition; those without a change are as they were."""
        if self._past is not None:
            self._past.write()
        planned = None if self._is_broken else try_to_show(lambda: self._write_part(part))
        if planned is None:
            self._is_broken = True
        else:
            self._segments.append(planned)
        self._segment = Segment()

    def _write_part(self, part: PlanPart) -> SegmentFile:
        planned = part.manifest.lines
        if planned is not None and part.is_as_planned and not part.manifest.counts.changes:
            return planned
        for remark in part.read_remarks():
            self.take(partial(make_left_line, remark))
        return self._segment.write(self._step.run.folder, _name_lines(self._step, part))

    def finish(self, parts: Sequence[PlanPart], *, is_dry: bool) -> None:
        """Replace the table of the run, and remove the files of the one before."""
        if not self._is_broken and parts:
            try_to_show(lambda: self._replace(parts, is_dry=is_dry))

    def _replace(self, parts: Sequence[PlanPart], *, is_dry: bool) -> None:
        folder, known = self._step.run.folder, _read_table(self._step, parts[0].manifest.generation)
        pace = None if known is None else known.pace
        table = make_table(parts, self._segments, is_dry=is_dry, now=self._step.clock.now(), pace=pace)
        if not is_dry:
            table = msgspec.structs.replace(table, gone=self._count_gone(table, parts))
        write_table(folder, table)
        files = folder.child(TABLE_FILES)
        for name in files.names():
            if name != self._step.run.attempt:
                files.child(name).remove()

    def _count_gone(self, table: ChangeTable, parts: Sequence[PlanPart]) -> dict[str, int] | None:
        run = self._step.run
        before = find_run_before(run, parts[0].manifest.snapshot.started_at)
        if before is None:
            return None
        earlier = read_left_out(before.folder, read_table(before.folder))
        return count_gone(earlier, read_left_out(run.folder, table))


def _read_table(step: StepContext, generation: str) -> ChangeTable | None:
    folder = step.run.folder
    table = try_to_show(lambda: read_table(folder) if folder.has(TABLE) else None)
    return table if table is not None and table.generation == generation else None


def _name_lines(step: StepContext, part: PlanPart) -> tuple[str, ...]:
    return TABLE_FILES, step.run.attempt, name_segment(part.manifest.partition, 0)
