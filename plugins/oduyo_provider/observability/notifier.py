"""Calls the Airflow notifier that the environment names."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pkgutil import resolve_name
from typing import Any
from urllib.parse import unquote

from airflow.sdk import BaseNotifier

from oduyo_provider.core import variables
from oduyo_provider.core.errors import SettingsError
from oduyo_provider.core.language import gettext
from oduyo_provider.core.redact import Redactor, neutralise

#: Signs at which a part of an address ends.
_ENDS = re.compile(r"[/?&=#]+")

_EXAMPLE = '{"class": "package.module.Notifier", "kwargs": {"text": "{{ oduyo_message }}"}}'


def notify(context: Mapping[str, Any]) -> None:
    """Make the notifier, render its templates and let it notify.

    Airflow itself would only log an error; here the caller must know whether the alert was sent.

    :raises SettingsError: whatever went wrong; its text shows none of the notifier's arguments.
    """
    setting: Any = {}
    rendered: dict[str, object] = {}
    try:
        setting = json.loads(variables.NOTIFIER.read())
        notifier = resolve_name(setting["class"])(**setting.get("kwargs", {}))
        if not isinstance(notifier, BaseNotifier):
            raise TypeError(gettext("the class is not derived from Airflow's BaseNotifier"))  # noqa: TRY301  caught below
        own: Any = {**context, **{name: getattr(notifier, name) for name in notifier.template_fields}}
        notifier.render_template_fields(own)
        rendered = {name: getattr(notifier, name) for name in notifier.template_fields}
        notifier.notify(own)
    except Exception as error:
        # An error often shows an argument, such as a webhook's address. So does a traceback, so none is kept.
        texts = [*_find_texts(setting, "class"), *_find_texts(rendered)]
        redact = Redactor(part for text in texts for part in _find_secrets(text))
        cause = neutralise(redact(f"{type(error).__name__}: {error}"), 300)
        raise SettingsError(
            gettext(
                "The notifier does not work: %(cause)s. %(variable)s holds an object such as %(example)s. Correct it or "
                "the connection that it names, or install its provider, on all workers.",
                cause=cause,
                variable=variables.NOTIFIER.name,
                example=_EXAMPLE,
            )
        ) from None


def _find_texts(value: object, *left_out: str) -> Iterator[str]:
    """Yield every text in a JSON value, except those under the names in `left_out`."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        for name, item in value.items() if isinstance(value, dict) else enumerate(value):
            if name not in left_out:
                yield from _find_texts(item)


def _find_secrets(argument: str) -> list[str]:
    """What must not be shown of an argument: all of it, and of an address its user and each part after the host.

    Errors may show such parts alone. A template is no secret.
    """
    address = argument.partition("://")[2]
    if not address and "{{" in argument:
        return []
    end = next((place for place, sign in enumerate(address) if sign in "/?#"), len(address))
    host, path = address[:end], address[end:]
    user = host.rpartition("@")[0]
    parts = [argument, path, *_ENDS.split(path), user, *user.split(":")]
    return [form for part in parts for form in (part, unquote(part)) if len(form) > 3]
