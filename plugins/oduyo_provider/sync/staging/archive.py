"""Finds the staged runs of a DAG after their tasks have ended.

Tasks follow the references in XCom; later readers have only the files.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

import msgspec

from oduyo_provider.sync.staging.folder import Folder, read_manifest
from oduyo_provider.sync.staging.layout import (
    ALERTS,
    EXISTING,
    HISTORY,
    MANIFEST,
    REPORT,
    SITES,
    STEP_FOLDERS,
)

T = TypeVar("T")
_Path = tuple[str, ...]

#: Folders of the staging path that are no DAG's.
_NO_DAGS = frozenset({ALERTS, HISTORY, SITES})


class StagedRun(msgspec.Struct, frozen=True):
    """One run in staging.

    :param folder: the run's folder.
    :param name: of the folder of the DAG run: its run id, unless that was not fit for a folder's name.
    :param task: for an operator in somebody else's DAG: its task id and, if mapped, its map index.
    :param files: path below ``folder`` in parts → when it was written, seconds since 1970.
    """

    folder: Folder
    name: str
    task: tuple[str, ...]
    files: dict[_Path, float]

    @property
    def changed_at(self) -> float:
        """When its latest file was written."""
        return max(self.files.values())

    @property
    def reported_at(self) -> float | None:
        """When its report was written."""
        return self.files.get((REPORT,))

    @property
    def is_settled(self) -> bool:
        """Whether nothing was written after its report."""
        return self.reported_at is not None and self.reported_at >= max(
            (at for path, at in self.files.items() if path[0] in STEP_FOLDERS), default=0.0
        )

    def find(self, step: str, name: str = MANIFEST) -> list[tuple[float, _Path]]:
        """The files of a name that the tries of a step wrote, each with when; none where the step did not come so far."""
        return [(at, path) for path, at in self.files.items() if path[0] == step and path[-1] == name]

    def read_last(self, step: str, kind: type[T]) -> T | None:
        """The manifest of the last try of a step that came to its end; None where none did."""
        found = self.find(step)
        return read_manifest(self.folder.child(*max(found)[1][:-1]), MANIFEST, kind) if found else None


def fetch_dag_names(root: Folder) -> list[str]:
    """The folders of the DAGs that have staged anything, sorted: their ids, unless those were not fit for a name."""
    return [name for name in root.names() if name not in _NO_DAGS]


def name_folder(above: Folder, name: str) -> str:
    """The name of the folder that stands for a DAG's or run's id."""
    return above.child(name).uri.rpartition("/")[2]


def fetch_runs(root: Folder, dag_id: str) -> list[StagedRun]:
    """Every staged run of a DAG, the latest first; none where nothing is staged."""
    if name_folder(root, dag_id) in _NO_DAGS:
        return []
    dag = root.child(dag_id)
    by_run: dict[str, list[tuple[_Path, float]]] = {}
    for path, written_at in dag.fetch_files():
        if len(path) > 1:
            by_run.setdefault(path[0], []).append((path[1:], written_at))
    found = [run for name, files in by_run.items() for run in _divide(dag.child(name), name, files)]
    return sorted(found, key=lambda run: (-run.changed_at, run.name, run.task))


def fetch_run(root: Folder, dag_id: str, run_id: str) -> list[StagedRun]:
    """What is staged of one DAG run: this project's DAG is one, in somebody else's DAG each task of ours is one."""
    if name_folder(root, dag_id) in _NO_DAGS:
        return []
    folder = root.child(dag_id, run_id)
    return sorted(
        _divide(folder, name_folder(root.child(dag_id), run_id), folder.fetch_files()), key=lambda run: run.task
    )


def _divide(folder: Folder, name: str, files: Iterable[tuple[_Path, float]]) -> list[StagedRun]:
    """Split the folder of a DAG run into its runs. Each begins with a snapshot; a pruned one has only a report."""
    listed = list(files)
    tasks = {path[:-1] for path, _ in listed if path[-1] == REPORT}
    tasks |= {path[: path.index(EXISTING)] for path, _ in listed if EXISTING in path[:-1]}
    found: dict[_Path, dict[_Path, float]] = {task: {} for task in tasks if len(task) <= 2}
    for path, at in listed:
        owners = (path[:length] for length in (2, 1, 0) if path[:length] in found and len(path) > length)
        owner = next(owners, None)
        if owner is not None:
            found[owner][path[len(owner) :]] = at
    return [StagedRun(folder.child(*task), name, task, below) for task, below in found.items() if below]
