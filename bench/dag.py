"""``python -m bench.dag``: the whole DAG on a real Airflow for the demo ERP's 3,500 rows, first and second run.

Beside a DAG of as many tasks that do nothing: the difference is what this project costs, the rest is Airflow's.
"""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import quote

from bench.measure import (
    ROOT,
    Account,
    Bound,
    Figures,
    describe_machine,
    finish,
    open_server,
    print_table,
    run_child,
    temporary_folder,
)
from sandbox.demo import processes
from sandbox.demo.airflow import DAG_ID, AirflowApi, compute_airflow_environment
from sandbox.demo.place import DemoError, Place, find_ports
from sandbox.demo.stage import Stage, open_stage

EMPTY_DAG_ID = "bench_empty"
#: Of the second run, which changes nothing, above the empty DAG's.
MAX_SECONDS_OVER_EMPTY = 5.0
RUNS = 3
#: A first run of 20,000 rows at 50 ms, eight at a time, takes two minutes.
_RUN_TIMEOUT_S = 900.0
_POLL_S = 0.3
_TASKS = 100  # Airflow answers no more at once


def say(text: str) -> None:
    """Progress, apart from the figures."""
    print(text, file=sys.stderr, flush=True)


@contextmanager
def open_place() -> Iterator[Stage]:
    """A stage in a folder that is gone afterwards, with the DAGs of the project and of the measurements."""
    with temporary_folder() as folder, open_stage(Place(folder.resolve() / "state"), say) as stage:
        dags = find_dags(stage)
        shutil.copytree(ROOT / "dags", dags)
        for file in (ROOT / "bench" / "dags").glob("*.py"):
            shutil.copy(file, dags)
        yield stage


def find_dags(stage: Stage) -> Path:
    """The folder of the DAGs."""
    return stage.place.folder / "dags"


def connect(stage: Stage, account: Account, **extra: object) -> None:
    """Make the server the DAG's Ödüyo.

    :param extra: further extras of the connection.
    """
    host, _, port = account.url.rpartition(":")
    stage.connections["oduyo_default"] = {
        "conn_type": "oduyo",
        "host": host,
        "port": int(port),
        "login": account.user,
        "password": account.password,
        "extra": json.dumps({"api_key": account.api_key, "settle_s": 5, **extra}),
    }


def start(stage: Stage, name: str, command: Sequence[str], environment: Mapping[str, str]) -> None:
    """Start a process of Airflow's, which the stage takes down."""
    stage.running[name] = processes.start(
        command,
        state=stage.place.folder,
        environment=environment,
        folder=stage.place.airflow,
        log=stage.place.logs / f"{name}.log",
    )


def open_api(stage: Stage, port: int, dag_ids: Sequence[str]) -> AirflowApi:
    """Airflow's API, once all DAGs can run."""
    api = AirflowApi(port, check=stage.check, say=say)
    api.wait_until_ready()
    for dag_id in dag_ids:
        path = f"dags/{dag_id}"
        wait_for(stage, f"reading {dag_id}", partial(_is_known, api, path))
        api.call("PATCH", f"{path}?update_mask=is_paused", {"is_paused": False})
    return api


def _is_known(api: AirflowApi, path: str) -> bool:
    return "dag_id" in api.call("GET", path, accept=(404,))


def wait_for(stage: Stage, what: str, is_done: Callable[[], bool]) -> None:
    """Wait for something that Airflow does.

    :raises DemoError: it takes too long, or something that has to run has ended.
    """
    deadline = time.monotonic() + _RUN_TIMEOUT_S
    while not is_done():
        stage.check()
        if time.monotonic() > deadline:
            raise DemoError(
                f"{what} took longer than {_RUN_TIMEOUT_S / 60:.0f} minutes. Stop other programs, then measure again."
            )
        time.sleep(_POLL_S)


def run_dag(stage: Stage, api: AirflowApi, dag_id: str, params: Mapping[str, object]) -> Figures:
    """Run a DAG once; the seconds of the run, and of each step from its first task's start to its last one's end.

    :raises DemoError: the run failed.
    """
    body = {"logical_date": None, "conf": dict(params)}
    run_id = str(api.call("POST", f"dags/{dag_id}/dagRuns", body)["dag_run_id"])
    path = f"dags/{dag_id}/dagRuns/{quote(run_id)}"
    wait_for(stage, run_id, lambda: api.call("GET", path)["state"] in ("success", "failed"))
    run = api.call("GET", path)
    tasks = fetch_tasks(api, path)
    if run["state"] != "success":
        failed = [f"{task['task_id']}[{task['map_index']}]" for task in tasks if task["state"] == "failed"]
        raise DemoError(f"The run {run_id} of {dag_id} failed at {', '.join(failed)}; {read_failure(stage, run_id)}")
    steps: dict[str, list[dict[str, Any]]] = {}
    for task in tasks:
        if task["start_date"] and task["end_date"]:
            steps.setdefault(str(task["task_id"]), []).append(task)
    spans = {name: _compute_span(found) for name, found in steps.items()}
    figures: Figures = {"run_id": run_id, "wall_s": _compute_span([run]), "steps": spans, "tasks": len(tasks)}
    if dag_id == DAG_ID:
        figures["report"] = api.fetch_report(run_id)
    return figures


