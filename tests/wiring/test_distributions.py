"""What the wheel and the sdist hold."""

from __future__ import annotations

import subprocess
import tarfile
import zipfile
from pathlib import Path

import pytest
from hatchling.build import build_sdist, build_wheel

from tests.conftest import ROOT


@pytest.fixture(scope="module", autouse=True)
def in_checkout() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("needs the checkout, which knows its files")


@pytest.fixture(scope="module")
def tracked() -> set[str]:
    """The repository's files, those that are not added yet too."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return {name for name in listed.stdout.split("\0") if (ROOT / name).is_file()}


def test_the_wheel_holds_the_package_the_dags_and_their_queries_and_nothing_else(
    tracked: set[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    with zipfile.ZipFile(tmp_path / build_wheel(str(tmp_path))) as wheel:
        held = {name for name in wheel.namelist() if ".dist-info/" not in name}
    package = {name.removeprefix("plugins/") for name in tracked if name.startswith("plugins/oduyo_provider/")}
    files = {f"oduyo_provider/dags/files/{name.removeprefix('dags/')}" for name in tracked if name.startswith("dags/")}
    assert {
        "oduyo_provider/dags/files/oduyo_special_codes.py",
        "oduyo_provider/dags/files/sql/dia_postgres.sql",
    } <= files
    assert held == package | files


def test_the_sdist_holds_all_that_its_tests_need(
    tracked: set[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    with tarfile.open(tmp_path / build_sdist(str(tmp_path))) as sdist:
        held = {name.partition("/")[2] for name in sdist.getnames()}
    assert tracked - held == set()
