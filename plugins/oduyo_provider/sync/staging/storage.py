"""A staged folder on a disk. It raises what its storage raises."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

_PRIVATE_FILE = 0o600
_PRIVATE_FOLDER = 0o700


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
        """What lies in this folder, sorted; none when there is no such folder. Files that are being written are left out."""
        try:
            return sorted(entry.name for entry in self.path.iterdir() if not entry.name.startswith("."))
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

    def read(self, name: str, start: int = 0, length: int | None = None) -> bytes:
        """A file's bytes from a position on, at most so many."""
        with (self.path / name).open("rb") as file:
            file.seek(start)
            return file.read(-1 if length is None else length)

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

    def append(self, name: str, data: bytes, *, is_durable: bool) -> None:
        """Add to a file wholly: what cannot be finished is cut off again.

        :param is_durable: with what was added before; else a power cut may take it away.
        """
        is_new = not self.has(name)
        if is_new:
            self.make()
        with os.fdopen(_open_private(self.path / name, os.O_APPEND), "wb", buffering=0) as file:
            size = os.fstat(file.fileno()).st_size
            try:
                rest = memoryview(data)
                while rest:
                    rest = rest[file.write(rest) :]
                if is_durable:
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


def _open_private(path: Path, flags: int) -> int:
    """Open a file to write that is its owner's alone."""
    return os.open(path, os.O_CREAT | os.O_WRONLY | flags, _PRIVATE_FILE)
