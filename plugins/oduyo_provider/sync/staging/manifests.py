"""What the steps of a run tell each other: manifests in staging, and references to them in XCom."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import msgspec

from oduyo_provider.core.params import RunParams
from oduyo_provider.core.plan import PlanCounts
from oduyo_provider.core.record import SPECIAL_CODE, Resource
from oduyo_provider.sync.staging.buckets import Side
from oduyo_provider.sync.staging.folder import StagedFile

#: A reference that travels through XCom: the URI of a folder in staging, and counts.
Reference = dict[str, Any]


class SnapshotManifest(msgspec.Struct, frozen=True):
    """Ödüyo's records as listed.

    :param site: host and port of the site.
    :param resource: the kind of record; every later step takes it from here.
    :param started_at: before the first page was asked for, seconds since 1970; likewise ``ended_at``.
    :param last_id: the highest id; None on an empty site.
    """

    site: str
    started_at: float
    ended_at: float
    rows: int
    last_id: str | None
    side: Side
    resource: Resource = SPECIAL_CODE


class ExtractManifest(msgspec.Struct, frozen=True):
    """The ERP's rows as read.

    :param columns: the query's columns.
    :param pairs: the (key1, key2) pairs of all rows; None when the query has not both columns.
    :param existing: Ödüyo's side, in as many files as this one.
    :param same_code: rows that share firm, period, type and code with another id: legitimate, but worth a look.
    """

    query: str
    started_at: float
    rows: int
    columns: tuple[str, ...]
    pairs: list[tuple[str, str]] | None
    unreadable_ids: int
    same_code: int
    desired: Side
    existing: Side
    snapshot: SnapshotManifest


class PlanManifest(msgspec.Struct, frozen=True):
    """One partition's plan.

    :param folder: URI of the folder that holds the files.
    :param digest: SHA-256 of the changes file: the plan's name.
    :param journal: URI of the folder that tries of this plan write to.
    """

    run: str
    folder: str
    partition: int
    partitions: int
    counts: PlanCounts
    changes: StagedFile
    rejected: StagedFile
    digest: str
    journal: str
    params: RunParams
    snapshot: SnapshotManifest

    @property
    def generation(self) -> str:
        """Names the plan as a whole: its partitions belong together, a later listing by the same run does not."""
        listed = datetime.fromtimestamp(self.snapshot.started_at, timezone.utc)
        return f"{self.run}, listed {listed.isoformat()}"


MANIFEST = "manifest.json"
