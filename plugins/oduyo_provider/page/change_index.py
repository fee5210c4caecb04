"""Finds lines in the change table of a run and reads as little of it as possible.

To filter or order by action and outcome, the counts in ``change_table.json`` are enough: only the segments
with the lines of one page are opened, and only a few blocks of them are read. To search, or to order by a
text, all lines are read once, a bounded part for each answer, and their texts are kept in memory.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from enum import Enum
from functools import cached_property, partial
from itertools import accumulate, islice

import msgspec

from oduyo_provider.core.language import gettext_noop
from oduyo_provider.core.partition import compute_bucket
from oduyo_provider.core.values.text import compute_match_key
from oduyo_provider.page.found_lines import FoundLines
from oduyo_provider.page.search_text import compute_order, compute_text, list_reasons
from oduyo_provider.page.wanted import Wanted
from oduyo_provider.sync.staging.change_lines import (
    ACTIONS,
    OUTCOMES,
    SENT,
    TAGS,
    ChangeLine,
)
from oduyo_provider.sync.staging.change_table import ChangeTable
from oduyo_provider.sync.staging.folder import Folder
from oduyo_provider.sync.staging.left_out import is_left_out
from oduyo_provider.sync.staging.outcomes import UNSETTLED
from oduyo_provider.sync.staging.segments import MAX_REASON, Head, SegmentFile, read_head, read_lines

#: Why a change that may have been transmitted waits.
AWAITED = gettext_noop("sent, the answer is awaited")

#: Lines that are read at once for a download.
_CHUNK_LINES = 2_000

#: Tags of lines that are ordered as one group.
_Tags = frozenset[int]


class RunPhase(Enum):
    """How far a run is. This decides what a change without a result is shown as."""

    DRY = "dry"  # the change was only planned
    GOING = "going"  # the change waits, also one that an earlier try did not send
    ENDED = "ended"  # the change was not applied, or is doubtful if it was sent

    def show(self, tag: int) -> str:
        """The outcome that is shown for a tag in this phase."""
        outcome = TAGS[tag].outcome
        if outcome not in ("waiting", "not_applied", SENT):
            return outcome
        if self is RunPhase.DRY:
            return "planned"
        if self is RunPhase.GOING:
            return "waiting"
        return "doubtful" if outcome == SENT else "not_applied"

    def finish(self, line: ChangeLine) -> ChangeLine:
        """A stored line with the outcome and reason that are shown in this phase."""
        outcome = self.show(line.tag)
        if outcome == line.outcome:
            return line
        reason = ""
        if line.outcome == SENT and self is not RunPhase.DRY:
            reason = AWAITED if self is RunPhase.GOING else UNSETTLED
        return msgspec.structs.replace(line, outcome=outcome, reason=reason)


class _Segment:
    """A segment of the table. Its head and its texts stay in memory once they are read.

    :ivar searched: for each line its folded text, which is searched, the texts to order by (see
        :attr:`Wanted.column`), and its reasons; empty until they are read.
    """

    def __init__(self, folder: Folder, file: SegmentFile, phase: RunPhase) -> None:
        self._folder = folder
        self._phase = phase
        self.file = file
        self.searched: list[tuple[str, tuple[str, str, str], frozenset[str]]] = []

    @cached_property
    def head(self) -> Head:
        return read_head(self._folder, self.file)

    def count(self, tags: _Tags) -> int:
        """How many lines have one of these tags."""
        return sum(count for tag, count in self.file.counts.items() if tag in tags)

    def list_positions(self, tags: _Tags) -> list[int]:
        """The lines that have one of these tags."""
        return [position for position, tag in enumerate(self.head.tag_bytes) if tag in tags]

    def read(self, positions: Sequence[int]) -> Iterator[tuple[int, ChangeLine]]:
        """The lines at some positions, in ascending order, with their positions."""
        for position, line in read_lines(self._folder, self.file, self.head, positions):
            yield position, self._phase.finish(line)

    def read_all(self) -> Iterator[ChangeLine]:
        return (line for _, line in self.read(range(self.file.lines)))

    def read_texts(self) -> int:
        """Read the texts of all lines; returns about how many bytes were read."""
        self.searched = [
            (
                compute_text(line),
                (line.integration_id, line.oduyo_id, line.code),
                list_reasons(line.outcome, line.reason),
            )
            for line in self.read_all()
        ]
        return sum(self.head.blocks)


class ChangeIndex:
    """The lines of one run, numbered across all segments.

    :param table: None if the run has none; then there are no lines.
    :param before: an earlier index of the same run. In the same phase its segments with the same paths are
        used again, as the bytes at a path never change.
    :ivar left_out: rejected and refused rows, by whether they were known before.
    """

    def __init__(
        self, folder: Folder, table: ChangeTable | None, phase: RunPhase, before: ChangeIndex | None = None
    ) -> None:
        self.phase = phase
        kept = before.segments if before is not None and before.phase is phase else []
        known = {segment.file.path: segment for segment in kept}
        files = [] if table is None else table.segments
        self.segments: list[_Segment] = [known.get(file.path) or _Segment(folder, file, phase) for file in files]
        self._starts = [0, *accumulate(file.lines for file in files)]
        self.counts: Counter[str] = Counter()
        self.actions: Counter[str] = Counter()
        self.left_out: Counter[bool] = Counter()
        for file in files:
            for tag, count in file.counts.items():
                self.counts[phase.show(tag)] += count
                self.actions[TAGS[tag].action] += count
                self.left_out[TAGS[tag].is_known] += count if is_left_out(tag) else 0

    def __len__(self) -> int:
        return self._starts[-1]

    @property
    def searched_lines(self) -> int:
        """Lines whose texts are held in memory."""
        return sum(len(segment.searched) for segment in self.segments)

    def find(self, wanted: Wanted, max_bytes: float = math.inf) -> FoundLines | list[int]:
        """The numbers of the wanted lines, in their order; reads no further than the result is sliced.

        :param max_bytes: if texts must be read, read about so many bytes of them now, at least one segment.
            Lines that are not read yet (:meth:`count_unread`) are not found.
        """
        groups = self._group(wanted)
        if not wanted.needs_texts:
            count = sum(segment.count(tags) for tags in groups for segment in self.segments)
            return FoundLines(count, partial(self._iterate, groups))
        for segment in self._list_unread(groups):
            max_bytes -= segment.read_texts()
            if max_bytes <= 0:
                break
        words, column = wanted.words, wanted.column
        reasons = {reason[:MAX_REASON] for reason in wanted.reason}
        found = [
            (start + position, columns)
            for tags in groups
            for start, segment in zip(self._starts, self.segments, strict=False)
            if segment.searched
            for position in segment.list_positions(tags)
            for text, columns, its_reasons in (segment.searched[position],)
            if all(word in text for word in words) and not (reasons and reasons.isdisjoint(its_reasons))
        ]
        if column is not None:
            found.sort(key=lambda line: compute_order(line[1][column]), reverse=wanted.is_descending)
        return [number for number, _ in found]

    def count_unread(self, wanted: Wanted) -> int:
        """How many lines may still be found, as their texts are not read yet."""
        groups = self._group(wanted)
        unread = self._list_unread(groups) if wanted.needs_texts else []
        return sum(segment.count(tags) for segment in unread for tags in groups)

    def find_key(self, key: str, partitions: int) -> list[ChangeLine]:
        """The lines of one match key. If the table has all partitions, only the key's one is read."""
        is_whole = len(self.segments) == partitions
        segments = [self.segments[compute_bucket(key, partitions)]] if is_whole else self.segments
        lines = (line for segment in segments for line in segment.read_all())
        return [line for line in lines if compute_match_key(line.integration_id) == key]

    def read(self, numbers: Iterable[int]) -> Iterator[ChangeLine]:
        """The lines with these numbers, in the given order."""
        left = iter(numbers)
        while chunk := list(islice(left, _CHUNK_LINES)):
            yield from self._read_chunk(chunk)

    def _read_chunk(self, numbers: Sequence[int]) -> list[ChangeLine]:
        by_segment: dict[int, list[int]] = {}
        for number in sorted(set(numbers)):
            segment = bisect_right(self._starts, number) - 1
            by_segment.setdefault(segment, []).append(number - self._starts[segment])
        found: dict[int, ChangeLine] = {}
        for segment, positions in by_segment.items():
            for position, line in self.segments[segment].read(positions):
                found[self._starts[segment] + position] = line
        return [found[number] for number in numbers]

    def _group(self, wanted: Wanted) -> list[_Tags]:
        """The tags of the wanted lines, as groups in the order in which they are shown."""
        show = self.phase.show
        tags = {tag for segment in self.segments for tag in segment.file.counts}
        by_rank: dict[int, set[int]] = {}
        for tag in (tag for tag in tags if wanted.takes(tag, show(tag))):
            rank = OUTCOMES.index(show(tag)) if wanted.order == "outcome" else ACTIONS.index(TAGS[tag].action)
            by_rank.setdefault(rank, set()).add(tag)
        ranks = sorted(by_rank, reverse=wanted.is_descending and wanted.order in ("", "outcome"))
        return [frozenset(by_rank[rank]) for rank in ranks]

    def _iterate(self, groups: Sequence[_Tags], skipped: int) -> Iterator[int]:
        """The numbers of the lines after the first `skipped`. A segment with none of them is not opened."""
        for tags in groups:
            for start, segment in zip(self._starts, self.segments, strict=False):
                count = segment.count(tags)
                if skipped < count:
                    yield from (start + position for position in segment.list_positions(tags)[skipped:])
                skipped = max(0, skipped - count)

    def _list_unread(self, groups: Sequence[_Tags]) -> list[_Segment]:
        """The segments that may hold wanted lines but whose texts are not read yet."""
        unread = (segment for segment in self.segments if not segment.searched)
        return [segment for segment in unread if any(map(segment.count, groups))]
