"""Runs every command of every document, as it stands there, in a clone that is thrown away.

    .venv/bin/python tests/system/documents.py           all but those that take many minutes
    .venv/bin/python tests/system/documents.py --long    these too: all tests, the wheel's, the matrix, chaos, bench, Compose

The commands are taken out of the pages; one that no step below knows ends the script before anything is run. An
integrator's Airflow is played by an environment of its own, with the local Ödüyo and the demo ERP as its two systems.
Commands of Docker are run where there is an engine. What could not be run is named at the end.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "plugins")]

from sandbox.demo.airflow import (  # noqa: E402  found by the path above
    CHECK_DAG_ID,
    DAG_ID,
    AirflowApi,
    compute_airflow_environment,
    compute_environment,
)
from sandbox.demo.place import Place, find_ports  # noqa: E402  found by the path above
from sandbox.demo.stage import PASSWORD, Stage, open_stage  # noqa: E402  found by the path above
from tests.system.commands import (  # noqa: E402  found by the path above
    CHECK,
    CHECKOUT,
    CONSTRAINTS,
    DOCKER,
    DOCKER_LONG,
    DRY_RUN,
    INSTALL,
    LAST,
    LEAVE,
    LONG,
    NEEDS,
    STAYS,
    SYNC,
    find_all,
    find_unknown,
    is_notifier,
)

#: One command may take so long.
LIMIT_S, LONG_LIMIT_S = 1_200, 5_400


class FailedError(Exception):
    """A command did not do what its page says."""


class Runner:
    """Runs commands and remembers how each ended.

    :ivar ended: command → ``ok``, or why it was not run.
    """

    def __init__(self, clone: Path, environment: dict[str, str]) -> None:
        self.clone = clone
        self.environment = environment
        self.ended: dict[str, str] = {}

    def run(self, command: str, *, limit_s: float = LIMIT_S) -> str:
        """Run a command in the clone; returns what it printed.

        :raises FailedError: it ended with an error.
        """
        if CONSTRAINTS in command and not can_fetch(CONSTRAINTS):
            self.ended[command] = "NOT RUN: Airflow's constraints cannot be fetched"
            command = re.sub(r"\. .*", ".", command)
        needed = NEEDS.get(command)
        if needed and shutil.which(needed, path=self.environment["PATH"]) is None:
            self.ended[command] = f"NOT RUN: {needed} is not installed"
            return ""
        print(f"$ {command}", flush=True)
        started_at = time.monotonic()
        with subprocess.Popen(
            ["bash", "-euo", "pipefail", "-c", command], cwd=self.clone, env=self.environment, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
        ) as process:  # fmt: skip
            try:
                if command in STAYS:
                    output, code = self._interrupt(process, STAYS[command])
                else:
                    output, _ = process.communicate(timeout=limit_s)
                    code = process.returncode
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                raise FailedError(f"{command} did not end within {limit_s:g} s") from None
        if code:
            raise FailedError(f"{command} ended with {code}:\n{output[-4_000:]}")
        print(f"  ok, {time.monotonic() - started_at:.0f} s", flush=True)
        self.ended[command] = "ok"
        return output

    @staticmethod
    def _interrupt(process: subprocess.Popen[str], ready: str) -> tuple[str, int]:
        """Wait until a command says that it is up, and end it as Ctrl-C does."""
        assert process.stdout is not None
        lines: list[str] = []
        for line in process.stdout:
            lines.append(line)
            if ready in line:
                break
        else:
            return "".join(lines), process.wait() or 1
        os.killpg(process.pid, signal.SIGINT)
        lines += process.stdout
        process.wait()
        return "".join(lines), 0 if process.returncode in (0, 130, -signal.SIGINT) else process.returncode

    def shell(self, commands: Sequence[str]) -> None:
        """Run commands that set something for those after them: one shell for all."""
        for command in commands:
            if command.startswith("export "):
                values = self.run(f"{command}\nenv -0").split("\0")
                variable = command.removeprefix("export ").partition("=")[0]
                (value,) = [text.partition("=")[2] for text in values if text.lstrip("\n").startswith(f"{variable}=")]
                self.environment[variable] = value
                self.ended[command] = self.ended.pop(f"{command}\nenv -0")
            else:
                self.run(command)


def can_fetch(url: str) -> bool:
    """Whether a host answers, whatever it says."""
    try:
        urllib.request.urlopen(url, timeout=10)
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


def run_checkout(runner: Runner, *, is_long: bool) -> None:
    """What the pages say of a checkout."""
    for command in CHECKOUT:
        runner.run(command)
    for command in LONG:
        if is_long:
            runner.run(command, limit_s=LONG_LIMIT_S)
        else:
            runner.ended[command] = "NOT RUN: takes many minutes (--long)"


@contextmanager
def open_airflow(runner: Runner, stage: Stage) -> Iterator[AirflowApi]:
    """The integrator's own Airflow, up as long as the block runs."""
    port = int(runner.environment["AIRFLOW__API__PORT"])
    with (
        (runner.clone / "airflow.log").open("wb") as log,
        subprocess.Popen(
            ["airflow", "standalone"], env=runner.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            start_new_session=True, cwd=runner.environment["AIRFLOW_HOME"],
        ) as process,
    ):  # fmt: skip
        try:
            api = AirflowApi(port, check=stage.check, say=print)
            api.wait_until_ready()
            yield api
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(180)
            finally:
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)


