"""Rows of a whole plan that look like a record: which are adopted, which are left out, and how they count."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from itertools import chain

import msgspec

from oduyo_provider.core.change import Action, Change, compute_adoption
from oduyo_provider.core.counting import count_adoption, count_kept
from oduyo_provider.core.look_alikes import LookAlike, find_look_alikes, find_present, make_natural_key
from oduyo_provider.core.normalise import Normaliser
from oduyo_provider.core.partition import compute_bucket
from oduyo_provider.core.plan import SAMPLES, PlanCounts, SyncMode
from oduyo_provider.core.values.text import compute_match_key
from oduyo_provider.sync.staging.folder import Folder, StagedFile
from oduyo_provider.sync.staging.layout import name_look_alikes
from oduyo_provider.sync.staging.plans import PlanPart, reject_look_alike
from oduyo_provider.sync.steps.context import StepContext

_BRAKE = "look_alikes"


class LookAlikes(msgspec.Struct, frozen=True):
    """What becomes of them.

    :param decided: those that are adopted or left out.
    :param known: keys of rows left out that the last applied run left out alike.
    :param count: what counts for the brake: those left out and not known, or those that a person released.
    :param kept: keys of records without a row that rejected rows look like, these or others: they are not missing.
    """

    decided: list[LookAlike] = []
    known: frozenset[str] = frozenset()
    count: int = 0
    kept: frozenset[str] = frozenset()

    def add_to(self, counts: PlanCounts) -> PlanCounts:
        """A plan's counts, these rows counted as what becomes of them."""
        rejected = [item for item in self.decided if item.adopted is None]
        reasons = Counter(counts.reasons)
        reasons.update(item.fault.code for item in rejected)
        return msgspec.structs.replace(
            counts,
            creates=counts.creates - len(self.decided),
            rejected=counts.rejected + len(rejected),
            known_rejected=counts.known_rejected + len(self.known),
            reasons=dict(sorted(reasons.items())),
        )

    def write(self, folder: Folder, partitions: int) -> dict[str, StagedFile]:
        """Stage them; partition → file."""
        encode = msgspec.json.Encoder().encode
        lines: dict[int, list[bytes]] = {}
        for item in self.decided:
            bucket = compute_bucket(compute_match_key(item.integration_id), partitions)
            lines.setdefault(bucket, []).append(encode(item) + b"\n")
        return {
            str(partition): folder.write_lines(name_look_alikes(partition), found)
            for partition, found in sorted(lines.items())
        }


def judge_look_alikes(
    step: StepContext, parts: Sequence[PlanPart], known_rejected: frozenset[str], counts: PlanCounts
) -> LookAlikes:
    """Find them, and decide what becomes of each.

    :param known_rejected: digests of the rows that the last applied run rejected.
    :param counts: of the whole plan; what adopting and keeping does is counted in them, as the brakes count it, with samples.
    """
    params, resource = step.params, parts[0].manifest.snapshot.resource
    if params.sync_mode is SyncMode.CREATE:
        return LookAlikes()
    found = find_look_alikes(
        lambda: chain.from_iterable(part.read_new_rows() for part in parts),
        lambda: chain.from_iterable(part.read_unmatched() for part in parts),
        adopt=params.adopt,
    )
    others = [item for item in found if item.adopted is None]
    known, adoptions = set[str](), list[Change]()
    for item, change in _find_creates(found, parts):
        if item.adopted is not None:
            adoptions.append(compute_adoption(change, item.adopted, resource))
            continue
        counts.sample("all_rejected", _describe(item))
        if reject_look_alike(change, item, known_rejected).is_known:
            known.add(item.integration_id)
    counted = [item for item in others if _BRAKE in params.release or item.integration_id not in known]
    for item in counted[:SAMPLES]:
        counts.sample(_BRAKE, _describe(item))
    if params.is_released(_BRAKE, len(others)):
        found, known = [item for item in found if item.adopted is not None], set()
    left_out = {item.integration_id for item in found if item.adopted is None}
    kept = _keep(parts, _find_present(left_out, parts, step.make_normaliser(resource)), counts)
    for change in adoptions:
        count_adoption(counts, change, resource)
    return LookAlikes(found, frozenset(known), len(counted), kept)


def _find_present(left_out: Collection[str], parts: Sequence[PlanPart], normaliser: Normaliser) -> frozenset[str]:
    """The ids of the records that a rejected row without a record looks like.

    :param left_out: keys of the rows that are rejected as they look like a record.
    """
    if not any(part.manifest.counts.missing for part in parts):
        return frozenset()
    new_rows = (row for part in parts for row in part.read_new_rows() if row.integration_id in left_out)
    left = (item.row for part in parts for item in part.read_rejected() if not item.has_record)
    rows = [*new_rows, *filter(None, (make_natural_key(row, normaliser) for row in left))]
    return find_present(rows, (record for part in parts for record in part.read_unmatched())) if rows else frozenset()


def _keep(parts: Sequence[PlanPart], present: Collection[str], counts: PlanCounts) -> frozenset[str]:
    """The keys of those of these records that the plan takes for missing; what it would retire of them is taken out of the counts.

    :param present: their ids.
    """
    if not present:
        return frozenset()
    kept = [change for change in _read_changes(parts) if change.is_of_missing and change.oduyo_id in present]
    if kept:
        keys = {change.key for change in kept}
        count_kept(counts, kept, (change for change in _read_changes(parts) if change.key not in keys))
    notes = chain.from_iterable(part.read_notes() for part in parts)
    waiting = {note.integration_id for note in notes if note.missing is not None and note.oduyo_id in present}
    return frozenset(waiting | {change.integration_id for change in kept})


def _read_changes(parts: Sequence[PlanPart]) -> Iterator[Change]:
    return chain.from_iterable(part.read_changes() for part in parts if part.manifest.counts.changes)


def _describe(item: LookAlike) -> str:
    return f"{item.integration_id}: {item.detail}"


def _find_creates(found: Sequence[LookAlike], parts: Sequence[PlanPart]) -> Iterator[tuple[LookAlike, Change]]:
    """With the change that would create each of these rows."""
    by_key = {item.integration_id: item for item in found}
    for change in chain.from_iterable(part.read_changes() for part in parts if by_key):
        if change.action is Action.CREATE and (item := by_key.get(change.integration_id)) is not None:
            yield item, change
