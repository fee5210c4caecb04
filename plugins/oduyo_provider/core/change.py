"""A change: one record that is to become other than it is, as a value that can be printed, saved and applied."""

from __future__ import annotations

import re
from enum import Enum
from functools import cached_property

import msgspec

from oduyo_provider.core.record import Kind, Payload, Remote, Resource


class Action(str, Enum):
    """What a change does to Ödüyo, in the order in which changes are applied."""

    CREATE = "create"
    UPDATE = "update"
    DEACTIVATE = "deactivate"
    DELETE = "delete"

    __hash__ = str.__hash__  # the enum's own is Python code, and a key of every count


class Outcome(str, Enum):
    """What became of a change."""

    DONE = "done"
    REFUSED = "refused"  # Ödüyo answered no
    FAILED = "failed"  # could not be delivered
    DOUBTFUL = "doubtful"  # sent, answer lost, not settled
    STALE = "stale"  # what the plan was based on is no longer so; not sent
    NOT_APPLIED = "not_applied"  # never tried

    __hash__ = str.__hash__  # as of an Action


#: Fields that Ödüyo sets by itself whenever a record is written.
SET_BY_ODUYO = frozenset({"updated_in"})

# No date: 0000-00-00, MySQL's 2024-00-00, and -0001-11-30, which PHP makes of the first.
_DATE = re.compile(r"(?!0000)[0-9]{4}-(?!00)[0-9]{2}-(?!00)[0-9]{2}").match

ACTION_ORDER = {action: position for position, action in enumerate(Action)}


class Change(msgspec.Struct, frozen=True, omit_defaults=True, dict=True):
    """One create, update, deactivate or delete.

    :param action: what to do.
    :param integration_id: the record's id in the ERP, normalised.
    :param payload: the fields that the ERP asks for: all of the row's for create and update, the status for deactivate,
        none for delete.
    :param oduyo_id: the record's id in Ödüyo; None for create.
    :param base: the record as it was listed, documented fields only: what this change was computed from.
    :param differs: the fields of ``payload`` whose value is another in ``base``.
    """

    action: Action
    integration_id: str
    payload: Payload
    oduyo_id: str | None = None
    base: Remote = {}
    differs: tuple[str, ...] = ()

    @cached_property
    def key(self) -> str:
        """Names this change within its plan: two changes of one plan never share it."""
        return f"{self.action.value}:{self.integration_id if self.oduyo_id is None else self.oduyo_id}"

    @property
    def sort_key(self) -> tuple[int, str, int]:
        """Order of a plan: by action, then by id; independent of the order in which rows and records were read."""
        return ACTION_ORDER[self.action], self.integration_id, int(self.oduyo_id or 0)

    @property
    def before(self) -> Remote:
        """The listed values of the fields that will change."""
        return {name: self.base.get(name) for name in self.differs}

    @property
    def after(self) -> Payload:
        """The new values of the fields that will change; of a create, all fields."""
        return {name: self.payload[name] for name in self.differs} if self.differs else dict(self.payload)

    def body(self) -> Payload:
        """The fields to send.

        An update carries the whole listed record with the changes laid over it, since nothing documents that fields
        left out of an update keep their values.
        """
        if self.oduyo_id is None:
            return dict(self.payload)
        if self.action is Action.DELETE:
            return {"id": self.oduyo_id}
        kept = {name: value for name, value in self.base.items() if value is not None}
        return {**kept, **self.payload, "id": self.oduyo_id}


def compute_base(record: Remote, resource: Resource) -> Remote:
    """The part of a listed record that a change is based on: documented fields, and dates only where they are dates.

    A blank or zero date is left out: it must never be sent back.
    """
    base: Remote = {"note": record.get("note") or None}  # an empty one need not be sent to be kept
    for field in resource.fields:
        value = record.get(field.name)
        if field.kind is Kind.DATETIME and not _DATE((value or "").strip()):
            value = None
        base[field.name] = value
    return base
