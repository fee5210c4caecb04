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
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "plugins")]

from sandbox.demo.airflow import DAG_ID, AirflowApi, compute_airflow_environment, compute_environment  # noqa: E402
from sandbox.demo.place import Place, find_ports  # noqa: E402
from sandbox.demo.stage import PASSWORD, Stage, open_stage  # noqa: E402

_FENCE = re.compile(r"^( *)```sh\n(.*?)^\1```$", re.DOTALL | re.MULTILINE)
_PROGRAMS = r"make|airflow|pip|docker|git|pre-commit|\.venv/bin/python|docker/make-env\.sh|tests/system/\w+\.sh"
_INLINE = re.compile(rf"`((?:{_PROGRAMS})(?: [^`]+)?)`")

#: What reads like a command and is a name: of a process, of what an accident does, of what is refused.
MENTIONED = {"airflow api-server", "docker kill", "docker compose up", ".venv/bin/python"}

#: In the clone, one after the other.
CHECKOUT = (
    "make help",
    "make setup",
    "git pull",
    "make run",
    ".venv/bin/python -m sandbox.erp edit --data .run/erp",
    'make run PARAMS=\'{"on_missing": "deactivate"}\'',
    "make ui",
    ".venv/bin/python -m sandbox.oduyo",
    ".venv/bin/python docs/screenshots.py",
    "make lint",
    "make lock",
    "make dist",
    "pre-commit install",
    'make test ARGS="tests/unit -k guard"',
    'make test ARGS="tests/wiring/test_documents.py"',
)
LONG = ("make test", "make test-wheel", "make matrix", "make chaos", "make bench")
LAST = ("make clean",)
#: Command → what it prints once it is up; it stays until it is interrupted.
STAYS = {"make ui": "Ctrl-C", ".venv/bin/python -m sandbox.oduyo": "127.0.0.1"}
#: Command → the program that it needs beside what the README names.
NEEDS = {"make lock": "uv", "make matrix": "uv", "pre-commit install": "pre-commit"}

#: In an integrator's environment, in one shell.
INSTALL = (
    "pip install .",
    'cp -r dags/. "$AIRFLOW_HOME/dags/"',
    "export ODUYO_SCHEDULE=",
    'export AIRFLOW_CONN_ODUYO_DEFAULT="$(cat oduyo_default.json)"',
    "airflow connections test oduyo_default",
)
GO_LIVE = (
    "airflow dags list-import-errors",
    "airflow dags unpause oduyo_special_codes",
    """airflow dags trigger oduyo_special_codes --conf '{"dry_run": true}'""",
    """airflow dags trigger oduyo_special_codes --conf '{"dry_run": true, "erp_query": "dia_postgres"}'""",
    "export ODUYO_PARAMS='"
    '{"erp_query": "dia_postgres", "on_unsafe": "ask", "max_update_ratio": 0.05, "max_rejected_ratio": 0.02}'
    "'",
    "airflow dags pause oduyo_special_codes",
)
LEAVE = (
    "pip install --upgrade .",
    'rm "$AIRFLOW_HOME/dags/oduyo_special_codes.py"',
    "airflow dags delete oduyo_special_codes --yes",
    "airflow connections delete oduyo_default",
    "airflow connections delete erp_default",
    "pip uninstall --yes airflow-provider-oduyo",
)

#: Where a Docker engine runs, in the clone, one after the other; commands in lower case are prepared by the upper ones.
DOCKER = (
    "docker/make-env.sh && docker compose --profile demo up -d --build",
    "docker compose ps",
    "docker compose up -d --no-recreate --scale airflow-worker=3",
    "docker compose exec postgres pg_dump -U airflow airflow",
    "docker compose build",
    "docker compose stop",
    "docker compose up -d",
    "docker compose --profile demo down -v",
    "docker/make-env.sh",
    "docker compose up -d --build",
    "docker compose --profile demo up -d --build",
    "docker/make-env.sh trial.env",
    "docker compose -p trial --env-file trial.env --profile demo up -d",
)
DOCKER_LONG = ("tests/system/compose.sh",)
KNOWN = {*CHECKOUT, *LONG, *LAST, *INSTALL, *GO_LIVE, *LEAVE, *DOCKER, *DOCKER_LONG}

#: One command may take so long.
LIMIT_S, LONG_LIMIT_S = 1_200, 5_400


def list_pages() -> list[Path]:
    """All documents."""
    return [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]


