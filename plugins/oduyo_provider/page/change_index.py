"""Finds lines in the change table of a run, reading as little of it as it can.

A filter or an order by action and outcome is answered by the counts that stand in ``change_table.json``: then only the segments
that hold the lines of one page are opened, and of these only a few blocks. A search, and an order by a text, reads all
lines once, a bounded part for each answer, and keeps what is searched in memory.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from enum import Enum
from itertools import accumulate
from threading import Lock

import msgspec

from oduyo_provider.core.language import gettext_noop
from oduyo_provider.core.partition import compute_bucket
from oduyo_provider.core.values.text import compute_match_key
from oduyo_provider.page.found_lines import FoundLines, Tags
from oduyo_provider.page.search_text import compute_order
from oduyo_provider.page.searched_texts import SearchedTexts
from oduyo_provider.page.wanted import Wanted
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

#: Why a change that may have been transmitted waits.
AWAITED = gettext_noop("sent, the answer is awaited")

#: Lines that are read at once for a download.
_CHUNK_LINES = 2_000


_Path = tuple[str, ...]


class RunPhase(Enum):
    """How far a run is. What a change without a result is depends on it."""

    DRY = "dry"  # the change was only planned
    GOING = "going"  # the change waits
    ENDED = "ended"  # the change was not applied, or is doubtful if it was sent


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
        self.texts = SearchedTexts(folder, self._finish)
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

    def find(self, wanted: Wanted, max_bytes: int | None = None) -> Sequence[int]:
        """The numbers of the lines that are wanted, in their order; read no further than it is sliced.

        :param max_bytes: where texts have to be read, about so many bytes of them are read now, one segment at least; what
            is left (:meth:`count_unread`) is not among the lines. None: all are read.
        """
        groups = self._group(wanted)
        if not wanted.needs_texts:
            return FoundLines(groups, self._count, self._list)
        unread = self._list_unread(wanted)
        while unread and (max_bytes is None or max_bytes > 0):
            segment = unread.pop(0)
            head, file = self._get_head(segment), self._files[segment]
            self.texts.read(file, head)
            max_bytes = None if max_bytes is None else max_bytes - sum(head.blocks)
        found = list(FoundLines(groups, self._count_read, self._list))
        if words := wanted.words:
            found = [number for number in found if all(word in self._get_text(number) for word in words)]
        if (column := wanted.column) is not None:
            found.sort(
                key=lambda number: compute_order(self._get_columns(number)[column]), reverse=wanted.is_descending
            )
        return found

    def count_unread(self, wanted: Wanted) -> int:
        """Lines among which more may be found, as their texts are not read yet."""
        tags = frozenset().union(*self._group(wanted))
        counts = self._count(tags)
        return sum(counts[segment] for segment in self._list_unread(wanted))

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
            reason = AWAITED if self.phase is RunPhase.GOING else DIED
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

    def _count_read(self, tags: Tags) -> list[int]:
        """As `_count`; none of a segment whose texts are not read."""
        counts = self._count(tags)
        return [count if self.texts.has(file) else 0 for file, count in zip(self._files, counts, strict=True)]

    def _list_unread(self, wanted: Wanted) -> list[int]:
        """The segments with lines that may be wanted, whose texts have to be read before that is known."""
        if not wanted.needs_texts:
            return []
        counts = self._count(frozenset().union(*self._group(wanted)))
        return [number for number, file in enumerate(self._files) if counts[number] and not self.texts.has(file)]

    def _list(self, tags: Tags, segment: int) -> list[int]:
        """The numbers of the lines of one segment that have one of these tags."""
        start = self._starts[segment]
        found = self._get_head(segment).tag_bytes
        return [start + position for position, tag in enumerate(found) if tag in tags]

    def _take_over(self, before: ChangeIndex) -> None:
        paths = {file.path for file in self._files}
        self._heads = {path: head for path, head in before.get_heads().items() if path in paths}
        self.texts.take_over(before.texts, paths)

    def get_heads(self) -> dict[_Path, Head]:
        """The heads that were read, by the paths of their segments: a path names the same bytes for ever."""
        with self._lock:
            return dict(self._heads)

    def _get_head(self, segment: int) -> Head:
        file = self._files[segment]
        head = self._heads.get(file.path)
        if head is None:
            head = read_head(self._folder, file)
            with self._lock:
                self._heads[file.path] = head
        return head

    def _get_text(self, number: int) -> str:
        segment = bisect_right(self._starts, number) - 1
        return self.texts.get(self._files[segment]).texts[number - self._starts[segment]]

    def _get_columns(self, number: int) -> tuple[str, str, str]:
        segment = bisect_right(self._starts, number) - 1
        return self.texts.get(self._files[segment]).columns[number - self._starts[segment]]
