"""What the page shows, as values. The browser computes nothing, it only shows them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any
from urllib.parse import quote

import msgspec

from oduyo_provider.core.params import RunParams
from oduyo_provider.core.report import SUMS, Report, compute_report
from oduyo_provider.page.airflow_db import RunState, TaskState
from oduyo_provider.page.run_cache import OpenedRun
from oduyo_provider.page.wording import (
    LABELS,
    Sentence,
    compute_duration_s,
    count_settled,
    describe_progress,
    describe_report,
    describe_unreported,
)
from oduyo_provider.sync.staging.archive import StagedRun
from oduyo_provider.sync.staging.change_lines import OUTCOMES, ChangeLine

#: Lines of the table on one page.
PAGE_LINES = 50

#: The parts of a bar of the chart, and the report's figures that each adds up.
SERIES = {
    "created": ("created",),
    "updated": ("updated",),
    "deactivated": ("deactivated", "deleted"),
    "rejected": ("rejected", "refused"),
    "failed": ("failed", "doubtful", "stale", "not_applied", "missing_failed"),
}
#: Labels of the parts that add up more than one figure.
SERIES_LABELS = {"deactivated": "deactivated, deleted", "rejected": "rejected, refused", "failed": "failed, not done"}

_SHOWN_PARAMS = ("erp_query", "sync_mode", "on_missing", "dry_run", "release")

View = dict[str, Any]


class RunItem(msgspec.Struct, frozen=True, kw_only=True):
    """A run in the list of a DAG's runs.

    :param series: as in :data:`SERIES`.
    :param started_at: ISO 8601; empty while there is no report.
    :param duration_s: None while there is no report.
    """

    run_id: str
    task: str
    state: str
    sentence: Sentence
    dry_run: bool = False
    extracted: int = 0
    series: dict[str, int] = {}
    started_at: str = ""
    duration_s: float | None = None


def compute_item(run: StagedRun, run_id: str, report: Report | None, state: RunState | None, *, going: bool) -> RunItem:
    """One run of the list."""
    if going:
        sentence = Sentence("busy", "A run is going on.")
    else:
        sentence = describe_unreported(state) if report is None else describe_report(report, state, [])
    known = None if going else report
    return RunItem(
        run_id=run_id,
        task="/".join(run.task),
        state=state.state if state else "",
        sentence=sentence,
        dry_run=known is not None and known.dry_run,
        extracted=known.extracted if known else 0,
        series={name: sum(getattr(known, part) for part in parts) for name, parts in SERIES.items()} if known else {},
        started_at=known.started_at if known else "",
        duration_s=compute_duration_s(known.started_at, known.ended_at) if known else None,
    )


def compute_dag_view(dag_id: str, items: Sequence[RunItem]) -> View:
    """The page of a DAG.

    :param items: its runs, the latest first.
    """
    now, before = items[0].sentence, next((item for item in items[1:] if item.duration_s is not None), None)
    if now.tone == "busy" and before is not None:
        now = Sentence("busy", f"{now.text} The one before: {before.sentence.text}")
    return {
        "dag_id": dag_id,
        "sentence": now,
        "runs": items,
        "series": {name: SERIES_LABELS.get(name, name) for name in SERIES},
    }


def compute_run_view(
    dag_id: str,
    run_id: str,
    run: StagedRun,
    opened: OpenedRun,
    state: RunState | None,
    tasks: Sequence[TaskState],
    *,
    report: Report | None,
    others: Sequence[str],
) -> View:
    """The page of a run.

    :param report: None while the run is going or when it ended without one.
    :param others: all tasks of the DAG run that staged something, this one included.
    """
    is_busy = report is None and opened.is_going
    known = report or _compute_so_far(opened)
    return {
        "dag_id": dag_id,
        "run_id": run_id,
        "task": "/".join(run.task),
        "tasks": list(others),
        "state": state.state if state else "",
        "is_going": is_busy,
        "sentence": _choose_sentence(run, opened, state, list(tasks), report),
        "progress": {"done": count_settled(opened), "total": opened.counts.changes} if is_busy else None,
        "warnings": opened.counts.warnings,
        "started_at": known.started_at or _format_time(state),
        **_compute_figures(known, is_busy=is_busy),
        **_compute_outcomes(opened),
        "params": _describe_params(opened.params, run) if opened.params else {},
        "steps": [compute_step(dag_id, run_id, task) for task in tasks],
    }


def _choose_sentence(
    run: StagedRun, opened: OpenedRun, state: RunState | None, tasks: list[TaskState], report: Report | None
) -> Sentence:
    if report is not None:
        return describe_report(report, state, tasks)
    return describe_progress(run, opened, tasks) if opened.is_going else describe_unreported(state)


def _compute_figures(report: Report, *, is_busy: bool) -> View:
    """What a report counts, or would count if the run ended now."""
    return {
        "sums": [_compute_sum(report, whole, is_busy=is_busy) for whole in SUMS],
        "aside": {"altered": report.altered, "remote_duplicates": report.remote_duplicates},
        "dry_run": report.dry_run,
        "reasons": report.reasons,
        "duration_s": compute_duration_s(report.started_at, report.ended_at),
    }


def _compute_outcomes(opened: OpenedRun) -> View:
    """How many lines the table has, in all and of each outcome."""
    counts = opened.index.counts
    found = [{"name": name, "label": LABELS[name], "count": counts[name]} for name in OUTCOMES if counts[name]]
    return {"chips": found, "lines": len(opened.index), "has_table": opened.has_table}


def compute_step(dag_id: str, run_id: str, task: TaskState) -> View:
    """A task, with the address of its log below Airflow's own."""
    address = "/".join(("dags", quote(dag_id, ""), "runs", quote(run_id, ""), "tasks", quote(task.task_id, "")))
    if task.map_index >= 0:
        address += f"/mapped/{task.map_index}"
    return {"task": task.task_id, "state": task.state or "none", "log": address}


