"""Compares what was sent with what was answered and stored: pure functions that give answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from itertools import pairwise

from oduyo_provider.api.envelope import parse_envelope
from oduyo_provider.api.meaning import Meaning, parse_date
from oduyo_provider.api.probe import Seen
from oduyo_provider.core.change import compute_base
from oduyo_provider.core.language import gettext
from oduyo_provider.core.record import Remote, Resource
from oduyo_provider.core.redact import neutralise
from oduyo_provider.sync.check.questions import Found
from oduyo_provider.sync.check.record import TRIED_LABELS

#: Time zones differ by quarters of an hour, and by at most 14 hours from UTC.
QUARTERS, FURTHEST_HOURS = 4, 14
_HOUR = 3600
_STAMPS = ("created_in", "updated_in")


def find_words(seen: Seen) -> str:
    """The words of a no; empty without any."""
    envelope = None if seen.answer is None else parse_envelope(seen.answer.body)
    if envelope is None or not envelope.words:
        return ""
    return gettext("It says: %(words)s", words=neutralise(envelope.words, 200))


def judge_create(seen: Seen, named_id: str | None, records: Sequence[Remote], settle_s: float) -> Found:
    """How a create that was not refused ended."""
    ids = [str(record["id"]) for record in records]
    if seen.meaning is not Meaning.DONE:
        return Found.of("create", "lost", words=seen.classification.reason)
    if not ids:
        return Found.of("create", "not_listed", seconds=f"{settle_s:g}")
    if len(ids) > 1:
        return Found.of("create", "two_records", count=len(ids))
    if named_id is None:
        return Found.of("create", "no_id")
    return Found.of("create", "names_id" if named_id in ids else "wrong_id", named=named_id, listed=ids[0])


def judge_steps(ids: Sequence[str]) -> Found:
    """How ids follow each other.

    :param ids: of the records, in the order in which they were made.
    """
    numbers = [int(one) for one in ids]
    steps = [after - before for before, after in pairwise(numbers)]
    if not steps:
        return Found.of("id_steps", "unknown", words=gettext("only one record was made."))
    return Found.of("id_steps", "ascending" if min(steps) > 0 else "descending", steps=min(steps))


def find_time_zone(seen: Seen, record: Remote) -> Found:
    """The zone of the times that Ödüyo sets, by the date of the answer to the create.

    :param seen: that answer.
    """
    site_time = None if seen.answer is None else parse_date(seen.answer.headers.get("date", ""))
    stamp = next((found for one in _STAMPS if (found := record.get(one))), None)
    if site_time is None or stamp is None:
        return Found.of("time_zone", "unknown", words=gettext("the site does not say when it stored the record."))
    try:
        stored = datetime.fromisoformat(stamp).replace(tzinfo=timezone.utc).timestamp()
    except ValueError:
        return Found.of("time_zone", "unknown", words=gettext("its times are not written as documented."))
    hours = round((stored - site_time.timestamp()) / _HOUR * QUARTERS) / QUARTERS
    if abs(hours) > FURTHEST_HOURS:
        return Found.of("time_zone", "unknown", words=gettext("its time is more than half a day off."))
    return Found.of("time_zone", "offset", offset=f"{hours:+g}")


def judge_digits(key: str, record: Remote) -> list[Found]:
    """Tell if a key of digits is not stored as it was sent; empty if it is."""
    return [] if record.get("integration_id") == key else [_find_altered("digits", key, record.get("integration_id"))]


def judge_texts(sent: Mapping[str, tuple[str, str]], record: Remote) -> list[Found]:
    """Which texts are stored otherwise than sent.

    :param sent: name in the readings → the field and the text, of all that Ödüyo took.
    """
    found, kept = [], []
    for tried, (field, text) in sent.items():
        if (record.get(field) or "") == text:
            kept.append(gettext(TRIED_LABELS[tried]))
        else:
            found.append(_find_altered(tried, text, record.get(field)))
    return [*found, Found.of("stored_texts", "kept", names=", ".join(kept))] if kept else found


def _find_altered(tried: str, sent: str, stored: str | None) -> Found:
    sent, stored = (f"'{neutralise(text, 80)}'" for text in (sent, stored or ""))
    return Found.of("stored_texts", f"{tried}_altered", what=gettext(TRIED_LABELS[tried]), sent=sent, stored=stored)


def judge_lengths(sent: Mapping[str, str], record: Remote) -> Found:
    """How much of long texts is stored."""
    stored = {field: len(record.get(field) or "") for field in sent}
    cut = [
        gettext("%(field)s after %(stored)s", field=field, stored=stored[field])
        for field, text in sent.items()
        if stored[field] < len(text)
    ]
    if cut:
        return Found.of("lengths", "cut", names=", ".join(cut))
    return Found.of("lengths", "kept", length=max(map(len, sent.values())))


def find_lost(before: Remote, after: Remote, sent: Mapping[str, str], resource: Resource) -> list[str]:
    """The fields that an update left out and that changed nevertheless."""
    old, new = compute_base(before, resource), compute_base(after, resource)
    return [
        name
        for name, value in old.items()
        if name not in sent and name not in _STAMPS and (value or "") != (new.get(name) or "")
    ]
