"""A load in a process of its own, for real SIGKILLs: at a moment that its parent chooses, or inside one of its writes."""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import signal
import time
import urllib.request
from multiprocessing.process import BaseProcess
from pathlib import Path

import msgspec
import pytest

from oduyo_provider.sync.staging.manifests import Reference
from sandbox.oduyo.server import Sandbox
from tests.chaos.driver import ChaosDriver
from tests.chaos.virtual import Switch, VirtualTime, install
from tests.chaos.world import Row

#: Longest time to wait for a process before it is given up.
DEADLINE_S = 60.0

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["tests.chaos.process"])


class RealSwitch(Switch):
    """Kills this process for real."""

    def die(self) -> None:
        """No return."""
        os.kill(os.getpid(), signal.SIGKILL)


class Job(msgspec.Struct, frozen=True):
    """What a process is to do.

    :param port: the sandbox's; its clock is ``ahead_s`` ahead of real time.
    :param plan: to be applied by try ``number`` of the run ``run``; None for a whole run of ``rows``.
    :param moments: it kills itself after so many writes and requests, if any.
    """

    port: int
    ahead_s: float
    folder: str
    seed: int
    concurrency: int
    on_missing: str
    rows: list[Row]
    run: str
    number: int
    plan: Reference | None
    moments: int | None


class FarSandbox:
    """The sandbox's clock, moved from another process."""

    def __init__(self, url: str) -> None:
        self._url = url

    def advance(self, seconds: float) -> None:
        """See :meth:`Sandbox.advance`."""
        body = json.dumps({"seconds": seconds}).encode()
        request = urllib.request.Request(f"{self._url}/_sandbox/advance", body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=DEADLINE_S) as answer:
            answer.read()


def work(job: Job) -> None:
    """Do the job; runs in its own process."""
    site = Sandbox(port=job.port)  # never started: only its address and account are used
    virtual, switch = VirtualTime(FarSandbox(site.url), job.ahead_s), RealSwitch()
    with pytest.MonkeyPatch.context() as patch:
        install(patch, virtual, switch)
        driver = ChaosDriver(site, Path(job.folder), virtual, switch, random.Random(job.seed), job.concurrency)
        if job.moments is not None:
            switch.arm(job.moments)
        run = driver.new_run(job.run, job.number)
        plan = job.plan or driver.plan(job.rows, run, on_missing=job.on_missing)
        driver.load(plan, run)


def kill(site: Sandbox, job: Job, *, requests: int, delay_s: float) -> bool:
    """Start a job and kill it once it has made so many requests and a little later; False when it ended by itself.

    A job that kills itself is only waited for.
    """
    seen = site.log(since=2**60)["counters"]["requests"]
    process = _CONTEXT.Process(target=work, args=(job,), daemon=True)
    process.start()
    deadline = time.monotonic() + DEADLINE_S
    try:
        while process.is_alive() and time.monotonic() < deadline:
            made = site.log(since=2**60)["counters"]["requests"] - seen
            if job.moments is None and made >= requests:
                time.sleep(delay_s)
                break
            time.sleep(0.001)
        return _end(process)
    finally:
        time.sleep(0.02)  # what has left is with Ödüyo before the clock moves on


def _end(process: BaseProcess) -> bool:
    if process.is_alive() and process.pid is not None:
        os.kill(process.pid, signal.SIGKILL)
    process.join(DEADLINE_S)
    return process.exitcode == -signal.SIGKILL
