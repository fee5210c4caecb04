"""Habits of writes: what is refused, done otherwise than it is answered, or done twice."""

from __future__ import annotations

from typing import ClassVar, Literal

from sandbox.oduyo.habits.base import Call, Habit, Habits, Status, Subject
from sandbox.oduyo.resources import Resource


class Ignore(Habit, frozen=True, kw_only=True):
    """A CALL (update, create, delete, deactivate, write) is answered yes and does nothing; or does not set FIELDS.

    An ignored deactivation sets all but the status.
    """

    main: ClassVar[str] = "call"
    call: Call = "update"
    fields: tuple[str, ...] = ()


class Refuse(Habit, frozen=True, kw_only=True):
    """Writes of records with these KEYS are refused with MESSAGE and STATUS (404, 200, …)."""

    main: ClassVar[str] = "keys"
    call: Call = "write"
    status: Status = 404
    message: str = "Bu kayıt kabul edilmedi"


class RowFails(Habit, frozen=True, kw_only=True):
    """Writes of records with these KEYS get a web page with STATUS 500, WHERE before or after they are done."""

    main: ClassVar[str] = "keys"
    call: Call = "write"
    status: Status = 500
    where: Literal["before", "after"] = "before"


class Twice(Habit, frozen=True, kw_only=True):
    """A create makes two records and NAMES the first or the last of them."""

    main: ClassVar[str] = "names"
    call: Call = "create"
    names: Literal["first", "last"] = "first"


class GoneSays(Habit, frozen=True, kw_only=True):
    """An update or delete of a record that is gone is answered no with MESSAGE and STATUS."""

    main: ClassVar[str] = "message"
    call: Call = "write"
    status: Status = 404
    message: str = "No record found for this ID"


class GoneIsYes(Habit, frozen=True, kw_only=True):
    """A CALL (write, update, delete) to a record that is gone is answered yes."""

    main: ClassVar[str] = "call"
    call: Call = "write"


class UnchangedIsNo(Habit, frozen=True, kw_only=True):
    """An update that changes no value is answered no, as by a site that counts the rows that it changed."""

    main: ClassVar[str] = "message"
    call: Call = "update"
    message: str = ""


class Unique(Habit, frozen=True, kw_only=True):
    """A second create with the same value of the field BY is refused, or updates the record: HOW refuse or update."""

    main: ClassVar[str] = "how"
    call: Call = "create"
    how: Literal["refuse", "update"] = "refuse"
    by: str = "integration_id"
    status: Status = 404
    message: str = "Bu kayıt zaten mevcut"


class CreateText(Habit, frozen=True, kw_only=True):
    """A create is answered with ANSWER, in which {id} is the new id."""

    main: ClassVar[str] = "answer"
    call: Call = "create"
    answer: str = "Kayıt eklendi"


class WrongId(Habit, frozen=True, kw_only=True):
    """A create's answer names an id that is BY off, as of a site that asks for the highest one."""

    main: ClassVar[str] = "by"
    call: Call = "create"
    by: int = -1


class SoftDelete(Habit, frozen=True, kw_only=True):
    """A delete makes the record passive and leaves it there."""

    call: Call = "delete"


class StrictStatus(Habit, frozen=True, kw_only=True):
    """A status that is none of the resource's two words is refused with MESSAGE and STATUS."""

    main: ClassVar[str] = "message"
    call: Call = "write"
    status: Status = 404
    message: str = "Geçersiz durum"


def find_refusal(
    habits: Habits, subject: Subject, column: dict[str, str], resource: Resource
) -> Refuse | StrictStatus | None:
    """The habit that refuses this write."""
    if (refuse := habits.pick(Refuse, subject)) is not None:
        return refuse
    is_known = column.get("status", "") in ("", resource.in_use, resource.passive)
    return None if is_known else habits.pick(StrictStatus, subject)


def compute_ignored(habits: Habits, subject: Subject) -> set[str] | None:
    """The fields that this write does not set; None when it does nothing at all."""
    ignored: set[str] = set()
    for habit in habits.pick_all(Ignore, subject):
        if habit.call == "deactivate":
            ignored.update(habit.fields or ("status",))
        elif not habit.fields:
            return None
        else:
            ignored.update(habit.fields)
    return ignored
