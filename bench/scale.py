"""``python -m bench.scale``: two workers beside one, on Airflow's CeleryExecutor with a Redis broker, on a slow server.

One task at a time per worker, so that the second one must bring a machine's worth of work. Every answer takes 50 ms: the
load waits most of the time, and two cores are enough for both workers. They share a staging folder, as they would share a
bucket on two machines. Airflow's database is a PostgreSQL, the demo ERP's.
"""

from __future__ import annotations

import argparse
import base64
import importlib.metadata
import json
import os
import shutil
import signal
import sys
from collections.abc import Sequence

import psycopg2
import psycopg2.extensions

from bench.dag import connect, find_dags, open_api, open_place, run_dag, say, start, wait_for
from bench.measure import Bound, Figures, describe_machine, finish, open_server, print_table, run_child
from sandbox.demo import processes
from sandbox.demo.airflow import DAG_ID, AirflowApi, compute_airflow_environment
from sandbox.demo.place import HOST, DemoError, find_ports
from sandbox.demo.stage import Stage
from sandbox.erp.server import start_server

#: Rows a second of the load with two workers, to one's.
MIN_SPEED_RATIO = 1.9
LATENCY_MS = 50.0
#: More than 20,000, below which a side is one partition.
ROWS = 20_800
PARTITIONS = 8
WORKERS = ("one", "two")
_VISIBILITY_S = 6 * 3600


def find_missing() -> list[str]:
    """What the measurement needs and this machine lacks, each with how to get it."""
    missing = []
    if shutil.which("redis-server") is None:
        missing.append("redis-server (apt-get install redis-server)")
    if absent := [name for name in ("apache-airflow-providers-celery", "redis") if _find_version(name) is None]:
        missing.append(f"{' and '.join(absent)} (pip install {' '.join(absent)} 'celery<5.7')")
    elif (_find_version("celery") or (0, 0)) >= (5, 7):
        missing.append("a celery that Airflow's provider can load (pip install 'celery<5.7')")
    return missing


def _find_version(name: str) -> tuple[int, int] | None:
    try:
        major, minor = importlib.metadata.version(name).split(".")[:2]
    except importlib.metadata.PackageNotFoundError:
        return None
    return int(major), int(minor)


def load_rows(dsn: str, rows: int) -> None:
    """Fill the demo ERP's table with clean rows that Ödüyo does not have: their keys follow the ones before."""
    _execute(
        dsn,
        "WITH last AS (SELECT max(_key) AS key FROM erp.sis_ozelkod), gone AS (DELETE FROM erp.sis_ozelkod)"
        " INSERT INTO erp.sis_ozelkod (_key, _level1, _level2, turkodu, kod, aciklama, durum, _cdate, _date)"
        " SELECT last.key + number, 21, 1, 'HK1', 'ÖK.' || number, 'Şube müşterileri ' || number, 'A',"
        " timestamp '2025-03-01 08:30:00', timestamp '2025-03-01 08:30:00'"
        " FROM last, generate_series(1, %s) AS number",
        rows,
    )


def _execute(dsn: str, statement: str, *values: object) -> None:
    connection = psycopg2.connect(dsn)
    try:
        connection.autocommit = True  # CREATE DATABASE takes no transaction
        with connection.cursor() as cursor:
            cursor.execute(statement, values or None)
    finally:
        connection.close()


def compute_environment(stage: Stage, dsn: str, api_port: int, redis_port: int) -> dict[str, str]:
    """The environment of all of Airflow's processes; each could be on a machine of its own."""
    parts: dict[str, str] = psycopg2.extensions.parse_dsn(dsn)
    database = f"postgresql+psycopg2://{parts.get('user', 'postgres')}:@/airflow?host={parts['host']}"
    settings: dict[str, object] = {
        "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor",
        "AIRFLOW__CORE__DAGS_FOLDER": find_dags(stage),
        "AIRFLOW__CORE__PARALLELISM": 32,
        "AIRFLOW__CORE__FERNET_KEY": base64.urlsafe_b64encode(os.urandom(32)).decode(),
        "AIRFLOW__API_AUTH__JWT_SECRET": os.urandom(48).hex(),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": database,
        "AIRFLOW__CELERY__BROKER_URL": f"redis://{HOST}:{redis_port}/0",
        "AIRFLOW__CELERY__RESULT_BACKEND": f"db+{database}",
        "AIRFLOW__CELERY_BROKER_TRANSPORT_OPTIONS__VISIBILITY_TIMEOUT": _VISIBILITY_S,
        # A worker that misses the very moment in which a task's process ends looks again after this many seconds.
        "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": 1,
        "ODUYO_BUCKETS": PARTITIONS,
    }
    return {
        **compute_airflow_environment(stage.place, api_port, stage.connections),
        **{name: str(value) for name, value in settings.items()},
    }


