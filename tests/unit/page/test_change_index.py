"""The index of changes: what is added comes back, is found, and is counted."""

from __future__ import annotations

import zlib

import pytest

from oduyo_provider.page.change_index import BLOCK_LINES, ChangeIndex, Entry, fold


def make_entries(count: int) -> list[Entry]:
    return [
        Entry(
            "created" if n % 3 else "refused",
            "create",
            str(n),
            code=f"KOD.{n}",
            fields=[("description", None, f"açıklama {n}")],
        )
        for n in range(count)
    ]


@pytest.mark.parametrize("count", [0, 1, BLOCK_LINES - 1, BLOCK_LINES, BLOCK_LINES + 1, 5 * BLOCK_LINES + 7])
def test_entries_come_back_as_they_were_added(count: int) -> None:
    entries = make_entries(count)
    index = ChangeIndex(entries)
    assert len(index) == count
    assert list(index.read(index.find())) == entries
    assert list(index.read(reversed(range(count)))) == entries[::-1]
    assert sum(index.counts.values()) == count


def test_a_filter_and_a_search_meet() -> None:
    index = ChangeIndex(make_entries(300))
    found = index.find(["refused"], "açıklama kod.29")
    assert [entry.integration_id for entry in index.read(found)] == ["291", "294", "297"]
    assert len(index.find(["refused", "created"])) == 300
    assert len(index.find(["deleted"])) == 0


def test_a_page_of_a_hundred_thousand_opens_a_few_blocks_only(monkeypatch: pytest.MonkeyPatch) -> None:
    index, decompress, opened = ChangeIndex(make_entries(100_000)), zlib.decompress, list[bytes]()

    def count_and_decompress(block: bytes) -> bytes:
        opened.append(block)
        return decompress(block)

    monkeypatch.setattr(zlib, "decompress", count_and_decompress)
    found = index.find(["created"], "kod")[60_000:60_050]
    assert [entry.integration_id for entry in index.read(found)][:2] == ["90001", "90002"]
    assert len(opened) <= 3


def test_every_word_must_be_there_in_any_order() -> None:
    index = ChangeIndex([Entry("created", code="KADIKÖY ŞUBE"), Entry("created", code="KADIKÖY DEPO")])
    assert list(index.find(search="sube kadikoy")) == [0]
    assert list(index.find(search="  kadıköy  ")) == [0, 1]


def test_a_line_break_in_a_value_does_not_part_the_lines() -> None:
    entries = [Entry("created", code="a\nb\r\n\u2028c"), Entry("updated", code="d")]
    assert list(ChangeIndex(entries).read([0, 1])) == entries


def test_what_a_person_may_type_is_found() -> None:
    entry = Entry(
        "refused",
        "update",
        integration_id="AB-1",
        oduyo_id="77",
        code="K.1",
        fields=[("description", "ESKİ", "YENİ")],
        reason="Kod zaten var",
        answer="uzun cevap",
        stored={"code": "KISA"},
        twins=["912"],
    )
    index = ChangeIndex([entry])
    for text in ("ab-1", "77", "k.1", "eski", "yeni", "ZATEN", "cevap", "kısa", "912"):
        assert list(index.find(search=text)) == [0], text
    assert not index.find(search="nothing of it")


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("istanbul", "İSTANBUL"),
        ("istanbul", "ISTANBUL"),
        ("ığdır", "IĞDIR"),
        ("IGDIR", "ığdır"),
        ("sube", "ŞUBE"),
        ("çankaya", "CANKAYA"),
        ("göz", "GO\u0308Z"),
    ],
)
def test_turkish_letters_meet_in_either_case(typed: str, stored: str) -> None:
    assert fold(typed) == fold(stored)
