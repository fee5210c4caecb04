"""Changes as values that can be printed, saved and applied: one record to create, update, deactivate or delete."""

from __future__ import annotations

import re
from enum import Enum
from functools import cached_property

import msgspec

from oduyo_provider.core.language import gettext_noop
from oduyo_provider.core.record import MOMENTS, Payload, Remote, Resource, is_passive
from oduyo_provider.core.values.letters import Escaping


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
    FAILED = "failed"  # could not be delivered, or had no effect
    DOUBTFUL = "doubtful"  # sent and not settled
    STALE = "stale"  # what the plan was based on is no longer so; not sent
    NOT_APPLIED = "not_applied"  # never transmitted

    __hash__ = str.__hash__  # as of an Action


#: Fields that Ödüyo sets by itself whenever a record is written.
SET_BY_ODUYO = frozenset({"updated_in"})

#: Fields that identify a record or say whether it is in use. If one of them has changed since the plan, nothing is written.
IDENTITY_FIELDS = ("integration_id", "key1", "key2", "status")

#: Action → what it is called while it is still to be done. What cannot be undone comes first.
ACTION_LABELS = {
    "delete": gettext_noop("to delete"),
    "deactivate": gettext_noop("to deactivate"),
    "create": gettext_noop("to create"),
    "update": gettext_noop("to update"),
    "adopt": gettext_noop("to adopt"),
}

# A day, month and year in the order of some site. No date: 0000-00-00, MySQL's 2024-00-00, and -0001-11-30, which PHP makes of
# the first.
_DATE = re.compile(r"(?!0+\D)[0-9]{1,4}([-./])(?!0+\D)[0-9]{1,2}\1(?!0+(?:\D|$))[0-9]{1,4}").match

ACTION_ORDER = {action: position for position, action in enumerate(Action)}


class Change(msgspec.Struct, frozen=True, omit_defaults=True, dict=True):
    """One create, update, deactivate or delete.

    :param action: what to do.
    :param integration_id: the record's id in the ERP, normalised.
    :param payload: the fields that the ERP asks for: all of the row's for create and update, the status for deactivate,
        none for delete.
    :param oduyo_id: the record's id in Ödüyo; None for create.
    :param base: the record as it was listed, documented fields only: what this change was computed from.
    :param differs: the fields of ``payload`` whose value is another in ``base``: what the change writes.
    :param retires: whether the record stops being in use.
    :param is_resend: Ödüyo refused the same before, long ago.
    :param is_adoption: the record had no integration_id, and gets the row's.
    :param replaces: of a create in place of a vanished record, which a person released: that record's id, empty where it is
        not known. None for any other change: when it is sent, no record may be known for its key.
    """

    action: Action
    integration_id: str
    payload: Payload
    oduyo_id: str | None = None
    base: Remote = {}
    differs: tuple[str, ...] = ()
    retires: bool = False
    is_resend: bool = False
    is_adoption: bool = False
    replaces: str | None = None

    @cached_property
    def key(self) -> str:
        """Names this change within its plan: two changes of one plan never share it."""
        return f"{self.action.value}:{self.integration_id if self.oduyo_id is None else self.oduyo_id}"

    @property
    def sort_key(self) -> tuple[int, int, str]:
        """Order of a plan: by action, then by what it touches; independent of the order of rows and records."""
        return ACTION_ORDER[self.action], int(self.oduyo_id or 0), self.integration_id

    @property
    def is_of_missing(self) -> bool:
        """Whether it deactivates or deletes a record without a row."""
        return self.action in (Action.DEACTIVATE, Action.DELETE)

    def get_value(self, name: str) -> str:
        """A field as the change leaves it, of a deletion as it was; empty where there is none."""
        return self.payload.get(name) or self.base.get(name) or ""

    def compute_body(
        self, looked: Remote | None = None, *, partial: bool = False, escaping: Escaping | None = None
    ) -> Payload:
        """The fields to send.

        An update carries the record as it was looked at, with what the change writes laid over it, since nothing
        documents that fields left out of an update keep their values. The key is sent as the ERP has it, never as Ödüyo
        stored it.

        :param looked: the record's documented fields as of the look before the sending; None takes the plan's.
        :param partial: Ödüyo is known to keep absent fields: send only the key fields and what differs.
        :param escaping: how Ödüyo escapes signs at each write. Fields taken from the look are sent unescaped.
        """
        if self.oduyo_id is None:
            return dict(self.payload)
        if self.action is Action.DELETE:
            return {"id": self.oduyo_id}
        base = self.base if looked is None else looked
        kept = {name: escaping.undo(value) if escaping else value for name, value in base.items() if value is not None}
        if partial:
            kept = {name: kept[name] for name in ("key1", "key2") if name in kept}
        else:
            # A field that has not changed since the plan is sent as the ERP has it, not as Ödüyo stores it.
            same = {name for name in self.payload if (base.get(name) or "") == (self.base.get(name) or "")}
            kept.update({name: self.payload[name] for name in same})
        written = {name: self.payload[name] for name in self.differs}
        return {**kept, **written, "integration_id": self.integration_id, "id": self.oduyo_id}


