"""Finds lines in the change table of a run, reading as little of it as it can.

A filter or an order by action and outcome is answered by the counts that stand in ``change_table.json``: then only the segments
that hold the lines of one page are opened, and of these only a few blocks. A search, and an order by a text, reads all
lines once and keeps what is searched in memory.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from enum import Enum
from itertools import accumulate
from threading import Lock

import msgspec

from oduyo_provider.core.partition import compute_bucket
from oduyo_provider.core.values.text import compute_match_key
from oduyo_provider.page.found_lines import FoundLines, Tags
from oduyo_provider.page.search_text import compute_order, compute_text, fold
from oduyo_provider.sync.staging.change_lines import (
    ACTIONS,
    OUTCOMES,
    SENT,
    ChangeLine,
    read_action,
    read_known,
    read_outcome,
)
from oduyo_provider.sync.staging.change_table import ChangeTable
from oduyo_provider.sync.staging.folder import Folder
from oduyo_provider.sync.staging.outcomes import DIED
from oduyo_provider.sync.staging.segments import Head, read_head, read_lines

#: By what lines can be ordered; empty: by what cannot be undone first, then as planned.
ORDERS = ("", "outcome", "integration_id", "oduyo_id", "code")

#: Lines that are read at once for a download.
_CHUNK_LINES = 2_000


_Path = tuple[str, ...]


class RunPhase(Enum):
    """How far a run is. What a change without a result is depends on it."""

    DRY = "dry"  # the change was only planned
    GOING = "going"  # the change waits
    ENDED = "ended"  # the change was not applied, or is doubtful if it was sent


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which lines, and in which order.

    :param outcomes: as shown; none: any. Likewise ``actions``.
    :param is_known: only what was rejected or refused alike before, or only what was not; None: both.
    :param search: words that must all be there.
    :param order: one of :data:`ORDERS`.
    """

    outcomes: Sequence[str] = ()
    actions: Sequence[str] = ()
    is_known: bool | None = None
    search: str = ""
    order: str = ""
    is_descending: bool = False


class _Searched(msgspec.Struct, frozen=True):
    """What is searched and ordered of one segment: the folded text, and the texts of each column."""

    texts: list[str]
    columns: list[tuple[str, str, str]]


