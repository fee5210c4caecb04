"""What is staged, found again long after the tasks have ended."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
import pytest

from oduyo_provider.core.report import Report
from oduyo_provider.sync.staging.archive import fetch_dag_names, fetch_run, fetch_runs, name_folder
from oduyo_provider.sync.staging.folder import Folder


@pytest.fixture
def root(tmp_path: Path) -> Folder:
    return Folder.open(str(tmp_path / "staging"))


def make_run(root: Folder, run_id: str, *, at: float, reported_at: float | None = None, task: str = "") -> None:
    """A run whose files were last written at this moment."""
    folder = root.child("dag", run_id, *([task] if task else []))
    write_at(folder.child("existing", "try1"), "manifest.json", b"{}", at)
    if reported_at is not None:
        write_at(folder, "report.json", msgspec.json.encode(Report(extracted=3, unchanged=3)), reported_at)


def write_at(folder: Folder, name: str, data: bytes, at: float) -> None:
    folder.write(name, data)
    os.utime(Path(folder.uri) / name, (at, at))


def test_runs_come_latest_first_and_say_whether_they_have_ended(root: Folder) -> None:
    make_run(root, "a", at=300.0)
    make_run(root, "b", at=100.0, reported_at=200.0)
    make_run(root, "c", at=400.0, reported_at=350.0)
    runs = fetch_runs(root, "dag")
    assert [(run.name, run.reported_at, run.is_settled) for run in runs] == [
        ("c", 350.0, False),
        ("a", None, False),
        ("b", 200.0, True),
    ]
    assert [len(run.find("existing")) for run in runs] == [1] * 3


def test_each_task_of_somebody_else_s_dag_is_a_run_of_its_own(root: Folder) -> None:
    make_run(root, "a", at=1.0, task="save")
    make_run(root, "a", at=2.0, task="again")
    assert [run.task for run in fetch_run(root, "dag", "a")] == [("again",), ("save",)]


def test_what_is_kept_of_sites_is_no_dag_and_no_run(root: Folder) -> None:
    make_run(root, "a", at=1.0)
    root.child("_sites", "here", "existing").write("manifest.json", b"{}")
    assert fetch_dag_names(root) == ["dag"]
    assert fetch_runs(root, "_sites") == []
    assert fetch_run(root, "_sites", "here") == []


def test_an_id_that_is_no_name_has_a_folder_all_the_same(root: Folder) -> None:
    assert name_folder(root, "run 1") == "run 1"
    assert name_folder(root, "a/b").startswith("_")