def find_commands(page: Path) -> Iterator[str]:
    """The commands of a page's shell blocks, and those in its text, each on one line."""
    text = page.read_text(encoding="utf-8")
    for match in _FENCE.finditer(text):
        yield from split_commands(re.sub(rf"^{match[1]}", "", match[2], flags=re.MULTILINE))
    for found in _INLINE.findall(_FENCE.sub("", text)):
        yield " ".join(found.split())


def split_commands(block: str) -> Iterator[str]:
    """The commands of a shell block, comments left out; a quotation may go over several lines."""
    pending = ""
    for line in block.splitlines():
        pending += ("\n" if pending else "") + re.sub(r"(^|\s+)#\s.*$", "", line)
        if pending.replace('\\"', "").count("'") % 2:
            continue
        if pending.strip():
            yield pending.strip()
        pending = ""
    assert not pending.strip(), pending


def is_notifier(command: str) -> bool:
    """The README's setting for a notifier, whose kwargs are the reader's own: run as an assignment."""
    return command.startswith("export ODUYO_NOTIFIER=")


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
                process.wait(60)
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
            runner.shell(GO_LIVE)
            wait_for_runs(api, 2)
        if stage.fetch_record_count():
            raise FailedError("A dry run has written")
        runner.shell(LEAVE)


def wait_for_runs(api: AirflowApi, count: int) -> None:
    """Until so many runs have succeeded.

    :raises FailedError: one did not.
    """
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline:
        api.unpause()  # a DAG that is paused ends no run that waits
        states = [run["state"] for run in api.call("GET", f"/dags/{DAG_ID}/dagRuns")["dag_runs"]]
        if states == ["success"] * count:
            return
        if "failed" in states:
            raise FailedError(f"The runs ended so: {states}")
        time.sleep(1)
    raise FailedError(f"After five minutes the runs stand so: {states}")


def run_docker(runner: Runner, *, is_long: bool) -> None:
    """What the pages say of Docker, where there is an engine."""
    if (
        shutil.which("docker") is None
        or subprocess.run(["docker", "info"], capture_output=True, check=False).returncode
    ):
        runner.ended.update(dict.fromkeys((*DOCKER, *DOCKER_LONG), "NOT RUN: no Docker engine answers"))
        return
    preparations: dict[str, Callable[[], object]] = {
        "docker/make-env.sh": (runner.clone / ".env").unlink,
        "docker compose --profile demo up -d --build": lambda: subprocess.run(
            ["docker", "compose", "down", "-v"], cwd=runner.clone, check=True
        ),
        "docker compose -p trial --env-file trial.env --profile demo up -d": lambda: choose_ports(
            runner.clone / "trial.env"
        ),
    }
    try:
        for command in DOCKER:
            preparations.get(command, int)()
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


def main() -> int:
    """Run all; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--long", action="store_true", help="also what takes many minutes")
    parser.add_argument("--only", choices=("checkout", "integrator", "docker"), help="one part")
    options = parser.parse_args()
    pages = {command: page for page in list_pages() for command in find_commands(page)}
    unknown = {command: page for command, page in pages.items() if command not in KNOWN | MENTIONED}
    unknown = {command: page for command, page in unknown.items() if not is_notifier(command)}
    for command, page in unknown.items():
        print(f"No step runs this command of {page.relative_to(ROOT)}: {command}", file=sys.stderr)
    if unknown:
        return 1
    with tempfile.TemporaryDirectory(prefix="documents-") as name:
        folder = Path(name).resolve()
        clone = folder / "checkout"
        subprocess.run(["git", "clone", "--quiet", ROOT, clone], check=True)
        place = Place(folder / "state")
        environment = {**compute_environment(place), "PATH": os.environ["PATH"]}
        environment.pop("TMPDIR", None)
        runner = Runner(clone, environment)
        try:
            if options.only in (None, "integrator"):
                run_integrator(runner, folder)
                runner.environment = environment
                for command in filter(is_notifier, pages):
                    runner.shell([command])
                    runner.environment.pop("ODUYO_NOTIFIER")
            if options.only in (None, "checkout"):
                run_checkout(runner, is_long=options.long)
            if options.only in (None, "docker"):
                run_docker(runner, is_long=options.long)
            if options.only in (None, "checkout"):
                for command in LAST:
                    runner.run(command)
        except FailedError as failed:
            print(f"FAILED: {failed}", file=sys.stderr)
            return 1
    for command, ended in runner.ended.items():
        if ended != "ok":
            print(f"{ended:45}  {command}")
    print(f"{sum(ended == 'ok' for ended in runner.ended.values())} commands ran, as the documents say")
    return 0


if __name__ == "__main__":
    sys.exit(main())
