"""One side of the comparison on disk: a single file, or one file per bucket when there are many rows."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import msgspec

from oduyo_provider.core.partition import SINGLE_PARTITION_ROWS, compute_bucket
from oduyo_provider.core.record import Remote
from oduyo_provider.sync.staging.folder import Folder, StagedFile
from oduyo_provider.sync.staging.layout import name_bucket

#: Bytes held in memory, over all buckets, before they are appended to their files.
SPILL_BYTES = 8 << 20

T = TypeVar("T")


class Side(msgspec.Struct, frozen=True):
    """The files of one side; file i holds bucket i.

    :param folder: address of the folder that holds them; the readers take the staging path, or any folder below it.
    """

    folder: str
    files: list[StagedFile]

    @property
    def buckets(self) -> int:
        """1, or the number of buckets."""
        return len(self.files)

    def read_lines(self, root: Folder, bucket: int) -> Iterator[bytes]:
        """The lines of one bucket."""
        return root.at(self.folder).read_lines(self.files[bucket])

    def read(self, root: Folder, bucket: int, kind: type[T]) -> Iterator[T]:
        """The rows or records of one bucket; StagedFileError where they are not as written."""
        return root.at(self.folder).read_items(self.files[bucket], kind)

    def read_records(self, root: Folder) -> Iterator[Remote]:
        """All records of Ödüyo's side."""
        return (record for bucket in range(self.buckets) for record in self.read(root, bucket, Remote))


class SideWriter:
    """Takes lines as they come; splits them into buckets once they are more than one partition holds.

    :param folder: where the files go.
    :param buckets: how many buckets a large side has.
    :param is_split: split from the first line on, because the other side is split.
    """

    def __init__(self, folder: Folder, *, buckets: int, is_split: bool = False) -> None:
        self._folder = folder
        self._buckets = buckets
        self._is_split = is_split or buckets == 1
        self._pending: list[tuple[int, bytes]] = []
        self._pending_bytes = 0
        self._rows = [0] * buckets
        self._digests = [hashlib.sha256() for _ in range(buckets)]
        self.rows = 0

    def write(self, integration_id: str | None, line: bytes) -> None:
        """Add a line (newline included) under its row's normalised id."""
        self._pending.append((compute_bucket(integration_id, self._buckets), line))
        self._pending_bytes += len(line)
        self.rows += 1
        self._is_split = self._is_split or self.rows > SINGLE_PARTITION_ROWS
        if self._pending_bytes >= SPILL_BYTES and self._is_split:
            self._spill()

    def close(self) -> Side:
        """Finish the files and name them."""
        if not self._is_split:
            name = name_bucket(0, 1)
            file = self._folder.write_lines(name, (line for _, line in self._pending))
            return Side(self._folder.address, [file])
        self._spill()
        names = [name_bucket(bucket, self._buckets) for bucket in range(self._buckets)]
        self._spool.finish(names)
        finished = zip(names, self._rows, self._digests, strict=True)
        return Side(
            self._folder.address, [StagedFile(name, rows, digest.hexdigest()) for name, rows, digest in finished]
        )

    @cached_property
    def _spool(self) -> _Spool:
        return _Spool(self._folder)

    def _spill(self) -> None:
        chunks: dict[int, list[bytes]] = {}
        for bucket, line in self._pending:
            chunks.setdefault(bucket, []).append(line)
        for bucket, lines in chunks.items():
            data = b"".join(lines)
            self._rows[bucket] += len(lines)
            self._digests[bucket].update(data)
            self._spool.append(name_bucket(bucket, self._buckets), data)
        self._pending.clear()
        self._pending_bytes = 0


class _Spool:
    """Files that grow: in place on a disk; for an object store, which cannot append, in a temporary folder first."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._temporary = None if folder.is_local else tempfile.TemporaryDirectory(prefix="oduyo-")
        self._place = folder if self._temporary is None else Folder.open(self._temporary.name)

    def append(self, name: str, data: bytes) -> None:
        self._place.append(name, data, is_durable=False)

    def finish(self, names: list[str]) -> None:
        """Make every file durable and present, empty ones too."""
        for name in names:
            self._place.append(name, b"", is_durable=self._temporary is None)
            if self._temporary is not None:
                self._folder.upload(Path(self._temporary.name) / name, name)
        if self._temporary is not None:
            self._temporary.cleanup()


def split_side(side: Side, folder: Folder, ids: Iterator[tuple[str | None, bytes]], buckets: int) -> Side:
    """Write a single-file side again as buckets, because the other side has them.

    :param ids: the side's lines with their normalised ids.
    """
    if side.buckets > 1 or buckets == 1:
        return side
    writer = SideWriter(folder, buckets=buckets, is_split=True)
    for integration_id, line in ids:
        writer.write(integration_id, line)
    return writer.close()
