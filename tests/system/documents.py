"""Runs every command of every document, as it stands there, in a clone that is thrown away.

    make documents                             all but those that take many minutes
    make documents ARGS=--long                 these too: all tests, the wheel's, the matrix, chaos, bench, Compose
    make documents ARGS="--only integrator"    from install to uninstall, see :mod:`tests.system.integrator`

The commands are taken out of the pages; one that no step below knows ends the script before anything is run. An
integrator's Airflow is played by an environment of its own, with the local Ödüyo and the demo ERP as its two systems.
Commands of Docker are run where there is an engine. What could not be run is named at the end.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "plugins")]

from sandbox.demo.airflow import compute_environment  # noqa: E402  found by the path above
from sandbox.demo.place import Place, find_ports  # noqa: E402  found by the path above
from tests.system.commands import (  # noqa: E402  found by the path above
    CHECKOUT,
    DOCKER,
    DOCKER_LONG,
    LAST,
    LONG,
    find_all,
    find_unknown,
    is_notifier,
)
from tests.system.integrator import run_integrator  # noqa: E402  found by the path above
from tests.system.runner import LONG_LIMIT_S, FailedError, Runner  # noqa: E402  found by the path above


def run_checkout(runner: Runner, *, is_long: bool) -> None:
    """What the pages say of a checkout."""
    for command in CHECKOUT:
        runner.run(command)
    for command in LONG:
        if command == "make documents":  # this is it
            runner.ended[command] = "ok"
        elif is_long:
            runner.run(command, limit_s=LONG_LIMIT_S)
        else:
            runner.ended[command] = "NOT RUN: takes many minutes (--long)"


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
