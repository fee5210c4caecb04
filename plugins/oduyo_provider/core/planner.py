"""Computes a plan from both sides and the ledger: which changes to make, and which rows to reject.

Pure: the same rows, records and entries give the same plan, whatever their order and however they are partitioned.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import msgspec

from oduyo_provider.core.change import Action, Change, compute_update
from oduyo_provider.core.counting import count_update
from oduyo_provider.core.drift import find_differences
from oduyo_provider.core.faults import DUPLICATE, Fault
from oduyo_provider.core.findings import accept_seen
from oduyo_provider.core.language import gettext, ngettext
from oduyo_provider.core.ledger import WEEK_S, Entry
from oduyo_provider.core.made_records import join_nameless
from oduyo_provider.core.matching import Match, Matching, compute_natural_key, compute_seen, get_id
from oduyo_provider.core.missing import MissingRecords
from oduyo_provider.core.normalise import Normaliser
from oduyo_provider.core.plan import NaturalKey, Plan, PlanRules, SyncMode
from oduyo_provider.core.plan_builder import PlanBuilder
from oduyo_provider.core.record import Payload, Remote
from oduyo_provider.core.remarks import DOUBTFUL, VANISHED, Remark
from oduyo_provider.core.row_groups import Row, RowGroup
from oduyo_provider.core.samples import describe_other_firm, describe_owner, describe_vanished
from oduyo_provider.core.shared_codes import find_shared_code
from oduyo_provider.core.values.invalid import show_value
from oduyo_provider.core.values.keys import is_form_of_key
from oduyo_provider.core.values.text import compute_match_key
from oduyo_provider.core.vanished import VanishedRecords

_KEY = "integration_id"


def compute_plan(
    rows: Iterable[Row],
    records: Iterable[Remote],
    entries: Iterable[Entry] = (),
    *,
    normaliser: Normaliser,
    rules: PlanRules,
    known_rejected: frozenset[str] = frozenset(),
    read_all: Callable[[], Iterable[Remote]] = tuple,
) -> Plan:
    """Compare one partition of the ERP with the same partition of Ödüyo.

    :param rows: raw rows, as they are staged; keys are API field names.
    :param records: Ödüyo's records as listed.
    :param entries: of the ledger, of the same partition.
    :param known_rejected: digests of the rows that the last applied run rejected.
    :param read_all: the records of all partitions; asked for only where one has vanished from this one.
    """
    is_upsert = rules.sync_mode is SyncMode.UPSERT
    # sync_mode=create compares nothing and leaves the ledger alone.
    matching = Matching(records if is_upsert else (), entries if is_upsert else (), normaliser, rules.newest_id)
    builder = PlanBuilder(matching, normaliser.resource, rules, known_rejected)
    planner = _Planner(normaliser, rules, matching, builder, read_all)
    planner.group(rows)
    if not rules.is_mapped:  # else another instance's row may have the key of a record that no row has here
        join_nameless(matching, planner.groups, normaliser, rules.key_length)
    matching.prefer_firms(planner.groups)
    matching.take_sent(rules.source)
    planner.read_rows()
    if is_upsert:
        planner.read_records()
    return builder.close()


class _Planner:
    """Compares one partition."""

    def __init__(
        self,
        normaliser: Normaliser,
        rules: PlanRules,
        matching: Matching,
        builder: PlanBuilder,
        read_all: Callable[[], Iterable[Remote]],
    ) -> None:
        self.normaliser = normaliser
        self.resource = normaliser.resource
        self.rules = rules
        self.matching = matching
        self.builder = builder
        self.vanished = VanishedRecords(matching, read_all)
        self.counts = builder.counts
        self.groups: dict[str, RowGroup] = {}

    def group(self, rows: Iterable[Row]) -> None:
        """Sort the rows by their match keys; those whose id cannot be read are rejected."""
        for raw in rows:
            self.counts.extracted += 1
            normalised = self.normaliser.row(raw)
            if normalised.integration_id is None:
                self.builder.reject(raw, None, normalised.faults)
                continue
            key = compute_match_key(normalised.integration_id)
            if (group := self.groups.get(key)) is None:
                self.groups[key] = RowGroup(raw, normalised)
            elif not group.take(raw):
                self.counts.repeated += 1

    def read_rows(self) -> None:
        """Reject rows, or compare them with their records."""
        for key, group in self.groups.items():
            rows, row = group.rows, group.normalised
            integration_id = row.integration_id or ""
            if len(rows) > 1:
                self._reject_duplicates(key, rows)
            elif row.payload is None:
                self._reject(key, group.raw, integration_id, row.faults)
            else:
                shared = find_shared_code(group.raw, self.rules.shared_codes, self.normaliser.texts)
                warnings = [*row.warnings, *shared]
                self.builder.warn(integration_id, row.payload.get(self.resource.code_field, ""), warnings)
                if self.rules.sync_mode is SyncMode.CREATE:
                    self.builder.changes.append(Change(Action.CREATE, integration_id, row.payload))
                else:
                    self._compare(key, group.raw, integration_id, row.payload)

    def _reject_duplicates(self, key: str, rows: list[Row]) -> None:
        for raw in rows:
            row = self.normaliser.row(raw)
            detail = ngettext(
                "%(n)s row has the id %(id)s and differs: correct it in the ERP",
                "%(n)s rows have the id %(id)s and differ: correct them in the ERP",
                len(rows),
                id=show_value(row.integration_id),
            )
            self._reject(key, raw, row.integration_id, [*row.faults, Fault(_KEY, DUPLICATE, detail)])

    def _reject(self, key: str, raw: Row, integration_id: str | None, faults: Sequence[Fault]) -> bool:
        """Reject a row, whose record does not count as missing; returns whether the rejection is known."""
        entry, match = self.matching.entries.get(key), self.matching.matches.get(key)
        if entry is not None and entry.is_owned_by(self.rules.source):
            if match is not None and entry.is_owned_by(self.rules.source, get_id(match.record)):
                entry = compute_seen(entry, match, self.resource)
            self.builder.note(key, msgspec.structs.replace(entry, missing=None))
        return self.builder.reject(raw, integration_id, faults, has_record=match is not None)

    def _compare(self, key: str, raw: Row, integration_id: str, payload: Payload) -> None:
        entry, match = self.matching.entries.get(key), self.matching.matches.get(key)
        if entry is not None and entry.is_others(self.rules.source):
            owner = show_value(entry.source)
            self.counts.other_source += 1
            self.counts.sample("other_source", describe_owner(integration_id, owner))
            if "other_source" not in self.rules.released:
                fault = Fault(
                    _KEY,
                    "other_source",
                    gettext("the record belongs to %(owner)s; release other_source to take it over", owner=owner),
                )
                self.counts.new_other_source += not self._reject(key, raw, integration_id, [fault])
                return
        if match is not None:
            self._compare_with(key, raw, integration_id, payload, match)
        elif entry is not None and entry.is_made and not self.matching.is_made_since(entry):
            self._take_vanished(key, integration_id, payload, entry)
        else:
            self._create(integration_id, payload, entry)

    def _take_vanished(self, key: str, integration_id: str, payload: Payload, entry: Entry) -> None:
        own = msgspec.structs.replace(entry, source=self.rules.source, missing=None)
        listed_as = self.vanished.find_key(key, entry)
        text = describe_vanished(integration_id, entry, listed_as)
        self.counts.sample("vanished", text)
        # A record that this run has made since it was triggered cannot have been released; and nothing is created beside a record
        # that may be this one in another form.
        is_there = entry.oduyo_id is None and listed_as is not None
        if "vanished" in self.rules.released and entry.made_in != self.rules.run and not is_there:
            self.counts.recreates += 1
            self._create(integration_id, payload, entry, replaces=entry.oduyo_id or "")
            # Whatever becomes of the create, nobody waits for the old record any more. If it is listed again, it is this row's.
            self.builder.note(key, msgspec.structs.replace(own, is_gone=True, confirmed_at=None))
            return
        self.counts.vanished += 1
        code = payload.get(self.resource.code_field, "")
        self.builder.remarks.append(Remark(DOUBTFUL, integration_id, entry.oduyo_id or "", code, VANISHED, text))
        self.builder.note(key, own)

    def _create(
        self, integration_id: str, payload: Payload, entry: Entry | None, *, replaces: str | None = None
    ) -> None:
        if not self.builder.offer(Change(Action.CREATE, integration_id, payload, replaces=replaces), entry):
            return
        names = self.resource.natural_key
        if found := compute_natural_key(payload, names):
            values = tuple(value if name in payload else None for name, value in zip(names, found, strict=True))
            self.builder.new_rows.append(NaturalKey(values, integration_id))

    def _compare_with(self, key: str, raw: Row, integration_id: str, payload: Payload, match: Match) -> None:
        record, entry = match.record, self.matching.entries.get(key)
        if entry is not None and "letters" in self.rules.released:
            entry = accept_seen(entry, self.rules.findings, self.normaliser)
        differs = find_differences(self.normaliser, payload, record, entry)
        if "key1" in differs and not self._is_same_firm(payload["key1"], record, entry):
            detail = describe_other_firm(get_id(record), record["key1"], payload["key1"])
            self.counts.other_firm += 1
            self.counts.sample("other_firm", f"{integration_id}: {detail}")
            if "other_firm" not in self.rules.released:
                self._reject(key, raw, integration_id, [Fault("key1", "other_firm", detail)])
                return
        self._note_match(key, entry or Entry(integration_id), payload, match)
        if not differs:
            self.counts.unchanged += 1
            return
        change = compute_update(integration_id, payload, record, differs, self.resource)
        if self.builder.offer(change, entry):
            count_update(self.counts, change, self.resource, None if entry is None else entry.date_sent)

    def _is_same_firm(self, wanted: str, record: Remote, entry: Entry | None) -> bool:
        """Whether a record has the row's firm number, in any form of the number; in a record of this source also in a form that sites
        make of texts.
        """
        read, stored = self.normaliser.integration_id, record.get("key1")
        is_own = entry is not None and entry.is_owned_by(self.rules.source) and entry.oduyo_id == get_id(record)
        return read(stored) in (None, read(wanted)) or (is_own and is_form_of_key(wanted, stored))

    def _note_match(self, key: str, known: Entry, payload: Payload, match: Match) -> None:
        """Note a match: by it a record without an owner becomes this source's. Forget what is no longer stored otherwise."""
        stored = {
            name: pair
            for name, pair in known.stored.items()
            if name not in payload or known.is_seen_as(name, payload[name], match.record.get(name))
        }
        changes = {"integration_id": payload[_KEY], "source": self.rules.source, "stored": stored, "missing": None}
        self.builder.note(key, compute_seen(known, match, self.resource, **changes))

    def read_records(self) -> None:
        """Go through all records and entries: in use, missing, unmatched or gone."""
        records = MissingRecords(self.rules, self.normaliser, self.builder)
        for key, match in self.matching.matches.items():
            records.read(key, match, self.matching.entries.get(key), has_row=key in self.groups)
        for record in self.matching.unkeyed:
            self.counts.existing += 1
            records.add_unmatched(record, None)
        for key, known in self.matching.entries.items():
            entry = self.builder.find_entry(key) or known
            if entry.source != self.rules.source:
                continue
            is_recent = entry.retired_at is not None and self.rules.now - entry.retired_at < WEEK_S
            self.counts.retired_week += is_recent and not entry.is_retirement_released
            is_gone = self.matching.matches.get(key) is None and key not in self.groups and not self.rules.may_lack_rows
            may_come = entry.sent_at is not None and entry.sent_at > self.rules.settled_at
            # The id of a record that was made and is not listed is only forgotten on a person's release.
            if is_gone and not (is_recent or may_come) and (not entry.is_made or "vanished" in self.rules.released):
                self.builder.forgotten.append(entry.integration_id)
