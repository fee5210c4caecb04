"""One alert when a DAG's runs turn bad, and one when they recover.

Airflow calls these as callbacks of the task ``report``, with which each run ends: in the worker once the task's state is
known, or where DAG files are parsed when the task was killed. What was told last stands in staging, so that a run that
stays bad does not alert anew. It is written once the alert is sent: the next run that ends alike tells what was not.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec
from airflow.sdk.exceptions import AirflowException

from oduyo_provider.core.errors import OduyoError, StagingError
from oduyo_provider.core.figures import translate_figure
from oduyo_provider.core.language import format_number, gettext
from oduyo_provider.core.reasons import translate_reason
from oduyo_provider.core.redact import neutralise
from oduyo_provider.core.report import Report
from oduyo_provider.observability.links import compute_run_url
from oduyo_provider.observability.metrics import read_counts
from oduyo_provider.observability.notifier import NOTIFIER_VARIABLE, notify
from oduyo_provider.sync.staging.folder import Folder, read_manifest, staging_root
from oduyo_provider.sync.staging.layout import ALERTS, REPORT, TOLD

log = logging.getLogger(__name__)
T = TypeVar("T")

#: The XCom in which a task that failed leaves its error's text. Airflow clears it when the task is tried again.
ERROR_KEY = "error"

#: Reasons and causes that a message shows, and characters of a cause.
_SHOWN, _SHOWN_CHARACTERS = 5, 600


class Told(msgspec.Struct, frozen=True):
    """What was last told of a DAG, and the run that it was told of."""

    is_bad: bool = False
    run_id: str = ""


def announce_failure(context: Mapping[str, Any]) -> None:
    """The run is not complete, or its last task could not say so itself."""
    _announce(context, is_bad=True)


def announce_success(context: Mapping[str, Any]) -> None:
    """The run is complete."""
    _announce(context, is_bad=False)


def _announce(context: Mapping[str, Any], *, is_bad: bool) -> None:
    """Tell it if the run ended otherwise than what was told last; never raises."""
    if not os.environ.get(NOTIFIER_VARIABLE, "").strip() or dict(context["params"]).get("dry_run"):
        return
    ti = context["ti"]
    try:
        folder = staging_root().child(ALERTS, ti.dag_id)
        told = _read(folder, TOLD, Told) or Told()
        if is_bad == told.is_bad:
            return
        causes = (
            _read_causes(context)
            if is_bad
            else [gettext("Runs are good again. They were bad since %(run)s.", run=told.run_id)]
        )
        bad, good = (
            gettext("Ödüyo: %(dag)s has turned bad", dag=ti.dag_id),
            gettext("Ödüyo: %(dag)s has recovered", dag=ti.dag_id),
        )
        subject = neutralise(bad if is_bad else good)
        made = _read(staging_root().child(ti.dag_id, ti.run_id), REPORT, Report)
        message = compute_message(ti.dag_id, ti.run_id, causes, made)
        state = "bad" if is_bad else "good"
        notify({**context, "oduyo_subject": subject, "oduyo_message": message, "oduyo_state": state})
        log.info(gettext("Alert sent: %(subject)s", subject=subject))
        folder.write(TOLD, msgspec.json.encode(Told(is_bad, ti.run_id)))
    except StagingError as error:
        log.error("%s %s", gettext("This alert may come twice."), error)  # noqa: TRY400  one paragraph says it all
    except OduyoError as error:
        log.error("%s %s", gettext("The next run that ends like this one is told in its place."), error)  # noqa: TRY400  its trace may show a token


def compute_message(dag_id: str, run_id: str, causes: list[str], made: Report | None) -> str:
    """What is told of a run: the causes, the totals, the first reasons, and where to look.

    Foreign texts stand on one line each, so that none of them can look like a line of this message or a mail's header.
    """
    lines = [neutralise(cause, _SHOWN_CHARACTERS) for cause in causes[:_SHOWN]]
    lines += ["", gettext("Run: %(run)s", run=neutralise(run_id))]
    if made is None:
        lines.append(gettext("Totals: not known, as the run wrote no report."))
    else:
        counts = [
            f"{translate_figure(name)} {format_number(count)}" for name, count in read_counts(made).items() if count
        ]
        lines.append(gettext("Totals: %(counts)s", counts=", ".join(counts) or gettext("nothing was read")))
        reasons = list(made.reasons.items())[:_SHOWN]
        lines += [gettext("First reasons:")] * bool(reasons)
        lines += [f"- {format_number(count)} × {neutralise(translate_reason(name))}" for name, count in reasons]
    return "\n".join([*lines, gettext("Look here: %(url)s", url=compute_run_url(dag_id, run_id))])


def _read_causes(context: Mapping[str, Any]) -> list[str]:
    """The errors that the run's tasks left, in their order, and that of the last task unless it was killed."""
    ti, error = context["ti"], context.get("exception")
    before = [task_id for task_id in context["dag"].task_dict if task_id != ti.task_id]
    texts = [text for text in ti.xcom_pull(task_ids=before, key=ERROR_KEY) if text]
    is_told = isinstance(error, AirflowException)
    last = gettext("The last task did not come to its end: it was killed, or it stopped before it could report.")
    return [*texts, str(error) if is_told else last]


def _read(folder: Folder, name: str, kind: type[T]) -> T | None:
    """A staged value. None when there is none or it cannot be read: a run that fails for that reason is told, too."""
    try:
        return read_manifest(folder, name, kind) if folder.has(name) else None
    except OduyoError as error:
        log.warning("%s %s", gettext("An alert may come twice, or without the run's totals."), error)
        return None
