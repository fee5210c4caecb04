"""Staged files: where rows, plans and results lie between the tasks of a run.

``<staging>/<dag_id>/<run_id>/`` holds what one run reads, plans and did; ``<staging>/_sites/`` what the next run must
know of a site. The staging path is a folder (``file://`` or a plain path) or any object store that Airflow's
``ObjectStoragePath`` opens. Files are JSON lines, created with mode 0600; each is written whole, its manifest last.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Generator, Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import msgspec

from oduyo_provider.core import variables
from oduyo_provider.core.errors import OduyoError, SettingsError, StagedFileError, StagingError
from oduyo_provider.core.language import gettext
from oduyo_provider.core.redact import neutralise
from oduyo_provider.sync.staging import staged_faults
from oduyo_provider.sync.staging.jsonl import DAMAGE, decode_lines, gather_chunks
from oduyo_provider.sync.staging.object_store import PATTERN_SIGNS, Store, explain_unusable, open_store
from oduyo_provider.sync.staging.storage import Disk

_UNSAFE_SIGNS = PATTERN_SIGNS | frozenset("/\\\0")
#: What file systems take as one name.
_MAX_NAME_BYTES = 255
_SHOWN_CAUSE, _SHOWN_PATH = 300, 500

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

    :ivar address: where it lies below the folder that was opened, the staging path; see :meth:`at`.
    """

    def __init__(self, place: Disk | Store, root: Folder | None = None, address: str = "") -> None:
        self._place = place
        self._root = root or self
        self.address = address

    @classmethod
    def open(cls, uri: str) -> Folder:
        """The folder at a path or URI; ``file://`` and paths without a scheme are on this machine's disk.

        :raises SettingsError: the path is relative, or there is no such store, its provider is not installed, or its connection
            is missing.
        """
        parts = urlsplit(uri)
        if parts.scheme not in ("", "file"):
            return cls(open_store(uri))
        path = Path(parts.netloc + parts.path if parts.scheme else uri).expanduser()
        if not path.is_absolute():
            raise SettingsError(explain_unusable(uri, gettext("it is no absolute path, such as /srv/oduyo_staging")))
        return cls(Disk(path))

    @property
    def is_local(self) -> bool:
        """Whether it lies on this machine's disk."""
        return isinstance(self._place, Disk)

    @property
    def uri(self) -> str:
        """What :meth:`open` takes. For people and for this process: another machine may see the same folder elsewhere."""
        return self._place.uri

    def at(self, address: str) -> Folder:
        """The folder of the same staging at an address: what one task tells another, wherever each of them sees staging."""
        return self._root.child(*address.split("/"))

    def child(self, *names: str) -> Folder:
        """A folder below this one; a name never leads out of it."""
        place, safe_names = self._place, [_safe_name(name) for name in names]
        for name in safe_names:
            place = place.child(name)
        return Folder(place, self._root, "/".join(filter(None, (self.address, *safe_names))))

    def names(self) -> list[str]:
        """The names of what lies in this folder, sorted; none when there is no such folder."""
        with self._reporting("list", ""):
            return self._place.names()

    def fetch_files(self) -> list[tuple[tuple[str, ...], float]]:
        """Every file below this folder: its path from here in parts, and when it was written, seconds since 1970."""
        with self._reporting("list", ""):
            return list(self._place.fetch_files())

    def has(self, name: str) -> bool:
        """Whether a file is there."""
        with self._reporting("look for", name):
            return self._place.has(name)

    def read(self, name: str, start: int = 0, length: int | None = None) -> bytes:
        """A small file's bytes, or so many of a larger one from a position on."""
        with self._reporting("read", name):
            return self._place.read(name, start, length)

    def find(self, name: str) -> bytes | None:
        """A small file's bytes; None when there is none, or another run has removed it meanwhile."""
        try:
            return self.read(name)
        except StagingError:
            if self.has(name):
                raise
            return None

    def read_lines(self, file: StagedFile) -> Generator[bytes, None, None]:
        """A finished file's lines, one at a time; StagedFileError when it is not as its manifest says."""
        digest, rows = hashlib.sha256(), 0
        with self._reporting("read", file.name), self._place.open_lines(file.name) as stream:
            for line in stream:
                digest.update(line)
                rows += 1
                yield line
        if rows != file.rows or digest.hexdigest() != file.digest:
            raise StagedFileError(staged_faults.explain_difference(self.uri, file.name, rows, file.rows))

    def read_items(self, file: StagedFile, kind: type[T]) -> Iterator[T]:
        """What a finished file's lines hold; StagedFileError where they are not as written."""
        with closing(self.read_lines(file)) as lines:  # also where a line cannot be read
            yield from decode_lines(self.uri, file.name, lines, kind)

    def write(self, name: str, data: bytes) -> None:
        """Write a small file whole: readers see the old bytes or the new ones, also after a power cut."""
        with self._reporting("write", name):
            self._place.write(name, data)

    def write_lines(self, name: str, lines: Iterable[bytes]) -> StagedFile:
        """Write a file of lines, each with its newline, durably. What an error leaves of it is in no manifest."""
        digest, rows = hashlib.sha256(), 0
        with ExitStack() as stack:
            # Not one `with` around it all: an error of the lines' own source is none of the storage.
            with self._reporting("write", name):
                stream = stack.enter_context(self._place.writing(name))
            for chunk in gather_chunks(lines):
                data = b"".join(chunk)
                digest.update(data)
                rows += len(chunk)
                with self._reporting("write", name):
                    stream.write(data)
            with self._reporting("write", name):
                stack.pop_all().close()
        return StagedFile(name, rows, digest.hexdigest())

    def append(self, name: str, data: bytes, *, is_durable: bool = True) -> None:
        """Add to a file on a disk, wholly; an object store cannot append.

        :param is_durable: else a power cut may take it away, until something is appended durably.
        """
        if not isinstance(self._place, Disk):
            raise TypeError(f"{self.uri} is an object store: write {name} as parts")
        with self._reporting("write", name):
            self._place.append(name, data, is_durable=is_durable)

    def upload(self, file: Path, name: str) -> None:
        """Put a file of this machine into an object store."""
        if isinstance(self._place, Disk):
            raise TypeError(f"{self.uri} is a folder on a disk: write {name} there")
        with self._reporting("write", name):
            self._place.upload(file, name)

    def delete(self, name: str) -> None:
        """Delete a file, if it is there."""
        with self._reporting("delete", name):
            self._place.delete(name)

    def remove(self) -> None:
        """Delete the folder and all below it, if it is there."""
        with self._reporting("delete", ""):
            self._place.remove()

    @contextmanager
    def _reporting(self, verb: str, name: str) -> Iterator[None]:
        """Turn the storage's errors into StagingError."""
        try:
            yield
        except OduyoError:
            raise
        except FileNotFoundError as error:
            if verb == "write" and not self.is_local:
                raise StagingError(self._failed(verb, name, gettext("there is no such bucket"))) from error
            raise StagedFileError(staged_faults.explain_absence(self._full(name))) from error
        except OSError as error:
            raise StagingError(self._failed(verb, name, error.strerror or str(error))) from error
        except Exception as error:
            # A store's client raises errors of its own: no credentials, no such host, a time-out.
            if self.is_local:
                raise
            raise StagingError(self._failed(verb, name, f"{type(error).__name__}: {error}")) from error

    def _failed(self, verb: str, name: str, cause: str) -> str:
        shown = neutralise(cause, _SHOWN_CAUSE)
        return staged_faults.explain_failure(verb, self._full(name), shown, is_local=self.is_local)

    def _full(self, name: str) -> str:
        return neutralise(f"{self.uri}/{name}" if name else self.uri, _SHOWN_PATH)


