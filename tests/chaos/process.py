"""Loads in processes of their own, which get real SIGKILLs and SIGSTOPs: from outside, or inside one of their writes.

The process, its parent and the sandbox are on one clock, in shared memory. A process that is stopped sees, when it goes
on, how much time has passed.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import threading
import time
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import msgspec
import psutil
import pytest

from oduyo_provider.core.errors import OduyoError
from oduyo_provider.sync.staging.manifests import Reference
from sandbox.oduyo.server import Sandbox
from tests.chaos import driver as driver_module
from tests.chaos import worker as worker_module
from tests.chaos.clocks import SLOTS, SharedClock, Waiting
from tests.chaos.driver import ChaosDriver
from tests.chaos.virtual import VirtualTime
from tests.chaos.worker import Worker

#: Longest real time to wait for a process before it is given up.
DEADLINE_S = 120.0

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["tests.chaos.process"])


class Shared:
    """What the processes of one test share."""

    def __init__(self) -> None:
        self.ahead: Any = _CONTEXT.Array("d", SLOTS, lock=False)
        self.slots: Any = _CONTEXT.Array("d", SLOTS, lock=False)
        self.clock = SharedClock(self.ahead, 0)
        self.waiting = Waiting(self.slots)
        self.waiting.reset()


class Job(msgspec.Struct, frozen=True):
    """What a process is to do: try ``number`` of the load of a run.

    :param port: the sandbox's.
    :param plans: as guard returned them.
    :param moments: it sends itself ``signal`` after so many writes and requests; None for not at all.
    :param answer: the file that it writes what its load returned to, and when.
    """

    port: int
    place: str
    source: str
    concurrency: int
    run_id: str
    number: int
    plans: list[Reference]
    params: dict[str, Any]
    clock_off_s: float
    moments: int | None
    signal: int
    answer: str


class RealWorker(Worker):
    """This process."""

    def __init__(self, virtual: VirtualTime, clock_off_s: float, number: int) -> None:
        super().__init__(virtual, clock_off_s)
        self._signal = number

    def die(self) -> None:
        """The signal, for real; a process that was stopped goes on from here."""
        os.kill(os.getpid(), self._signal)


def work(job: Job, ahead: Any, slots: Any, slot: int) -> None:
    """Do the job; runs in its own process."""
    site = Sandbox(port=job.port)  # never started: only its address and account are used
    waiting = Waiting(slots)
    virtual = VirtualTime(SharedClock(ahead, slot), waiting, slot)
    worker = RealWorker(virtual, job.clock_off_s, job.signal)
    driver = ChaosDriver(
        site,
        job.place,
        virtual,
        random.Random(job.number),
        source=job.source,
        hire=lambda _: worker,
        concurrency=job.concurrency,
    )
    with pytest.MonkeyPatch.context() as patch:
        worker_module.install(patch, virtual)
        driver_module.install(patch)
        if job.moments is not None:
            worker.arm(job.moments)
        run = driver.new_run(job.run_id, job.number)
        try:
            done = virtual.run(worker.run(lambda: driver.apply_once(run, job.plans, job.params)))
            Path(job.answer).write_bytes(msgspec.json.encode([done, virtual.now()]))
        except OduyoError as error:
            Path(job.answer).write_bytes(msgspec.json.encode(f"{type(error).__name__}: {error}"))
        finally:
            waiting.leave(slot)


class Victim:
    """A process with a job, and what happens to it.

    :param slot: its place among those who share the clock.
    :param requests: it gets the signal once it has made so many requests, unless it sends it to itself.
    """

    def __init__(self, job: Job, shared: Shared, slot: int, site: Sandbox, *, requests: int) -> None:
        self._job = job
        self._shared = shared
        self._slot = slot
        self._site = site
        self._requests = requests
        self._seen = site.counts()["requests"]
        #: Whether it stands still.
        self.is_stopped = False
        shared.waiting.be_busy(slot)
        self._process: BaseProcess = _CONTEXT.Process(
            target=work, args=(job, shared.ahead, shared.slots, slot), daemon=True
        )
        self._process.start()
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._watcher.start()

    @property
    def is_alive(self) -> bool:
        """Whether it has not ended; it may stand still."""
        return self._process.is_alive()

    @property
    def is_killed(self) -> bool:
        """Whether it was killed, and did not end by itself."""
        return self._process.exitcode == -signal.SIGKILL

    def go_on(self) -> None:
        """SIGCONT."""
        self._shared.waiting.be_busy(self._slot)
        self._send(signal.SIGCONT)
        while self._stands_still():
            time.sleep(0.001)
        self.is_stopped = False

    def end(self) -> None:
        """Be sure that it is over."""
        if self._process.is_alive():
            self._send(signal.SIGKILL)
        self._process.join(DEADLINE_S)
        self._watcher.join(DEADLINE_S)
        time.sleep(0.02)  # what has left is with Ödüyo before the clock moves on

    def _watch(self) -> None:
        """Send the signal at its moment; see when it stands still, and when it has ended: nobody waits for it then."""
        is_due, deadline = self._job.moments is None, time.monotonic() + DEADLINE_S
        while self._process.is_alive() and time.monotonic() < deadline:
            if is_due and self._site.counts()["requests"] - self._seen >= self._requests:
                self._send(self._job.signal)
                is_due = False
            if not self.is_stopped and self._stands_still():
                self._shared.waiting.leave(self._slot)
                self.is_stopped = True
            time.sleep(0.002)
        self._shared.waiting.leave(self._slot)

    def _stands_still(self) -> bool:
        try:
            return bool(psutil.Process(self._process.pid).status() == psutil.STATUS_STOPPED)
        except psutil.NoSuchProcess:
            return False

    def _send(self, number: int) -> None:
        if self._process.pid is not None and self._process.is_alive():
            os.kill(self._process.pid, number)
