"""The plugin: registered once, by the folder or by the installed package, and cheap where no page is served."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import sysconfig
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from tests.conftest import ROOT

ENTRY_POINT = "oduyo_provider.page.plugin:OduyoPlugin"

SHOW = """
import json, os, sys, warnings
warnings.simplefilter("ignore")
packages, home, plugins = sys.argv[1:4]
sys.path[:0] = sys.argv[4:]
sys.path.append(packages)
os.environ.update(AIRFLOW_HOME=home, AIRFLOW__CORE__PLUGINS_FOLDER=plugins, AIRFLOW__CORE__LOAD_EXAMPLES="False",
                  AIRFLOW__CORE__UNIT_TEST_MODE="True")
import airflow.settings
airflow.settings.initialize()
from airflow import plugins_manager
loaded = [str(plugin.source) for plugin in plugins_manager._get_plugins()[0] if plugin.name == "oduyo"]
apps = [app["url_prefix"] for app in plugins_manager.get_fastapi_plugins()[0]]
views = [(view["url_route"], view["destination"]) for view in plugins_manager._get_ui_plugins()[0]]
stems = sorted(name for name in sys.modules if name in ("plugin", "routes", "service", "view_models", "change_index", "archive", "page"))
print(json.dumps({"loaded": loaded, "errors": plugins_manager.get_import_errors(), "apps": apps, "views": views,
                  "stems": stems, "is_heavy": "oduyo_provider.page.routes" in sys.modules}))
"""


def show_plugins(tmp_path: Path, *, has_folder: bool, entry_point: bool) -> dict[str, object]:
    """What Airflow loads in a process of its own.

    :param has_folder: the plugins folder is this checkout's; else it is empty.
    :param entry_point: the package is installed, with the entry point.
    """
    packages, plugins, installed = (tmp_path / name for name in ("site-packages", "plugins", "installed"))
    packages.mkdir()
    for entry in Path(sysconfig.get_path("purelib")).iterdir():
        if "oduyo" not in entry.name and entry.suffix != ".pth":
            (packages / entry.name).symlink_to(entry)
    if has_folder:
        shutil.copytree(ROOT / "plugins", plugins, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        plugins.mkdir()
    path = []
    if entry_point:
        shutil.copytree(ROOT / "plugins" / "oduyo_provider", installed / "oduyo_provider")
        about = installed / "airflow_provider_oduyo-0.2.0.dist-info"
        about.mkdir()
        (about / "METADATA").write_text("Metadata-Version: 2.1\nName: airflow-provider-oduyo\nVersion: 0.2.0\n")
        (about / "entry_points.txt").write_text(f"[airflow.plugins]\noduyo = {ENTRY_POINT}\n")
        path = [str(installed)]
    arguments = [str(packages), str(tmp_path / "airflow"), str(plugins), *path]
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", SHOW, *arguments], cwd=tmp_path, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return dict(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize(("has_folder", "entry_point"), [(True, False), (False, True), (True, True)])
def test_the_plugin_is_registered_once_however_it_comes(tmp_path: Path, has_folder: bool, entry_point: bool) -> None:
    shown = show_plugins(tmp_path, has_folder=has_folder, entry_point=entry_point)
    (source,) = shown["loaded"]  # type: ignore[misc]
    assert ("oduyo_plugin.py" in source) == (not entry_point)
    assert shown["errors"] == {}
    assert shown["apps"] == ["/oduyo"]
    assert sorted(shown["views"]) == [["oduyo", "nav"], ["oduyo-dag", "dag"], ["oduyo-run", "dag_run"]]  # type: ignore[call-overload]
    assert shown["stems"] == [], "Airflow's scanner ran modules of the package as top-level ones"
    assert shown["is_heavy"] is False, "workers load plugins too: the application is made at its first request"


def test_an_installed_package_registers_this_plugin_and_nothing_else() -> None:
    values = {
        point.value for point in entry_points(group="airflow.plugins") if point.value.startswith("oduyo_provider")
    }
    assert values <= {ENTRY_POINT}


def test_the_package_is_hidden_from_airflow_s_scanner() -> None:
    ignored = (ROOT / "plugins" / ".airflowignore").read_text(encoding="utf-8").split()
    assert "oduyo_provider/" in ignored
    assert sorted(path.name for path in (ROOT / "plugins").glob("*.py")) == ["oduyo_plugin.py"]


STATIC = ROOT / "plugins" / "oduyo_provider" / "page" / "static"


def test_every_script_and_style_that_is_asked_for_is_there() -> None:
    page = (STATIC / "page.html").read_text(encoding="utf-8")
    asked = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert sorted(asked) == ["page.css", "page.js"]
    assert all((STATIC / name).is_file() for name in asked)
    for path in STATIC.glob("*.js"):
        for names, source in re.findall(
            r'^import \{([^}]+)\} from "\./([^"]+)";', path.read_text(encoding="utf-8"), re.MULTILINE
        ):
            exported = re.findall(
                r"^export (?:function|const) (\w+)", (STATIC / source).read_text(encoding="utf-8"), re.MULTILINE
            )
            assert {name.strip() for name in names.split(",")} <= set(exported), f"{path.name} from {source}"


def test_addresses_are_relative_so_that_they_work_below_a_path() -> None:
    from oduyo_provider.page.plugin import OduyoPlugin

    for view in OduyoPlugin.external_views:
        assert view["href"].startswith("oduyo/page")
    for path in sorted(STATIC.iterdir()):
        text = path.read_text(encoding="utf-8")
        for sign in (
            'src="/',
            'href="/',
            'fetch("/',
            "url(",
            "@import",
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
            " style=",
            " onclick=",
        ):
            assert sign not in text, f"{path.name} holds {sign}"
        assert "http" not in text.replace("http://www.w3.org/2000/svg", "").replace("HTTP", "")
