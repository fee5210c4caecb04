"""The work of the operators. It is imported when a task runs, as parsing a DAG file needs none of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec
from airflow.sdk.exceptions import AirflowSkipException

from oduyo_provider.core.errors import SettingsError
from oduyo_provider.core.language import gettext
from oduyo_provider.core.params import RunParams
from oduyo_provider.core.plan import OnMissing
from oduyo_provider.core.record import Resource
from oduyo_provider.core.redact import neutralise
from oduyo_provider.core.report import WRITES, Report
from oduyo_provider.core.values.text import MAX_EXACT_FLOAT
from oduyo_provider.hooks.environment import is_mapped, open_oduyo, read_step
from oduyo_provider.observability.asset import publish
from oduyo_provider.observability.metrics import count_report, counting
from oduyo_provider.operators.chain import check_chain
from oduyo_provider.sync.runtime.event_loop import run_async
from oduyo_provider.sync.staging.manifests import Reference
from oduyo_provider.sync.steps.load import load
from oduyo_provider.sync.steps.one_task import sync_rows
from oduyo_provider.sync.steps.plan_checks import check_delivered

#: Called with the number of records written, also if the task then fails.
OnWritten = Callable[[int], None]


def apply_plan(
    resource: Resource, plan: object, conn_id: str | None, context: Mapping[str, Any], on_written: OnWritten
) -> Reference:
    """Apply a plan that was made before; returns load's reference, with the counts.

    :param plan: what guard returned, or its ``plans``: the references to all partitions.
    :raises SettingsError: it is not what the steps before made last.
    :raises AirflowSkipException: nothing may be written, as in a dry run.
    """
    step = read_step(context)
    check_chain(context, step)
    references, why_not = read_references(plan), plan.get("why_not") if isinstance(plan, dict) else ""
    if step.params.dry_run:  # somebody may have set it after guard passed the plan
        references, why_not = [], gettext("dry_run is on")
    if not references:
        raise AirflowSkipException(
            gettext(
                "Nothing is sent: %(why)s. The plan is in the log of guard.",
                why=why_not or gettext("there is no plan to apply"),
            )
        )
    hook = open_oduyo(conn_id)

    async def work() -> Reference:
        async with hook.client(resource) as client:
            with counting(client, context):
                return await load(step, references, client, hook.settings)

    reference = run_async(work())
    on_written(sum(reference["figures"].get(name, 0) for name in WRITES))
    # Also if the task fails now: it tells report that load ended and was not cut off.
    context["ti"].xcom_push("return_value", reference)
    check_delivered(reference)
    return reference


def read_references(plan: object) -> list[Reference]:
    """The references to all partitions of a plan, from what guard returned."""
    found = plan.get("plans") if isinstance(plan, dict) else plan
    if not isinstance(found, Sequence) or isinstance(found, str) or not all(isinstance(item, dict) for item in found):
        raise SettingsError(
            gettext("plan takes what the task guard returned: give the operator the output of that task.")
        )
    return [dict(item) for item in found]


def sync_given_rows(
    resource: Resource,
    rows: list[dict[str, object]],
    params: RunParams,
    conn_id: str | None,
    context: Mapping[str, Any],
    on_written: OnWritten,
) -> dict[str, Any]:
    """Do a whole run with these rows; returns the report.

    :raises SettingsError: the task is mapped, and ``on_missing`` is not ``keep``.
    """
    if is_mapped(context) and params.on_missing is not OnMissing.KEEP:
        raise SettingsError(
            gettext(
                "This task is mapped, so each of its instances knows only some of the rows, and the records of the "
                "others would look missing: on_missing=%(on_missing)s is not possible. Give all rows to one task, or "
                "leave on_missing at keep.",
                on_missing=params.on_missing.value,
            )
        )

    def note(made: Report) -> None:
        on_written(0 if made.dry_run else made.writes)
        count_report(made, context)

    hook, step = open_oduyo(conn_id), read_step(context, params)
    client = hook.client(resource)
    with counting(client, context):
        made = run_async(sync_rows(step, rows, client, hook.settings, on_report=note))
    publish(made, context)
    return msgspec.structs.asdict(made)


def read_rows(rows: object, columns: object = None) -> list[dict[str, object]]:
    """Rows as dicts by field name.

    :param rows: a list of dicts or tuples, or a JSON text of one, as a rendered template gives it.
    :param columns: the field names of rows that are tuples, in their order.
    :raises SettingsError: naming the row that cannot be read.
    """
    if isinstance(rows, str):
        try:
            rows = json.loads(rows, parse_float=Decimal)  # keeps all digits of an amount
        except ValueError as error:
            raise SettingsError(
                gettext(
                    "rows is a text that is no JSON (%(error)s): pass other_task.output, or a list of rows.",
                    error=error,
                )
            ) from error
    if not isinstance(rows, Sequence):
        raise SettingsError(
            gettext("rows is a %(type)s: it takes a list of rows, each a dict by field name.", type=type(rows).__name__)
        )
    names = _read_columns(columns)
    # The slice fetches all rows of a mapped task in one request; iterating makes one request for each row.
    return [_read_row(row, number, names) for number, row in enumerate(rows[:], 1)]


def _read_columns(columns: object) -> list[str] | None:
    if columns is None:
        return None
    if isinstance(columns, str) or not (
        isinstance(columns, Sequence)
        and all(isinstance(name, str) for name in columns)
        and len({*columns}) == len(columns)  # of two values with one name, one would be lost
    ):
        raise SettingsError(
            gettext(
                "columns is %(columns)s: it takes a list of field names, each of them once.",
                columns=neutralise(repr(columns), 80),
            )
        )
    return list(columns)


def _read_row(row: object, number: int, columns: list[str] | None) -> dict[str, object]:
    if isinstance(row, dict) and columns is None and all(isinstance(name, str) for name in row):
        return {name: _read_value(value) for name, value in row.items()}
    if isinstance(row, (list, tuple)) and columns is not None and len(row) == len(columns):
        return {name: _read_value(value) for name, value in zip(columns, row, strict=True)}
    raise SettingsError(_explain_row(row, columns, {"number": number, "row": neutralise(repr(row), 80)}))


def _read_value(value: object) -> object:
    """Return a large decimal number as a float if it may have been one; any other value as it is.

    XCom writes decimal numbers as floats and reads them back as decimals. As a float, a key that may have lost
    digits is rejected. An amount stays the same number.
    """
    if isinstance(value, Decimal) and value.is_finite() and value.copy_abs() > MAX_EXACT_FLOAT:
        number = float(value)
        return number if Decimal(repr(number)) == value else value
    return value


def _explain_row(row: object, columns: list[str] | None, what: dict[str, object]) -> str:
    """Say why a row cannot be read."""
    if isinstance(row, dict):
        if columns is None:
            return gettext("Row %(number)s of rows is %(row)s: each row is a dict whose keys are field names.", **what)
        return gettext(
            "Row %(number)s of rows is %(row)s: a dict names its fields by itself, so leave columns out.", **what
        )
    if not isinstance(row, (list, tuple)):
        return gettext(
            "Row %(number)s of rows is %(row)s: each row is a dict whose keys are field names, or a tuple.", **what
        )
    if columns is None:
        return gettext(
            "Row %(number)s of rows is %(row)s: name the fields of tuples with columns=[…], in their order.", **what
        )
    return gettext(
        "Row %(number)s of rows is %(row)s: columns does not fit it (values: %(values)s, field names in columns: %(fields)s).",
        values=len(row),
        fields=len(columns),
        **what,
    )
