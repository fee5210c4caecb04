"""The test record: makes it, recognises it, and has the texts that are tried in it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone

from oduyo_provider.core.language import gettext_noop
from oduyo_provider.core.record import Kind, Payload, Remote, Resource
from oduyo_provider.core.site_check import TrialRecords

#: Every mark begins with this, and nobody else's texts do.
MARK = "ODUYO-CHECK-"
#: If a site cuts all texts, so many characters of each must be left to recognise the record.
SHORTEST_BEGINNING = 3
#: Fields that may carry the mark for people to see. The first that the resource has is taken; each has one.
_MARKED = ("code", "description", "account_name", "name")
_KEY = "integration_id"
#: Values from the documentation's example, used if no record shows which values the site has.
_EXAMPLES = {"key1": "21", "key2": "1", "typecode": "26"}

#: Name in the readings → text that is tried in a free text field.
_TRIED = {
    "letters": "ğüşıöç ĞÜŞİÖÇ âîû",
    "quotes": 'O\'BRIEN "A" C:\\D',
    "ampersand": "A & B",
    "tags": "1 < 2 <b>x</b>",
    "blanks": "A  B",
    "ends": " A ",
}
_KEY_ENDING = "-ğ'&abc"

#: Name in the readings → what people call the text that is tried.
TRIED_LABELS = {
    "letters": gettext_noop("Turkish letters"),
    "quotes": gettext_noop("quotes and backslashes"),
    "ampersand": gettext_noop("the sign &"),
    "tags": gettext_noop("the signs < and >"),
    "blanks": gettext_noop("double blanks within a text"),
    "ends": gettext_noop("blanks at the ends"),
    "key": gettext_noop("letters and signs in integration_id"),
    "digits": gettext_noop("an integration_id of digits that begins with 0"),
}


def make_mark(now: float) -> str:
    """The mark of a check that begins at this time, in seconds since 1970."""
    return f"{MARK}{datetime.fromtimestamp(now, timezone.utc):%Y%m%d%H%M%S}"


def make_digits_key(now: float) -> str:
    """A key of digits that begins with 0 and is too large for 32 bits."""
    return f"0{int(now * 1000)}"


def find_marked_field(resource: Resource) -> str:
    """The field that carries the mark besides the key."""
    return next(name for name in _MARKED if name in resource.kinds)


def make_record(resource: Resource, mark: str, newest: Remote) -> Payload:
    """A passive record that carries the mark.

    :param newest: a record of the site. Its key1, key2 and typecode are taken, as a site may refuse others.
    """
    record = {_KEY: mark, "status": str(resource.passive)}
    record.update({name: newest.get(name) or value for name, value in _EXAMPLES.items()})
    record.update(dict.fromkeys((find_marked_field(resource), "description"), mark))
    return {name: value for name, value in record.items() if name in resource.kinds}


def find_texts(resource: Resource, mark: str) -> Iterator[tuple[str, str, str]]:
    """Yield what is tried: its name in the readings, the field, and the text."""
    marked = find_marked_field(resource)
    free = [
        name
        for name, kind in resource.kinds.items()
        if kind in (Kind.TEXT, Kind.DESCRIPTION) and name != marked and name.startswith(("space", "description"))
    ]
    for (reading, text), field in zip(_TRIED.items(), free, strict=False):
        yield reading, field, text
    yield "key", _KEY, mark + _KEY_ENDING


def make_long(resource: Resource, mark: str, length: int) -> Payload:
    """The free texts and the marked field, each `length` characters long."""
    fields = {field for _, field, _ in find_texts(resource, mark)} - {_KEY} | {find_marked_field(resource)}
    return {field: mark.ljust(length, "x") for field in sorted(fields)}


def is_of_trial(record: Remote, trial: TrialRecords, resource: Resource) -> bool:
    """Whether the trial made a record, also if the site stores texts otherwise.

    Either a text begins with the mark, in any case, or is cut within it after ``ODUYO-CHECK-``. Or both the key and the
    marked field hold a beginning of what was sent, as on a site that cuts all texts.
    """
    mark = trial.mark.casefold()
    texts = {name: (record.get(name) or "").strip().casefold() for name in resource.kinds}
    if any(text.startswith(mark) or (len(text) >= len(MARK) and mark.startswith(text)) for text in texts.values()):
        return True
    keys = [key.casefold() for key in trial.keys]
    key, marked = texts[_KEY], texts[find_marked_field(resource)]
    is_key = len(key) >= SHORTEST_BEGINNING and any(one.startswith(key) for one in keys)
    return is_key and len(marked) >= SHORTEST_BEGINNING and mark.startswith(marked)
