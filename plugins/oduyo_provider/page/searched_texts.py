"""The texts of a run's lines as they are searched and put in order: read segment by segment, and kept in memory."""

from __future__ import annotations

from collections.abc import Callable, Collection
from threading import Lock

import msgspec

from oduyo_provider.page.search_text import compute_text
from oduyo_provider.sync.staging.change_lines import ChangeLine
from oduyo_provider.sync.staging.folder import Folder
from oduyo_provider.sync.staging.segments import Head, SegmentFile, read_lines

_Path = tuple[str, ...]


class SegmentTexts(msgspec.Struct, frozen=True):
    """Of each line of a segment the folded text of all that is searched, and the texts of the columns that order lines."""

    texts: list[str]
    columns: list[tuple[str, str, str]]


class SearchedTexts:
    """The texts of the segments that were read; a path names the same bytes for ever.

    :param finish: makes of a stored line the one that is shown.
    """

    def __init__(self, folder: Folder, finish: Callable[[ChangeLine], ChangeLine]) -> None:
        self._folder = folder
        self._finish = finish
        self._read: dict[_Path, SegmentTexts] = {}
        self._lock = Lock()

    @property
    def lines(self) -> int:
        """Lines whose texts are held in memory."""
        with self._lock:
            return sum(len(found.texts) for found in self._read.values())

    def take_over(self, before: SearchedTexts, paths: Collection[_Path]) -> None:
        """Keep what was read before of the segments with these paths."""
        with before._lock:
            self._read = {path: found for path, found in before._read.items() if path in paths}

    def has(self, file: SegmentFile) -> bool:
        """Whether a segment was read."""
        return file.path in self._read

    def get(self, file: SegmentFile) -> SegmentTexts:
        """The texts of a segment that was read."""
        return self._read[file.path]

    def read(self, file: SegmentFile, head: Head) -> None:
        """Read a segment whole."""
        lines = [self._finish(line) for _, line in read_lines(self._folder, file, head, range(file.lines))]
        found = SegmentTexts(
            [compute_text(line) for line in lines], [(line.integration_id, line.oduyo_id, line.code) for line in lines]
        )
        with self._lock:
            self._read[file.path] = found
