"""What one run leaves for the next."""

from __future__ import annotations

from pathlib import Path

import pytest

from oduyo_provider.core.errors import OutdatedPlanError, StagingError
from oduyo_provider.core.plan import Altered
from oduyo_provider.sync.site.state import OpenJournal, SiteState
from oduyo_provider.sync.staging.buckets import Side
from oduyo_provider.sync.staging.folder import Folder
from oduyo_provider.sync.staging.manifests import SnapshotManifest


@pytest.fixture
def state(tmp_path: Path) -> SiteState:
    return SiteState(Folder.open(str(tmp_path)), "site.example:8443", "erp_special_code")


def listed_at(moment: float) -> SnapshotManifest:
    return SnapshotManifest("site.example:8443", moment, moment + 5, 0, None, Side("", []))


def test_a_site_that_nobody_wrote_to_knows_nothing(state: SiteState) -> None:
    assert not state.check_order("dag/run1 g", listed_at(10))
    assert state.read_existing() is None
    assert state.read_altered() == {}
    assert state.read_open_journals() == []


def test_a_plan_is_outdated_once_a_run_that_listed_later_was_applied(state: SiteState) -> None:
    state.note_applied("dag/run2", "dag/run2 g", listed_at(20), now=30)
    with pytest.raises(OutdatedPlanError, match="dag/run2"):
        state.check_order("dag/run1 g", listed_at(10))


def test_a_plan_whose_listing_began_before_another_run_wrote_is_compared_again(state: SiteState) -> None:
    state.note_applied("dag/run1", "dag/run1 g", listed_at(10), now=30)
    assert state.check_order("dag/run2 g", listed_at(20))
    assert not state.check_order("dag/run3 g", listed_at(31))


def test_a_run_never_stands_in_its_own_way(state: SiteState) -> None:
    state.note_applied("dag/run1", "dag/run1 g", listed_at(10), now=30)
    assert not state.check_order("dag/run1 g", listed_at(10))


def test_sites_and_resources_are_kept_apart(state: SiteState, tmp_path: Path) -> None:
    state.note_existing("dag/run1", 7)
    root = Folder.open(str(tmp_path))
    assert SiteState(root, "site.example:8443", "erp_special_code").read_existing() == 7
    assert SiteState(root, "site.example", "erp_special_code").read_existing() is None
    assert SiteState(root, "site.example:8443", "erp_project_code").read_existing() is None


def test_alterations_are_remembered_replaced_and_forgotten(state: SiteState) -> None:
    first = Altered("7", "a", "code", "uzun", "uzu")
    state.note_altered([first, Altered("10", "b", "code", "x", None)], gone=set())
    replaced = Altered("7", "a", "code", "daha uzun", "dah")
    state.note_altered([replaced], gone={"10"})
    assert state.read_altered() == {("7", "code"): replaced}
    state.note_altered([], gone=set())
    assert state.read_altered() == {("7", "code"): replaced}


def test_a_damaged_memory_is_an_error_and_not_silently_empty(state: SiteState, tmp_path: Path) -> None:
    state.note_altered([Altered("7", "a", "code", "uzun", "uzu")], gone=set())
    file = next(tmp_path.rglob("altered.jsonl"))
    file.write_bytes(file.read_bytes()[:-9])
    with pytest.raises(StagingError, match=r"altered\.jsonl"):
        state.read_altered()


def test_a_load_that_did_not_end_leaves_its_journal_open(state: SiteState) -> None:
    state.open_journal(OpenJournal("/staging/run1/results/0", "d1", "g"))
    state.open_journal(OpenJournal("/staging/run1/results/1", "d2", "g"))
    state.close_journal("/staging/run1/results/0")
    assert [(journal.folder, journal.digest) for journal in state.read_open_journals()] == [
        ("/staging/run1/results/1", "d2")
    ]


def test_what_the_first_partition_of_a_plan_found_holds_for_all_of_them(state: SiteState) -> None:
    state.note_applied("dag/run1", "dag/run1 g", listed_at(10), now=30)
    for _ in range(2):
        state.note_applied("dag/run2", "dag/run2 g", listed_at(20), now=40)
        assert state.check_order("dag/run2 g", listed_at(20))
    state.note_applied("dag/run3", "dag/run3 g", listed_at(50), now=60)
    assert not state.check_order("dag/run3 g", listed_at(50))
