"""What the page of a run shows, as values. The browser computes nothing, it only shows them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

import msgspec

from oduyo_provider.core.change import ACTION_LABELS
from oduyo_provider.core.field_labels import label_fields
from oduyo_provider.core.language import gettext, ngettext
from oduyo_provider.core.params import RunParams
from oduyo_provider.core.report import SUMS
from oduyo_provider.page.change_index import RunPhase
from oduyo_provider.page.figures_view import compare_left_out, compute_reason, compute_so_far, compute_sum, list_aside
from oduyo_provider.page.labels import label_state
from oduyo_provider.page.run_cache import OpenedRun
from oduyo_provider.page.run_facts import RunFacts
from oduyo_provider.page.table_view import list_filters
from oduyo_provider.page.task_states import TaskState
from oduyo_provider.page.wording import describe_run
from oduyo_provider.sync.staging.archive import StagedRun
from oduyo_provider.sync.staging.change_table import ChangeTable
from oduyo_provider.sync.staging.outcomes import count_actions

#: Params that are always shown; others are shown if they differ from the default.
_ALWAYS_SHOWN = ("erp_query", "sync_mode", "on_missing", "dry_run")

View = dict[str, Any]


def compute_bare_view(facts: RunFacts) -> View:
    """What the page of every run begins with, also without staged files."""
    return {
        "dag_id": facts.dag_id,
        "run_id": facts.run_id,
        "is_going": facts.is_going,
        "sentence": describe_run(facts),
        "causes": _list_causes(facts),
        "steps": [_compute_step(facts, task) for task in facts.tasks],
    }


def compute_run_view(run: StagedRun, facts: RunFacts, opened: OpenedRun, others: Sequence[str]) -> View:
    """The page of a run.

    :param others: all tasks of the DAG run that staged something, this one included.
    """
    return {
        **compute_bare_view(facts),
        "fields": label_fields(opened.resource),
        "task": "/".join(run.task),
        "tasks": list(others),
        "notes": _list_notes(facts, opened),
        "approval": compute_approval(facts),
        **_compute_progress(facts, opened),
        "started_at": facts.started_at,
        "duration_s": facts.duration_s,
        "title": _choose_title(facts),
        "nothing": _describe_nothing(facts, opened),
        **_compute_figures(facts, opened),
        "actions": _list_actions(facts, opened),
        "brakes": [{"name": trip.name, "text": trip.message} for trip in facts.trips if not trip.is_released],
        "params": _describe_settings(opened.table, run) if opened.table else {},
        **list_filters(opened),
    }


def _compute_figures(facts: RunFacts, opened: OpenedRun) -> View:
    """The report's figures; without a report, those of the plan and of its results so far."""
    report = None if facts.is_going else facts.report
    known = report or compute_so_far(opened, is_dry=facts.is_going or opened.index.phase is RunPhase.DRY)
    return {
        "sums": [compute_sum(known, whole) for whole in SUMS],
        "aside": list_aside(known, opened),
        "left_out": compare_left_out(known, opened.table) if report is not None and not known.dry_run else [],
        "reasons": [compute_reason(reason, count) for reason, count in known.reasons.items()],
    }


def _compute_step(facts: RunFacts, task: TaskState) -> View:
    """A task with all its instances, and the address of the most telling log below Airflow's own."""
    parts = [
        {"state": state, "label": label_state(state), "count": count} for state, count in sorted(task.counts.items())
    ]
    return {
        "task": task.task_id,
        "state": task.state,
        "label": label_state(task.state),
        "instances": task.instances,
        "done": task.done,
        "parts": parts if task.instances > 1 else [],
        "log": _compute_address(facts, task),
    }


def _compute_address(facts: RunFacts, task: TaskState) -> str:
    """Where a task's log is, below Airflow's own address."""
    dag_id, run_id, task_id = (quote(name, "") for name in (facts.dag_id, facts.run_id, task.task_id))
    address = f"dags/{dag_id}/runs/{run_id}/tasks/{task_id}"
    return f"{address}/mapped/{task.map_index}" if task.map_index >= 0 else address


def _list_causes(facts: RunFacts) -> list[View]:
    """Each task that failed or waits for its next try, with its error and what to do next.

    If several tasks left the same text, as with wrong params, only the first is listed.
    """
    missing = gettext(
        "The task left no message: it was killed, it ran longer than it may, or it failed outside of this package. Its log "
        "says more."
    )
    failed = [
        task
        for task in facts.tasks
        if _has_failed(facts, task) and not (facts.only_reports(task) and facts.failed is not None)
    ]
    return [
        {
            "task": task.task_id,
            "state": task.state,
            "label": label_state(task.state),
            "log": _compute_address(facts, task),
            "text": task.error or missing,
            "tries": task.tries,
            "max_tries": task.max_tries
            if task.is_unfinished
            else task.tries,  # after a final failure there are no more
            "retry_at": task.retry_at,
        }
        for number, task in enumerate(failed)
        if not task.error or task.error not in [earlier.error for earlier in failed[:number]]
    ]


