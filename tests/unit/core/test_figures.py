"""Every figure of a report has a sentence that says what it counts."""

from __future__ import annotations

from oduyo_provider.core.figures import FIGURES
from oduyo_provider.core.report import Report


def test_every_figure_is_explained_in_the_reports_order() -> None:
    assert tuple(FIGURES) == Report.__struct_fields__
    assert all(text.endswith(".") and text.isprintable() for text in FIGURES.values())
