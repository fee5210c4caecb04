"""Everything that one sandbox knows, in one place. Belongs to the server's thread."""

from __future__ import annotations

import msgspec

from sandbox.oduyo.database import Clock, Database
from sandbox.oduyo.faults import Faults
from sandbox.oduyo.habits.base import Habit, Habits
from sandbox.oduyo.journal import Journal
from sandbox.oduyo.person import Person
from sandbox.oduyo.readings import Readings
from sandbox.oduyo.records import Records
from sandbox.oduyo.resources import Resource
from sandbox.oduyo.script import Script
from sandbox.oduyo.sessions import Sessions


class Account(msgspec.Struct, frozen=True):
    """The one user that may log in."""

    username: str
    password: str
    api_key: str

    def __repr__(self) -> str:
        """Names the user, not the secrets."""
        return f"Account({self.username!r}, ***)"


#: The user of whoever names none: no secret.
ACCOUNT = Account("oduyo", "oduyo-parola", "oduyo-anahtar")


class State:
    """Records, sessions and counters are in the file; all else is this process's own.

    :param readings: those at the start and after a reset; likewise ``habits``.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        account: Account,
        *,
        readings: Readings,
        habits: tuple[Habit, ...],
        resources: tuple[Resource, ...],
    ) -> None:
        self.clock = clock
        self.account = account
        self.readings = readings
        self.resources = {resource.name: resource for resource in resources}
        self.journal = Journal(database)
        self.sessions = Sessions(database, clock)
        self.records = Records(database, clock, self.resources)
        self.faults = Faults()
        self.habits = Habits(habits)
        self.person = Person(self.records, clock, self.resources)
        self.script = Script(self.person)
        self._first_habits = habits
        self._first_readings = readings
        self._database = database

    def reset(self) -> None:
        """Everything as at the first start."""
        self.records.reset()
        self.sessions.reset()
        self.journal.reset()
        self.faults.replace([])
        self.script.replace([])
        self.person.reset()
        self.habits = Habits(self._first_habits)
        self.readings = self._first_readings
        self.clock.reset()

    def close(self) -> None:
        """Close the file."""
        self.records.effects.save()
        self._database.close()
