"""Rows of a whole plan that look like a record: which are adopted, which are left out, and how they count."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain

import msgspec

from oduyo_provider.core.change import Action, Change, compute_adoption
from oduyo_provider.core.counting import count_adoption, count_kept
from oduyo_provider.core.look_alikes import LookAlike, find_look_alikes
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
    :param figures: what adopting and keeping does, as the brakes count it, and samples.
    :param kept: keys of records that the plan would retire, and that rows left out look like.
    """

    decided: list[LookAlike]
    known: frozenset[str]
    count: int
    figures: PlanCounts
    kept: frozenset[str] = frozenset()

    def add_to(self, counts: PlanCounts) -> PlanCounts:
        """A plan's counts with :attr:`figures`, these rows counted as what becomes of them."""
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


def judge_look_alikes(step: StepContext, parts: Sequence[PlanPart], known_rejected: frozenset[str]) -> LookAlikes:
    """Find them, and decide what becomes of each.

    :param known_rejected: digests of the rows that the last applied run rejected.
    """
    params, resource = step.params, parts[0].manifest.snapshot.resource
    if params.sync_mode is SyncMode.CREATE:
        return LookAlikes([], frozenset(), 0, PlanCounts())
    found = find_look_alikes(
        lambda: chain.from_iterable(part.read_new_rows() for part in parts),
        lambda: chain.from_iterable(part.read_unmatched() for part in parts),
        adopt=params.adopt,
    )
    others = [item for item in found if item.adopted is None]
    known, figures = set[str](), PlanCounts()
    for item, change in _find_creates(found, parts):
        if item.adopted is not None:
            count_adoption(figures, compute_adoption(change, item.adopted, resource), resource)
            continue
        figures.sample("all_rejected", _describe(item))
        if reject_look_alike(change, item, known_rejected).is_known:
            known.add(item.integration_id)
    counted = [item for item in others if _BRAKE in params.release or item.integration_id not in known]
    figures.samples[_BRAKE] = list(map(_describe, counted[:SAMPLES]))
    if params.is_released(_BRAKE, len(others)):
        found, known = [item for item in found if item.adopted is not None], set()
    kept = _keep(found, parts, figures)
    return LookAlikes(found, frozenset(known), len(counted), figures, kept)


def _keep(found: Sequence[LookAlike], parts: Sequence[PlanPart], figures: PlanCounts) -> frozenset[str]:
    """The keys of records that are not retired, as a row that is left out looks like them; counted in the figures."""
    ids = {oduyo_id for item in found if item.adopted is None for oduyo_id in item.records}
    kept = set[str]()
    for change in chain.from_iterable(part.read_changes() for part in parts if ids):
        if change.is_of_missing and change.oduyo_id in ids:
            count_kept(figures, change)
            kept.add(change.integration_id)
    return frozenset(kept)


def _describe(item: LookAlike) -> str:
    return f"{item.integration_id}: {item.detail}"


def _find_creates(found: Sequence[LookAlike], parts: Sequence[PlanPart]) -> Iterator[tuple[LookAlike, Change]]:
    """With the change that would create each of these rows."""
    by_key = {item.integration_id: item for item in found}
    for change in chain.from_iterable(part.read_changes() for part in parts if by_key):
        if change.action is Action.CREATE and (item := by_key.get(change.integration_id)) is not None:
            yield item, change
