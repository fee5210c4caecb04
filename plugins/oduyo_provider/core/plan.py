"""From two sides to a plan: which records to create, update, deactivate or delete, and which rows to reject.

Pure: the same rows and records give the same plan, whatever their order and however they are partitioned.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from enum import Enum

import msgspec

from oduyo_provider.core.change import Action, Change, compute_base
from oduyo_provider.core.errors import ListingError
from oduyo_provider.core.normalise import Fault, Normaliser
from oduyo_provider.core.record import Payload, Remote
from oduyo_provider.core.values.invalid import show_value
from oduyo_provider.core.values.status import PASSIVE


class SyncMode(str, Enum):
    """``upsert`` compares and sends differences; ``create`` sends every valid row to ``create``, comparing nothing."""

    UPSERT = "upsert"
    CREATE = "create"


class OnMissing(str, Enum):
    """What happens to a record of Ödüyo that no ERP row has any more."""

    KEEP = "keep"
    DEACTIVATE = "deactivate"
    DELETE = "delete"


class PlanRules(msgspec.Struct, frozen=True):
    """How differences become changes.

    :param allow_unsafe: also apply what a rule would reject or a brake would stop.
    """

    sync_mode: SyncMode = SyncMode.UPSERT
    on_missing: OnMissing = OnMissing.KEEP
    allow_unsafe: bool = False


class Scope(msgspec.Struct, frozen=True):
    """The (key1, key2) pairs of all extracted rows: only records that carry one of them can be missing.

    :param pairs: None when the query has not both columns; then every record is in scope.
    """

    pairs: frozenset[tuple[str, str]] | None = None

    def contains(self, record: Payload) -> bool:
        """Whether a record, in normalised form, lies within the scope."""
        return self.pairs is None or (record.get("key1", ""), record.get("key2", "")) in self.pairs


class Rejected(msgspec.Struct, frozen=True):
    """A row that is not sent, with every reason.

    :param row: the row as extracted.
    """

    integration_id: str | None
    faults: list[Fault]
    row: dict[str, object]


class Altered(msgspec.Struct, frozen=True):
    """A value that Ödüyo is known to store otherwise than sent (cut, say).

    While both values stay the same the field counts as equal; otherwise it would be "updated" every night.
    """

    oduyo_id: str
    integration_id: str
    field: str
    sent: str
    stored: str | None


AlteredFields = Mapping[tuple[str, str], Altered]
"""Known alterations by (Ödüyo's id, field)."""


class PlanCounts(msgspec.Struct, kw_only=True):
    """The figures of one partition's plan, or of all partitions together.

    ``extracted = rejected + unchanged + creates + updates``; ``missing = kept_missing + deactivates + deletes``.
    """

    extracted: int = 0
    rejected: int = 0
    unchanged: int = 0
    creates: int = 0
    updates: int = 0
    missing: int = 0
    kept_missing: int = 0
    deactivates: int = 0
    deletes: int = 0
    existing: int = 0
    existing_in_scope: int = 0
    remote_duplicates: int = 0
    unreadable_ids: int = 0
    reasons: dict[str, int] = {}
    warnings: dict[str, int] = {}

    @property
    def matched(self) -> int:
        """Rows that found their record."""
        return self.unchanged + self.updates

    @property
    def changes(self) -> int:
        """How many changes the plan holds."""
        return self.creates + self.updates + self.deactivates + self.deletes

    def __add__(self, other: PlanCounts) -> PlanCounts:
        both: dict[str, object] = {}
        for name in self.__struct_fields__:
            mine, theirs = getattr(self, name), getattr(other, name)
            both[name] = _compute_sum(mine, theirs) if isinstance(mine, dict) else mine + theirs
        return msgspec.convert(both, PlanCounts)


def _compute_sum(mine: dict[str, int], theirs: dict[str, int]) -> dict[str, int]:
    return dict(sorted((Counter(mine) + Counter(theirs)).items()))


class Plan(msgspec.Struct):
    """What one partition needs. Changes are in their fixed order, rejected rows in the order read."""

    changes: list[Change]
    rejected: list[Rejected]
    counts: PlanCounts


def compute_plan(
    rows: Iterable[dict[str, object]],
    records: Iterable[Remote],
    *,
    normaliser: Normaliser,
    scope: Scope,
    rules: PlanRules,
    altered: AlteredFields | None = None,
) -> Plan:
    """Compare one partition of the ERP with the same partition of Ödüyo.

    :param rows: raw rows; keys are API field names.
    :param records: Ödüyo's records as listed.
    :param scope: of all partitions, not of this one.
    :param altered: values that Ödüyo is known to store otherwise.
    """
    planner = _Planner(normaliser, scope, rules, altered or {})
    planner.read_records(records)
    for row in rows:
        planner.read_row(row)
    planner.find_missing()
    planner.changes.sort(key=lambda change: change.sort_key)
    planner.counts.reasons = dict(sorted(planner.reasons.items()))
    planner.counts.warnings = dict(sorted(planner.warnings.items()))
    return Plan(planner.changes, planner.rejected, planner.counts)


class _Planner:
    """The state of one comparison."""

    def __init__(self, normaliser: Normaliser, scope: Scope, rules: PlanRules, altered: AlteredFields) -> None:
        self.normaliser = normaliser
        self.resource = normaliser.resource
        self.scope = scope
        self.rules = rules
        self.altered = altered
        self.existing: dict[str, list[Remote]] = {}
        self.present: set[str] = set()  # readable ids of all rows, rejected ones too
        self.accepted: set[str] = set()  # ids of rows that are not rejected
        self.changes: list[Change] = []
        self.rejected: list[Rejected] = []
        self._pairs_in_scope: dict[tuple[str | None, str | None], bool] = {}
        self.counts = PlanCounts()
        self.reasons: Counter[str] = Counter()
        self.warnings: Counter[str] = Counter()

    def read_records(self, records: Iterable[Remote]) -> None:
        for record in records:
            self.counts.existing += 1
            found = self.normaliser.integration_id(record.get("integration_id"))
            if found is not None:
                self.existing.setdefault(found, []).append(record)
        for twins in self.existing.values():
            if len(twins) > 1:
                twins.sort(key=lambda record: int(_get_id(record)))  # the lowest id is the one
                self.counts.remote_duplicates += len(twins) - 1

    def read_row(self, row: dict[str, object]) -> None:
        self.counts.extracted += 1
        normalised = self.normaliser.row(row)
        integration_id, faults = normalised.integration_id, list(normalised.faults)
        if integration_id is None:
            self.counts.unreadable_ids += 1
        else:
            self.present.add(integration_id)
            if integration_id in self.accepted:
                faults.append(
                    Fault("integration_id", "duplicate", f"an earlier row has the id {show_value(integration_id)} too")
                )
        if faults or integration_id is None or normalised.payload is None:
            self._reject(row, integration_id, faults)
            return
        twins = self.existing.get(integration_id)
        if twins is None or self.rules.sync_mode is SyncMode.CREATE:
            self.changes.append(Change(Action.CREATE, integration_id, normalised.payload))
            self.counts.creates += 1
        elif not self._compare(row, integration_id, normalised.payload, twins[0]):
            return
        self.accepted.add(integration_id)
        if normalised.warnings:
            self.warnings.update(fault.code for fault in normalised.warnings)

    def _compare(self, row: dict[str, object], integration_id: str, payload: Payload, record: Remote) -> bool:
        """Plan the update that a row needs, if any; False when the row is rejected instead."""
        oduyo_id = _get_id(record)
        differs = tuple(name for name, wanted in payload.items() if not self._is_as_wanted(record, name, wanted))
        if not differs:
            self.counts.unchanged += 1
            return True
        is_unowned = self.normaliser.same("key1", record.get("key1"), "")
        if "key1" in differs and not is_unowned and not self.rules.allow_unsafe:
            theirs, ours = show_value(record["key1"]), show_value(payload["key1"])
            detail = f"Ödüyo's record {oduyo_id} has key1 '{theirs}', the row '{ours}': another firm's record"
            self._reject(row, integration_id, [Fault("key1", "other_firm", detail)])
            return False
        base = compute_base(record, self.resource)
        self.changes.append(Change(Action.UPDATE, integration_id, payload, oduyo_id, base, differs))
        self.counts.updates += 1
        return True

    def _is_as_wanted(self, record: Remote, name: str, wanted: str) -> bool:
        """Whether a field holds what is wanted, or what Ödüyo is known to make of it."""
        stored = record.get(name)
        if self.normaliser.same(name, stored, wanted):
            return True
        known = self.altered.get((_get_id(record), name))
        return known is not None and known.sent == wanted and known.stored == stored

    def _reject(self, row: dict[str, object], integration_id: str | None, faults: list[Fault]) -> None:
        self.counts.rejected += 1
        self.reasons.update(fault.code for fault in faults)
        self.rejected.append(Rejected(integration_id, faults, row))

    def find_missing(self) -> None:
        """Records in scope whose id no row has. A record without an integration_id was never the ERP's: left alone."""
        if self.rules.sync_mode is SyncMode.CREATE:
            return
        for integration_id, twins in self.existing.items():
            for record in twins:
                if not self._is_in_scope(record):
                    continue
                self.counts.existing_in_scope += 1
                if integration_id not in self.present:
                    self.counts.missing += 1
                    self._retire(integration_id, record)

    def _is_in_scope(self, record: Remote) -> bool:
        # A site has few pairs and many records: each pair is normalised once.
        pair = record.get("key1"), record.get("key2")
        known = self._pairs_in_scope.get(pair)
        if known is None:
            known = self._pairs_in_scope[pair] = self.scope.contains(self.normaliser.remote(record))
        return known

    def _retire(self, integration_id: str, record: Remote) -> None:
        oduyo_id, base = _get_id(record), compute_base(record, self.resource)
        if self.rules.on_missing is OnMissing.DELETE:
            self.changes.append(Change(Action.DELETE, integration_id, {}, oduyo_id, base))
            self.counts.deletes += 1
        elif self.rules.on_missing is OnMissing.DEACTIVATE and not self._is_as_wanted(record, "status", PASSIVE):
            payload = {"status": PASSIVE}
            self.changes.append(Change(Action.DEACTIVATE, integration_id, payload, oduyo_id, base, ("status",)))
            self.counts.deactivates += 1
        else:
            self.counts.kept_missing += 1


def _get_id(record: Remote) -> str:
    found = record.get("id")
    if found is None or not (found.isascii() and found.isdigit()):
        raise ListingError(
            f"A listed record has the id {show_value(found)}, which is no whole number, so no change could name it. Run the "
            "listing again; if it stays so, ask Ödüyo's support about this record."
        )
    return found
