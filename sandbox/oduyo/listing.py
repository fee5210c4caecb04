"""A list call's body, read strictly and turned into SQL.

Conditions are joined in their order with AND, or with OR where the operator has that prefix; as in SQL, AND binds
closer. Column names in the SQL come from the resource's own table, values are always bound.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from sandbox.oduyo.database import SqlValue
from sandbox.oduyo.readings import Compare, Readings
from sandbox.oduyo.resources import Resource

COMPARISONS = ("=", "<>", ">", ">=", "<", "<=")
MEMBERSHIPS = ("IN", "NOT IN")
#: Operator to (SQL operator, before the value, after the value).
LIKES = {
    "LIKE": ("LIKE", "%", "%"),
    "NOT LIKE": ("NOT LIKE", "%", "%"),
    "LIKE AFTER": ("LIKE", "", "%"),
    "LIKE BEFORE": ("LIKE", "%", ""),
    "LIKE NONE": ("LIKE", "", ""),
}
LARGEST_ID = 2**63 - 1


class BadRequestError(Exception):
    """The request breaks the documentation; the text says how. The answer is a 400."""


class Query(msgspec.Struct, frozen=True):
    """A list call as SQL: the columns to return, the condition with its values, the order and the window."""

    columns: tuple[str, ...]
    where: str
    values: tuple[SqlValue, ...]
    order: str
    limit: int
    offset: int


def parse_query(body: Mapping[str, object], resource: Resource, readings: Readings) -> Query:
    """Read a list call's body.

    :raises BadRequestError: it is not as documented.
    """
    if unknown := body.keys() - {"filters", "params", "limit", "offset", "sorting"}:
        raise BadRequestError(f"unknown part {', '.join(sorted(unknown))}")
    limit, offset = _parse_count(body, "limit"), _parse_count(body, "offset")
    if limit < 1:
        raise BadRequestError("limit must be at least 1")
    where, values = _parse_filters(body.get("filters", ""), resource, readings)
    if readings.offset_meaning == "start_id":
        where, values, offset = f"({where}) AND id >= ?", (*values, offset), 0
    return Query(
        columns=_parse_columns(body.get("params", ""), resource),
        where=where,
        values=values,
        order=_parse_sorting(body.get("sorting", ""), resource, readings.ordering),
        limit=min(limit, readings.list_cap or limit),
        offset=offset,
    )


def _parse_count(body: Mapping[str, object], name: str) -> int:
    value = body.get(name)
    if not isinstance(value, str) or not value.isascii() or not value.isdigit():
        raise BadRequestError(f"{name} is required and is digits in text")
    return min(int(value), LARGEST_ID) if len(value) < 30 else LARGEST_ID


def _parse_columns(params: object, resource: Resource) -> tuple[str, ...]:
    if params == "":
        return resource.columns
    if not isinstance(params, dict) or params.keys() != {"colums"} or not isinstance(params["colums"], list):
        raise BadRequestError('params is "" or {"colums": [...]}')
    names = params["colums"]
    if not names or any(name not in resource.columns for name in names):
        raise BadRequestError("params names an unknown column, or none")
    return tuple(names)


def _parse_sorting(sorting: object, resource: Resource, compare: Compare) -> str:
    if sorting == "":
        return "id"
    if not isinstance(sorting, list):
        raise BadRequestError('sorting is "" or a list')
    terms = []
    for entry in sorting:
        if not isinstance(entry, dict) or entry.keys() != {"field", "sort"}:
            raise BadRequestError("an entry of sorting has field and sort")
        if entry["field"] not in resource.columns or entry["sort"] not in ("ASC", "DESC"):
            raise BadRequestError("sorting names an unknown field or direction")
        terms.append(f"{_compute_operand(entry['field'], compare)} {entry['sort']}")
    return ", ".join([*terms, "id"])


def _parse_filters(filters: object, resource: Resource, readings: Readings) -> tuple[str, tuple[SqlValue, ...]]:
    if filters in ("", []):
        return "1", ()
    if not isinstance(filters, list):
        raise BadRequestError('filters is "" or a list')
    parts: list[str] = []
    values: list[SqlValue] = []
    for entry in filters:
        if not isinstance(entry, dict) or entry.keys() != {"field", "operator", "value"}:
            raise BadRequestError("a filter has field, operator and value")
        field, operator = entry["field"], entry["operator"]
        if field not in resource.columns or not isinstance(operator, str):
            raise BadRequestError("a filter names an unknown field or operator")
        plain = operator.removeprefix("OR ")
        if parts:
            parts.append("AND" if plain == operator else "OR")
        condition, bound = _compute_condition(field, plain, entry["value"], readings)
        parts.append(condition)
        values.extend(bound)
    return " ".join(parts), tuple(values)


def _compute_condition(field: str, operator: str, value: object, readings: Readings) -> tuple[str, list[SqlValue]]:
    operand = _compute_operand(field, readings.filtering)
    is_loose = field != "id" and readings.text_compare == "loose" and operator in ("=", "<>", *MEMBERSHIPS)
    mark = "loosen(?)" if is_loose else "?"
    operand = f"loosen({operand})" if is_loose else operand
    if operator in MEMBERSHIPS:
        # The documentation does not say how several values are written, so both forms pass.
        members = value.split(",") if isinstance(value, str) else value
        if not isinstance(members, list) or not members or not all(isinstance(member, str) for member in members):
            raise BadRequestError(f"the value of {operator} is text, or a list of texts")
        marks = ", ".join([mark] * len(members))
        bound = [_compute_value(field, member.strip(), readings.filtering) for member in members]
        return f"{operand} {operator} ({marks})", bound
    if not isinstance(value, str):
        raise BadRequestError("a filter's value is text")
    if operator in COMPARISONS:
        return f"{operand} {operator} {mark}", [_compute_value(field, value, readings.filtering)]
    if operator in LIKES:
        word, before, after = LIKES[operator]
        escaped = value.replace("!", "!!").replace("%", "!%").replace("_", "!_")
        return f"{_compute_operand(field, 'text')} {word} ? ESCAPE '!'", [f"{before}{escaped}{after}"]
    raise BadRequestError("a filter names an unknown operator")


def _compute_operand(field: str, compare: Compare) -> str:
    if field == "id":
        return "id" if compare == "number" else "CAST(id AS TEXT)"
    return "coalesce(note, '')" if field == "note" else field


def _compute_value(field: str, value: str, compare: Compare) -> SqlValue:
    if field != "id" or compare == "text":
        return value
    digits = value.strip()
    if not digits.isascii() or not digits.isdigit():
        return 0
    return int(digits) if len(digits) < 19 else LARGEST_ID
