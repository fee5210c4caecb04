"""Turns this package's errors into Airflow's, which decide whether a task is tried again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from airflow.sdk.exceptions import AirflowException, AirflowFailException

from oduyo_provider.core.errors import OduyoError, StopError


@contextmanager
def airflow_errors() -> Iterator[None]:
    """Turn errors of this package into Airflow's, as :func:`make_airflow_error` does."""
    try:
        yield
    except OduyoError as error:
        raise make_airflow_error(error, str(error)) from error


def make_airflow_error(error: OduyoError, text: str) -> AirflowException:
    """AirflowFailException, which is not tried again, for what only a person can mend; else AirflowException.

    :param text: its message.
    """
    return AirflowFailException(text) if isinstance(error, StopError) else AirflowException(text)
