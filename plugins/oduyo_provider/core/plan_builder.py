"""Collects a plan while rows and records are compared: changes, rejected rows, what to remember, and the figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from oduyo_provider.core.change import Action, Change
from oduyo_provider.core.faults import Fault
from oduyo_provider.core.ledger import Entry
from oduyo_provider.core.matching import Matching
from oduyo_provider.core.plan import NaturalKey, Plan, PlanCounts, Rejected, compute_reject_digest
from oduyo_provider.core.remarks import WARNED, Remark


class PlanBuilder:
    """A plan in the making.

    :param matching: its entries are those before the plan.
    :param known_rejected: digests of the rows that the last applied run rejected.
    """

    def __init__(self, matching: Matching, known_rejected: frozenset[str]) -> None:
        self.counts = PlanCounts(known_ids=matching.known_ids, known_listed=matching.known_listed)
        self.changes: list[Change] = []
        self.forgotten: list[str] = []
        self.new_rows: list[NaturalKey] = []
        self.unmatched: list[NaturalKey] = []
        self.remarks: list[Remark] = []
        self._entries = matching.entries
        self._known_rejected = known_rejected
        self._rejected: list[Rejected] = []
        self._notes = dict(matching.returned)
        self._reasons: Counter[str] = Counter()
        self._warnings: Counter[str] = Counter()

    def find_entry(self, key: str) -> Entry | None:
        """What is remembered of a match key with this plan, as far as it is known by now."""
        return self._notes.get(key) or self._entries.get(key)

    def note(self, key: str, entry: Entry) -> None:
        """Remember an entry, if it is another one than before."""
        if self._entries.get(key) != entry:
            self._notes[key] = entry

    def add(self, change: Change) -> None:
        """Take a change into the plan."""
        counts = self.counts
        if change.action is Action.CREATE:
            counts.creates += 1
        elif change.action is Action.UPDATE:
            counts.updates += 1
        elif change.action is Action.DEACTIVATE:
            counts.deactivates += 1
        else:
            counts.deletes += 1
        self.changes.append(change)

    def reject(self, row: dict[str, object], integration_id: str | None, faults: Sequence[Fault]) -> bool:
        """Reject a row; returns whether the last applied run rejected it alike."""
        digest = compute_reject_digest(row, integration_id, faults)
        is_known = digest in self._known_rejected
        self.counts.rejected += 1
        self.counts.known_rejected += is_known
        self._reasons.update(fault.code for fault in faults)
        self._rejected.append(Rejected(integration_id, list(faults), row, digest, is_known))
        for brake in ("all_rejected",) if is_known else ("all_rejected", "rejected"):
            self.counts.sample(
                brake, f"{integration_id}: {'; '.join(f'{fault.field}: {fault.detail}' for fault in faults)}"
            )
        return is_known

    def warn(self, integration_id: str, code: str, warnings: list[Fault]) -> None:
        """Note the oddities of a row that is compared all the same."""
        if warnings:
            self._warnings.update(fault.code for fault in warnings)
            reason, detail = ", ".join(fault.code for fault in warnings), "; ".join(fault.detail for fault in warnings)
            self.remarks.append(Remark(WARNED, integration_id, code=code, reason=reason, detail=detail))

    def close(self) -> Plan:
        """The plan, its changes in their fixed order."""
        self.changes.sort(key=lambda change: change.sort_key)
        self.counts.reasons = dict(sorted(self._reasons.items()))
        self.counts.warnings = dict(sorted(self._warnings.items()))
        notes = list(self._notes.values())
        counts, rejected = self.counts, self._rejected
        return Plan(self.changes, rejected, notes, self.forgotten, self.new_rows, self.unmatched, counts, self.remarks)
