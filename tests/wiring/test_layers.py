"""Who may import whom: core ← {erp, api} ← sync ← {hooks, operators} ← dags. And what no file may hold."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT

PACKAGE = ROOT / "plugins" / "oduyo_provider"

MAY_IMPORT = {
    "core": {"core"},
    "erp": {"core", "erp"},
    "api": {"core", "api"},
    "sync": {"core", "erp", "api", "sync"},
    "hooks": {"core", "erp", "api", "sync", "hooks"},
    "observability": {"core", "erp", "api", "sync", "hooks", "observability"},
    "operators": {"core", "erp", "api", "sync", "hooks", "observability", "operators"},
    "dag": {"core", "erp", "api", "sync", "hooks", "observability", "operators", "dag"},
    "page": {"core", "sync", "page"},
    "provider_info": set(),
    "__init__": set(),
}
MAY_IMPORT_AIRFLOW = {"hooks", "observability", "operators", "dag", "page", "sync/staging/folder.py"}
CORE_LIBRARIES = {"msgspec"}


def find_imports(path: Path) -> set[str]:
    """Every module that a file imports, at its top or within a function."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return found


def find_files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*.py") if "__pycache__" not in path.parts)


FILES = sorted(find_files(PACKAGE))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_imports_follow_the_arrow(path: Path) -> None:
    place = path.relative_to(PACKAGE)
    layer = place.parts[0].removesuffix(".py")
    imports = find_imports(path)
    layers = {name.split(".")[1] for name in imports if name.startswith("oduyo_provider.")}
    assert layers <= MAY_IMPORT[layer]
    if any(name.split(".")[0] == "airflow" for name in imports):
        assert layer in MAY_IMPORT_AIRFLOW or place.as_posix() in MAY_IMPORT_AIRFLOW
    assert not [name for name in imports if name.split(".")[0] in ("sandbox", "tests", "bench")]
    if layer == "core":
        outside = {name.split(".")[0] for name in imports} - {"oduyo_provider"}
        assert outside <= sys.stdlib_module_names | CORE_LIBRARIES


def test_the_sandbox_imports_nothing_of_the_provider() -> None:
    found = {path: find_imports(path) for path in find_files(ROOT / "sandbox")}
    assert found
    assert not [path for path, names in found.items() if any(name.startswith("oduyo_provider") for name in names)]


def find_tracked_files() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    return [ROOT / name for name in listed.decode().split("\0") if name and (ROOT / name).is_file()]


#: Written apart, so that this file does not hold what it looks for.
FORBIDDEN = [
    r"files\.python" + r"hosted\.org",
    r"pypi\." + r"org",
    r"registry\.npm" + r"js\.org",
    r"(?<![\w.])/work" + r"/(main|shared)\b",
    r"/tm" + r"p/(plan|try)\b",
    r"(?<![\w.])/(root|home/\w+)" + r"/\.",
]


def test_no_tracked_file_names_a_registry_host_or_a_path_of_one_machine() -> None:
    patterns = [re.compile(pattern) for pattern in FORBIDDEN]
    faults = []
    for path in find_tracked_files():
        text = path.read_bytes().decode("utf-8", errors="replace")
        faults += [(path.relative_to(ROOT).as_posix(), pattern.pattern) for pattern in patterns if pattern.search(text)]
    assert not faults


def test_files_stay_small() -> None:
    lengths = {path.relative_to(PACKAGE).as_posix(): path.read_text(encoding="utf-8").count("\n") for path in FILES}
    assert {name: length for name, length in lengths.items() if length > 330} == {}


IN_FOLDERS_ONLY = """
import os, sys, warnings
warnings.simplefilter("ignore")
packages, home, plugins, dags = sys.argv[1:]
sys.path.append(packages)
os.environ.update(AIRFLOW_HOME=home, AIRFLOW__CORE__PLUGINS_FOLDER=plugins, AIRFLOW__CORE__DAGS_FOLDER=dags,
                  AIRFLOW__CORE__LOAD_EXAMPLES="False", AIRFLOW__CORE__UNIT_TEST_MODE="True")
import airflow.settings
airflow.settings.initialize()
from airflow import plugins_manager
from airflow.dag_processing.dagbag import DagBag
bag = DagBag(dag_folder=dags, bundle_name="dags-folder")
import oduyo_provider
assert oduyo_provider.__file__.startswith(plugins), oduyo_provider.__file__
assert not bag.import_errors, bag.import_errors
errors = plugins_manager.get_import_errors()
assert not errors, errors
print("tasks", len(bag.dags["oduyo_special_codes"].tasks))
"""


def test_the_two_folders_work_where_the_package_is_not_installed(tmp_path: Path) -> None:
    """As copied into an Airflow's own folders: ``dags/`` and ``plugins/``, nothing else."""
    packages = tmp_path / "site-packages"
    packages.mkdir()
    for entry in Path(sysconfig.get_path("purelib")).iterdir():
        if "oduyo" not in entry.name and entry.suffix != ".pth":
            (packages / entry.name).symlink_to(entry)
    for name in ("plugins", "dags"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    folders = [str(tmp_path / name) for name in ("site-packages", "airflow", "plugins", "dags")]
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", IN_FOLDERS_ONLY, *folders],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout[-1000:] + done.stderr[-3000:]
    assert "tasks 7" in done.stdout
