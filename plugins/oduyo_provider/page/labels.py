"""What figures, outcomes, actions and states are called on the page and in its downloads."""

from __future__ import annotations

from typing import Any

import msgspec

from oduyo_provider.core.change import ACTION_LABELS, Action, Outcome
from oduyo_provider.core.language import gettext, gettext_noop
from oduyo_provider.core.report import compute_figure
from oduyo_provider.sync.staging.change_lines import ChangeLine
from oduyo_provider.sync.staging.past_changes import PastChange

#: Figure of the report, or outcome → its label in English, if that differs from the name in ``report.json``.
LABELS = {
    "extracted": gettext_noop("ERP rows"),
    "not_applied": gettext_noop("not applied"),
    "missing": gettext_noop("records without an ERP row"),
    "kept_missing": gettext_noop("left as they are"),
    "missing_refused": gettext_noop("refused"),
    "missing_failed": gettext_noop("not done"),
    "planned": gettext_noop("planned"),
    "waiting": gettext_noop("waiting"),
    "kept": gettext_noop("left as they are"),
    "out_of_scope": gettext_noop("out of scope"),
    "warned": gettext_noop("with a warning"),
    "retired": gettext_noop("deactivated, deleted"),
    "left_out": gettext_noop("rejected, refused"),
    "undone": gettext_noop("failed, not done"),
}

#: Figure that a dry run only plans → its label as something to be done.
PLANNED_LABELS = {compute_figure(action, Outcome.DONE): ACTION_LABELS[action.value] for action in Action}

#: Action of a plan → what its changes are called, whatever their outcome. What cannot be undone comes first.
ACTION_FILTERS = {
    "delete": gettext_noop("deletions"),
    "deactivate": gettext_noop("deactivations"),
    "create": gettext_noop("new records"),
    "update": gettext_noop("updates"),
    "adopt": gettext_noop("adoptions"),
}

#: Airflow's states of a task → their labels.
STATE_LABELS = {
    "none": gettext_noop("not started"),
    "scheduled": gettext_noop("waits for its turn"),
    "queued": gettext_noop("waits for its turn"),
    "running": gettext_noop("running"),
    "restarting": gettext_noop("starts again"),
    "success": gettext_noop("done"),
    "failed": gettext_noop("ended in red"),
    "skipped": gettext_noop("skipped"),
    "upstream_failed": gettext_noop("not started, as a step before it failed"),
    "removed": gettext_noop("removed"),
    "up_for_retry": gettext_noop("waits for its next try"),
    "up_for_reschedule": gettext_noop("waits for its next try"),
    "deferred": gettext_noop("waits for an answer"),
    "awaiting_input": gettext_noop("waits for an answer"),
}


def label(name: str, *, is_planned: bool = False) -> str:
    """The label of a figure or outcome in the reader's language.

    :param is_planned: whether it is still to be done.
    """
    known = PLANNED_LABELS if is_planned and name in PLANNED_LABELS else LABELS
    return gettext(known.get(name, name))


def describe_line(line: ChangeLine | PastChange) -> dict[str, Any]:
    """A line as it is shown: with its label, and its reason in the reader's language."""
    return {**msgspec.to_builtins(line), "label": label(line.outcome), "reason": gettext(line.reason)}


def label_state(name: str) -> str:
    """A task's state in the reader's language; an unknown one as Airflow names it."""
    return gettext(STATE_LABELS[name]) if name in STATE_LABELS else name
