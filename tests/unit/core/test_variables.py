"""Every environment variable that the package reads is declared, and no other."""

from __future__ import annotations

import re

from oduyo_provider.core.variables import VARIABLES
from tests.conftest import ROOT

PACKAGE = ROOT / "plugins" / "oduyo_provider"


def test_the_variables_that_the_package_names_are_declared() -> None:
    named: set[str] = set()
    for path in (*PACKAGE.rglob("*.py"), *(ROOT / "dags").glob("*.py")):
        if path.name != "variables.py":
            named |= set(re.findall(r'"(ODUYO_[A-Z_]+|ERP_CONN_ID)"', path.read_text(encoding="utf-8")))
    assert named == {variable.name for variable in VARIABLES}


def test_each_stands_there_once() -> None:
    names = [variable.name for variable in VARIABLES]
    assert len(names) == len(set(names))
