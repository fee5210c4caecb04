"""One page of a run's table, and what it can be filtered by."""

from __future__ import annotations

from typing import Any

from oduyo_provider.core.language import gettext
from oduyo_provider.page.labels import ACTION_FILTERS, describe_line, label
from oduyo_provider.page.run_cache import OpenedRun
from oduyo_provider.page.wanted import Wanted
from oduyo_provider.sync.staging.change_lines import DONE, OUTCOMES

#: Lines of the table on one page.
PAGE_LINES = 50

#: Of the texts that a search or an order by a text has to read, about so many bytes are read for one answer.
MAX_TEXT_BYTES = 500_000

#: Outcomes that name their action themselves, or have none.
_SAYS_ACTION = DONE | {"rejected", "kept", "out_of_scope", "warned"}


def compute_table_view(opened: OpenedRun, wanted: Wanted, page: int) -> dict[str, Any]:
    """One page of the table, as far as its lines are read; a page beyond the last is the last.

    ``unread`` lines may still be wanted: who asks again gets further, until there are none.
    """
    found = opened.index.find(wanted, MAX_TEXT_BYTES)
    pages = max(1, -(-len(found) // PAGE_LINES))
    page = min(max(1, page), pages)
    lines = list(opened.index.read(found[(page - 1) * PAGE_LINES : page * PAGE_LINES]))
    return {
        "found": len(found),
        "page": page,
        "pages": pages,
        "unread": opened.index.count_unread(wanted),
        "first": (page - 1) * PAGE_LINES + 1 if lines else 0,
        "lines": [describe_line(line) for line in lines],
    }


def list_filters(opened: OpenedRun) -> dict[str, Any]:
    """Each outcome, and each action and each of new and known where they say more than the outcomes, with their lines."""
    counts, index = opened.index.counts, opened.index
    outcomes = [{"name": name, "label": label(name), "count": counts[name]} for name in OUTCOMES if counts[name]]
    filters = []
    if any(counts[name] for name in counts if name not in _SAYS_ACTION):
        filters += [
            {"kind": "action", "name": name, "label": gettext(text), "count": index.actions[name]}
            for name, text in ACTION_FILTERS.items()
            if index.actions[name]
        ]
    new, known = index.left_out[False], index.left_out[True]
    if new and known:
        filters.append({"kind": "known", "name": "new", "label": gettext("newly left out"), "count": new})
        filters.append({"kind": "known", "name": "known", "label": gettext("left out before"), "count": known})
    return {"chips": outcomes, "filters": filters, "lines": len(index)}
