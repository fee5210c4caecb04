"""A person at Ödüyo's panel: edits, deletes, makes and doubles records behind the back of whoever calls the API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from sandbox.oduyo.database import Clock
from sandbox.oduyo.records import Record, Records, Write
from sandbox.oduyo.resources import Resource

PERSON = "person"
SPECIAL_CODE = "erp_special_code"


class Act(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="do", tag=str.lower):
    """What a person does to one record.

    :param id: the record's id; in a script ``it`` means the record that the call is about.
    :param key: its ``integration_id`` instead; of several records the one with the lowest id.
    :param fields: field → value: to be set, or those of a new record; of a twin, those that differ.
    :param resource: the record's resource.
    """

    id: str | int = ""
    key: str = ""
    fields: dict[str, str | None] = {}
    resource: str = SPECIAL_CODE


class Edit(Act, frozen=True, kw_only=True):
    """Set some fields."""


class Delete(Act, frozen=True, kw_only=True):
    """Delete the record."""


class Create(Act, frozen=True, kw_only=True):
    """Make a record, with an ``integration_id`` or without one; ``id`` chooses its id."""


class Twin(Act, frozen=True, kw_only=True):
    """Make a second record with the values of this one."""


AnyAct = Edit | Delete | Create | Twin


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """An act as it was done.

    :param number: position in the order of acts, from 1.
    :param time: epoch seconds.
    :param request: number of the request at which it was done; 0 when it was done at once.
    :param do: ``edit``, ``delete``, ``create`` or ``twin``.
    :param id: the record that was changed or made; empty when there was none.
    :param before: the record before; None for one that was made.
    :param after: the record after; None for one that was deleted.
    :param error: why it could not be done.
    """

    number: int
    time: float
    request: int
    do: str
    resource: str
    id: str = ""
    before: Record | None = None
    after: Record | None = None
    error: str = ""


class Person:
    """Does acts, and keeps a journal of them."""

    def __init__(self, records: Records, clock: Clock, resources: Mapping[str, Resource]) -> None:
        self._records = records
        self._clock = clock
        self._resources = resources
        self._done: list[Done] = []

    def reset(self) -> None:
        """Forget the acts."""
        self._done.clear()

    def fetch_acts(self) -> list[Done]:
        """Every act that was done, oldest first."""
        return list(self._done)

    def note_failure(self, act: AnyAct, error: ValueError, *, request: int) -> None:
        """An act of a script could not be done."""
        self._note(act, request=request, error=str(error))

    def act(self, given: object, *, request: int = 0) -> str:
        """Do one act now; returns the id of the record.

        :raises ValueError: it is malformed, or there is no such record.
        """
        try:
            act = given if isinstance(given, AnyAct) else msgspec.convert(given, AnyAct)
        except msgspec.ValidationError as error:  # no ValueError before msgspec 0.21
            raise ValueError(str(error)) from error
        self.check(act)
        self._records.commit_due()
        if isinstance(act, Create):
            return self._make(act, act.fields, request)
        record_id, before = self._find(act)
        if isinstance(act, Twin):
            return self._make(act, {**before, **act.fields}, request)
        call: Literal["update", "delete"] = "delete" if isinstance(act, Delete) else "update"
        fields = {"updated_in": self._clock.stamp(), **act.fields}
        self._records.apply(Write(act.resource, call, record_id, fields, by=PERSON))
        self._note(act, request=request, record_id=record_id, before=before)
        return str(record_id)

    def check(self, act: AnyAct) -> None:
        """Whether the resource and its fields are there.

        :raises ValueError: they are not.
        """
        if act.resource not in self._resources:
            raise ValueError(f"there is no resource {act.resource}")
        columns = set(self._resources[act.resource].columns)
        if unknown := act.fields.keys() - columns | act.fields.keys() & {"id"}:
            raise ValueError(f"{act.resource} has no column {', '.join(sorted(unknown))} to edit")
        if nulls := {name for name, value in act.fields.items() if value is None and name != "note"}:
            raise ValueError(f"only a note may be null, not {', '.join(sorted(nulls))}")

    def _find(self, act: AnyAct) -> tuple[int, Record]:
        found = self._records.fetch_ids(act.resource, act.key) if act.key else [int(act.id or 0)]
        before = self._records.fetch_record(act.resource, found[0]) if found else None
        if before is None:
            raise ValueError(f"{act.resource} has no record {act.key or act.id}")
        return found[0], before

    def _make(self, act: AnyAct, fields: Mapping[str, str | None], request: int) -> str:
        chosen = {"id": str(act.id)} if act.id and isinstance(act, Create) else {}
        own = ("id", "created_in", "updated_in") if isinstance(act, Twin) else ()
        record = {name: value for name, value in fields.items() if name not in own or name in act.fields}
        (record_id,) = self._records.seed(act.resource, [{**record, **chosen}], by=PERSON)
        self._note(act, request=request, record_id=record_id)
        return str(record_id)

    def _note(
        self, act: AnyAct, *, request: int, record_id: int = 0, before: Record | None = None, error: str = ""
    ) -> None:
        done = Done(
            number=len(self._done) + 1,
            time=self._clock.now(),
            request=request,
            do=type(act).__name__.lower(),
            resource=act.resource,
            id=str(record_id or ""),
            before=before,
            after=self._records.fetch_record(act.resource, record_id) if record_id else None,
            error=error,
        )
        self._done.append(done)
