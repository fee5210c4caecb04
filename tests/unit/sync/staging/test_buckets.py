"""One side on disk: a single file, or bucket files once there are many rows."""

from __future__ import annotations

import tracemalloc
from itertools import chain
from pathlib import Path

import pytest

from oduyo_provider.core.partition import SINGLE_PARTITION_ROWS, compute_bucket
from oduyo_provider.sync.staging import buckets as side_module
from oduyo_provider.sync.staging.buckets import Side, SideWriter, split_side
from oduyo_provider.sync.staging.folder import Folder


def write(folder: Folder, rows: int, *, buckets: int = 7, is_split: bool = False) -> Side:
    writer = SideWriter(folder, buckets=buckets, is_split=is_split)
    for number in range(rows):
        writer.write(str(number), b"%d\n" % number)
    assert writer.rows == rows
    return writer.close()


def read(folder: Folder, side: Side) -> list[list[int]]:
    return [[int(line) for line in side.read_lines(folder, bucket)] for bucket in range(side.buckets)]


@pytest.fixture(params=["disk", "memory"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Folder:
    place = str(tmp_path) if request.param == "disk" else f"memory://bucket{tmp_path}"
    return Folder.open(place).child("side")


@pytest.mark.parametrize("rows", [0, 1, SINGLE_PARTITION_ROWS])
def test_a_side_that_fits_is_one_file_in_the_order_written(folder: Folder, rows: int) -> None:
    side = write(folder, rows)
    assert read(folder, side) == [list(range(rows))]


def test_one_row_more_splits_the_side_into_buckets(folder: Folder) -> None:
    rows = SINGLE_PARTITION_ROWS + 1
    side = write(folder, rows)
    assert side.buckets == 7
    expected = [[n for n in range(rows) if compute_bucket(str(n), 7) == bucket] for bucket in range(7)]
    assert read(folder, side) == expected


def test_a_large_side_of_one_bucket_stays_one_file(folder: Folder) -> None:
    side = write(folder, SINGLE_PARTITION_ROWS + 5, buckets=1)
    assert read(folder, side) == [list(range(SINGLE_PARTITION_ROWS + 5))]


@pytest.mark.parametrize("is_split", [True, False])
def test_memory_stays_bounded_however_many_rows_there_are(
    monkeypatch: pytest.MonkeyPatch, folder: Folder, is_split: bool
) -> None:
    monkeypatch.setattr(side_module, "SPILL_BYTES", 1 << 20)
    writer = SideWriter(folder, buckets=7 if is_split else 1, is_split=is_split)
    tracemalloc.start()
    for number in range(8_000):
        writer.write(str(number), b"%01023d\n" % number)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 << 20, "8 MB of rows, of which 1 MB may wait"
    side = writer.close()
    assert sum(file.rows for file in side.files) == 8_000


def test_a_small_side_is_split_because_the_other_one_is(folder: Folder) -> None:
    small = write(folder, 10)
    ids = ((line.decode().strip(), line) for line in small.read_lines(folder, 0))
    split = split_side(small, folder.child("split"), ids, 7)
    assert split.buckets == 7
    assert sorted(chain(*read(folder, split))) == list(range(10))
    assert split_side(split, folder, iter(()), 7) is split
    assert split_side(small, folder, iter(()), 1) is small
