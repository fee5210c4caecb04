"""Reads from Airflow's context and environment what a run needs: its files, params and connections.

DAG files are parsed with this module, so imports that only a connection needs stand where it is opened.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from oduyo_provider.core import variables
from oduyo_provider.core.errors import SettingsError
from oduyo_provider.core.language import check_language, gettext
from oduyo_provider.core.params import PARAMS, RunParams, parse_params, read_given
from oduyo_provider.core.partition import MAX_BUCKETS
from oduyo_provider.core.resources import RESOURCES
from oduyo_provider.core.values.invalid import show_value
from oduyo_provider.core.variables import Variable
from oduyo_provider.sync.staging.folder import staging_root
from oduyo_provider.sync.staging.run_folder import Run, name_attempt

if TYPE_CHECKING:
    from oduyo_provider.erp.cursor import DatabaseHook
    from oduyo_provider.hooks.oduyo import OduyoHook
    from oduyo_provider.sync.steps.context import StepContext

#: Beginning of the ids of manual runs that ``airflow tasks test`` makes for one task; a scheduler may run them whole.
_TEMPORARY_RUN = "__airflow_temporary_run_"


def is_mapped(context: Mapping[str, Any]) -> bool:
    """Whether the task is one instance of a mapped task."""
    index = context["ti"].map_index
    return index is not None and index >= 0


def read_params(context: Mapping[str, Any]) -> RunParams:
    """The run's params, checked.

    :raises SettingsError: a param is wrong, or Airflow has ignored what the run's conf sets.
    """
    way = gettext(
        "Set it to True, or set the param for all runs in the environment variable %(variable)s, and trigger the run without "
        "a conf.",
        variable=variables.PARAMS.name,
    )
    return parse_params(read_form(context, way))


def read_form(context: Mapping[str, Any], way: str) -> dict[str, Any]:
    """The values of the run's trigger form.

    :param way: a sentence on how to set a value if Airflow ignores the conf, for the error.
    :raises SettingsError: Airflow has ignored what the run's conf sets.
    """
    params, asked = dict(context["params"]), context["dag_run"].conf or {}
    ignored = [name for name, value in asked.items() if name not in params or params[name] != value]
    if ignored:
        raise SettingsError(
            gettext(
                "The run's conf sets %(names)s, but Airflow has not passed it on: here the setting [core] "
                "dag_run_conf_overrides_params is False. Nothing was read or written. %(way)s",
                names=", ".join(map(show_value, ignored)),
                way=way,
            )
        )
    return params


def read_defaults(queries: Sequence[str], variable: Variable) -> dict[str, Any]:
    """The params' defaults by name: the program's own, overridden by those of an environment variable.

    :param queries: the names that ``erp_query`` can take.
    :param variable: the environment variable; it holds a JSON object.
    :raises SettingsError: naming all faults of the variable; Airflow shows it as the DAG's import error.
    """
    given, params = _parse_defaults(variable)
    if for_one_run := [param.name for param in PARAMS if param.is_for_one_run and param.name in given]:
        raise SettingsError(
            gettext(
                "The environment variable %(variable)s sets %(names)s, which is for one run that somebody has looked at. Take it "
                "out there, and give it to that run when you trigger it.",
                variable=variable.name,
                names=", ".join(for_one_run),
            )
        )
    if "erp_query" not in given and params.erp_query not in queries and len(queries) == 1:
        params = msgspec.structs.replace(params, erp_query=queries[0])
    if params.erp_query not in queries:
        raise SettingsError(
            gettext(
                "There is no query %(query)s.sql in the DAG's folder of queries, only %(queries)s. Name one of them in the "
                "environment variable %(variable)s, as %(example)s, or add the file.",
                query=show_value(params.erp_query),
                queries=", ".join(queries) or gettext("none at all"),
                variable=variable.name,
                example='{"erp_query": "…"}',
            )
        )
    values = msgspec.to_builtins(params)
    kept = {*given, "erp_query"}
    return {param.name: values[param.name] if param.name in kept else param.default for param in PARAMS}


def _parse_defaults(variable: Variable) -> tuple[dict[str, Any], RunParams]:
    """The defaults in an environment variable: as written there, and as params."""
    try:
        given = msgspec.json.decode(variable.read(), type=dict[str, Any])
    except ValueError as error:
        raise SettingsError(
            gettext(
                "The environment variable %(variable)s is no JSON object (%(error)s). Write one into it, such as %(example)s, or "
                "unset it, on all machines of this Airflow.",
                variable=variable.name,
                error=error,
                example='{"on_missing": "deactivate"}',
            )
        ) from error
    params, faults = read_given(given)
    if faults:
        raise SettingsError(
            gettext(
                "The environment variable %(variable)s sets defaults that cannot be used: %(faults)s. Correct it on all machines.",
                variable=variable.name,
                faults="; ".join(faults),
            )
        )
    return given, params


def read_resources() -> list[str]:
    """The plural names of the resources that should have a DAG; special codes by default.

    :raises SettingsError: one of them is unknown.
    """
    known = [resource.plural for resource in RESOURCES]
    parts = variables.RESOURCES.read().split(",")
    named = [name for part in parts if (name := part.strip())] or [variables.RESOURCES.default]
    if unknown := [name for name in named if name not in known]:
        raise SettingsError(
            gettext(
                "The environment variable %(variable)s names %(names)s, which is no resource. Write some of %(known)s into it, "
                "on all machines of this Airflow.",
                variable=variables.RESOURCES.name,
                names=", ".join(map(show_value, unknown)),
                known=", ".join(known),
            )
        )
    return named


def read_retries() -> int:
    """How often a task of this project's DAGs is tried again.

    :raises SettingsError: the variable holds no whole number, or one out of bounds.
    """
    return _read_number(variables.RETRIES, 0, 100)


def read_buckets() -> int:
    """How many parts a large side is split into; raises like :func:`read_retries`."""
    return _read_number(variables.BUCKETS, 1, MAX_BUCKETS)


def _read_number(variable: Variable, lowest: int, largest: int) -> int:
    text = variable.read()
    if text.isdecimal() and lowest <= int(text) <= largest:
        return int(text)
    raise SettingsError(
        gettext(
            "%(variable)s is %(value)s: set it to a whole number from %(lowest)s to %(largest)s, or unset it.",
            variable=variable.name,
            value=repr(text),
            lowest=lowest,
            largest=largest,
        )
    )


def read_step(context: Mapping[str, Any], params: RunParams | None = None) -> StepContext:
    """The context that a step works with.

    :param params: of an operator in somebody else's DAG, whose task is a run of its own; None: those of the DAG's run.
    """
    from oduyo_provider.sync.steps.context import StepContext

    check_language()
    ti = context["ti"]
    task: tuple[str, ...] = ()
    source = str(ti.dag_id)
    if params is not None:
        task = (ti.task_id, str(ti.map_index)) if is_mapped(context) else (ti.task_id,)
        source = f"{ti.dag_id}/{ti.task_id}"
    checked = params or read_params(context)
    run_type = context["dag_run"].run_type
    return StepContext(
        run=Run(staging_root(), ti.dag_id, ti.run_id, name_attempt(ti.try_number), task),
        params=checked,
        source=checked.source or source,
        buckets=read_buckets(),
        is_manual=getattr(run_type, "value", run_type) == "manual" and not ti.run_id.startswith(_TEMPORARY_RUN),
        is_exempt=params is not None,
    )


def open_oduyo(conn_id: str | None = None) -> OduyoHook:
    """The hook of the given connection; None: of the one that the environment names."""
    from oduyo_provider.hooks.oduyo import OduyoHook

    return OduyoHook(conn_id or variables.ODUYO_CONN_ID.read())


def name_erp() -> str:
    """The id of the connection to the ERP."""
    return variables.ERP_CONN_ID.read()


def open_erp() -> DatabaseHook:
    """The hook of the ERP's database. Raises SettingsError without a hook, SourceError if it reads no database."""
    from oduyo_provider.erp.query import check_hook
    from oduyo_provider.hooks.connection import open_hook

    conn_id = name_erp()
    hook: DatabaseHook = open_hook(conn_id, gettext("the ERP's database (Postgres, Microsoft SQL Server, Oracle, …)"))
    check_hook(hook, conn_id)
    return hook
