"""Segments of the change table: read in parts, shown by zcat, and refused when they are damaged."""

from __future__ import annotations

import gzip
from pathlib import Path

import msgspec
import pytest

from oduyo_provider.core.errors import StagedFileError
from oduyo_provider.core.reasons import OTHER_REASONS
from oduyo_provider.sync.staging.change_lines import ChangeLine
from oduyo_provider.sync.staging.folder import Folder
from oduyo_provider.sync.staging.segments import (
    BLOCK_LINES,
    MAX_REASONS,
    Segment,
    SegmentFile,
    read_head,
    read_lines,
)

PATH = ("table", "try1", "0000.gz")


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder.open(str(tmp_path))


def make_lines(count: int, reason: str = "") -> list[ChangeLine]:
    return [ChangeLine("refused" if reason else "created", "create", str(n), reason=reason) for n in range(count)]


def read_all(folder: Folder, file: SegmentFile) -> list[ChangeLine]:
    return [line for _, line in read_lines(folder, file, read_head(folder, file), range(file.lines))]


def test_a_block_that_is_replaced_leaves_the_others_as_they_were(folder: Folder) -> None:
    lines = make_lines(3 * BLOCK_LINES)
    segment = Segment(lines)
    changed = [msgspec.structs.replace(line, outcome="refused", reason="no") for line in segment.read_block(1)]
    segment.replace_block(1, changed)
    file = segment.write(folder, PATH)
    assert read_all(folder, file) == lines[:BLOCK_LINES] + changed + lines[2 * BLOCK_LINES :]
    assert file.counts == {lines[0].tag: 2 * BLOCK_LINES, changed[0].tag: BLOCK_LINES}
    assert file.reasons == [(changed[0].tag, "no", BLOCK_LINES)]
    assert read_all(folder, Segment.read(folder, file).write(folder, (*PATH[:2], "again.gz"))) == read_all(folder, file)


def test_zcat_shows_every_line(folder: Folder, tmp_path: Path) -> None:
    lines = make_lines(BLOCK_LINES + 1)
    Segment(lines).write(folder, PATH)
    shown = gzip.decompress(tmp_path.joinpath(*PATH).read_bytes()).splitlines()
    assert [msgspec.json.decode(line, type=ChangeLine) for line in shown[1:]] == lines


def test_rare_reasons_are_counted_together(folder: Folder) -> None:
    lines = [line for n in range(MAX_REASONS + 3) for line in make_lines(20 - n, f"reason {n}")]
    file = Segment(lines).write(folder, PATH)
    counted = {reason: count for _, reason, count in file.reasons}
    assert counted.pop(OTHER_REASONS) == sum(20 - n for n in range(MAX_REASONS, MAX_REASONS + 3))
    assert counted == {f"reason {n}": 20 - n for n in range(MAX_REASONS)}


@pytest.mark.parametrize("lines", [10, BLOCK_LINES + 1])
def test_a_segment_that_is_cut_behind_its_head_is_a_sentence(folder: Folder, tmp_path: Path, lines: int) -> None:
    file = Segment(make_lines(lines)).write(folder, PATH)
    place = tmp_path.joinpath(*PATH)
    place.write_bytes(place.read_bytes()[: file.head_bytes])
    with pytest.raises(StagedFileError, match="is not as it was written"):
        read_all(folder, file)


@pytest.mark.parametrize("at", [12, -12])
def test_a_damaged_segment_is_a_sentence(folder: Folder, tmp_path: Path, at: int) -> None:
    file = Segment(make_lines(10)).write(folder, PATH)
    place = tmp_path.joinpath(*PATH)
    data = bytearray(place.read_bytes())
    data[at : at + 8] = b"\xff" * 8
    place.write_bytes(data)
    with pytest.raises(StagedFileError, match="is not as it was written"):
        read_all(folder, file)
