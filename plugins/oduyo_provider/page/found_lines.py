"""The numbers of lines that were found, as far as somebody asks for them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from typing import overload

#: Tags of lines that stand side by side.
Tags = frozenset[int]


class FoundLines(Sequence[int]):
    """Numbers of lines, group after group and segment after segment; a slice opens only the segments that it needs.

    :param groups: the tags of each group.
    :param counts: how many lines of each segment have one of these tags.
    :param list_numbers: the numbers of the lines of one segment that have one of these tags.
    """

    def __init__(
        self,
        groups: Sequence[Tags],
        counts: Callable[[Tags], Sequence[int]],
        list_numbers: Callable[[Tags, int], Sequence[int]],
    ) -> None:
        self._runs = [(tags, segment, count) for tags in groups for segment, count in enumerate(counts(tags)) if count]
        self._starts = [0, *accumulate(count for _, _, count in self._runs)]
        self._list_numbers = list_numbers

    def __len__(self) -> int:
        return self._starts[-1]

    @overload
    def __getitem__(self, wanted: int) -> int: ...
    @overload
    def __getitem__(self, wanted: slice) -> list[int]: ...
    def __getitem__(self, wanted: int | slice) -> int | list[int]:
        if isinstance(wanted, slice):
            start, stop, step = wanted.indices(len(self))
            return self._slice(start, stop)[::step]
        return self._slice(*slice(wanted, wanted + 1 or None).indices(len(self))[:2])[0]

    def __iter__(self) -> Iterator[int]:
        for tags, segment, _ in self._runs:
            yield from self._list_numbers(tags, segment)

    def _slice(self, start: int, stop: int) -> list[int]:
        found: list[int] = []
        for run in range(max(0, bisect_right(self._starts, start) - 1), len(self._runs)):
            first = self._starts[run]
            if first >= stop:
                break
            tags, segment, _ = self._runs[run]
            found += self._list_numbers(tags, segment)[max(0, start - first) : stop - first]
        return found
