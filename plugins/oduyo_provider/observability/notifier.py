"""Sends a message through the Airflow notifier that the environment names."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator, Mapping
from contextvars import copy_context
from importlib import import_module
from typing import Any

import msgspec
from airflow.sdk import BaseNotifier

from oduyo_provider.core.errors import OduyoError
from oduyo_provider.core.redact import Redactor, neutralise

#: Environment variable that names the notifier, as a JSON object.
NOTIFIER_VARIABLE = "ODUYO_NOTIFIER"

#: A notifier that takes longer is left alone: a mail server that hangs must not hold up the run.
ALLOWED_S = 60.0

_EXAMPLE = '{"class": "package.module.Notifier", "kwargs": {"text": "{{ oduyo_message }}"}}'


class NotifierError(OduyoError):
    """The notifier cannot be made, or did not send; the text shows none of its arguments."""


class Notifier(msgspec.Struct, frozen=True, rename={"path": "class"}, forbid_unknown_fields=True):
    """What :data:`NOTIFIER_VARIABLE` holds.

    :param path: the class, with its module.
    :param kwargs: its arguments. Those that it takes as templates may use ``oduyo_subject``, ``oduyo_message``,
        ``oduyo_state`` (``bad`` or ``good``) and Airflow's own variables.
    """

    path: str
    kwargs: dict[str, Any] = {}

    def send(self, context: Mapping[str, Any], *, allowed_s: float = ALLOWED_S) -> None:
        """Make the notifier anew, render its templates and let it notify.

        :raises NotifierError: whatever went wrong, also when it took longer than ``allowed_s``.
        """
        failures: list[Exception] = []
        thread = threading.Thread(target=copy_context().run, args=(self._send, context, failures), daemon=True)
        thread.start()
        thread.join(allowed_s)
        if thread.is_alive():
            failures.append(TimeoutError(f"it took longer than {allowed_s:g} seconds"))
        if failures:
            raise self._explain(failures[-1]) from None  # the cause may show a password in a URL

    def check(self) -> None:
        """Make the notifier and throw it away.

        :raises NotifierError: it cannot be made.
        """
        try:
            self._make()
        except Exception as error:
            raise self._explain(error) from None

    def _send(self, context: Mapping[str, Any], failures: list[Exception]) -> None:
        try:
            notifier = self._make()
            fields = {name: getattr(notifier, name) for name in notifier.template_fields}
            own: Any = {**context, **fields}
            # Not the DAG's own environment: where Airflow runs a whole DAG in one process its callbacks get a DAG without one.
            notifier.render_template_fields(own, notifier.get_template_env(dag=None))
            notifier.notify(own)  # and not notifier(own), which swallows what goes wrong
        except Exception as error:
            failures.append(error)

    def _make(self) -> BaseNotifier:
        module, _, name = self.path.rpartition(".")
        kind = getattr(import_module(module), name) if module else None
        if not (isinstance(kind, type) and issubclass(kind, BaseNotifier)):
            raise TypeError("it is no class derived from Airflow's BaseNotifier")
        return kind(**self.kwargs)

    def _explain(self, error: Exception) -> NotifierError:
        redact = Redactor(text for text in _find_texts(self.kwargs) if "{{" not in text and len(text) > 3)
        cause = neutralise(redact(f"{type(error).__name__}: {error}"), 300).rstrip(".")
        return NotifierError(
            f"The notifier {neutralise(self.path, 100)} does not work: {cause}. Correct {NOTIFIER_VARIABLE}, the "
            "connection that it names, or install its provider, on all machines of this Airflow."
        )


def read_notifier() -> Notifier | None:
    """The notifier that the environment names; None when it names none.

    :raises NotifierError: it cannot be read; the text shows none of it, since a token may stand in it.
    """
    text = os.environ.get(NOTIFIER_VARIABLE, "").strip()
    if not text:
        return None
    try:
        return msgspec.convert(json.loads(text), Notifier)
    except (json.JSONDecodeError, msgspec.ValidationError) as error:
        cause = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
        raise NotifierError(
            f"The environment variable {NOTIFIER_VARIABLE} cannot be read: {cause}. Write an object into it, such as "
            f"{_EXAMPLE}, or unset it, on all machines of this Airflow."
        ) from None


def _find_texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _find_texts(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _find_texts(item)
