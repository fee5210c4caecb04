"""What the steps of a run made one of the other, and what is left from before it was cleared."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from oduyo_provider.core.errors import SettingsError
from oduyo_provider.sync.staging.folder import Folder
from oduyo_provider.sync.staging.plans import name_plans, open_parts
from oduyo_provider.sync.steps.chain import Steps, check_whole, find_chain, take_decision, take_plans
from tests.unit.sync.plans import make_snapshot, stage_plan


def make_go(name: str, partitions: int = 2) -> Steps:
    """All that the steps leave."""
    plans = tuple(
        {"manifest": f"{name}/plan/{number}", "of": f"{name}/rows", "partition": number} for number in range(partitions)
    )
    return Steps(
        snapshot={"manifest": f"{name}/listing"},
        parts=tuple(
            {"manifest": f"{name}/rows", "of": f"{name}/listing", "partition": number, "partitions": partitions}
            for number in range(partitions)
        ),
        plans=plans,
        guarded={"plans": plans, "decision": f"{name}/decision", "of": name_plans(plans)},
        load={"of": name_plans(plans)},
        rejected_by="ayse",
    )


OLD, NEW = make_go("old", 4), make_go("new")


def test_what_leads_from_the_listing_to_the_load_belongs_together() -> None:
    assert find_chain(NEW) == NEW
    assert take_decision(NEW) == NEW.guarded


def test_plans_of_other_rows_are_not_there() -> None:
    mixed = msgspec.structs.replace(NEW, plans=[*NEW.plans, *OLD.plans[2:]])
    assert find_chain(mixed) == NEW


@pytest.mark.parametrize(
    ("kept", "missing"),
    [
        ((), "snapshot"),
        (("snapshot",), "extract"),
        (("snapshot", "parts"), "transform"),
        (("snapshot", "parts", "plans"), "guard"),
    ],
)
def test_what_comes_after_a_step_that_left_nothing_is_an_earlier_go_s(kept: Sequence[str], missing: str) -> None:
    own: dict[str, Any] = {name: getattr(NEW, name) for name in kept}
    chain = find_chain(msgspec.structs.replace(OLD, **(own or {"snapshot": None})))
    assert chain == Steps(**own)
    with pytest.raises(SettingsError, match=f"The step {missing} left no result .* Clear the run from {missing}"):
        take_decision(chain)


def test_a_load_of_these_plans_is_there_also_where_guard_has_decided_again() -> None:
    decided = {**(NEW.guarded or {}), "decision": "decided again"}
    chain = find_chain(msgspec.structs.replace(NEW, guarded=decided))
    assert (chain.guarded, chain.load) == (decided, NEW.load)
    assert find_chain(msgspec.structs.replace(NEW, load=OLD.load)).load is None


@pytest.mark.parametrize("numbers", [[0], [1], [0, 0], [0, 1, 1]])
def test_a_plan_is_whole_or_not_at_all(numbers: list[int]) -> None:
    chain = find_chain(msgspec.structs.replace(NEW, plans=[NEW.plans[number] for number in numbers]))
    assert not chain.is_compared
    assert chain.guarded is None
    with pytest.raises(SettingsError, match=r"of 2 partitions, .* Clear the run from transform"):
        take_plans(chain)


def test_the_parts_of_a_plan_are_all_there_and_of_one_listing(tmp_path: Path) -> None:
    root = Folder.open(tmp_path.as_uri())
    first, second = (stage_plan(root, partition=number, partitions=2) for number in range(2))
    check_whole(open_parts(root, [second, first]))
    other = stage_plan(root, run="run2", partition=1, partitions=2, snapshot=make_snapshot(number=2))
    more = stage_plan(root, run="run3", partition=1, partitions=3)
    for parts in ([first], [first, first], [first, other], [first, more], [first, second, other]):
        with pytest.raises(SettingsError, match="of 2 partitions"):
            check_whole(open_parts(root, parts))
    with pytest.raises(SettingsError, match="The step transform left no result"):
        check_whole([])
