"""One page of a run's table, and what it can be filtered by."""

from __future__ import annotations

from collections.abc import Iterable
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

#: Figure of a report → the actions whose lines it counts where they are done or planned.
_ACTIONS = {
    "created": ("create",),
    "updated": ("update", "adopt"),
    "deactivated": ("deactivate",),
    "deleted": ("delete",),
}
#: Any other figure → the outcomes of its lines, and what they are of: other lines may have the same outcomes.
_OUTCOMES = {
    **{name: ((name,), "row") for name in ("rejected", "refused", "failed", "doubtful", "stale", "not_applied")},
    "kept_missing": (("kept", "stale", "not_applied"), "record"),
    "missing_refused": (("refused",), "record"),
    "missing_failed": (("failed", "doubtful"), "record"),
}

#: A filter, as pairs of its name and a value.
Filter = list[tuple[str, str]]


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
    index = opened.index
    found = [("outcome", name, index.counts[name]) for name in OUTCOMES]
    if any(count for name, count in index.counts.items() if name not in _SAYS_ACTION):
        found += [("action", name, index.actions[name]) for name in ACTION_FILTERS]
    new, known = index.left_out[False], index.left_out[True]
    if new and known:
        found += [("known", "new", new), ("known", "known", known)]
    filters = [{"kind": kind, "name": name, "count": count} for kind, name, count in found if count]
    figures = {name: _list_figure_filters(index, name) for name in (*_ACTIONS, *_OUTCOMES)}
    return {"filters": filters, "figures": figures, "lines": len(index)}


def name_filters() -> dict[str, dict[str, str]]:
    """What each filter is called, by its name and value; those of reasons are not among them."""
    return {
        "outcome": {name: label(name) for name in OUTCOMES},
        "action": {name: gettext(text) for name, text in ACTION_FILTERS.items()},
        "known": {"new": gettext("newly left out"), "known": gettext("left out before")},
        "of": {"row": label("extracted"), "record": label("missing")},
    }


def filter_figures(figures: Iterable[str]) -> Filter:
    """What shows the lines of some figures of a run that has ended: all of them, and as few others as a filter can."""
    outcomes, sides = dict[str, None](), set[str]()
    for figure in figures:
        its, side = ((figure,), "") if figure in _ACTIONS else _OUTCOMES[figure]
        outcomes.update(dict.fromkeys(its))
        sides.add(side)
    side = sides.pop() if len(sides) == 1 else ""
    return [*(("outcome", name) for name in outcomes), *([("of", side)] if side else [])]


def _list_figure_filters(index: ChangeIndex, figure: str) -> list[dict[str, Any]]:
    """What may show the lines of a figure, each with how many it shows: one that shows as many as the figure counts does."""
    is_planned = figure in _ACTIONS and index.phase is not RunPhase.ENDED
    tried: list[Filter] = [[("action", name) for name in _ACTIONS[figure] if index.actions[name]]] if is_planned else []
    if not is_planned:
        exact = filter_figures([figure])
        there = [(kind, name) for kind, name in exact if kind != "outcome" or index.counts[name]]
        tried = [[pair for pair in there if pair[0] == "outcome"], there]
    return [{"filter": shown, "count": len(index.find(_make_wanted(shown)))} for shown in tried if shown]


def _make_wanted(shown: Filter) -> Wanted:
    """The lines that a filter shows."""
    return Wanted(
        outcome=[name for kind, name in shown if kind == "outcome"],
        action=[name for kind, name in shown if kind == "action"],
        of=[name for kind, name in shown if kind == "of"],
    )
