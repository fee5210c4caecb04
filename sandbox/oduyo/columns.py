"""The body of a write, read strictly, and what is stored of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import parse_qsl

import msgspec

from sandbox.oduyo.habits.base import Subject
from sandbox.oduyo.habits.fields import FieldHabit, alter
from sandbox.oduyo.habits.lists import ZeroDates
from sandbox.oduyo.listing import LARGEST_ID, BadRequestError
from sandbox.oduyo.resources import STAMPS, Resource
from sandbox.oduyo.state import State

DATETIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", re.ASCII)
ZERO_DATE = "0000-00-00 00:00:00"


def parse_sent(call: str, body: bytes) -> object:
    """A body decoded: a form for login, JSON for the rest; None when it cannot be."""
    try:
        if call == "login":
            return dict(parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True))
        return msgspec.json.decode(body)
    except (ValueError, msgspec.MsgspecError, RecursionError):
        return None


def parse_column(body: Mapping[str, object], resource: Resource, call: str, state: State) -> dict[str, str]:
    """The column of a create, update or delete.

    :raises BadRequestError: it is not as documented.
    """
    column = body.get("column")
    if body.keys() != {"column"} or not isinstance(column, dict) or not column:
        raise BadRequestError('the body is {"column": {...}}, and the column is not empty')
    # An update may send back a record as it was listed, with what only the server sets otherwise.
    allowed = {"create": set(resource.fields), "update": {"id", *resource.stored}, "delete": {"id"}}[call]
    if call != "create" and "id" not in column:
        raise BadRequestError(f"{call} needs the id")
    if unknown := column.keys() - allowed:
        raise BadRequestError(f"unknown field {', '.join(sorted(unknown))}")
    for name, value in column.items():
        if not isinstance(value, str):
            raise BadRequestError(f"{name} is not text: all values are strings")
        if name in (*resource.datetimes, *STAMPS) and not (is_datetime(value) or _is_blank(value, state)):
            raise BadRequestError(f"{name} does not look like YYYY-MM-DD HH:MM:SS")
    return dict(column)


def _is_blank(value: str, state: State) -> bool:
    if value == ZERO_DATE:
        return bool(state.habits.find(ZeroDates))
    return value == "" and state.readings.accepts_empty_datetime


def is_datetime(value: str) -> bool:
    """Whether the text is a moment as the API writes it."""
    if not DATETIME.fullmatch(value):
        return False
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


def parse_id(text: str) -> int:
    """An id as a number; 0, which no record has, for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < len(str(LARGEST_ID)) else 0


def compute_stored(
    column: Mapping[str, str], resource: Resource, call: str, state: State, subject: Subject
) -> dict[str, str | None]:
    """The columns that a create or an update sets: wiped, altered, cut and stamped as readings and habits want it."""
    readings = state.readings
    stored: dict[str, str | None] = dict(column)
    if call == "update" and not readings.update_keeps_absent:
        stored = {name: column.get(name, "") for name in resource.stored if name != "created_in" or name in column}
        stored["note"] = column.get("note")
    if state.habits:
        alter(stored, state.habits.pick_all(FieldHabit, subject), resource.texts)
    for name, length in readings.silently_cut.items():
        if (value := stored.get(name)) is not None:
            stored[name] = value[:length]
    for name in STAMPS if call == "create" else ("updated_in",):
        if readings.stamps == "always" or not column.get(name):
            stored[name] = state.clock.stamp()
    if call == "update" and readings.stamps == "always":
        stored.pop("created_in", None)
    return stored
