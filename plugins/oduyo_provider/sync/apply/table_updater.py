"""Keeps the change table up to date while a plan is applied, for the run's page.

The load does not depend on it: a failed write is logged once, and the load goes on.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial

import msgspec

from oduyo_provider.core.change import Change, Result
from oduyo_provider.core.language import gettext
from oduyo_provider.sync.apply.recorder import Recorder
from oduyo_provider.sync.runtime.timing import SHOW_CHANGES_EVERY_S
from oduyo_provider.sync.staging.change_lines import settle_line
from oduyo_provider.sync.staging.change_table import NOT_SHOWN, ChangeTable, Pace, write_table
from oduyo_provider.sync.staging.folder import Folder
from oduyo_provider.sync.staging.layout import TABLE_FILES, name_segment
from oduyo_provider.sync.staging.segments import BLOCK_LINES, Segment

log = logging.getLogger(__name__)

#: Superseded files that are kept.
KEPT_VERSIONS = 20
#: Writing takes at most this fraction of the time: one in so many.
WRITING_SHARE = 20


class _OpenPart:
    """One partition whose results still change.

    :param segment: its lines; the changes stand first, in their order.
    """

    def __init__(self, segment: Segment, recorder: Recorder, changes: Sequence[Change]) -> None:
        self.segment = segment
        self._recorder = recorder
        self._changes = changes
        self._shown: list[tuple[Result | None, bool]] = [(None, False)] * len(changes)

    def update(self) -> bool:
        """Write new results into the lines; returns whether there were any."""
        recorder, is_changed = self._recorder, False
        for start in range(0, len(self._changes), BLOCK_LINES):
            changes = self._changes[start : start + BLOCK_LINES]
            known = [
                (recorder.results.get(change.key), change.key in recorder.sent or change.key in recorder.history.sends)
                for change in changes
            ]
            shown = self._shown[start : start + BLOCK_LINES]
            if all(now[0] is was[0] and now[1] == was[1] for now, was in zip(known, shown, strict=True)):
                continue
            lines = self.segment.read_block(start // BLOCK_LINES)
            for position, (change, (result, is_sent)) in enumerate(zip(changes, known, strict=True)):
                lines[position] = settle_line(lines[position], change, result, is_sent=is_sent)
            self.segment.replace_block(start // BLOCK_LINES, lines)
            self._shown[start : start + BLOCK_LINES] = known
            is_changed = True
        return is_changed


class TableUpdater:
    """Writes new versions of the segments of a change table while their partitions are applied.

    :param table: as guard or an earlier try wrote it; None where there is none, and then none is written.
    :param attempt: this try's name.
    """

    def __init__(self, run_folder: Folder, table: ChangeTable | None, attempt: str) -> None:
        self._run_folder = run_folder
        self._table = table
        self._attempt = attempt
        self._version = 0
        self._open: dict[int, _OpenPart] = {}
        self._changed: dict[int, Segment] = {}
        self._superseded: deque[str] = deque()
        self._lock = asyncio.Lock()
        self._has_failed = False

    async def begin(self, number: int, recorder: Recorder, changes: Sequence[Change]) -> None:
        """The changes of the partition with this number are about to be applied."""
        if changes:
            await self._run(partial(self._begin, number, recorder, changes))

    async def end(self, number: int) -> None:
        """All changes of a partition have their results."""
        await self._run(partial(self._end, number))

    @asynccontextmanager
    async def writing(self, now: float) -> AsyncIterator[None]:
        """Write new results every few seconds while the block runs, and once more at its end.

        :param now: seconds since 1970.
        """
        if self._table is None:
            yield
            return
        self._table = msgspec.structs.replace(self._table, pace=Pace(now, self._table.settled))
        regularly = asyncio.create_task(self._write_regularly())
        try:
            yield
        finally:
            regularly.cancel()
            with suppress(asyncio.CancelledError):
                await regularly
            await self._run(self._write)

    async def _write_regularly(self) -> None:
        rest_s = SHOW_CHANGES_EVERY_S
        while True:
            # Not wait_for(), which before Python 3.12 may swallow the cancellation.
            await asyncio.sleep(rest_s)
            started_at = time.monotonic()
            await self._run(self._write)
            rest_s = max(SHOW_CHANGES_EVERY_S, WRITING_SHARE * (time.monotonic() - started_at))

    async def _run(self, work: Callable[[], None]) -> None:
        """Run one write at a time in a thread. An error is logged once, and stops nothing."""
        # A write that is cancelled would leave its thread writing while the next one writes too.
        await asyncio.shield(self._run_alone(work))

    async def _run_alone(self, work: Callable[[], None]) -> None:
        if self._table is None:
            return
        async with self._lock:
            try:
                await asyncio.to_thread(work)
            except Exception as error:
                if not self._has_failed:
                    log.warning(gettext(NOT_SHOWN, error=error))
                self._has_failed = True

    def _begin(self, number: int, recorder: Recorder, changes: Sequence[Change]) -> None:
        segment = Segment.read(self._run_folder, self._get_table().segments[number])
        self._open[number] = _OpenPart(segment, recorder, changes)

    def _end(self, number: int) -> None:
        part = self._open.pop(number, None)
        if part is not None and part.update():
            self._changed[number] = part.segment

    def _write(self) -> None:
        for number, part in self._open.items():
            if part.update():
                self._changed[number] = part.segment
        if self._changed:
            self._write_changed(self._get_table())

    def _write_changed(self, table: ChangeTable) -> None:
        self._version += 1
        segments = list(table.segments)
        for number, segment in self._changed.items():
            old = segments[number].path
            path = TABLE_FILES, self._attempt, name_segment(number, self._version)
            segments[number] = segment.write(self._run_folder, path)
            if old[:2] == path[:2]:
                self._superseded.append(old[-1])
        self._table = msgspec.structs.replace(table, segments=segments, written_at=time.time())
        write_table(self._run_folder, self._table)
        self._changed = {}
        # Readers of an earlier table still find its files for a while.
        while len(self._superseded) > KEPT_VERSIONS:
            self._run_folder.child(TABLE_FILES, self._attempt).delete(self._superseded.popleft())

    def _get_table(self) -> ChangeTable:
        if self._table is None:
            raise LookupError("there is no change table")
        return self._table
