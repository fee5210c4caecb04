"""A staged folder in an object store: any fsspec file system. It raises what its storage raises.

Three of its habits matter here. It caches listings for ever, which would hide what other workers write: the cache is emptied
before each look. It cannot append, and has no folders: neither is used. A file becomes visible when it is closed, also by an
error: so lines are gathered on this machine first and sent whole.
"""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, cast
from urllib.parse import urlsplit

from oduyo_provider.core import variables
from oduyo_provider.core.errors import SettingsError
from oduyo_provider.core.language import gettext
from oduyo_provider.core.redact import MASK, neutralise
from oduyo_provider.sync.runtime.event_loop import call_apart

#: Bytes of an object that are read ahead.
READ_AHEAD_BYTES = 1 << 20

#: Signs of a pattern: to remove a name with one would remove others too.
PATTERN_SIGNS = frozenset("*?[]#")

_SHOWN_CAUSE, _SHOWN_PATH = 300, 500


class Store:
    """A folder in an object store, with the same methods as :class:`~oduyo_provider.sync.staging.storage.Disk`.

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
        return Store(self._fs, self._root, f"{self._path}/{name}", (*self._below, name))

    def names(self) -> list[str]:
        self._forget_listings(self._path)
        try:
            found = self._fs.ls(self._path, detail=False)
        except FileNotFoundError:
            return []
        # Some programs mark a folder by an empty object of its own name.
        names = (str(path).rstrip("/") for path in found)
        return sorted(name.rpartition("/")[2] for name in names if name.strip("/") != self._path.strip("/"))

    def fetch_files(self) -> Iterator[tuple[tuple[str, ...], float]]:
        self._forget_listings(self._path)
        try:
            found = self._fs.find(self._path, detail=True)
        except FileNotFoundError:
            return
        base = self._path.strip("/") + "/"
        for path, info in found.items():
            yield tuple(str(path).strip("/").removeprefix(base).split("/")), _read_time(info)

    def has(self, name: str) -> bool:
        # fsspec's own ``exists`` answers no whenever it could not look.
        path = self._full(name)
        self._forget_listings(path)
        try:
            self._fs.info(path)
        except FileNotFoundError:
            return False
        return True

    def read(self, name: str, start: int = 0, length: int | None = None) -> bytes:
        path = self._full(name)
        self._forget_listings(path)
        if length == 0:  # no range that a store could be asked for
            return b""
        if length is None and not start:
            return bytes(self._fs.cat_file(path))
        return bytes(self._fs.cat_file(path, start=start, end=None if length is None else start + length))

    def open_lines(self, name: str) -> BinaryIO:
        path = self._full(name)
        self._forget_listings(path)
        # fsspec's own files look for each line's end in Python.
        return io.BufferedReader(self._fs.open(path, "rb", block_size=READ_AHEAD_BYTES))

    def write(self, name: str, data: bytes) -> None:
        self._fs.pipe_file(self._full(name), data)

    @contextmanager
    def writing(self, name: str) -> Iterator[BinaryIO]:
        with tempfile.NamedTemporaryFile(prefix="oduyo-") as stream:
            yield cast("BinaryIO", stream)
            stream.flush()
            self.upload(Path(stream.name), name)

    def upload(self, file: Path, name: str) -> None:
        """Store a file of this machine under a name."""
        self._fs.put_file(str(file), self._full(name))

    def delete(self, name: str) -> None:
        path = self._full(name)
        self._forget_listings(path)
        with suppress(FileNotFoundError):
            self._fs.rm(path)

    def remove(self) -> None:
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


def open_store(uri: str) -> Store:
    """The store behind a URI; its connection is read and its client made, which runs an event loop, once a process.

    :raises SettingsError: there is no such store, its provider is not installed, or its connection is missing.
    """
    host = urlsplit(uri).netloc
    if not host.rpartition("@")[2]:
        raise SettingsError(explain_unusable(uri, gettext("it names no bucket")))
    if "%" in host or PATTERN_SIGNS & set(uri):
        raise SettingsError(
            explain_unusable(
                uri, gettext("it holds one of the characters %(signs)s", signs=" ".join(sorted(PATTERN_SIGNS)))
            )
        )
    return call_apart(partial(_make_store, uri))


def _make_store(uri: str) -> Store:
    from airflow.sdk import BaseHook, ObjectStoragePath
    from airflow.sdk.exceptions import AirflowNotFoundException

    try:
        path = ObjectStoragePath(uri)
        if path.conn_id is not None:
            # Amazon's provider goes on without a connection that it cannot find, as whoever the machine is.
            BaseHook.get_connection(path.conn_id)
        return Store(path.fs, uri, path.path)
    except AirflowNotFoundException as error:
        cause = gettext("Airflow has no connection %(connection)s", connection=repr(urlsplit(uri).username))
        raise SettingsError(explain_unusable(uri, cause)) from error
    except (ImportError, ValueError) as error:
        raise SettingsError(explain_unusable(uri, neutralise(str(error), _SHOWN_CAUSE).rstrip("."))) from error


def explain_unusable(uri: str, cause: str) -> str:
    """Why the staging path cannot be used, and what it can be."""
    return gettext(
        "%(variable)s names %(uri)s, which cannot be used: %(cause)s. Set it to a folder that all workers share, "
        "or to a bucket (s3://<connection>@<bucket>/<prefix>), and install the provider of that storage on all "
        "workers.",
        variable=variables.STAGING_PATH.name,
        uri=neutralise(_hide_password(uri), _SHOWN_PATH),
        cause=cause,
    )


def _hide_password(uri: str) -> str:
    """Hide what stands before the bucket: a connection's name, or a key and its secret by mistake."""
    scheme, sign, rest = uri.partition("://")
    user, at, place = rest.rpartition("@")
    return f"{scheme}{sign}{MASK}{at}{place}" if ":" in user else uri
