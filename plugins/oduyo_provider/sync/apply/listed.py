"""The plan's own listing by id, read only when it is needed."""

from __future__ import annotations

import threading
from array import array
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable

from oduyo_provider.core.record import Remote


def has_number(numbers: array[int], number: int) -> bool:
    """Whether a sorted array holds a number."""
    at = bisect_left(numbers, number)
    return at < len(numbers) and numbers[at] == number


class Listed:
    """The records of the plan's own listing. Their ids are read once, with the first question.

    :param read: reads all of them.
    """

    def __init__(self, read: Callable[[], Iterable[Remote]] = tuple) -> None:
        self._read = read
        self._ids: array[int] | None = None
        self._reading = threading.Lock()

    def find(self, ids: Collection[str]) -> dict[str, Remote]:
        """The records with these ids; reads the whole listing."""
        with self._reading:
            if self._ids is None:
                self._ids = array("q", sorted(hash(record["id"]) for record in self._read()))
        if not any(has_number(self._ids, hash(oduyo_id)) for oduyo_id in ids):
            return {}
        return {str(record["id"]): record for record in self._read() if record["id"] in ids}
