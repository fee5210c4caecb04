"""Runs the ERP's query and reads its rows in batches, through any Airflow database hook.

On PostgreSQL (psycopg2 and psycopg 3) the rows come through a server-side cursor in a read-only transaction, so memory
does not grow with the table. Other drivers are asked for one batch at a time, and may buffer more.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from oduyo_provider.core.errors import SourceError
from oduyo_provider.core.language import gettext
from oduyo_provider.core.record import Resource
from oduyo_provider.core.values.invalid import show_value
from oduyo_provider.erp.cursor import DatabaseHook, QueryCursor
from oduyo_provider.erp.statement import parse_statement
from oduyo_provider.erp.waiting import WaitLimits

DEFAULT_BATCH_ROWS = 2000
DEFAULT_LIMITS = WaitLimits()


@contextmanager
def fetch_rows(
    hook: DatabaseHook,
    query: str,
    *,
    resource: Resource,
    query_name: str = "the query",
    batch_rows: int = DEFAULT_BATCH_ROWS,
    limits: WaitLimits = DEFAULT_LIMITS,
) -> Iterator[QueryCursor]:
    """Run ``query`` and give its rows. The connection is closed at the end, whatever happens.

    ``with fetch_rows(hook, query, resource=SPECIAL_CODE) as rows:`` gives ``rows.columns``, then ``for batch in rows``
    lists of ``{field name: raw value}``. The query is sent without parameters, so ``%`` needs no doubling. The log says
    when the database is asked and, at intervals (``limits.say_s``), that it has not answered yet. Each wait is limited.

    :param hook: an Airflow hook whose ``get_conn()`` gives a PEP 249 connection; see :func:`check_hook`.
    :param query: one SELECT whose column aliases are field names of ``resource``.
    :param resource: its fields are the allowed and the required columns.
    :param query_name: the query's file name, for messages.
    :param batch_rows: rows fetched at a time.
    :param limits: how long the database may take.
    :raises SourceError: the query, its columns, the login or the driver are wrong.
    :raises SourceUnavailableError: the database refused or lost the connection, is too busy, or gave no answer in time.
    """
    text = parse_statement(query, query_name)
    cursor = QueryCursor(hook, query_name, limits, batch_rows)
    try:
        cursor.open(text)
        cursor.columns = match_columns(cursor.names, resource, query_name)
        yield cursor
    finally:
        cursor.close()


def check_hook(hook: object, conn_id: str) -> None:
    """Raise :class:`SourceError` unless ``hook`` is a database hook (``DbApiHook``, or one with its methods)."""
    if not all(callable(getattr(hook, name, None)) for name in ("get_conn", "get_records", "run")):
        raise SourceError(
            gettext(
                "Connection %(conn_id)s gives a %(type)s, which reads no database. Give it the type of the ERP's "
                "database (Postgres, Microsoft SQL Server, Oracle, ODBC, …), or name another connection in ERP_CONN_ID, "
                "then run again.",
                conn_id=repr(conn_id),
                type=type(hook).__name__,
            )
        )


def match_columns(names: Sequence[str], resource: Resource, query_name: str = "the query") -> tuple[str, ...]:
    """The field names of a result's columns, in the same order.

    Blanks around a name and the case of its letters do not count, as Oracle gives upper-case names. A name with
    letters beyond ASCII is left as it is: no field has one, and ``"İ".lower()`` is two characters.

    :raises SourceError: required columns are missing, or columns are unknown or come twice; one message for all.
    """
    fields = {field.name: field.required for field in resource.fields}
    found = [fold_name(name) for name in names]
    unknown = [name for name, field in zip(names, found, strict=True) if field not in fields]
    twice = sorted({field for field in found if field in fields and found.count(field) > 1})
    missing = [field for field, required in fields.items() if required and field not in found]
    faults = [
        gettext("it returns no column %(names)s", names=_list(missing)) if missing else "",
        gettext("it returns %(names)s, which no field is called", names=_list(unknown)) if unknown else "",
        gettext("it returns %(names)s more than once", names=_list(twice)) if twice else "",
    ]
    if any(faults):
        raise SourceError(
            gettext(
                "The columns of %(query)s do not fit: %(faults)s. Name them in the SELECT list by alias (kod AS code) and leave "
                "out what has no field, then run again. The fields of %(resource)s are: %(fields)s.",
                query=query_name,
                faults="; ".join(filter(None, faults)),
                resource=resource.name,
                fields=", ".join(fields),
            )
        )
    return tuple(found)


def fold_name(name: str) -> str:
    """The field name that a column's name means, if it means one."""
    name = name.strip()
    return name.lower() if name.isascii() else name


def _list(names: Sequence[str]) -> str:
    return ", ".join(f'"{show_value(name)}"' for name in names)
