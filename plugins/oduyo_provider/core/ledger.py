"""The ledger's entries: what is remembered of each key at a site, its owner first of all.

A memory, not the truth: every plan compares with what Ödüyo lists. Source of the fields: the project's design, "The
ledger". Entries are values; what a run does to them is computed here and stored by :mod:`oduyo_provider.sync.site.ledger`.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from typing import Annotated

import msgspec

from oduyo_provider.core.change import Action, Change, Outcome, Result
from oduyo_provider.core.language import gettext_noop
from oduyo_provider.core.record import Payload

#: A remembered refusal is tried again after this long …
RESEND_AFTER_S = 7 * 86_400.0
#: … but only so many in a run: enough to notice that Ödüyo has changed a rule.
MAX_RESENDS = 20
#: The reason of a refusal that is known and was not sent again.
REFUSED_BEFORE = gettext_noop("refused before, and not sent again in this run")
#: So many earlier runs without a row are kept by name, so that one of them that is cleared does not count again.
RUN_NAMES = 5
#: Retirements are added up over this long.
WEEK_S = 7 * 86_400.0


# gc=False, here and elsewhere: there are as many as rows and they form no cycles. Visiting them took the garbage collector a
# tenth of the CPU.
class Stored(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A value that Ödüyo stores otherwise than sent. While both stay as they are, the field counts as equal.

    :param is_open: it is another value than was sent, and no person has accepted it: the field does not count as equal yet.
    :param is_repeated: the same value was sent twice and stored alike.
    """

    sent: str
    stored: str | None
    is_open: bool = False
    is_repeated: bool = False


