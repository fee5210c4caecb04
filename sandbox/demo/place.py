"""Where the demo keeps its things, and who uses them now."""

from __future__ import annotations

import fcntl
import json
import os
import shlex
import shutil
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from sandbox.erp.server import remove_server

ROOT = Path(__file__).resolve().parents[2]

HOST = "127.0.0.1"
FIRST_SANDBOX_PORT = 8600
FIRST_UI_PORT = 8080
_PORTS_TRIED = 200


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
        """The demo ERP's server."""
        return self.folder / "erp"

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

    def remove(self) -> None:
        """Remove everything; no demo may run."""
        remove_server(self.erp)
        shutil.rmtree(self.folder, ignore_errors=True)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the folder; the lock goes with the process, however it ends.

        :raises DemoError: another demo holds it, or this user may not write there.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            opened = (self.folder / "lock").open("a+", encoding="utf-8")
        except OSError as error:
            raise DemoError(
                f"The demo cannot write to its state folder: {error.strerror}: {error.filename}. Name a folder of your own, "
                'for example with make run STATE="$HOME/oduyo-demo".'
            ) from error
        with opened as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise DemoError(
                    f"A demo runs here already (process {self.find_holder() or 'unknown'}), perhaps `make ui` in another "
                    f"window. Use that one, or stop it there with Ctrl-C or here with "
                    f"`{self.compute_command('stop')}`."
                ) from error
            file.truncate(0)
            file.write(str(os.getpid()))
            file.flush()
            try:
                yield
            finally:
                file.truncate(0)

    def compute_command(self, *words: str) -> str:
        """A command of the demo for this folder, as one would type it here."""
        python = as_typed(Path(sys.executable))
        return shlex.join([python, "-m", "sandbox.demo", *words, "--state", as_typed(self.folder)])

    def compute_make(self, target: str) -> str:
        """``make``'s target for this folder, as one would type it here."""
        is_default = self.folder == ROOT / ".run"
        return f"make {target}" + ("" if is_default else f" STATE={shlex.quote(as_typed(self.folder))}")

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


def as_typed(path: Path) -> str:
    """A path as one would type it here, not quoted."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


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
