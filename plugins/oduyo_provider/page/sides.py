"""The two sides of a run as it read them: the ERP's rows and Ödüyo's records, looked up by key or searched."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from oduyo_provider.core.ledger import Entry
from oduyo_provider.core.matching import AlteredKeys, find_altered_keys, name_key
from oduyo_provider.core.normalise import Normaliser
from oduyo_provider.core.partition import compute_bucket
from oduyo_provider.core.record import Remote
from oduyo_provider.core.values.invalid import format_value
from oduyo_provider.core.values.text import compute_match_key
from oduyo_provider.page.search_text import fold
from oduyo_provider.sync.site.state import SiteState
from oduyo_provider.sync.staging.archive import StagedRun
from oduyo_provider.sync.staging.folder import Folder
from oduyo_provider.sync.staging.layout import DESIRED
from oduyo_provider.sync.staging.manifests import ExtractManifest

Row = dict[str, object]


class Candidate(msgspec.Struct, frozen=True):
    """A row, record or past change that was found.

    :param key: its match key; empty without a readable one.
    :param integration_id: as its side holds it; empty if it holds none.
    :param oduyo_id: empty for a row.
    :param task: the task that found it; empty in this project's DAGs.
    """

    key: str
    integration_id: str
    oduyo_id: str
    code: str
    description: str
    task: str = ""

    @property
    def address(self) -> str:
        """A text that finds exactly this one; empty for a row without a key, which no text can name."""
        if self.key:
            return f"erp:{self.key}"
        return f"oduyo:{self.oduyo_id}" if self.oduyo_id else ""

    def holds(self, words: list[str]) -> bool:
        """Whether its texts hold all of these folded words."""
        text = fold("\n".join((self.integration_id, self.oduyo_id, self.code, self.description)))
        return all(word in text for word in words)


class Sides:
    """What one run has read, and what the ledger remembers now.

    :param root: the staging path.
    :param manifest: of the try that read both sides.
    """

    def __init__(self, root: Folder, manifest: ExtractManifest) -> None:
        self.manifest = manifest
        self.normaliser = Normaliser(manifest.snapshot.resource)
        self._ledger = SiteState(root, manifest.snapshot.site, manifest.snapshot.resource).ledger
        self._root, self._rows, self._records = root, manifest.desired, manifest.existing

    @property
    def partitions(self) -> int:
        """How many files each side is split into."""
        return self._rows.buckets

    def read_key(self, value: object) -> str | None:
        """The match key of a row's value or of a text; None if it cannot be a key."""
        found = self.normaliser.integration_id(value)
        return None if found is None else compute_match_key(found)

    def read(self, key: str) -> tuple[Entry | None, list[Row], list[Remote]]:
        """What the ledger now remembers of a match key, its rows, and its records; reads only its partition.

        The records include the one that the ledger names for the key, whatever key that one carries.
        """
        bucket = compute_bucket(key, self.partitions)
        entries = self._ledger.read(bucket, self.partitions)
        entry, altered = entries.get(key), find_altered_keys(entries.values())
        known = None if entry is None else entry.oduyo_id
        records = [
            record
            for record in self._records.read(self._root, bucket, Remote)
            if record.get("id") == known is not None or name_key(record, altered, self.normaliser) == key
        ]
        return entry, self.read_rows(key), records

    def read_entry(self, key: str) -> Entry | None:
        """What the ledger now remembers of a match key."""
        return self._ledger.read(compute_bucket(key, self.partitions), self.partitions).get(key)

    def read_rows(self, key: str) -> list[Row]:
        """The rows of a match key."""
        bucket = compute_bucket(key, self.partitions)
        return [
            row for row in self._rows.read(self._root, bucket, Row) if self.read_key(row.get("integration_id")) == key
        ]

    def may_remember(self, key: str) -> bool:
        """Whether the ledger may have an entry of this match key in a file that cannot be read."""
        return not self._ledger.is_whole(compute_bucket(key, self.partitions), self.partitions)

    def search_rows(self, words: list[str]) -> Iterator[Candidate]:
        """Yield the rows that hold all words in their ids, code or description."""
        for bucket in range(self._rows.buckets):
            for row in self._rows.read(self._root, bucket, Row):
                found = self._make_candidate(row)
                if found.holds(words):
                    yield msgspec.structs.replace(found, key=self.read_key(row.get("integration_id")) or "")

    def search_records(self, words: list[str]) -> Iterator[Candidate]:
        """Yield Ödüyo's records that hold all words in the same fields."""
        altered = self._find_altered_keys()
        for record in self._records.read_records(self._root):
            found = self._make_candidate(record)
            if found.holds(words):
                yield msgspec.structs.replace(found, key=name_key(record, altered, self.normaliser) or "")

    def find_record(self, oduyo_id: str) -> tuple[str, Remote] | None:
        """The match key of the record with this id, empty if it has none, and the record."""
        for record in self._records.read_records(self._root):
            if record.get("id") == oduyo_id:
                return name_key(record, self._find_altered_keys(), self.normaliser) or "", record
        return None

    def _make_candidate(self, values: Mapping[str, object]) -> Candidate:
        names = ("integration_id", "id", self.normaliser.resource.code_field, "description")
        return Candidate("", *(format_value(values.get(name)) for name in names))

    def _find_altered_keys(self) -> AlteredKeys:
        buckets = self._ledger.buckets
        return find_altered_keys(
            entry for bucket in range(buckets) for entry in self._ledger.read(bucket, buckets).values()
        )


def open_sides(root: Folder, run: StagedRun) -> Sides | None:
    """The sides that a run read last; None if it has not read both."""
    manifest = run.read_last(DESIRED, ExtractManifest)
    return None if manifest is None else Sides(root, manifest)


def open_tasks(root: Folder, runs: Sequence[StagedRun], task: str) -> list[tuple[StagedRun, Sides]]:
    """The tasks that have read both sides, with what they read, in the first run that has such a task.

    :param task: the run must be one in which this task has read both, and it comes first; empty: any run.
    """
    for first in runs:
        if (task and "/".join(first.task) != task) or open_sides(root, first) is None:
            continue
        tasks = sorted((run for run in runs if run.name == first.name), key=lambda run: run is not first)
        return [(run, sides) for run in tasks if (sides := open_sides(root, run)) is not None]
    return []
