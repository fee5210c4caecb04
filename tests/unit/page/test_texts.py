"""The texts of the page's script."""

from __future__ import annotations

import re

from oduyo_provider.core.language import use_language
from oduyo_provider.page.routes import STATIC
from oduyo_provider.page.table_view import filter_figures
from oduyo_provider.page.texts import compute_texts


def test_every_text_that_a_script_asks_for_is_there() -> None:
    known = compute_texts()
    scripts = "\n".join(path.read_text(encoding="utf-8") for path in sorted(STATIC.glob("*.js")))
    asked, counted = (set(re.findall(rf'\b{name}\("(\w+)"', scripts)) for name in ("t", "tn"))
    assert len(asked) > 50
    assert (asked - known["texts"].keys(), counted - known["plurals"].keys()) == (set(), set())


def test_every_filter_that_a_figure_leads_to_has_a_name_in_the_reader_s_language() -> None:
    with use_language("tr"):
        names = compute_texts()["filters"]
    asked = [pair for figure in ("created", "rejected", "kept_missing") for pair in filter_figures([figure])]
    assert {kind for kind, _ in asked} == {"outcome", "of"}
    assert [names[kind][name] for kind, name in asked if kind == "of"] == ["ERP satırları", "ERP satırı olmayan kayıt"]
    assert all(names[kind][name] for kind, name in asked)
