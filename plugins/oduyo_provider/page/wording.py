"""How a run ended, in a sentence and in a word. Each says only what is known to be so."""

from __future__ import annotations

from oduyo_provider.core.language import format_number, gettext, ngettext
from oduyo_provider.core.report import Report
from oduyo_provider.page.going_wording import TIME, Sentence, describe_going
from oduyo_provider.page.run_facts import RunFacts
from oduyo_provider.page.task_states import TaskState


def describe_run(facts: RunFacts) -> Sentence:
    """Where a run stands, or how it ended."""
    if facts.is_going:
        return describe_going(facts)
    if facts.report is None:
        return _describe_unreported(facts)
    if facts.report.dry_run:
        return _describe_plan(facts, facts.report)
    return _describe_report(facts, facts.report)


def _describe_unreported(facts: RunFacts) -> Sentence:
    """A run that ended without a report."""
    if facts.is_pruned:
        text = gettext(
            "There are no files of this run: those of the last 30 runs of a DAG are kept. What runs did to a record stands on "
            "the page of the DAG."
        )
        return Sentence("bad" if facts.is_red else "plain", gettext("no files"), text)
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
    elif facts.state.state == "success":
        text = gettext(
            "Airflow calls the run a success, but it has no report: somebody marked it by hand. What was sent before that "
            "was not added up. The next run compares everything again."
        )
    else:
        text = gettext(
            "The run was ended from outside before it could add up: somebody marked it failed, or it ran longer than its DAG "
            "may. The next run compares everything again and sends only what is missing."
        )
    return Sentence("bad", label, text)


def _describe_plan(facts: RunFacts, report: Report) -> Sentence:
    """A run that was to send nothing, or that may not."""
    label = gettext("dry run")
    if facts.failed is not None:
        text = gettext("Nothing was sent: the run failed in the step %(task)s.", task=facts.failed.task_id)
        return Sentence("bad", gettext("stopped by an error"), text)
    if not facts.is_dry and facts.is_red:
        text = gettext(
            "Nothing was sent: this DAG has never written to this Ödüyo site, and the first write is a person's. Look at the "
            "plan below, then trigger the DAG by hand with dry_run off."
        )
        return Sentence("bad", gettext("first write waits"), text)
    if facts.brakes:
        text = ngettext(
            "Dry run: nothing was sent. The brake %(brakes)s would stop a run that writes.",
            "Dry run: nothing was sent. The brakes %(brakes)s would stop a run that writes.",
            len(facts.brakes),
            brakes=", ".join(facts.brakes),
        )
        return Sentence("warn", label, text)
    if not report.writes:
        return Sentence("plain", label, gettext("Dry run: nothing was sent, and nothing would have to change."))
    text = ngettext(
        "Dry run: nothing was sent. The plan holds %(n)s change.",
        "Dry run: nothing was sent. The plan holds %(n)s changes.",
        report.writes,
    )
    return Sentence("plain", label, text)


def _describe_report(facts: RunFacts, report: Report) -> Sentence:
    may_have_written = report.writes or report.failed or report.missing_failed or report.doubtful > report.vanished
    undone = sum(report.undone.values())
    if facts.is_rejected and not may_have_written:
        return _describe_rejection(facts)
    if facts.failed is not None and not may_have_written:
        return _describe_stop(facts, facts.failed)
    if not report.compares and report.extracted:
        return _describe_uncompared(facts, report, undone)
    if facts.failed is not None and not (facts.is_operator and undone):
        return _describe_failure(report, facts.failed)
    if undone:
        return _describe_undone(undone)
    return _describe_red(report) if facts.is_red else _describe_good(report)


def _describe_uncompared(facts: RunFacts, report: Report, undone: int) -> Sentence:
    """A run with ``sync_mode`` create, which cannot know whether it is in step, and which the next run does not mend."""
    if facts.is_red or undone:
        text = ngettext(
            "Not all rows were sent: %(n)s became a new record. Clear the first red task to send the rest: a new run with "
            "sync_mode create compares nothing and sends every row once more.",
            "Not all rows were sent: %(n)s became new records. Clear the first red task to send the rest: a new run with "
            "sync_mode create compares nothing and sends every row once more.",
            report.created,
        )
        return Sentence("bad", gettext("not all sent"), text)
    text = ngettext(
        "%(n)s row was sent as a new record; nothing was compared, so that nobody knows whether Ödüyo is in step.",
        "%(n)s rows were sent as new records; nothing was compared, so that nobody knows whether Ödüyo is in step.",
        report.created,
    )
    left_out = report.rejected + report.refused
    label = ngettext("sent, %(n)s row left out", "sent, %(n)s rows left out", left_out) if left_out else gettext("sent")
    return Sentence("warn" if left_out else "good", label, text)


