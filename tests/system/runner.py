"""Runs commands of documents, and remembers how each ended."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from tests.system.commands import CONSTRAINTS, NEEDS, STAYS

#: One command may take so long.
LIMIT_S, LONG_LIMIT_S = 1_200, 5_400


class FailedError(Exception):
    """A command did not do what its page says."""


class Runner:
    """Runs commands and remembers how each ended.

    :ivar ended: command → ``ok``, or why it was not run as it stands.
    :ivar constraints: a file in place of Airflow's published constraints; None where these can be fetched.
    """

    def __init__(self, clone: Path, environment: dict[str, str]) -> None:
        self.clone = clone
        self.environment = environment
        self.ended: dict[str, str] = {}
        self.constraints: Path | None = None

    def run(self, command: str, *, limit_s: float = LIMIT_S) -> str:
        """Run a command in the clone; returns what it printed.

        :raises FailedError: it ended with an error.
        """
        if CONSTRAINTS in command and self.constraints:
            told, command = command, re.sub(rf'"{re.escape(CONSTRAINTS)}[^\n]*"', f'"{self.constraints}"', command)
            self.ended[told] = "ran with the lock file's versions as constraints, as Airflow's cannot be fetched"
        needed = NEEDS.get(command)
        if needed and shutil.which(needed, path=self.environment["PATH"]) is None:
            self.ended[command] = f"NOT RUN: {needed} is not installed"
            return ""
        print(f"$ {command}", flush=True)
        started_at = time.monotonic()
        with subprocess.Popen(
            ["bash", "-euo", "pipefail", "-c", command], cwd=self.clone, env=self.environment, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
        ) as process:  # fmt: skip
            try:
                if command in STAYS:
                    output, code = self._interrupt(process, STAYS[command])
                else:
                    output, _ = process.communicate(timeout=limit_s)
                    code = process.returncode
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                raise FailedError(f"{command} did not end within {limit_s:g} s") from None
        if code:
            raise FailedError(f"{command} ended with {code}:\n{output[-4_000:]}")
        print(f"  ok, {time.monotonic() - started_at:.0f} s", flush=True)
        self.ended[command] = "ok"
        return output

    @staticmethod
    def _interrupt(process: subprocess.Popen[str], ready: str) -> tuple[str, int]:
        """Wait until a command says that it is up, and end it as Ctrl-C does."""
        assert process.stdout is not None
        lines: list[str] = []
        for line in process.stdout:
            lines.append(line)
            if ready in line:
                break
        else:
            return "".join(lines), process.wait() or 1
        os.killpg(process.pid, signal.SIGINT)
        lines += process.stdout
        process.wait()
        return "".join(lines), 0 if process.returncode in (0, 130, -signal.SIGINT) else process.returncode

    def shell(self, commands: Sequence[str]) -> None:
        """Run commands that set something for those after them: one shell for all."""
        for command in commands:
            if command.startswith("export "):
                values = self.run(f"{command}\nenv -0").split("\0")
                variable = command.removeprefix("export ").partition("=")[0]
                (value,) = [text.partition("=")[2] for text in values if text.lstrip("\n").startswith(f"{variable}=")]
                self.environment[variable] = value
                self.ended[command] = self.ended.pop(f"{command}\nenv -0")
            else:
                self.run(command)