def run_integrator(runner: Runner, folder: Path) -> None:
    """What the pages say of an Airflow that is there already."""
    environment = folder / "existing"
    place = Place(folder / "demo")
    subprocess.run([sys.executable, "-m", "venv", environment], check=True)
    python = environment / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "-q", "pip>=24"], check=True)
    lock = [ROOT / "requirements.lock", "--require-hashes"]
    subprocess.run([python, "-m", "pip", "install", "-q", "--no-compile", "-r", *lock], check=True)
    home = folder / "home"
    (home / "dags").mkdir(parents=True)
    with open_stage(place, print) as stage:
        stage.start_erp()
        stage.start_sandbox(password=PASSWORD)
        runner.environment = {
            **compute_airflow_environment(place, find_ports(1)[0], {}),
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__CORE__DAGS_FOLDER": str(home / "dags"),
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(home / "plugins"),
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db",
            "PATH": os.pathsep.join([str(environment / "bin"), os.environ["PATH"]]),
        }
        runner.environment.pop("ODUYO_SCHEDULE")
        (runner.clone / "oduyo_default.json").write_text(json.dumps(stage.connections["oduyo_default"]))
        runner.run("airflow db migrate")
        runner.shell(INSTALL)
        del runner.environment["AIRFLOW_CONN_ODUYO_DEFAULT"]
        for name, connection in stage.connections.items():
            runner.environment["CONNECTION"] = json.dumps(connection)
            runner.run(f'airflow connections add {name} --conn-json "$CONNECTION"')
        with open_airflow(runner, stage) as api:
            runner.shell(DRY_RUN)
            wait_for_runs(api, 1)
            runner.shell(CHECK)
            wait_for_runs(api, 2, CHECK_DAG_ID)
            if stage.fetch_record_count():
                raise FailedError("A dry run has written")
            for number in (2, 3):
                runner.shell(SYNC)
                wait_for_runs(api, number)
            if not stage.fetch_record_count():
                raise FailedError("The first sync has written nothing")
        runner.shell(LEAVE)


def wait_for_runs(api: AirflowApi, count: int, dag_id: str = DAG_ID) -> None:
    """Until so many runs have succeeded.

    :raises FailedError: one did not.
    """
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline:
        states = [run["state"] for run in api.call("GET", f"dags/{dag_id}/dagRuns")["dag_runs"]]
        if states == ["success"] * count:
            return
        if "failed" in states:
            raise FailedError(f"The runs ended so: {states}")
        time.sleep(2)
    raise FailedError(f"After five minutes the runs stand so: {states}")


def run_docker(runner: Runner, *, is_long: bool) -> None:
    """What the pages say of Docker, where there is an engine."""
    if (
        shutil.which("docker") is None
        or subprocess.run(["docker", "info"], capture_output=True, check=False).returncode
    ):
        runner.ended.update(dict.fromkeys((*DOCKER, *DOCKER_LONG), "NOT RUN: no Docker engine answers"))
        return
    try:
        for command in DOCKER:
            if "trial.env --profile" in command:
                choose_ports(runner.clone / "trial.env")
            runner.run(command)
    finally:
        for project in (["--profile", "demo"], ["-p", "trial", "--env-file", "trial.env", "--profile", "demo"]):
            subprocess.run(["docker", "compose", *project, "down", "-v"], cwd=runner.clone, check=False)
    for command in DOCKER_LONG:
        if is_long:
            runner.run(command, limit_s=LONG_LIMIT_S)
        else:
            runner.ended[command] = "NOT RUN: takes many minutes (--long)"


def choose_ports(file: Path) -> None:
    """Other ports, as the page says."""
    airflow, demo = find_ports(2)
    text = re.sub(r"^#? ?(AIRFLOW_PORT|DEMO_PORT)=.*\n", "", file.read_text(), flags=re.MULTILINE)
    file.write_text(f"{text}\nAIRFLOW_PORT={airflow}\nDEMO_PORT={demo}\n")


def run_parts(folder: Path, only: str | None, *, is_long: bool) -> dict[str, str]:
    """One part, or all; returns how each command ended."""
    clone = folder / "checkout"
    subprocess.run(["git", "clone", "--quiet", ROOT, clone], check=True)
    environment = {**compute_environment(Place(folder / "state")), "PATH": os.environ["PATH"]}
    environment.pop("TMPDIR", None)
    runner = Runner(clone, environment)
    if only in (None, "integrator"):
        run_integrator(runner, folder)
        runner.environment = environment
        for command in filter(is_notifier, find_all()):
            runner.shell([command])
            runner.environment.pop("ODUYO_NOTIFIER")
    if only in (None, "checkout"):
        run_checkout(runner, is_long=is_long)
    if only in (None, "docker"):
        run_docker(runner, is_long=is_long)
    if only in (None, "checkout"):
        for command in LAST:
            runner.run(command)
    return runner.ended


def main() -> int:
    """Run all; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--long", action="store_true", help="also what takes many minutes")
    parser.add_argument("--only", choices=("checkout", "integrator", "docker"), help="one part")
    options = parser.parse_args()
    for command, page in (unknown := find_unknown()).items():
        print(f"No step runs this command of {page.relative_to(ROOT)}: {command}", file=sys.stderr)
    if unknown:
        return 1
    with tempfile.TemporaryDirectory(prefix="documents-") as name:
        try:
            ended = run_parts(Path(name).resolve(), options.only, is_long=options.long)
        except FailedError as failed:
            print(f"FAILED: {failed}", file=sys.stderr)
            return 1
    for command, how in ended.items():
        if how != "ok":
            print(f"{how:45}  {command}")
    print(f"{sum(how == 'ok' for how in ended.values())} commands ran, as the documents say")
    return 0


if __name__ == "__main__":
    sys.exit(main())
