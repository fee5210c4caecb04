"""Finds what a person means by a code or an id: one record, or several to choose from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain

import msgspec

from oduyo_provider.core.ledger import Entry
from oduyo_provider.core.record import Remote, Resource
from oduyo_provider.core.values.invalid import format_value
from oduyo_provider.core.values.text import compute_match_key
from oduyo_provider.page.change_index import ChangeIndex
from oduyo_provider.page.run_cache import OpenedRun
from oduyo_provider.page.search_text import fold
from oduyo_provider.page.sides import Candidate, Row, Sides
from oduyo_provider.page.unreported import UnreportedRun
from oduyo_provider.page.wanted import Wanted
from oduyo_provider.sync.staging.change_lines import ChangeLine
from oduyo_provider.sync.staging.folder import Folder
from oduyo_provider.sync.staging.past_changes import (
    PastChange,
    PastOfKeys,
    read_all_past_changes,
    read_past_changes,
)

#: Rows and records that a search lists.
MAX_CANDIDATES = 50


class RecordSearch(msgspec.Struct, frozen=True):
    """One place to look for a record: what a task of a run has read and planned, and the DAG's history.

    :param sides: what it has read; None if no run has read both sides.
    :param opened: the run's changes.
    :param resource: what the records are.
    :param run_id: of the run; empty if there is none.
    :param task: its id and, if mapped, its map index; empty in this project's DAGs.
    :param unreported: runs of which the history does not hold everything.
    """

    root: Folder
    dag_id: str
    sides: Sides | None
    opened: OpenedRun
    resource: Resource
    run_id: str = ""
    task: str = ""
    unreported: Sequence[UnreportedRun] = ()

    @property
    def planner(self) -> str:
        """The task that made the plan."""
        return self.task.partition("/")[0] or "guard"

    @property
    def kind(self) -> tuple[str, str]:
        """Site and resource: places with the same kind have the same records."""
        return self.sides.manifest.snapshot.site if self.sides else "", self.resource.name

    def read_past(self, key: str) -> PastOfKeys:
        """What runs did to a match key, the oldest first: from the history and from unreported runs."""
        kept = read_past_changes(self.root, self.dag_id, key)
        later = chain.from_iterable(run.find_key(key) for run in self.unreported)
        found = {change.identity: change for change in self._select(chain(kept.changes, later))}
        return PastOfKeys(sorted(found.values(), key=lambda change: change.at), kept.dropped_until, kept.unread)

    def read_all_past(self, unread: list[str]) -> Iterator[PastChange]:
        """Yield what runs did to every key.

        :param unread: gets the names of files that hold more than could be read.
        """
        for bucket in read_all_past_changes(self.root, self.dag_id):
            unread += bucket.unread
            yield from self._select(bucket.changes)
        yield from self._select(chain.from_iterable(run.read_all() for run in self.unreported))

    def _select(self, changes: Iterable[PastChange]) -> Iterator[PastChange]:
        """The changes of this resource. Lines of old versions do not name theirs; all of them are taken."""
        return (change for change in changes if change.resource in ("", self.resource.name))

    def read_key(self, text: str) -> str:
        """The match key of a text; empty if the text cannot be a key."""
        text = text.strip()
        return (self.sides.read_key(text) or "") if self.sides else compute_match_key(text)


class Known(msgspec.Struct, frozen=True):
    """All that is known of one key, or of a record without one.

    :param code_field: name of the field that holds its code.
    :param entry: its entry in the ledger.
    :param rows: its rows in the ERP; ``records``: its records in Ödüyo.
    :param lines: its lines in the run's table.
    :param is_entry_unread: whether the ledger may have an entry that cannot be read.
    """

    key: str
    code_field: str
    entry: Entry | None
    rows: list[Row]
    records: list[Remote]
    lines: list[ChangeLine]
    past: PastOfKeys
    is_entry_unread: bool = False

    @property
    def integration_id(self) -> str:
        """Its ERP id as it is spelled in the run's table, else as it was last, else on either side."""
        names = [line.integration_id for line in self.lines] + [past.integration_id for past in self._newest_first]
        return next(filter(None, [*names, *self._list("integration_id"), self.key]), "")

    @property
    def code(self) -> str:
        """Its code as it is now, else as it was last."""
        codes = [line.code for line in self.lines] + [past.code for past in self._newest_first]
        return next(filter(None, [*self._list(self.code_field), *codes]), "")

    @property
    def _newest_first(self) -> list[PastChange]:
        return self.past.changes[::-1]

    def _list(self, name: str) -> list[str]:
        """The values of a field in the rows, then in the records."""
        found: list[Mapping[str, object]] = [*self.rows, *self.records]
        return [format_value(values.get(name)) for values in found]


def group_places(searches: Iterable[RecordSearch]) -> list[list[RecordSearch]]:
    """Group the tasks of a run: tasks with the same records stand together."""
    found: dict[tuple[str, str], list[RecordSearch]] = {}
    for search in searches:
        found.setdefault(search.kind, []).append(search)
    return list(found.values())


