"""What a step that failed says of it: to Airflow, and to the alert."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from oduyo_provider.core.errors import OduyoError, RetryError
from oduyo_provider.core.language import gettext
from oduyo_provider.hooks.errors import airflow_errors
from oduyo_provider.observability.alert import ERROR_KEY

log = logging.getLogger(__name__)

#: Airflow's own bound, unless its setting max_task_retry_delay says another.
MAX_RETRY_DELAY = timedelta(days=1)


@contextmanager
def noting_errors(context: Mapping[str, Any]) -> Iterator[None]:
    """As :func:`~oduyo_provider.hooks.errors.airflow_errors`, and leave the text for the alert.

    Where Airflow tries the task again by itself the error says so, and when: nobody has to act before the last try.
    """
    with airflow_errors():
        try:
            yield
        except OduyoError as error:
            try:
                context["ti"].xcom_push(ERROR_KEY, str(error))
            except Exception as failure:
                # Only the alert would tell it: the error itself is the one to show.
                log.warning(
                    gettext(
                        "The next error could not be noted for the alert (%(failure)s); it stands in this log only",
                        failure=failure,
                    )
                )
            if isinstance(error, RetryError) and (next_try := describe_next_try(context)):
                raise type(error)(f"{error} {next_try}") from error
            raise


def describe_next_try(context: Mapping[str, Any]) -> str:
    """When Airflow tries a task again that fails now, as a sentence; empty where this was its last try."""
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
    """Airflow waits up to twice the delay where it grows with each try, and never longer than the task's longest delay."""
    delay: timedelta = task.retry_delay
    growth = 2.0 if task.retry_exponential_backoff is True else float(task.retry_exponential_backoff)
    if growth in (0.0, 1.0):
        return delay
    longest = min(task.max_retry_delay or MAX_RETRY_DELAY, MAX_RETRY_DELAY)
    return min(timedelta(seconds=2 * delay.total_seconds()) * growth ** min(try_number - 1, 10), longest)
