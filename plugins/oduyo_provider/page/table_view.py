"""One page of a run's table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from oduyo_provider.page.change_index import Entry
from oduyo_provider.page.labels import label
from oduyo_provider.page.run_cache import OpenedRun

#: Lines of the table on one page.
PAGE_LINES = 50


def compute_table_view(opened: OpenedRun, outcomes: Sequence[str], search: str, page: int) -> dict[str, Any]:
    """One page of the table; a page beyond the last is the last."""
    found = opened.index.find(outcomes, search)
    pages = max(1, -(-len(found) // PAGE_LINES))
    page = min(max(1, page), pages)
    numbers = found[(page - 1) * PAGE_LINES : page * PAGE_LINES]
    lines: list[Entry] = list(opened.index.read(numbers))
    return {
        "found": len(found),
        "page": page,
        "pages": pages,
        "first": (page - 1) * PAGE_LINES + 1 if lines else 0,
        "lines": [{**msgspec.to_builtins(line), "label": label(line.outcome)} for line in lines],
    }
