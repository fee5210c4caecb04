"""The cells of one change in a download, alike in CSV and in a workbook."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timezone

from oduyo_provider.sync.staging.change_lines import ChangeLine


def list_cells(line: ChangeLine, names: Sequence[str], outcome: str, *, separator: str) -> Iterator[str]:
    """The cells of a line.

    :param names: fields of which before and after are shown.
    :param outcome: as the file names it.
    :param separator: between date and time of day.
    """
    yield from (outcome, line.action, line.integration_id, line.oduyo_id, line.code)
    yield ", ".join(name for name, _, _ in line.fields)
    yield from (line.reason, line.answer)
    yield "; ".join(f"{name}: {value or ''}" for name, value in line.stored.items())
    yield datetime.fromtimestamp(line.at, timezone.utc).isoformat(separator, timespec="seconds") if line.at else ""
    fields = {name: (before, after) for name, before, after in line.fields}
    for name in names:
        before, after = fields.get(name, (None, None))
        yield before or ""
        yield after or ""
