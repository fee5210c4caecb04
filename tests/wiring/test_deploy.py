"""The files for systemd and Helm: what can be checked without either of them running."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from oduyo_provider.core.variables import VARIABLES
from tests.conftest import ROOT

DEPLOY = ROOT / "deploy"
UNITS = [*(DEPLOY / "systemd").glob("*.service"), *(DEPLOY / "systemd").glob("*.timer")]


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd-analyze")
def test_systemd_finds_no_fault_in_the_units(tmp_path: Path) -> None:
    for unit in UNITS:
        text = read(unit).replace("/opt/airflow/bin/airflow", sys.executable)
        (tmp_path / unit.name.replace("@", "@scheduler")).write_text(text, encoding="utf-8")
    checked = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *map(str, sorted(tmp_path.iterdir()))],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    # What it says of the machine's own units is not ours.
    assert [line for line in checked.stderr.splitlines() if str(tmp_path) in line or "airflow" in line] == []
    assert checked.returncode == 0


def test_all_variables_of_the_examples_are_ones_that_there_are() -> None:
    known = {variable.name for variable in VARIABLES}
    told = re.findall(r"\b(?:ODUYO|ERP)_[A-Z_]+", "\n".join(read(path) for path in DEPLOY.rglob("*") if path.is_file()))
    named = {name for name in told if f"AIRFLOW_CONN_{name}" not in read(DEPLOY / "helm" / "values.yaml")}
    assert named
    assert named <= known


def test_the_chart_gets_this_version_s_image_and_three_connections_as_secrets() -> None:
    values: dict[str, Any] = yaml.safe_load(read(DEPLOY / "helm" / "values.yaml"))
    version = re.findall(r'^version = "(.*)"$', read(ROOT / "pyproject.toml"), re.MULTILINE)[0]
    assert values["images"]["airflow"]["tag"].startswith(f"{version}-airflow{values['airflowVersion']}-")
    assert [entry["envName"] for entry in values["secret"]] == [
        f"AIRFLOW_CONN_{name}" for name in ("ODUYO_DEFAULT", "ERP_DEFAULT", "STAGING")
    ]
    assert f"apache/airflow:{values['airflowVersion']}-" in read(ROOT / "Dockerfile")


def test_a_worker_may_end_its_load_as_long_as_a_scheduler_that_systemd_stops() -> None:
    values: dict[str, Any] = yaml.safe_load(read(DEPLOY / "helm" / "values.yaml"))
    unit = read(DEPLOY / "systemd" / "airflow@.service")
    for kind in ("celery", "kubernetes"):
        assert f"TimeoutStopSec={values['workers'][kind]['terminationGracePeriodSeconds']}\n" in unit
