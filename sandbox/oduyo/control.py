"""The control plane: what a test or a person does to the sandbox behind the API's back.

It asks for no password and shows session ids: it exists because this is a sandbox, which serves the loopback address and
holds nothing worth stealing. Over HTTP it stands under ``/_sandbox/``, see :mod:`sandbox.oduyo.control_routes`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from sandbox.oduyo.habits.base import Habits
from sandbox.oduyo.habits.table import parse_habits
from sandbox.oduyo.person import SPECIAL_CODE
from sandbox.oduyo.readings import parse_readings
from sandbox.oduyo.records import Record
from sandbox.oduyo.state import State

WRITES = ("create", "update", "delete")


class Control:
    """Everything that the control plane can do. Runs in the server's thread."""

    def __init__(self, state: State) -> None:
        self._state = state

    def reset(self) -> None:
        """Everything as at the first start: no records, sessions, log, faults, script or acts; first readings and habits."""
        self._state.reset()

    def fetch_records(self, resource: str = SPECIAL_CODE) -> list[Record]:
        """Every committed record by id, as stored, whatever lists show."""
        self._check_resource(resource)
        self._state.records.commit_due()
        return self._state.records.fetch_all(resource)

    def fetch_dump(self) -> dict[str, list[dict[str, Any]]]:
        """Resource → every committed record by id, with ``made_at`` (epoch seconds) and ``made_by``.

        ``made_by`` is the number that the request has in the log, or ``person`` or ``seed``.
        """
        self._state.records.commit_due()
        dump: dict[str, list[dict[str, Any]]] = {}
        for resource in self._state.resources:
            origins = self._state.records.fetch_origins(resource)
            records = self._state.records.fetch_all(resource)
            dump[resource] = [
                {**record, "made_at": at, "made_by": by} for record, (at, by) in zip(records, origins, strict=True)
            ]
        return dump

    def fetch_log(self, *, call: str = "", since: int = 0) -> dict[str, Any]:
        """``requests`` (oldest first), ``counters``, and ``sessions`` (every id ever issued)."""
        return {
            "requests": self._state.journal.fetch_entries(call=call, since=since),
            "counters": self._state.journal.fetch_counters(),
            "sessions": self._state.sessions.fetch_issued(),
        }

    def fetch_writes(self, *, since: int = 0) -> list[dict[str, Any]]:
        """Every write call after request ``since``, oldest first: number, time, call, column, session, ids, answer."""
        return [entry for entry in self._state.journal.fetch_entries(since=since) if entry["call"] in WRITES]

    def fetch_effects(self) -> list[dict[str, Any]]:
        """Every change of every record, oldest first. See :class:`~sandbox.oduyo.effects.Effect`."""
        self._state.records.commit_due()
        return [msgspec.structs.asdict(effect) for effect in self._state.records.effects.fetch()]

    def fetch_counts(self) -> dict[str, int]:
        """Requests by call, ``requests``, ``connections``, ``max_in_flight`` and ``faults``."""
        return self._state.journal.fetch_counters()

    def fetch_readings(self) -> dict[str, Any]:
        """The readings in force."""
        return msgspec.structs.asdict(self._state.readings)

    def set_readings(self, changes: Mapping[str, object]) -> dict[str, Any]:
        """Change some readings and keep the rest; returns all of them."""
        self._state.readings = parse_readings(changes, self._state.readings)
        return self.fetch_readings()

    def fetch_habits(self) -> list[dict[str, Any]]:
        """The habits in force, each with how often it was asked about something of its own, and struck."""
        return self._state.habits.fetch()

    def set_habits(self, habits: Iterable[object]) -> list[dict[str, Any]]:
        """Replace all habits, with fresh counts; each is text as on the command line, or its fields. Returns them."""
        self._state.habits = Habits(parse_habits(habits))
        return self.fetch_habits()

    def fetch_faults(self) -> list[dict[str, Any]]:
        """The rules in force, each with how often it matched and fired."""
        return self._state.faults.fetch()

    def set_faults(self, rules: Iterable[object]) -> list[dict[str, Any]]:
        """Replace all fault rules, with fresh counts. Returns them."""
        self._state.faults.replace(rules)
        return self.fetch_faults()

    def seed(self, records: Iterable[Mapping[str, str | None]], resource: str = SPECIAL_CODE) -> list[int]:
        """Store many records at once, each under its own ``id`` or the next; returns the ids."""
        self._check_resource(resource)
        return self._state.records.seed(resource, records)

    def act(self, act: object) -> str:
        """Do what a person does at the panel; returns the record's id. See :class:`~sandbox.oduyo.person.Act`."""
        return self._state.person.act(act)

    def fetch_acts(self) -> list[dict[str, Any]]:
        """Every act, oldest first, with the record before and after it. See :class:`~sandbox.oduyo.person.Done`."""
        return [msgspec.structs.asdict(done) for done in self._state.person.fetch_acts()]

    def set_script(self, steps: Iterable[object]) -> list[dict[str, Any]]:
        """Replace the script: acts that are done when a certain call comes. See :mod:`sandbox.oduyo.script`."""
        self._state.script.replace(steps)
        return self.fetch_script()

    def fetch_script(self) -> list[dict[str, Any]]:
        """The steps that are still to come, each with how many of its calls have come."""
        return self._state.script.fetch()

    def expire(self) -> None:
        """Every session is dead from now on."""
        self._state.sessions.end_all()

    def advance(self, seconds: float) -> None:
        """Move the sandbox's clock ahead: sessions age, late commits fall due, lagging lists catch up."""
        self._state.clock.advance(seconds)

    def _check_resource(self, resource: str) -> None:
        if resource not in self._state.resources:
            raise ValueError(f"there is no resource {resource}")
