"""Runs of which nothing is staged are listed all the same, as far as anybody knows that they are this project's."""

from __future__ import annotations

from pathlib import Path

from oduyo_provider.page.airflow_db import RunState
from oduyo_provider.page.run_facts import RunFacts
from oduyo_provider.page.task_states import TaskState
from oduyo_provider.page.unstaged import UnstagedRuns
from oduyo_provider.sync.staging.archive import StagedRun
from oduyo_provider.sync.staging.folder import Folder

OWN, FOREIGN = "oduyo_special_codes", "somebody_s"


def make_runs(root: Path, dag_id: str, *staged: tuple[str, tuple[str, ...]]) -> UnstagedRuns:
    folder = Folder.open(str(root))
    return UnstagedRuns(folder, dag_id, [StagedRun(folder, name, task, {}) for name, task in staged])


def choose(runs: UnstagedRuns, *states: RunState, since: float = 0.0, most: int = 9) -> list[str]:
    return [state.run_id for state in runs.choose(states, since, most)]


def test_those_that_go_come_first_then_the_latest_and_those_that_wait_for_their_turn_not_at_all(tmp_path: Path) -> None:
    runs = make_runs(tmp_path, OWN, ("staged", ()))
    states = [
        RunState("queued", "queued", None),
        RunState("staged", "success", 90.0, 95.0),
        RunState("late", "failed", 80.0, 85.0),
        RunState("early", "failed", 10.0, 15.0),
        RunState("cleared", "running", 5.0),
    ]
    assert choose(runs, *states) == ["cleared", "late", "early"]
    assert choose(runs, *states, since=20.0, most=2) == ["cleared", "late"]


def test_of_a_dag_that_never_staged_anything_only_this_project_s_own_is_known(tmp_path: Path) -> None:
    state = RunState("r", "running", 1.0)
    known = {"r": RunFacts(run_id="r", state=state, tasks=[TaskState("snapshot", state="running")])}
    for dag_id, tasks in ((OWN, [()]), (FOREIGN, [])):
        runs = make_runs(tmp_path, dag_id)
        assert choose(runs, state) == ["r"] * len(tasks)
        assert [task for task, _ in runs.divide(known)] == tasks


def test_of_somebody_else_s_dag_the_tasks_count_that_once_staged_something(tmp_path: Path) -> None:
    runs = make_runs(tmp_path, FOREIGN, ("before", ("save",)), ("before", ("parts", "0")), ("r", ("parts", "0")))
    instances = [
        TaskState("fetch", state="failed"),
        TaskState("save", state="upstream_failed"),
        TaskState("parts", 0, "success"),
        TaskState("parts", 1, "failed"),
        TaskState("parts", 2, "skipped"),
    ]
    facts = RunFacts(run_id="r", state=RunState("r", "failed", 1.0, 2.0), tasks=instances)
    found = dict(runs.divide({"r": facts}))
    assert list(found) == [("save",), ("parts", "1")]
    assert [(one.operator, one.is_staged, len(one.tasks)) for one in found.values()] == [
        ("save", False, 1),
        ("parts", False, 1),
    ]
