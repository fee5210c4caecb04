"""Where the demo keeps its things, and who uses them now."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

HOST = "127.0.0.1"
FIRST_SANDBOX_PORT = 8600
FIRST_UI_PORT = 8080
_PORTS_TRIED = 200
_is_plain = re.compile(r"[\w./+-]+").fullmatch


class DemoError(Exception):
    """The demo cannot go on; the text gives the cause and the next step."""


@dataclass(frozen=True)
class Place:
    """The state folder.

    :ivar folder: absolute; may be removed while no demo runs, and then everything starts anew.
    """

    folder: Path

    @property
    def erp(self) -> Path:
        """The demo ERP's server: outside of the folder only where its path is one that PostgreSQL's start cannot take."""
        if _is_plain(str(self.folder)):
            return self.folder / "erp"
        # The embedded server's start hands the path to a shell without quotes.
        name = hashlib.sha256(str(self.folder).encode()).hexdigest()[:12]
        return Path(tempfile.gettempdir()).resolve() / f"oduyo-demo-erp-{os.getuid()}-{name}"

    @property
    def oduyo(self) -> Path:
        """The sandbox's database."""
        return self.folder / "oduyo.sqlite"

    @property
    def airflow(self) -> Path:
        """Airflow's home."""
        return self.folder / "airflow"

    @property
    def staging(self) -> Path:
        """Staged files and reports."""
        return self.folder / "staging"

    @property
    def logs(self) -> Path:
        """All logs; the tasks' own below ``tasks``."""
        return self.folder / "logs"

    @property
    def temporary(self) -> Path:
        """For temporary files of what the demo starts."""
        return self.folder / "tmp"

    @property
    def unclean(self) -> Path:
        """There while Airflow runs: when it is there at a start, the demo before was killed."""
        return self.folder / "airflow_is_running"

    def make(self) -> None:
        """Make the folders."""
        for folder in (self.airflow, self.staging, self.logs, self.temporary):
            folder.mkdir(parents=True, exist_ok=True)
        self.erp.mkdir(exist_ok=True)
        if self.erp.stat().st_uid != os.getuid():
            raise DemoError(
                f"{self.erp} belongs to somebody else. Move this checkout to a path without blanks, or remove it."
            )

    def remove(self) -> None:
        """Remove everything; no demo may run."""
        shutil.rmtree(self.erp, ignore_errors=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the folder; the lock goes with the process, however it ends.

        :raises DemoError: another demo holds it.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "lock").open("a+", encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise DemoError(
                    f"A demo runs here already (process {self.find_holder() or 'unknown'}), perhaps `make ui` in another "
                    f"window. Use that one, or stop it there with Ctrl-C or here with "
                    f"`python -m sandbox.demo stop --state '{self.folder}'`."
                ) from error
            file.truncate(0)
            file.write(str(os.getpid()))
            file.flush()
            try:
                yield
            finally:
                file.truncate(0)

    def find_holder(self) -> int | None:
        """The process that holds the folder."""
        with suppress(OSError, ValueError), (self.folder / "lock").open(encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except OSError:
                return int(file.read())
        return None

    def choose_sandbox_port(self) -> int:
        """The port of the run before when it is free: the provider remembers what it knows of a site by its address."""
        memory = self.folder / "sandbox_port.json"
        first = FIRST_SANDBOX_PORT
        with suppress(OSError, ValueError):
            first = int(json.loads(memory.read_text(encoding="utf-8")))
        port = find_port(first)
        memory.write_text(json.dumps(port), encoding="utf-8")
        return port


def find_port(first: int) -> int:
    """The first free port from this one on."""
    for port in range(first, min(first + _PORTS_TRIED, 65_536)):
        with socket.socket() as probe:
            # As servers do, so that a port that was in use a moment ago counts as free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with suppress(OSError):
                probe.bind((HOST, port))
                return port
    raise DemoError(f"No port is free from {first} on. Stop what you do not need, then start again.")


def find_ports(count: int) -> list[int]:
    """So many different free ports."""
    with ExitStack() as held:
        probes = [held.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind((HOST, 0))
        return [int(probe.getsockname()[1]) for probe in probes]
