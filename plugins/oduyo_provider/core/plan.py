"""A plan as values: changes, rejected rows, and the figures that the brakes look at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum
from hashlib import blake2b
from typing import Any

import msgspec

from oduyo_provider.core.change import Change
from oduyo_provider.core.faults import DUPLICATE, Fault
from oduyo_provider.core.ledger import Entry
from oduyo_provider.core.remarks import Remark

#: Samples that a plan keeps for each brake.
SAMPLES = 3


class SyncMode(str, Enum):
    """``upsert`` compares and sends differences; ``create`` sends every valid row to ``create``, comparing nothing."""

    UPSERT = "upsert"
    CREATE = "create"


class OnMissing(str, Enum):
    """What happens to a source's record that no ERP row has any more."""

    KEEP = "keep"
    DEACTIVATE = "deactivate"
    DELETE = "delete"


class PlanRules(msgspec.Struct, frozen=True, kw_only=True):
    """How differences become changes.

    :param source: whose plan it is; only its own records are changed or retired.
    :param run: the run's name; ``now`` seconds since 1970; what was sent before ``settled_at`` is in the listing, or never will be.
    :param missing_runs: applied runs without its row after which a record is retired; ``resend_refused`` sends again what was refused.
    :param released: names of the brakes that may trip in this run; ``findings`` of what the site is known to do to values.
    :param pairs: the (key1, key2) pairs of all extracted rows; None when the query has not both columns.
    :param may_lack_rows: some rows are not known by key, as an id cannot be read, or ``is_mapped``: then no record is missing.
    :param is_mapped: other instances of the task have rows too: a record of this source without a row here may be theirs.
    :param is_first: no run of this source has been applied yet.
    :param key_length: to how many characters Ödüyo is known to cut keys; None where it is not known to.
    :param newest_id: the highest id that was known when the listing had ended: what is above it has not vanished; or None.
    :param others: ids of records without a key that other sources own; ``shared_codes`` as of :mod:`oduyo_provider.core.shared_codes`.
    """

    source: str
    run: str
    now: float
    settled_at: float = 0.0
    sync_mode: SyncMode
    on_missing: OnMissing
    missing_runs: int
    released: frozenset[str] = frozenset()
    findings: frozenset[str] = frozenset()
    resend_refused: bool = False
    pairs: frozenset[tuple[str, str]] | None = None
    may_lack_rows: bool = False
    is_mapped: bool = False
    key_length: int | None = None
    is_first: bool = False
    newest_id: int | None = None
    others: frozenset[str] = frozenset()
    shared_codes: frozenset[int] = frozenset()


