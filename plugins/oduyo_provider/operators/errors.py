"""Passes the error of a failed step on to the log, to Airflow, and to the alert."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from textwrap import wrap
from typing import Any, NoReturn

from airflow.sdk.exceptions import AirflowFailException

from oduyo_provider.core.errors import OduyoError, RetryError
from oduyo_provider.core.language import gettext
from oduyo_provider.hooks.errors import make_airflow_error
from oduyo_provider.observability.alert import ERROR_KEY

log = logging.getLogger(__name__)

#: Airflow's own limit, unless its setting max_task_retry_delay says otherwise.
MAX_RETRY_DELAY = timedelta(days=1)

#: Characters in a line of an explanation.
LINE_WIDTH = 100

_SENTENCE_END = re.compile(r"(?<=[.!?…]) (?=[A-ZÇĞİÖŞÜ])")


@contextmanager
def noting_errors(context: Mapping[str, Any]) -> Iterator[None]:
    """Log an error of this package, keep its text for the alert and the page, and raise Airflow's error.

    If Airflow will try the task again, the log says so and when: nobody has to act before the last try. The
    raised error has no cause, so that the traceback that Airflow logs shows only Airflow's own calls.
    """
    try:
        yield
    except OduyoError as error:
        text = str(error)
        _note(context, text)
        if isinstance(error, RetryError) and (next_try := describe_next_try(context)):
            text = f"{text} {next_try}"
        explain(text)
        raise make_airflow_error(error, text) from None


def give_up(context: Mapping[str, Any], text: str) -> NoReturn:
    """Log a text, keep it for the alert and the page, and fail for good: another try would end alike."""
    _note(context, text)
    explain(text)
    raise AirflowFailException(text) from None


def _note(context: Mapping[str, Any], text: str) -> None:
    try:
        context["ti"].xcom_push(ERROR_KEY, text)
    except Exception as failure:
        # Only the alert and the page lack it then. The task must still show its own error.
        log.warning(
            gettext(
                "The next error could not be noted for the alert (%(failure)s); it stands in this log only",
                failure=failure,
            )
        )


def explain(text: str) -> None:
    """Log what went wrong and what to do. Each sentence begins a line, and each line is a log entry of its own.

    So foreign text never begins a raw line of the log, even where it is wrapped.
    """
    for sentence in _SENTENCE_END.split(text):
        for line in wrap(sentence, LINE_WIDTH, break_long_words=False, break_on_hyphens=False):
            log.error("%s", line)


def describe_next_try(context: Mapping[str, Any]) -> str:
    """A sentence on when Airflow tries this failing task again; empty if this was its last try."""
    ti, task = context["ti"], context["task"]
    if ti.try_number > ti.max_tries:
        return ""
    minutes = -(-_compute_longest_delay(task, ti.try_number) // timedelta(minutes=1))
    return gettext(
        "Airflow tries this again by itself within %(minutes)s min (try %(number)s of %(tries)s): act on what is said here "
        "only if the last try fails too.",
        minutes=max(minutes, 1),
        number=ti.try_number + 1,
        tries=ti.max_tries + 1,
    )


def _compute_longest_delay(task: Any, try_number: int) -> timedelta:
    """The longest wait before the next try.

    If the delay grows with each try, Airflow waits up to twice as long, at most the task's longest delay.
    """
    delay: timedelta = task.retry_delay
    growth = 2.0 if task.retry_exponential_backoff is True else float(task.retry_exponential_backoff)
    if growth in (0.0, 1.0):
        return delay
    longest = min(task.max_retry_delay or MAX_RETRY_DELAY, MAX_RETRY_DELAY)
    return min(timedelta(seconds=2 * delay.total_seconds()) * growth ** min(try_number - 1, 10), longest)
