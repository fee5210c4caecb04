"""The lines of a run's change table: changes, rejected rows, and what is left as it is, with the reason.

Lines are made with the plan and updated with the results, so that the page need not read plans and journals.
"""

from __future__ import annotations

from itertools import product
from typing import NamedTuple

import msgspec

from oduyo_provider.core.change import Action, Change, Outcome, Result
from oduyo_provider.core.language import gettext_noop
from oduyo_provider.core.plan import Rejected
from oduyo_provider.core.record import Resource
from oduyo_provider.core.remarks import KEPT, MISSING_REFUSED, OUT_OF_SCOPE, REFUSED, Remark
from oduyo_provider.core.report import compute_figure
from oduyo_provider.core.values.invalid import format_value

#: What became of a change or row, in the order in which filters are shown.
OUTCOMES = (
    "created",
    "updated",
    "deactivated",
    "deleted",
    "planned",
    "waiting",
    "rejected",
    "refused",
    "failed",
    "doubtful",
    "stale",
    "not_applied",
    "kept",
    "out_of_scope",
    "warned",
)
#: Outcomes of changes that were made.
DONE = frozenset({"created", "updated", "deactivated", "deleted"})
#: The change may have been transmitted, and its result is awaited; shown as waiting, or as doubtful once the run ended.
SENT = "sent"
#: What a line does, what cannot be undone first; empty for a row without a change. People are shown the same words.
ACTIONS = (
    *(gettext_noop("delete"), gettext_noop("deactivate"), gettext_noop("create")),
    *(gettext_noop("adopt"), gettext_noop("update"), ""),
)

#: Actions on records without a row.
_WITHOUT_ROW = ("delete", "deactivate")
#: Action, and whether it is a row's: last of a record without one, to which nothing is done, and a place that is free.
_KINDS = (*((action, action not in _WITHOUT_ROW) for action in ACTIONS), ("", False), ("free", False))


class Tag(NamedTuple):
    """What a line is found and counted by.

    :ivar is_row: it is a row's, and not that of a record without one.
    :ivar is_known: rejected or refused alike before.
    """

    outcome: str
    action: str
    is_row: bool
    is_known: bool


#: What each byte stands for that a segment holds of a line.
TAGS = [Tag(outcome, *kind, is_known) for is_known, kind, outcome in product((False, True), _KINDS, (*OUTCOMES, SENT))]
_NUMBERS = {tag: number for number, tag in enumerate(TAGS)}


class ChangeLine(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """One line of the table: a change, or a row that was rejected.

    :param outcome: one of :data:`OUTCOMES`, or :data:`SENT`.
    :param action: one of :data:`ACTIONS`.
    :param integration_id: the row's id in the ERP, where it could be read.
    :param fields: name, before, after of each field that changes; before is None where there was nothing.
    :param reason: why it was not done.
    :param answer: what Ödüyo answered, or what is wrong with the row, for people.
    :param stored: values that Ödüyo stored otherwise than sent.
    :param twins: ids of further records in Ödüyo with the same integration_id.
    :param is_known: rejected or refused alike before.
    :param is_missing: a record without a row, to which nothing is done.
    :param at: when the result was known, seconds since 1970; 0 without a result.
    """

    outcome: str
    action: str = ""
    integration_id: str = ""
    oduyo_id: str = ""
    code: str = ""
    fields: list[tuple[str, str | None, str | None]] = []
    reason: str = ""
    answer: str = ""
    stored: dict[str, str | None] = {}
    twins: tuple[str, ...] = ()
    is_known: bool = False
    is_missing: bool = False
    at: float = 0.0

    @property
    def tag(self) -> int:
        """The number of its tag in :data:`TAGS`."""
        is_row = not self.is_missing and self.action not in _WITHOUT_ROW
        return _NUMBERS[Tag(self.outcome, self.action, is_row, self.is_known)]


def make_line(change: Change, resource: Resource) -> ChangeLine:
    """The line of a change that nothing is known of yet."""
    return ChangeLine(
        outcome="waiting",
        action="adopt" if change.is_adoption else change.action.value,
        integration_id=change.integration_id,
        oduyo_id=change.oduyo_id or "",
        code=change.get_value(resource.code_field),
        fields=_compute_fields(change),
    )


def settle_line(line: ChangeLine, change: Change, result: Result | None, *, is_sent: bool = False) -> ChangeLine:
    """A change's line with its result.

    :param result: None where there is none yet.
    :param is_sent: without a result: it may have been transmitted.
    """
    if result is None:
        return msgspec.structs.replace(line, outcome=SENT if is_sent else "waiting")
    is_done = result.outcome is Outcome.DONE
    reason = "" if is_done else result.reason
    return msgspec.structs.replace(
        line,
        outcome=compute_figure(change.action, Outcome.DONE) if is_done else result.outcome.value,
        oduyo_id=result.oduyo_id or line.oduyo_id,
        reason=reason,
        answer=result.rest_of_answer,
        stored=result.stored,
        twins=result.twins,
        is_known=change.is_resend and result.outcome is Outcome.REFUSED,
        at=result.at,
    )


def make_rejected_line(rejected: Rejected, resource: Resource) -> ChangeLine:
    """The line of a row that was never sent, with all that is wrong with it."""
    return ChangeLine(
        outcome="rejected",
        integration_id=rejected.integration_id or format_value(rejected.row.get("integration_id")),
        code=format_value(rejected.row.get(resource.code_field)),
        fields=[(name, None, format_value(value)) for name, value in rejected.row.items() if name != "integration_id"],
        reason=", ".join(fault.code for fault in rejected.faults),
        answer="; ".join(fault.detail for fault in rejected.faults),
        is_known=rejected.is_known,
    )


def make_left_line(remark: Remark) -> ChangeLine:
    """The line of a row or record that is left as it is."""
    return ChangeLine(
        outcome=REFUSED if remark.outcome == MISSING_REFUSED else remark.outcome,
        integration_id=remark.integration_id,
        oduyo_id=remark.oduyo_id,
        code=remark.code,
        reason=remark.reason,
        answer=remark.detail,
        is_known=remark.outcome in (REFUSED, MISSING_REFUSED),
        is_missing=remark.outcome in (KEPT, OUT_OF_SCOPE, MISSING_REFUSED),
    )


def _compute_fields(change: Change) -> list[tuple[str, str | None, str | None]]:
    if change.action is Action.CREATE:
        return [(name, None, value) for name, value in change.payload.items() if value and name != "integration_id"]
    if change.action is Action.DELETE:
        kept = {name: value for name, value in change.base.items() if value and name != "integration_id"}
        return [(name, value, None) for name, value in kept.items()]
    return [(name, change.base.get(name), change.payload[name]) for name in change.differs]
