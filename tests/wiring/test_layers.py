"""Who may import whom outside of the package, and that the package stands alone.

The layers themselves are contracts of import-linter in ``pyproject.toml``, which `make lint` checks. They cannot say
"nothing but": that is here.
"""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT

CORE = ROOT / "plugins" / "oduyo_provider" / "core"
DAGS = ROOT / "dags"


def find_imports(path: Path) -> Iterator[str]:
    """Every module that a file imports, at its top or within a function."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield f"{'.' * node.level}{node.module or ''}"


@pytest.mark.parametrize("path", sorted(CORE.rglob("*.py")), ids=lambda path: path.relative_to(CORE).as_posix())
def test_core_needs_nothing_but_the_standard_library_and_msgspec(path: Path) -> None:
    roots = {module.partition(".")[0] for module in find_imports(path)}
    assert roots <= sys.stdlib_module_names | {"msgspec", "oduyo_provider"}


@pytest.mark.parametrize("path", sorted(DAGS.rglob("*.py")), ids=lambda path: path.name)
def test_a_dag_file_takes_everything_from_the_dag_package(path: Path) -> None:
    """What an integrator copies: it wires nothing by itself."""
    ours = {module for module in find_imports(path) if module.startswith(("oduyo_provider", "sandbox", "tests", "."))}
    assert ours
    assert not {module for module in ours if not f"{module}.".startswith("oduyo_provider.dag.")}


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
