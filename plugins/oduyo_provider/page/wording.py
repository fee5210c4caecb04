"""Says how a run ended, in a sentence and in a word, and says only what is certain."""

from __future__ import annotations

import msgspec

from oduyo_provider.core.language import format_number, gettext, ngettext
from oduyo_provider.core.report import Report
from oduyo_provider.core.verdict import (
    TOO_MANY_REJECTED,
    count_unsent,
    has_rest,
    list_next_steps,
    list_step_faults,
)
from oduyo_provider.page.going_wording import Sentence, describe_going
from oduyo_provider.page.run_facts import RunFacts
from oduyo_provider.page.task_states import STEPS, TaskState
from oduyo_provider.page.unsent_wording import describe_plan, describe_rejection, describe_stop


def describe_run(facts: RunFacts) -> Sentence:
    """Where a run stands, or how it ended."""
    if facts.is_going:
        return describe_going(facts)
    if facts.report is None:
        return _describe_unreported(facts)
    if facts.report.dry_run:
        return describe_plan(facts, facts.report)
    return _describe_report(facts, facts.report)


def _describe_unreported(facts: RunFacts) -> Sentence:
    """Describe a run that ended without a readable report."""
    if facts.is_pruned:
        text = gettext(
            "There are no files of this run: it wrote none, or they were removed, as those of the last 30 runs of a DAG are kept. "
            "What runs did to a record stands on the page of the DAG."
        )
        return Sentence("bad" if facts.is_red else "plain", gettext("no files"), text)
    if facts.damage:
        text = gettext("How the run ended stands in its report, which cannot be read. %(cause)s", cause=facts.damage)
        return Sentence("bad", gettext("unreadable report"), text)
    label = gettext("no report")
    if facts.state is None:
        text = gettext(
            "The run has no report, and Airflow does not know it any more: it was removed before it could add up. The next "
            "run compares everything again."
        )
    elif facts.failed is not None:
        text = gettext(
            "The run failed in the step %(task)s and could not add up. The next run compares everything again and sends only "
            "what is missing.",
            task=facts.failed.task_id,
        )
    elif facts.blocked is not None:
        text = gettext(
            "The step %(task)s was not started, as a step before it failed. The next run compares everything again and sends "
            "only what is missing.",
            task=facts.blocked.task_id,
        )
    elif facts.state.state == "success":
        text = gettext(
            "Airflow calls the run a success, but no report adds up what it did last: somebody marked it by hand, or cleared a "
            "step without those that follow it. The next run compares everything again."
        )
    else:
        text = gettext(
            "The run was ended from outside before it could add up: somebody marked it failed, or it ran longer than its DAG "
            "may. The next run compares everything again and sends only what is missing."
        )
    return Sentence("bad", label, text)


def _describe_report(facts: RunFacts, report: Report) -> Sentence:
    may_have_written = report.writes or report.failed or report.missing_failed or report.doubtful > report.vanished
    if facts.is_rejected and not may_have_written:
        return describe_rejection(facts)
    if facts.failed is not None and not may_have_written:
        told = describe_stop(facts, facts.failed)
        # An operator's task does all steps. Without the brakes it is not known whether guard failed.
        is_known = facts.brakes or not facts.is_operator
        return told if is_known else msgspec.structs.replace(told, label=gettext("stopped by an error"))
    is_uncompared = bool(not report.compares and report.extracted)
    if report.is_red or facts.failed is not None:
        return _describe_unsent(report) if is_uncompared else _describe_red(facts, report)
    if facts.is_red:
        text = gettext(
            "The report counts nothing left to do, but Airflow shows the run in red: somebody marked it failed, or its last "
            "task failed after it had written the report."
        )
        return Sentence("bad", gettext("red after its report"), text)
    return _describe_sent(report) if is_uncompared else _describe_good(facts, report)


def _describe_red(facts: RunFacts, report: Report) -> Sentence:
    """Describe a red run: what is left, and the next step for each."""
    unsent, what = count_unsent(report), []
    if facts.failed is not None:
        what.append(_describe_failure(facts, report.writes, facts.failed))
    elif unsent:
        text = ngettext(
            "%(n)s row or record is not as the ERP wants it.",
            "%(n)s rows or records are not as the ERP wants them.",
            unsent,
        )
        what.append(text)
    elif faults := list_step_faults(report):
        what.append(f"{'; '.join(faults)}.")
    if TOO_MANY_REJECTED in report.faults:
        text = ngettext(
            "%(n)s row was newly rejected or refused, which is above max_rejected_percent or above half of the rows.",
            "%(n)s rows were newly rejected or refused, which is above max_rejected_percent or above half of the rows.",
            report.new_rejected,
        )
        what.append(text)
    text = gettext("Not in step: %(what)s", what=" ".join([*what, *list_next_steps(report)]))
    return Sentence("bad", gettext("not in step"), text)


