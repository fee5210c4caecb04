"""What the test notes of a run is what had happened to it, also where its process is killed before it can say so."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from oduyo_provider.sync.staging.folder import Folder
from sandbox.oduyo.server import Sandbox
from tests.chaos.driver import ChaosDriver
from tests.chaos.notes import Note
from tests.chaos.virtual import VirtualTime
from tests.chaos.worker import WORKER
from tests.chaos.world import Erp

pytestmark = pytest.mark.chaos

RunOnce = Callable[[], Note]


class Broken(Erp):
    """A table of which one row breaks the rules."""

    def __init__(self) -> None:
        super().__init__(random.Random(1), "number", start=1, count=3, has_dates=False)
        self._broken = {"2"}


@pytest.fixture(params=["dag", "dag/task"])
def run_once(request: pytest.FixtureRequest, chaos_site: Sandbox, virtual: VirtualTime, tmp_path: Path) -> RunOnce:
    """A run of three rows, of which two are to be made."""
    driver = ChaosDriver(chaos_site, tmp_path, virtual, random.Random(1), source=request.param)

    def run() -> Note:
        virtual.run(driver.run_once(Broken()))
        return driver.notes[0]

    return run


def test_a_run_is_applied_once_its_load_is_through(run_once: RunOnce) -> None:
    note = run_once()
    assert note.is_applied
    assert note.listed_at < note.loaded_at <= note.ended_at


@pytest.mark.parametrize("is_written", [False, True], ids=["before", "after"])
def test_of_a_load_that_is_killed_at_its_end_it_counts_whether_the_end_was_written_down(
    run_once: RunOnce, monkeypatch: pytest.MonkeyPatch, *, is_written: bool
) -> None:
    write = Folder.write

    def write_and_die(self: Folder, name: str, data: bytes) -> None:
        worker, is_end = WORKER.get(), b'"is_finished":true' in data
        if is_written or not is_end:
            write(self, name, data)
        if is_end and worker is not None:
            worker.die()
            worker.pass_moment()

    monkeypatch.setattr(Folder, "write", write_and_die)
    note = run_once()
    assert note.errors[0] == "killed"
    assert not note.is_green
    assert note.is_applied is is_written
    assert bool(note.loaded_at) is is_written


def test_a_row_that_breaks_the_rules_is_there_also_where_no_report_names_it(
    run_once: RunOnce, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Note, "read_quarantine", lambda *_: None)
    run = run_once().compute_run()
    assert run.has("2")
    assert run.rows.keys() == {"1", "3"}
