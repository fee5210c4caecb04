"""Everything that was done to a record, in its order: the history by which a test judges what a caller did."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import msgspec

from sandbox.oduyo.database import Database

#: Effects in memory that are written to the file together: one by one they would double what a write costs.
UNSAVED = 1000


class Effect(msgspec.Struct, frozen=True, kw_only=True):
    """One change of one record, as it was stored.

    :param time: when it took effect, epoch seconds.
    :param id: the record.
    :param by: the number that the request has in the log, or ``person`` or ``seed``.
    :param fields: the columns that were set, as they were stored; empty for a delete.
    """

    time: float
    resource: str
    call: Literal["create", "update", "delete"]
    id: int
    by: str
    fields: dict[str, str | None]


class Effects:
    """The history of one sandbox. It survives a restart; a killed process loses the latest of it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._unsaved: list[Effect] = []
        database.execute("CREATE TABLE IF NOT EXISTS effects (number INTEGER PRIMARY KEY, effect BLOB NOT NULL)")

    def note(self, effects: Iterable[Effect]) -> None:
        """They were done, in this order."""
        self._unsaved.extend(effects)
        if len(self._unsaved) >= UNSAVED:
            self.save()

    def save(self) -> None:
        """Write to the file what is not there yet."""
        rows = [(msgspec.json.encode(effect),) for effect in self._unsaved]
        self._unsaved.clear()
        with self._database.transaction():
            self._database.execute_many("INSERT INTO effects (effect) VALUES (?)", rows)

    def fetch(self) -> list[Effect]:
        """All of them, oldest first."""
        self.save()
        rows = self._database.execute("SELECT effect FROM effects ORDER BY number")
        return [msgspec.json.decode(row[0], type=Effect) for row in rows]

    def reset(self) -> None:
        """Forget them."""
        self._unsaved.clear()
        self._database.execute("DELETE FROM effects")
