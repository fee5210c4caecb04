"""The state that 0.1.0 kept: read until the first merge has turned it into the ledger."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from oduyo_provider.core.ledger import Entry, Stored
from oduyo_provider.core.record import SPECIAL_CODE, Resource
from oduyo_provider.core.resources import PROJECT_CODE
from oduyo_provider.sync.site.legacy import find_legacy_folder, has_legacy_run, read_legacy_entries
from oduyo_provider.sync.site.state import SiteState
from oduyo_provider.sync.staging.folder import Folder
from tests.conftest import ROOT
from tests.unit.sync.plans import check_lease, make_open, stage_plan

SITE = "erp.ornek.com.tr:8443"
DAG = "oduyo_special_codes"
ENTRIES = {
    "500017": Entry(
        "500017",
        oduyo_id="17",
        stored={
            "description": Stored("Uzun bir açıklama metni", "Uzun bir açıklama m"),
            "space1": Stored("A&B", "A&amp;B"),
        },
    ),
    "500204": Entry("500204", oduyo_id="204", stored={"description": Stored("İkinci uzun açıklama", None)}),
}


@pytest.fixture
def root(tmp_path: Path) -> Folder:
    """A staging path as 0.1.0 left it."""
    shutil.copytree(ROOT / "tests" / "data" / "state_0_1_0", tmp_path / "staging")
    return Folder.open(str(tmp_path / "staging"))


def find_file(root: Folder, name: str) -> Path:
    [path] = Path(root.uri).glob(f"_sites/*__*/{name}")
    return path


def find_entries(root: Folder, site: str = SITE, resource: Resource = SPECIAL_CODE) -> list[Entry]:
    return list(read_legacy_entries(find_legacy_folder(root, site, resource.name)))


def test_what_0_1_0_knew_to_be_stored_otherwise_is_known_and_has_no_owner(root: Folder) -> None:
    assert {entry.integration_id: entry for entry in find_entries(root)} == ENTRIES
    assert find_entries(root, resource=PROJECT_CODE) == []
    assert find_entries(root, "erp.ornek.com.tr") == []


@pytest.mark.parametrize("partitions", [1, 3])
def test_it_is_read_as_the_ledger_until_the_first_merge_has_made_one(root: Folder, partitions: int) -> None:
    state = SiteState(root, SITE, SPECIAL_CODE)

    def read() -> dict[str, Entry]:
        parts = [state.read_entries(partition, partitions) for partition in range(partitions)]
        return {key: entry for part in parts for key, entry in part.items()}

    assert read() == ENTRIES
    state.merge(make_open(root, stage_plan(root, notes=[Entry("1", "dag", "9")])), check_lease, buckets=64)
    shutil.rmtree(find_file(root, "altered.jsonl").parent)
    assert read() == {**ENTRIES, "1": Entry("1", "dag", "9")}


def test_a_site_with_a_path_takes_the_state_of_its_host(root: Folder) -> None:
    assert len(find_entries(root, f"{SITE}/firma1")) == 2


def test_a_damaged_line_is_left_out_with_a_warning(root: Folder, caplog: pytest.LogCaptureFixture) -> None:
    path = find_file(root, "altered.jsonl")
    path.write_bytes(path.read_bytes()[:-20] + b'\n{"oduyo_id":"\xff"}\n')
    assert [entry.integration_id for entry in find_entries(root)] == ["500017"]
    assert "2 lines of" in caplog.text
    assert "altered.jsonl" in caplog.text


@pytest.mark.parametrize(
    ("run", "source"),
    [
        (f"{DAG}/manual__1", DAG),
        ("kodlar/manual__1/kaydet", "kodlar/kaydet"),
        ("kodlar/manual__1/kaydet/3", "kodlar/kaydet"),
    ],
    ids=["DAG", "operator", "mapped operator"],
)
def test_a_source_that_0_1_0_wrote_from_is_open(root: Folder, run: str, source: str) -> None:
    path = find_file(root, "applied.json")
    path.write_text(path.read_text().replace(f"{DAG}/scheduled__2026-11-26T00:00:00+00:00", run))
    assert has_legacy_run(find_legacy_folder(root, SITE, SPECIAL_CODE.name), source)
    assert SiteState(root, SITE, SPECIAL_CODE).is_opened(source)
    assert not SiteState(root, SITE, SPECIAL_CODE).is_opened("another")


@pytest.mark.parametrize("content", [b'{"run":', b'{"run":"\xff"}'])
def test_a_damaged_note_of_the_last_run_leaves_the_first_write_to_a_person(root: Folder, content: bytes) -> None:
    find_file(root, "applied.json").write_bytes(content)
    assert not has_legacy_run(find_legacy_folder(root, SITE, SPECIAL_CODE.name), DAG)