def staging_root() -> Folder:
    """The folder that ``ODUYO_STAGING_PATH`` names, else ``oduyo_staging`` under the Airflow home."""
    place = variables.STAGING_PATH.read()
    if not place:
        place = str(Path(os.environ.get("AIRFLOW_HOME") or "~/airflow").expanduser() / "oduyo_staging")
    return Folder.open(place)


def write_manifest(folder: Folder, name: str, manifest: msgspec.Struct) -> None:
    """Write a manifest: the last file of a try, which makes the others valid."""
    folder.write(name, msgspec.json.format(msgspec.json.encode(manifest)))


def read_manifest(folder: Folder, name: str, kind: type[T]) -> T:
    """Read a manifest back; StagedFileError when it is not one of this kind."""
    try:
        return msgspec.json.decode(folder.read(name), type=kind)
    except DAMAGE as error:
        raise StagedFileError(staged_faults.explain_kind(folder.uri, name, kind.__name__, error)) from error


def _safe_name(name: str) -> str:
    is_unsafe = name in ("", ".", "..") or _UNSAFE_SIGNS & set(name) or not name.isprintable()
    if is_unsafe or len(name.encode()) > _MAX_NAME_BYTES:
        return "_" + hashlib.sha256(name.encode()).hexdigest()[:32]
    return name
