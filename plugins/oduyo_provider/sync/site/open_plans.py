"""Plans whose outcomes are not in the ledger yet: those of running loads, and of loads that were cut off."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from oduyo_provider.sync.site.files import StateFile, read_state, write_state
from oduyo_provider.sync.staging import layout
from oduyo_provider.sync.staging.folder import Folder


class OpenPlan(StateFile, frozen=True, kw_only=True):
    """A plan that a load began to apply.

    :param generation: names the plan; ``source`` and ``number`` are its.
    :param turn: how many loads had written to the site before it.
    :param parts: references to its partitions; where a step was cleared, those of the plan before too.
    :param is_finished: the load came to its end, whatever became of each change.
    :param is_released: a person released or approved what it retires.
    :param takes_over: a person released ``other_source``.
    """

    run: str
    generation: str
    source: str
    number: int
    turn: int
    parts: list[dict[str, Any]]
    is_finished: bool = False
    is_released: bool = False
    takes_over: bool = False

    def is_earlier(self, source: str, number: int) -> bool:
        """Whether it was there before this plan of the source; instances of a mapped task share a number."""
        return self.source == source and self.number != number


class OpenPlans:
    """The open plans of one resource on one site; written only under the lease."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder.child(layout.OPEN_PLANS)

    def read(self) -> list[OpenPlan]:
        """All of them, in the order in which they were opened."""
        names = [name for name in self._folder.names() if name.endswith(".json")]
        found = (read_state(self._folder, name, OpenPlan) for name in names)
        return sorted((plan for plan in found if plan is not None), key=lambda plan: (plan.turn, plan.generation))

    def open(self, plan: OpenPlan) -> OpenPlan:
        """Note a plan before its first look. Parts of earlier tries stay known; so does that they ended, with the same parts."""
        name = layout.name_digest(plan.generation)
        known = read_state(self._folder, name, OpenPlan)
        if known is not None:
            parts = plan.parts + [part for part in known.parts if part not in plan.parts]
            is_finished = known.is_finished and len(parts) == len(known.parts)
            plan = msgspec.structs.replace(plan, parts=parts, is_finished=is_finished)
        write_state(self._folder, name, plan)
        return plan

    def finish(self, plan: OpenPlan) -> None:
        """Note that a load came to its end, unless another writer has merged it meanwhile."""
        name = layout.name_digest(plan.generation)
        if self._folder.has(name):
            write_state(self._folder, name, msgspec.structs.replace(plan, is_finished=True))

    def close(self, plan: OpenPlan) -> None:
        """Forget a plan whose outcomes are in the ledger."""
        self._folder.delete(layout.name_digest(plan.generation))


def find_open_folders(root: Folder) -> Iterator[str]:
    """The addresses of all folders that open plans of any site name. They must be kept until these plans are merged.

    :param root: the staging path.
    """
    sites = root.child(layout.SITES)
    # By their files: 0.1.0 left files where folders of resources are now.
    for folder in sorted({path[:2] for path, _ in sites.fetch_files() if path[2:3] == (layout.OPEN_PLANS,)}):
        for plan in OpenPlans(sites.child(*folder)).read():
            yield from (str(part["manifest"]) for part in plan.parts)