class Result(msgspec.Struct, omit_defaults=True, gc=False):
    """What became of one change. A later result of the same change replaces an earlier one.

    :param key: of the change.
    :param oduyo_id: the record's id in Ödüyo, where known.
    :param reason: why it was not done; short, the same for the same cause.
    :param answer: what Ödüyo answered, for people.
    :param is_remembered: a refusal that is the row's own fault: the change is not sent again until the row changes.
    :param stored: values that Ödüyo stored otherwise than sent.
    :param twins: ids of further records with the same key, found when reading back.
    :param is_confirmed: Ödüyo said yes. A create is then done for good, whatever is listed later.
    :param is_read_back: whether its record was read back.
    :param at: seconds since 1970.
    :param harmless: how many of its try's intents are known to have had no effect: never transmitted, or answered with a no.
    :param lost_at: when its try may last have transmitted it without an answer; None if it did not.
    """

    key: str
    outcome: Outcome
    oduyo_id: str | None = None
    reason: str = ""
    answer: str = ""
    is_remembered: bool = False
    stored: dict[str, str | None] = {}
    twins: tuple[str, ...] = ()
    is_confirmed: bool = False
    is_read_back: bool = False
    at: float = 0.0
    harmless: int = 0
    lost_at: float | None = None

    @property
    def is_without_effect(self) -> bool:
        """Whether Ödüyo said yes and did nothing."""
        return self.outcome is Outcome.FAILED and self.is_confirmed

    @property
    def rest_of_answer(self) -> str:
        """The part of Ödüyo's answer that the reason does not show already: reasons may end with the answer or its beginning."""
        if self.answer in self.reason:
            return ""
        begun = self.reason.partition(": ")[2]
        if begun.endswith("…") and self.answer.startswith(begun[:-1]):
            return f"…{self.answer[len(begun) - 1 :]}"
        return self.answer


def compute_update(
    integration_id: str,
    payload: Payload,
    record: Remote,
    differs: tuple[str, ...],
    resource: Resource,
    *,
    is_adoption: bool = False,
) -> Change:
    """The update of a listed record."""
    base, oduyo_id = compute_base(record, resource), record["id"]
    retires = "status" in differs and payload["status"] == resource.passive and not is_passive(record, resource)
    return Change(
        Action.UPDATE, integration_id, payload, oduyo_id, base, differs, retires=retires, is_adoption=is_adoption
    )


def compute_adoption(create: Change, record: Remote, resource: Resource) -> Change:
    """The update by which a record without a key gets the key of a row, instead of a create."""
    differs = tuple(name for name, wanted in create.payload.items() if (record.get(name) or "") != wanted)
    change = compute_update(create.integration_id, create.payload, record, differs, resource, is_adoption=True)
    return msgspec.structs.replace(change, is_resend=create.is_resend)


def compute_base(record: Remote, resource: Resource) -> Remote:
    """The part of a listed record that a change is based on: documented fields, and dates only where they are dates.

    A blank or zero date is left out: it must never be sent back.
    """
    base: Remote = {"note": record.get("note") or None}  # an empty one need not be sent to be kept
    for field in resource.fields:
        value = record.get(field.name)
        if field.kind in MOMENTS and not _DATE((value or "").strip()):
            value = None
        base[field.name] = value
    return base
