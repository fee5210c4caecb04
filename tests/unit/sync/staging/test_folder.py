"""Staged files: private, durable, whole, and clear about what is wrong with them."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from oduyo_provider.core.errors import SettingsError, StagingError
from oduyo_provider.sync.staging.folder import (
    Folder,
    StagedFile,
    read_manifest,
    staging_root,
    write_manifest,
)
from oduyo_provider.sync.staging.jsonl import decode_lines


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder.open(str(tmp_path / "a b" / "şube"))


def path_of(folder: Folder, name: str) -> Path:
    return Path(folder.uri) / name


def test_lines_come_back_as_they_were_written(folder: Folder) -> None:
    file = folder.write_lines("rows.jsonl", [b'{"a":1}\n', b'{"b":"\xc5\x9f"}\n'])
    assert file.rows == 2
    assert list(folder.read_lines(file)) == [b'{"a":1}\n', b'{"b":"\xc5\x9f"}\n']


@pytest.mark.parametrize("write", ["write", "write_lines", "append"])
def test_every_file_is_readable_by_its_owner_only(folder: Folder, write: str) -> None:
    before = os.umask(0)
    try:
        getattr(folder, write)("x", [b"1\n"] if write == "write_lines" else b"1\n")
    finally:
        os.umask(before)
    assert stat.S_IMODE(path_of(folder, "x").stat().st_mode) == 0o600
    assert stat.S_IMODE(Path(folder.uri).stat().st_mode) == 0o700


@pytest.mark.parametrize("damage", [b"", b"1\n", b"1\n2\n3\n", b"1\n9\n"])
def test_a_file_that_is_not_as_its_manifest_says_is_an_error(folder: Folder, damage: bytes) -> None:
    file = folder.write_lines("rows.jsonl", [b"1\n", b"2\n"])
    path_of(folder, "rows.jsonl").write_bytes(damage)
    with pytest.raises(StagingError, match=r"rows\.jsonl is not as it was written"):
        list(folder.read_lines(file))


def test_a_missing_file_says_that_staging_was_emptied_or_is_not_shared(folder: Folder) -> None:
    with pytest.raises(StagingError, match="staging was emptied, or this worker does not share it"):
        folder.read("nothing")
    with pytest.raises(StagingError, match="There is no staged file"):
        list(folder.read_lines(StagedFile("nothing", 1, "")))


def test_a_folder_that_cannot_be_made_names_the_variable(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StagingError, match="ODUYO_STAGING_PATH"):
        Folder.open(str(tmp_path / "file" / "below")).write("x", b"1")


def test_a_full_disk_is_an_error_that_says_so(monkeypatch: pytest.MonkeyPatch, folder: Folder) -> None:
    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StagingError, match="No space left on device"):
        folder.write("x", b"1")
    with pytest.raises(StagingError, match="No space left on device"):
        folder.write_lines("y", [b"1\n"])


def test_an_append_that_fails_half_way_is_cut_off_again(monkeypatch: pytest.MonkeyPatch, folder: Folder) -> None:
    folder.append("log", b"one\n")

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(StagingError, match="No space left"):
            folder.append("log", b"two\n")
    folder.append("log", b"three\n")
    assert folder.read("log") == b"one\nthree\n"


def test_a_file_is_replaced_whole_or_not_at_all(monkeypatch: pytest.MonkeyPatch, folder: Folder) -> None:
    folder.write("state", b"old")

    def fail(self: Path, target: Path) -> None:
        raise OSError(errno.EIO, "I/O error")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", fail)
        with pytest.raises(StagingError, match="I/O error"):
            folder.write("state", b"new")
    assert folder.read("state") == b"old"


def test_an_error_of_the_caller_while_lines_are_written_is_not_taken_for_the_storage(folder: Folder) -> None:
    def read() -> Iterator[bytes]:
        yield b"1\n"
        raise ConnectionResetError("of the caller")

    with pytest.raises(ConnectionResetError, match="of the caller"):
        folder.write_lines("x", read())


@pytest.mark.parametrize("name", ["..", ".", "", "a/b", "/etc", "a\\b", "a\0b"])
def test_a_name_never_leads_out_of_its_folder(folder: Folder, name: str) -> None:
    below = Path(folder.child(name).uri)
    assert below.parent == Path(folder.uri)
    assert below != Path(folder.uri)


@pytest.mark.parametrize("name", ["d" * 140 + "~" + "t" * 140, "ş" * 130])
def test_a_name_that_is_too_long_has_a_folder_of_its_own(folder: Folder, name: str) -> None:
    for name_of_one in (name, name + "2"):
        folder.child(name_of_one).write("x", name_of_one.encode())
    assert [folder.child(other).read("x") for other in (name, name + "2")] == [name.encode(), f"{name}2".encode()]


@pytest.mark.parametrize("name", ["d" * 255, "ş" * 127])
def test_a_name_as_long_as_may_be_is_kept(folder: Folder, name: str) -> None:
    folder.child(name).write("x", b"1")
    assert folder.names() == [name]


def test_names_of_runs_are_kept_as_they_are(folder: Folder) -> None:
    run = "manual__2026-11-23T19:40:05.313927+00:00"
    assert folder.child("dag", run).uri == f"{folder.uri}/dag/{run}"


def test_a_manifest_of_another_kind_is_an_error(folder: Folder) -> None:
    class Old(msgspec.Struct):
        name: str

    write_manifest(folder, "manifest.json", Old("x"))
    with pytest.raises(StagingError, match="is not a StagedFile of this version"):
        read_manifest(folder, "manifest.json", StagedFile)
    assert read_manifest(folder, "manifest.json", Old) == Old("x")


DAMAGED = [b"{", b'{"name":"\xff","rows":1,"digest":""}', b'{"name":' + b"[" * 100_000]


@pytest.mark.parametrize("line", DAMAGED)
def test_a_line_that_cannot_be_read_names_its_file(folder: Folder, line: bytes) -> None:
    with pytest.raises(StagingError, match=r"plan\.jsonl has a line that cannot be read"):
        list(decode_lines(folder.uri, "plan.jsonl", [line], StagedFile))


@pytest.mark.parametrize("content", DAMAGED)
def test_a_manifest_that_cannot_be_read_names_its_file(folder: Folder, content: bytes) -> None:
    folder.write("manifest.json", content)
    with pytest.raises(StagingError, match=r"manifest\.json is not a StagedFile of this version"):
        read_manifest(folder, "manifest.json", StagedFile)


def test_file_uris_and_plain_paths_are_the_same_folder(tmp_path: Path) -> None:
    assert Folder.open(f"file://{tmp_path}").uri == Folder.open(str(tmp_path)).uri == str(tmp_path)


def test_names_are_listed_in_order_and_a_missing_folder_has_none(folder: Folder) -> None:
    assert folder.names() == []
    folder.write("b", b"")
    folder.write("a", b"")
    assert folder.names() == ["a", "b"]
    folder.delete("a")
    folder.delete("a")
    assert folder.names() == ["b"]
    folder.remove()
    assert folder.names() == []


def test_staging_lies_where_the_variable_says_or_under_the_airflow_home(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ODUYO_STAGING_PATH", str(tmp_path / "here"))
    assert staging_root().uri == str(tmp_path / "here")
    monkeypatch.setenv("ODUYO_STAGING_PATH", " ")
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path / "home"))
    assert staging_root().uri == str(tmp_path / "home" / "oduyo_staging")


@pytest.mark.parametrize("place", ["x/y", ".", "file://host/x", "file:x"])
def test_a_place_that_depends_on_where_a_process_was_started_is_refused(
    monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    monkeypatch.setenv("ODUYO_STAGING_PATH", place)
    with pytest.raises(SettingsError, match=f"ODUYO_STAGING_PATH names {place}, .*: it is no absolute path, such as /"):
        staging_root()


@pytest.mark.parametrize("place", ["/srv/a b", "file:///srv/a b", "//srv/a b", "~/a b"])
def test_a_place_may_be_a_path_or_a_file_uri(monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    monkeypatch.setenv("ODUYO_STAGING_PATH", place)
    monkeypatch.setenv("HOME", "/srv")
    assert Path(staging_root().uri).parts[1:] == ("srv", "a b")


def test_an_object_store_takes_the_same_calls() -> None:
    folder = Folder.open("memory://bucket/staging").child("run")
    assert not folder.is_local
    file = folder.write_lines("rows.jsonl", [b"1\n", b"2\n"])
    folder.write("state", b"old")
    folder.write("state", b"new")
    assert list(folder.read_lines(file)) == [b"1\n", b"2\n"]
    assert folder.read("state") == b"new"
    assert folder.names() == ["rows.jsonl", "state"]
    assert folder.has("state")
    folder.remove()
    assert not folder.has("state")
