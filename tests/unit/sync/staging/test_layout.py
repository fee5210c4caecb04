"""Names of staged files: the same for the same thing, different for different ones, and fit for a file system."""

from __future__ import annotations

import pytest

from oduyo_provider.sync.staging import layout


@pytest.mark.parametrize(
    ("site", "folder"),
    [
        ("erp.ornek.com.tr", "erp.ornek.com.tr"),
        ("erp.ornek.com.tr:8443", "erp.ornek.com.tr_8443"),
        ("127.0.0.1:80", "127.0.0.1_80"),
    ],
)
def test_a_site_s_folder_reads_as_its_address(site: str, folder: str) -> None:
    assert layout.name_site(site) == folder


def test_different_sites_have_different_folders() -> None:
    sites = [
        "a.b",
        "a.b:1",
        "a.b/1",
        "a.b_1",
        "a.b/1/",
        "a b",
        "a_b",
        "[::1]",
        "[::1]:1",
        "şube",
        "sube",
        "a.b:x",
        "Muhasebe",
    ]
    folders = [layout.name_site(site) for site in sites]
    assert len(set(folders)) == len(sites)
    assert all(folder.isascii() and "/" not in folder and ":" not in folder for folder in folders)


def test_a_source_s_folder_reads_as_the_source() -> None:
    assert [layout.name_source(source) for source in ("dag", "dag/save")] == ["dag", "dag~save"]


def test_different_sources_have_different_folders() -> None:
    sources = ["d/t", "d~t", "d/t/", "d~t~", "d/~t", "d~/t", "d", "d-t"]
    folders = {layout.name_source(source) for source in sources}
    assert len(folders) == len(sources)
    assert not any("/" in folder for folder in folders)


def test_a_bucket_s_file_says_which_it_is() -> None:
    assert layout.name_bucket(0, 1) == "all.jsonl"
    assert [layout.name_bucket(bucket, 1000) for bucket in (0, 999)] == ["bucket-0000.jsonl", "bucket-0999.jsonl"]


def test_a_partition_s_journal_is_that_of_one_plan() -> None:
    assert layout.name_journal(3, 7, "0123456789abcdef" * 4) == "0003-7-0123456789abcdef"


def test_a_journal_s_file_is_numbered_where_it_cannot_grow() -> None:
    assert layout.name_entries("try1-ab", layout.INTENTS) == "try1-ab.intents.jsonl"
    assert layout.name_entries("try1-ab", layout.OUTCOMES, 12) == "try1-ab.outcomes.000012.jsonl"


def test_plan_numbers_are_read_back_and_sort_as_numbers() -> None:
    names = [layout.name_number(number, "try1-ab") for number in (9, 10, 2_000_000_000)]
    assert names == sorted(names)
    assert [layout.read_number(name) for name in names] == [9, 10, 2_000_000_000]
    assert [layout.read_number(name) for name in ("", "x-1.json", ".0000000001-a.json.part")] == [0, 0, 0]


def test_any_text_has_a_name_that_a_file_can_have() -> None:
    names = {layout.name_digest(text) for text in ("", "a/b", "a/c", "ş" * 500)}
    assert len(names) == 4
    assert all(len(name) == 37 and name.isascii() for name in names)


def test_the_claim_of_a_try_is_its_own() -> None:
    assert layout.name_claim("try1-ab") == "try1-ab.json"
