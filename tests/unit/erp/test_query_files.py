"""Query files: what is offered can be read, whatever its name and encoding."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from oduyo_provider.core.errors import SettingsError
from oduyo_provider.erp.query_files import list_queries, read_query

QUERY = "-- Özel kodlar, ş ve İ\nSELECT 1"


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("dia_postgres.sql", "dia_postgres"),
        ("logo_şirket.sql", "logo_şirket"),
        ("logo.şube.sql", "logo.şube"),
        ("KOD.SQL", "KOD"),
        ("özel kod (21).Sql", "özel kod (21)"),
        (unicodedata.normalize("NFD", "şube.sql"), "şube"),
    ],
)
def test_c6_every_name_that_is_offered_can_be_read(tmp_path: Path, file: str, name: str) -> None:
    (tmp_path / file).write_text(QUERY, encoding="utf-8")
    assert list_queries(tmp_path) == [name]
    assert read_query(tmp_path, name) == QUERY
    assert read_query(str(tmp_path), unicodedata.normalize("NFD", name)) == QUERY


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_c6_utf_8_and_utf_16_with_a_byte_order_mark_are_read(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "kod.sql").write_text(QUERY, encoding=encoding)
    assert read_query(tmp_path, "kod") == QUERY


def test_c6_big_endian_utf_16_is_read_too(tmp_path: Path) -> None:
    (tmp_path / "kod.sql").write_bytes(b"\xfe\xff" + QUERY.encode("utf-16-be"))
    assert read_query(tmp_path, "kod") == QUERY


@pytest.mark.parametrize("encoding", ["windows-1254", "utf-16-le", "utf-16-be", "utf-32"])
def test_c6_any_other_encoding_is_refused_with_what_to_do(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "kod.sql").write_text(QUERY, encoding=encoding)
    with pytest.raises(SettingsError, match=r"kod\.sql is not UTF-8.*Save it as UTF-8"):
        read_query(tmp_path, "kod")


@pytest.mark.parametrize("name", ["yok", "", "../kod", "/etc/passwd", "gizli.d/kod", ".gizli", "kod\0", "kod.sql"])
def test_c6_what_is_not_offered_is_not_read_and_the_queries_are_named(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "sql"
    (folder / "gizli.d").mkdir(parents=True)
    for file in ("a.sql", ".gizli.sql", "kod.txt", "../kod.sql", "gizli.d/kod.sql"):
        (folder / file).write_text(QUERY, encoding="utf-8")
    (folder / "klasör.sql").mkdir()
    assert list_queries(folder) == ["a"]
    with pytest.raises(SettingsError, match=r"the queries there are: a\. Choose"):
        read_query(folder, name)


def test_c6_two_files_of_one_name_are_offered_once_and_refused(tmp_path: Path) -> None:
    for file in ("kod.sql", "kod.SQL"):
        (tmp_path / file).write_text(QUERY, encoding="utf-8")
    assert list_queries(tmp_path) == ["kod"]
    with pytest.raises(SettingsError, match=r"kod\.SQL, kod\.sql are both in"):
        read_query(tmp_path, "kod")


def test_a_folder_that_is_not_there_has_no_queries(tmp_path: Path) -> None:
    assert list_queries(tmp_path / "yok") == []
    with pytest.raises(SettingsError, match="the queries there are: none"):
        read_query(tmp_path / "yok", "kod")


def test_a_file_that_may_not_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "kod.sql").write_text(QUERY, encoding="utf-8")

    def refuse(_path: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)  # root may read everything
    with pytest.raises(SettingsError, match=r"kod\.sql cannot be read \(Permission denied\)"):
        read_query(tmp_path, "kod")
