"""What is kept of a source: plan numbers, whether it is opened, what its last applied run rejected."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from oduyo_provider.core.errors import OutdatedPlanError, StateError
from oduyo_provider.sync.site.source import KEPT_NUMBERS, SourceState
from oduyo_provider.sync.staging.folder import Folder


@pytest.fixture(params=["disk", "memory"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Folder:
    place = str(tmp_path) if request.param == "disk" else f"memory://bucket{tmp_path}"
    return Folder.open(place).child("sources", "dag")


@pytest.fixture
def source(folder: Folder) -> SourceState:
    return SourceState(folder, "dag")


def test_a_source_that_never_ran_has_nothing(source: SourceState) -> None:
    source.check_order(1, "dag/run1, plan 1 (try1)")
    assert source.read_applied() is None
    assert source.read_known_rejected() == frozenset()
    assert not source.is_opened


def test_each_listing_draws_the_next_number_also_a_try_of_the_same_run(source: SourceState) -> None:
    assert [
        source.draw_number("run1", "try1"),
        source.draw_number("run1", "try2"),
        source.draw_number("run2", "x"),
    ] == [
        1,
        2,
        3,
    ]


def test_numbers_go_on_and_old_ones_are_forgotten(source: SourceState, folder: Folder) -> None:
    for number in range(1, KEPT_NUMBERS + 6):
        assert source.draw_number(f"run{number}", "try1") == number
    assert len(folder.child("drawn").names()) == KEPT_NUMBERS


@pytest.mark.parametrize("note", [SourceState.note_passed, SourceState.note_applied])
def test_a_plan_whose_number_was_drawn_elsewhere_does_not_outdate_those_that_are_drawn_later(
    source: SourceState, note: Callable[[SourceState, int, str, str], None]
) -> None:
    """Staging was moved or restored from a backup while a run was under way: its plan has a number that is not drawn here."""
    note(source, 400, "run1", "try1")
    number = source.draw_number("run2", "try1")
    source.check_order(number, "run2")
    assert number == 401


def draw_at_once(source: SourceState, monkeypatch: pytest.MonkeyPatch) -> tuple[int, int]:
    """Two runs that look for the highest number at the same moment."""
    names: Callable[[Folder], list[str]] = Folder.names
    second: list[int] = []

    def names_slowly(folder: Folder) -> list[str]:
        found = names(folder)
        if not second:
            second.append(0)
            second[0] = source.draw_number("run2", "tryB")
        return found

    with monkeypatch.context() as patch:
        patch.setattr(Folder, "names", names_slowly)
        first = source.draw_number("run1", "tryA")
    return first, second[0]


def test_of_two_runs_that_drew_the_same_number_the_one_second_to_the_lease_is_refused(
    source: SourceState, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = draw_at_once(source, monkeypatch)
    assert first == second == 1
    source.note_passed(first, "run1", "tryA")
    source.note_passed(second, "run2", "tryB")
    source.check_order(second, "run2, plan 1")
    source.note_applied(second, "run2, plan 1")
    with pytest.raises(OutdatedPlanError, match=r"run2, plan 1 has passed guard since this plan \(run1, plan 1\)"):
        source.check_order(first, "run1, plan 1")
    source.check_order(second, "run2, plan 1")
    assert source.draw_number("run3", "try1") == 2


def test_an_older_plan_is_refused_once_a_newer_one_has_passed_guard(source: SourceState) -> None:
    source.note_passed(1, "run1", "try1")
    source.check_order(1, "run1, plan 1")
    source.note_passed(2, "run2", "try1")
    with pytest.raises(
        OutdatedPlanError, match=r"plan 2 of run2 has passed guard.*This try sent nothing\. Start a new run"
    ):
        source.check_order(1, "run1, plan 1")
    source.check_order(2, "run2, plan 2")


def test_a_plan_that_was_only_drawn_outdates_nothing(source: SourceState) -> None:
    source.note_passed(source.draw_number("run1", "try1"), "run1", "try1")
    source.draw_number("a dry run", "try1")
    source.check_order(1, "run1, plan 1")


def test_an_older_plan_that_passes_later_outdates_nothing(source: SourceState) -> None:
    source.note_passed(2, "run2", "try1")
    source.note_passed(1, "run1", "try1")
    source.check_order(2, "run2, plan 2")
    with pytest.raises(OutdatedPlanError):
        source.check_order(1, "run1, plan 1")


def test_an_older_plan_is_refused_once_a_newer_one_took_the_lease(source: SourceState) -> None:
    source.note_applied(2, "run2, plan 2")
    with pytest.raises(OutdatedPlanError, match="run2, plan 2"):
        source.check_order(1, "run1, plan 1")


def test_what_the_last_merged_run_rejected_is_known(source: SourceState) -> None:
    source.note_applied(1, "run1, plan 1")
    source.note_merged(1, ["b", "a"])
    assert source.read_known_rejected() == {"a", "b"}
    source.note_applied(2, "run2, plan 2")
    assert source.read_known_rejected() == {"a", "b"}
    source.note_merged(2, [])
    assert source.read_known_rejected() == frozenset()


def test_state_never_goes_back(source: SourceState) -> None:
    for number in (1, 2):
        source.note_applied(number, f"run{number}")
        source.note_merged(number, [f"of {number}"])
    source.note_merged(1, ["of 1"])
    applied = source.read_applied()
    assert applied is not None
    assert (applied.number, applied.generation, applied.merged) == (2, "run2", 2)
    assert source.read_known_rejected() == {"of 2"}


def test_what_was_never_applied_is_not_merged(source: SourceState) -> None:
    source.note_merged(1, ["a"])
    assert source.read_applied() is None
    assert source.read_known_rejected() == frozenset()


def test_instances_of_a_mapped_task_share_their_number_and_stand_in_no_order(source: SourceState) -> None:
    mapped = "dag/run1/save"
    numbers = [source.draw_number(f"{mapped}/{index}", f"try{index}", mapped) for index in range(3)]
    assert numbers == [1, 1, 1]
    for index in range(3):
        source.note_passed(1, f"{mapped}/{index}", f"try{index}")
    for index in range(3):
        source.check_order(1, f"{mapped}/{index}, plan 1", mapped)
        source.note_applied(1, f"{mapped}/{index}, plan 1", mapped)
    with pytest.raises(OutdatedPlanError):
        source.check_order(1, "dag/run2/save/0, plan 1", "dag/run2/save")


def test_a_mapped_instance_that_is_cleared_later_draws_a_number_of_its_own(source: SourceState) -> None:
    for run in ("run1", "run2"):
        for index in range(2):
            source.draw_number(f"dag/{run}/save/{index}", f"{run}-{index}", f"dag/{run}/save")
    again = [source.draw_number(f"dag/run1/save/{index}", f"again-{index}", "dag/run1/save") for index in range(2)]
    assert again == [3, 3]


def test_what_mapped_instances_rejected_is_known_to_all_of_the_next_run(source: SourceState) -> None:
    def apply(number: int, *rejected: str) -> None:
        for digest in rejected:
            source.note_applied(number, f"{number} {digest}", f"run{number}")
            source.note_merged(number, [digest])

    apply(1, "a", "b")
    assert source.read_known_rejected() == {"a", "b"}
    apply(2, "a")
    assert source.read_known_rejected() == {"a", "b"}  # the other instance of this run is still to come
    apply(3, "a", "c")
    apply(4, "a", "c")
    assert source.read_known_rejected() == {"a", "c"}


def test_a_source_that_a_person_has_opened_stays_open(source: SourceState, folder: Folder) -> None:
    source.open("dag/manual")
    assert source.is_opened
    assert SourceState(folder, "dag").is_opened


def test_a_damaged_file_says_which_it_is(source: SourceState, folder: Folder) -> None:
    source.note_applied(1, "run1")
    folder.write("applied.json", b"{")
    with pytest.raises(StateError, match=r"applied\.json is damaged"):
        source.check_order(1, "run1")


def test_a_number_that_another_run_is_just_writing_is_neither_shared_nor_removed(tmp_path: Path) -> None:
    folder = Folder.open(str(tmp_path / "source"))
    source = SourceState(folder, "dag/save")
    for name in ("drawn", "passed"):
        folder.child(name).write("x.json", b"{}")
        folder.child(name).delete("x.json")
        (tmp_path / "source" / name / ".0000000001-try1.json.0123456789ab.part").write_text(
            '{"format":2,"run":"r","mapped":"save"}'
        )
    assert source.draw_number("run", "try2", "save") == 1
    source.note_passed(1, "run", "try2")
    assert len(list((tmp_path / "source" / "passed").iterdir())) == 2
