"""The figures of a run: what adds up to what, what is new, and why rows were left out."""

from __future__ import annotations

from typing import Any

from oduyo_provider.core.language import gettext, ngettext
from oduyo_provider.core.reasons import OTHER_REASONS, WARNINGS, translate_reason
from oduyo_provider.core.report import SUMS, Report, compute_report
from oduyo_provider.page.labels import label
from oduyo_provider.page.run_cache import OpenedRun
from oduyo_provider.sync.staging.change_lines import OUTCOMES
from oduyo_provider.sync.staging.change_table import ChangeTable

View = dict[str, Any]


def compute_so_far(opened: OpenedRun, *, is_dry: bool) -> Report:
    """The figures of a run without a report; with ``is_dry`` its changes count as planned."""
    counts, params = opened.counts, opened.params
    return compute_report(
        counts,
        opened.outcomes,
        extracted=counts.extracted,
        dry_run=is_dry,
        sync_mode=params.sync_mode if params else None,
    )


def compute_sum(report: Report, whole: str) -> View:
    """A figure and those that add up to it."""
    parts = [
        {"name": name, "label": label(name, is_planned=report.dry_run), "count": getattr(report, name)}
        for name in SUMS[whole]
    ]
    return {"name": whole, "label": label(whole), "count": getattr(report, whole), "parts": parts}


def compare_left_out(report: Report, table: ChangeTable | None) -> list[View]:
    """How many rejected and refused rows are new, known from before, and gone since the run before."""
    found, gone = [], None if table is None else table.gone
    for name, known in (("rejected", report.known_rejected), ("refused", report.known_refused)):
        count = getattr(report, name)
        no_more = None if gone is None else gone[name]
        if count or no_more:
            found.append({"name": name, "label": label(name), "new": count - known, "known": known, "gone": no_more})
    return found


def list_aside(report: Report, opened: OpenedRun) -> list[View]:
    """Figures worth a look that are part of no sum, each with the filter that shows its lines, if any."""
    told = {
        "remote_duplicates": ngettext(
            "%(n)s further record in Ödüyo carries a key that another record has; it is left alone.",
            "%(n)s further records in Ödüyo carry a key that another record has; they are left alone.",
            report.remote_duplicates,
        ),
        "altered": ngettext(
            "Ödüyo stored a value of %(n)s record otherwise than sent.",
            "Ödüyo stored a value of %(n)s records otherwise than sent.",
            report.altered,
        ),
        "out_of_scope": ngettext(
            "%(n)s record is out of scope, as no row has its key1 and key2: it is kept.",
            "%(n)s records are out of scope, as no row has their key1 and key2: they are kept.",
            report.out_of_scope,
        ),
    }
    found = [
        {"text": text, "outcome": name if name in OUTCOMES else "", "reason": ""}
        for name, text in told.items()
        if getattr(report, name)
    ]
    return found + [_describe_warning(name, count) for name, count in opened.counts.warnings.items()]


def _describe_warning(name: str, count: int) -> View:
    """How many rows carry a warning, and what it means. Such rows are compared all the same."""
    text = ngettext(
        "%(n)s row carries the warning %(name)s: %(words)s",
        "%(n)s rows carry the warning %(name)s: %(words)s",
        count,
        name=name,
        words=gettext(WARNINGS.get(name.rpartition(": ")[2], "")),
    )
    return {"text": text, "outcome": "warned", "reason": name}


def compute_reason(reason: str, count: int) -> View:
    """A reason with the filter that shows its rows; the rare reasons together have no filter.

    :param reason: as the report names it: those of changes begin with their outcome.
    """
    outcome, _, words = reason.partition(": ")
    if outcome not in OUTCOMES:
        outcome, words = "rejected", reason
    text = translate_reason(reason)
    if words == OTHER_REASONS:
        return {"text": text, "count": count, "outcome": "", "reason": ""}
    return {"text": text, "count": count, "outcome": outcome, "reason": words}
