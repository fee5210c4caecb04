"""Records that no row has: whose they are, since when, and whether they are to be retired."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from oduyo_provider.core.change import Action, Change, compute_base
from oduyo_provider.core.counting import count_in_use, count_retired
from oduyo_provider.core.language import gettext
from oduyo_provider.core.ledger import RUN_NAMES, Entry, Missing
from oduyo_provider.core.matching import Match, compute_natural_key, compute_seen, get_id
from oduyo_provider.core.normalise import Normaliser
from oduyo_provider.core.plan import NaturalKey, OnMissing, PlanRules
from oduyo_provider.core.plan_builder import PlanBuilder
from oduyo_provider.core.record import Remote, is_passive
from oduyo_provider.core.remarks import (
    KEEP,
    KEPT,
    NEW_DUPLICATE,
    OUT_OF_SCOPE,
    PASSIVE_ALREADY,
    WAITS,
    WARNED,
    Remark,
)
from oduyo_provider.core.values.keys import fold_key

_PAIR = ("key1", "key2")

#: A record counts as missing only when at least this long lies between the first and the last run without its row.
MISSING_FOR_S = 12 * 3600.0


def compute_missing(entry: Entry, run: str, now: float) -> Missing:
    """The entry's count of runs without its row, with this run added; the same run counts once.

    A stamp from the future counts as now.
    """
    known = entry.missing
    if known is None:
        return Missing(now, now, 1, run)
    if run in (known.run, *known.earlier):
        return known
    earlier = (*known.earlier, known.run)[-RUN_NAMES:]
    return Missing(min(known.first_at, now), now, known.count + 1, run, earlier)


def is_missing_long_enough(missing: Missing, runs: int) -> bool:
    """Whether a record may be retired: no row in so many runs, over at least :data:`MISSING_FOR_S`; one run is at once."""
    return missing.count >= runs and (runs <= 1 or missing.last_at - missing.first_at >= MISSING_FOR_S)


class MissingRecords:
    """Goes through the records of one partition after its rows.

    :param rules: whose records count, and what happens to those without a row.
    :param builder: takes counts, changes and notes; holds those of the rows.
    """

    def __init__(self, rules: PlanRules, normaliser: Normaliser, builder: PlanBuilder) -> None:
        self._rules = rules
        self._resource = normaliser.resource
        self._normaliser = normaliser
        self._builder = builder
        self._counts = builder.counts
        self._pairs = None if rules.pairs is None else {*map(_fold, rules.pairs)}
        self._retiring = {change.oduyo_id: change for change in builder.changes if change.retires}

    def read(self, key: str, match: Match, entry: Entry | None, *, has_row: bool) -> None:
        """Take the records of one key.

        :param entry: as it was before the plan.
        """
        counts, source = self._counts, self._rules.source
        counts.existing += 1 + len(match.twins)
        counts.remote_duplicates += len(match.twins)
        now = self._builder.find_entry(key)
        if now is not None and now.is_owned_by(source, get_id(match.record)):
            if not self._rules.is_first:
                known = () if entry is None else (*entry.twins, entry.oduyo_id)
                for twin in match.twins:
                    if get_id(twin) not in known:
                        counts.new_duplicates += 1
                        ids = {"record": get_id(match.record), "twin": get_id(twin)}
                        text = gettext("%(key)s: Ödüyo %(record)s and %(twin)s", key=key, **ids)
                        counts.sample("new_duplicates", text)
                        self._remark(WARNED, twin, now, gettext(NEW_DUPLICATE), text)
            count_in_use(counts, match.record, self._resource, self._retiring.get(get_id(match.record)))
            if not has_row:
                self._read_missing(key, match, now)
        # A row of another mapped instance may match what this source owns.
        may_be_own = self._rules.is_mapped and entry is not None and entry.is_owned_by(source)
        if not (has_row or may_be_own or (entry is not None and entry.is_others(source))):
            for record in (match.record, *match.twins):
                self.add_unmatched(record, record.get("integration_id"), entry)

    def add_unmatched(self, record: Remote, integration_id: str | None, entry: Entry | None = None) -> None:
        """A record that no row matches: it may be what somebody typed by hand, or what a row was before its key changed.

        :param entry: what is remembered of its key.
        """
        natural_key = self._resource.natural_key
        found = compute_natural_key(
            {name: self._normaliser.value(name, _find_sent(entry, name, record.get(name))) for name in natural_key},
            natural_key,
        )
        if found:
            adoptable = None if integration_id or get_id(record) in self._rules.others else record
            self._builder.unmatched.append(NaturalKey(found, integration_id, get_id(record), adoptable))

    def _read_missing(self, key: str, match: Match, entry: Entry) -> None:
        rules, counts, record = self._rules, self._counts, match.record
        entry = compute_seen(entry, match, self._resource)
        if rules.may_lack_rows or not self._is_in_scope(record, entry):
            self._builder.note(key, entry)
            if not rules.may_lack_rows:
                counts.out_of_scope += 1
                self._remark(OUT_OF_SCOPE, record, entry)
            return
        missing = compute_missing(entry, rules.run, rules.now)
        self._builder.note_missing(key, msgspec.structs.replace(entry, missing=missing))
        counts.missing += 1
        change = self._compute_retirement(entry, record)
        if change is None or not is_missing_long_enough(missing, rules.missing_runs):
            counts.kept_missing += 1
            if change is not None:
                text = gettext(
                    "missing in %(count)s of %(runs)s applied runs", count=missing.count, runs=rules.missing_runs
                )
                self._remark(KEPT, record, entry, gettext(WAITS), text)
            else:
                is_keep = rules.on_missing is OnMissing.KEEP
                self._remark(KEPT, record, entry, gettext(KEEP) if is_keep else gettext(PASSIVE_ALREADY))
            return
        if self._builder.offer(change, entry):
            count_retired(counts, record, change)

    def _remark(self, outcome: str, record: Remote, entry: Entry, reason: str = "", detail: str = "") -> None:
        code = record.get(self._resource.code_field) or ""
        self._builder.remarks.append(Remark(outcome, entry.integration_id, get_id(record), code, reason, detail))

    def _compute_retirement(self, entry: Entry, record: Remote) -> Change | None:
        """What is done to a missing record; None when it stays, or is passive already."""
        passive, base, oduyo_id = self._resource.passive, compute_base(record, self._resource), get_id(record)
        if self._rules.on_missing is OnMissing.DELETE:
            return Change(Action.DELETE, entry.integration_id, {}, oduyo_id, base, retires=True)
        if self._rules.on_missing is OnMissing.KEEP or passive is None or is_passive(record, self._resource):
            return None
        if entry.is_stored_as("status", passive, record.get("status")):
            return None
        payload = {"status": passive}
        return Change(Action.DEACTIVATE, entry.integration_id, payload, oduyo_id, base, ("status",), retires=True)

    def _is_in_scope(self, record: Remote, entry: Entry) -> bool:
        """Whether this run has any row of the record's (key1, key2) pair, as it was sent."""
        found = self._normaliser.texts(_find_sent(entry, name, record.get(name)) for name in _PAIR)
        return self._pairs is None or (found is not None and _fold(found) in self._pairs)


def _fold(pair: Iterable[str]) -> tuple[str, ...]:
    return tuple(map(fold_key, pair))


def _find_sent(entry: Entry | None, field: str, value: str | None) -> str | None:
    """What was sent of a value that Ödüyo is known to keep otherwise; any other value itself."""
    if entry is None or (known := entry.stored.get(field)) is None:
        return value
    return known.sent if entry.is_stored_as(field, known.sent, value) else value