class ChangeIndex:
    """The lines of one run, numbered through all segments.

    :param table: None where a run has none: no lines.
    :param before: an index of the same run: what it has read of segments that are the same is not read again.
    """

    def __init__(
        self, folder: Folder, table: ChangeTable | None, phase: RunPhase, before: ChangeIndex | None = None
    ) -> None:
        self._folder = folder
        self.phase = phase
        self._files = [] if table is None else table.segments
        self._starts = [0, *accumulate(file.lines for file in self._files)]
        self._heads: dict[_Path, Head] = {}
        self._searched: dict[_Path, _Searched] = {}
        self._lock = Lock()
        if before is not None and before.phase is phase:
            self._take_over(before)
        self.counts: Counter[str] = Counter()
        self.actions: Counter[str] = Counter()
        self.new_counts: Counter[str] = Counter()
        for file in self._files:
            for tag, count in file.counts.items():
                self.counts[self._show(tag)] += count
                self.actions[read_action(tag)] += count
                self.new_counts[self._show(tag)] += 0 if read_known(tag) else count

    def __len__(self) -> int:
        return self._starts[-1]

    @property
    def searched_lines(self) -> int:
        """Lines whose texts are held in memory."""
        return sum(len(searched.texts) for searched in self._searched.values())

    def find(self, wanted: Wanted) -> Sequence[int]:
        """The numbers of the lines that are wanted, in their order; read no further than it is sliced."""
        groups = self._group(wanted)
        found: Sequence[int] = FoundLines(groups, self._count, self._list)
        words = fold(wanted.search).split()
        if words:
            found = [number for number in found if all(word in self._get_text(number) for word in words)]
        if wanted.order in ORDERS[2:]:
            column = ORDERS.index(wanted.order) - 2
            found = sorted(
                found, key=lambda number: compute_order(self._get_columns(number)[column]), reverse=wanted.is_descending
            )
        return found

    def find_key(self, key: str, partitions: int) -> list[ChangeLine]:
        """The lines of one match key; of a table with all partitions only the key's is read."""
        is_whole = len(self._files) == partitions
        segments = [compute_bucket(key, partitions)] if is_whole else range(len(self._files))
        found: list[ChangeLine] = []
        for segment in segments:
            file = self._files[segment]
            lines = read_lines(self._folder, file, self._get_head(segment), range(file.lines))
            found += [self._finish(line) for _, line in lines if compute_match_key(line.integration_id) == key]
        return found

    def read(self, numbers: Iterable[int]) -> Iterator[ChangeLine]:
        """The lines of these numbers, in this order."""
        chunk: list[int] = []
        for number in numbers:
            chunk.append(number)
            if len(chunk) == _CHUNK_LINES:
                yield from self._read_chunk(chunk)
                chunk = []
        yield from self._read_chunk(chunk)

    def _read_chunk(self, numbers: Sequence[int]) -> list[ChangeLine]:
        by_segment: OrderedDict[int, list[int]] = OrderedDict()
        for number in sorted(set(numbers)):
            segment = bisect_right(self._starts, number) - 1
            by_segment.setdefault(segment, []).append(number - self._starts[segment])
        found: dict[int, ChangeLine] = {}
        for segment, positions in by_segment.items():
            for position, line in read_lines(self._folder, self._files[segment], self._get_head(segment), positions):
                found[self._starts[segment] + position] = self._finish(line)
        return [found[number] for number in numbers]

    def _show(self, tag: int) -> str:
        """The outcome that a tag stands for in a run that is as far as this one."""
        outcome = read_outcome(tag)
        if outcome not in ("waiting", SENT):
            return outcome
        if self.phase is RunPhase.DRY:
            return "planned"
        if self.phase is RunPhase.GOING:
            return "waiting"
        return "doubtful" if outcome == SENT else "not_applied"

    def _finish(self, line: ChangeLine) -> ChangeLine:
        outcome = self._show(line.tag)
        if outcome == line.outcome:
            return line
        reason = ""
        if line.outcome == SENT and self.phase is not RunPhase.DRY:
            reason = "sent, the answer is awaited" if self.phase is RunPhase.GOING else DIED
        return msgspec.structs.replace(line, outcome=outcome, reason=reason)

    def _group(self, wanted: Wanted) -> list[Tags]:
        """The tags of the lines that are wanted: groups in their order."""
        tags = {tag for file in self._files for tag in file.counts}
        if wanted.outcomes:
            tags = {tag for tag in tags if self._show(tag) in wanted.outcomes}
        if wanted.actions:
            tags = {tag for tag in tags if read_action(tag) in wanted.actions}
        if wanted.is_known is not None:
            tags = {tag for tag in tags if read_known(tag) is wanted.is_known}
        by_rank: dict[int, set[int]] = {}
        for tag in tags:
            rank = OUTCOMES.index(self._show(tag)) if wanted.order == "outcome" else ACTIONS.index(read_action(tag))
            by_rank.setdefault(rank, set()).add(tag)
        ranks = sorted(by_rank, reverse=wanted.is_descending and wanted.order in ("", "outcome"))
        return [frozenset(by_rank[rank]) for rank in ranks]

    def _count(self, tags: Tags) -> list[int]:
        """How many lines of each segment have one of these tags."""
        return [sum(count for tag, count in file.counts.items() if tag in tags) for file in self._files]

    def _list(self, tags: Tags, segment: int) -> list[int]:
        """The numbers of the lines of one segment that have one of these tags."""
        start = self._starts[segment]
        found = self._get_head(segment).tag_bytes
        return [start + position for position, tag in enumerate(found) if tag in tags]

    def _take_over(self, before: ChangeIndex) -> None:
        heads, searched = before.get_read()
        paths = {file.path for file in self._files}
        self._heads = {path: head for path, head in heads.items() if path in paths}
        self._searched = {path: found for path, found in searched.items() if path in paths}

    def get_read(self) -> tuple[dict[_Path, Head], dict[_Path, _Searched]]:
        """What was read of the segments, by their paths: a path names the same bytes for ever."""
        with self._lock:
            return dict(self._heads), dict(self._searched)

    def _get_head(self, segment: int) -> Head:
        file = self._files[segment]
        head = self._heads.get(file.path)
        if head is None:
            head = read_head(self._folder, file)
            with self._lock:
                self._heads[file.path] = head
        return head

    def _get_text(self, number: int) -> str:
        searched, position = self._get_searched(number)
        return searched.texts[position]

    def _get_columns(self, number: int) -> tuple[str, str, str]:
        searched, position = self._get_searched(number)
        return searched.columns[position]

    def _get_searched(self, number: int) -> tuple[_Searched, int]:
        segment = bisect_right(self._starts, number) - 1
        file = self._files[segment]
        searched = self._searched.get(file.path)
        if searched is None:
            head = self._get_head(segment)
            lines = [self._finish(line) for _, line in read_lines(self._folder, file, head, range(file.lines))]
            texts = [compute_text(line) for line in lines]
            searched = _Searched(texts, [(line.integration_id, line.oduyo_id, line.code) for line in lines])
            with self._lock:
                self._searched[file.path] = searched
        return searched, number - self._starts[segment]
