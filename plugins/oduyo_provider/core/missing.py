"""Records that no row has: whose they are, since when, and whether they are to be retired."""

from __future__ import annotations

from typing import Protocol

import msgspec

from oduyo_provider.core.change import Action, Change, compute_base
from oduyo_provider.core.ledger import Entry, compute_missing, find_resend, is_missing_long_enough
from oduyo_provider.core.matching import Match, compute_natural_key, get_id
from oduyo_provider.core.normalise import Normaliser
from oduyo_provider.core.plan import NaturalKey, OnMissing, Pair, Plan, PlanCounts, PlanRules, describe_change
from oduyo_provider.core.record import Remote, Resource


class Sink(Protocol):
    """What a comparison collects."""

    counts: PlanCounts
    plan: Plan

    def add(self, change: Change) -> None:
        """Take a change into the plan."""

    def note(self, key: str, entry: Entry) -> None:
        """Remember an entry."""

    def sample(self, brake: str, text: str) -> None:
        """Keep an example of what counts for a brake."""


class MissingRecords:
    """Goes through the records of one partition after its rows.

    :param rules: whose records count, and what happens to those without a row.
    :param sink: takes counts, changes and notes.
    """

    def __init__(self, rules: PlanRules, resource: Resource, normaliser: Normaliser, sink: Sink) -> None:
        self._rules = rules
        self._resource = resource
        self._normaliser = normaliser
        self._sink = sink
        self._retired = {change.oduyo_id for change in sink.plan.changes if change.retires}

    def read(self, key: str, match: Match, entry: Entry | None, *, has_row: bool) -> None:
        """Take the records of one key."""
        counts = self._sink.counts
        counts.existing += 1 + len(match.twins)
        counts.remote_duplicates += len(match.twins)
        owner = entry.source if entry is not None else ""
        is_own = owner == self._rules.source or (has_row and (not owner or "other_source" in self._rules.released))
        if is_own and match.twins and not self._rules.is_first and (entry is not None):
            known = {*entry.twins, entry.oduyo_id}
            counts.new_duplicates += sum(get_id(twin) not in known for twin in match.twins)
        if is_own:
            self._count_in_use(match.record)
            if not has_row and entry is not None:
                self._read_missing(key, match, entry)
        if not has_row and (is_own or not owner):
            for record in (match.record, *match.twins):
                self.add_unmatched(record, record.get("integration_id"))

    def add_unmatched(self, record: Remote, integration_id: str | None) -> None:
        """A record that no row matches: it may be what somebody typed by hand, or what a row was before its key changed."""
        found = compute_natural_key(record, self._resource.natural_key)
        if found:
            adoptable = None if integration_id else record
            self._sink.plan.unmatched.append(NaturalKey(found, integration_id, get_id(record), adoptable))

    def _count_in_use(self, record: Remote) -> None:
        passive = self._resource.passive
        if passive is not None and record.get("status") == passive:
            return
        counts, name = self._sink.counts, _name_pair(record)
        counts.in_use += 1
        pair = counts.pairs.get(name, Pair())
        is_retired = get_id(record) in self._retired
        counts.pairs[name] = pair + Pair(1, int(is_retired))
        counts.retired += is_retired
        if is_retired:
            self._sink.sample("retired", f"{record.get('integration_id')}: becomes passive by an update")

    def _read_missing(self, key: str, match: Match, entry: Entry) -> None:
        rules, counts, record = self._rules, self._sink.counts, match.record
        twins = tuple(get_id(twin) for twin in match.twins)
        entry = msgspec.structs.replace(entry, oduyo_id=get_id(record), twins=twins)
        if rules.may_lack_rows or not self._is_in_scope(record):
            counts.out_of_scope += not rules.may_lack_rows
            self._sink.note(key, entry)
            return
        missing = compute_missing(entry, rules.run, rules.now)
        entry = msgspec.structs.replace(entry, missing=missing)
        self._sink.note(key, entry)
        counts.missing += 1
        change = self._compute_retirement(entry, record)
        if change is None or not is_missing_long_enough(missing, rules.missing_runs):
            counts.kept_missing += 1
            return
        resend = find_resend(entry, change, rules.now, resend_refused=rules.resend_refused)
        if resend is None:
            counts.missing_refused += 1
            return
        self._sink.add(msgspec.structs.replace(change, is_resend=resend))
        if change.retires:
            name = _name_pair(record)
            counts.retired += 1
            counts.pairs[name] = counts.pairs.get(name, Pair()) + Pair(0, 1)
            self._sink.sample("retired", describe_change(change))

    def _compute_retirement(self, entry: Entry, record: Remote) -> Change | None:
        """What is done to a missing record; None when it stays, or is passive already."""
        passive, base = self._resource.passive, compute_base(record, self._resource)
        is_in_use = passive is None or record.get("status") != passive
        if self._rules.on_missing is OnMissing.DELETE:
            return Change(Action.DELETE, entry.integration_id, {}, get_id(record), base, retires=True)
        if self._rules.on_missing is OnMissing.DEACTIVATE and is_in_use and passive is not None:
            if entry.is_stored_as("status", passive, record.get("status")):
                return None
            payload = {"status": passive}
            return Change(
                Action.DEACTIVATE, entry.integration_id, payload, get_id(record), base, ("status",), retires=True
            )
        return None

    def _is_in_scope(self, record: Remote) -> bool:
        """Whether this run has any row of the record's (key1, key2) pair."""
        if self._rules.pairs is None:
            return True
        return ((record.get("key1") or "").strip(), (record.get("key2") or "").strip()) in self._rules.pairs


def _name_pair(record: Remote) -> str:
    return f"{record.get('key1') or ''}\0{record.get('key2') or ''}"
