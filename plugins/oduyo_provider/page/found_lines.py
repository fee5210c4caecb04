"""The numbers of the lines that were found, computed as far as they are needed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice


class FoundLines:
    """Line numbers that are computed only when they are iterated or sliced.

    :param count: how many there are.
    :param iterate: yields the numbers, without the first n.
    """

    def __init__(self, count: int, iterate: Callable[[int], Iterator[int]]) -> None:
        self._count = count
        self._iterate = iterate

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[int]:
        return self._iterate(0)

    def __getitem__(self, wanted: slice) -> list[int]:
        start, stop, step = wanted.indices(self._count)
        return list(islice(self._iterate(start), 0, max(0, stop - start), step))