class Missing(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """The applied runs of its source in which no row had the key.

    :param first_at: of the first such run, seconds since 1970; likewise ``last_at``.
    :param count: different runs.
    :param run: the last one's name; ``earlier`` those of the last :data:`RUN_NAMES` before it.
    """

    first_at: float
    last_at: float
    count: int
    run: str
    earlier: tuple[str, ...] = ()


class Refused(msgspec.Struct, frozen=True, gc=False):
    """A change that Ödüyo refused.

    :param digest: of the action and the payload, see :func:`compute_payload_digest`.
    :param words: what Ödüyo said.
    :param since: seconds since 1970.
    """

    digest: str
    words: str
    since: float


class Entry(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """What is remembered of one key.

    :param integration_id: the key, as this product sends it.
    :param source: who owns the record; empty for nobody.
    :param oduyo_id: Ödüyo's id; None where there is no record that is known.
    :param confirmed_at: when a create was confirmed whose id is not known yet: it is never sent again by itself.
    :param made_in: the run that made the record, until it was seen in a list.
    :param twins: ids of further records with the same key, as last reported.
    :param stored: field → what was sent and what is kept of it.
    :param retired_at: when this product deactivated or deleted the record, seconds since 1970.
    :param is_retirement_released: whether a person released or approved that.
    :param date_sent: the ``*_updated_in`` that was sent last.
    :param is_gone: the record was absent when it was to be deleted, or a person released it as vanished. If it is listed again
        with this id, it belongs to its old owner.
    :param sent_at: when a change that gives a record this key may last have been transmitted without an answer. It may be sent
        again, and a record that is listed with the key comes from it.
    """

    integration_id: str
    source: str = ""
    oduyo_id: Annotated[str, msgspec.Meta(pattern="^[0-9]+$")] | None = None
    confirmed_at: float | None = None
    made_in: str = ""
    twins: tuple[str, ...] = ()
    stored: dict[str, Stored] = {}
    missing: Missing | None = None
    refused: Refused | None = None
    retired_at: float | None = None
    is_retirement_released: bool = False
    date_sent: str | None = None
    is_gone: bool = False
    sent_at: float | None = None

    @property
    def is_made(self) -> bool:
        """Whether a record was confirmed for this key: then none is ever created again without a release."""
        return (self.oduyo_id is not None and not self.is_gone) or self.confirmed_at is not None

    def is_owned_by(self, source: str, oduyo_id: str | None = None) -> bool:
        """Whether a source owns the record, or of those with its key the one with this id; a key without a record is nobody's."""
        return self.is_made and self.source == source and (oduyo_id is None or self.oduyo_id in (None, oduyo_id))

    def is_others(self, source: str) -> bool:
        """Whether another source owns the record."""
        return self.is_made and self.source not in ("", source)

    def is_seen_as(self, field: str, wanted: str, value: str | None) -> bool:
        """Whether Ödüyo was seen to keep ``value`` where ``wanted`` was sent."""
        known = self.stored.get(field)
        return known is not None and known.sent == wanted and (known.stored or "") == (value or "")

    def is_stored_as(self, field: str, wanted: str, value: str | None) -> bool:
        """As :meth:`is_seen_as`, and that counts as equal."""
        return self.is_seen_as(field, wanted, value) and not self.stored[field].is_open

    def is_accepted_as(self, field: str, value: str | None) -> bool:
        """Whether Ödüyo keeps ``value`` of another one that was sent, and that counts as equal."""
        known = self.stored.get(field)
        return known is not None and not known.is_open and (known.stored or "") == (value or "")

    def is_refusal_of(self, digest: str) -> bool:
        """Whether Ödüyo refused this very change before."""
        return self.refused is not None and self.refused.digest == digest


def compute_payload_digest(action: Action, payload: Payload) -> str:
    """A digest of what a change would write: a refusal is remembered for this payload only."""
    text = msgspec.json.encode([action.value, sorted(payload.items())])
    return blake2b(text, digest_size=8).hexdigest()


def apply_result(
    entry: Entry | None,
    change: Change,
    result: Result,
    *,
    source: str,
    run: str,
    date_field: str | None,
    is_released: bool,
) -> Entry | None:
    """The entry after a change's result; None when there is nothing to remember. See also :func:`apply_sending`.

    :param entry: before; None when the key is new.
    :param source: that made the plan; ``run`` is the run's name.
    :param date_field: the resource's ``*_updated_in``.
    :param is_released: a person released or approved the plan's retirements.
    """
    known = msgspec.structs.replace(entry or Entry(change.integration_id), sent_at=None)
    # A failed change of which something is stored took effect: the site holds another value.
    if result.outcome is Outcome.DONE or (result.outcome is Outcome.FAILED and result.stored):
        return _apply_done(known, change, result, source, run, date_field, is_released=is_released)
    if result.outcome is Outcome.REFUSED and result.is_remembered:
        # Of an adoption the next plan has the row's create again.
        digest = compute_payload_digest(Action.CREATE if change.is_adoption else change.action, change.payload)
        since = (
            known.refused.since if known.is_refusal_of(digest) and known.refused and not change.is_resend else result.at
        )
        refused = Refused(digest, result.answer or result.reason, since)
        return msgspec.structs.replace(known, source=_find_owner(known, source), refused=refused)
    if change.action is Action.CREATE and result.is_confirmed:
        # Not found when it was read back: it is never sent again by itself.
        confirmed_at = None if result.oduyo_id else result.at
        owner = _find_owner(known, source)
        return msgspec.structs.replace(
            known, source=owner, oduyo_id=result.oduyo_id, confirmed_at=confirmed_at, made_in=run, is_gone=False
        )
    if entry is not None and result.outcome is Outcome.REFUSED:
        return known
    return entry


def apply_sending(
    entry: Entry | None, change: Change, result: Result | None, sent_at: float, source: str
) -> Entry | None:
    """The entry after a change that may have been transmitted: an unanswered one that gives a record its key is noted.

    :param entry: after :func:`apply_result`.
    :param result: None where none is known.
    :param sent_at: when it was transmitted last, at the latest.
    """
    is_settled = result is not None and result.outcome in (Outcome.DONE, Outcome.REFUSED)
    known = entry or Entry(change.integration_id)
    if is_settled or known.is_made or not (change.action is Action.CREATE or change.is_adoption):
        return entry
    return msgspec.structs.replace(known, source=source, sent_at=sent_at)


def _find_owner(known: Entry, source: str) -> str:
    return (known.source if known.is_made else "") or source


def _apply_done(
    known: Entry, change: Change, result: Result, source: str, run: str, date_field: str | None, *, is_released: bool
) -> Entry:
    if change.action is Action.DELETE:
        deleted = Entry(
            known.integration_id, source, retired_at=result.at, is_retirement_released=is_released, twins=known.twins
        )
        if result.is_confirmed:
            return deleted
        return msgspec.structs.replace(deleted, oduyo_id=change.oduyo_id, stored=known.stored, is_gone=True)
    oduyo_id = result.oduyo_id or change.oduyo_id or (None if known.is_gone else known.oduyo_id)
    stored = _merge_stored(known.stored, change.payload, result)
    is_retirement = change.retires
    # A record that is in use again does not count as retired any more.
    was_retired_at = None if change.action is Action.CREATE or "status" in change.differs else known.retired_at
    return Entry(
        change.integration_id,
        source,
        oduyo_id=oduyo_id,
        confirmed_at=None if oduyo_id else result.at,
        made_in=run if change.action is Action.CREATE and not result.is_read_back else "",
        twins=result.twins or known.twins,
        stored=stored,
        missing=known.missing if change.action is Action.DEACTIVATE else None,
        retired_at=result.at if is_retirement else was_retired_at,
        is_retirement_released=is_released if is_retirement else known.is_retirement_released,
        date_sent=change.payload.get(date_field or "", known.date_sent),
    )


def _merge_stored(known: Mapping[str, Stored], payload: Payload, result: Result) -> dict[str, Stored]:
    """The values known to be stored otherwise: those found now, and older ones of fields that were not sent again."""
    kept = {
        name: pair
        for name, pair in known.items()
        if name not in payload or (pair.sent == payload[name] and not pair.is_open)
    }
    for name in result.stored.keys() & payload.keys():
        is_open = result.outcome is Outcome.FAILED and name != "integration_id"
        pair, before = Stored(payload[name], result.stored[name], is_open), known.get(name)
        is_repeated = is_open and before is not None and (before.sent, before.stored) == (pair.sent, pair.stored)
        kept[name] = msgspec.structs.replace(pair, is_repeated=is_repeated)
    return kept
