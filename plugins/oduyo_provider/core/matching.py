"""Which record belongs to which key: by the id that the ledger knows, else by the key that Ödüyo holds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import msgspec

from oduyo_provider.core.errors import ListingError
from oduyo_provider.core.language import gettext
from oduyo_provider.core.ledger import Entry
from oduyo_provider.core.normalise import Normaliser
from oduyo_provider.core.record import Remote, Resource, is_passive
from oduyo_provider.core.row_groups import RowGroup
from oduyo_provider.core.values.iban import compute_iban
from oduyo_provider.core.values.invalid import show_value
from oduyo_provider.core.values.keys import is_form_of_key
from oduyo_provider.core.values.text import compute_match_key

_KEY = "integration_id"

#: Fields with several forms of one value, and how each is brought into one form.
_FORMS: dict[str, Callable[[str], str]] = {"iban": compute_iban}


def get_id(record: Remote) -> str:
    """Ödüyo's id of a listed record.

    :raises ListingError: it is no whole number.
    """
    found = record.get("id")
    if found is None or not (found.isascii() and found.isdigit()):
        raise ListingError(
            gettext(
                "A listed record has the id %(id)s, which is no whole number, so no change could name it. Run the "
                "listing again; if it stays so, ask Ödüyo's support about this record.",
                id=show_value(found),
            )
        )
    return found


def compute_record_key(record: Mapping[str, object], normaliser: Normaliser) -> str | None:
    """The match key of the key that a record, or a raw row, holds; None where it holds none."""
    found = normaliser.integration_id(record.get(_KEY))
    return None if found is None else compute_match_key(found)


#: Ödüyo's id → match key and stored key, of the records whose key Ödüyo stores otherwise than it was sent, or may store so:
#: None for one that was made and not seen since. Two keys share an id after a site wrote one record over another.
AlteredKeys = dict[str, list[tuple[str, "str | None"]]]


def find_altered_keys(entries: Iterable[Entry]) -> AlteredKeys:
    """The records whose key, by the ledger, is or may be stored otherwise; the keys of each in order."""
    found: AlteredKeys = {}
    for entry in entries:
        if entry.oduyo_id is not None and (_KEY in entry.stored or entry.made_in):
            stored = entry.stored[_KEY].stored or "" if _KEY in entry.stored else None
            found.setdefault(entry.oduyo_id, []).append((compute_match_key(entry.integration_id), stored))
    for pairs in found.values():
        pairs.sort(key=lambda pair: pair[0])
    return found


def name_key(record: Remote, altered: AlteredKeys, normaliser: Normaliser) -> str | None:
    """The match key that a record belongs to, and with it the partition; None where it holds none.

    It is the ledger's key if the ledger knows the record's id and the record still has the key as stored, blanks apart, or any
    form of it if nobody has seen the record since it was made. Else it is the record's own key.
    """
    own, held = compute_record_key(record, normaliser), record.get(_KEY) or ""
    for key, stored in altered.get(record.get("id") or "", ()) if altered else ():
        if stored is None:
            is_same = is_form_of_key(key, held)
        else:
            is_same = held == stored or (own is not None and own == compute_record_key({_KEY: stored}, normaliser))
        if is_same:
            return key
    return own


class Match(msgspec.Struct, frozen=True, gc=False):
    """The records of one key: the one that counts, and its twins."""

    record: Remote
    twins: list[Remote]


class Matching:
    """All records and entries of one partition, joined by :func:`name_key`.

    Of several records with one key the ledger's id is the one, else the lowest; :meth:`prefer_firms` refines that.

    :param records: as listed.
    :param entries: of the ledger.
    :param newest_id: the highest id that was known when the listing had ended; None where that is not known.
    """

    def __init__(
        self,
        records: Iterable[Remote],
        entries: Iterable[Entry],
        normaliser: Normaliser,
        newest_id: int | None = None,
    ) -> None:
        self._newest_id, self._normaliser = newest_id, normaliser
        self.entries: dict[str, Entry] = {compute_match_key(entry.integration_id): entry for entry in entries}
        #: Entries whose record is listed though it was taken for deleted, or comes from an unanswered create.
        self.returned: dict[str, Entry] = {}
        #: Every key that Ödüyo lists, with its records.
        self.matches: dict[str, Match] = {}
        #: The records that hold no key and that the ledger does not know.
        self.unkeyed: list[Remote] = []
        self._join(records)

    def count_known(self) -> tuple[int, int]:
        """How many records the ledger knows of this site, and how many of them Ödüyo lists."""
        made = [key for key, entry in self.entries.items() if entry.is_made and not self.is_made_since(entry)]
        return len(made), sum(key in self.matches for key in made)

    def is_made_since(self, entry: Entry) -> bool:
        """Whether a record was made after the listing, by a load that was running then. Load looks before it creates one."""
        newest_id = self._newest_id
        return newest_id is not None and entry.oduyo_id is not None and int(entry.oduyo_id) > newest_id

    def _join(self, records: Iterable[Remote]) -> None:
        altered = find_altered_keys(self.entries.values())
        by_key: dict[str, list[Remote]] = {}
        for record in records:
            get_id(record)  # a record that no change could name stops the plan
            key = name_key(record, altered, self._normaliser)
            if key is None:
                self.unkeyed.append(record)
            else:
                by_key.setdefault(key, []).append(record)
        for key, same in by_key.items():
            known = self.entries.get(key)
            if len(same) > 1:
                same = _sort_by_id(same, None if known is None else known.oduyo_id)
            self.matches[key] = Match(same[0], same[1:])
            if known is not None and known.is_gone and known.oduyo_id == same[0]["id"]:
                self.entries[key] = self.returned[key] = msgspec.structs.replace(known, is_gone=False, retired_at=None)

    def move(self, key: str, to: str) -> None:
        """Give the records of one key to another, as they turn out to be its."""
        self.matches[to] = self.matches.pop(key)

    def prefer_firms(self, groups: Mapping[str, RowGroup]) -> None:
        """Of several records unknown to the ledger, take the lowest of the row's own firm: firms may use the same ids.

        :param groups: the rows by match key. A firm is a ``key1``, in whatever form Ödüyo holds it.
        """
        read = self._normaliser.integration_id
        for key, match in self.matches.items():
            known = self.entries.get(key)
            if not match.twins or key not in groups or (known is not None and known.oduyo_id == match.record["id"]):
                continue
            same = [match.record, *match.twins]
            firms = {read(row.get("key1")) for row in groups[key].rows} - {None}
            own = [record for record in same if read(record.get("key1")) in firms]
            if own:
                same = _sort_by_id(same, own[0]["id"])
                self.matches[key] = Match(same[0], same[1:])

    def take_sent(self, source: str) -> None:
        """Give listed records of unanswered changes to the source that sent these, with or without a row.

        :param source: whose plan it is: what another source sent is that one's to remember.
        """
        for key, entry in self.entries.items():
            if entry.sent_at is not None and not entry.is_made and (match := self.matches.get(key)) is not None:
                own = msgspec.structs.replace(
                    entry, oduyo_id=get_id(match.record), is_gone=False, retired_at=None, sent_at=None
                )
                self.entries[key] = own
                if own.source == source:
                    self.returned[key] = own


def compute_seen(entry: Entry, match: Match, resource: Resource, **changes: object) -> Entry:
    """An entry with what the listing shows of its record: its id, its twins, and whether it is in use again.

    :param changes: what else becomes of the entry.
    """
    return msgspec.structs.replace(
        entry,
        oduyo_id=get_id(match.record),
        is_gone=False,
        confirmed_at=None,
        sent_at=None,
        made_in="",
        twins=tuple(map(get_id, match.twins)),
        retired_at=entry.retired_at if is_passive(match.record, resource) else None,
        **changes,
    )


def _sort_by_id(records: Iterable[Remote], first: str | None) -> list[Remote]:
    return sorted(records, key=lambda record: (get_id(record) != first, int(get_id(record))))


def compute_natural_key(values: Mapping[str, str | None], natural_key: tuple[str, ...]) -> tuple[str, ...] | None:
    """The values by which people tell records apart; None if the resource names none, or if the last, the code, is blank.

    A value is compared letter for letter: ``A 1`` and ``A1`` can be two codes. Only :data:`_FORMS` are brought into one form.
    """
    if not natural_key:
        return None
    found = tuple(_FORMS.get(name, str)((values.get(name) or "").strip()) for name in natural_key)
    return found if found[-1] else None
