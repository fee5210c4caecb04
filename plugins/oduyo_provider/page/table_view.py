"""One page of a run's table, and what it can be filtered by."""

from __future__ import annotations

from typing import Any

from oduyo_provider.core.language import gettext
from oduyo_provider.page.change_index import ChangeIndex, RunPhase
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

_OF_ROWS, _OF_RECORDS = ("create", "update", "adopt"), ("delete", "deactivate")
#: Figure of a report → the outcomes of its lines, and the actions that tell them from other lines with these outcomes.
_FIGURES = {
    "created": (("created",), ("create",)),
    "updated": (("updated",), ("update", "adopt")),
    "deactivated": (("deactivated",), ("deactivate",)),
    "deleted": (("deleted",), ("delete",)),
    **{name: ((name,), _OF_ROWS) for name in ("rejected", "refused", "failed", "doubtful", "stale", "not_applied")},
    "kept_missing": (("kept",), ()),
    "missing_refused": (("refused",), _OF_RECORDS),
    "missing_failed": (("failed", "doubtful"), _OF_RECORDS),
}


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
    figures = {name: _list_figure_filters(index, name) for name in _FIGURES}
    return {"chips": outcomes, "filters": filters, "figures": figures, "lines": len(index)}


def _list_figure_filters(index: ChangeIndex, figure: str) -> list[dict[str, Any]]:
    """What may show the lines of a figure, each with how many it shows: one that shows as many as the figure counts does."""
    outcomes, actions = _FIGURES[figure]
    there = tuple(name for name in actions if index.actions[name])
    is_planned = index.phase is not RunPhase.ENDED and DONE.issuperset(outcomes)
    tried = [((), there)] if is_planned else [(outcomes, ()), (outcomes, there)]
    return [
        {
            "filter": [*(("outcome", name) for name in shown), *(("action", name) for name in done)],
            "count": len(index.find(Wanted(outcomes=shown, actions=done))),
        }
        for shown, done in tried
        if shown or done
    ]
