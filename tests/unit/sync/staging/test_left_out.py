"""Rows that a run left out, row by row."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import msgspec

from oduyo_provider.sync.staging.change_lines import ChangeLine
from oduyo_provider.sync.staging.folder import Folder
from oduyo_provider.sync.staging.left_out import count_gone, read_left_out
from tests.unit.sync.staging.tables import write_table


def test_rows_are_read_of_all_segments_and_refused_deletions_are_no_rows(tmp_path: Path) -> None:
    folder = Folder.open(str(tmp_path))
    table = write_table(
        folder,
        [ChangeLine("created", "create", "1"), ChangeLine("rejected", "", "2"), ChangeLine("refused", "create", "3")],
        [ChangeLine("created", "create", "4")],
        [ChangeLine("refused", "", "5", is_known=True), ChangeLine("refused", "delete", "6")],
        [ChangeLine("refused", "", "7", is_known=True, is_missing=True)],
    )
    assert read_left_out(folder, table) == {"rejected": Counter({"2": 1}), "refused": Counter({"3": 1, "5": 1})}


def test_rows_without_an_id_are_told_apart_by_what_they_hold(tmp_path: Path) -> None:
    folder = Folder.open(str(tmp_path))
    row = ChangeLine("rejected", code="K", fields=[("key1", None, "21")])
    other = msgspec.structs.replace(row, fields=[("key1", None, "22")])
    before = read_left_out(folder, write_table(folder, [row, other]))
    now = read_left_out(folder, write_table(folder, [other]))
    assert count_gone(before, now) == {"rejected": 1, "refused": 0}


def test_a_rejected_row_that_is_refused_now_is_gone_from_the_rejected_alone() -> None:
    before = {"rejected": Counter({"1": 2, "2": 1}), "refused": Counter({"3": 1})}
    now = {"rejected": Counter({"1": 1}), "refused": Counter({"2": 1, "3": 1})}
    assert count_gone(before, now) == {"rejected": 2, "refused": 0}
