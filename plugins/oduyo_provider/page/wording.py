"""Texts of the page: labels, and a run's state in a sentence."""

from __future__ import annotations

from datetime import datetime

import msgspec

from oduyo_provider.core.plan import PlanCounts
from oduyo_provider.core.report import Report
from oduyo_provider.page.airflow_db import RunState, TaskState
from oduyo_provider.page.change_index import RunPhase
from oduyo_provider.page.run_cache import OpenedRun
from oduyo_provider.sync.staging.archive import StagedRun
from oduyo_provider.sync.staging.layout import DESIRED, EXISTING

LABELS = {
    "extracted": "ERP rows",
    "repeated": "repeated",
    "rejected": "rejected",
    "unchanged": "unchanged",
    "created": "created",
    "updated": "updated",
    "refused": "refused",
    "failed": "failed",
    "doubtful": "doubtful",
    "stale": "stale",
    "not_applied": "not applied",
    "missing": "Ödüyo records without an ERP row",
    "kept_missing": "left as they are",
    "deactivated": "deactivated",
    "deleted": "deleted",
    "missing_refused": "refused",
    "missing_failed": "not done",
    "new_duplicates": "new duplicates",
    "new_other_source": "of another source",
    "planned": "planned",
    "waiting": "waiting",
    "kept": "left as it is",
    "out_of_scope": "out of scope",
    "warned": "sent with a warning",
}

GOING = frozenset({"queued", "running", "restarting"})
_WAITS_FOR_A_PERSON = frozenset({"deferred", "awaiting_input"})


class Sentence(msgspec.Struct, frozen=True):
    """A state in a sentence.

    :param tone: good, warn, bad, busy or plain.
    """

    tone: str
    text: str


def is_going(run: StagedRun, state: RunState | None) -> bool:
    """Whether the run may still write results or its report."""
    return state is not None and state.state in GOING and not run.is_settled


def describe_report(report: Report, state: RunState | None, tasks: list[TaskState]) -> Sentence:
    """A run that has its report."""
    undone = [f"{count:,} {LABELS[name]}" for name, count in report.undone.items()]
    red = next((task.task_id for task in tasks if task.state in ("failed", "upstream_failed")), None)
    changes = _list_changes(report)
    is_red = state is not None and state.state == "failed"
    if report.dry_run:
        plan = f"Nothing was sent, this is the plan only: {changes or 'no change at all'}.{_aside(report)}"
        why = " The run is red: the log of its first red task says why and what to do." if is_red else ""
        return Sentence("bad" if is_red else "plain", f"{plan}{why}")
    if is_red and not report.writes:
        where = f" in the task {red}" if red else ""
        text = f"Nothing was written: the run stopped{where}, whose log says why and what to do."
        return Sentence("bad", text if red else text.replace(", whose log", "; the log of its first red task"))
    if undone:
        done = f" What was done is done ({changes})." if changes else ""
        return Sentence(
            "bad",
            f"Not in step: {_join(undone)}.{done} The next run compares everything again and sends only what is missing.",
        )
    has_left_out = bool(report.rejected or report.refused)
    start = "Ödüyo is in step with the ERP" + (", but for some rows" if has_left_out else "")
    what = f"{changes}" if changes else f"nothing had to change among {report.extracted:,} ERP rows"
    tone = "bad" if is_red else "warn" if has_left_out else "good"
    return Sentence(tone, f"{start}: {what}.{_aside(report)}")


def describe_unreported(state: RunState | None) -> Sentence:
    """A run that ended without a report."""
    how = "failed" if state is not None and state.state == "failed" else "ended"
    return Sentence(
        "bad",
        f"The run {how} before it could add up. The log of its first red task says why; the next run compares everything "
        "again and sends only what is missing.",
    )


def describe_progress(run: StagedRun, opened: OpenedRun, tasks: list[TaskState]) -> Sentence:
    """A run that is going: what it does now."""
    if not run.has_manifest(EXISTING):
        return Sentence("busy", "Ödüyo's records are being listed.")
    if not run.has_manifest(DESIRED):
        return Sentence("busy", "The ERP's rows are being read.")
    if not opened.is_planned:
        return Sentence("busy", "The two sides are being compared.")
    if not opened.has_table:
        return Sentence(
            "busy", "The plan is made. How far it is cannot be shown; the log of the task that goes on tells."
        )
    counts: PlanCounts = opened.counts
    if any(task.state in _WAITS_FOR_A_PERSON for task in tasks if task.task_id == "approve"):
        return Sentence("warn", f"A brake tripped: {counts.changes:,} changes wait for a person in the task approve.")
    if opened.phase is RunPhase.DRY or not counts.changes:
        return Sentence("busy", "The plan is made; the run is being added up.")
    done = count_settled(opened)
    if not done:
        return Sentence("busy", f"The plan is made: {counts.changes:,} changes. They are checked, then sent.")
    if done < counts.changes:
        return Sentence("busy", f"{done:,} of {counts.changes:,} changes are settled.")
    return Sentence("busy", f"All {done:,} changes are settled; they are read back and added up.")


def count_settled(opened: OpenedRun) -> int:
    """Changes with a result, whatever it is."""
    return opened.counts.changes - opened.index.counts["waiting"] - opened.index.counts["planned"]


def compute_duration_s(started_at: str, ended_at: str) -> float | None:
    """Seconds between two ISO 8601 times; None where one is missing."""
    try:
        return max(0.0, (datetime.fromisoformat(ended_at) - datetime.fromisoformat(started_at)).total_seconds())
    except ValueError:
        return None


def _list_changes(report: Report) -> str:
    names = ("created", "updated", "deactivated", "deleted")
    return _join([f"{getattr(report, name):,} {LABELS[name]}" for name in names if getattr(report, name)])


def _aside(report: Report) -> str:
    parts = []
    if report.rejected:
        known = f" ({report.known_rejected:,} of them known)" if report.known_rejected else ""
        parts.append(f"{report.rejected:,} broke a rule and were not sent{known}")
    if report.refused:
        known = f" ({report.known_refused:,} of them before, and not sent again)" if report.known_refused else ""
        parts.append(f"{report.refused:,} were refused by Ödüyo{known}")
    return f" Of the ERP's rows {_join(parts)}; the run's page says why." if parts else ""


def _join(parts: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(parts[:-1]), *parts[-1:]]))
