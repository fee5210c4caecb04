"""What the documents say of an Airflow that is there already: from install to uninstall, with nothing left behind.

An integrator's Airflow is played by an environment of its own that knows nothing of this project: Airflow from the package
index, LocalExecutor, its metadata in PostgreSQL, all of its processes up. Its two systems are the local Ödüyo and the demo ERP.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg2
import requests

from sandbox.demo.airflow import CHECK_DAG_ID, DAG_ID, AirflowApi, compute_airflow_environment
from sandbox.demo.place import Place, find_ports
from sandbox.demo.stage import Stage, open_stage
from sandbox.erp.server import start_server
from tests.system import commands
from tests.system.commands import ROOT
from tests.system.runner import FailedError, Runner

#: Until Airflow is up, until a run has ended, and until Airflow has stopped.
START_S, RUN_S, STOP_S = 180, 300, 60


def run_integrator(runner: Runner, folder: Path) -> None:
    """Walk the documents."""
    place = Place(folder / "demo")
    with open_stage(place, print) as stage:
        stage.start_erp()
        stage.start_sandbox()
        make_airflow(runner, folder, place)
        (runner.clone / "oduyo_default.json").write_text(json.dumps(stage.connections["oduyo_default"]))
        before = look(runner)
        with open_airflow(runner):
            runner.shell(commands.INSTALL)
        with open_airflow(runner) as api:
            add_connections(runner, stage)
            go_live(runner, api, stage)
        runner.environment["ODUYO_SCHEDULE"] = "* * * * *"
        with open_airflow(runner) as api:
            see_scheduled_run(api, stage)
            runner.shell(commands.BACKUP)
        runner.shell(commands.RESTORE)
        with open_airflow(runner) as api:
            runner.shell(commands.UPGRADE)
            runner.shell(commands.GO_LIVE)
            runner.shell(commands.LEAVE)
        check_left(before, look(runner), folder / "home")


def make_airflow(runner: Runner, folder: Path, place: Place) -> None:
    """The Airflow that is there: its environment, its settings, its database."""
    environment, home = folder / "existing", folder / "home"
    pins = re.findall(r"^[\w.-]+==\S+(?: ; [^\\\n]+)?", (ROOT / "requirements.lock").read_text(), re.MULTILINE)
    (constraints := folder / "constraints.txt").write_text("\n".join(pins) + "\n")
    if not can_fetch(commands.CONSTRAINTS):
        runner.constraints = constraints
    subprocess.run([sys.executable, "-m", "venv", environment], check=True)
    pip = [environment / "bin" / "python", "-m", "pip", "install", "-q", "--no-compile"]
    subprocess.run([*pip, "pip>=24"], check=True)
    subprocess.run([*pip, "apache-airflow[postgres]", "--constraint", constraints], check=True)
    server = start_server(place.erp)
    connection = psycopg2.connect(server.dsn)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("CREATE DATABASE airflow_metadata")
    connection.close()
    known = server.connection
    (home / "dags").mkdir(parents=True)
    runner.environment = {
        **compute_airflow_environment(place, find_ports(1)[0], {}),
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(home / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(home / "plugins"),
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(home / "logs"),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": (
            f"postgresql+psycopg2://{known['login']}@/airflow_metadata?host={known['host']}&port={known['port']}"
        ),
        "PATH": os.pathsep.join([str(environment / "bin"), os.environ["PATH"]]),
    }
    del runner.environment["ODUYO_SCHEDULE"]  # the default: every day
    runner.run("airflow db migrate")


def can_fetch(url: str) -> bool:
    """Whether a host answers, whatever it says."""
    try:
        urllib.request.urlopen(url, timeout=10)
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


@contextmanager
def open_airflow(runner: Runner) -> Iterator[AirflowApi]:
    """All of Airflow's processes, up as long as the block runs; each time anew, as after a restart."""
    port = int(runner.environment["AIRFLOW__API__PORT"])
    with (
        (runner.clone / "airflow.log").open("ab") as log,
        subprocess.Popen(
            ["airflow", "standalone"], env=runner.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            start_new_session=True, cwd=runner.environment["AIRFLOW_HOME"],
        ) as process,
    ):  # fmt: skip
        try:
            wait_until_up(port, process)
            yield AirflowApi(port, check=lambda: None, say=print)
        finally:
            process.send_signal(signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):
                process.wait(STOP_S)
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # its scheduler at times waits for idle workers for ever


def wait_until_up(port: int, process: subprocess.Popen[bytes]) -> None:
    """Until scheduler and dag-processor say that they are healthy."""
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            parts = requests.get(f"http://127.0.0.1:{port}/api/v2/monitor/health", timeout=30).json()
            if all(parts[name]["status"] == "healthy" for name in ("metadatabase", "scheduler", "dag_processor")):
                requests.get(f"http://127.0.0.1:{port}/execution/health", timeout=60)
                return
        except (requests.ConnectionError, ValueError, KeyError):
            pass
        time.sleep(1)
    raise FailedError("Airflow did not come up: airflow.log says why")


