"""What the next run must know of a site: kept in ``<staging>/_sites/<site>__<resource>/``."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

import msgspec

from oduyo_provider.core.errors import OutdatedPlanError
from oduyo_provider.core.plan import Altered
from oduyo_provider.sync.staging.folder import Folder, decode_lines, read_manifest
from oduyo_provider.sync.staging.manifests import SnapshotManifest

SITES = "_sites"
_APPLIED = "applied.json"
_ALTERED = "altered.jsonl"
_FIGURES = "figures.json"
_OPEN = "open"
_CLAIMS = "claims"


class Applied(msgspec.Struct, frozen=True):
    """The last plan that was applied to a site.

    :param run: the run's name.
    :param generation: its plan's; see :attr:`~oduyo_provider.sync.staging.manifests.PlanManifest.generation`.
    :param planned_at: when its listing began, seconds since 1970.
    :param applied_at: when it last wrote.
    :param before_at: when another plan last wrote before it.
    """

    run: str
    generation: str
    planned_at: float
    applied_at: float
    before_at: float = 0.0


class Figures(msgspec.Struct, frozen=True):
    """Figures of the last applied run.

    :param existing: records in Ödüyo after it.
    """

    run: str
    existing: int


class OpenJournal(msgspec.Struct, frozen=True):
    """A journal whose load has not come to its end: its process works, or died."""

    folder: str
    digest: str
    generation: str


class SiteState:
    """The state of one resource on one site.

    :param root: the staging path.
    """

    def __init__(self, root: Folder, site: str, resource: str) -> None:
        safe_site = re.sub(r"[^A-Za-z0-9.-]", "_", site)
        self._folder = root.child(SITES, f"{safe_site}__{resource}")

    @property
    def claims(self) -> Folder:
        """The folder of the leases' claims."""
        return self._folder.child(_CLAIMS)

    def check_order(self, generation: str, snapshot: SnapshotManifest) -> bool:
        """Whether another run has written since this plan's listing began, so that all must be compared again.

        :raises OutdatedPlanError: the other run's listing is newer than this plan's.
        """
        if not self._folder.has(_APPLIED):
            return False
        last = read_manifest(self._folder, _APPLIED, Applied)
        if last.generation == generation:
            # Another partition of this plan was first; what it found holds for all.
            return last.before_at >= snapshot.started_at
        if last.planned_at > snapshot.started_at:
            raise OutdatedPlanError(
                f"The run {last.run} has been applied since this plan was made: applying the older plan would write old "
                "values over new ones. Nothing was sent. Start a new run, which compares everything again."
            )
        return last.applied_at >= snapshot.started_at

    def note_applied(self, run: str, generation: str, snapshot: SnapshotManifest, now: float) -> None:
        """Write down that a run writes, or has just written."""
        before_at = 0.0
        if self._folder.has(_APPLIED):
            last = read_manifest(self._folder, _APPLIED, Applied)
            before_at = last.before_at if last.generation == generation else last.applied_at
        applied = Applied(run, generation, snapshot.started_at, now, before_at)
        self._folder.write(_APPLIED, msgspec.json.encode(applied))

    def read_existing(self) -> int | None:
        """Records in Ödüyo after the last applied run; None when there was none."""
        if not self._folder.has(_FIGURES):
            return None
        return read_manifest(self._folder, _FIGURES, Figures).existing

    def note_existing(self, run: str, existing: int) -> None:
        """Write down how many records there are after a run."""
        self._folder.write(_FIGURES, msgspec.json.encode(Figures(run, existing)))

    def read_altered(self) -> dict[tuple[str, str], Altered]:
        """Values that Ödüyo is known to store otherwise than sent, by (Ödüyo's id, field)."""
        if not self._folder.has(_ALTERED):
            return {}
        found = decode_lines(self._folder, _ALTERED, self._folder.read(_ALTERED).splitlines(), Altered)
        return {(altered.oduyo_id, altered.field): altered for altered in found}

    def note_altered(self, found: Iterable[Altered], gone: set[str]) -> None:
        """Add alterations; those of records in ``gone`` (Ödüyo's ids) are forgotten."""
        before = self.read_altered()
        known = {key: altered for key, altered in before.items() if key[0] not in gone}
        added = {(altered.oduyo_id, altered.field): altered for altered in found}
        if not added and len(known) == len(before):
            return
        merged = sorted({**known, **added}.values(), key=lambda altered: (int(altered.oduyo_id), altered.field))
        self._folder.write(_ALTERED, b"".join(msgspec.json.encode(altered) + b"\n" for altered in merged))

    def open_journal(self, journal: OpenJournal) -> None:
        """Write down that a load begins to send."""
        self._open.write(_name_journal(journal.folder), msgspec.json.encode(journal))

    def close_journal(self, folder: str) -> None:
        """Write down that a load came to its end and knows what became of all that it sent."""
        self._open.delete(_name_journal(folder))

    def read_open_journals(self) -> list[OpenJournal]:
        """The journals of loads that have not come to their end."""
        return [read_manifest(self._open, name, OpenJournal) for name in self._open.names() if name.endswith(".json")]

    @property
    def _open(self) -> Folder:
        return self._folder.child(_OPEN)


def _name_journal(folder: str) -> str:
    return hashlib.sha256(folder.encode()).hexdigest()[:32] + ".json"