def find_known(groups: Iterable[Sequence[RecordSearch]], address: str) -> list[tuple[RecordSearch, Known]]:
    """What each group knows of an address, as seen from the task that the key belongs to most.

    Groups that do not know the address are left out.
    """
    found = []
    for places in groups:
        key, record = _read_address(places[0], address)
        search = _choose(places, key)
        known = _look_up_key(search, key) if key else None
        if record is not None and not key:
            known = _look_up_unkeyed(search, record)
        if known is not None:
            found.append((search, known))
    return found


def _read_address(search: RecordSearch, address: str) -> tuple[str, Remote | None]:
    """What a candidate's address names: a match key, or Ödüyo's record and its key.

    The key of a record may be empty. A text that is no address, such as a code, gives no key and no record.
    """
    kind, _, name = address.partition(":")
    if kind == "erp":
        return search.read_key(name), None
    found = search.sides.find_record(name) if kind == "oduyo" and search.sides else None
    return found or ("", None)


def _choose(places: Sequence[RecordSearch], key: str) -> RecordSearch:
    """The task that has a row with the key, else a change, else owns the record; else the first task."""
    first = places[0]
    if not key or first.sides is None or len(places) == 1:
        return first
    entry = first.sides.read_entry(key)
    whose: tuple[Callable[[Sides, ChangeIndex], bool], ...] = (
        lambda sides, _index: bool(sides.read_rows(key)),
        lambda sides, index: bool(index.find_key(key, sides.partitions)),
        lambda sides, _index: entry is not None and entry.is_owned_by(sides.manifest.snapshot.source),
    )
    chosen = (place for is_its in whose for place in places if place.sides and is_its(place.sides, place.opened.index))
    return next(chosen, first)


def _look_up_key(search: RecordSearch, key: str) -> Known | None:
    """All that is known of one key; None if nothing is. Only the key's partition is read."""
    sides = search.sides
    entry, rows, records = sides.read(key) if sides else (None, [], [])
    lines = search.opened.index.find_key(key, sides.partitions) if sides else []
    past = search.read_past(key)
    if not (entry or rows or records or lines or past.changes):
        return None
    is_unread = sides is not None and entry is None and sides.may_remember(key)
    return Known(key, search.resource.code_field, entry, rows, records, lines, past, is_unread)


def _look_up_unkeyed(search: RecordSearch, record: Remote) -> Known:
    """What is known of a record without a match key. The table may name it, such as for its adoption."""
    index, oduyo_id = search.opened.index, str(record["id"])
    lines = [line for line in index.read(index.find(Wanted(search=oduyo_id))) if line.oduyo_id == oduyo_id]
    return Known("", search.resource.code_field, None, [], [record], lines, PastOfKeys([]))


def find_candidates(groups: Iterable[Sequence[RecordSearch]], text: str, unread: list[str]) -> list[Candidate]:
    """What has the text as its id on either side, or as its code; if nothing has, what holds all its words.

    :param unread: gets the names of files that hold more than could be read.
    :returns: at most one more than :data:`MAX_CANDIDATES`, which shows that there are more.
    """
    whole, words = fold(text), fold(text).split()
    exact: dict[tuple[int, str], Candidate] = {}
    others: dict[tuple[int, str], Candidate] = {}
    for number, places in enumerate(groups):
        key = places[0].read_key(text)
        for found in _iterate_candidates(places, words, key, unread):
            ids = (found.integration_id, found.oduyo_id, found.code)
            place = exact if (found.key == key != "") or whole in map(fold, ids) else others
            if len(place) <= MAX_CANDIDATES:
                place.setdefault((number, found.address or f"{found.integration_id}\0{found.code}"), found)
    return list((exact or others).values())


def make_candidate(search: RecordSearch, known: Known) -> Candidate:
    """Make a candidate of what is known of a key."""
    oduyo_id = next((format_value(record.get("id")) for record in known.records), "")
    return Candidate(known.key, known.integration_id, oduyo_id, known.code, "", search.task)


def _iterate_candidates(
    places: Sequence[RecordSearch], words: list[str], key: str, unread: list[str]
) -> Iterator[Candidate]:
    """Yield what has this key in any spelling, then all rows, records and past changes with all words."""
    for search, known in find_known([places], f"erp:{key}"):
        yield make_candidate(search, known)
    for search in places:
        for row in search.sides.search_rows(words) if search.sides else ():
            yield msgspec.structs.replace(row, task=search.task)
    first = places[0]  # any of them has listed the same records
    for record in first.sides.search_records(words) if first.sides else ():
        yield msgspec.structs.replace(record, task=first.task)
    for past in first.read_all_past(unread):
        found = Candidate(
            first.read_key(past.integration_id), past.integration_id, past.oduyo_id, past.code, "", first.task
        )
        if found.holds(words):
            yield found
