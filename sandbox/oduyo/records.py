"""Records: what is stored, when it commits, and when lists show it.

A write that commits late waits in ``pending`` and is carried out by the first request after it is due, so it survives a
restart like everything else. A list that lags shows old versions from ``<resource>_past`` until their time is over.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import msgspec

from sandbox.oduyo.database import Clock, Database, SqlValue, fold
from sandbox.oduyo.effects import Effect, Effects
from sandbox.oduyo.listing import Query
from sandbox.oduyo.resources import STAMPS, Resource
from sandbox.oduyo.tables import OWN, create_tables

#: A record as the API lists it.
Record = dict[str, str | None]

#: Who made a record that no request made.
SEED = "seed"


class Write(msgspec.Struct, frozen=True):
    """One write that has been accepted; ``fields`` holds exactly the columns to set.

    :param by: who writes: the request's number, or ``person``.
    """

    resource: str
    call: Literal["create", "update", "delete"]
    id: int
    fields: dict[str, str | None]
    lag_s: float = 0.0
    by: str = ""


class Records:
    """The record tables of all resources."""

    def __init__(self, database: Database, clock: Clock, resources: Mapping[str, Resource]) -> None:
        self._database = database
        self._clock = clock
        self._resources = resources
        self.effects = Effects(database)
        database.execute("CREATE TABLE IF NOT EXISTS pending (number INTEGER PRIMARY KEY, due REAL, write BLOB)")
        database.execute("CREATE TABLE IF NOT EXISTS last_ids (resource TEXT PRIMARY KEY, id INTEGER NOT NULL)")
        for resource in resources.values():
            create_tables(database, resource)
            database.execute("INSERT OR IGNORE INTO last_ids VALUES (?, 0)", (resource.name,))
        self._last_ids: dict[str, int] = dict(database.execute("SELECT resource, id FROM last_ids"))
        self._lagging = any(self._count(f"{name}_past") for name in resources)
        self._next_due = self._fetch_next_due()
        self._columns = {name: (*r.columns, *OWN) for name, r in resources.items()}
        self._insert = {
            name: f"INSERT INTO {name} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"  # noqa: S608 - names of a closed table
            for name, columns in self._columns.items()
        }

    def take_id(self, resource: str, step: int = 1) -> int:
        """The next id; it is never given again, whatever becomes of the record."""
        taken = self._last_ids[resource] + step
        self._keep_id(resource, taken)
        return taken

    def _keep_id(self, resource: str, taken: int) -> None:
        self._last_ids[resource] = taken
        self._database.execute("UPDATE last_ids SET id = ? WHERE resource = ?", (taken, resource))

    def fetch_record(self, resource: str, record_id: int) -> Record | None:
        """The committed record with this id, whatever lists show."""
        columns = self._resources[resource].columns
        sql = f"SELECT {', '.join(columns)} FROM {resource} WHERE id = ?"  # noqa: S608 - closed table
        row = self._database.execute(sql, (record_id,)).fetchone()
        return None if row is None else _make_record(columns, row)

    def fetch_ids(self, resource: str, value: str, *, field: str = "integration_id") -> list[int]:
        """The ids of the committed records of which a field has this value, in ascending order."""
        if field not in self._resources[resource].columns:
            return []
        sql = f"SELECT id FROM {resource} WHERE {field} = ? ORDER BY id"  # noqa: S608 - closed table
        return [int(row[0]) for row in self._database.execute(sql, (value,))]

    def apply(self, write: Write, *, at: float | None = None) -> None:
        """Carry a write out, as of ``at`` (epoch seconds, default now). A record that is gone by then stays gone."""
        moment = at or self._clock.now()
        visible = moment + write.lag_s if write.lag_s else 0.0
        effect = Effect(
            time=moment, resource=write.resource, call=write.call, id=write.id, by=write.by, fields=write.fields
        )
        if write.call == "create":
            self.effects.note([effect])
            own: dict[str, SqlValue] = {"id": write.id, "visible_from": visible, "made_at": moment, "made_by": write.by}
            fields: Mapping[str, SqlValue] = {**write.fields, **own}
            values = [fields.get(name, None if name == "note" else "") for name in self._columns[write.resource]]
            self._database.execute(self._insert[write.resource], values)
            return
        if write.lag_s:
            self._keep_past(write, visible)
        if write.call == "delete":
            done = self._database.execute(f"DELETE FROM {write.resource} WHERE id = ?", (write.id,))  # noqa: S608 - closed table
        else:
            columns = "".join(f"{name} = ?, " for name in write.fields)
            done = self._database.execute(
                f"UPDATE {write.resource} SET {columns}visible_from = max(visible_from, ?) WHERE id = ?",  # noqa: S608 - checked names
                (*write.fields.values(), visible, write.id),
            )
        if done.rowcount:
            self.effects.note([effect])

    def _keep_past(self, write: Write, visible_until: float) -> None:
        table, names = write.resource, ", ".join(self._columns[write.resource])
        self._database.execute(f"DELETE FROM {table}_past WHERE visible_until <= ?", (self._clock.now(),))  # noqa: S608 - closed table
        self._database.execute(
            f"INSERT INTO {table}_past ({names}, visible_until) SELECT {names}, ? FROM {table} WHERE id = ?",  # noqa: S608 - closed table
            (visible_until, write.id),
        )
        self._lagging = True

    def defer(self, write: Write, delay_s: float) -> None:
        """Carry a write out ``delay_s`` from now."""
        due = self._clock.now() + delay_s
        self._database.execute("INSERT INTO pending (due, write) VALUES (?, ?)", (due, msgspec.json.encode(write)))
        self._next_due = min(self._next_due, due)

    def commit_due(self) -> None:
        """Carry out every deferred write whose time has come."""
        now = self._clock.now()
        if now < self._next_due:
            return
        with self._database.transaction():
            rows = self._database.execute(
                "SELECT number, due, write FROM pending WHERE due <= ? ORDER BY due, number", (now,)
            ).fetchall()
            for number, due, write in rows:
                self.apply(msgspec.json.decode(write, type=Write), at=due)
                self._database.execute("DELETE FROM pending WHERE number = ?", (number,))
        self._next_due = self._fetch_next_due()

    def _fetch_next_due(self) -> float:
        due = self._database.execute("SELECT min(due) FROM pending").fetchone()[0]
        return float("inf") if due is None else float(due)

    def fetch_list(self, resource: str, query: Query) -> list[tuple[SqlValue, ...]]:
        """The rows that a list shows now."""
        now = self._clock.now()
        columns = ", ".join(query.columns)
        names = ", ".join(self._columns[resource])
        source, times = f"SELECT {names} FROM {resource} WHERE visible_from <= ?", [now]  # noqa: S608 - closed table
        if self._lagging:
            past = f"SELECT {names} FROM {resource}_past WHERE visible_from <= ? AND visible_until > ?"  # noqa: S608 - closed table
            source, times = f"{source} UNION ALL {past}", [now, now, now]
        sql = f"SELECT {columns} FROM ({source}) WHERE {query.where} ORDER BY {query.order} LIMIT ? OFFSET ?"  # noqa: S608 - built from a closed table
        return self._database.execute(sql, (*times, *query.values, query.limit, query.offset)).fetchall()

    def fetch_all(self, resource: str) -> list[Record]:
        """Every committed record by id, whatever lists show."""
        columns = self._resources[resource].columns
        rows = self._database.execute(f"SELECT {', '.join(columns)} FROM {resource} ORDER BY id")  # noqa: S608 - closed table
        return [_make_record(columns, row) for row in rows]

    def fetch_origins(self, resource: str) -> list[tuple[float, str]]:
        """Of every committed record by id: when it was made (epoch seconds), and by whom.

        By whom is the number of the request, ``person`` or ``seed``.
        """
        rows = self._database.execute(f"SELECT made_at, made_by FROM {resource} ORDER BY id")  # noqa: S608 - closed table
        return [(float(row[0]), str(row[1])) for row in rows]

    def fetch_matching(self, resource: str, words: str, *, limit: int, offset: int) -> tuple[int, list[Record]]:
        """How many committed records hold ``words`` in some column, and one page of them, newest first."""
        columns = self._resources[resource].columns
        where = " OR ".join(f"instr(fold({name}), ?)" for name in columns) if words else "1"
        values = [fold(words)] * len(columns) if words else []
        total = self._database.execute(f"SELECT count(*) FROM {resource} WHERE {where}", values).fetchone()[0]  # noqa: S608 - closed table
        rows = self._database.execute(
            f"SELECT {', '.join(columns)} FROM {resource} WHERE {where} ORDER BY id DESC LIMIT ? OFFSET ?",  # noqa: S608 - closed table
            (*values, limit, offset),
        )
        return int(total), [_make_record(columns, row) for row in rows]

    def seed(self, resource: str, records: Iterable[Mapping[str, str | None]], *, by: str = SEED) -> list[int]:
        """Store records at once, each under its own ``id`` or the next one; returns the ids.

        :raises ValueError: an unknown column, an id that is no number, or one that is taken.
        """
        stamp, now = self._clock.stamp(), self._clock.now()
        ids: list[int] = []
        effects: list[Effect] = []
        columns = self._columns[resource]
        rows: list[list[SqlValue]] = []
        last = self._last_ids[resource]
        for record in records:
            if unknown := record.keys() - set(self._resources[resource].columns):
                raise ValueError(f"{resource} has no column {', '.join(sorted(unknown))}")
            record_id = int(record.get("id") or last + 1)
            last = max(last, record_id)
            values: dict[str, SqlValue] = dict.fromkeys(STAMPS, stamp)
            values.update((name, value) for name, value in record.items() if value is not None)
            values.update(id=record_id, visible_from=0.0, made_at=now, made_by=by)
            rows.append([values.get(name, None if name == "note" else "") for name in columns])
            ids.append(record_id)
            fields: dict[str, str | None] = {
                name: value for name, value in record.items() if name != "id" and value is not None
            }
            effects.append(Effect(time=now, resource=resource, call="create", id=record_id, by=by, fields=fields))
        if len(set(ids)) < len(ids) or any(self.fetch_record(resource, record_id) for record_id in ids):
            raise ValueError(f"an id is given twice, or {resource} already has it")
        with self._database.transaction():
            self._database.execute_many(self._insert[resource], rows)
            self._keep_id(resource, last)
            self.effects.note(effects)
        return ids

    def reset(self) -> None:
        """Forget everything; ids start from 1 again."""
        with self._database.transaction():
            self._database.execute("DELETE FROM pending")
            self.effects.reset()
            for name in self._resources:
                self._database.execute(f"DELETE FROM {name}")  # noqa: S608 - closed table
                self._database.execute(f"DELETE FROM {name}_past")  # noqa: S608 - closed table
                self._keep_id(name, 0)
        self._next_due, self._lagging = float("inf"), False

    def _count(self, table: str) -> int:
        return int(self._database.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608 - closed table


def _make_record(columns: Sequence[str], row: Sequence[Any]) -> Record:
    return dict(zip(columns, (str(row[0]), *row[1:]), strict=True))
