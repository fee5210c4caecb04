"""A segment of the change table: the lines of one partition, in blocks that can be read one by one.

A file of gzip members, so that ``zcat`` shows it: first the head (the format, the length of each block, a tag for each
line), then the blocks of JSON lines. Whoever knows how long the head is reads it alone, and then only the blocks needed.
"""

from __future__ import annotations

import gzip
import zlib
from base64 import b64decode, b64encode
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate

import msgspec

from oduyo_provider.core.errors import StagedFileError
from oduyo_provider.core.language import gettext
from oduyo_provider.core.reasons import OTHER_REASONS
from oduyo_provider.sync.staging.change_lines import DONE, ChangeLine
from oduyo_provider.sync.staging.folder import Folder
from oduyo_provider.sync.staging.jsonl import DAMAGE

FORMAT = 1

#: Lines that are compressed together.
BLOCK_LINES = 128
#: Reasons that are counted of one segment; the rest is counted together.
MAX_REASONS = 5

#: The fastest: level 6 takes twice the time for files that are a fifth smaller.
_LEVEL = 1
#: Characters of a reason by which lines are counted.
MAX_REASON = 200

#: What reading bytes that are no member, or no lines, raises.
_DAMAGE = (OSError, EOFError, zlib.error, *DAMAGE)

_encode_lines = msgspec.json.Encoder().encode_lines
_decode_lines = msgspec.json.Decoder(ChangeLine).decode_lines


class SegmentFile(msgspec.Struct, frozen=True, array_like=True):
    """What a table says of one of its segments.

    :param path: below the run's folder, in parts.
    :param lines: how many there are.
    :param head_bytes: length of the head.
    :param counts: tag → lines.
    :param reasons: tag, reason, lines: of lines that were not done.
    :param altered: lines with a value that Ödüyo stored otherwise; ``twins`` further records found.
    """

    path: tuple[str, ...]
    lines: int
    head_bytes: int
    counts: dict[int, int]
    reasons: list[tuple[int, str, int]] = []
    altered: int = 0
    twins: int = 0


class Head(msgspec.Struct, frozen=True):
    """The first member of a segment.

    :param blocks: the length of each block in bytes.
    :param tags: of each line a byte, see :attr:`ChangeLine.tag`; base64.
    """

    blocks: list[int]
    tags: str
    format: int = FORMAT

    @property
    def tag_bytes(self) -> bytes:
        """The tags, a byte a line."""
        return b64decode(self.tags)


class Segment:
    """The lines of one partition, held compressed; single blocks can be replaced."""

    def __init__(self, lines: Iterable[ChangeLine] = ()) -> None:
        self._blocks: list[bytes] = []
        self._tags = bytearray()
        self._notes: list[tuple[Counter[tuple[int, str]], int, int]] = []
        self._pending: list[ChangeLine] = []
        for line in lines:
            self.append(line)

    @classmethod
    def read(cls, run_folder: Folder, file: SegmentFile) -> Segment:
        """A written segment."""
        segment = cls()
        head = read_head(run_folder, file)
        for block, lines in _read_blocks(run_folder, file, head, range(len(head.blocks))):
            segment._add(block, lines)
        if segment._tags != head.tag_bytes:
            raise _damaged(run_folder, file)
        return segment

    def read_block(self, number: int) -> list[ChangeLine]:
        """The lines of one block."""
        return _decode_block(self._blocks[number])

    def replace_block(self, number: int, lines: Sequence[ChangeLine]) -> None:
        """Put other lines, as many, in the place of a block's."""
        start = number * BLOCK_LINES
        self._blocks[number] = _compress(lines)
        self._tags[start : start + len(lines)] = bytes(line.tag for line in lines)
        self._notes[number] = _count_notes(lines)

    def append(self, line: ChangeLine) -> None:
        """Add a line behind the others; none is added to a segment that was written or read."""
        self._pending.append(line)
        if len(self._pending) == BLOCK_LINES:
            self._close_block()

    def _close_block(self) -> None:
        if self._pending:
            self._add(_compress(self._pending), self._pending)
            self._pending = []

    def write(self, run_folder: Folder, path: tuple[str, ...]) -> SegmentFile:
        """Write it whole."""
        self._close_block()
        head = _compress([Head([len(block) for block in self._blocks], b64encode(self._tags).decode())])
        run_folder.child(*path[:-1]).write(path[-1], b"".join((head, *self._blocks)))
        reasons: Counter[tuple[int, str]] = Counter()
        for found, _, _ in self._notes:
            reasons.update(found)
        return SegmentFile(
            path,
            len(self._tags),
            len(head),
            dict(Counter(self._tags)),
            _choose_reasons(reasons),
            sum(altered for _, altered, _ in self._notes),
            sum(twins for _, _, twins in self._notes),
        )

    def _add(self, block: bytes, lines: Sequence[ChangeLine]) -> None:
        self._blocks.append(block)
        self._tags += bytes(line.tag for line in lines)
        self._notes.append(_count_notes(lines))


