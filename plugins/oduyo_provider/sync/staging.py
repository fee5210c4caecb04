"""Staged files: where rows, plans and results lie between the tasks of a run.

``<staging>/<dag_id>/<run_id>/`` holds what one run reads, plans and did; ``<staging>/_sites/`` what the next run must
know of a site. The staging path is a folder (``file://`` or a plain path) or any object store that Airflow's
``ObjectStoragePath`` opens. Files are JSON lines, created with mode 0600; each is written whole, its manifest last.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import msgspec

from oduyo_provider.core.errors import StagingError

#: Environment variable that names the staging path.
STAGING_VARIABLE = "ODUYO_STAGING_PATH"

#: How many bytes of one file are held before they are written.
WRITE_CHUNK_BYTES = 1 << 20

_READ_ONLY_BY_OWNER = 0o600
_FOLDER_MODE = 0o700

T = TypeVar("T")


class StagedFile(msgspec.Struct, frozen=True):
    """A finished file, as its manifest names it.

    :param name: its name within the manifest's folder.
    :param rows: how many lines it has.
    :param digest: SHA-256 of its bytes, hexadecimal.
    """

    name: str
    rows: int
    digest: str


class Folder:
    """A folder in staging, on a disk or in an object store.

    Every failure of the storage is a :class:`StagingError` that names the file and the next step.
    """

    def __init__(self, path: Any) -> None:
        self._path = path
        self.is_local = isinstance(path, Path)

    @classmethod
    def open(cls, uri: str) -> Folder:
        """The folder at a path or URI; ``file://`` and paths without a scheme are on this machine's disk."""
        parts = urlsplit(uri)
        if parts.scheme in ("", "file"):
            return cls(Path(parts.path if parts.scheme else uri).expanduser())
        from airflow.sdk import ObjectStoragePath

        return cls(ObjectStoragePath(uri))

    @property
    def uri(self) -> str:
        """What :meth:`open` takes."""
        return str(self._path)

    def child(self, *names: str) -> Folder:
        """A folder below this one; a name never leads out of it."""
        path = self._path
        for name in names:
            path = path / _safe_name(name)
        return Folder(path)

    def names(self) -> list[str]:
        """The names of what lies in this folder, sorted; none when there is no such folder."""
        with self.reporting("list", ""):
            if not self._path.exists():
                return []
            return sorted(entry.name for entry in self._path.iterdir())

    def has(self, name: str) -> bool:
        """Whether a file is there."""
        with self.reporting("look for", name):
            return bool((self._path / name).exists())

    def read(self, name: str) -> bytes:
        """A small file's bytes."""
        with self.reporting("read", name), (self._path / name).open("rb") as file:
            return bytes(file.read())

    def read_lines(self, file: StagedFile) -> Iterator[bytes]:
        """A finished file's lines, one at a time; StagingError when it is not as its manifest says."""
        digest, rows = hashlib.sha256(), 0
        with self.reporting("read", file.name), (self._path / file.name).open("rb") as stream:
            for line in stream:
                digest.update(line)
                rows += 1
                yield line
        if rows != file.rows or digest.hexdigest() != file.digest:
            raise StagingError(
                f"The staged file {self._path / file.name} is not as it was written ({rows} of {file.rows} rows): somebody "
                "changed or cut it. Clear the run from its first task, so that everything is read again."
            )

    def write(self, name: str, data: bytes) -> None:
        """Write a small file whole: readers see the old bytes or the new ones, also after a power cut."""
        with self.reporting("write", name):
            if not self.is_local:
                with (self._path / name).open("wb") as file:
                    file.write(data)
                return
            self.make()
            partial = self._path / f".{name}.{os.getpid()}.part"
            with os.fdopen(_open_private(partial, os.O_TRUNC), "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(self._path / name)
            self.sync()

    def write_lines(self, name: str, lines: Iterable[bytes]) -> StagedFile:
        """Write a file of lines (each ends in a newline) and say what it became."""
        with self.writer(name) as writer:
            for line in lines:
                writer.write(line)
        return writer.finished

    @contextmanager
    def writer(self, name: str) -> Iterator[LineWriter]:
        """A file to write line by line; durable when the block ends."""
        with self.reporting("write", name):
            self.make()
            target = self._path / name
            stream = os.fdopen(_open_private(target, os.O_TRUNC), "wb") if self.is_local else target.open("wb")
        try:
            writer = LineWriter(self, name, stream)
            yield writer
            writer.flush()
            with self.reporting("write", name):
                if self.is_local:
                    stream.flush()
                    os.fsync(stream.fileno())
                stream.close()
                if self.is_local:
                    self.sync()
        finally:
            with suppress(OSError):  # an error before this one is the one to show; closing twice does nothing
                stream.close()

    def append(self, name: str, data: bytes) -> None:
        """Add to a file on a disk, durably and wholly: what cannot be finished is cut off again."""
        with self.reporting("write", name):
            is_new = not (self._path / name).exists()
            if is_new:
                self.make()
            with os.fdopen(_open_private(self._path / name, os.O_APPEND), "wb", buffering=0) as file:
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
        with self.reporting("delete", name):
            (self._path / name).unlink(missing_ok=True)

    def make(self) -> None:
        """Create the folder; an object store needs none."""
        if self.is_local:
            self._path.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)

    def remove(self) -> None:
        """Delete the folder and all below it."""
        with self.reporting("delete", ""):
            if self.is_local:
                shutil.rmtree(self._path)
            else:
                self._path.rmdir(recursive=True)

    def modified_at(self) -> float:
        """When the folder was last changed, seconds since 1970."""
        with self.reporting("look at", ""):
            return float(self._path.stat().st_mtime)

    def sync(self) -> None:
        """Make the folder's entries durable."""
        handle = os.open(self._path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

    @contextmanager
    def reporting(self, verb: str, name: str) -> Iterator[None]:
        """Turn the storage's errors into StagingError."""
        try:
            yield
        except FileNotFoundError as error:
            raise StagingError(
                f"There is no staged file {self._path / name}: staging was emptied, or this worker does not share it "
                f"with the others. See that {STAGING_VARIABLE} is one place for all workers, then clear the run from "
                "its first task."
            ) from error
        except OSError as error:
            raise StagingError(
                f"Cannot {verb} {self._path / name}: {error.strerror or error}. Free the disk or mend its rights, or set "
                f"{STAGING_VARIABLE} to another place; then run again. Nothing is lost."
            ) from error


class LineWriter:
    """Counts, hashes and buffers the lines of one file."""

    def __init__(self, folder: Folder, name: str, stream: Any) -> None:
        self._folder = folder
        self._name = name
        self._stream = stream
        self._buffer: list[bytes] = []
        self._buffered_bytes = 0
        self._digest = hashlib.sha256()
        self.rows = 0

    def write(self, line: bytes) -> None:
        """Add one line, newline included."""
        self._buffer.append(line)
        self._buffered_bytes += len(line)
        self.rows += 1
        if self._buffered_bytes >= WRITE_CHUNK_BYTES:
            self.flush()

    def flush(self) -> None:
        """Hand what is buffered to the stream."""
        data = b"".join(self._buffer)
        self._buffer.clear()
        self._buffered_bytes = 0
        self._digest.update(data)
        with self._folder.reporting("write", self._name):
            self._stream.write(data)

    @property
    def finished(self) -> StagedFile:
        """What a manifest says of this file, once it is closed."""
        return StagedFile(self._name, self.rows, self._digest.hexdigest())


def staging_root() -> Folder:
    """The folder that :data:`STAGING_VARIABLE` names, else ``oduyo_staging`` under the Airflow home."""
    place = os.environ.get(STAGING_VARIABLE, "").strip()
    if not place:
        place = str(Path(os.environ.get("AIRFLOW_HOME") or "~/airflow").expanduser() / "oduyo_staging")
    return Folder.open(place)


def write_manifest(folder: Folder, name: str, manifest: msgspec.Struct) -> None:
    """Write a manifest: the last file of a try, which makes the others valid."""
    folder.write(name, msgspec.json.format(msgspec.json.encode(manifest)))


def read_manifest(folder: Folder, name: str, kind: type[T]) -> T:
    """Read a manifest back; StagingError when it is not one of this kind."""
    try:
        return msgspec.json.decode(folder.read(name), type=kind)
    except msgspec.MsgspecError as error:
        raise StagingError(
            f"The staged file {folder.uri}/{name} is not a {kind.__name__} of this version ({error}). Clear the run from "
            "its first task, so that it is written again."
        ) from error


def decode_lines(folder: Folder, name: str, lines: Iterable[bytes], kind: type[T]) -> Iterator[T]:
    """Decode JSON lines; StagingError, naming the file, for one that cannot be read."""
    decode = msgspec.json.Decoder(kind).decode
    try:
        for line in lines:
            yield decode(line)
    except msgspec.MsgspecError as error:
        raise StagingError(
            f"The staged file {folder.uri}/{name} has a line that cannot be read ({error}): somebody changed or cut it. "
            "Restore it, or start a new run, which reads and compares everything again. Nothing is sent before that."
        ) from error


def _open_private(path: Path, flags: int) -> int:
    return os.open(path, os.O_CREAT | os.O_WRONLY | flags, _READ_ONLY_BY_OWNER)


def _safe_name(name: str) -> str:
    if name in ("", ".", "..") or "/" in name or "\\" in name or "\0" in name:
        return "_" + hashlib.sha256(name.encode()).hexdigest()[:32]
    return name
