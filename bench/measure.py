"""Starts what is measured in processes of its own, and shows the figures beside their bounds."""

from __future__ import annotations

import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from statistics import median
from typing import Any

import msgspec

ROOT = Path(__file__).resolve().parent.parent

Figures = dict[str, Any]

# Every bound of these measurements. They say what a user can feel, with room for a busy machine.

#: Requests at a time → rows/s of what these can do at most: concurrency ÷ the time of one request alone, with a delay.
MIN_REACH = {1: 0.97, 8: 0.97, 16: 0.97, 64: 0.92}
#: Of the bare loop's rows a second, and of its CPU a row, without a delay.
MIN_SPEED_RATIO, MAX_CPU_RATIO = 0.75, 1.4
#: Comparing: CPU of all steps for a million rows, and memory of any one process.
MAX_CPU_S_PER_MILLION, MAX_PEAK_MB = 60.0, 300.0
#: Comparing: CPU a row of ten times the rows. 1 is linear.
MAX_GROWTH = 1.2
#: A whole run with nothing to do: our own time for 100,000 rows.
MAX_IDLE_S_PER_100_000 = 20.0
#: The DAG's run with nothing to do, above a DAG of as many tasks that do nothing.
MAX_S_OVER_EMPTY_DAG = 5.0
#: The run page: an answer that reads little, and a first search through 100,000 changes.
MAX_ANSWER_S, MAX_SEARCH_S_PER_100_000 = 1.0, 10.0


class Account(msgspec.Struct, frozen=True):
    """A server that speaks the API, and how to log in there."""

    url: str
    user: str = "bench"
    password: str = "bench"  # noqa: S105  the light server checks none
    api_key: str = "bench"

    @property
    def arguments(self) -> list[str]:
        """As command line options."""
        return ["--url", self.url, "--user", self.user, "--password", self.password, "--api-key", self.api_key]


class Bound(msgspec.Struct, frozen=True):
    """A figure beside what it has to be.

    :param sense: ``>=`` or ``<=``.
    """

    name: str
    figure: float
    sense: str
    bound: float

    @property
    def holds(self) -> bool:
        """Whether the figure is within its bound."""
        return self.figure >= self.bound if self.sense == ">=" else self.figure <= self.bound

    @property
    def row(self) -> tuple[str, ...]:
        """For a table."""
        return self.name, show(self.figure), f"{self.sense} {self.bound:g}", "yes" if self.holds else "NO"


class Stopwatch:
    """Seconds and CPU seconds of this process, threads included, since it was made."""

    def __init__(self) -> None:
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def read(self) -> Figures:
        """``wall_s`` and ``cpu_s`` so far."""
        return {"wall_s": time.perf_counter() - self._wall, "cpu_s": time.process_time() - self._cpu}


def read_peak_mb() -> float:
    """The most memory that this process has had, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@contextmanager
def open_server(latency_ms: float) -> Iterator[Account]:
    """A light server in a process of its own."""
    command = [sys.executable, "-m", "bench.server", "--latency-ms", str(latency_ms)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, env=_environment()) as server:
        assert server.stdout is not None
        try:
            port = server.stdout.readline().strip()
            assert port, "the server did not start; its message stands above"
            yield Account(f"http://127.0.0.1:{port}")
        finally:
            server.terminate()


def run_child(module: str, *arguments: object) -> Figures:
    """Run ``python -m module`` and return the JSON object in its last line."""
    command = [sys.executable, "-m", module, *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, env=_environment(), check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command[1:4])} failed: its messages stand above.\n{done.stdout}")
    figures: Figures = json.loads(done.stdout.splitlines()[-1])
    return figures


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "plugins")])}


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """A folder that is gone afterwards. ``TMPDIR`` chooses the disk, whose speed counts."""
    with tempfile.TemporaryDirectory(prefix="oduyo-bench-") as folder:
        yield Path(folder)


def compute_medians(runs: Sequence[Figures]) -> Figures:
    """The median of each figure over several runs."""
    return {
        name: median(run[name] for run in runs) for name, value in runs[0].items() if isinstance(value, (int, float))
    }


def show(figure: object) -> str:
    """A figure with three significant digits or so."""
    if not isinstance(figure, float):
        return f"{figure:,}" if isinstance(figure, int) else str(figure)
    return f"{figure:,.0f}" if abs(figure) >= 100 else f"{figure:.3g}" if abs(figure) < 10 else f"{figure:.1f}"


def print_table(title: str, head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """A table; the first column to the left, the others to the right."""
    texts = [list(map(str, head)), *([show(cell) for cell in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    print(f"\n{title}")
    for text in texts:
        cells = (cell.rjust(width) for cell, width in zip(text[1:], widths[1:], strict=True))
        print("  ".join(["", text[0].ljust(widths[0]), *cells]).rstrip(), flush=True)


def print_bounds(bounds: Sequence[Bound]) -> None:
    """Every figure beside its bound."""
    if bounds:
        print_table("Bounds", ("figure", "measured", "bound", "holds"), [bound.row for bound in bounds])


def finish(figures: Figures, bounds: Sequence[Bound] = ()) -> None:
    """Print the bounds and, as the last line, everything as JSON."""
    print_bounds(bounds)
    figures["bounds"] = [msgspec.structs.asdict(bound) | {"holds": bound.holds} for bound in bounds]
    print(json.dumps(_rounded(figures)), flush=True)


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.5g}")
    if isinstance(value, dict):
        return {name: _rounded(inner) for name, inner in value.items()}
    return [_rounded(inner) for inner in value] if isinstance(value, list) else value


def describe_machine() -> Figures:
    """Date, commit and machine."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],  # noqa: S607  git may be anywhere
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    ).stdout.strip()
    cpu = next(
        (line.partition(":")[2].strip() for line in _read_lines("/proc/cpuinfo") if line.startswith("model name")), ""
    )
    return {
        "date": datetime.now(timezone.utc).date().isoformat(),
        "commit": commit or "unknown",
        "machine": f"{os.cpu_count()} cores, {cpu or platform.processor()}",
        "python": platform.python_version(),
    }


def _read_lines(path: str) -> list[str]:
    file = Path(path)
    return file.read_text(encoding="utf-8").splitlines() if file.exists() else []
