"""The test record: how it is made, how it is recognised, and which texts are tried in it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone

from oduyo_provider.core.language import gettext_noop
from oduyo_provider.core.record import Kind, Payload, Remote, Resource
from oduyo_provider.core.site_check import TrialRecords

#: Begins every mark; nobody else's texts begin so.
MARK = "ODUYO-CHECK-"
#: Where a site cuts all texts, so many characters of the mark must be left in each of them to know the record by it.
SHORTEST_BEGINNING = 3
#: Fields that carry the mark for people to see: the first of them that the resource has, and each has one.
_MARKED = ("code", "description", "account_name", "name")
_KEY = "integration_id"
#: What these fields hold in the documentation's example, where no record shows what a site puts into them.
_EXAMPLES = {"key1": "21", "key2": "1", "typecode": "26"}

#: What is tried in free texts, by its name in the readings.
_TRIED = {
    "letters": "ğüşıöç ĞÜŞİÖÇ âîû",
    "quotes": 'O\'BRIEN "A" C:\\D',
    "ampersand": "A & B",
    "tags": "1 < 2 <b>x</b>",
    "blanks": "A  B",
    "ends": " A ",
}
_KEY_ENDING = "-ğ'&abc"

#: What people call that which is tried, by its name in the readings.
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
    """The mark of a check that begins now, in seconds since 1970."""
    return f"{MARK}{datetime.fromtimestamp(now, timezone.utc):%Y%m%d%H%M%S}"


def make_digits_key(now: float) -> str:
    """A key of digits that begins with 0 and is too large for 32 bits."""
    return f"0{int(now * 1000)}"


def find_marked_field(resource: Resource) -> str:
    """The field, beside the key, that carries the mark."""
    return next(name for name in _MARKED if name in resource.kinds)


def make_record(resource: Resource, mark: str, newest: Remote) -> Payload:
    """A passive record that carries the mark.

    :param newest: a record of the site, whose keys are taken: a site may refuse others.
    """
    record = {_KEY: mark, "status": str(resource.passive)}
    record.update({name: newest.get(name) or value for name, value in _EXAMPLES.items()})
    record.update(dict.fromkeys((find_marked_field(resource), "description"), mark))
    return {name: value for name, value in record.items() if name in resource.kinds}


def find_texts(resource: Resource, mark: str) -> Iterator[tuple[str, str, str]]:
    """What is tried: its name in the readings, the field, and the text."""
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
    """Whether a record is one that the trial made, also where the site stores its texts otherwise.

    Either a text begins with the mark, in whatever case; or the key and the marked field both hold a beginning of what was
    sent, as where all texts are cut.
    """
    mark = trial.mark.casefold()
    texts = {name: (record.get(name) or "").strip().casefold() for name in resource.kinds}
    if any(text.startswith(mark) or (len(text) >= len(MARK) and mark.startswith(text)) for text in texts.values()):
        return True
    keys = [key.casefold() for key in trial.keys]
    key, marked = texts[_KEY], texts[find_marked_field(resource)]
    is_key = len(key) >= SHORTEST_BEGINNING and any(one.startswith(key) for one in keys)
    return is_key and len(marked) >= SHORTEST_BEGINNING and mark.startswith(marked)