def start_worker(stage: Stage, environment: dict[str, str], name: str) -> None:
    """One task at a time, as a small machine would; returns once it takes tasks."""
    airflow = [sys.executable, "-m", "airflow", "celery", "worker"]
    start(stage, f"worker_{name}", [*airflow, "-H", name, "-c", "1", "--skip-serve-logs"], environment)
    wait_for(stage, f"Worker {name}", lambda: "ready." in _read_log(stage, name))


def _read_log(stage: Stage, worker: str) -> str:
    log = stage.place.logs / f"worker_{worker}.log"
    return log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""


def start_cluster(stage: Stage, environment: dict[str, str], redis_port: int) -> None:
    """Redis, Airflow's database, and all of Airflow but the workers."""
    redis = [
        "redis-server",
        "--port",
        str(redis_port),
        "--bind",
        HOST,
        "--save",
        "",
        "--set-proc-title",
        "no",
        "--dir",
        str(stage.place.temporary),
    ]
    start(stage, "redis", redis, dict(os.environ))  # its title would hide the mark by which the stage ends it
    airflow = [sys.executable, "-m", "airflow"]
    start(stage, "migrate", [*airflow, "db", "migrate"], environment)
    if stage.running.pop("migrate").wait(timeout=300):
        raise DemoError(
            f"Airflow's database cannot be made. The end of what it said:\n{processes.read_end(stage.place.logs / 'migrate.log')}"
        )
    for part in ("api-server", "scheduler", "dag-processor"):
        start(stage, part, [*airflow, part], environment)


def run_here(rows: int) -> Figures:
    """Everything in this process, which starts the others."""
    with open_server(latency_ms=LATENCY_MS) as account, open_place() as stage:
        stage.start_erp()
        dsn = start_server(stage.place.erp).dsn
        _execute(dsn, "CREATE DATABASE airflow")
        connect(stage, account)
        api_port, redis_port = find_ports(2)
        environment = compute_environment(stage, dsn, api_port, redis_port)
        say("Redis and Airflow start, which takes 30 to 90 s")
        start_cluster(stage, environment, redis_port)
        start_worker(stage, environment, WORKERS[0])
        api = open_api(stage, api_port, (DAG_ID,))
        figures = {"one": _run_once(stage, api, dsn, rows)}
        start_worker(stage, environment, WORKERS[1])
        figures["two"] = _run_once(stage, api, dsn, rows)
        return figures


def _run_once(stage: Stage, api: AirflowApi, dsn: str, rows: int) -> Figures:
    load_rows(dsn, rows)
    say(f"{rows:,} rows, none of which Ödüyo has")
    figures = run_dag(stage, api, DAG_ID, {"release": ["look_alikes"]})  # as many new keys trip a brake
    created = figures["report"]["created"]
    if created != rows:
        raise DemoError(f"{created:,} rows of {rows:,} were created, so nothing was measured: {figures['report']}")
    figures["load_s"] = figures["steps"]["load"]
    figures["rows_s"] = rows / figures["load_s"]
    figures["loads"] = {name: _count_loads(stage, name, figures["run_id"]) for name in WORKERS}
    return figures


def _count_loads(stage: Stage, worker: str, run_id: str) -> int:
    """Load tasks of a run that a worker has taken, as its log tells."""
    path = f"run_id={run_id}/task_id=load/map_index="
    return sum(path in line and "Executing workload" in line for line in _read_log(stage, worker).splitlines())


def measure_scale(rows: int = ROWS) -> Figures | None:
    """In a process of its own, since the stage takes signals; None, with a word why, where something is missing."""
    if missing := find_missing():
        print(
            f"\nTwo workers beside one: not measured. Missing: {'; '.join(missing)}. Install that, then measure again."
        )
        return None
    return {"rows": rows, **run_child("bench.scale", "--here", "--rows", rows)}


def print_scale(figures: Figures) -> None:
    """As a table."""
    title = f"{figures['rows']:,} rows in {PARTITIONS} partitions, {LATENCY_MS:g} ms an answer, CeleryExecutor"
    head = ("workers", "load tasks each", "load seconds", "rows/s", "whole run, seconds")
    rows = []
    for name in WORKERS:
        run = figures[name]
        shares = " + ".join(str(count) for count in run["loads"].values() if count)
        rows.append((name, shares, run["load_s"], run["rows_s"], run["wall_s"]))
    print_table(title, head, rows)


def compute_bounds(figures: Figures) -> list[Bound]:
    """Twice the workers, about twice the pace."""
    ratio = figures["two"]["rows_s"] / figures["one"]["rows_s"]
    return [Bound("rows/s of two workers to one's", ratio, ">=", MIN_SPEED_RATIO)]


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.scale", description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS, help="above 20,000, or there is one partition only")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.here:
        # A shell that starts this in the background has SIGINT ignored, and so would all that it starts.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            print(json.dumps(run_here(options.rows)))
        except DemoError as error:
            raise SystemExit(str(error)) from error
        return
    figures = measure_scale(options.rows)
    if figures is None:
        raise SystemExit(1)
    print_scale(figures)
    finish({**describe_machine(), **figures}, compute_bounds(figures))


if __name__ == "__main__":
    main()
