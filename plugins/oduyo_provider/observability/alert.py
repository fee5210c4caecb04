"""Sends one alert when a DAG's runs turn bad, one when they recover, and one when a plan waits for a person.

Airflow calls the first two as callbacks of ``report``, the last task of each run: in the worker once the
task's state is known, or in the process that parses DAG files if the task was killed. The task ``approve``
calls the third before it waits.

The last alert is remembered in staging. So runs that stay bad, or a task that asks once more, do not alert
again. It is remembered only after it was sent: if sending fails, the next run that ends alike sends it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeVar

import msgspec
from airflow.sdk.exceptions import AirflowException
from msgspec.structs import replace

from oduyo_provider.core import variables
from oduyo_provider.core.change import ACTION_LABELS
from oduyo_provider.core.errors import OduyoError, StagingError
from oduyo_provider.core.language import format_number, gettext, gettext_noop
from oduyo_provider.core.reasons import translate_reason
from oduyo_provider.core.redact import neutralise
from oduyo_provider.core.report import Report
from oduyo_provider.observability.links import compute_run_url
from oduyo_provider.observability.notifier import notify
from oduyo_provider.sync.staging.archive import fetch_run
from oduyo_provider.sync.staging.folder import Folder, read_manifest, staging_root
from oduyo_provider.sync.staging.layout import ALERTS, REPORT, TOLD
from oduyo_provider.sync.staging.manifests import Reference

log = logging.getLogger(__name__)
T = TypeVar("T")

#: The XCom in which a task that failed leaves its error's text. Airflow clears it when the task is tried again.
ERROR_KEY = "error"

#: How many reasons, and how many causes, a message shows; and how many characters of a cause.
_SHOWN, _SHOWN_CHARACTERS = 5, 600

_LATER = gettext_noop("The next run that ends like this one is told in its place.")


class Told(msgspec.Struct, frozen=True):
    """What the last alerts of a DAG said.

    :ivar is_bad: whether the last one on the end of a run said that it was bad; ``run_id`` is that run.
    :ivar waiting_run_id: the last run that was said to wait for a person.
    """

    is_bad: bool = False
    run_id: str = ""
    waiting_run_id: str = ""


class Alert(msgspec.Struct, frozen=True):
    """One alert.

    :ivar state: ``bad``, ``good`` or ``waiting``, for the notifier's templates.
    :ivar told: what to remember once it is sent.
    """

    subject: str
    message: str
    state: str
    told: Told


def announce_failure(context: Mapping[str, Any]) -> None:
    """Tell that the run is not complete, or that its last task was killed."""
    _announce(context, partial(_compute_end, context, is_bad=True), gettext(_LATER))


def announce_success(context: Mapping[str, Any]) -> None:
    """Tell that the run is complete."""
    _announce(context, partial(_compute_end, context, is_bad=False), gettext(_LATER))


def announce_waiting(context: Mapping[str, Any], decision: Reference) -> None:
    """Tell that the run's plan waits for a person.

    :param decision: what guard returned: the changes by action, and why the plan stopped.
    """
    lost = gettext("Nobody was told that this run waits for a person.")
    _announce(context, partial(_compute_waiting, context, decision), lost)


def _announce(context: Mapping[str, Any], compute: Callable[[Told], Alert | None], when_lost: str) -> None:
    """Send an alert if it differs from the last one; never raises.

    :param compute: makes the alert from what was told last; None: there is nothing new to tell.
    :param when_lost: what the log says if the notifier does not work.
    """
    if not variables.NOTIFIER.read() or dict(context["params"]).get("dry_run"):
        return
    try:
        folder = staging_root().child(ALERTS, context["ti"].dag_id)
        alert = compute(_read(folder, TOLD, Told) or Told())
        if alert is None:
            return
        texts = {"oduyo_subject": alert.subject, "oduyo_message": alert.message, "oduyo_state": alert.state}
        notify({**context, **texts})
        log.info(gettext("Alert sent: %(subject)s", subject=alert.subject))
        folder.write(TOLD, msgspec.json.encode(alert.told))
    except StagingError as error:
        log.error("%s %s", gettext("This alert may come twice."), error)  # noqa: TRY400  one paragraph says it all
    except OduyoError as error:
        log.error("%s %s", when_lost, error)  # noqa: TRY400  its traceback may show a token


def _compute_end(context: Mapping[str, Any], told: Told, *, is_bad: bool) -> Alert | None:
    """The alert on the end of a run; None if it ended like the one that was told last."""
    if is_bad == told.is_bad:
        return None
    ti = context["ti"]
    if is_bad:
        causes, subject = _read_causes(context), gettext("Ödüyo: %(dag)s has turned bad", dag=ti.dag_id)
    else:
        causes = [gettext("Runs are good again. They were bad since %(run)s.", run=told.run_id)]
        subject = gettext("Ödüyo: %(dag)s has recovered", dag=ti.dag_id)
    return Alert(
        subject=neutralise(subject),
        message=compute_message(ti.dag_id, ti.run_id, causes, _read_report(ti.dag_id, ti.run_id)),
        state="bad" if is_bad else "good",
        told=replace(told, is_bad=is_bad, run_id=ti.run_id),
    )


def _compute_waiting(context: Mapping[str, Any], decision: Reference, told: Told) -> Alert | None:
    """The alert that a run waits; None if this run was told already."""
    ti = context["ti"]
    if told.waiting_run_id == ti.run_id:
        return None
    lines = [gettext("The plan of this run waits for a person; without an answer within a day nothing is written.")]
    lines += ["", gettext("What the plan would do:")]
    lines += [f"- {format_number(count)} {gettext(ACTION_LABELS[name])}" for name, count in decision["actions"].items()]
    lines += ["", gettext("Why it stopped:")]
    lines += [f"- {neutralise(figure, _SHOWN_CHARACTERS)}" for figure in decision["figures"]]
    lines += ["", *_format_place(ti.dag_id, ti.run_id)]
    return Alert(
        subject=neutralise(gettext("Ödüyo: %(dag)s waits for a person", dag=ti.dag_id)),
        message="\n".join(lines),
        state="waiting",
        told=replace(told, waiting_run_id=ti.run_id),
    )


def compute_message(dag_id: str, run_id: str, causes: list[str], made: Report | None) -> str:
    """The text of an alert: the causes, the totals, the first reasons, and where to look.

    Each foreign text is put on one line, so that none can pass for a line of this message or a mail header.

    :param made: the run's report; None if it wrote none.
    """
    lines = [neutralise(cause, _SHOWN_CHARACTERS) for cause in causes[:_SHOWN]]
    run, place = _format_place(dag_id, run_id)
    lines += ["", run]
    if made is None:
        lines.append(gettext("Totals: not known, as the run wrote no report."))
    else:
        counts = [f"{gettext(name)} {format_number(count)}" for name, count in made.counts.items() if count]
        lines.append(gettext("Totals: %(counts)s", counts=", ".join(counts) or gettext("nothing was read")))
        reasons = list(made.reasons.items())[:_SHOWN]
        lines += [gettext("First reasons:")] * bool(reasons)
        lines += [f"- {format_number(count)} × {neutralise(translate_reason(name))}" for name, count in reasons]
    return "\n".join([*lines, place])


def _format_place(dag_id: str, run_id: str) -> tuple[str, str]:
    """The lines that name the run and its page."""
    url = compute_run_url(dag_id, run_id)
    return gettext("Run: %(run)s", run=neutralise(run_id)), gettext("Look here: %(url)s", url=url)


def _read_causes(context: Mapping[str, Any]) -> list[str]:
    """The errors that the run's tasks left, in their order.

    If the last task left none, its exception is told, or that it did not come to its end.
    """
    ti, error = context["ti"], context.get("exception")
    before = [task_id for task_id in context["dag"].task_dict if task_id != ti.task_id]
    texts, own = (ti.xcom_pull(task_ids=task_ids, key=ERROR_KEY) for task_ids in (before, [ti.task_id]))
    if not any(own):
        last = gettext("The last task did not come to its end: it was killed, or it stopped before it could report.")
        own = [str(error) if isinstance(error, AirflowException) else last]
    return [text for text in (*texts, *own) if text]


def _read_report(dag_id: str, run_id: str) -> Report | None:
    """The report of a run; None if it wrote none.

    A report is left out if something was staged after it: then it is from before the run was cleared.
    """
    root = staging_root()

    def read() -> Report | None:
        is_settled = all(run.is_settled for run in fetch_run(root, dag_id, run_id))
        return _read(root.child(dag_id, run_id), REPORT, Report) if is_settled else None

    return _try(read)


def _read(folder: Folder, name: str, kind: type[T]) -> T | None:
    """Read a staged value; None if there is none, or it cannot be read."""
    return _try(lambda: read_manifest(folder, name, kind) if folder.has(name) else None)


def _try(read: Callable[[], T | None]) -> T | None:
    """Return what is read; None if staging fails. A run that failed for that reason is still told."""
    try:
        return read()
    except OduyoError as error:
        log.warning("%s %s", gettext("An alert may come twice, or without the run's totals."), error)
        return None
