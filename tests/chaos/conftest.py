"""Fixtures of the chaos tests, and the table of what they did."""

from __future__ import annotations

import gc
import logging
import os
from collections.abc import Iterator
from typing import Any

import pytest
from airflow.sdk.io import attach
from fsspec.implementations.memory import MemoryFileSystem

from sandbox.oduyo.server import Sandbox
from tests.chaos import driver
from tests.chaos.figures import FIGURES, JUDGED
from tests.chaos.virtual import VirtualTime
from tests.chaos.worker import install

#: ``CHAOS=all`` in the environment runs everything; otherwise a short slice runs, as part of ``make test``.
IS_ALL = os.environ.get("CHAOS", "") == "all"


@pytest.fixture(scope="session")
def chaos_site() -> Iterator[Sandbox]:
    with Sandbox() as site:
        yield site


@pytest.fixture(autouse=True, scope="module")
def _light_heap() -> None:
    """Each simulated kill collects garbage; what earlier tests of this process left alive is not looked at again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True, scope="session")
def _object_store() -> None:
    """An object store in memory, opened as Airflow opens any other."""
    attach("memory", fs=MemoryFileSystem())


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Thousands of runs log more than anybody reads, and pytest keeps it all."""
    logger = logging.getLogger("oduyo_provider")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    yield
    logger.setLevel(level)


@pytest.fixture
def virtual(chaos_site: Sandbox) -> Iterator[VirtualTime]:
    chaos_site.reset()
    virtual = VirtualTime(chaos_site.clock)
    with pytest.MonkeyPatch.context() as patch:
        install(patch, virtual)
        driver.install(patch)
        yield virtual


def pytest_sessionfinish(session: pytest.Session) -> None:
    """One of several processes hands over what it counted."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["chaos"] = FIGURES.dump()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take over what one of several processes counted."""
    counted = getattr(node, "workeroutput", {}).get("chaos")
    if counted is not None:
        FIGURES.merge(counted)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, exitstatus: int) -> None:
    """Print the table of a full run; that nothing was duplicated or lost only if every test says so."""
    if not IS_ALL or not FIGURES.counts:
        return
    terminalreporter.section("chaos")
    for line in FIGURES.format():
        terminalreporter.write_line(line)
    if exitstatus == 0:
        for name in JUDGED:
            terminalreporter.write_line(f"| {name} | 0 |")
