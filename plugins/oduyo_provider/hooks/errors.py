"""Where this package's errors become Airflow's: which of them Airflow tries again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from airflow.sdk.exceptions import AirflowException, AirflowFailException

from oduyo_provider.core.errors import OduyoError, StopError


@contextmanager
def airflow_errors() -> Iterator[None]:
    """Raise what :func:`make_airflow_error` makes of an error."""
    try:
        yield
    except OduyoError as error:
        raise make_airflow_error(error, str(error)) from error


def make_airflow_error(error: OduyoError, text: str) -> AirflowException:
    """AirflowFailException, which is not tried again, for what only a person can mend; else AirflowException.

    :param text: what it says.
    """
    return AirflowFailException(text) if isinstance(error, StopError) else AirflowException(text)
