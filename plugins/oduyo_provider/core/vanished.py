"""Looks for vanished records: is the id still listed, with another key?"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property

from oduyo_provider.core.ledger import Entry
from oduyo_provider.core.matching import Matching, get_id
from oduyo_provider.core.record import Remote
from oduyo_provider.core.values.keys import fold_key

_KEY = "integration_id"


class VanishedRecords:
    """Looks for records in all partitions, once, and only where one has vanished from this one.

    :param matching: of this partition.
    :param read_all: the records of all partitions.
    """

    def __init__(self, matching: Matching, read_all: Callable[[], Iterable[Remote]]) -> None:
        self._entries, self._matches = matching.entries, matching.matches
        self._read_all = read_all

    def find_key(self, key: str, entry: Entry) -> str | None:
        """The key that the entry's record has now. If its id is not known, the key of a record unknown to all entries, in any form.

        :param key: the entry's match key.
        """
        return self._forms.get(fold_key(key)) if entry.oduyo_id is None else self._moved.get(entry.oduyo_id)

    @cached_property
    def _moved(self) -> dict[str, str]:
        gone = {entry.oduyo_id for key, entry in self._entries.items() if key not in self._matches}
        return {get_id(record): record.get(_KEY) or "" for record in self._read_all() if record.get("id") in gone}

    @cached_property
    def _forms(self) -> dict[str, str]:
        nameless = (key for key, entry in self._entries.items() if entry.oduyo_id is None and key not in self._matches)
        wanted, known = set(map(fold_key, nameless)), {entry.oduyo_id for entry in self._entries.values()}
        keys = (record.get(_KEY) or "" for record in self._read_all() if record.get("id") not in known)
        return {form: key for key in keys if key and (form := fold_key(key)) in wanted}
