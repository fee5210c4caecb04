"""Plans that loads began to apply, until what became of them is in the ledger."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from oduyo_provider.core.record import SPECIAL_CODE
from oduyo_provider.core.resources import PROJECT_CODE
from oduyo_provider.sync.site.open_plans import OpenPlan, OpenPlans, find_open_folders
from oduyo_provider.sync.site.state import SiteState
from oduyo_provider.sync.staging.folder import Folder


@pytest.fixture(params=["disk", "memory"])
def plans(request: pytest.FixtureRequest, tmp_path: Path) -> OpenPlans:
    place = str(tmp_path) if request.param == "disk" else f"memory://bucket{tmp_path}"
    return OpenPlans(Folder.open(place))


def make(name: str, turn: int, *parts: str) -> OpenPlan:
    references = [{"manifest": part} for part in parts]
    return OpenPlan(
        run=f"dag/{name}", generation=f"{name}, plan {turn}", source="dag", number=turn, turn=turn, parts=references
    )


def test_plans_come_in_the_order_in_which_they_were_opened(plans: OpenPlans) -> None:
    for plan in (make("b", 2), make("c", 10), make("a", 1)):
        plans.open(plan)
    assert [plan.turn for plan in plans.read()] == [1, 2, 10]


def test_a_later_try_of_the_same_plan_keeps_the_parts_of_the_earlier_one(plans: OpenPlans) -> None:
    plans.open(make("a", 1, "first"))
    again = plans.open(msgspec.structs.replace(make("a", 1, "second"), turn=4))
    assert [part["manifest"] for part in again.parts] == ["second", "first"]
    assert plans.read() == [again]
    assert plans.open(again) == again


@pytest.mark.parametrize(
    ("parts", "is_finished"), [(["first"], True), (["first", "second"], False), (["second"], False)]
)
def test_a_plan_that_is_begun_again_came_to_its_end_before_with_the_same_parts_only(
    plans: OpenPlans, parts: list[str], is_finished: bool
) -> None:
    plans.finish(plans.open(make("a", 1, "first")))
    assert [plan.is_finished for plan in plans.read()] == [True]
    plans.open(msgspec.structs.replace(make("a", 1, *parts), turn=2))
    assert [plan.is_finished for plan in plans.read()] == [is_finished]


def test_a_plan_is_forgotten_once_it_is_closed(plans: OpenPlans) -> None:
    plan = plans.open(make("a", 1))
    plans.open(make("b", 2))
    plans.close(plan)
    plans.close(plan)
    assert [plan.run for plan in plans.read()] == ["dag/b"]


def test_a_file_that_is_being_written_is_no_plan(plans: OpenPlans, tmp_path: Path) -> None:
    plans.open(make("a", 1))
    for folder in tmp_path.glob("open_plans"):
        (folder / ".half.json.part").write_bytes(b"{")
        (folder / ".half.json").write_bytes(b"{")
    assert len(plans.read()) == 1


@pytest.mark.parametrize("place", ["{}", "memory://bucket{}"])
def test_the_folders_that_open_plans_name_are_found_on_every_site(tmp_path: Path, place: str) -> None:
    root = Folder.open(place.format(tmp_path))
    assert list(find_open_folders(root)) == []
    for site in ("site.example", "other.example"):
        for resource in (SPECIAL_CODE, PROJECT_CODE):
            state = SiteState(root, site, resource)
            state.plans.open(make("a", 1, f"{site} {resource.name} 1", f"{site} {resource.name} 2"))
            state.plans.close(state.plans.open(make("b", 2, "closed")))
    assert sorted(find_open_folders(root)) == sorted(
        f"{site} {resource.name} {number}"
        for site in ("site.example", "other.example")
        for resource in (SPECIAL_CODE, PROJECT_CODE)
        for number in (1, 2)
    )


def test_files_that_lie_where_folders_of_resources_are_now_are_passed_over(tmp_path: Path) -> None:
    root = Folder.open(str(tmp_path))
    SiteState(root, "site.example", SPECIAL_CODE).plans.open(make("a", 1, "folder"))
    old = tmp_path / "_sites" / "site.example__erp_special_code"
    old.mkdir()
    (old / "applied.json").write_text("{}")
    assert list(find_open_folders(root)) == ["folder"]