def add_connections(runner: Runner, stage: Stage) -> None:
    """As the pages let people do it in the UI."""
    runner.environment.pop("AIRFLOW_CONN_ODUYO_DEFAULT", None)
    for name, connection in stage.connections.items():
        runner.environment["CONNECTION"] = json.dumps(connection)
        runner.run(f'airflow connections add {name} --conn-json "$CONNECTION"')
    del runner.environment["CONNECTION"]


def go_live(runner: Runner, api: AirflowApi, stage: Stage) -> None:
    """Site check, dry run, first sync, and once more. Nothing is written before a person triggers that sync."""
    runner.run(commands.TEST)
    runner.shell(commands.CHECK)
    wait_for_runs(api, ["manual success"], CHECK_DAG_ID)
    runner.shell(commands.DRY_RUN)
    wait_for_runs(api, ["manual success", "scheduled failed"])
    if stage.fetch_record_count():
        raise FailedError("Something was written before a person has triggered the first sync")
    for number in (2, 3):
        runner.shell(commands.SYNC)
        wait_for_runs(api, [*["manual success"] * number, "scheduled failed"])
        if not (count := stage.fetch_record_count()):
            raise FailedError("The first sync has written nothing")
        print(f"  the local Ödüyo holds {count} records")


def see_scheduled_run(api: AirflowApi, stage: Stage) -> None:
    """The schedule writes by itself now, and finds nothing to do."""
    before = count_writes(stage)
    deadline = time.monotonic() + RUN_S
    while "scheduled success" not in (found := list_runs(api, DAG_ID)):
        if time.monotonic() > deadline or found.count("scheduled failed") > 1:
            raise FailedError(f"No scheduled run has succeeded: {found}")
        time.sleep(2)
    if count_writes(stage) != before:
        raise FailedError("A scheduled run that had nothing to do has written")


def count_writes(stage: Stage) -> int:
    """Calls that change a record, as the local Ödüyo counted them."""
    counters = requests.get(f"{stage.sandbox_url}/_sandbox/log", timeout=60).json()["counters"]
    return sum(int(counters.get(call, 0)) for call in ("create", "update", "delete"))


def list_runs(api: AirflowApi, dag_id: str) -> list[str]:
    """Type and state of each run."""
    found: list[dict[str, Any]] = api.call("GET", f"dags/{dag_id}/dagRuns?limit=100")["dag_runs"]
    return sorted(f"{run['run_type']} {run['state']}" for run in found)


def wait_for_runs(api: AirflowApi, expected: list[str], dag_id: str = DAG_ID) -> None:
    """Until the runs are these.

    :raises FailedError: they are others.
    """
    deadline = time.monotonic() + RUN_S
    while (found := list_runs(api, dag_id)) != sorted(expected):
        if time.monotonic() > deadline:
            raise FailedError(f"The runs of {dag_id} are {found}, not {expected}")
        time.sleep(2)


def look(runner: Runner) -> dict[str, set[str]]:
    """What an install could leave behind: packages, files, connections, DAGs."""
    home = Path(runner.environment["AIRFLOW_HOME"])
    python = ["python", "-W", "ignore", "-c"]

    def ask(command: list[str]) -> set[str]:
        told = subprocess.run(command, env=runner.environment, cwd=home, capture_output=True, text=True, check=True)
        return set(told.stdout.splitlines())

    query = (
        "from airflow.models import Connection, DagModel\nfrom airflow.utils.session import create_session\n"
        "with create_session() as session:\n    print(*[f'{kind.__name__} {name}' for kind, name in"
        " [*((Connection, row.conn_id) for row in session.query(Connection)),"
        " *((DagModel, row.dag_id) for row in session.query(DagModel))]], sep='\\n')"
    )
    return {
        "packages": ask(["pip", "list", "--format=freeze"]),
        "stored": {line for line in ask([*python, query]) if line.startswith(("Connection ", "DagModel "))},
        "files": {
            str(path.relative_to(home))
            for path in home.rglob("*")
            if "__pycache__" not in path.parts and not path.is_dir()
        },
    }


def check_left(before: dict[str, set[str]], after: dict[str, set[str]], home: Path) -> None:
    """Nothing but what the documents name is left: Airflow's own logs, and the backup that somebody made."""
    kept = re.compile(r"^(logs/|oduyo-staging\.tar\.gz$|airflow\.(log|pid|cfg)|standalone|simple_auth)")
    for kind, had in before.items():
        came = {name for name in after[kind] - had if not (kind == "files" and kept.match(name))}
        if came or had - after[kind]:
            raise FailedError(
                f"After the uninstall there are other {kind} in {home}: {came or ''} {had - after[kind] or ''}"
            )
    if any("oduyo" in name for name in after["files"] if name.startswith("logs/dag_id=")):
        raise FailedError("Logs of its DAGs are left")
    print("  nothing is left behind")
