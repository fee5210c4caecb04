"""One alert when a DAG's runs turn bad, and one when they recover.

What was told last stands in ``<staging>/_alerts/<dag_id>/``, so that a run that stays bad, or a task that is tried again,
does not alert anew. An alert is written there before it is sent, and taken away once it is: what a notifier could not send
is sent by the next run.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from oduyo_provider.core.errors import OduyoError, StagingError
from oduyo_provider.core.redact import neutralise
from oduyo_provider.core.report import Report
from oduyo_provider.observability.links import compute_run_url
from oduyo_provider.observability.metrics import read_counts
from oduyo_provider.observability.notifier import Notifier, NotifierError, read_notifier
from oduyo_provider.sync.staging.folder import Folder, read_manifest, staging_root
from oduyo_provider.sync.steps.report import REPORT

log = logging.getLogger(__name__)

ALERTS = "_alerts"
_STANDING = "standing.json"

#: Alerts that wait for a notifier that works; older ones are dropped.
MAX_WAITING = 20
#: Reasons and errors that a message shows.
_SHOWN = 5
_SHOWN_LETTERS = 600


class Alert(msgspec.Struct, frozen=True):
    """A change that somebody is to be told."""

    is_bad: bool
    subject: str
    message: str


class Standing(msgspec.Struct, frozen=True):
    """What was last found of a DAG.

    :param run_id: the run that made it so.
    :param waiting: alerts that are not sent yet, the oldest first.
    """

    is_bad: bool = False
    run_id: str = ""
    waiting: list[Alert] = []


def watch(
    context: Mapping[str, Any],
    dag_id: str,
    run_id: str,
    *,
    is_bad: bool,
    causes: Sequence[str] = (),
    made: Report | None = None,
) -> None:
    """Note how a run ended, and tell it when it ended otherwise than the one before; never raises.

    :param context: Airflow's, for the notifier's templates.
    :param causes: why it is bad, the first first.
    """
    try:
        notifier = read_notifier()
        if notifier is None:
            return
        notifier.check()
    except NotifierError as error:
        log.error("%s Until then alerts wait, and are sent late.", error)  # noqa: TRY400  its trace may show a token
        notifier = None
    try:
        folder = staging_root().child(ALERTS, dag_id)
        standing = _read_standing(folder)
        late = len(standing.waiting)
        if is_bad != standing.is_bad:
            alert = compute_alert(dag_id, run_id, is_bad=is_bad, since=standing.run_id, causes=causes, made=made)
            standing = Standing(is_bad, run_id, [*standing.waiting, alert][-MAX_WAITING:])
            _write_standing(folder, standing)
        if notifier is not None:
            _send_waiting(folder, standing, notifier, context, late)
    except OduyoError as error:
        log.error("The alert on this run could not be made. %s", error)  # noqa: TRY400  one paragraph says it all


def watch_dag_failure(context: Mapping[str, Any]) -> None:
    """The DAG's ``on_failure_callback``: tells of a run whose last task could not do so itself, as it was killed.

    Airflow calls it where DAG files are parsed; staging and the notifier's provider must be there, too.
    """
    if dict(context.get("params") or {}).get("dry_run"):
        return
    dag_id, run_id = context["dag"].dag_id, str(context.get("run_id") or context["dag_run"].run_id)
    made: Report | None = None
    try:
        folder = staging_root().child(dag_id, run_id)
        made = read_manifest(folder, REPORT, Report) if folder.has(REPORT) else None
    except OduyoError as error:
        log.warning("The figures of the run are missing in its alert: %s", error)
    cause = (
        f"The run failed ({neutralise(str(context.get('reason') or 'no reason is known'), 100)}), and its last task did "
        "not come to its end: it was killed, or it stopped before it could report. The log of the first red task says why."
    )
    watch(context, dag_id, run_id, is_bad=True, causes=[cause], made=made)


def compute_alert(
    dag_id: str, run_id: str, *, is_bad: bool, since: str, causes: Sequence[str] = (), made: Report | None = None
) -> Alert:
    """What is told of a change: the cause, the totals, the first reasons, and where to look.

    Foreign texts stand on one line each, so that none of them can look like a line of this message or a mail's header.

    :param since: the run that turned bad, for one that recovers.
    """
    if is_bad:
        subject = f"Ödüyo: {dag_id} has turned bad"
        lines = [neutralise(cause, _SHOWN_LETTERS) for cause in causes[:_SHOWN]] or ["The run failed."]
    else:
        subject = f"Ödüyo: {dag_id} has recovered"
        lines = [f"The run {neutralise(run_id)} ended well. Before it, runs were bad since {neutralise(since)}."]
    lines += ["", f"Run: {neutralise(run_id)}"]
    if made is None:
        lines.append("Totals: not known, as the run wrote no report.")
    else:
        counts = [f"{name} {count:,}" for name, count in read_counts(made).items() if count]
        lines.append(f"Totals: {', '.join(counts) or 'nothing was read'}")
        reasons = list(made.reasons.items())[:_SHOWN]
        lines += ["First reasons:"] * bool(reasons) + [f"- {count:,} × {neutralise(name)}" for name, count in reasons]
    lines.append(f"Look here: {compute_run_url(dag_id, run_id)}")
    return Alert(is_bad, neutralise(subject), "\n".join(lines))


def _send_waiting(
    folder: Folder, standing: Standing, notifier: Notifier, context: Mapping[str, Any], late: int
) -> None:
    """Send what waits, the oldest first; the first ``late`` ones were due in an earlier run."""
    for number, alert in enumerate(standing.waiting):
        is_late = number < late
        own = {
            **context,
            "oduyo_subject": f"{alert.subject} (late)" if is_late else alert.subject,
            "oduyo_message": f"{alert.message}\nThis comes late: the notifier failed before."
            if is_late
            else alert.message,
            "oduyo_state": "bad" if alert.is_bad else "good",
        }
        try:
            notifier.send(own)
        except NotifierError as error:
            waiting = len(standing.waiting) - number
            log.error("%s Alerts that wait for the next run: %d. The first is: %s", error, waiting, alert.subject)  # noqa: TRY400
            return
        log.info("Alert sent: %s", own["oduyo_subject"])
        _write_standing(folder, Standing(standing.is_bad, standing.run_id, standing.waiting[number + 1 :]))


def _read_standing(folder: Folder) -> Standing:
    try:
        return read_manifest(folder, _STANDING, Standing) if folder.has(_STANDING) else Standing()
    except StagingError as error:
        log.warning("What was last told of this DAG cannot be read, so an alert may come twice: %s", error)
        return Standing()


def _write_standing(folder: Folder, standing: Standing) -> None:
    try:
        folder.write(_STANDING, msgspec.json.encode(standing))
    except StagingError as error:
        log.warning("What is told of this DAG cannot be written down, so an alert may come twice: %s", error)
