"""Makes the trigger form from the declarations of the params."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from airflow.sdk import Param as FormField

from oduyo_provider.core.declaration import Param
from oduyo_provider.core.params import PARAMS
from oduyo_provider.core.variables import Variable
from oduyo_provider.hooks.environment import read_defaults


def build_form(queries: Sequence[str], variable: Variable) -> dict[str, FormField]:
    """The params of a DAG, with title, explanation and choices.

    :param queries: the names that ``erp_query`` can take.
    :param variable: the environment variable that sets other defaults.
    :raises SettingsError: the variable cannot be used. Airflow shows the text as the DAG's import error.
    """
    defaults = read_defaults(queries, variable)
    form = {param.name: _build_field(param.translated(), defaults[param.name]) for param in PARAMS}
    form["erp_query"].schema["enum"] = list(queries)
    return form


def _build_field(param: Param, default: Any) -> FormField:
    schema: dict[str, Any] = {"type": param.json_type, "minimum": param.minimum, "maximum": param.maximum}
    if param.choices:
        schema["enum"] = list(param.choices)
        schema["values_display"] = {value: f"{value}: {words}" for value, words in param.choices.items()}
    given = {name: value for name, value in schema.items() if value is not None}
    return FormField(default, title=param.title, description=param.description, section=param.section or None, **given)
