"""A row as transform gets it."""

from __future__ import annotations

from oduyo_provider.sync.staging.jsonl import decode_lines
from oduyo_provider.sync.staging.row_codec import encode_row, simplify_row


def stage_row(row: dict[str, object]) -> dict[str, object]:
    """A row written into a line, and read back."""
    (read,) = decode_lines("/staging", "rows.jsonl", [encode_row(simplify_row(row))], dict[str, object])
    return read
