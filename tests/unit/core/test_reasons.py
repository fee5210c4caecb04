"""Every short code of a reason has its sentence, and no sentence stands for a code that nobody gives."""

from __future__ import annotations

import re

from oduyo_provider.core.reasons import REJECTIONS, WARNINGS
from tests.conftest import ROOT

CORE = ROOT / "plugins" / "oduyo_provider" / "core"


def find_codes() -> set[str]:
    found: set[str] = set()
    for path in CORE.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        found |= set(re.findall(r'(?:InvalidValueError\(|Fault\([^,()]+,)\s*"(\w+)"', text))
        found |= set(re.findall(r'(?:reason(?:: str)?|DUPLICATE) ?= ?"(\w+)"', text))
    return found


def test_every_code_has_its_sentence_and_no_other_has() -> None:
    assert {*REJECTIONS, *WARNINGS} == find_codes()


def test_a_warning_is_no_rejection() -> None:
    assert not REJECTIONS.keys() & WARNINGS.keys()
