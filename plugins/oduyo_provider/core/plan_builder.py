"""Collects a plan while rows and records are compared: changes, rejected rows, what to remember, and the figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec

from oduyo_provider.core.change import Action, Change
from oduyo_provider.core.faults import Fault
from oduyo_provider.core.ledger import REFUSED_BEFORE, RESEND_AFTER_S, Entry, compute_payload_digest
from oduyo_provider.core.matching import Matching
from oduyo_provider.core.plan import NaturalKey, Plan, PlanCounts, PlanRules, Rejected, compute_reject_digest
from oduyo_provider.core.record import Resource
from oduyo_provider.core.remarks import MISSING_REFUSED, REFUSED, WARNED, Remark


class PlanBuilder:
    """A plan in the making.

    :param matching: its entries are those before the plan.
    :param rules: say what is sent again that Ödüyo refused.
    :param known_rejected: digests of the rows that the last applied run rejected.
    """

    def __init__(
        self, matching: Matching, resource: Resource, rules: PlanRules, known_rejected: frozenset[str]
    ) -> None:
        self.counts = PlanCounts()
        self.changes: list[Change] = []
        self.forgotten: list[str] = []
        self.new_rows: list[NaturalKey] = []
        self.unmatched: list[NaturalKey] = []
        self.remarks: list[Remark] = []
        self._resource = resource
        self._rules = rules
        self._matching, self._entries = matching, matching.entries
        self._known_rejected = known_rejected
        self._rejected: list[Rejected] = []
        self._notes = matching.returned
        self._reasons: Counter[str] = Counter()
        self._warnings: Counter[str] = Counter()

    def find_entry(self, key: str) -> Entry | None:
        """What is remembered of a match key with this plan, as far as it is known by now."""
        return self._notes.get(key) or self._entries.get(key)

    def note(self, key: str, entry: Entry) -> None:
        """Remember an entry, if it is another one than before."""
        if self._entries.get(key) != entry:
            self._notes[key] = entry

    def note_missing(self, key: str, entry: Entry) -> None:
        """Remember an entry without a row, also if the run counted already: guard may find that a rejected row looks like it."""
        self._notes[key] = entry

    def offer(self, change: Change, entry: Entry | None) -> bool:
        """Take a change into the plan, unless Ödüyo refused it before and it is not to be sent again; returns whether it is taken.

        :param entry: what is remembered of its key.
        """
        resend = find_resend(entry, change, self._rules.now, resend_refused=self._rules.resend_refused)
        if resend is not None:
            self.changes.append(msgspec.structs.replace(change, is_resend=True) if resend else change)
            return True
        is_row = change.action in (Action.CREATE, Action.UPDATE)
        self.counts.known_refused += is_row
        self.counts.missing_refused += not is_row
        words = entry.refused.words if entry is not None and entry.refused is not None else ""
        code = change.get_value(self._resource.code_field)
        outcome = REFUSED if is_row else MISSING_REFUSED
        self.remarks.append(Remark(outcome, change.integration_id, change.oduyo_id or "", code, REFUSED_BEFORE, words))
        return False

    def reject(
        self, row: dict[str, object], integration_id: str | None, faults: Sequence[Fault], *, has_record: bool = False
    ) -> bool:
        """Reject a row; returns whether the last applied run rejected it alike."""
        digest = compute_reject_digest(row, integration_id, faults)
        is_known = digest in self._known_rejected
        self.counts.rejected += 1
        self.counts.known_rejected += is_known
        self._reasons.update(fault.code for fault in faults)
        self._rejected.append(Rejected(integration_id, list(faults), row, digest, is_known, has_record))
        for brake in ("all_rejected",) if is_known else ("all_rejected", "rejected"):
            self.counts.sample(
                brake, f"{integration_id}: {'; '.join(f'{fault.field}: {fault.detail}' for fault in faults)}"
            )
        return is_known

    def warn(self, integration_id: str, code: str, warnings: list[Fault]) -> None:
        """Note the oddities of a row that is not rejected."""
        if warnings:
            self._warnings.update(fault.code for fault in warnings)
            reason, detail = ", ".join(fault.code for fault in warnings), "; ".join(fault.detail for fault in warnings)
            self.remarks.append(Remark(WARNED, integration_id, code=code, reason=reason, detail=detail))

    def close(self) -> Plan:
        """The plan, its changes in their fixed order."""
        self.changes.sort(key=lambda change: change.sort_key)
        counts, rejected, notes = self.counts, self._rejected, list(self._notes.values())
        counts.known_ids, counts.known_listed = self._matching.count_known()
        made = Counter(change.action for change in self.changes)
        counts.creates, counts.updates = made[Action.CREATE], made[Action.UPDATE]
        counts.deactivates, counts.deletes = made[Action.DEACTIVATE], made[Action.DELETE]
        counts.reasons = dict(sorted(self._reasons.items()))
        counts.warnings = dict(sorted(self._warnings.items()))
        return Plan(self.changes, rejected, notes, self.forgotten, self.new_rows, self.unmatched, counts, self.remarks)


def find_resend(entry: Entry | None, change: Change, now: float, *, resend_refused: bool) -> bool | None:
    """Whether a change is sent although Ödüyo refused it before: True yes, None no; False for a change that it did not refuse.

    :param resend_refused: a person wants all of them to be sent again.
    """
    if entry is None or entry.refused is None:
        return False
    if not entry.is_refusal_of(compute_payload_digest(change.action, change.payload)):
        return False
    # A date in the future is wrong: the change is sent again, and its refusal gets the right date.
    is_recent = 0 <= now - entry.refused.since < RESEND_AFTER_S
    return True if resend_refused or not is_recent else None
