"""The record tables in the SQLite file: made when they are new, widened when a resource has got a field more."""

from __future__ import annotations

from sandbox.oduyo.database import Database
from sandbox.oduyo.resources import Resource

#: Columns that the sandbox keeps for itself: when lists show a record, when it was made, and by whom.
OWN = ("visible_from", "made_at", "made_by")
_OWN_TYPES = {
    "visible_from": "REAL NOT NULL DEFAULT 0",
    "made_at": "REAL NOT NULL DEFAULT 0",
    "made_by": "TEXT NOT NULL DEFAULT ''",
}


def create_tables(database: Database, resource: Resource) -> None:
    """Make what is not there yet: the table of ``resource``, and the one of old versions that a lagging list shows."""
    types = {name: "TEXT" if name == "note" else "TEXT NOT NULL DEFAULT ''" for name in resource.stored}
    types.update(_OWN_TYPES)
    body = ", ".join(f"{name} {kind}" for name, kind in types.items())
    past = f"{resource.name}_past"
    database.execute(f"CREATE TABLE IF NOT EXISTS {resource.name} (id INTEGER PRIMARY KEY, {body})")
    database.execute(f"CREATE TABLE IF NOT EXISTS {past} (id INTEGER, {body}, visible_until REAL NOT NULL)")
    for table in (resource.name, past):
        there = {str(row[1]) for row in database.execute(f"PRAGMA table_info({table})")}
        for name in types.keys() - there:
            database.execute(f"ALTER TABLE {table} ADD COLUMN {name} {types[name]}")
    if "integration_id" in resource.fields:
        database.execute(f"CREATE INDEX IF NOT EXISTS {resource.name}_key ON {resource.name} (integration_id)")
