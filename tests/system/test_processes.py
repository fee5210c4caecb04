"""The processes of the demo end, also those that do not want to."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from sandbox.demo import processes

pytestmark = pytest.mark.system

STUBBORN = """
import os, signal, time
signal.signal(signal.SIGINT, signal.SIG_IGN)
if not os.fork():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("ready", flush=True)
time.sleep(600)
"""


@pytest.fixture
def stubborn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[subprocess.Popen[bytes]]:
    """A process that does not listen to SIGINT, with a child that does not listen to SIGTERM either."""
    monkeypatch.setattr(processes, "_TERMINATE_S", 0.2)  # else the test would wait 5 s
    log = tmp_path / "log"
    command = (sys.executable, "-c", STUBBORN)
    process = processes.start(command, state=tmp_path, environment=os.environ, folder=tmp_path, log=log)
    while processes.read_end(log).count("ready") < 2:
        assert process.poll() is None
        time.sleep(0.01)
    yield process
    processes.kill_marked(tmp_path)


def test_what_does_not_end_in_time_is_killed_and_waited_for(stubborn: subprocess.Popen[bytes], tmp_path: Path) -> None:
    processes.stop(stubborn, signal.SIGINT, timeout_s=0.1)
    assert stubborn.returncode == -signal.SIGKILL
    assert not psutil.pid_exists(stubborn.pid)
    assert processes.kill_marked(tmp_path) == 1
    assert processes.find_marked(tmp_path) == []


def test_who_listens_is_not_killed(stubborn: subprocess.Popen[bytes], tmp_path: Path) -> None:
    processes.stop(stubborn, signal.SIGTERM, timeout_s=30)
    assert stubborn.returncode == -signal.SIGTERM
    assert processes.kill_marked(tmp_path) == 1
