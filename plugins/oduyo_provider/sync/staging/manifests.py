"""How the steps of a run pass on their results: manifests in staging, and references to them in XCom."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from oduyo_provider.core.brakes import Trip
from oduyo_provider.core.params import RunParams
from oduyo_provider.core.plan import PlanCounts, SyncMode
from oduyo_provider.core.record import Resource
from oduyo_provider.sync.staging.buckets import Side
from oduyo_provider.sync.staging.folder import Folder, StagedFile, read_manifest
from oduyo_provider.sync.staging.layout import MANIFEST
from oduyo_provider.sync.staging.segments import SegmentFile

#: A reference that travels through XCom: the address of a folder in staging, what it was made ``of``, and counts.
Reference = dict[str, Any]

T = TypeVar("T")


class SnapshotManifest(msgspec.Struct, frozen=True, kw_only=True):
    """Ödüyo's records as listed.

    :param site: the site's canonical address, or its name.
    :param source: whose run this is.
    :param number: the plan number, drawn before the listing; ``attempt`` is the try that drew it.
    :param mapped: of an instance of a mapped task: what all of them share, the plan number too; else empty.
    :param turn: how many loads had written to the site before the listing.
    :param is_busy: something that an earlier load sent could still take effect, or a load was writing.
    :param is_first: no run of this source has been applied yet.
    :param sync_mode: with ``create`` nothing was listed; every later step takes it from here.
    :param started_at: before the first page was asked for, seconds since 1970; likewise ``ended_at``.
    :param settled_at: changes that were sent before this time could no longer take effect when the listing began.
    :param newest_id: the highest id that the listing or the ledger knew at its end; what is above it was made since.
    :param others: ids of the listed records that carry no key, and that the ledger knows as another source's.
    :param last_id: the highest id; None on an empty site. ``overlap_id`` is the one some hundred records below it.
    :param resource: the kind of record; every later step takes it from here.
    """

    site: str
    source: str
    number: int
    attempt: str
    mapped: str = ""
    turn: int
    is_busy: bool
    is_first: bool
    sync_mode: SyncMode
    started_at: float
    ended_at: float
    settled_at: float = 0.0
    rows: int
    newest_id: int | None = None
    others: list[str] = []
    last_id: str | None
    overlap_id: str | None
    side: Side
    resource: Resource


class ExtractManifest(msgspec.Struct, frozen=True):
    """The ERP's rows as read.

    :param columns: the query's columns.
    :param pairs: the (key1, key2) pairs of all rows; None when the query has not both columns.
    :param existing: Ödüyo's side, in as many files as this one.
    :param shared_codes: digests of the codes that rows of different ids have: legitimate, but worth a look.
    """

    query: str
    started_at: float
    rows: int
    columns: tuple[str, ...]
    pairs: list[tuple[str, str]] | None
    unreadable_ids: int
    shared_codes: StagedFile
    desired: Side
    existing: Side
    snapshot: SnapshotManifest


class PlanFiles(msgspec.Struct, frozen=True):
    """The files of one partition's plan; see :class:`oduyo_provider.core.plan.Plan`."""

    changes: StagedFile
    rejected: StagedFile
    notes: StagedFile
    forgotten: StagedFile
    new_rows: StagedFile
    unmatched: StagedFile
    remarks: StagedFile


class PlanManifest(msgspec.Struct, frozen=True):
    """One partition's plan.

    :param folder: address of the folder that holds the files.
    :param digest: SHA-256 of the changes file: the plan's name; of the run's name where the run has one plan, see
        :func:`number_plan`.
    :param journal: address of the folder that tries of this plan write to.
    :param lines: what is shown of it; None where that could not be written.
    """

    run: str
    folder: str
    partition: int
    partitions: int
    counts: PlanCounts
    files: PlanFiles
    digest: str
    journal: str
    params: RunParams
    snapshot: SnapshotManifest
    lines: SegmentFile | None = None

    @property
    def generation(self) -> str:
        """Names the plan as a whole: its partitions belong together, a later listing by the same run does not."""
        return f"{self.run}, plan {self.snapshot.number} ({self.snapshot.attempt})"


def number_plan(snapshot: SnapshotManifest) -> int:
    """The number that tells the plans of a run apart.

    0 with ``sync_mode=create``: it compares nothing, so a run has one plan, however often it is made. What a try of it
    confirmed is not created again.
    """
    return snapshot.number if snapshot.sync_mode is SyncMode.UPSERT else 0


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What guard decided of a whole plan.

    :param writes: whether load may apply it; with ``asks`` only once a person has approved it.
    :param why_not: why load must not write, for people; empty when it may.
    :param trips: the brakes that tripped, released ones too.
    :param of: the plans that it is about, see :func:`~oduyo_provider.sync.staging.plans.name_plans`.
    :param counts: all partitions together, look-alikes counted as what became of them.
    :param look_alikes: partition → what was decided of its rows that look like a record.
    :param kept: keys of records that the plan takes for missing, and that rejected rows look like: they are not.
    """

    generation: str
    of: str = ""
    writes: bool
    asks: bool
    why_not: str
    trips: list[Trip]
    counts: PlanCounts
    look_alikes: dict[str, StagedFile]
    kept: frozenset[str] = frozenset()


def read_reference(root: Folder, reference: Reference, kind: type[T]) -> T:
    """The manifest that a reference names.

    :param root: the staging path, or any folder below it.
    """
    return read_manifest(root.at(reference["manifest"]), MANIFEST, kind)