def read_head(run_folder: Folder, file: SegmentFile) -> Head:
    """The head of a written segment.

    :raises StagedFileError: it is not there, is damaged, or a newer version wrote it.
    """
    data = run_folder.child(*file.path[:-1]).read(file.path[-1], 0, file.head_bytes)
    try:
        head = msgspec.json.decode(gzip.decompress(data), type=Head)
    except _DAMAGE as error:
        raise _damaged(run_folder, file) from error
    if head.format > FORMAT or len(head.tag_bytes) != file.lines:
        raise _damaged(run_folder, file)
    return head


def read_lines(
    run_folder: Folder, file: SegmentFile, head: Head, positions: Sequence[int]
) -> Iterator[tuple[int, ChangeLine]]:
    """The lines at some positions, in ascending order, with their positions; only the blocks that hold them are read."""
    numbers = sorted({position // BLOCK_LINES for position in positions})
    found = (lines for _, lines in _read_blocks(run_folder, file, head, numbers))
    blocks = dict(zip(numbers, found, strict=True))
    for position in sorted(positions):
        yield position, blocks[position // BLOCK_LINES][position % BLOCK_LINES]


def _read_blocks(
    run_folder: Folder, file: SegmentFile, head: Head, numbers: Iterable[int]
) -> Iterator[tuple[bytes, list[ChangeLine]]]:
    """Blocks by their numbers, which ascend, as stored and as lines; those that lie side by side are read at once."""
    starts = list(accumulate(head.blocks, initial=file.head_bytes))
    folder = run_folder.child(*file.path[:-1])
    for group in _join_neighbours(numbers):
        start = starts[group[0]]
        data = folder.read(file.path[-1], start, sum(head.blocks[number] for number in group))
        for number in group:
            offset = starts[number] - start
            block = data[offset : offset + head.blocks[number]]
            try:
                lines = _decode_block(block)
            except _DAMAGE as error:
                raise _damaged(run_folder, file) from error
            if len(lines) != min(BLOCK_LINES, file.lines - number * BLOCK_LINES):
                raise _damaged(run_folder, file)  # cut right behind a member: no bytes are no lines
            yield block, lines


def _join_neighbours(numbers: Iterable[int]) -> list[list[int]]:
    groups: list[list[int]] = []
    for number in numbers:
        if groups and groups[-1][-1] + 1 == number and len(groups[-1]) < BLOCK_LINES:
            groups[-1].append(number)
        else:
            groups.append([number])
    return groups


def _compress(items: Iterable[object]) -> bytes:
    """A member: JSON lines."""
    return gzip.compress(_encode_lines(items), _LEVEL, mtime=0)


def _decode_block(block: bytes) -> list[ChangeLine]:
    return _decode_lines(gzip.decompress(block))


def _count_notes(lines: Iterable[ChangeLine]) -> tuple[Counter[tuple[int, str]], int, int]:
    """Reasons of changes that were not done, lines with a value stored otherwise, and twins."""
    reasons: Counter[tuple[int, str]] = Counter()
    altered = twins = 0
    for line in lines:
        if line.reason and line.action:
            reasons[line.tag, line.reason[:MAX_REASON]] += 1
        altered += bool(line.stored) and line.outcome in DONE
        twins += len(line.twins)
    return reasons, altered, twins


def _choose_reasons(reasons: Counter[tuple[int, str]]) -> list[tuple[int, str, int]]:
    ordered = sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
    chosen: Counter[tuple[int, str]] = Counter(dict(ordered[:MAX_REASONS]))
    for (tag, _), count in ordered[MAX_REASONS:]:
        chosen[tag, OTHER_REASONS] += count
    return [(tag, reason, count) for (tag, reason), count in chosen.items()]


def _damaged(run_folder: Folder, file: SegmentFile) -> StagedFileError:
    return StagedFileError(
        gettext(
            "The staged file %(file)s is not as it was written, or a newer version wrote it. It only shows what a run did: "
            "nothing rests on it. The figures stand in report.json, what was left out in quarantine.jsonl.",
            file="/".join((run_folder.uri, *file.path)),
        )
    )
