"""What the table of a run's changes counts."""

from __future__ import annotations

from pathlib import Path

from oduyo_provider.core.params import RunParams
from oduyo_provider.core.plan import PlanCounts
from oduyo_provider.core.record import SPECIAL_CODE
from oduyo_provider.sync.staging.change_lines import SENT, ChangeLine
from oduyo_provider.sync.staging.change_table import ChangeTable
from oduyo_provider.sync.staging.folder import Folder
from oduyo_provider.sync.staging.segments import Segment


def test_a_change_is_settled_once_it_was_sent_and_it_is_known_what_became_of_it(tmp_path: Path) -> None:
    ends = ("created", "refused", "failed", "stale", "doubtful", "not_applied", "waiting", SENT)
    lines = [ChangeLine(end, "create", end) for end in ends]
    file = Segment([*lines, ChangeLine("rejected")]).write(Folder.open(str(tmp_path)), ("lines.jsonl.gz",))
    table = ChangeTable(
        generation="run1",
        params=RunParams(),
        resource=SPECIAL_CODE,
        counts=PlanCounts(),
        is_dry=False,
        segments=[file],
        written_at=1.0,
    )
    assert table.settled == ends.index("doubtful")