def compute_table_view(opened: OpenedRun, outcomes: Sequence[str], search: str, page: int) -> View:
    """One page of the table; a page beyond the last is the last."""
    found = opened.index.find(outcomes, search)
    pages = max(1, -(-len(found) // PAGE_LINES))
    page = min(max(1, page), pages)
    numbers = found[(page - 1) * PAGE_LINES : page * PAGE_LINES]
    lines: list[ChangeLine] = list(opened.index.read(numbers))
    return {
        "found": len(found),
        "page": page,
        "pages": pages,
        "first": (page - 1) * PAGE_LINES + 1 if lines else 0,
        "lines": [{**msgspec.to_builtins(line), "label": LABELS[line.outcome]} for line in lines],
    }


def _format_time(state: RunState | None) -> str:
    """When Airflow started a run; empty where it does not say."""
    if state is None or state.started_at is None:
        return ""
    return datetime.fromtimestamp(state.started_at, timezone.utc).isoformat(timespec="seconds")


def _compute_so_far(opened: OpenedRun) -> Report:
    """The figures of a run without a report."""
    extracted = opened.counts.extracted
    return compute_report(opened.counts, opened.outcomes, extracted=extracted, dry_run=False)


def _compute_sum(report: Report, whole: str, *, is_busy: bool) -> View:
    """A figure and those that add up to it; while a run is going, what is not applied waits."""
    parts = [{"name": name, "label": LABELS[name], "count": getattr(report, name)} for name in SUMS[whole]]
    if is_busy:
        for part in parts:
            if part["name"] == "not_applied":
                part.update(name="waiting", label=LABELS["waiting"])
    return {"name": whole, "label": LABELS[whole], "count": getattr(report, whole), "parts": parts}


def _describe_params(params: RunParams, run: StagedRun) -> dict[str, str]:
    given: dict[str, Any] = {**msgspec.to_builtins(params), "release": ", ".join(params.release) or "none"}
    # An operator in somebody else's DAG has no query.
    shown = {name: given[name] for name in _SHOWN_PARAMS if name != "erp_query" or not run.task}
    return {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in shown.items()}
