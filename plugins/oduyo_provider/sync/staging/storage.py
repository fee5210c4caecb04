"""Where a staged folder lies: on a disk, or in an object store. Both raise what their storage raises.

The store is any fsspec file system. Three of its habits matter here. It remembers listings for ever, so that what other
workers wrote would not show: they are forgotten before each look. It cannot append, and has no folders: neither is
asked for. A file that is being written through it becomes visible when it is closed, also when it is closed by an error:
so lines are gathered on this machine first and sent whole.
"""

from __future__ import annotations

import io
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO
from uuid import uuid4

_PRIVATE_FILE = 0o600
_PRIVATE_FOLDER = 0o700

#: Bytes of an object that are read ahead.
READ_AHEAD_BYTES = 1 << 20


class Disk:
    """A folder on a disk; files have mode 0600 and survive a power cut once they are written.

    Names are those of files right within the folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def uri(self) -> str:
        """What :meth:`Folder.open <oduyo_provider.sync.staging.folder.Folder.open>` takes."""
        return str(self.path)

    def child(self, name: str) -> Disk:
        """The folder of that name below this one."""
        return Disk(self.path / name)

    def names(self) -> list[str]:
        """What lies in this folder, sorted; none when there is no such folder."""
        try:
            return sorted(entry.name for entry in self.path.iterdir())
        except FileNotFoundError:
            return []

    def fetch_files(self) -> Iterator[tuple[tuple[str, ...], float]]:
        """Every file below this folder: its path from here in parts, and when it was written, seconds since 1970."""
        for found in self.path.rglob("*"):
            with suppress(FileNotFoundError):
                state = found.stat()
                if stat.S_ISREG(state.st_mode):
                    yield found.relative_to(self.path).parts, state.st_mtime

    def has(self, name: str) -> bool:
        """Whether a file is there; a look that fails is an error, never a no."""
        try:
            (self.path / name).stat()
        except FileNotFoundError:
            return False
        return True

    def read(self, name: str) -> bytes:
        """A whole file."""
        return (self.path / name).read_bytes()

    def open_lines(self, name: str) -> BinaryIO:
        """A file to read line by line."""
        return (self.path / name).open("rb")

    def write(self, name: str, data: bytes) -> None:
        """Write a file whole: readers see the old bytes or the new ones, also after a power cut."""
        self.make()
        # No process id: workers in containers have the same ones.
        partial = self.path / f".{name}.{uuid4().hex[:12]}.part"
        try:
            with os.fdopen(_open_private(partial, os.O_EXCL), "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(self.path / name)
        except OSError:
            with suppress(OSError):  # the error above is the one to show
                partial.unlink()
            raise
        self.sync()

    @contextmanager
    def writing(self, name: str) -> Iterator[BinaryIO]:
        """A stream whose bytes are a durable file once the block has ended without an error."""
        self.make()
        stream = os.fdopen(_open_private(self.path / name, os.O_TRUNC), "wb")
        try:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
            stream.close()
            self.sync()
        finally:
            with suppress(OSError):  # an error before this one is the one to show; closing twice does nothing
                stream.close()

    def append(self, name: str, data: bytes) -> None:
        """Add to a file, durably and wholly: what cannot be finished is cut off again."""
        is_new = not self.has(name)
        if is_new:
            self.make()
        with os.fdopen(_open_private(self.path / name, os.O_APPEND), "wb", buffering=0) as file:
            size = os.fstat(file.fileno()).st_size
            try:
                rest = memoryview(data)
                while rest:
                    rest = rest[file.write(rest) :]
                os.fsync(file.fileno())
            except OSError:
                with suppress(OSError):  # the error above is the one to show
                    os.ftruncate(file.fileno(), size)
                raise
        if is_new:
            self.sync()

    def delete(self, name: str) -> None:
        """Delete a file, if it is there."""
        (self.path / name).unlink(missing_ok=True)

    def make(self) -> None:
        """Create the folder and those above it."""
        if self.path.is_dir():
            return
        above = Disk(self.path.parent)
        above.make()  # pathlib's parents=True would leave these open to other users
        self.path.mkdir(mode=_PRIVATE_FOLDER, exist_ok=True)
        with suppress(PermissionError):  # a folder that is not ours to read can still be written to
            above.sync()

    def remove(self) -> None:
        """Delete the folder and all below it, if it is there."""
        with suppress(FileNotFoundError):
            shutil.rmtree(self.path)

    def sync(self) -> None:
        """Make the folder's entries durable."""
        handle = os.open(self.path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


class Store:
    """A folder in an object store, with the same methods as :class:`Disk`.

    :param fs: the fsspec file system.
    :param root: URI of the staging path.
    :param path: of the folder, as the file system takes it.
    :param below: the folder's path below the staging path, in parts.
    """

    def __init__(self, fs: Any, root: str, path: str, below: tuple[str, ...] = ()) -> None:
        self._fs = fs
        self._root = root.rstrip("/")
        self._path = path.rstrip("/")
        self._below = below

    @property
    def uri(self) -> str:
        """The URI, connection included."""
        return "/".join((self._root, *self._below))

    def child(self, name: str) -> Store:
        """See :class:`Disk`, here and below."""
        return Store(self._fs, self._root, f"{self._path}/{name}", (*self._below, name))

    def names(self) -> list[str]:
        """See :class:`Disk`."""
        self._forget_listings(self._path)
        try:
            found = self._fs.ls(self._path, detail=False)
        except FileNotFoundError:
            return []
        # Some programs mark a folder by an empty object of its own name.
        names = (str(path).rstrip("/") for path in found)
        return sorted(name.rpartition("/")[2] for name in names if name.strip("/") != self._path.strip("/"))

    def fetch_files(self) -> Iterator[tuple[tuple[str, ...], float]]:
        """See :class:`Disk`."""
        self._forget_listings(self._path)
        try:
            found = self._fs.find(self._path, detail=True)
        except FileNotFoundError:
            return
        base = self._path.strip("/") + "/"
        for path, info in found.items():
            yield tuple(str(path).strip("/").removeprefix(base).split("/")), _read_time(info)

    def has(self, name: str) -> bool:
        """See :class:`Disk`; fsspec's own ``exists`` answers no whenever it could not look."""
        path = self._full(name)
        self._forget_listings(path)
        try:
            self._fs.info(path)
        except FileNotFoundError:
            return False
        return True

    def read(self, name: str) -> bytes:
        """See :class:`Disk`."""
        path = self._full(name)
        self._forget_listings(path)
        return bytes(self._fs.cat_file(path))

    def open_lines(self, name: str) -> BinaryIO:
        """See :class:`Disk`."""
        path = self._full(name)
        self._forget_listings(path)
        # fsspec's own files look for each line's end in Python.
        return io.BufferedReader(self._fs.open(path, "rb", block_size=READ_AHEAD_BYTES))

    def write(self, name: str, data: bytes) -> None:
        """See :class:`Disk`."""
        self._fs.pipe_file(self._full(name), data)

    @contextmanager
    def writing(self, name: str) -> Iterator[BinaryIO]:
        """See :class:`Disk`."""
        with tempfile.TemporaryDirectory(prefix="oduyo-") as folder:
            gathered = Path(folder) / "lines"
            with os.fdopen(_open_private(gathered, os.O_TRUNC), "wb") as stream:
                yield stream
            self.upload(gathered, name)

    def upload(self, file: Path, name: str) -> None:
        """Store a file of this machine under a name."""
        self._fs.put_file(str(file), self._full(name))

    def delete(self, name: str) -> None:
        """See :class:`Disk`."""
        path = self._full(name)
        self._forget_listings(path)
        with suppress(FileNotFoundError):
            self._fs.rm(path)

    def make(self) -> None:
        """A store has no folders."""

    def remove(self) -> None:
        """See :class:`Disk`."""
        self._forget_listings(self._path)
        with suppress(FileNotFoundError):
            self._fs.rm(self._path, recursive=True)

    def _full(self, name: str) -> str:
        return f"{self._path}/{name}"

    def _forget_listings(self, path: str) -> None:
        self._fs.invalidate_cache(path)


def _read_time(info: dict[str, Any]) -> float:
    """When an object was written. Stores call it by different names; one that does not say it counts as new."""
    for name in ("LastModified", "last_modified", "updated", "mtime", "created"):
        value = info.get(name)
        if isinstance(value, str):
            value = datetime.fromisoformat(value.replace("Z", "+00:00"))
        if isinstance(value, datetime):
            return value.timestamp()
        if isinstance(value, (int, float)):
            return float(value)
    return float("inf")


def _open_private(path: Path, flags: int) -> int:
    return os.open(path, os.O_CREAT | os.O_WRONLY | flags, _PRIVATE_FILE)
