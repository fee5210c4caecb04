"""Follow a run on the terminal: each task as it changes, and what it says in its log. Lines only, so that CI shows it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from sandbox.demo.airflow import DAG_ID, AirflowApi
from sandbox.demo.place import DemoError

#: The demo's run takes seconds; a task that is tried again, minutes.
RUN_TIMEOUT_S = 1200.0
_POLL_S = 0.3
_ENDED = ("success", "failed")
_SHOWN = ("running", "up_for_retry", "skipped", "upstream_failed", *_ENDED)
_LOGGER = "oduyo_provider"
#: Airflow's own marks that fold lines in its log view.
_FOLDS = ("::group::", "::endgroup::")


class Follower:
    """Follows one run.

    :param tasks_log: the folder of the tasks' logs.
    :param check: raises when something that has to run has ended.
    """

    def __init__(
        self, api: AirflowApi, run_id: str, *, tasks_log: Path, say: Callable[[str], None], check: Callable[[], None]
    ) -> None:
        self._api = api
        self._run_id = run_id
        self._logs = tasks_log / f"dag_id={DAG_ID}" / f"run_id={run_id}"
        self._say = say
        self._check = check
        self._seen: dict[tuple[str, int], tuple[str, int]] = {}
        self._read: dict[Path, int] = {}

    def follow(self) -> str:
        """Return the run's state at its end: ``success`` or ``failed``."""
        deadline = time.monotonic() + RUN_TIMEOUT_S
        while True:
            self._check()
            state = self._api.fetch_run_state(self._run_id)
            for task in sorted(self._api.fetch_tasks(self._run_id), key=_find_start):
                self._show(task)
            if state in _ENDED:
                return state
            if time.monotonic() > deadline:
                raise DemoError(
                    f"The run {self._run_id} is not at its end after {RUN_TIMEOUT_S / 60:.0f} minutes. The tasks' logs in "
                    f"{self._logs} say why."
                )
            time.sleep(_POLL_S)

    def _show(self, task: dict[str, Any]) -> None:
        key = (str(task["task_id"]), int(task["map_index"]))
        now = (str(task["state"]), int(task["try_number"]))
        is_new = self._seen.get(key) != now
        if now[0] in _SHOWN and is_new and now[0] != "running":
            self._show_log(task)
            took = f"  {task['duration']:.1f} s" if task["duration"] and now[0] in _ENDED else ""
            self._say(f"  {_name(task):<14} {now[0].replace('_', ' ')}{took}")
        elif now[0] == "running":
            if is_new:
                self._say(f"  {_name(task):<14} running")
            self._show_log(task)
        self._seen[key] = now

    def _show_log(self, task: dict[str, Any]) -> None:
        if task["task_id"] == "report":
            return  # the same table comes at the end
        for path in self._find_logs(task):
            for entry in self._read_new(path):
                text = str(entry.get("event", ""))
                if str(entry.get("logger", "")).startswith(_LOGGER) and not text.startswith(_FOLDS):
                    self._say("\n".join(f"  {'':14}   {line}" for line in text.splitlines()))

    def _find_logs(self, task: dict[str, Any]) -> list[Path]:
        folder = self._logs / f"task_id={task['task_id']}"
        if task["map_index"] >= 0:
            folder /= f"map_index={task['map_index']}"
        return sorted(folder.glob("attempt=*.log"))

    def _read_new(self, path: Path) -> Iterator[dict[str, Any]]:
        with path.open("rb") as file:
            file.seek(self._read.get(path, 0))
            for line in file:
                if not line.endswith(b"\n"):
                    break  # still being written
                self._read[path] = self._read.get(path, 0) + len(line)
                yield _decode(line)

    def find_failure(self) -> tuple[str, str] | None:
        """The first task that failed, and what its log says last; None when none failed by itself."""
        failed = [task for task in self._api.fetch_tasks(self._run_id) if task["state"] == "failed"]
        if not failed:
            return None
        task = min(failed, key=_find_start)
        logs = self._find_logs(task)
        return _name(task), _find_error(logs[-1]) if logs else "It left no log."


def _find_start(task: dict[str, Any]) -> tuple[str, str]:
    return str(task["start_date"] or "9"), str(task["task_id"])


def _name(task: dict[str, Any]) -> str:
    return f"{task['task_id']}[{task['map_index']}]" if task["map_index"] >= 0 else str(task["task_id"])


def _decode(line: bytes) -> dict[str, Any]:
    with suppress(msgspec.DecodeError):
        entry = msgspec.json.decode(line)
        if isinstance(entry, dict):
            return entry
    return {}


def _find_error(log: Path) -> str:
    """The text of the last exception in a task's log, or its last error lines."""
    entries = [_decode(line) for line in log.read_bytes().splitlines()]
    for entry in reversed(entries):
        details = entry.get("error_detail")
        if isinstance(details, list) and details:
            return str(details[0].get("exc_value") or details[0].get("exc_type"))
    errors = [
        str(entry["event"]) for entry in entries if entry.get("level") in ("error", "critical") and "event" in entry
    ]
    return "\n".join(errors[-5:]) or f"{log} holds no error."
