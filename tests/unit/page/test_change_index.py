"""The index of changes: what is written is found and counted, and little of it is read."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import msgspec
import pytest

from oduyo_provider.page.change_index import ChangeIndex, RunPhase
from oduyo_provider.page.wanted import Wanted
from oduyo_provider.sync.staging.change_lines import ChangeLine
from oduyo_provider.sync.staging.folder import Folder
from oduyo_provider.sync.staging.segments import BLOCK_LINES
from oduyo_provider.sync.staging.storage import Disk
from tests.unit.sync.staging.tables import write_table


def make_lines(count: int, start: int = 0) -> list[ChangeLine]:
    return [
        ChangeLine(
            "created" if n % 3 else "refused",
            "create",
            str(n),
            code=f"KOD.{n}",
            fields=[("description", None, f"açıklama {n}")],
        )
        for n in range(start, start + count)
    ]


def write_index(place: Path, *segments: list[ChangeLine], phase: RunPhase = RunPhase.ENDED) -> ChangeIndex:
    folder = Folder.open(str(place))
    return ChangeIndex(folder, write_table(folder, *segments), phase)


@pytest.mark.parametrize("count", [0, 1, BLOCK_LINES - 1, BLOCK_LINES, BLOCK_LINES + 1, 5 * BLOCK_LINES + 7])
def test_lines_come_back_as_they_were_written(tmp_path: Path, count: int) -> None:
    lines = make_lines(count)
    index = write_index(tmp_path, lines[:100], lines[100:])
    assert len(index) == count
    assert sorted(index.find(Wanted())) == list(range(count))
    assert list(index.read(range(count))) == lines
    assert list(index.read(reversed(range(count)))) == lines[::-1]
    assert index.counts == Counter(line.outcome for line in lines)


def test_a_filter_and_a_search_meet(tmp_path: Path) -> None:
    index = write_index(tmp_path, make_lines(150), make_lines(150, 150))
    found = index.find(Wanted(outcome=["refused"], search="açıklama kod.29"))
    assert [line.integration_id for line in index.read(found)] == ["291", "294", "297"]
    assert len(index.find(Wanted(outcome=["refused", "created"]))) == 300
    assert len(index.find(Wanted(outcome=["deleted"]))) == 0


def test_a_long_reason_is_found_by_what_is_counted_of_it(tmp_path: Path) -> None:
    line = ChangeLine("refused", "update", reason="HTTP 422: " + "çok uzun " * 40)
    index = write_index(tmp_path, [line])
    [(_, counted, _)] = [reason for segment in index.segments for reason in segment.file.reasons]
    assert len(counted) < len(line.reason)
    assert [len(index.find(Wanted(reason=[reason]))) for reason in (counted, line.reason)] == [1, 1]


def test_a_reason_is_the_whole_reason_or_one_of_several(tmp_path: Path) -> None:
    reasons = ["code: too_long", "typecode: too_long", "code: too_long, status: unknown_status", "code: too_long or so"]
    lines = [ChangeLine("rejected", reason=reason) for reason in reasons]
    index = write_index(tmp_path, [*lines, ChangeLine("refused", "create", reason="code: too_long, code: too_long")])
    found = index.find(Wanted(reason=["code: too_long"]))
    assert [line.reason for line in index.read(found)] == [reasons[0], reasons[2]]
    assert len(index.find(Wanted(reason=["code: too_long"], search="status"))) == 1


def test_a_search_reads_a_part_for_each_answer_and_says_what_is_left(tmp_path: Path) -> None:
    index = write_index(tmp_path, make_lines(90), [], make_lines(60, 90), make_lines(150, 150))
    wanted = Wanted(outcome=["refused"], search="kod")
    assert index.count_unread(wanted) == 100
    seen = [(len(index.find(wanted, 1)), index.count_unread(wanted)) for _ in range(4)]
    assert seen == [(30, 70), (50, 50), (100, 0), (100, 0)]
    assert index.find(wanted) == [n for n in range(300) if n % 3 == 0]
    assert index.count_unread(Wanted()) == 0


def test_a_slice_is_what_the_whole_list_has_there(tmp_path: Path) -> None:
    index = write_index(tmp_path, make_lines(150), [], make_lines(150, 150))
    for wanted in (Wanted(), Wanted(outcome=["refused"]), Wanted(sort="-outcome")):
        found = index.find(wanted)
        whole = list(found)
        assert len(whole) == len(found)
        assert [found[at : at + 50] for at in range(0, 300, 50)] == [whole[at : at + 50] for at in range(0, 300, 50)]


def test_a_page_of_many_lines_reads_the_segments_that_hold_it_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = write_index(tmp_path, *(make_lines(500, 500 * n) for n in range(20)))
    opened, read = Counter[str](), Disk.read

    def count_and_read(disk: Disk, name: str, start: int = 0, length: int | None = None) -> bytes:
        opened[name] += 1
        return read(disk, name, start, length)

    monkeypatch.setattr(Disk, "read", count_and_read)
    numbers = index.find(Wanted(outcome=["created"]))[4_000:4_050]
    assert len(list(index.read(numbers))) == 50
    assert len(opened) <= 2
    assert sum(opened.values()) <= 4


def test_what_cannot_be_undone_stands_first(tmp_path: Path) -> None:
    actions = ["create", "update", "delete", "", "deactivate", "adopt"]
    one = [ChangeLine("waiting" if name else "rejected", name, f"{name} 1") for name in actions]
    two = [ChangeLine("waiting" if name else "rejected", name, f"{name} 2") for name in actions]
    index = write_index(tmp_path, one, two, phase=RunPhase.DRY)
    shown = [line.action for line in index.read(index.find(Wanted()))]
    assert shown[::2] == shown[1::2] == ["delete", "deactivate", "create", "adopt", "update", ""]
    assert index.actions["delete"] == 2
    deletes = index.find(Wanted(action=["delete"]))
    assert [line.integration_id for line in index.read(deletes)] == ["delete 1", "delete 2"]


def test_rows_that_are_newly_left_out_are_told_from_known_ones_and_from_all_other_lines(tmp_path: Path) -> None:
    lines = [ChangeLine("rejected", integration_id=str(n), is_known=n < 3) for n in range(5)]
    lines += [ChangeLine("updated", "update", "5"), ChangeLine("refused", "create", "6"), ChangeLine("kept", "", "7")]
    index = write_index(tmp_path, [*lines, ChangeLine("refused", "delete", "8")])
    for known, keys in ((["new"], ["3", "4", "6"]), (["known"], ["0", "1", "2"]), (["new", "known"], list("012346"))):
        found = index.find(Wanted(known=known))
        assert sorted(line.integration_id for line in index.read(found)) == keys
        assert sum(index.left_out[name == "known"] for name in known) == len(keys)


def test_lines_of_rows_are_told_from_those_of_records_without_one(tmp_path: Path) -> None:
    lines = [
        *[ChangeLine("refused", name, name) for name in ("create", "update", "adopt", "deactivate", "delete")],
        ChangeLine("rejected", integration_id="row"),
        ChangeLine("refused", integration_id="known row"),
        ChangeLine("kept", integration_id="kept", is_missing=True),
    ]
    index = write_index(tmp_path, lines)
    shown = {
        name: {line.integration_id for line in index.read(index.find(Wanted(of=[name])))} for name in ("row", "record")
    }
    assert shown == {
        "row": {"create", "update", "adopt", "row", "known row"},
        "record": {"deactivate", "delete", "kept"},
    }
    assert len(index.find(Wanted(of=["row", "record"]))) == len(lines)


@pytest.mark.parametrize(
    ("phase", "waiting", "sent"),
    [
        (RunPhase.DRY, "planned", "planned"),
        (RunPhase.GOING, "waiting", "waiting"),
        (RunPhase.ENDED, "not_applied", "doubtful"),
    ],
)
def test_what_a_change_without_a_result_is_depends_on_how_far_the_run_is(
    tmp_path: Path, phase: RunPhase, waiting: str, sent: str
) -> None:
    lines = [ChangeLine(outcome, "create", outcome) for outcome in ("waiting", "not_applied", "sent")]
    index = write_index(tmp_path, lines, phase=phase)
    assert [line.outcome for line in index.read([0, 1, 2])] == [waiting, waiting, sent]
    assert index.counts == Counter([waiting, waiting, sent])
    assert len(index.find(Wanted(outcome=[sent]))) == index.counts[sent]


def test_every_word_must_be_there_in_any_order(tmp_path: Path) -> None:
    index = write_index(
        tmp_path, [ChangeLine("created", code="KADIKÖY ŞUBE"), ChangeLine("created", code="KADIKÖY DEPO")]
    )
    assert list(index.find(Wanted(search="sube kadikoy"))) == [0]
    assert list(index.find(Wanted(search="  kadıköy  "))) == [0, 1]


def test_a_reason_is_found_in_either_language(tmp_path: Path) -> None:
    lines = [ChangeLine("stale", "update", reason="record is gone"), ChangeLine("sent", "create")]
    index = write_index(tmp_path, lines, phase=RunPhase.GOING)
    for text in ("record is gone", "kayıt artık yok"):
        assert list(index.find(Wanted(search=text))) == [0], text
    for text in ("answer is awaited", "yanıt bekleniyor"):
        assert list(index.find(Wanted(search=text))) == [1], text


def test_lines_are_ordered_by_a_column_as_people_count(tmp_path: Path) -> None:
    codes = ["K.10", "K.9", "", "İZMİR", "ılgaz"]
    index = write_index(tmp_path, [ChangeLine("created", "create", code=code) for code in codes])

    def order(sort: str) -> list[str]:
        found = index.find(Wanted(sort=sort))
        return [line.code for line in index.read(found)]

    assert order("code") == ["ılgaz", "İZMİR", "K.9", "K.10", ""]
    assert order("-code") == order("code")[::-1]


def test_a_line_break_in_a_value_does_not_part_the_lines(tmp_path: Path) -> None:
    lines = [ChangeLine("created", code="a\nb\r\n\u2028c"), ChangeLine("updated", code="d")]
    assert list(write_index(tmp_path, lines).read([0, 1])) == lines


def test_a_run_without_a_table_has_no_lines(tmp_path: Path) -> None:
    index = ChangeIndex(Folder.open(str(tmp_path)), None, RunPhase.GOING)
    assert (len(index), list(index.find(Wanted(search="x"))), list(index.read([]))) == (0, [], [])


def test_what_a_person_may_type_is_found(tmp_path: Path) -> None:
    line = ChangeLine(
        "refused",
        "update",
        integration_id="AB-1",
        oduyo_id="77",
        code="K.1",
        fields=[("description", "ESKİ", "YENİ")],
        reason="Kod zaten var",
        answer="uzun cevap",
        stored={"code": "KISA"},
        twins=("912",),
    )
    index = write_index(tmp_path, [line, msgspec.structs.replace(line, integration_id="AB-2")])
    for text in ("ab-1", "ab-1 77", "ab-1 k.1", "ab-1 eski", "ab-1 yeni", "ab-1 ZATEN", "ab-1 cevap", "ab-1 kısa"):
        assert list(index.find(Wanted(search=text))) == [0], text
    assert list(index.find(Wanted(search="912"))) == [0, 1]
    assert not index.find(Wanted(search="nothing of it"))
