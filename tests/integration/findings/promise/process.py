"""A night in a process of its own, which can be suspended, resumed and stopped for real."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import msgspec

from oduyo_provider.core.report import Report
from oduyo_provider.sync.site import lease
from oduyo_provider.sync.staging import buckets
from sandbox.oduyo.server import Sandbox
from tests.integration.findings.promise.nights import Nights, Row, TimeIsUpError

#: Longest time to wait for a process before it is given up.
DEADLINE_S = 60.0
#: A lease as short as a test can wait for: renewed, held without renewal, and lapsed for others.
RENEW_EVERY_S, HELD_FOR_S, LAPSES_AFTER_S = 0.1, 3.0, 4.0

#: How late a site that stalls carries a call out: long enough to stop a process while all that it has sent is under way.
LATE_S = 0.5

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["tests.integration.findings.promise.process"])


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """What a process is to do: one night.

    :param port: the sandbox's.
    :param folder: the staging path.
    :param partition_rows: a side of more rows is split.
    :param params: of the run.
    """

    port: int
    folder: str
    name: str
    rows: list[Row]
    source: str = "dag"
    shift_s: float = 0.0
    tries: int = 3
    partition_rows: int = buckets.SINGLE_PARTITION_ROWS
    params: dict[str, object] = {}


class Ended(msgspec.Struct, frozen=True):
    """How a night in another process ended."""

    report: Report
    errors: list[str]
    is_green: bool


def shorten_lease() -> None:
    """Give this process's lease the short durations."""
    lease.RENEW_EVERY_S, lease.HELD_FOR_S, lease.LAPSES_AFTER_S = RENEW_EVERY_S, HELD_FOR_S, LAPSES_AFTER_S


def work(job: Job) -> None:
    """Do the job; runs in its own process. Its end is written beside the staging path."""
    shorten_lease()
    buckets.SINGLE_PARTITION_ROWS = job.partition_rows
    signal.signal(signal.SIGALRM, _raise)
    site = Sandbox(port=job.port)  # never started: only its address and account are used
    dag = Nights(site, job.folder, job.source, shift_s=job.shift_s, name=job.name, tries=job.tries, settle_s=0.2)
    night = dag.night(job.rows, **job.params)
    ended = Ended(night.report, [f"{type(error).__name__}: {error}" for error in night.errors], night.is_green)
    _name_end(job).write_bytes(msgspec.json.encode(ended))


def _raise(_signal: int, _frame: FrameType | None) -> None:
    """As Airflow does when a task's time is up."""
    raise TimeIsUpError


def _name_end(job: Job) -> Path:
    return Path(f"{job.folder}.{job.name}.json")


class Process:
    """A night that runs elsewhere."""

    def __init__(self, site: Sandbox, job: Job) -> None:
        self._site = site
        self._job = job
        self._process = _CONTEXT.Process(target=work, args=(job,), daemon=True)
        self._process.start()

    def wait_for_writes(self, count: int) -> None:
        """Until the site has been asked for so many writes."""
        deadline = time.monotonic() + DEADLINE_S
        while count_writes(self._site) < count and self._process.is_alive() and time.monotonic() < deadline:
            time.sleep(0.002)

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        assert self._process.is_alive()
        assert self._process.pid is not None
        os.kill(self._process.pid, number)

    @contextmanager
    def suspended(self) -> Iterator[None]:
        """Suspended within the block."""
        self.signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.signal(signal.SIGCONT)

    def wait(self) -> Ended:
        """Until its night is over."""
        self._process.join(DEADLINE_S)
        assert self._process.exitcode == 0
        return msgspec.json.decode(_name_end(self._job).read_bytes(), type=Ended)

    def end(self) -> None:
        """Whatever it does: away with it."""
        if self._process.is_alive():
            self._process.kill()
        self._process.join(DEADLINE_S)


@contextmanager
def running(site: Sandbox, job: Job) -> Iterator[Process]:
    """A night in another process, which is gone at the end of the block."""
    process = Process(site, job)
    try:
        yield process
    finally:
        process.end()


def stall(site: Sandbox, call: str, after: int, times: int | None = None) -> None:
    """From now on the site answers late once it has been asked for so many of these calls: nobody is done before that."""
    site.set_faults({"call": call, "kind": "slow", "seconds": LATE_S, "skip": after, "times": times})


def count_writes(site: Sandbox) -> int:
    """Creates, updates and deletes that the site was asked for."""
    counts = site.counts()
    return counts["create"] + counts["update"] + counts["delete"]
