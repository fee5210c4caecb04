"""One page of a run's table, and the filters for it."""

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

#: About so many bytes of text are read for one answer by a search, or by an order by a text.
MAX_TEXT_BYTES = 500_000

#: Outcomes that imply their action, or have none.
_SAYS_ACTION = DONE | {"rejected", "kept", "out_of_scope", "warned"}

#: Figure of a report → the actions whose done or planned lines it counts.
_ACTIONS = {
    "created": ("create",),
    "updated": ("update", "adopt"),
    "deactivated": ("deactivate",),
    "deleted": ("delete",),
}
#: Other figures → the outcomes of their lines, and whether of rows or records: both may have the same.
_OUTCOMES = {
    **{name: ((name,), "row") for name in ("rejected", "refused", "failed", "doubtful", "stale", "not_applied")},
    "kept_missing": (("kept", "stale", "not_applied"), "record"),
    "missing_refused": (("refused",), "record"),
    "missing_failed": (("failed", "doubtful"), "record"),
}

#: A filter, as pairs of its name and a value.
Filter = list[tuple[str, str]]


def compute_table_view(opened: OpenedRun, wanted: Wanted, page: int) -> dict[str, Any]:
    """One page of the table, of the lines that are read so far; a page beyond the last is the last.

    ``unread`` lines may still be wanted. Each further request reads some of them, until none are left.
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
    """The filters, each with how many lines it shows, and those of each figure.

    Besides outcomes there are actions, and new and known, if these tell more than the outcomes.
    """
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
    """The label of each filter, by its name and value, except those of reasons."""
    return {
        "outcome": {name: label(name) for name in OUTCOMES},
        "action": {name: gettext(text) for name, text in ACTION_FILTERS.items()},
        "known": {"new": gettext("newly left out"), "known": gettext("left out before")},
        "of": {"row": label("extracted"), "record": label("missing")},
    }


def filter_figures(figures: Iterable[str]) -> Filter:
    """The filter that shows all lines of some figures of an ended run, and as few others as it can."""
    outcomes, sides = dict[str, None](), set[str]()
    for figure in figures:
        its, side = ((figure,), "") if figure in _ACTIONS else _OUTCOMES[figure]
        outcomes.update(dict.fromkeys(its))
        sides.add(side)
    side = sides.pop() if len(sides) == 1 else ""
    return [*(("outcome", name) for name in outcomes), *([("of", side)] if side else [])]


def _list_figure_filters(index: ChangeIndex, figure: str) -> list[dict[str, Any]]:
    """The filters that may show the lines of a figure, each with how many lines it shows.

    A filter fits if it shows as many lines as the figure counts.
    """
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
