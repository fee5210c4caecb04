"""Where this package's errors become Airflow's: which of them Airflow tries again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from airflow.sdk.exceptions import AirflowException, AirflowFailException

from oduyo_provider.core.errors import OduyoError, StopError


@contextmanager
def airflow_errors() -> Iterator[None]:
    """Raise AirflowFailException, which is not tried again, for what only a person can mend; else AirflowException."""
    try:
        yield
    except StopError as error:
        raise AirflowFailException(str(error)) from error
    except OduyoError as error:
        raise AirflowException(str(error)) from error
