"""Compares a record that was written with what was sent."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

import msgspec

from oduyo_provider.core.change import Action, Change, Outcome, Result, compute_base
from oduyo_provider.core.drift import find_as_before, find_stored_otherwise, find_without_effect
from oduyo_provider.core.findings import Finding, find_other_values, is_cut, make_finding
from oduyo_provider.core.language import gettext_noop
from oduyo_provider.core.ledger import Entry
from oduyo_provider.core.normalise import Normaliser
from oduyo_provider.core.record import STAMPS, Kind, Remote, Resource
from oduyo_provider.core.values.decimals import ZERO
from oduyo_provider.core.values.letters import can_be_letters_of
from oduyo_provider.sync.apply.habits import DEFAULT_HABITS, Habits

NOT_LISTED = gettext_noop("confirmed by Ödüyo, but not listed")
NO_EFFECT = gettext_noop("no effect: Ödüyo said yes, and nothing changed")
STILL_LISTED = gettext_noop(
    "no effect: Ödüyo said yes, and still lists it; if it makes records passive instead, use on_missing deactivate"
)
OTHER_VALUE = gettext_noop(
    "stored otherwise: Ödüyo said yes, and holds another value; where that is acceptable, release letters in one run"
)
NOTHING_KEPT = gettext_noop(
    "Ödüyo said yes, and keeps nothing of a value: mend it in the ERP, or leave its field out of the query"
)
OPPOSITE_STATUS = gettext_noop("Ödüyo said yes, and holds the opposite status: the next run sends it again")
REKEYED = gettext_noop("somebody gave the record another key after it was written")
_KEY = "integration_id"


class ReadBack(msgspec.Struct, frozen=True):
    """What the record of a confirmed change shows.

    :param result: the change's result, by the record.
    :param findings: what the site does to values, or may do; none when all is as sent, or only cut.
    :param ignored: fields that are as before although Ödüyo said yes.
    :param beside: other values in fields that were sent unchanged. The site or a person wrote them; three in a row are the site's.
    :param is_seen: the record is as before, and Ödüyo was seen before to keep what was sent like that.
    """

    result: Result
    findings: tuple[Finding, ...] = ()
    ignored: frozenset[str] = frozenset()
    beside: tuple[Finding, ...] = ()
    is_seen: bool = False

    @property
    def is_without_effect(self) -> bool:
        """Whether Ödüyo said yes and did nothing."""
        return self.is_seen or self.result.reason in (NO_EFFECT, STILL_LISTED)

    def is_lost_again(self, entry: Entry | None) -> bool:
        """Whether the site kept nothing of values of which it is known to keep nothing. That proves nothing about its kind.

        :param entry: what the ledger remembers of the key.
        """
        lost = [finding for finding in self.findings if finding.is_final]
        return bool(lost) and all(
            entry is not None and entry.is_seen_as(finding.field, finding.sent, finding.stored) for finding in lost
        )


def is_shown(change: Change, record: Remote | None, normaliser: Normaliser) -> bool:
    """Whether a record shows its change already. One that does not may only be late."""
    if change.action is Action.DELETE:
        return record is None
    if record is None or change.action is Action.CREATE:
        return record is not None
    stored = find_stored_otherwise(change, record, normaliser)
    return not find_as_before(change, record, stored, normaliser)


def find_unclear(change: Change, record: Remote | None, normaliser: Normaliser) -> dict[str, tuple[str, str]]:
    """Unchanged texts that are a beginning of the one that was sent, so cut or ignored: field → (sent, stored)."""
    if record is None or change.action in (Action.CREATE, Action.DELETE):
        return {}
    stored = find_stored_otherwise(change, record, normaliser)
    return {
        name: (change.payload[name], stored[name] or "")
        for name in find_as_before(change, record, stored, normaliser)
        if is_cut(name, change.payload[name], stored[name], normaliser)
    }


def compute_read_back(
    change: Change,
    known: Result,
    record: Remote | None,
    twins: Sequence[Remote],
    normaliser: Normaliser,
    site: Habits = DEFAULT_HABITS,
    *,
    entry: Entry | None = None,
    at: float,
) -> ReadBack:
    """Compare a confirmed change with its record.

    :param known: the result as it was taken from the answer.
    :param record: the change's record; None when it is not listed; ``twins`` further records with the same key.
    :param site: what is known of what it does to values.
    :param entry: what the ledger remembers of the key.
    :param at: the time of the look, seconds since 1970.
    """
    if change.action is Action.DELETE:
        is_there = {} if record is None else {"outcome": Outcome.FAILED, "reason": STILL_LISTED}
        return ReadBack(_replace(known, at, is_read_back=True, **is_there))
    if record is None:
        return ReadBack(_replace(known, at, outcome=Outcome.DOUBTFUL, reason=NOT_LISTED))
    stored = find_stored_otherwise(change, record, normaliser)
    known = _replace(known, at, oduyo_id=str(record["id"]), is_read_back=True)
    if _is_rekeyed(change, record, stored, normaliser, site):
        return ReadBack(_replace(known, at, outcome=Outcome.FAILED, reason=REKEYED))
    others, findings = _find_others(change, stored, normaliser)
    as_before = find_without_effect(change, record, stored, normaliser, site.is_released, site.ignored)
    is_seen = _is_seen(change, stored, as_before, entry)
    refused = [finding for finding in others if not site.is_accepted(finding, entry)]
    if as_before and (refused or not (is_seen and site.accepts_repeated)):
        idle = _replace(known, at, outcome=Outcome.FAILED, reason=NO_EFFECT, stored=stored)
        if is_seen:
            return ReadBack(_replace(idle, at, reason=_find_reason(refused, normaliser)), findings, is_seen=True)
        return _read_back_as_before(idle, as_before, others, findings, entry)
    failed = {"outcome": Outcome.FAILED, "reason": _find_reason(refused, normaliser)} if refused else {}
    ids = tuple(str(twin["id"]) for twin in twins)
    return ReadBack(_replace(known, at, stored=stored, twins=ids, **failed), findings)


def _is_rekeyed(
    change: Change, record: Remote, stored: Mapping[str, str | None], normaliser: Normaliser, site: Habits
) -> bool:
    """Whether somebody gave the record another key after it was written."""
    if _KEY not in stored or _KEY in find_as_before(change, record, stored, normaliser):
        return False
    return site.is_rekeyed(change.action, change.payload[_KEY], stored[_KEY])


def _read_back_as_before(
    failed: Result,
    fields: Collection[str],
    others: Sequence[Finding],
    findings: tuple[Finding, ...],
    known: Entry | None,
) -> ReadBack:
    """A record that is as before: the change was ignored, unless each of these fields holds a form of what was sent.

    A site may make the same of two values. So where the stored value is accepted for another one, it is remembered for this one
    only when it shows again.
    """
    same = [item for item in others if item.field in fields and item.is_other]
    is_ignored = bool(same) or _KEY in fields
    is_of_both = known is not None and all(known.is_accepted_as(item.field, item.stored) for item in same)
    is_kept = bool(same) and _KEY not in fields and is_of_both
    result = failed if is_kept else msgspec.structs.replace(failed, stored={})
    return ReadBack(result, () if is_ignored else findings, frozenset(fields))


def _find_reason(refused: Sequence[Finding], normaliser: Normaliser) -> str:
    final = [finding.field for finding in refused if finding.is_final]
    if not final:
        return OTHER_VALUE
    is_status = any(normaliser.resource.kinds.get(name) is Kind.STATUS for name in final)
    return OPPOSITE_STATUS if is_status else NOTHING_KEPT


def _is_seen(change: Change, stored: Mapping[str, str | None], fields: Collection[str], entry: Entry | None) -> bool:
    """Whether Ödüyo stores all these fields as it was seen to store the same values before."""
    return entry is not None and all(entry.is_seen_as(name, change.payload[name], stored[name]) for name in fields)


def find_changed_fields(change: Change, looked: Remote, record: Remote, normaliser: Normaliser) -> tuple[str, ...]:
    """Fields that an update does not change and that have changed since the look.

    Of undocumented fields only lost ones: in others Ödüyo may count or date its writes.

    :param looked: the record at the look, or its documented fields.
    """
    resource = normaliser.resource
    before, now = ({**listed, **compute_base(listed, resource)} for listed in (looked, record))
    stamps = {name for name, kind in resource.kinds.items() if kind is Kind.STAMP} | {field.name for field in STAMPS}
    left_out = {*change.differs, *stamps, _KEY, "id"}
    # A selected text that was only cut is left out: the next run compares it.
    left_out |= {name for name in change.payload if is_cut(name, before.get(name) or "", now.get(name), normaliser)}
    changed = [name for name in looked if name not in left_out and (before[name] or "") != (now.get(name) or "")]
    lost = find_lost(changed, before, now, normaliser)
    return tuple(name for name in changed if is_documented(name, resource) or name in lost)


def is_documented(field: str, resource: Resource) -> bool:
    """Whether a listed field is one that an update carries."""
    return field in resource.kinds or field == "note"


def find_lost(fields: Iterable[str], looked: Remote, record: Remote, normaliser: Normaliser) -> list[str]:
    """Those of these fields that the site emptied, set to zero, or kept with other letters.

    Any other value may have been written by a person meanwhile.
    """
    return [name for name in fields if _is_lost(name, looked.get(name), record.get(name), normaliser)]


def _is_lost(field: str, looked: str | None, stored: str | None, normaliser: Normaliser) -> bool:
    if not looked or not stored:
        return bool(looked)
    if normaliser.resource.kinds.get(field) is Kind.DECIMAL:
        return normaliser.same(field, stored, ZERO)
    return can_be_letters_of(looked, stored)


def _find_others(
    change: Change, stored: Mapping[str, str | None], normaliser: Normaliser
) -> tuple[list[Finding], tuple[Finding, ...]]:
    """The values that are stored otherwise, and the findings that a person has to accept, those first that nobody can.

    The key is only among the latter; the status is not, as the next run sets it.
    """
    names = find_other_values(change.payload, stored, normaliser)
    others = [make_finding(name, change.payload[name], stored[name], normaliser) for name in names]
    is_mending = change.action is not Action.CREATE and _KEY in change.differs and not change.is_adoption
    is_key_altered = _KEY in stored and not is_mending
    keys = [Finding("key_altered", _KEY, change.payload[_KEY], stored[_KEY])] if is_key_altered else []
    values = (finding for finding in others if normaliser.resource.kinds.get(finding.field) is not Kind.STATUS)
    return others, (*keys, *sorted(values, key=lambda finding: not finding.is_final))


def _replace(known: Result, at: float, **changes: object) -> Result:
    return msgspec.structs.replace(known, at=at, **changes)
