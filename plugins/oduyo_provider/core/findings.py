"""What a site does to values: it cuts them, keeps other letters, or another value. And what of that a person can accept."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

import msgspec

from oduyo_provider.core.ledger import Entry, Stored
from oduyo_provider.core.normalise import Normaliser
from oduyo_provider.core.record import Kind
from oduyo_provider.core.values.forms import can_be_amount_of, can_be_moment_of
from oduyo_provider.core.values.iban import compute_iban
from oduyo_provider.core.values.keys import is_form_of_key
from oduyo_provider.core.values.letters import Escaping, can_be_letters_of, find_escaping
from oduyo_provider.core.values.status import means_passive, means_same

#: Kinds that hold a text: a site may cut them, or keep other letters.
_TEXTS = frozenset({Kind.ID, Kind.TEXT, Kind.DESCRIPTION})
#: Kinds of which a site may keep less, or keep in another form.
_FORMS = {Kind.DECIMAL: can_be_amount_of, Kind.DATETIME: can_be_moment_of}
#: Fields whose value, once cut, is that of another firm or period.
_NEVER_CUT = frozenset({"key1", "key2"})


class Finding(msgspec.Struct, frozen=True):
    """What a site does to a value, seen on one record and remembered for the site.

    :param brake: that a person releases to accept it.
    :param field: that was stored otherwise; ``sent`` and ``stored`` are an example.
    :param is_final: nobody can accept it: the site stores nothing of what was sent, or two rows get one key or one record.
    :param is_other: what is stored is no form of what was sent, but another value.
    :param is_released: a person has released it: it is accepted from then on.
    """

    brake: str
    field: str
    sent: str
    stored: str | None
    is_final: bool = False
    is_other: bool = False
    is_released: bool = False

    @property
    def name(self) -> str:
        """The name under which it is remembered. Another value is accepted field by field, so that name has the field."""
        return f"{self.brake}:{self.field}" if self.is_other else self.brake

    @property
    def length(self) -> int | None:
        """To how many characters the example was cut; None if it is another form of the value."""
        is_cut_off = is_beginning(self.sent, self.stored) and not is_form_of_key(self.sent, self.stored)
        return len(self.stored or "") if is_cut_off else None

    def cut(self, key: str) -> str:
        """A key as this site would store it, cut like the example; whole if it may fit, counted in bytes or in characters."""
        length, stored = self.length, self.stored or ""
        if length is None:
            return key
        most_bytes = len(stored.encode()) + len(self.sent[length].encode()) - 1
        return key[:length] if len(key.encode()) > most_bytes else key

    @property
    def escaping(self) -> Escaping | None:
        """How the site escapes signs, where the example shows it."""
        return find_escaping(self.sent, self.stored or "")


def make_finding(field: str, sent: str, stored: str | None, normaliser: Normaliser) -> Finding:
    """What a site does to a value of a field that is no key."""
    is_other = not can_be_letters(field, sent, stored, normaliser)
    return Finding("letters", field, sent, stored, is_final_value(field, sent, stored, normaliser), is_other)


def is_beginning(sent: str, stored: str | None) -> bool:
    """Whether a stored value is a beginning of what was sent, and not empty."""
    return bool(stored) and sent.startswith(stored or "")


def is_cut(field: str, sent: str, stored: str | None, normaliser: Normaliser) -> bool:
    """Whether Ödüyo may have cut a text. Of other kinds a cut value is another value."""
    is_text = normaliser.resource.kinds.get(field) in _TEXTS and field not in _NEVER_CUT
    return is_text and is_beginning(sent, stored)


def is_kept_of(field: str, sent: str, stored: str | None, normaliser: Normaliser) -> bool:
    """Whether a stored value may be what Ödüyo makes of the one that was sent: a text cut, an amount or a moment in another form."""
    is_form = _FORMS.get(normaliser.resource.kinds.get(field, Kind.TEXT))
    return is_cut(field, sent, stored, normaliser) or (is_form is not None and is_form(sent, stored or ""))


def can_be_kept_of(field: str, sent: str, stored: str | None, normaliser: Normaliser) -> bool:
    """Whether a stored value may be the one that was sent, in any form that sites keep: also in other letters, as another word for
    the same status, or any stamp.
    """
    kind = normaliser.resource.kinds.get(field)
    is_same = kind is Kind.STAMP or (kind is Kind.STATUS and means_same(sent, stored))
    return is_same or is_kept_of(field, sent, stored, normaliser) or can_be_letters(field, sent, stored, normaliser)


def can_be_letters(field: str, sent: str, stored: str | None, normaliser: Normaliser) -> bool:
    """Whether a stored text may be the one that was sent, by a site that lacks letters, pads texts or groups digits."""
    kind = normaliser.resource.kinds.get(field)  # None of the note, and of what nobody documents: texts too
    if kind is not None and kind not in _TEXTS:
        return False
    if field in _NEVER_CUT:
        return is_form_of_key(sent, stored)
    is_same_iban = field == "iban" and compute_iban(stored or "") == compute_iban(sent)
    is_same = is_same_iban or (kind is not None and normaliser.same(field, stored, sent))
    return is_same or can_be_letters_of(sent, stored or "")


def is_final_value(field: str, sent: str, stored: str | None, normaliser: Normaliser) -> bool:
    """Whether no person can accept a stored value: it is nothing, or the opposite status."""
    if normaliser.resource.kinds.get(field) is Kind.STATUS:
        return means_passive(sent) != means_passive(stored)
    return bool(sent) and not stored and not can_be_letters(field, sent, stored, normaliser)


def can_be_one_cut(texts: Iterable[tuple[str, str]]) -> bool:
    """Whether one maximum length explains all these pairs of a sent and a stored text.

    The site may count characters, or bytes without splitting a letter, and may strip blanks at the end.
    """
    characters, sizes = [], []
    for sent, stored in texts:
        rest = sent[len(stored) :]
        next_letter = rest.lstrip()[:1]
        blanks = len(rest) - len(rest.lstrip())
        size = len(stored.encode())
        characters.append((len(stored), len(stored) + blanks))
        sizes.append((size, size + blanks + len(next_letter.encode()) - 1))
    return any(max(low for low, _ in kind) <= min(high for _, high in kind) for kind in (characters, sizes))


def find_other_values(sent: Mapping[str, str], stored: Mapping[str, str | None], normaliser: Normaliser) -> list[str]:
    """The fields, besides the key, whose stored value is another one: not a cut text, and no stamp."""
    kinds = normaliser.resource.kinds
    return sorted(
        name
        for name, value in stored.items()
        if name != "integration_id"
        and kinds.get(name) is not Kind.STAMP
        and not is_cut(name, sent[name], value, normaliser)
        and not (kinds.get(name) is Kind.STATUS and means_passive(sent[name]) == means_passive(value))
    )


def accept_seen(entry: Entry, findings: Collection[str], normaliser: Normaliser) -> Entry:
    """The entry with its open values accepted, as far as that is possible.

    A value is accepted if the site is known to store it so, or did so twice. A value that was seen once a person may have written
    between the change and its read-back: the next run sends again. Nothing, or the opposite status, is never accepted.

    :param findings: names of the findings that the releasing person was shown.
    """
    accepted: dict[str, Stored] = {}
    for field, pair in entry.stored.items():
        if pair.is_open:
            found = make_finding(field, pair.sent, pair.stored, normaliser)
            if not found.is_final and (pair.is_repeated or found.name in findings):
                accepted[field] = Stored(pair.sent, pair.stored)
    return msgspec.structs.replace(entry, stored={**entry.stored, **accepted}) if accepted else entry