def _describe_failure(facts: RunFacts, writes: int, failed: TaskState) -> str:
    """Name the step that failed, how many changes were made, and by which of several tries."""
    if not writes or failed.tries < 2 or failed.task_id != STEPS[-2]:
        return ngettext(
            "the run failed in the step %(task)s after %(n)s change.",
            "the run failed in the step %(task)s after %(n)s changes.",
            writes,
            task=failed.task_id,
        )
    if max(facts.journaled_at, default=0.0) >= (failed.started_at or 0.0):
        return ngettext(
            "the run failed in the step %(task)s after %(n)s change, those of earlier tries included.",
            "the run failed in the step %(task)s after %(n)s changes, those of earlier tries included.",
            writes,
            task=failed.task_id,
        )
    return ngettext(
        "the last try of the step %(task)s failed before it sent anything; %(n)s change was made in earlier tries.",
        "the last try of the step %(task)s failed before it sent anything; %(n)s changes were made in earlier tries.",
        writes,
        task=failed.task_id,
    )


def _describe_unsent(report: Report) -> Sentence:
    """Describe a red run with ``sync_mode`` create.

    It cannot know whether Ödüyo is in step, and the next run does not mend it.
    """
    if has_rest(report):
        label = gettext("not all sent")
        text = ngettext(
            "Not all rows were sent: %(n)s became a new record.",
            "Not all rows were sent: %(n)s became new records.",
            report.created,
        )
    else:
        label = gettext("to be looked at")
        text = ngettext(
            "All valid rows were sent, and %(n)s became a new record; what is left needs a person.",
            "All valid rows were sent, and %(n)s became new records; what is left needs a person.",
            report.created,
        )
    return Sentence("bad", label, " ".join([text, *list_next_steps(report)]))


def _describe_sent(report: Report) -> Sentence:
    """Describe a good run with ``sync_mode`` create."""
    text = ngettext(
        "%(n)s row was sent as a new record; nothing was compared, so that nobody knows whether Ödüyo is in step.",
        "%(n)s rows were sent as new records; nothing was compared, so that nobody knows whether Ödüyo is in step.",
        report.created,
    )
    left_out = report.rejected + report.refused
    label = ngettext("sent, %(n)s row left out", "sent, %(n)s rows left out", left_out) if left_out else gettext("sent")
    return Sentence("warn" if left_out else "good", label, text)


def _describe_good(facts: RunFacts, report: Report) -> Sentence:
    if not report.extracted and not report.missing:
        return Sentence("warn", gettext("no rows"), gettext("There was no row, so that there was nothing to change."))
    if report.rejected or report.refused:
        return _describe_left_out(report)
    if report.missing_refused:
        text = ngettext(
            "Ödüyo is in step with the ERP, but for %(n)s record that it refuses to deactivate or delete.",
            "Ödüyo is in step with the ERP, but for %(n)s records that it refuses to deactivate or delete.",
            report.missing_refused,
        )
        return Sentence("warn", _label_kept(report), text)
    if not report.writes and not facts.has_earlier_plan:
        return Sentence("good", gettext("in step"), gettext("Ödüyo is in step with the ERP: nothing had to change."))
    return Sentence("good", gettext("in step"), gettext("Ödüyo is in step with the ERP."))


def _describe_left_out(report: Report) -> Sentence:
    """Describe a run that is in step, except for rejected or refused rows."""
    left_out, new = report.rejected + report.refused, report.new_rejected
    if not new:
        text = ngettext(
            "Ödüyo is in step with the ERP, but for %(n)s row that was left out before, too.",
            "Ödüyo is in step with the ERP, but for %(n)s rows that were left out before, too.",
            left_out,
        )
        label = ngettext("%(n)s known row left out", "%(n)s known rows left out", left_out)
    elif new == left_out:
        label = ngettext("%(n)s row newly left out", "%(n)s rows newly left out", new)
        text = ngettext(
            "Ödüyo is in step with the ERP, but for %(n)s row that is newly left out.",
            "Ödüyo is in step with the ERP, but for %(n)s rows that are newly left out.",
            new,
        )
    else:  # new and known ones are at least two
        label = ngettext("%(n)s row newly left out", "%(n)s rows newly left out", new)
        text = ngettext(
            "Ödüyo is in step with the ERP, but for %(all)s rows that were left out; %(n)s of them is new.",
            "Ödüyo is in step with the ERP, but for %(all)s rows that were left out; %(n)s of them are new.",
            new,
            all=format_number(left_out),
        )
    if report.missing_refused:
        kept = ngettext(
            "It also refuses to deactivate or delete %(n)s record.",
            "It also refuses to deactivate or delete %(n)s records.",
            report.missing_refused,
        )
        text, label = f"{text} {kept}", f"{label}, {_label_kept(report)}"
    return Sentence("warn", label, text)


def _label_kept(report: Report) -> str:
    return ngettext("%(n)s record not retired", "%(n)s records not retired", report.missing_refused)
