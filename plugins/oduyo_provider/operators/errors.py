"""What a step that failed says of it: to Airflow, and to the alert."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from oduyo_provider.core.errors import OduyoError
from oduyo_provider.core.language import gettext
from oduyo_provider.hooks.errors import airflow_errors
from oduyo_provider.observability.alert import ERROR_KEY

log = logging.getLogger(__name__)


@contextmanager
def noting_errors(context: Mapping[str, Any]) -> Iterator[None]:
    """As :func:`~oduyo_provider.hooks.errors.airflow_errors`, and leave the text for the alert."""
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
            raise
