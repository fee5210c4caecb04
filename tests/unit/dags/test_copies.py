"""The DAGs in Airflow's folder: copied, brought up to date, taken out again; what somebody has edited is never lost."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from oduyo_provider.dags import copies
from oduyo_provider.dags.__main__ import run
from oduyo_provider.dags.copies import RECORD, Became, copy_files, find_source, list_files, remove_files
from tests.conftest import ROOT

MINE, DAG = "sql/mine.sql", "oduyo_a.py"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    (folder / "sql").mkdir(parents=True)
    (folder / DAG).write_text("dag = 1\n")
    (folder / "sql" / "erp.sql").write_text("SELECT 1\n")
    return folder


@pytest.fixture
def dags(tmp_path: Path) -> Path:
    """Airflow's DAG folder, with a query and a DAG of somebody's own."""
    folder = tmp_path / "airflow" / "dags"
    (folder / "sql").mkdir(parents=True)
    (folder / MINE).write_text("SELECT 7\n")
    (folder / "mine.py").write_text("mine = 1\n")
    return folder


def copy(source: Path, dags: Path, *, replace: bool = False) -> dict[str, Became]:
    return copy_files(list_files(source), dags, replace=replace)


def remove(source: Path, dags: Path) -> dict[str, Became]:
    return remove_files(list_files(source), dags)


def read_all(folder: Path) -> dict[str, str]:
    found = (path for path in folder.rglob("*") if path.is_file() and path.name != RECORD)
    return {path.relative_to(folder).as_posix(): path.read_text() for path in found}


def test_all_files_of_this_checkout_are_found_and_each_is_a_dag_or_a_query() -> None:
    source = find_source()
    assert source is not None
    files = list_files(source)
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT / "dags", capture_output=True, text=True, check=False)
    assert {
        "oduyo_special_codes.py",
        "oduyo_site_check.py",
        "oduyo_resources.py",
        "sql/dia_postgres.sql",
    } <= files.keys()
    assert not tracked.stdout or set(tracked.stdout.split()) == files.keys()


def test_files_are_copied_once_and_the_second_time_nothing_is_to_be_done(source: Path, dags: Path) -> None:
    assert set(copy(source, dags).values()) == {Became.COPIED}
    assert set(copy(source, dags).values()) == {Became.UNCHANGED}
    assert read_all(dags) == {**read_all(source), MINE: "SELECT 7\n", "mine.py": "mine = 1\n"}


def test_a_new_version_replaces_what_is_as_it_was_copied(source: Path, dags: Path) -> None:
    copy(source, dags)
    (source / DAG).write_text("dag = 2\n")
    assert copy(source, dags)[DAG] is Became.REPLACED
    assert (dags / DAG).read_text() == "dag = 2\n"


def test_what_somebody_has_edited_is_kept_also_by_the_next_version(source: Path, dags: Path) -> None:
    copy(source, dags)
    (dags / DAG).write_text("dag = 'edited'\n")
    for text in ("dag = 1\n", "dag = 2\n"):
        (source / DAG).write_text(text)
        assert copy(source, dags)[DAG] is Became.KEPT
        assert (dags / DAG).read_text() == "dag = 'edited'\n"


def test_a_file_that_was_there_before_the_first_copy_is_kept(source: Path, dags: Path) -> None:
    (dags / DAG).write_text("dag = 0\n")
    assert copy(source, dags)[DAG] is Became.KEPT
    assert copy(source, dags)[DAG] is Became.KEPT
    assert (dags / DAG).read_text() == "dag = 0\n"


def test_replace_keeps_what_was_there_under_another_name_each_time(source: Path, dags: Path) -> None:
    for text in ("dag = 'first'\n", "dag = 'second'\n"):
        (dags / DAG).write_text(text)
        assert copy(source, dags, replace=True)[DAG] is Became.REPLACED
    kept = [(dags / f"{DAG}.{end}").read_text() for end in ("old", "old2")]
    assert kept == ["dag = 'first'\n", "dag = 'second'\n"]
    assert copy(source, dags)[DAG] is Became.UNCHANGED


def test_a_file_that_a_version_no_longer_has_goes_unless_somebody_has_edited_it(source: Path, dags: Path) -> None:
    (source / "oduyo_b.py").write_text("dag = 1\n")
    copy(source, dags)
    (dags / DAG).write_text("dag = 'edited'\n")
    for name in (DAG, "oduyo_b.py"):
        (source / name).unlink()
    assert copy(source, dags) == {"sql/erp.sql": Became.UNCHANGED, DAG: Became.KEPT, "oduyo_b.py": Became.REMOVED}
    assert (dags / DAG).exists()


def test_what_is_removed_leaves_the_folder_as_it_was(source: Path, dags: Path) -> None:
    before = read_all(dags)
    copy(source, dags)
    (dags / "__pycache__").mkdir()
    (dags / "__pycache__" / "oduyo_a.cpython-311.pyc").write_bytes(b"")
    assert set(remove(source, dags).values()) == {Became.REMOVED}
    assert read_all(dags) == before
    assert not (dags / RECORD).exists()
    assert not (dags / "__pycache__").exists()


def test_folders_that_are_empty_then_go_too(source: Path, tmp_path: Path) -> None:
    copy(source, tmp_path / "dags")
    remove(source, tmp_path / "dags")
    assert list((tmp_path / "dags").iterdir()) == []


def test_what_was_copied_by_an_older_version_is_removed_by_a_newer_one(source: Path, dags: Path) -> None:
    copy(source, dags)
    (source / DAG).write_text("dag = 2\n")
    assert remove(source, dags)[DAG] is Became.REMOVED


def test_what_was_edited_is_not_removed(source: Path, dags: Path) -> None:
    copy(source, dags)
    (dags / DAG).write_text("dag = 'edited'\n")
    assert remove(source, dags)[DAG] is Became.KEPT
    assert (dags / DAG).exists()


def test_what_is_damaged_in_the_record_counts_as_edited_and_the_rest_of_it_holds(source: Path, dags: Path) -> None:
    copy(source, dags)
    record = dags / RECORD
    whole = record.read_bytes()
    for path in (source / DAG, source / "sql" / "erp.sql"):
        path.write_text("new\n")
    record.write_bytes(b"\xff\xfe" + whole)
    assert copy(source, dags) == {DAG: Became.KEPT, "sql/erp.sql": Became.REPLACED}
    record.write_bytes(whole.decode().encode("utf-16"))
    assert remove(source, dags) == {DAG: Became.KEPT, "sql/erp.sql": Became.REMOVED}


def test_the_record_is_what_sha256sum_reads(source: Path, dags: Path) -> None:
    copy(source, dags)
    checked = subprocess.run(["sha256sum", "--check", RECORD], cwd=dags, capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stdout.count(": OK")) == (0, 2)


def test_the_program_says_what_it_did_and_ends_with_1_where_something_was_kept(
    dags: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["copy", str(dags)]) == 0
    assert "copied" in capsys.readouterr().out
    (dags / "oduyo_special_codes.py").write_text("")
    assert run(["copy", str(dags)]) == 1
    said = capsys.readouterr()
    assert "oduyo_special_codes.py: kept, as somebody has edited it" in said.out
    assert "--replace" in said.err
    assert run(["copy", str(dags), "--replace"]) == 0
    assert run(["remove", str(dags)]) == 0
    assert set(read_all(dags)) == {MINE, "mine.py", "oduyo_special_codes.py.old"}


def test_the_program_refuses_the_folder_that_the_files_come_from(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["remove", str(find_source())]) == 1
    assert "where the DAGs come from" in capsys.readouterr().err


def test_the_program_names_a_folder_that_cannot_be_used(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "dags").write_text("a file")
    assert run(["copy", str(tmp_path / "dags")]) == 1
    assert f"{tmp_path / 'dags'}" in capsys.readouterr().err


def test_a_package_in_the_plugins_folder_does_not_take_airflow_s_dags_for_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    package = tmp_path / "plugins" / "oduyo_provider" / "dags"
    shutil.copytree(copies.PACKAGE, package, ignore=shutil.ignore_patterns("files"))
    monkeypatch.setattr(copies, "PACKAGE", package)
    (tmp_path / "dags").mkdir()
    assert find_source() is None
    assert run(["remove", str(tmp_path / "dags")]) == 1
    assert "copy them from the checkout" in capsys.readouterr().err
