"""All habits by name, as the command line, the control plane and a test give them."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterable, Mapping
from typing import Any, Union

import msgspec

from sandbox.oduyo.habits import fields, lists, pace, sessions, wire, writes
from sandbox.oduyo.habits.base import Habit, compute_name

GROUPS: dict[str, tuple[type[Habit], ...]] = {
    "keys and texts": (
        *(fields.Cut, fields.Pad, fields.Number, fields.Places),
        *(fields.Case, fields.Escape, fields.Trim, fields.Letters),
    ),
    "lists and look-ups": (
        *(lists.FilterBlind, lists.FilterIgnored, lists.SortingIgnored, lists.Hide, lists.NoList, lists.EmptyAs),
        *(lists.OneAsObject, lists.PageFails, lists.Numbers, lists.ZeroDates, lists.NullsLeftOut, lists.MoreFields),
    ),
    "writes": (
        *(writes.Ignore, writes.Refuse, writes.RowFails, writes.Twice, writes.GoneSays, writes.GoneIsYes),
        *(writes.UnchangedIsNo, writes.Unique, writes.CreateText, writes.WrongId),
        *(writes.SoftDelete, writes.StrictStatus),
    ),
    "sessions": (*(sessions.DeadSession, sessions.SessionCalls, sessions.Cookie, sessions.Nodes, sessions.LoginFails),),
    "pace": (pace.Pace, pace.OneAtATime, pace.ClockOff),
    "wire": (wire.Charset, wire.Bom, wire.Notice, wire.Firewall, wire.LongHeader, wire.Framing),
}
#: Name → kind.
HABITS: dict[str, type[Habit]] = {compute_name(kind.__name__): kind for kinds in GROUPS.values() for kind in kinds}
# A union that is known at run time only.
_ANY: Any = Union[tuple(HABITS.values())]  # noqa: UP007  made at run time


def parse_habit(given: object) -> Habit:
    """One habit: text as on the command line, or a mapping of its fields with its name as ``habit``.

    :raises ValueError: there is no such habit, or it does not take the value; the text says which.
    """
    if isinstance(given, Habit):
        return given
    content = _parse_text(given) if isinstance(given, str) else given
    name = content.get("habit") if isinstance(content, Mapping) else None
    if name not in HABITS:
        raise ValueError(f"there is no habit {name!r}; there are {', '.join(HABITS)}")
    try:
        habit: Habit = msgspec.convert(content, _ANY)
    except msgspec.ValidationError as error:  # no ValueError before msgspec 0.21
        raise ValueError(f"habit {name}: {error}") from error
    return habit


def parse_habits(given: Iterable[object]) -> tuple[Habit, ...]:
    """Several habits. See :func:`parse_habit`."""
    return tuple(map(parse_habit, given))


def _parse_text(text: str) -> dict[str, object]:
    name, sign, value = text.partition("=")
    kind = HABITS.get(name)
    if not sign or kind is None:
        return {"habit": name}
    if value.startswith("{"):
        try:
            return {"habit": name, **json.loads(value)}
        except ValueError as error:
            raise ValueError(f"habit {name}: {value} is no JSON object: {error}") from error
    if not kind.main:
        raise ValueError(f"habit {name} takes no value, only an object of fields")
    return {"habit": name, kind.main: _parse_value(kind, value)}


def _parse_value(kind: type[Habit], value: str) -> object:
    field = next(field for field in msgspec.structs.fields(kind) if field.name == kind.main)
    if isinstance(field.default, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def describe_habits() -> str:
    """The table of all habits: name, value, and what it does, one line each."""
    lines = []
    for group, kinds in GROUPS.items():
        lines.append(f"{group}:")
        for kind in kinds:
            head = compute_name(kind.__name__) + (f"={kind.main.upper()}" if kind.main else "")
            first = (inspect.getdoc(kind) or "").splitlines()[0]
            lines.append(f"  {head:<26}{first}")
    return "\n".join(lines)