class Rejected(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """A row that is not sent, with every reason.

    :param row: the row as extracted; ``digest`` as of :func:`compute_reject_digest`.
    :param is_known: the last applied run rejected it alike; ``has_record``: its id has a record of its own.
    """

    integration_id: str | None
    faults: list[Fault]
    row: dict[str, object]
    digest: str = ""
    is_known: bool = False
    has_record: bool = False


def compute_reject_digest(row: dict[str, object], integration_id: str | None, faults: Sequence[Fault]) -> str:
    """A digest of a rejected row's id, reasons and faulty values, to tell new rejections from known ones.

    :param integration_id: None where it cannot be read; then, as where several rows share it, all values count.
    """
    is_one = integration_id is not None and all(fault.reason != DUPLICATE for fault in faults)
    names = {fault.field for fault in faults} - {"integration_id"} if is_one else row
    values = [(name, row.get(name)) for name in sorted(names)]
    text = msgspec.json.encode([integration_id, values, [fault.code for fault in faults]], enc_hook=str)
    return blake2b(text, digest_size=8).hexdigest()


class NaturalKey(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """The natural key of a row to create, or of a record that matches no row.

    :param values: of the resource's natural key; None for a column that the row has not.
    :param integration_id: of the row, or of the record.
    :param oduyo_id: of the record; None for a row.
    :param record: a record without an integration_id, which could be adopted.
    """

    values: tuple[str | None, ...]
    integration_id: str | None = None
    oduyo_id: str | None = None
    record: dict[str, str | None] | None = None


class Pair(msgspec.Struct, frozen=True):
    """The records of one (key1, key2) pair that a source owns.

    :param in_use: records in use; ``retired`` those that the plan would retire, ``samples`` a few of these.
    """

    in_use: int = 0
    retired: int = 0
    samples: tuple[str, ...] = ()

    def __add__(self, other: Pair) -> Pair:
        samples = tuple(merge_samples(self.samples, other.samples)) if other.samples else self.samples
        return Pair(self.in_use + other.in_use, self.retired + other.retired, samples)


class PlanCounts(msgspec.Struct, kw_only=True, omit_defaults=True):
    """The figures of one partition's plan, or of all partitions together.

    ``extracted = repeated + rejected + unchanged + known_refused + vanished + creates + updates``;
    ``missing = kept_missing + missing_refused + deactivates + deletes``.

    :param known_rejected: of rejected: those that the last applied run rejected alike.
    :param other_firm: rows whose record has another key1, rejected unless a person released that; likewise
        ``other_source``: rows whose record another source owns; ``new_other_source`` those rejected and not known.
    :param vanished: rows that are not sent, as their record is not listed any more; ``recreates`` those sent, as released.
    :param known_ids: records that the ledger knows of this site; ``known_listed`` of them those that Ödüyo lists.
    :param in_use: records of this source in use; ``retired`` those that the plan would retire; ``retired_week`` those that
        it retired in the last seven days without a person's release.
    :param real_updates: updates that change more than dates; ``adoptions`` are among the updates.
    :param emptied: updates that empty a filled field; ``dates_back`` those with an older date than was sent before.
    :param pairs: ``key1`` and ``key2``, joined by a NUL → figures.
    :param samples: name of a brake → a few changes that count for it.
    """

    extracted: int = 0
    repeated: int = 0
    rejected: int = 0
    known_rejected: int = 0
    other_firm: int = 0
    other_source: int = 0
    new_other_source: int = 0
    unchanged: int = 0
    known_refused: int = 0
    vanished: int = 0
    recreates: int = 0
    creates: int = 0
    updates: int = 0
    adoptions: int = 0
    missing: int = 0
    kept_missing: int = 0
    missing_refused: int = 0
    deactivates: int = 0
    deletes: int = 0
    out_of_scope: int = 0
    existing: int = 0
    remote_duplicates: int = 0
    new_duplicates: int = 0
    known_ids: int = 0
    known_listed: int = 0
    in_use: int = 0
    retired: int = 0
    retired_week: int = 0
    real_updates: int = 0
    emptied: int = 0
    dates_back: int = 0
    reasons: dict[str, int] = {}
    warnings: dict[str, int] = {}
    pairs: dict[str, Pair] = {}
    samples: dict[str, list[str]] = {}

    @property
    def matched(self) -> int:
        """Rows that found their record."""
        return self.unchanged + self.updates - self.adoptions

    @property
    def changes(self) -> int:
        """How many changes the plan holds."""
        return self.creates + self.updates + self.deactivates + self.deletes

    def sample(self, brake: str, text: str) -> None:
        """Keep a sample for a brake. The first few in alphabetical order stay, so that the order of rows does not matter."""
        self.samples[brake] = merge_samples(self.samples.get(brake, ()), (text,))

    def __add__(self, other: PlanCounts) -> PlanCounts:
        both: dict[str, object] = {}
        for name in self.__struct_fields__:
            mine, theirs = getattr(self, name), getattr(other, name)
            add = _ADD.get(name)
            both[name] = mine + theirs if add is None else add(mine, theirs)
        return msgspec.structs.replace(PlanCounts(), **both)


def merge_samples(mine: Iterable[str], theirs: Iterable[str]) -> list[str]:
    """The first few of both, in order: the same whatever the order in which they were found."""
    return sorted({*mine, *theirs})[:SAMPLES]


def add_counts(mine: Mapping[str, int], theirs: Mapping[str, int]) -> dict[str, int]:
    """Both counts together, sorted by name."""
    return dict(sorted((Counter(mine) + Counter(theirs)).items()))


def _add_pairs(mine: dict[str, Pair], theirs: dict[str, Pair]) -> dict[str, Pair]:
    return {name: mine.get(name, Pair()) + theirs.get(name, Pair()) for name in sorted({*mine, *theirs})}


def _add_samples(mine: dict[str, list[str]], theirs: dict[str, list[str]]) -> dict[str, list[str]]:
    return {name: merge_samples(mine.get(name, ()), theirs.get(name, ())) for name in sorted({*mine, *theirs})}


_ADD: dict[str, Callable[[Any, Any], Any]] = {
    "reasons": add_counts,
    "warnings": add_counts,
    "pairs": _add_pairs,
    "samples": _add_samples,
}


class Plan(msgspec.Struct):
    """What one partition needs. Changes are in their fixed order, rejected rows in the order read.

    :param notes: entries of the ledger as they are once the plan is applied, where that differs or the record is missing; without results of changes.
    :param forgotten: keys of the ledger whose record and row are both gone.
    :param new_rows: rows to create, for the search for look-alikes; ``unmatched`` records that no row matches.
    :param remarks: what is left as it is, and why.
    """

    changes: list[Change]
    rejected: list[Rejected]
    notes: list[Entry]
    forgotten: list[str]
    new_rows: list[NaturalKey]
    unmatched: list[NaturalKey]
    counts: PlanCounts
    remarks: list[Remark] = []
