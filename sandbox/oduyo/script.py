"""A script: what a person does when a certain call comes, e.g. between the caller's look and its write.

``{"at": {"call": "update", "number": 3}, "do": {"do": "edit", "id": "it", "fields": {"note": "x"}}}`` edits the record that
the third update is about, when that update has arrived and before it is carried out.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

import msgspec

from sandbox.oduyo.habits.base import Call, Habit, Positive, Subject
from sandbox.oduyo.person import AnyAct, Person

#: As an act's ``id``: the record that the call is about.
IT = "it"


class Moment(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When a scripted act is done.

    :param call: the call; ``write`` means create, update and delete.
    :param number: the how-manieth of these calls, from 1, counted from when the script was given.
    :param when: before the call is carried out, or after it and before it is answered.
    :param ids: count only calls about records with these ids.
    :param keys: count only calls about records whose ``integration_id`` looks so.
    """

    call: Call = "write"
    number: Positive = 1
    when: Literal["before", "after"] = "before"
    ids: tuple[str, ...] = ()
    keys: str = "*"


class Step(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One act of a script."""

    at: Moment
    do: AnyAct


class Waiting(msgspec.Struct):
    """A step that is still to come.

    :param about: selects the calls that count.
    :param seen: how many of them have come.
    """

    step: Step
    about: Habit
    seen: int = 0


class Script:
    """The steps that are still to come."""

    def __init__(self, person: Person) -> None:
        self._person = person
        self._waiting: list[Waiting] = []

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self._waiting)

    def replace(self, steps: Iterable[object]) -> None:
        """Replace the script; counts start anew.

        :raises ValueError: a step is malformed; nothing is changed.
        """
        try:
            parsed = [msgspec.convert(step, Step) for step in steps]
        except msgspec.ValidationError as error:  # no ValueError before msgspec 0.21
            raise ValueError(str(error)) from error
        for step in parsed:
            self._person.check(step.do)
        self._waiting = [Waiting(step, Habit(call=step.at.call, ids=step.at.ids, keys=step.at.keys)) for step in parsed]

    def fetch(self) -> list[dict[str, Any]]:
        """The steps that are still to come, each with how many of its calls have come."""
        return [{**msgspec.to_builtins(waiting.step), "seen": waiting.seen} for waiting in self._waiting]

    def count(self, subject: Subject) -> list[Step]:
        """A request has come: the steps whose moment it is."""
        for waiting in self._waiting:
            waiting.seen += waiting.about.is_about(subject)
        due = [waiting.step for waiting in self._waiting if waiting.seen >= waiting.step.at.number]
        self._waiting = [waiting for waiting in self._waiting if waiting.seen < waiting.step.at.number]
        return due

    def play(self, steps: Iterable[Step], when: Literal["before", "after"], *, request: int, record_id: str) -> None:
        """Do those of ``steps`` whose time it is; what cannot be done stands in the journal of acts."""
        for step in steps:
            if step.at.when != when:
                continue
            act = msgspec.structs.replace(step.do, id=record_id) if step.do.id == IT else step.do
            try:
                self._person.act(act, request=request)
            except ValueError as error:
                self._person.note_failure(act, error, request=request)
