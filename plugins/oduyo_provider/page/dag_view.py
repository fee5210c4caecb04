"""What the page of a DAG shows, as values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from oduyo_provider.core.verdict import list_step_faults
from oduyo_provider.page.going_wording import Sentence
from oduyo_provider.page.labels import label
from oduyo_provider.page.run_facts import RunFacts
from oduyo_provider.page.table_view import Filter, filter_figures
from oduyo_provider.page.view_models import View, compute_approval
from oduyo_provider.page.wording import describe_run

#: Part of the chart and of the list → its label, and the report's figures that it adds up.
SERIES = {
    "created": ("created", ("created",)),
    "updated": ("updated", ("updated",)),
    "deactivated": ("retired", ("deactivated", "deleted")),
    "rejected": ("left_out", ("rejected", "refused")),
    "failed": ("undone", ("failed", "doubtful", "stale", "not_applied", "missing_failed")),
}

_WORST_FIRST = ("bad", "warn", "busy", "good", "plain")


class RunItem(msgspec.Struct, frozen=True, kw_only=True):
    """A run in the list of a DAG's runs.

    :param has_plan: whether it is a dry run that made a plan.
    :param compares: whether rows were compared with records; else nobody knows if they are in step.
    :param series: counts, as in :data:`SERIES`; empty without a report, and for a run that sends nothing.
    :param filters: for each part of the series that has lines, the filter that shows them.
    :param new_left_out: newly rejected and refused rows.
    :param started_at: seconds since 1970; None if unknown.
    """

    run_id: str
    task: str
    sentence: Sentence
    is_going: bool = False
    has_plan: bool = False
    compares: bool = True
    extracted: int = 0
    in_step: int = 0
    series: dict[str, int] = {}
    filters: dict[str, Filter] = {}
    new_left_out: int = 0
    started_at: float | None = None
    duration_s: float | None = None
    approval: dict[str, Any] | None = None

    @property
    def is_good(self) -> bool:
        """Whether the run wrote all that it had to: in step, except for rows that were left out."""
        return bool(self.series) and self.sentence.tone in ("good", "warn") and not self.is_going


def compute_item(facts: RunFacts, task: Sequence[str] = ()) -> RunItem:
    """One run of the list.

    :param task: in somebody else's DAG: its id and, if mapped, its map index.
    """
    report = None if facts.is_going else facts.report
    done = report if report is not None and not report.dry_run else None
    shown = (
        {name: {part: count for part in parts if (count := getattr(done, part))} for name, (_, parts) in SERIES.items()}
        if done
        else {}
    )
    return RunItem(
        run_id=facts.run_id,
        task="/".join(task),
        sentence=describe_run(facts),
        is_going=facts.is_going,
        has_plan=report is not None and report.dry_run and not list_step_faults(report),
        compares=report is None or report.compares,
        extracted=report.extracted if report else 0,
        in_step=report.repeated + report.unchanged + report.created + report.updated if report else 0,
        series={name: sum(parts.values()) for name, parts in shown.items()},
        filters={name: filter_figures(parts) for name, parts in shown.items() if parts},
        new_left_out=report.new_rejected if report else 0,
        started_at=facts.started_at,
        duration_s=facts.duration_s,
        approval=compute_approval(facts) if facts.waits_for_person else None,
    )


def sort_items(found: Iterable[tuple[float, RunItem]]) -> list[RunItem]:
    """Sort the runs of a DAG: those that go on come first, then the latest.

    The tasks of one run, in somebody else's DAG, are sorted with the worst first.

    :param found: each task of each run, with its time in seconds since 1970.
    """
    runs: dict[str, list[tuple[float, RunItem]]] = {}
    for at, item in found:
        runs.setdefault(item.run_id, []).append((at, item))
    ordered = sorted(
        runs.values(), key=lambda run: (not any(item.is_going for _, item in run), -max(at for at, _ in run))
    )
    return [
        item
        for run in ordered
        for _, item in sorted(run, key=lambda one: (_WORST_FIRST.index(one[1].sentence.tone), -one[0]))
    ]


def compute_dag_view(
    dag_id: str,
    items: Sequence[RunItem],
    health: Sequence[View] = (),
    checklist: Sequence[View] = (),
    answers: Sequence[View] = (),
) -> View:
    """The page of a DAG.

    :param items: its runs, as :func:`sort_items` orders them; may be none.
    :param answers: of the site check.
    """
    first = items[0] if items else None
    ended = next((item for item in items if first and item.run_id != first.run_id and not item.is_going), None)
    return {
        "dag_id": dag_id,
        "sentence": first.sentence if first else None,
        "before": ended.sentence if ended and first and first.is_going else None,
        "health": list(health),
        "checklist": list(checklist),
        "answers": list(answers),
        "runs": list(items),
        "series": {name: label(key) for name, (key, _) in SERIES.items()},
        # A column that is empty in every run is left out.
        "columns": [name for name in SERIES if any(item.series.get(name) for item in items)],
    }
