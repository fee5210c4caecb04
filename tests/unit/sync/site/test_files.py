"""Small files of a site: replaced whole, refused where they are damaged or of a newer version."""

from __future__ import annotations

from pathlib import Path

import pytest

from oduyo_provider.core.errors import StagingError, StateError
from oduyo_provider.sync.site.files import FORMAT, StateFile, check_format, read_state, write_state
from oduyo_provider.sync.staging.folder import Folder


class Note(StateFile, frozen=True, kw_only=True):
    text: str


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder.open(str(tmp_path / "site"))


def test_a_file_comes_back_as_it_was_written(folder: Folder) -> None:
    write_state(folder, "note.json", Note(text="şube"))
    assert read_state(folder, "note.json", Note) == Note(text="şube")
    assert folder.read("note.json") == '{"format":2,"text":"şube"}\n'.encode()


def test_a_file_that_is_not_there_is_none(folder: Folder) -> None:
    assert read_state(folder, "note.json", Note) is None


def test_a_file_that_another_run_removes_meanwhile_is_none_and_one_that_cannot_be_read_an_error(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_state(folder, "note.json", Note(text="şube"))
    is_removed = True

    def fail(self: Folder, name: str) -> bytes:
        if is_removed:
            self.delete(name)
        raise StagingError("cannot be read")

    monkeypatch.setattr(Folder, "read", fail)
    assert read_state(folder, "note.json", Note) is None
    is_removed = False
    write_state(folder, "note.json", Note(text="şube"))
    with pytest.raises(StagingError, match="cannot be read"):
        read_state(folder, "note.json", Note)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b'{"format":2}',
        b'{"format":"2","text":"a"}',
        b"\xff",
        b'{"format":2,"text":"\xfe"}',
        b'{"text":' + b"[" * 100_000,
    ],
)
def test_a_damaged_file_says_what_to_do(folder: Folder, content: bytes) -> None:
    folder.write("note.json", content)
    with pytest.raises(StateError) as caught:
        read_state(folder, "note.json", Note)
    text = str(caught.value)
    assert f"{folder.uri}/note.json is damaged" in text
    assert "Restore it from a backup, or remove it: what stands in it is forgotten then" in text


def test_a_file_of_a_newer_version_is_refused_before_it_is_read(folder: Folder) -> None:
    folder.write("note.json", b'{"format":3,"words":["a"]}')
    with pytest.raises(StateError, match=r"note\.json has the format 3.*Install that version again on all machines"):
        read_state(folder, "note.json", Note)


def test_the_present_format_and_those_before_it_can_be_read() -> None:
    for found in range(FORMAT + 1):
        check_format(found, "here")
    with pytest.raises(StateError, match="this one reads up to 2"):
        check_format(FORMAT + 1, "here")
