"""How long staged runs are kept."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from oduyo_provider.sync.runtime.timing import ABANDONED_AFTER_S
from oduyo_provider.sync.staging import retention
from oduyo_provider.sync.staging.archive import name_folder
from oduyo_provider.sync.staging.folder import Folder
from oduyo_provider.sync.staging.retention import prune
from oduyo_provider.sync.staging.run_folder import Run


@pytest.fixture(autouse=True)
def _keep_three(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "KEPT_RUNS", 3)


def make_run(root: Path, run_id: str, *, age_s: float, is_reported: bool = True, task: str = "") -> None:
    """A staged run whose files were written so long ago."""
    folder = root / "dag" / run_id / task
    files = ["existing/try1/manifest.json", *(["report.json"] if is_reported else [])]
    for name in files:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("{}")
        os.utime(path, (time.time() - age_s,) * 2)


def prune_after(root: Path, run_id: str, *needed: str) -> list[str]:
    """The runs that are left once a run has been reported."""
    prune(Run(Folder.open(str(root)), "dag", run_id, "try1"), needed)
    return sorted(path.name for path in (root / "dag").iterdir())


def test_the_oldest_finished_runs_go_whatever_they_are_called(tmp_path: Path) -> None:
    for age_s, name in enumerate(("a", "e", "b", "d", "c")):
        make_run(tmp_path, name, age_s=age_s * 100)
    assert prune_after(tmp_path, "a") == ["a", "b", "e"]


def test_this_run_stays_however_old_its_files_are(tmp_path: Path) -> None:
    for age_s, name in enumerate(("b", "c", "d", "e", "now")):
        make_run(tmp_path, name, age_s=age_s * 100)
    assert prune_after(tmp_path, "now") == ["b", "c", "now"]


@pytest.mark.parametrize("task", ["", "save", "save/3"])
def test_a_run_without_a_report_stays_until_nobody_can_be_working_on_it(tmp_path: Path, task: str) -> None:
    for age_s, name in enumerate(("now", "b", "c", "d")):
        make_run(tmp_path, name, age_s=age_s * 100)
    make_run(tmp_path, "waits", age_s=ABANDONED_AFTER_S - 3600, is_reported=False, task=task)
    make_run(tmp_path, "abandoned", age_s=ABANDONED_AFTER_S + 3600, is_reported=False, task=task)
    assert prune_after(tmp_path, "now") == ["b", "c", "now", "waits"]


def test_a_run_that_somebody_still_reads_stays_however_old_it_is(tmp_path: Path) -> None:
    for age_s, name in enumerate(("now", "b", "c", "d", "run1", "run")):
        make_run(tmp_path, name, age_s=age_s * 100)
    make_run(tmp_path, "abandoned", age_s=2 * ABANDONED_AFTER_S, is_reported=False)
    needed = [
        Folder.open(str(tmp_path)).child("dag", name, "plan", "try1", "0000").address for name in ("run", "abandoned")
    ]
    assert prune_after(tmp_path, "now", *needed) == ["abandoned", "b", "c", "now", "run"]


def test_a_run_whose_other_task_still_works_stays(tmp_path: Path) -> None:
    for age_s, name in enumerate(("now", "b", "c")):
        make_run(tmp_path, name, age_s=age_s * 100)
    make_run(tmp_path, "both", age_s=900, task="first")
    make_run(tmp_path, "both", age_s=900, task="second", is_reported=False)
    assert "both" in prune_after(tmp_path, "now")


def test_a_run_whose_id_is_no_name_for_a_folder_stays_too(tmp_path: Path) -> None:
    for age_s, name in enumerate(("b", "c", "d", "e", "f")):
        make_run(tmp_path, name, age_s=age_s * 100)
    run = Run(Folder.open(str(tmp_path)), "dag", "manual/1", "try1")
    mine = name_folder(run.root.child("dag"), run.run_id)
    make_run(tmp_path, mine, age_s=9_000)
    assert prune_after(tmp_path, "manual/1") == sorted([mine, "b", "c"])


def test_a_file_beside_the_runs_is_left_alone(tmp_path: Path) -> None:
    for age_s, name in enumerate(("now", "b", "c", "d")):
        make_run(tmp_path, name, age_s=age_s * 100)
    (tmp_path / "dag" / "notes.txt").write_text("somebody's")
    os.utime(tmp_path / "dag" / "notes.txt", (0, 0))
    assert prune_after(tmp_path, "now") == ["b", "c", "notes.txt", "now"]


def test_runs_of_other_dags_and_what_is_kept_of_sites_stay(tmp_path: Path) -> None:
    for age_s in range(5):
        make_run(tmp_path, f"r{age_s}", age_s=age_s * 100)
    for other in ("other/run1/report.json", "_sites/here/report.json"):
        (tmp_path / other).parent.mkdir(parents=True)
        (tmp_path / other).write_text("{}")
    prune_after(tmp_path, "r0")
    assert (tmp_path / "other/run1/report.json").exists()
    assert (tmp_path / "_sites/here/report.json").exists()
