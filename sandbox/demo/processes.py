"""Start processes, and leave none behind: not after Ctrl-C, not after an error, not after the demo itself was killed."""

from __future__ import annotations

import signal
import subprocess
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import psutil  # type: ignore[import-untyped]

#: Every process that the demo starts, and all their children, carry the state folder in this variable. Airflow's
#: processes outlive their parent when that is killed; by this they are found.
MARK = "ODUYO_DEMO_STATE"

_TERMINATE_S = 5.0
_LINES_SHOWN = 15


def start(
    command: Sequence[str], *, state: Path, environment: Mapping[str, str], folder: Path, log: Path
) -> subprocess.Popen[bytes]:
    """Start a marked process in a session of its own, so that Ctrl-C reaches only the demo, which stops it in order.

    :param folder: its working directory.
    :param log: where its output goes.
    """
    # Titles that overwrite the environment in memory (setproctitle does by default) would hide the mark.
    marked = {**environment, MARK: str(state), "SPT_NOENV": "1"}
    with log.open("wb") as output:
        return subprocess.Popen(
            list(command),
            cwd=folder,
            env=marked,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def stop(process: subprocess.Popen[bytes], number: signal.Signals, *, timeout_s: float) -> None:
    """Ask a process to end, wait, and end it with force when it does not in time; its children are :func:`kill_marked`'s."""
    if process.poll() is None:
        process.send_signal(number)
        try:
            process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def kill_marked(state: Path) -> int:
    """End every process of this state folder, with force where asking does not help; returns how many there were."""
    found = find_marked(state)
    for process in found:
        with suppress(psutil.NoSuchProcess):
            process.terminate()
    _, alive = psutil.wait_procs(found, timeout=_TERMINATE_S)
    while alive:
        for process in alive:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(alive, timeout=_TERMINATE_S)
        alive = find_marked(state)  # some may have started others in the meantime
    return len(found)


def find_marked(state: Path) -> list[psutil.Process]:
    """The living processes of this state folder."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if process.environ().get(MARK) == str(state) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def read_end(log: Path) -> str:
    """The last lines of a log, for an error text."""
    with suppress(OSError), log.open(encoding="utf-8", errors="replace") as file:
        return "".join(deque(file, _LINES_SHOWN)).rstrip()
    return ""
