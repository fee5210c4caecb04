"""Compares the rows that two runs left out: which are left out no more?"""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from oduyo_provider.core.errors import StagedFileError
from oduyo_provider.core.report import Report
from oduyo_provider.sync.staging.archive import StagedRun, fetch_runs, name_folder
from oduyo_provider.sync.staging.change_lines import TAGS, ChangeLine
from oduyo_provider.sync.staging.change_table import ChangeTable
from oduyo_provider.sync.staging.folder import Folder, read_manifest
from oduyo_provider.sync.staging.layout import REPORT, TABLE
from oduyo_provider.sync.staging.run_folder import Run
from oduyo_provider.sync.staging.segments import read_head, read_lines

LEFT_OUT = ("rejected", "refused")

#: Outcome → how often each row was left out so.
LeftOut = dict[str, Counter[str]]


def find_run_before(run: Run, started_at: float) -> StagedRun | None:
    """The latest run of the same DAG and task that began earlier and applied all that it could; None where none is kept.

    :param started_at: when this run began to list, seconds since 1970.
    """
    own = name_folder(run.root.child(run.dag_id), run.run_id)
    found = (other for other in fetch_runs(run.root, run.dag_id) if other.task == run.task and other.name != own)
    others = [other for other in found if other.reported_at is not None and (TABLE,) in other.files]
    others.sort(key=lambda other: other.reported_at or 0.0, reverse=True)
    return next((other for other in others if _has_applied(other, started_at)), None)


def read_left_out(run_folder: Folder, table: ChangeTable) -> LeftOut:
    """The rows that a run left out; only the blocks that hold them are read."""
    found: LeftOut = {name: Counter() for name in LEFT_OUT}
    for file in table.segments:
        if not any(map(is_left_out, file.counts)):
            continue
        head = read_head(run_folder, file)
        positions = [position for position, tag in enumerate(head.tag_bytes) if is_left_out(tag)]
        for _, line in read_lines(run_folder, file, head, positions):
            found[line.outcome][_name_row(line)] += 1
    return found


def count_gone(before: LeftOut, now: LeftOut) -> dict[str, int]:
    """Outcome → how many rows the run before left out so, and this one does not."""
    return {name: (before[name] - now[name]).total() for name in LEFT_OUT}


def _has_applied(run: StagedRun, started_at: float) -> bool:
    try:
        report = read_manifest(run.folder, REPORT, Report)
    except StagedFileError:  # what somebody damaged of an old run hurts no new one
        return False
    if report.dry_run or report.not_applied or not report.extracted:
        return False
    return datetime.fromisoformat(report.started_at).timestamp() < started_at


def is_left_out(tag: int) -> bool:
    """Whether the line that a tag stands for is a row that was rejected or refused."""
    return TAGS[tag].outcome in LEFT_OUT and TAGS[tag].is_row


def _name_row(line: ChangeLine) -> str:
    """Its id; of a row whose id cannot be read all that it holds."""
    return line.integration_id or f"\0{line.code}\0{line.fields}"
