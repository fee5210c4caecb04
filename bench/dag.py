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
    MAX_S_OVER_EMPTY_DAG,
    ROOT,
    Bound,
    Figures,
    describe_machine,
    finish,
    print_table,
    run_child,
    temporary_folder,
)
from sandbox.demo import processes
from sandbox.demo.airflow import DAG_ID, AirflowApi, compute_airflow_environment
from sandbox.demo.place import DemoError, Place, find_ports
from sandbox.demo.stage import Stage, open_stage

EMPTY_DAG_ID = "bench_empty"
RUNS = 3
_RUN_TIMEOUT_S = 300.0
_POLL_S = 0.3


def say(text: str) -> None:
    """Progress, apart from the figures."""
    print(text, file=sys.stderr, flush=True)


@contextmanager
def open_airflow() -> Iterator[tuple[Stage, AirflowApi]]:
    """Demo ERP, sandbox and Airflow in a folder that is gone afterwards, with the project's DAGs and the empty one."""
    with temporary_folder() as folder, open_stage(Place(folder.resolve() / "state"), say) as stage:
        dags = stage.place.folder / "dags"
        shutil.copytree(ROOT / "dags", dags)
        shutil.copy(ROOT / "bench" / "dags" / f"{EMPTY_DAG_ID}.py", dags)
        stage.start_erp()
        stage.start_sandbox()
        (port,) = find_ports(1)
        say("Airflow starts, which takes 15 to 60 s")
        environment = compute_airflow_environment(stage.place, port, stage.connections)
        environment |= {"AIRFLOW__CORE__DAGS_FOLDER": str(dags), "PYTHONPATH": str(ROOT / "plugins")}
        stage.running["airflow"] = processes.start(
            [sys.executable, "-m", "airflow", "standalone"],
            state=stage.place.folder,
            environment=environment,
            folder=stage.place.airflow,
            log=stage.place.logs / "airflow.log",
        )
        api = AirflowApi(port, check=stage.check, say=say)
        api.wait_until_ready()
        for dag_id in (DAG_ID, EMPTY_DAG_ID):
            wait_for(stage, f"reading {dag_id}", partial(is_known, api, dag_id))
            api.call("PATCH", f"dags/{dag_id}?update_mask=is_paused", {"is_paused": False})
        yield stage, api


def is_known(api: AirflowApi, dag_id: str) -> bool:
    """Whether Airflow has read the DAG."""
    return "dag_id" in api.call("GET", f"dags/{dag_id}", accept=(404,))


def wait_for(stage: Stage, what: str, is_done: Callable[[], bool]) -> None:
    """Wait for something that Airflow does.

    :raises DemoError: it takes too long, or something that has to run has ended.
    """
    deadline = time.monotonic() + _RUN_TIMEOUT_S
    while not is_done():
        stage.check()
        if time.monotonic() > deadline:
            raise DemoError(f"{what} took longer than {_RUN_TIMEOUT_S:.0f} s. Stop other programs, then measure again.")
        time.sleep(_POLL_S)


def run_dag(stage: Stage, api: AirflowApi, dag_id: str) -> Figures:
    """Run a DAG once; the seconds of the run, and of each step from its first task's start to its last one's end.

    :raises DemoError: the run failed.
    """
    run_id = str(api.call("POST", f"dags/{dag_id}/dagRuns", {"logical_date": None, "conf": {}})["dag_run_id"])
    path = f"dags/{dag_id}/dagRuns/{quote(run_id)}"
    wait_for(stage, run_id, lambda: api.call("GET", path)["state"] in ("success", "failed"))
    run, tasks = api.call("GET", path), api.call("GET", f"{path}/taskInstances?limit=100")["task_instances"]
    if run["state"] != "success":
        failed = [str(task["task_id"]) for task in tasks if task["state"] == "failed"]
        raise DemoError(
            f"The run {run_id} of {dag_id} failed at {', '.join(failed)}. {read_last_log(stage.place.logs, run_id)}"
        )
    steps: dict[str, list[dict[str, Any]]] = {}
    for task in tasks:
        if task["start_date"] and task["end_date"]:
            steps.setdefault(str(task["task_id"]), []).append(task)
    figures: Figures = {"wall_s": compute_span_s([run]), "steps": {name: compute_span_s(steps[name]) for name in steps}}
    if dag_id == DAG_ID:
        figures["report"] = api.fetch_report(run_id)
    return figures


def read_last_log(logs: Path, run_id: str) -> str:
    """The end of the log of the task that wrote last."""
    found = sorted((logs / "tasks").glob(f"**/run_id={run_id}/**/*.log"), key=lambda log: log.stat().st_mtime)
    return processes.read_end(found[-1]) if found else "It left no log."


def compute_span_s(items: Sequence[Mapping[str, Any]]) -> float:
    """Seconds from the first start to the last end."""
    starts, ends = (
        [datetime.fromisoformat(str(item[name]).replace("Z", "+00:00")) for item in items]
        for name in ("start_date", "end_date")
    )
    return (max(ends) - min(starts)).total_seconds()


def run_here() -> Figures:
    """Everything in this process, which starts the others."""
    with open_airflow() as (stage, api):
        run_dag(stage, api, EMPTY_DAG_ID)  # the first tasks after a start take seconds more
        first = run_dag(stage, api, DAG_ID)
        runs: dict[str, list[Figures]] = {EMPTY_DAG_ID: [], DAG_ID: []}
        for number in range(RUNS):
            say(f"Empty DAG and second run, {number + 1} of {RUNS}")
            for dag_id, found in runs.items():
                found.append(run_dag(stage, api, dag_id))
        return {"first": first, "second": choose_median(runs[DAG_ID]), "empty": choose_median(runs[EMPTY_DAG_ID])}


def choose_median(runs: Sequence[Figures]) -> Figures:
    """The run of middle length."""
    middle = median(run["wall_s"] for run in runs)
    return min(runs, key=lambda run: abs(run["wall_s"] - middle))


def measure_dag() -> Figures:
    """In a process of its own, since the stage takes signals."""
    return run_child("bench.dag", "--here")


def print_dag(figures: Figures) -> None:
    """As a table."""
    first, second, empty = (figures[name] for name in ("first", "second", "empty"))
    rows = [(name, *(run["steps"].get(name, 0.0) for run in (first, second, empty))) for name in empty["steps"]]
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
        Bound("DAG, second run: seconds over the empty DAG", over_s, "<=", MAX_S_OVER_EMPTY_DAG),
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
