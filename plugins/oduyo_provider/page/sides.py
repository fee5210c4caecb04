"""The two sides of a run as it read them: the ERP's rows and Ödüyo's records, looked up by key or searched."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from itertools import chain

import msgspec

from oduyo_provider.core.ledger import Entry
from oduyo_provider.core.matching import compute_record_key, find_altered_keys, name_key
from oduyo_provider.core.normalise import Normaliser, Rules
from oduyo_provider.core.partition import compute_bucket
from oduyo_provider.core.record import Remote
from oduyo_provider.core.values.invalid import format_value
from oduyo_provider.core.values.text import compute_match_key
from oduyo_provider.page.search_text import fold
from oduyo_provider.sync.site.ledger import Ledger
from oduyo_provider.sync.site.overlay import Entries
from oduyo_provider.sync.site.state import SiteState
from oduyo_provider.sync.staging.archive import StagedRun
from oduyo_provider.sync.staging.buckets import Side
from oduyo_provider.sync.staging.folder import Folder, read_manifest
from oduyo_provider.sync.staging.layout import DESIRED, EXISTING, MANIFEST
from oduyo_provider.sync.staging.manifests import ExtractManifest

Row = dict[str, object]


class Candidate(msgspec.Struct, frozen=True):
    """A row, record or past change that was found.

    :param key: its match key; empty where it has none that can be read.
    :param integration_id: as its side holds it; empty where it holds none.
    :param oduyo_id: empty for a row.
    """

    key: str
    integration_id: str
    oduyo_id: str
    code: str
    description: str

    @property
    def address(self) -> str:
        """What leads to this one and no other; empty for a row without a key, to which nothing does."""
        if self.key:
            return f"erp:{self.key}"
        return f"oduyo:{self.oduyo_id}" if self.oduyo_id else ""

    def holds(self, words: list[str]) -> bool:
        """Whether all words, folded, are in what it shows."""
        return _holds("\n".join((self.integration_id, self.oduyo_id, self.code, self.description)), words)


class Sides:
    """What one run has read.

    :param run: whose files they are; found where this machine sees them.
    """

    def __init__(self, run: StagedRun, manifest: ExtractManifest) -> None:
        self.manifest = manifest
        self.normaliser = Normaliser(manifest.snapshot.resource, Rules())
        self._rows = _move(manifest.desired, run.folder, DESIRED)
        self._records = _move(manifest.existing, run.folder, EXISTING)

    @property
    def partitions(self) -> int:
        """Into how many files both are split."""
        return self._rows.buckets

    def read_key(self, text: str) -> str | None:
        """The match key that a text stands for; None where it can be none."""
        found = self.normaliser.integration_id(text.strip())
        return None if found is None else compute_match_key(found)

    def read_rows(self, key: str) -> list[Row]:
        """The rows with a match key; only their bucket is read."""
        rows = self._rows.read(compute_bucket(key, self._rows.buckets), Row)
        return [row for row in rows if compute_record_key(row, self.normaliser) == key]

    def read_records(self, key: str, entries: Entries) -> list[Remote]:
        """The records with a match key, and the one that the ledger knows for it; only their bucket is read."""
        known = entries[key].oduyo_id if key in entries else None
        altered = find_altered_keys(entries.values())
        return [
            record
            for record in self._records.read(compute_bucket(key, self._records.buckets), Remote)
            if record.get("id") == known is not None or name_key(record, altered, self.normaliser) == key
        ]

    def read_entries(self, root: Folder, key: str) -> Entries:
        """What the ledger remembers of the partition of a match key."""
        buckets = self._records.buckets
        return self._open_ledger(root).read(compute_bucket(key, buckets), buckets)

    def search(self, root: Folder, words: list[str]) -> Iterator[Candidate]:
        """Every row and record that holds all words in its key, id, code or description."""
        names = ("integration_id", "id", self.normaliser.resource.code_field, "description")
        found: Iterator[tuple[str | None, Mapping[str, object]]]
        found = chain(self._find_rows(words), self.find_records(root, words))
        for key, values in found:
            one = Candidate(key or "", *(format_value(values.get(name)) for name in names))
            if one.holds(words):
                yield one

    def _find_rows(self, words: list[str]) -> Iterator[tuple[str | None, Row]]:
        """The rows that hold all words somewhere, with their keys."""
        for bucket in range(self._rows.buckets):
            for row in self._rows.read(bucket, Row, partial(_line_holds, words)):
                yield compute_record_key(row, self.normaliser), row

    def find_records(self, root: Folder, words: list[str]) -> Iterator[tuple[str | None, Remote]]:
        """The records that hold all words somewhere, with the keys that they belong to."""
        altered = find_altered_keys(self._iterate_entries(root))
        for bucket in range(self._records.buckets):
            for record in self._records.read(bucket, Remote, partial(_line_holds, words)):
                yield name_key(record, altered, self.normaliser), record

    def _iterate_entries(self, root: Folder) -> Iterator[Entry]:
        ledger = self._open_ledger(root)
        buckets = ledger.buckets
        for bucket in range(buckets):
            yield from ledger.read(bucket, buckets).values()

    def _open_ledger(self, root: Folder) -> Ledger:
        snapshot = self.manifest.snapshot
        return SiteState(root, snapshot.site, snapshot.resource).ledger


def open_sides(run: StagedRun) -> Sides | None:
    """The sides that a run has read last; None where it has not read both."""
    found = [(at, path) for path, at in run.files.items() if path[0] == DESIRED and path[-1] == MANIFEST]
    if not found:
        return None
    path = max(found)[1]
    return Sides(run, read_manifest(run.folder.child(*path[:-1]), MANIFEST, ExtractManifest))


def _move(side: Side, run_folder: Folder, step: str) -> Side:
    """A side as this machine sees it: it may reach the same staging under another path."""
    below = side.folder.rstrip("/").rpartition(f"/{step}/")[2].split("/")
    return Side(run_folder.child(step, *below).uri, side.files)


def _line_holds(words: list[str], line: bytes) -> bool:
    return _holds(line.decode(errors="replace"), words)


def _holds(text: str, words: list[str]) -> bool:
    folded = fold(text)
    return all(word in folded for word in words)
