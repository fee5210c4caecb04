"""Tables for task logs and terminals: at most 80 columns, figures to the right."""

from __future__ import annotations

from collections.abc import Sequence

from oduyo_provider.core.language import format_number

MAX_WIDTH = 80


def format_table(rows: Sequence[tuple[str, object]]) -> str:
    """Names to the left, values to the right; integers with thousands separators."""
    texts = [(name, format_number(value) if isinstance(value, int) else str(value)) for name, value in rows]
    right = max((len(value) for _, value in texts), default=0)
    room = MAX_WIDTH - right - 6
    left = min(max((len(name) for name, _ in texts), default=0), room)
    shown = [(name if len(name) <= left else f"{name[: left - 1]}…", value) for name, value in texts]
    return "\n".join(f"  {name:<{left}}  {value:>{right}}" for name, value in shown)
