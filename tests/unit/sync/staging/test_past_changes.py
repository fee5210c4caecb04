"""What runs did to each key: kept once, read by key, and bounded."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import msgspec
import pytest

from oduyo_provider.core.errors import StagedFileError
from oduyo_provider.core.record import SPECIAL_CODE
from oduyo_provider.sync.staging import past_changes
from oduyo_provider.sync.staging.change_lines import ChangeLine
from oduyo_provider.sync.staging.folder import Folder
from oduyo_provider.sync.staging.past_changes import (
    MAX_FILES,
    PastChange,
    make_past_change,
    read_all_past_changes,
    read_past_changes,
    write_past_changes,
)
from oduyo_provider.sync.staging.storage import Disk


@pytest.fixture
def root(tmp_path: Path) -> Folder:
    return Folder.open(str(tmp_path))


def make(key: str, at: float, run: str = "", action: str = "update", text: str = "b") -> PastChange:
    return PastChange(key, at, run or f"run{at:.0f}", int(at), action, f"{action}d", fields=[("code", None, text)])


def keep(root: Folder, *changes: PastChange) -> None:
    keep.files += 1  # type: ignore[attr-defined]
    write_past_changes(root, "dag", changes, f"try1-{keep.files}")  # type: ignore[attr-defined]


keep.files = 0  # type: ignore[attr-defined]


def test_one_key_has_what_each_run_did_to_it_the_oldest_first(root: Folder) -> None:
    keep(root, make("7", 20.0), make("8", 20.0))
    keep(root, make("7", 10.0, action="create"))
    assert read_past_changes(root, "dag", "7").changes == [make("7", 10.0, action="create"), make("7", 20.0)]
    assert read_past_changes(root, "dag", "9").changes == []
    assert read_past_changes(root, "other dag", "7").changes == []


def test_a_key_is_found_in_either_case_of_a_uuid(root: Folder) -> None:
    key = "0f8fad5b-d9cb-469f-a165-70867728950e"
    keep(root, make(key, 1.0))
    assert read_past_changes(root, "dag", key.upper()).changes == [make(key, 1.0)]


def test_a_run_that_is_added_up_twice_is_kept_once(root: Folder) -> None:
    keep(root, make("7", 20.0, text="first"))
    keep(root, make("7", 20.0, text="again"))
    (change,) = read_past_changes(root, "dag", "7").changes
    assert change.fields == [("code", None, "again")]


def test_one_key_is_read_without_the_others(root: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(root, *(make(str(number), 1.0) for number in range(1_000)))
    read, opened = Disk.read, Counter[str]()

    def count_and_read(disk: Disk, name: str, *part: int | None) -> bytes:
        opened[str(disk.path)] += 1
        return read(disk, name, *part)  # type: ignore[arg-type]

    monkeypatch.setattr(Disk, "read", count_and_read)
    assert len(read_past_changes(root, "dag", "7").changes) == 1
    assert sum(opened.values()) == 1


def test_many_files_of_a_bucket_become_one_and_nothing_is_lost(root: Folder, tmp_path: Path) -> None:
    for number in range(MAX_FILES + 5):
        keep(root, make("7", float(number)))
    assert [change.at for change in read_past_changes(root, "dag", "7").changes] == list(range(MAX_FILES + 5))
    assert len(list(tmp_path.rglob("*.jsonl"))) <= MAX_FILES


def test_what_does_not_fit_is_dropped_values_of_creates_first_then_the_oldest(
    root: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = [make("7", 1.0, action="create", text="x" * 200), *(make("7", float(at)) for at in (2, 3))]
    more = [make("7", float(at)) for at in range(4, 44)]
    size = sum(len(msgspec.json.encode(change)) + 1 for change in (*first, *more))
    monkeypatch.setattr(past_changes, "MAX_BYTES", size - 100)
    monkeypatch.setattr(past_changes, "LARGE_FILE_BYTES", 0)
    keep(root, *first)
    assert read_past_changes(root, "dag", "7").changes == first
    keep(root, *more)
    found = read_past_changes(root, "dag", "7")
    assert found.changes == [msgspec.structs.replace(first[0], fields=[]), *first[1:], *more]
    assert found.dropped_until == 0
    keep(root, *(make("7", float(at)) for at in range(44, 64)))
    found = read_past_changes(root, "dag", "7")
    assert found.changes[0].at == found.dropped_until + 1 > 1
    assert found.changes[-1].at == 63


def test_a_damaged_file_and_one_of_a_newer_version_are_left_out(root: Folder, tmp_path: Path) -> None:
    keep(root, make("7", 1.0))
    (place,) = {path.parent for path in tmp_path.rglob("*.jsonl")}
    (place / "1-a.jsonl").write_bytes(b'{"format":1}\n{"cut')
    (place / "1-b.jsonl").write_bytes(b'{"format":2}\n{"what":"nobody knows"}\n')
    (place / "1-c.jsonl").write_bytes(b"")
    (place / "1-d.jsonl").write_bytes(b'{"format":1}\n{"integration_id":"\xff"}\n')
    found = read_past_changes(root, "dag", "7")
    assert (found.changes, found.unread) == ([make("7", 1.0)], ["1-a.jsonl", "1-b.jsonl", "1-d.jsonl"])
    assert [bucket for bucket in read_all_past_changes(root, "dag") if bucket.changes] == [found]


def test_the_lines_before_the_damage_are_read(root: Folder, tmp_path: Path) -> None:
    keep(root, make("7", 1.0), make("7", 2.0), make("7", 3.0))
    (place,) = tmp_path.rglob("*.jsonl")
    place.write_bytes(place.read_bytes()[:-9])
    found = read_past_changes(root, "dag", "7")
    assert (found.changes, found.unread) == ([make("7", 1.0), make("7", 2.0)], [place.name])


def test_merging_takes_no_file_away_that_holds_more_than_can_be_read(
    root: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(root, make("7", 1.0))
    (whole,) = tmp_path.rglob("*.jsonl")
    damaged, newer = whole.with_name("1-a.jsonl"), whole.with_name("1-b.jsonl")
    damaged.write_bytes(b'{"format":1}\n{"cut\n' + whole.read_bytes().splitlines()[1])
    newer.write_bytes(b'{"format":2}\n{"what":"nobody knows"}\n')
    monkeypatch.setattr(past_changes, "LARGE_FILE_BYTES", 0)
    keep(root, make("7", 2.0))
    assert read_past_changes(root, "dag", "7").changes == [make("7", 1.0), make("7", 2.0)]
    assert {path.name for path in whole.parent.iterdir()} >= {damaged.name, newer.name}
    assert not whole.exists()


def test_a_file_that_another_run_has_merged_meanwhile_is_looked_for_again(
    root: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(root, make("7", 1.0))
    read, failed = Disk.read, list[str]()

    def fail_once(disk: Disk, name: str, *part: int | None) -> bytes:
        if not failed:
            failed.append(name)
            raise FileNotFoundError(name)
        return read(disk, name, *part)  # type: ignore[arg-type]

    monkeypatch.setattr(Disk, "read", fail_once)
    assert len(read_past_changes(root, "dag", "7").changes) == 1
    monkeypatch.setattr(Disk, "read", lambda *_given: (_ for _ in ()).throw(FileNotFoundError()))
    with pytest.raises(StagedFileError):
        read_past_changes(root, "dag", "7")


def test_long_texts_are_cut() -> None:
    line = ChangeLine("refused", "create", "7", fields=[("note", None, "x" * 500)], answer="y" * 500, at=4.0)
    kept = make_past_change(line, "run", 3, 9.0, SPECIAL_CODE)
    assert (len(kept.fields[0][2] or ""), len(kept.answer), kept.at) == (301, 300, 4.0)
