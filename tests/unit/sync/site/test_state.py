"""What one run leaves for the next."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from oduyo_provider.core.errors import LeaseLostError, StateError
from oduyo_provider.core.faults import Fault
from oduyo_provider.core.findings import Finding
from oduyo_provider.core.ledger import Entry
from oduyo_provider.core.plan import Rejected
from oduyo_provider.core.record import SPECIAL_CODE
from oduyo_provider.core.resources import PROJECT_CODE
from oduyo_provider.core.site_check import Point, TrialRecords
from oduyo_provider.sync.site.open_plans import OpenPlan
from oduyo_provider.sync.site.state import SiteCheck, SiteState
from oduyo_provider.sync.staging.folder import Folder
from tests.unit.sync.plans import (
    SITE,
    check_lease,
    create,
    make_open,
    make_snapshot,
    read_back,
    stage_plan,
    update,
    write_journal,
)


@pytest.fixture
def root(tmp_path: Path) -> Folder:
    return Folder.open(str(tmp_path))


@pytest.fixture
def state(root: Folder) -> SiteState:
    return SiteState(root, SITE, SPECIAL_CODE)


def begin(
    state: SiteState, number: int, key: str, oduyo_id: str, *, rejected: tuple[Rejected, ...] = (), source: str = "dag"
) -> OpenPlan:
    """A load that has created one record and come to its end, not merged yet."""
    change = create(key)
    root = Folder.open(str(Path(state.claims.uri).parents[3]))
    snapshot = make_snapshot(number=number, source=source)
    reference = stage_plan(root, [change], rejected=rejected, run=f"{source}-run{number}", snapshot=snapshot)
    write_journal(root, reference, read_back(change, oduyo_id))
    state.source(source).note_applied(number, make_open(root, reference).generation)
    return state.plans.open(make_open(root, reference, turn=state.next_turn()))


def test_a_site_that_nobody_wrote_to_knows_nothing(state: SiteState) -> None:
    assert state.read_entries(0, 1) == {}
    assert state.plans.read() == []
    assert state.read_turn() == 0
    assert state.read_findings() == {}
    assert state.read_check() == SiteCheck()
    assert not state.is_opened("dag")


def test_a_source_that_is_opened_opens_no_other(state: SiteState) -> None:
    state.source("d/t").open("run1")
    assert [state.is_opened(source) for source in ("d/t", "d~t", "d")] == [True, False, False]


def test_each_load_takes_the_next_turn(state: SiteState) -> None:
    assert [state.next_turn(), state.next_turn()] == [1, 2]
    assert state.read_turn() == 2


@pytest.mark.parametrize(
    ("site", "other"),
    [("site.example", "site.example:8443"), ("site.example/firma1", "site.example/firma2"), ("a_b", "a/b")],
)
def test_sites_and_resources_are_kept_apart(root: Folder, site: str, other: str) -> None:
    SiteState(root, site, SPECIAL_CODE).next_turn()
    assert SiteState(root, site, SPECIAL_CODE).read_turn() == 1
    assert SiteState(root, other, SPECIAL_CODE).read_turn() == 0
    assert SiteState(root, site, PROJECT_CODE).read_turn() == 0


def test_sources_are_kept_apart(state: SiteState) -> None:
    state.source("dag").open("run1")
    assert [state.is_opened(source) for source in ("dag", "dag/task", "other")] == [True, False, False]


def test_what_a_running_load_has_created_has_an_owner_for_everybody_but_itself(state: SiteState) -> None:
    plan = begin(state, 1, "A1", "7")
    assert state.read_entries(0, 1) == {"A1": Entry("A1", "dag", "7")}
    assert state.read_entries(0, 1, without=plan.generation) == {}


def test_a_merged_plan_is_closed_and_its_rejected_rows_are_known(state: SiteState) -> None:
    rejected = Rejected("B1", [Fault("code", "empty", "nothing")], {"integration_id": "B1"}, digest="b1")
    plan = begin(state, 1, "A1", "7", rejected=(rejected,))
    state.merge(plan, check_lease, buckets=64)
    assert state.plans.read() == []
    assert state.read_entries(0, 1) == {"A1": Entry("A1", "dag", "7")}
    assert state.source("dag").read_known_rejected() == {"b1"}


def test_a_load_that_was_cut_off_leaves_what_it_did_and_nothing_of_what_it_compared(
    state: SiteState, root: Folder
) -> None:
    change = create("A1")
    reference = stage_plan(root, [change], notes=[Entry("B1", "dag", "8")])
    write_journal(root, reference, read_back(change, "7"))
    state.source("dag").note_applied(1, "plan 1")
    state.merge(state.plans.open(make_open(root, reference, is_finished=False)), check_lease, buckets=64)
    assert state.read_entries(0, 1) == {"A1": Entry("A1", "dag", "7")}
    applied = state.source("dag").read_applied()
    assert applied is not None
    assert applied.merged == 0


def test_a_plan_whose_files_are_gone_is_closed_all_the_same(state: SiteState, tmp_path: Path) -> None:
    plan = begin(state, 1, "A1", "7")
    shutil.rmtree(tmp_path / "dag")
    state.merge(plan, check_lease, buckets=64)
    assert state.plans.read() == []
    applied = state.source("dag").read_applied()
    assert applied is not None
    assert applied.merged == 1


def test_the_next_holder_of_the_lease_merges_all_others_in_their_order(state: SiteState) -> None:
    plans = [begin(state, number, f"A{number}", str(number)) for number in (1, 2, 3)]
    merged = state.merge_others(plans[2].generation, check_lease, buckets=64)
    assert [plan.number for plan in merged] == [1, 2]
    assert state.plans.read() == [plans[2]]
    assert set(state.read_entries(0, 1, without=plans[2].generation)) == {"A1", "A2"}


@pytest.mark.parametrize("partitions", [1, 3])
def test_a_merge_that_has_lost_the_lease_writes_nothing_more_and_is_done_again(
    root: Folder, partitions: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    held, writes = 0, 0
    write, delete = Folder.write, Folder.delete

    def lose() -> None:
        nonlocal held
        held -= 1
        if held < 0:
            raise LeaseLostError("lost")

    def count(self: Folder, *given: object) -> None:
        nonlocal writes
        writes += 1
        (write if len(given) > 1 else delete)(self, *given)  # type: ignore[arg-type]

    changes = [create(str(number)) for number in range(10)]
    for times in range(100):
        folder = root.child(f"lost after {times}")
        state, held, writes = SiteState(folder, SITE, SPECIAL_CODE), times, 0
        reference = stage_plan(folder, changes, partitions=partitions)
        write_journal(root, reference, *(read_back(change, change.integration_id) for change in changes))
        state.source("dag").note_applied(1, make_open(root, reference).generation)
        plan = state.plans.open(make_open(root, reference))
        with monkeypatch.context() as patch:
            patch.setattr(Folder, "write", count)
            patch.setattr(Folder, "delete", count)
            try:
                state.merge(plan, lose, buckets=64)
            except LeaseLostError:
                assert writes - times in (0, 1), "one check before each, but for two small files of the source"
                assert state.plans.read() == [plan]
            else:
                assert writes > 3
                return
        state.merge(plan, check_lease, buckets=64)
        assert state.plans.read() == []
        entries = [state.read_entries(number, partitions) for number in range(partitions)]
        assert sum(map(len, entries)) == len(changes)
    pytest.fail("it never came to its end")


def test_an_older_plan_that_is_merged_after_a_newer_one_changes_nothing_that_is_known(
    state: SiteState, root: Folder
) -> None:
    older, newer = begin(state, 1, "A1", "7"), begin(state, 2, "A1", "9")
    state.merge(newer, check_lease, buckets=64)
    state.merge(older, check_lease, buckets=64)
    assert state.read_entries(0, 1) == {"A1": Entry("A1", "dag", "9")}


def test_a_plan_of_another_source_is_not_outdated_by_this_one(state: SiteState, root: Folder) -> None:
    state.merge(begin(state, 5, "A1", "7"), check_lease, buckets=64)
    change = update("B1", "8", description="new")
    reference = stage_plan(root, [change], run="other", snapshot=make_snapshot(source="other", number=1))
    write_journal(root, reference, read_back(change, stored={"description": "ne"}))
    state.source("other").note_applied(1, "other")
    state.merge(state.plans.open(make_open(root, reference)), check_lease, buckets=64)
    assert state.read_entries(0, 1)["B1"].stored["description"].stored == "ne"


def test_what_the_site_does_to_values_is_remembered_by_the_name_of_the_brake(state: SiteState) -> None:
    seen = Finding("key_altered", "integration_id", "00001", "1")
    state.note_finding(seen)
    state.note_finding(Finding("letters", "description", "ş", "s", is_released=True))
    assert state.read_findings()["key_altered"] == seen
    state.note_finding(Finding("key_altered", "integration_id", "00002", "2", is_released=True))
    assert {name: finding.is_released for name, finding in state.read_findings().items()} == {
        "key_altered": True,
        "letters": True,
    }


def test_what_the_site_check_found_is_remembered(state: SiteState) -> None:
    trial = TrialRecords(mark="ODUYO-CHECK-1", keys=("a", "0b"), above_id=None, last_create_at=2.0)
    point = Point(
        name="login",
        title="Login",
        question="How?",
        readings=("found",),
        answer="So.",
        provider="",
        setting="",
        asked_at=1.0,
    )
    check = SiteCheck(checked_at=1.0, partial_updates=True, page_size=200, answers=[point], trial=trial)
    state.note_check(check)
    assert state.read_check() == check


@pytest.mark.parametrize("name", ["turn.json", "released.json", "check.json"])
def test_a_damaged_file_is_an_error_and_not_silently_empty(state: SiteState, tmp_path: Path, name: str) -> None:
    state.next_turn()
    state.note_finding(Finding("letters", "code", "ş", "s"))
    state.note_check(SiteCheck(checked_at=1.0))
    [path] = tmp_path.rglob(name)
    path.write_bytes(path.read_bytes()[:-9])
    read = {"turn.json": state.read_turn, "released.json": state.read_findings, "check.json": state.read_check}[name]
    with pytest.raises(StateError, match=rf"{name} is damaged"):
        read()
