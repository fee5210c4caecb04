"""Says why a run sent nothing, in a sentence and in a word."""

from __future__ import annotations

from oduyo_provider.core.language import gettext, ngettext
from oduyo_provider.core.report import Report
from oduyo_provider.core.verdict import FIRST_WRITE, list_decisions, list_step_faults
from oduyo_provider.page.going_wording import TIME, Sentence
from oduyo_provider.page.run_facts import RunFacts
from oduyo_provider.page.task_states import TaskState


def describe_plan(facts: RunFacts, report: Report) -> Sentence:
    """Describe a run that should send nothing, or may not send yet."""
    label = gettext("dry run")
    if facts.failed is not None:
        text = gettext("Nothing was sent: the run failed in the step %(task)s.", task=facts.failed.task_id)
        return Sentence("bad", gettext("stopped by an error"), text)
    if faults := list_step_faults(report):
        text = gettext("Nothing was sent: %(faults)s.", faults="; ".join(faults))
        return Sentence("bad", gettext("stopped by an error"), text)
    if FIRST_WRITE in report.faults:
        return _describe_first_write(facts)
    if facts.brakes:
        text = ngettext(
            "Dry run: nothing was sent. The brake %(brakes)s would stop a run that writes.",
            "Dry run: nothing was sent. The brakes %(brakes)s would stop a run that writes.",
            len(facts.brakes),
            brakes=", ".join(facts.brakes),
        )
        return Sentence("warn", label, text)
    to_look_at = _list_new(report)
    return Sentence("warn" if to_look_at else "plain", label, " ".join([_describe_changes(report), *to_look_at]))


def _describe_changes(report: Report) -> str:
    if report.writes:
        return ngettext(
            "Dry run: nothing was sent. The plan holds %(n)s change.",
            "Dry run: nothing was sent. The plan holds %(n)s changes.",
            report.writes,
        )
    if report.rejected or report.refused or report.missing_refused or list_decisions(report):
        return gettext("Dry run: nothing was sent. The plan holds no change.")
    return gettext("Dry run: nothing was sent, and nothing would have to change.")


def _list_new(report: Report) -> list[str]:
    """What a run that writes would leave for a person to look at."""
    new = ngettext(
        "%(n)s row is newly rejected or refused.",
        "%(n)s rows are newly rejected or refused.",
        report.new_rejected,
    )
    return [*([new] if report.new_rejected else []), *list_decisions(report)]


def _describe_first_write(facts: RunFacts) -> Sentence:
    text = gettext(
        "Nothing was sent: this DAG has never written to this Ödüyo site, and the first write is a person's. Look at the plan "
        "below, then trigger the DAG by hand with dry_run off."
    )
    if facts.brakes:
        stops = ngettext(
            "The brake %(brakes)s would stop that run: release it there if the plan is right.",
            "The brakes %(brakes)s would stop that run: release them there if the plan is right.",
            len(facts.brakes),
            brakes=", ".join(facts.brakes),
        )
        text = f"{text} {stops}"
    return Sentence("bad", gettext("first write waits"), text)


def describe_rejection(facts: RunFacts) -> Sentence:
    """Describe a run whose plan was rejected, or not answered in time."""
    approval = facts.approval
    label = gettext("the plan was rejected")
    if approval is None or not approval.by:
        why = gettext("nobody answered in time whether to apply the plan, which counts as a no")
        return Sentence("bad", label, _say_unwritten(facts, why))
    why = gettext("the plan was rejected by %(user)s at %(time)s", user=approval.by, time=TIME)
    return Sentence("bad", label, _say_unwritten(facts, why), approval.answered_at)


def describe_stop(facts: RunFacts, failed: TaskState) -> Sentence:
    """Describe a run in which a step failed before the first write."""
    if failed.task_id == facts.name_task("guard") and facts.brakes:
        why = ngettext(
            "the brake %(brakes)s stopped the run",
            "the brakes %(brakes)s stopped the run",
            len(facts.brakes),
            brakes=", ".join(facts.brakes),
        )
        return Sentence("bad", gettext("stopped by a brake"), _say_unwritten(facts, why))
    text = _say_unwritten(facts, gettext("the run failed in the step %(task)s", task=failed.task_id))
    # The list of runs does not read the brakes.
    is_guard = failed.task_id == facts.name_task("guard")
    return Sentence("bad", gettext("stopped by guard") if is_guard else gettext("stopped by an error"), text)


def _say_unwritten(facts: RunFacts, why: str) -> str:
    if not facts.has_earlier_plan:
        return gettext("Nothing was written: %(why)s.", why=why)
    return gettext(
        "Nothing was written since the run was started again: %(why)s. Before that, an earlier plan of this run had begun to be "
        "sent.",
        why=why,
    )