def _describe_rejection(facts: RunFacts) -> Sentence:
    approval = facts.approval
    label = gettext("the plan was rejected")
    if approval is None or not approval.by:
        text = gettext("Nothing was written: nobody answered in time whether to apply the plan, which counts as a no.")
        return Sentence("bad", label, text)
    text = gettext("Nothing was written: the plan was rejected by %(user)s at %(time)s.", user=approval.by, time=TIME)
    return Sentence("bad", label, text, approval.answered_at)


def _describe_stop(facts: RunFacts, failed: TaskState) -> Sentence:
    if failed.task_id == "guard" and facts.brakes:
        text = ngettext(
            "Nothing was written: the brake %(brakes)s stopped the run.",
            "Nothing was written: the brakes %(brakes)s stopped the run.",
            len(facts.brakes),
            brakes=", ".join(facts.brakes),
        )
        return Sentence("bad", gettext("stopped by a brake"), text)
    text = gettext("Nothing was written: the run failed in the step %(task)s.", task=failed.task_id)
    return Sentence("bad", gettext("stopped by an error"), text)


def _describe_failure(report: Report, failed: TaskState) -> Sentence:
    text = ngettext(
        "Not in step: the run failed in the step %(task)s after %(n)s change. The next run compares everything again and "
        "sends only what is missing.",
        "Not in step: the run failed in the step %(task)s after %(n)s changes. The next run compares everything again and "
        "sends only what is missing.",
        report.writes,
        task=failed.task_id,
    )
    return Sentence("bad", gettext("not in step"), text)


def _describe_undone(undone: int) -> Sentence:
    text = ngettext(
        "Not in step: %(n)s row or record is not as the ERP wants it. The next run compares everything again and sends only "
        "what is missing.",
        "Not in step: %(n)s rows or records are not as the ERP wants them. The next run compares everything again and sends "
        "only what is missing.",
        undone,
    )
    return Sentence("bad", gettext("not in step"), text)


def _describe_red(report: Report) -> Sentence:
    """Red, with nothing left undone: too many rows are newly rejected or refused, or somebody marked it."""
    if report.new_rejected:
        text = ngettext(
            "Not in step: %(n)s row was newly rejected or refused, which is more than max_rejected_percent allows.",
            "Not in step: %(n)s rows were newly rejected or refused, which is more than max_rejected_percent allows.",
            report.new_rejected,
        )
        return Sentence("bad", gettext("not in step"), text)
    text = gettext("The report counts nothing left to do, but Airflow shows the run in red: somebody marked it failed.")
    return Sentence("bad", gettext("marked failed"), text)


def _describe_good(report: Report) -> Sentence:
    if not report.extracted and not report.missing:
        return Sentence(
            "warn", gettext("no rows"), gettext("The ERP's query returned no row, and nothing was changed.")
        )
    if report.rejected or report.refused:
        return _describe_left_out(report)
    if report.missing_refused:
        text = ngettext(
            "Ödüyo is in step with the ERP, but for %(n)s record that it refuses to deactivate or delete.",
            "Ödüyo is in step with the ERP, but for %(n)s records that it refuses to deactivate or delete.",
            report.missing_refused,
        )
        return Sentence("warn", _label_kept(report), text)
    if not report.writes:
        return Sentence("good", gettext("in step"), gettext("Ödüyo is in step with the ERP: nothing had to change."))
    return Sentence("good", gettext("in step"), gettext("Ödüyo is in step with the ERP."))


def _describe_left_out(report: Report) -> Sentence:
    """In step, but for rows that were rejected or refused."""
    left_out, new = report.rejected + report.refused, report.new_rejected
    if not new:
        text = ngettext(
            "Ödüyo is in step with the ERP, but for %(n)s row that was left out before, too.",
            "Ödüyo is in step with the ERP, but for %(n)s rows that were left out before, too.",
            left_out,
        )
        label = ngettext("%(n)s known row left out", "%(n)s known rows left out", left_out)
    else:
        label = ngettext("%(n)s row newly left out", "%(n)s rows newly left out", new)
        text = ngettext(
            "Ödüyo is in step with the ERP, but for %(n)s row that is newly left out.",
            "Ödüyo is in step with the ERP, but for %(n)s rows that are newly left out.",
            new,
        )
        # With some that are known there are at least two.
        text = (
            text
            if left_out == new
            else ngettext(
                "Ödüyo is in step with the ERP, but for %(all)s rows that were left out; %(n)s of them is new.",
                "Ödüyo is in step with the ERP, but for %(all)s rows that were left out; %(n)s of them are new.",
                new,
                all=format_number(left_out),
            )
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
