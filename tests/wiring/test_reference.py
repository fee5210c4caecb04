"""The reference pages are what the code makes of its declarations."""

from __future__ import annotations

import importlib.util
from types import ModuleType

import pytest

from tests.conftest import ROOT


def load_script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("reference", ROOT / "docs" / "reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


SCRIPT = load_script()


@pytest.mark.parametrize("name", sorted(SCRIPT.PAGES))
def test_making_a_page_again_changes_nothing(name: str) -> None:
    page = ROOT / "docs" / "reference" / f"{name}.md"
    assert page.read_text(encoding="utf-8") == SCRIPT.PAGES[name](), "run `make docs`"


def test_every_page_is_made() -> None:
    assert sorted(path.stem for path in SCRIPT.FOLDER.glob("*")) == sorted(SCRIPT.PAGES)
