"""Groups rows by key. The same row once more is repeated; rows that share a key and differ are all rejected.

Source: the project's design, "Steps", transform. Rows are the same letter for letter, so that their order never matters.
"""

from __future__ import annotations

import msgspec

from oduyo_provider.core.normalise import Normalised

Row = dict[str, object]

_write = msgspec.json.Encoder(decimal_format="number", order="sorted", enc_hook=str).encode


class RowGroup(msgspec.Struct, gc=False):
    """A row, and the others that have its key.

    :param raw: the first row of its key; ``normalised`` what became of it.
    :param different: once there are others: all different rows, by what is written of them.
    """

    raw: Row
    normalised: Normalised
    different: dict[bytes, Row] = {}

    def take(self, raw: Row) -> bool:
        """Add a row with the same key; returns False when it is one of those that are there already."""
        if not self.different:
            self.different[_write(self.raw)] = self.raw
        text = _write(raw)
        is_new = text not in self.different
        self.different.setdefault(text, raw)
        return is_new

    @property
    def rows(self) -> list[Row]:
        """The different rows."""
        return list(self.different.values()) or [self.raw]
