"""Which record belongs to which key: by the id that the ledger knows, else by the key that Ödüyo holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from oduyo_provider.core.errors import ListingError
from oduyo_provider.core.ledger import Entry
from oduyo_provider.core.normalise import Normaliser
from oduyo_provider.core.record import Remote
from oduyo_provider.core.values.invalid import show_value
from oduyo_provider.core.values.text import compute_match_key

_KEY = "integration_id"


def get_id(record: Remote) -> str:
    """Ödüyo's id of a listed record.

    :raises ListingError: it is no whole number.
    """
    found = record.get("id")
    if found is None or not (found.isascii() and found.isdigit()):
        raise ListingError(
            f"A listed record has the id {show_value(found)}, which is no whole number, so no change could name it. Run the "
            "listing again; if it stays so, ask Ödüyo's support about this record."
        )
    return found


def compute_record_key(record: Remote, normaliser: Normaliser) -> str | None:
    """The match key of the key that a record holds; None where it holds none."""
    found = normaliser.integration_id(record.get(_KEY))
    return None if found is None else compute_match_key(found)


class Match:
    """The records of one key: the one that counts, and its twins."""

    __slots__ = ("record", "twins")

    def __init__(self, record: Remote, twins: list[Remote]) -> None:
        self.record = record
        self.twins = twins


class Matching:
    """All records and entries of one partition, joined.

    A record that the ledger knows by id belongs to the ledger's key, as long as it still carries that key, as sent or as
    stored. Of several records with one key the ledger's id is the one, else the lowest.

    :param records: as listed.
    :param entries: of the ledger.
    """

    def __init__(self, records: Iterable[Remote], entries: Iterable[Entry], normaliser: Normaliser) -> None:
        self.entries: dict[str, Entry] = {compute_match_key(entry.integration_id): entry for entry in entries}
        self._matches: dict[str, Match] = {}
        self._unkeyed: list[Remote] = []
        self.known_ids = self.known_listed = 0
        self._join(records, normaliser)

    def _join(self, records: Iterable[Remote], normaliser: Normaliser) -> None:
        key_of_id = {entry.oduyo_id: key for key, entry in self.entries.items() if entry.oduyo_id is not None}
        self.known_ids = sum(entry.is_made for entry in self.entries.values())
        by_key: dict[str, list[Remote]] = {}
        chosen: dict[str, Remote] = {}
        for record in records:
            found = compute_record_key(record, normaliser)
            owner = key_of_id.get(get_id(record))
            if owner is not None:
                self.known_listed += 1
                if found == owner or _carries_stored(self.entries[owner], record):
                    chosen[owner] = record
                    continue
            if found is None:
                self._unkeyed.append(record)
            else:
                by_key.setdefault(found, []).append(record)
        for key, same in by_key.items():
            same.sort(key=lambda record: int(get_id(record)))
            known = chosen.pop(key, None)
            self._matches[key] = Match(same[0], same[1:]) if known is None else Match(known, same)
        for key, record in chosen.items():
            self._matches[key] = Match(record, [])
        # Of a create that was confirmed without an id only the key can tell that it is listed.
        self.known_listed += sum(
            entry.is_made and entry.oduyo_id is None and key in self._matches for key, entry in self.entries.items()
        )

    def get(self, key: str) -> Match | None:
        """The records of a match key; None when Ödüyo lists none."""
        return self._matches.get(key)

    def items(self) -> Iterator[tuple[str, Match]]:
        """Every key that Ödüyo lists, with its records."""
        yield from self._matches.items()

    @property
    def unkeyed(self) -> list[Remote]:
        """The records that hold no key and that the ledger does not know."""
        return self._unkeyed


def _carries_stored(entry: Entry, record: Remote) -> bool:
    known = entry.stored.get(_KEY)
    return known is not None and (record.get(_KEY) or "") == (known.stored or "")


def compute_natural_key(values: Mapping[str, str | None], natural_key: tuple[str, ...]) -> tuple[str, ...] | None:
    """What people tell records apart by; None where the resource names nothing, or the values lack all of it."""
    if not natural_key or natural_key[-1] not in values:
        return None
    found = tuple((values.get(name) or "").strip() for name in natural_key)
    return found if found[-1] else None
