"""The two sides of a run as it read them: the ERP's rows and Ödüyo's records, looked up by key or searched."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from oduyo_provider.core.ledger import Entry
from oduyo_provider.core.matching import compute_record_key
from oduyo_provider.core.normalise import Normaliser, Rules
from oduyo_provider.core.partition import compute_bucket
from oduyo_provider.core.record import Remote
from oduyo_provider.core.values.text import compute_match_key
from oduyo_provider.page.search_text import fold
from oduyo_provider.sync.site.state import SiteState
from oduyo_provider.sync.staging.archive import StagedRun
from oduyo_provider.sync.staging.buckets import Side
from oduyo_provider.sync.staging.folder import Folder, decode_lines, read_manifest
from oduyo_provider.sync.staging.layout import DESIRED, EXISTING, MANIFEST
from oduyo_provider.sync.staging.manifests import ExtractManifest
from oduyo_provider.sync.staging.row_codec import decode_row

Row = dict[str, object]


class Candidate(msgspec.Struct, frozen=True):
    """A row or record that was found.

    :param integration_id: as its side holds it; empty where it holds none.
    :param oduyo_id: empty for a row.
    """

    integration_id: str
    oduyo_id: str
    code: str
    description: str


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
        lines = self._rows.read_lines(compute_bucket(key, self._rows.buckets))
        return [row for row in map(decode_row, lines) if self._read_row_key(row) == key]

    def read_records(self, key: str, entry: Entry | None) -> list[Remote]:
        """The records with a match key, and the one that the ledger knows for it; only their bucket is read."""
        known = None if entry is None else entry.oduyo_id
        records = self._iterate_records(compute_bucket(key, self._records.buckets))
        return [
            record
            for record in records
            if record.get("id") == known is not None or compute_record_key(record, self.normaliser) == key
        ]

    def read_entry(self, root: Folder, key: str) -> Entry | None:
        """What the ledger remembers of a match key."""
        snapshot = self.manifest.snapshot
        ledger = SiteState(root, snapshot.site, snapshot.resource).ledger
        buckets = ledger.buckets
        return ledger.read(compute_bucket(key, buckets), buckets).get(key)

    def search(self, words: list[str]) -> Iterator[Candidate]:
        """Every row and record that holds all words in its key, id, code or description."""
        for bucket in range(self._rows.buckets):
            for line in self._rows.read_lines(bucket):
                if _holds(fold(line.decode(errors="replace")), words):
                    row = decode_row(line)
                    key = self.normaliser.integration_id(row.get("integration_id")) or ""
                    yield from _check(Candidate(key, "", _show(row.get("code")), _show(row.get("description"))), words)
        for bucket in range(self._records.buckets):
            for line in self._records.read_lines(bucket):
                if _holds(fold(line.decode(errors="replace")), words):
                    record = msgspec.json.decode(line, type=Remote)
                    names = ("integration_id", "id", "code", "description")
                    yield from _check(Candidate(*(record.get(name) or "" for name in names)), words)

    def _iterate_records(self, bucket: int) -> Iterator[Remote]:
        file = self._records.files[bucket]
        return decode_lines(Folder.open(self._records.folder), file.name, self._records.read_lines(bucket), Remote)

    def _read_row_key(self, row: Row) -> str | None:
        found = self.normaliser.integration_id(row.get("integration_id"))
        return None if found is None else compute_match_key(found)


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


def _holds(text: str, words: list[str]) -> bool:
    return all(word in text for word in words)


def _check(found: Candidate, words: list[str]) -> Iterator[Candidate]:
    if _holds(fold("\n".join((found.integration_id, found.oduyo_id, found.code, found.description))), words):
        yield found


def _show(value: Any) -> str:
    return "" if value is None else str(value)