def _has_failed(facts: RunFacts, task: TaskState) -> bool:
    """Whether its last try failed. Airflow skips a task that waits for its next try when the run is ended from outside."""
    is_cut_off = task.state == "skipped" and bool(task.error) and not facts.is_rejected
    return is_cut_off or task.state in ("failed", "up_for_retry")


def compute_approval(facts: RunFacts) -> View | None:
    """What a person was asked and answered, and where; None if nobody was asked."""
    asked = facts.approval
    if asked is None:
        return None
    address = _compute_address(facts, TaskState(asked.task_id))
    return {**msgspec.structs.asdict(asked), "waits": facts.waits_for_person, "address": f"{address}/required_actions"}


def _list_notes(facts: RunFacts, opened: OpenedRun) -> list[str]:
    notes, is_dry = [], opened.params is not None and opened.params.dry_run
    if facts.has_earlier_report:
        notes.append(gettext("This run was started again: its earlier report counts no more."))
    if not facts.is_going and facts.report is None and facts.changes and not is_dry:
        notes.append(
            ngettext("%(n)s change had been settled by then.", "%(n)s changes had been settled by then.", facts.done)
        )
    released = (trip for trip in facts.trips if trip.is_released)
    return notes + [
        gettext("Released for this run: %(brake)s", brake=f"{trip.name}: {trip.message}.") for trip in released
    ]


def _choose_title(facts: RunFacts) -> str:
    if facts.is_going:
        return gettext("The plan adds up") if facts.changes else gettext("So far")
    if facts.report is None or facts.is_rejected or (facts.failed is not None and not facts.report.writes):
        return gettext("As far as it came")
    return gettext("The plan adds up") if facts.report.dry_run else gettext("It adds up")


def _describe_nothing(facts: RunFacts, opened: OpenedRun) -> str:
    """Say why the table has no line."""
    if opened.table is not None:
        return gettext("The plan holds no change, and no row was rejected.")
    if opened.is_planned:
        return gettext(
            "The list of changes could not be written; the log of the task %(task)s says why.",
            task=facts.name_task("guard"),
        )
    if facts.journaled_at:
        return gettext(
            "The run has come to no plan since it was started again. What became of an earlier plan of it is not shown here."
        )
    if facts.is_going:
        return gettext("No change is known yet.")
    return gettext("The run did not come to a plan, so that nothing is known of changes.")


def _compute_progress(facts: RunFacts, opened: OpenedRun) -> View:
    """How far load is, and about how many seconds it needs at its pace so far; None if it sends nothing."""
    table, left_s = opened.table, None
    is_begun = facts.is_going and opened.index.phase is RunPhase.GOING and not facts.waits_for_person
    if table is None or not is_begun or not facts.changes:
        return {"progress": None, "left_s": None}
    if facts.is_sending and table.pace is not None and facts.done > table.pace.earlier:
        took_s = table.written_at - table.pace.started_at
        left_s = took_s * (facts.changes - facts.done) / (facts.done - table.pace.earlier)
    return {"progress": {"done": facts.done, "total": facts.changes}, "left_s": left_s}


def _list_actions(facts: RunFacts, opened: OpenedRun) -> list[View]:
    """What a plan that is not applied would do: the counts by action, what cannot be undone first."""
    if not (facts.waits_for_person or opened.index.phase is RunPhase.DRY or facts.is_rejected):
        return []
    return [
        {"name": name, "label": gettext(ACTION_LABELS[name]), "count": count}
        for name, count in count_actions(opened.counts).items()
        if count
    ]


def _describe_settings(table: ChangeTable, run: StagedRun) -> dict[str, str]:
    """Which site it is about, then the params that matter."""
    params = table.params
    release = (name if limit is None else f"{name}:{limit}" for name, limit in params.release.items())
    given: dict[str, Any] = {**msgspec.to_builtins(params), "release": ", ".join(release)}
    usual: dict[str, Any] = {**msgspec.to_builtins(RunParams()), "release": ""}
    shown = {name: value for name, value in given.items() if name in _ALWAYS_SHOWN or value != usual[name]}
    if run.task:  # an operator in somebody else's DAG has no query
        del shown["erp_query"]
    site = {gettext("Ödüyo site"): table.site} if table.site else {}
    return site | {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in shown.items()}
