"""The cells of one change in a download, the same in CSV and in a workbook."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from oduyo_provider.sync.staging.change_lines import ChangeLine


def list_cells(
    line: ChangeLine, names: Sequence[str], *, outcome: str, action: str, reason: str, at: str
) -> Iterator[str]:
    """The cells of a line.

    :param names: fields whose values before and after are shown.
    :param outcome: as the file names it; ``action``, ``reason`` and ``at`` likewise.
    """
    yield from (outcome, action, line.integration_id, line.oduyo_id, line.code)
    yield ", ".join(name for name, _, _ in line.fields)
    yield from (reason, line.answer)
    yield "; ".join(f"{name}: {value or ''}" for name, value in line.stored.items())
    yield at
    fields = {name: (before, after) for name, before, after in line.fields}
    for name in names:
        before, after = fields.get(name, (None, None))
        yield before or ""
        yield after or ""
