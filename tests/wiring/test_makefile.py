"""`make` stops where something fails, and says so."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.conftest import ROOT

#: Nothing is fetched: no index, no package of that name.
NOT_TO_BE_FOUND = "not-to-be-found==1 --hash=sha256:" + "0" * 64 + "\n"


def test_a_setup_that_cannot_install_the_locked_packages_stops_there_and_is_not_taken_for_done(tmp_path: Path) -> None:
    for name in ("Makefile", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / "requirements.lock").write_text(NOT_TO_BE_FOUND)
    environment = {**os.environ, "PIP_NO_INDEX": "1", "UV_NO_INDEX": "1", "UV_OFFLINE": "1"}
    made = subprocess.run(
        ["make", "setup", f"PYTHON={sys.executable}", "PIP=pip"],
        cwd=tmp_path, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=240,
    )  # fmt: skip
    assert made.returncode == 2
    assert "Setting up failed" in made.stderr
    assert "not-to-be-found" in made.stderr
    assert "build backend" not in made.stderr, "went on to install this project"
    assert not (tmp_path / ".venv" / ".set-up").exists()
