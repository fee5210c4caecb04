"""The chain of a run: the results of its steps, each made of the result before it.

Airflow keeps what a cleared task returned until the task starts again. A task that is skipped, marked by hand, or mapped over
fewer items never starts again. So each reference names, as ``of``, what it was made of: extract's the listing, transform's the
rows, guard's and load's the plans. A reference that was made of anything else is old, and is ignored.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from oduyo_provider.core.errors import SettingsError
from oduyo_provider.core.language import gettext
from oduyo_provider.sync.staging.manifests import Reference
from oduyo_provider.sync.staging.plans import PlanPart, name_plans


class Steps(msgspec.Struct, frozen=True):
    """The results of the steps before; a step that failed has none.

    :param parts: of extract; ``plans`` of transform; ``guarded`` of guard; ``load`` of load.
    :param rejected_by: who rejected the plan in the task approve; empty when nobody did.
    """

    snapshot: Reference | None = None
    parts: Sequence[Reference] = ()
    plans: Sequence[Reference] = ()
    guarded: Reference | None = None
    load: Reference | None = None
    rejected_by: str = ""

    @property
    def is_compared(self) -> bool:
        """Whether there is a plan of each partition."""
        return bool(self.parts) and _is_whole(self.plans, int(self.parts[0]["partitions"]))


def find_chain(left: Steps) -> Steps:
    """The results that were made one of the other, beginning with the listing."""
    if left.snapshot is None:
        return Steps()
    snapshot = str(left.snapshot["manifest"])
    parts = tuple(part for part in left.parts if part.get("of") == snapshot)
    if not parts:
        return Steps(left.snapshot)
    rows = str(parts[0]["manifest"])
    chain = Steps(left.snapshot, parts, tuple(plan for plan in left.plans if plan.get("of") == rows))
    guarded, load = left.guarded, left.load
    if guarded is None or not chain.is_compared or guarded.get("of") != name_plans(chain.plans):
        return chain
    if load is not None and load.get("of") != guarded["of"]:
        load = None
    return msgspec.structs.replace(chain, guarded=guarded, load=load, rejected_by=left.rejected_by)


def take_plans(chain: Steps) -> list[Reference]:
    """The plans of the chain, for guard.

    :raises SettingsError: a step left no result; see :func:`miss`.
    """
    if chain.snapshot is None:
        raise miss("snapshot")
    if not chain.parts:
        raise miss("extract")
    if not chain.is_compared:
        raise _miss_plans(len(chain.plans), int(chain.parts[0]["partitions"]))
    return list(chain.plans)


def take_decision(chain: Steps) -> Reference:
    """What guard decided, for load.

    :raises SettingsError: a step left no result; see :func:`miss`.
    """
    take_plans(chain)
    if chain.guarded is None:
        raise miss("guard")
    return chain.guarded


def check_whole(parts: Sequence[PlanPart]) -> None:
    """Check that these are a whole plan: each partition once, and all of one listing.

    :raises SettingsError: they are not. Another try would get the same ones.
    """
    if not parts:
        raise miss("transform")
    first = parts[0].manifest
    partitions = [
        {"partition": part.manifest.partition}
        for part in parts
        if (part.manifest.generation, part.manifest.partitions) == (first.generation, first.partitions)
    ]
    if len(partitions) != len(parts) or not _is_whole(partitions, first.partitions):
        raise _miss_plans(len(partitions), first.partitions)


def _is_whole(plans: Sequence[Reference], partitions: int) -> bool:
    return sorted(int(plan["partition"]) for plan in plans) == list(range(partitions))


def miss(step: str) -> SettingsError:
    """The error when a step has no result. Another try would find none either."""
    return SettingsError(
        gettext(
            "The step %(step)s left no result to go on with: it was marked success by hand, or what it left is from before "
            "the run was cleared, or was removed from Airflow's database. This try sent nothing. Clear the run from %(step)s, so "
            "that it runs again.",
            step=step,
        )
    )


def _miss_plans(found: int, partitions: int) -> SettingsError:
    if not found:
        return miss("transform")
    return SettingsError(
        gettext(
            "The plan is not whole: the step transform left that of %(found)s of %(partitions)s partitions, as an instance of it "
            "was marked success by hand, or was not cleared with the others. This try sent nothing. Clear the run from transform, all "
            "instances of it.",
            found=found,
            partitions=partitions,
        )
    )
