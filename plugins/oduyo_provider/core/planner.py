"""From two sides and the ledger to a plan: what to create, update, deactivate or delete, and which rows to reject.

Pure: the same rows, records and entries give the same plan, whatever their order and however they are partitioned.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from hashlib import blake2b

import msgspec

from oduyo_provider.core.change import Action, Change, compute_base
from oduyo_provider.core.drift import find_differences
from oduyo_provider.core.ledger import WEEK_S, Entry, find_resend
from oduyo_provider.core.matching import Match, Matching, compute_natural_key, get_id
from oduyo_provider.core.missing import MissingRecords
from oduyo_provider.core.normalise import Fault, Normalised, Normaliser
from oduyo_provider.core.plan import (
    SAMPLES,
    NaturalKey,
    Plan,
    PlanCounts,
    PlanRules,
    Rejected,
    SyncMode,
    describe_change,
)
from oduyo_provider.core.record import Kind, Payload, Remote
from oduyo_provider.core.values.invalid import show_value
from oduyo_provider.core.values.text import compute_match_key

_KEY = "integration_id"


class _Row:
    """A row with its key, and those rows that have the same key and other values."""

    __slots__ = ("normalised", "others", "raw")

    def __init__(self, raw: dict[str, object], normalised: Normalised) -> None:
        self.raw = raw
        self.normalised = normalised
        self.others: list[dict[str, object]] = []


def compute_plan(
    rows: Iterable[dict[str, object]],
    records: Iterable[Remote],
    entries: Iterable[Entry] = (),
    *,
    normaliser: Normaliser,
    rules: PlanRules,
    known_rejected: frozenset[str] = frozenset(),
) -> Plan:
    """Compare one partition of the ERP with the same partition of Ödüyo.

    :param rows: raw rows; keys are API field names.
    :param records: Ödüyo's records as listed.
    :param entries: of the ledger, of the same partition.
    :param known_rejected: digests of the rows that the last applied run rejected.
    """
    planner = _Planner(normaliser, rules, Matching(records, entries, normaliser), known_rejected)
    for row in planner.group(rows):
        planner.read_row(row)
    if rules.sync_mode is SyncMode.UPSERT:
        planner.read_records()
    return planner.close()


def compute_reject_digest(row: dict[str, object], faults: Iterable[Fault]) -> str:
    """Names a rejected row with its reasons, to tell new rejections from known ones."""
    text = msgspec.json.encode([row, [fault.code for fault in faults]], enc_hook=str)
    return blake2b(text, digest_size=8).hexdigest()


class _Planner:
    """The state of one comparison."""

    def __init__(self, normaliser: Normaliser, rules: PlanRules, matching: Matching, known: frozenset[str]) -> None:
        self.normaliser = normaliser
        self.resource = normaliser.resource
        self.rules = rules
        self.matching = matching
        self.known_rejected = known
        self.counts = PlanCounts(known_ids=matching.known_ids, known_listed=matching.known_listed)
        self.plan = Plan([], [], [], [], [], [], self.counts)
        self.reasons: Counter[str] = Counter()
        self.warnings: Counter[str] = Counter()
        self.rows: dict[str, _Row] = {}

    def group(self, rows: Iterable[dict[str, object]]) -> Iterable[_Row]:
        """The rows by key: the same row again counts as repeated; rows that share a key and differ are all rejected."""
        for raw in rows:
            self.counts.extracted += 1
            normalised = self.normaliser.row(raw)
            if normalised.integration_id is None:
                self.reject(raw, None, normalised.faults)
                continue
            key = compute_match_key(normalised.integration_id)
            first = self.rows.get(key)
            if first is None:
                self.rows[key] = _Row(raw, normalised)
            elif raw == first.raw or raw in first.others:
                self.counts.repeated += 1
            else:
                first.others.append(raw)
        return self.rows.values()

    def read_row(self, row: _Row) -> None:
        integration_id = row.normalised.integration_id or ""
        if row.others:
            detail = f"{len(row.others) + 1} rows have the id {show_value(integration_id)} and differ: correct them in the ERP"
            for raw in (row.raw, *row.others):
                faults = self.normaliser.row(raw).faults
                self.reject(raw, integration_id, [*faults, Fault(_KEY, "duplicate", detail)])
            return
        payload = row.normalised.payload
        if payload is None:
            self.reject(row.raw, integration_id, row.normalised.faults)
            return
        self.warnings.update(fault.code for fault in row.normalised.warnings)
        if self.rules.sync_mode is SyncMode.CREATE:
            self.add(Change(Action.CREATE, integration_id, payload))
        else:
            self._compare(row.raw, integration_id, payload)

    def _compare(self, raw: dict[str, object], integration_id: str, payload: Payload) -> None:
        key = compute_match_key(integration_id)
        entry, match = self.matching.entries.get(key), self.matching.get(key)
        owner = entry.source if entry is not None else ""
        if owner and owner != self.rules.source:
            if "other_source" not in self.rules.released:
                self._reject_other_source(raw, integration_id, owner)
                return
            self.release("other_source", f"{integration_id}: the record belonged to {show_value(owner)}")
        if match is not None:
            self._compare_with(raw, integration_id, payload, entry, match)
        elif entry is None or not entry.is_made:
            self._create(integration_id, payload, entry)
        elif "vanished" in self.rules.released:
            self.release("vanished", f"{integration_id} (Ödüyo {entry.oduyo_id}) is not listed any more")
            self._create(integration_id, payload, entry)
        else:
            self.counts.vanished += 1
            known = f"Ödüyo {entry.oduyo_id}" if entry.oduyo_id else "confirmed without an id"
            self.sample("vanished", f"{integration_id} ({known}) is not listed any more")
            self.note(key, msgspec.structs.replace(entry, source=self.rules.source, missing=None))

    def _reject_other_source(self, raw: dict[str, object], integration_id: str, owner: str) -> None:
        detail = f"the record belongs to {show_value(owner)}; release other_source to take it over"
        self.counts.other_source += 1
        if not self.reject(raw, integration_id, [Fault(_KEY, "other_source", detail)]):
            self.counts.new_other_source += 1
        self.sample("other_source", f"{integration_id}: {detail}")

    def _create(self, integration_id: str, payload: Payload, entry: Entry | None) -> None:
        change = Change(Action.CREATE, integration_id, payload)
        resend = find_resend(entry, change, self.rules.now, resend_refused=self.rules.resend_refused)
        if resend is None:
            self.counts.known_refused += 1
            return
        if found := compute_natural_key(payload, self.resource.natural_key):
            self.plan.new_rows.append(NaturalKey(found, integration_id))
        self.add(msgspec.structs.replace(change, is_resend=resend))

    def _compare_with(
        self, raw: dict[str, object], integration_id: str, payload: Payload, entry: Entry | None, match: Match
    ) -> None:
        record = match.record
        differs = find_differences(self.normaliser, payload, record, entry)
        if "key1" in differs and (record.get("key1") or "").strip():
            theirs, ours = show_value(record["key1"]), show_value(payload["key1"])
            detail = f"Ödüyo's record {get_id(record)} has key1 '{theirs}', the row '{ours}': another firm's record"
            if "other_firm" not in self.rules.released:
                self.reject(raw, integration_id, [Fault("key1", "other_firm", detail)])
                self.sample("other_firm", f"{integration_id}: {detail}")
                return
            self.release("other_firm", f"{integration_id}: {detail}")
        self._note_match(integration_id, payload, entry, match)
        if not differs:
            self.counts.unchanged += 1
            return
        base = compute_base(record, self.resource)
        change = Change(Action.UPDATE, integration_id, payload, get_id(record), base, differs)
        change = msgspec.structs.replace(change, retires=self._retires(change))
        resend = find_resend(entry, change, self.rules.now, resend_refused=self.rules.resend_refused)
        if resend is None:
            self.counts.known_refused += 1
        else:
            self.add(msgspec.structs.replace(change, is_resend=resend))
            self._count_update(change, entry)

    def _retires(self, change: Change) -> bool:
        passive = self.resource.passive
        return (
            passive is not None
            and "status" in change.differs
            and change.payload["status"] == passive
            and change.base.get("status") != passive
        )

    def _note_match(self, integration_id: str, payload: Payload, entry: Entry | None, match: Match) -> None:
        """Whoever's row matches a record without an owner owns it."""
        known = entry or Entry(integration_id)
        record, resource = match.record, self.resource
        twins = tuple(get_id(twin) for twin in match.twins)
        # What is no longer stored so, or no longer asked for, needs not be remembered.
        stored = {
            name: pair
            for name, pair in known.stored.items()
            if name not in payload or known.is_stored_as(name, payload[name], record.get(name))
        }
        is_passive = resource.passive is not None and record.get("status") == resource.passive
        self.note(
            compute_match_key(integration_id),
            msgspec.structs.replace(
                known,
                integration_id=integration_id,
                source=self.rules.source,
                oduyo_id=get_id(record),
                confirmed_at=None,
                twins=twins,
                stored=stored,
                missing=None,
                retired_at=known.retired_at if is_passive else None,
            ),
        )

    def _count_update(self, change: Change, entry: Entry | None) -> None:
        kinds = self.resource.kinds
        if any(kinds[name] is not Kind.DATETIME for name in change.differs):
            self.counts.real_updates += 1
            self.sample("updates", describe_change(change))
        if any(not change.payload[name] and (change.base.get(name) or "").strip() for name in change.differs):
            self.counts.emptied += 1
            self.sample("emptied", describe_change(change))
        date = change.payload.get(self.resource.date_field or "")
        if date and entry is not None and entry.date_sent and date < entry.date_sent:
            self.counts.dates_back += 1
            self.sample("dates_back", f"{change.integration_id}: {date}, {entry.date_sent} was sent before")

    def read_records(self) -> None:
        """All records: who is in use, what is missing, what no row matches."""
        records = MissingRecords(self.rules, self.resource, self.normaliser, self)
        for key, match in self.matching.items():
            records.read(key, match, self.matching.entries.get(key), has_row=key in self.rows)
        for record in self.matching.unkeyed:
            self.counts.existing += 1
            records.add_unmatched(record, None)
        for key, entry in self.matching.entries.items():
            is_own = entry.source == self.rules.source
            if (
                is_own
                and entry.retired_at
                and self.rules.now - entry.retired_at < WEEK_S
                and not entry.is_retirement_released
            ):
                self.counts.retired_week += 1
            if is_own and self.matching.get(key) is None and key not in self.rows and not self.rules.may_lack_rows:
                self._forget(key, entry)

    def _forget(self, key: str, entry: Entry) -> None:
        """Row and record are both gone: nothing is left to do, and nothing to remember but this week's retirements."""
        if entry.retired_at and self.rules.now - entry.retired_at < WEEK_S:
            kept = Entry(
                entry.integration_id,
                entry.source,
                retired_at=entry.retired_at,
                is_retirement_released=entry.is_retirement_released,
            )
            self.note(key, kept)
        else:
            self.plan.forgotten.append(entry.integration_id)

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
        self.plan.changes.append(change)

    def reject(self, row: dict[str, object], integration_id: str | None, faults: list[Fault]) -> bool:
        """Reject a row; returns whether the last applied run rejected it alike."""
        digest = compute_reject_digest(row, faults)
        is_known = digest in self.known_rejected
        self.counts.rejected += 1
        self.counts.known_rejected += is_known
        self.reasons.update(fault.code for fault in faults)
        self.plan.rejected.append(Rejected(integration_id, faults, row, digest, is_known))
        if not is_known:
            self.sample("rejected", f"{integration_id}: {'; '.join(fault.detail for fault in faults)}")
        return is_known

    def release(self, brake: str, text: str) -> None:
        """Count a row that is applied because a person has released a brake."""
        self.counts.released[brake] = self.counts.released.get(brake, 0) + 1
        self.sample(brake, text)

    def note(self, key: str, entry: Entry) -> None:
        """Remember an entry, if it is another one than before."""
        if self.matching.entries.get(key) != entry:
            self.plan.notes.append(entry)

    def sample(self, brake: str, text: str) -> None:
        """Keep an example of what counts for a brake, if there are few."""
        samples = self.counts.samples.setdefault(brake, [])
        if len(samples) < SAMPLES:
            samples.append(text)

    def close(self) -> Plan:
        """The plan, in its fixed order."""
        self.plan.changes.sort(key=lambda change: change.sort_key)
        self.counts.reasons = dict(sorted(self.reasons.items()))
        self.counts.warnings = dict(sorted(self.warnings.items()))
        return self.plan
