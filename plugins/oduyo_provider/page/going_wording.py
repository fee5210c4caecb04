"""Says what a run that goes on is doing now, in a sentence and in a word."""

from __future__ import annotations

import msgspec

from oduyo_provider.core.language import format_number, gettext
from oduyo_provider.page.run_facts import RunFacts
from oduyo_provider.page.task_states import TaskState

#: Stands for a time in a text; the browser puts it in, in the reader's format.
TIME = "{at}"


class Sentence(msgspec.Struct, frozen=True):
    """A state in a sentence.

    :param tone: good, warn, bad, busy or plain.
    :param label: the same in a word or two.
    :param at: the time for :data:`TIME` in the text, seconds since 1970.
    """

    tone: str
    label: str
    text: str
    at: float | None = None


def describe_going(facts: RunFacts) -> Sentence:
    """Describe a run that goes on: what went wrong, else what it does now."""
    if facts.failed is not None:
        text = gettext(
            "The step %(task)s failed. The run will still be added up, and will be red.", task=facts.failed.task_id
        )
        return Sentence("bad", gettext("stopped by an error"), text)
    if facts.retrying is not None:
        return _describe_retry(facts.retrying)
    if facts.waits_for_person:
        return _describe_question(facts)
    task = facts.current
    label = gettext("going")
    if facts.state is not None and facts.state.state == "queued":
        return Sentence("busy", label, gettext("The run waits for its turn."))
    if task is not None and task.state in ("none", "scheduled", "queued") and not task.done:
        text = gettext("The step %(task)s waits until Airflow starts it.", task=task.task_id)
        return Sentence("busy", label, text)
    step = facts.step if facts.is_operator or task is None else task.task_id
    return Sentence("busy", label, _describe_step(facts, step, task))


def _describe_retry(task: TaskState) -> Sentence:
    values = {"task": task.task_id, "tries": format_number(task.tries), "most": format_number(task.max_tries)}
    if task.retry_at is None:
        text = gettext("The step %(task)s failed in try %(tries)s of %(most)s and will be tried again.", **values)
    else:
        text = gettext(
            "The step %(task)s failed in try %(tries)s of %(most)s. The next try comes at %(time)s.",
            **values,
            time=TIME,
        )
    return Sentence("warn", gettext("waits for its next try"), text, task.retry_at)


def _describe_question(facts: RunFacts) -> Sentence:
    until = None if facts.approval is None else facts.approval.until
    label = gettext("waits for a person")
    if until is None:
        text = gettext(
            "A brake tripped: the plan waits for a person to approve or reject it. Nothing of it is written yet."
        )
        return Sentence("warn", label, text)
    text = gettext(
        "A brake tripped: the plan waits until %(time)s for a person to approve or reject it; no answer is a no. Nothing of "
        "it is written yet.",
        time=TIME,
    )
    return Sentence("warn", label, text, until)


def _describe_step(facts: RunFacts, step: str, task: TaskState | None) -> str:
    if step == "transform" and task is not None and task.instances > 1:
        done, parts = format_number(task.done), format_number(task.instances)
        return gettext(
            "The two sides are being compared: %(done)s of %(parts)s parts are done.", done=done, parts=parts
        )
    if step == "load":
        return _describe_load(facts)
    return {
        "snapshot": gettext("Ödüyo's records are being listed."),
        "extract": gettext("The ERP's rows are being read."),
        "transform": gettext("The two sides are being compared."),
        "guard": gettext("The plan is made; the brakes check it."),
        "approve": gettext("The plan is made; the brakes have checked it."),
        "report": gettext("The run is being added up."),
    }.get(step, gettext("The run is going on."))


def _describe_load(facts: RunFacts) -> str:
    if not facts.is_shown:
        return gettext(
            "The plan is being sent. How far it is cannot be shown; the log of the task %(task)s tells.",
            task=facts.name_task("load"),
        )
    if not facts.changes:
        return gettext("The step %(task)s is running.", task=facts.name_task("load"))
    if not facts.done:
        return gettext(
            "The plan is made. Each record is looked at right before its change is sent, and only while no other run writes to "
            "this site."
        )
    if facts.done < facts.changes:
        done, changes = format_number(facts.done), format_number(facts.changes)
        return gettext(
            "The plan is being sent: %(done)s of %(changes)s changes are settled.", done=done, changes=changes
        )
    return gettext("All changes are settled and are being read back.")
