"""Change tables as a run leaves them."""

from __future__ import annotations

from oduyo_provider.core.params import RunParams
from oduyo_provider.core.plan import PlanCounts
from oduyo_provider.core.record import SPECIAL_CODE
from oduyo_provider.sync.staging.change_lines import ChangeLine
from oduyo_provider.sync.staging.change_table import ChangeTable
from oduyo_provider.sync.staging.folder import Folder
from oduyo_provider.sync.staging.segments import Segment


def write_table(folder: Folder, *segments: list[ChangeLine]) -> ChangeTable:
    """Write these lines, a segment each; returns their table."""
    files = [Segment(lines).write(folder, ("table", "try1", f"{n}.gz")) for n, lines in enumerate(segments)]
    return ChangeTable(
        generation="g",
        params=RunParams(),
        resource=SPECIAL_CODE,
        counts=PlanCounts(),
        is_dry=False,
        segments=files,
        written_at=1.0,
    )