def fetch_tasks(api: AirflowApi, path: str) -> list[dict[str, Any]]:
    """All task instances of a run, page by page."""
    found: list[dict[str, Any]] = []
    while True:
        page = api.call("GET", f"{path}/taskInstances?limit={_TASKS}&offset={len(found)}&order_by=id")
        found += page["task_instances"]
        if not page["task_instances"] or len(found) >= page["total_entries"]:
            return found


def read_failure(stage: Stage, run_id: str) -> str:
    """The end of the log of the task that wrote last."""
    logs = sorted(
        (stage.place.logs / "tasks").glob(f"**/run_id={run_id}/**/*.log"), key=lambda log: log.stat().st_mtime
    )
    return "\n".join(processes.read_end(log) for log in logs[-1:]) or "it left no log"


def _compute_span(items: Sequence[Mapping[str, Any]]) -> float:
    def parse(text: str) -> datetime:
        return datetime.fromisoformat(text.replace("Z", "+00:00"))

    first, last = min(parse(item["start_date"]) for item in items), max(parse(item["end_date"]) for item in items)
    return (last - first).total_seconds()


def run_here() -> Figures:
    """Everything in this process, which starts the others."""
    with open_server() as account, open_place() as stage:
        stage.start_erp()
        connect(stage, account)
        (port,) = find_ports(1)
        environment = compute_airflow_environment(stage.place, port, stage.connections)
        say("Airflow starts, which takes 15 to 60 s")
        command = [sys.executable, "-m", "airflow", "standalone"]
        start(stage, "airflow", command, environment | {"AIRFLOW__CORE__DAGS_FOLDER": str(find_dags(stage))})
        api = open_api(stage, port, (DAG_ID, EMPTY_DAG_ID))
        run_dag(stage, api, EMPTY_DAG_ID, {})  # the first tasks after a start take seconds more
        first = run_dag(stage, api, DAG_ID, {})
        empty, second = [], []
        for number in range(RUNS):
            say(f"Empty DAG and second run, {number + 1} of {RUNS}")
            empty.append(run_dag(stage, api, EMPTY_DAG_ID, {}))
            second.append(run_dag(stage, api, DAG_ID, {}))
        return {"first": first, "second": _choose_median(second), "empty": _choose_median(empty)}


def _choose_median(runs: Sequence[Figures]) -> Figures:
    middle = median(run["wall_s"] for run in runs)
    return min(runs, key=lambda run: abs(run["wall_s"] - middle))


def measure_dag() -> Figures:
    """In a process of its own, since the stage takes signals."""
    return run_child("bench.dag", "--here")


def print_dag(figures: Figures) -> None:
    """As a table."""
    first, second, empty = (figures[name] for name in ("first", "second", "empty"))
    names = list(empty["steps"])
    rows = [(name, *(run["steps"].get(name, 0.0) for run in (first, second, empty))) for name in names]
    rows.append(("whole run", first["wall_s"], second["wall_s"], empty["wall_s"]))
    title = (
        f"The DAG for {first['report']['extracted']:,} rows: {first['report']['created']:,} created in the first run, "
        f"{count_writes(second)} writes in the second; seconds"
    )
    print_table(title, ("task", "first run", "second run", "empty DAG"), rows)


def count_writes(run: Figures) -> int:
    """Changes that a run has made in Ödüyo."""
    return sum(int(run["report"][name]) for name in ("created", "updated", "deactivated", "deleted"))


def compute_bounds(figures: Figures) -> list[Bound]:
    """The second run changes nothing and costs little more than Airflow itself."""
    over_s = figures["second"]["wall_s"] - figures["empty"]["wall_s"]
    return [
        Bound("DAG, second run: writes", count_writes(figures["second"]), "<=", 0),
        Bound("DAG, second run: seconds over the empty DAG", over_s, "<=", MAX_SECONDS_OVER_EMPTY),
    ]


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.dag", description=__doc__)
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.here:
        # A shell that starts this in the background has SIGINT ignored, and Airflow is stopped by it.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            print(json.dumps(run_here()))
        except DemoError as error:
            raise SystemExit(str(error)) from error
        return
    figures = measure_dag()
    print_dag(figures)
    finish({**describe_machine(), **figures}, compute_bounds(figures))


if __name__ == "__main__":
    main()
