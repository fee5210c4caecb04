"""The texts of the page's script."""

from __future__ import annotations

import re

from oduyo_provider.page.routes import STATIC
from oduyo_provider.page.texts import compute_texts


def test_every_text_that_a_script_asks_for_is_there() -> None:
    known = compute_texts()
    scripts = "\n".join(path.read_text(encoding="utf-8") for path in sorted(STATIC.glob("*.js")))
    asked, counted = (set(re.findall(rf'\b{name}\("(\w+)"', scripts)) for name in ("t", "tn"))
    assert len(asked) > 50
    assert (asked - known["texts"].keys(), counted - known["plurals"].keys()) == (set(), set())
