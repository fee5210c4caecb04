"""Every environment variable that the package reads is declared once, and each that is declared is read."""

from __future__ import annotations

import re

import pytest

from oduyo_provider.core import variables
from oduyo_provider.core.variables import VARIABLES, Variable
from tests.conftest import ROOT

PACKAGE = ROOT / "plugins" / "oduyo_provider"


def test_each_is_declared_once_and_read_by_its_declaration() -> None:
    texts = [path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py") if path.name != "variables.py"]
    assert not re.findall(r'"(?:ODUYO_[A-Z_]+|ERP_CONN_ID)"', "".join(texts))
    declared = {name: value for name, value in vars(variables).items() if isinstance(value, Variable)}
    assert sorted(declared.values()) == sorted(set(VARIABLES))
    assert [name for name in declared if not re.search(rf"variables\.{name}\b", "".join(texts))] == []


@pytest.mark.parametrize(("value", "read"), [(None, "@daily"), (" ", "@daily"), (" 0 2 * * * ", "0 2 * * *")])
def test_one_that_is_not_set_or_empty_has_its_default(
    monkeypatch: pytest.MonkeyPatch, value: str | None, read: str
) -> None:
    if value is not None:
        monkeypatch.setenv("ODUYO_SCHEDULE", value)
    assert variables.SCHEDULE.read() == read


def test_further_resources_have_variables_of_their_own() -> None:
    assert variables.PARAMS.of("special_codes").name == "ODUYO_PARAMS"
    assert variables.PARAMS.of("bank_accounts").name == "ODUYO_PARAMS_BANK_ACCOUNTS"
