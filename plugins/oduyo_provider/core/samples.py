"""Describes single changes and rows for people, in a line each, in the reader's language."""

from __future__ import annotations

from itertools import takewhile

from oduyo_provider.core.change import Action, Change
from oduyo_provider.core.language import gettext
from oduyo_provider.core.ledger import Entry
from oduyo_provider.core.values.invalid import SHOWN_CHARACTERS, format_value, show_value

#: Characters shown of long texts before the place where they differ.
_LEAD = 10


def describe_change(change: Change) -> str:
    """A change in one line."""
    where = f"{change.integration_id}" + (f" (Ödüyo {change.oduyo_id})" if change.oduyo_id else "")
    if change.oduyo_id is None:
        return gettext("create %(where)s: code %(code)s", where=where, code=_show(change.payload.get("code")))
    if not change.payload:
        return gettext("delete %(where)s: code %(code)s", where=where, code=_show(change.base.get("code")))
    fields = ", ".join(f"{name} {_show_both(change.base.get(name), change.payload[name])}" for name in change.differs)
    if change.action is Action.DEACTIVATE:
        return gettext("deactivate %(where)s: %(fields)s", where=where, fields=fields)
    return gettext("update %(where)s: %(fields)s", where=where, fields=fields)


def _show(value: object) -> str:
    return f"'{show_value(value)}'"


def _show_both(before: object, after: object) -> str:
    """What a field holds and what it is to hold; of long texts a part in which they differ."""
    texts = [format_value(before), format_value(after)]
    start = 0
    if max(map(len, texts)) > SHOWN_CHARACTERS:
        alike = takewhile(lambda signs: signs[0] == signs[1], zip(*texts, strict=False))
        start = max(0, sum(1 for _ in alike) - _LEAD)
    return " → ".join(_show("…" * (start > 0) + text[start:]) for text in texts)


def describe_vanished(integration_id: str, entry: Entry, key: str | None) -> str:
    """A record that Ödüyo does not list any more, or only with another key.

    :param key: what the record, or one that may be it, carries now; None where Ödüyo does not list it.
    """
    if key is not None and not entry.oduyo_id:
        return gettext(
            "%(id)s (confirmed without an id) is not listed any more, but a record with the key '%(key)s' is, which may be it: give "
            "it the whole key in the Ödüyo panel",
            id=integration_id,
            key=show_value(key),
        )
    if key is not None:
        return gettext(
            "%(id)s: Ödüyo's record %(oduyo_id)s carries the key '%(key)s' now; somebody changed it",
            id=integration_id,
            oduyo_id=entry.oduyo_id,
            key=show_value(key),
        )
    if not entry.oduyo_id:
        return gettext("%(id)s (confirmed without an id) is not listed any more", id=integration_id)
    return gettext("%(id)s (Ödüyo %(oduyo_id)s) is not listed any more", id=integration_id, oduyo_id=entry.oduyo_id)


def describe_other_firm(oduyo_id: str, theirs: object, ours: object) -> str:
    """A record with another ``key1`` than its row."""
    return gettext(
        "Ödüyo's record %(oduyo_id)s has key1 '%(theirs)s', the row '%(ours)s': another firm's record",
        oduyo_id=oduyo_id,
        theirs=show_value(theirs),
        ours=show_value(ours),
    )


def describe_owner(integration_id: str, owner: str) -> str:
    """A row whose record another source owns."""
    return gettext("%(id)s: the record belongs to %(owner)s", id=integration_id, owner=owner)


def describe_date_back(integration_id: str, date: str, before: str) -> str:
    """An update with an older date than was sent before."""
    return gettext("%(id)s: %(date)s, %(before)s was sent before", id=integration_id, date=date, before=before)
