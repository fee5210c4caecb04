"""The control plane as Python methods, for tests and programs that run the sandbox in their own process."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, TypeVar

from sandbox.oduyo.control import Control
from sandbox.oduyo.person import SPECIAL_CODE, Create, Delete, Edit, Twin
from sandbox.oduyo.records import Record

T = TypeVar("T")


class Handle(ABC):
    """The control plane's calls; all are safe to call from any thread."""

    @abstractmethod
    def _call(self, work: Callable[[Control], T]) -> T:
        """Run ``work`` in the server's thread and return what it returns."""

    def reset(self) -> None:
        """See :meth:`Control.reset`."""
        self._call(Control.reset)

    def records(self, resource: str = SPECIAL_CODE) -> list[Record]:
        """See :meth:`Control.fetch_records`."""
        return self._call(partial(Control.fetch_records, resource=resource))

    def dump(self) -> dict[str, list[dict[str, Any]]]:
        """See :meth:`Control.fetch_dump`."""
        return self._call(Control.fetch_dump)

    def log(self, *, call: str = "", since: int = 0) -> dict[str, Any]:
        """See :meth:`Control.fetch_log`."""
        return self._call(partial(Control.fetch_log, call=call, since=since))

    def writes(self, *, since: int = 0) -> list[dict[str, Any]]:
        """See :meth:`Control.fetch_writes`."""
        return self._call(partial(Control.fetch_writes, since=since))

    def effects(self) -> list[dict[str, Any]]:
        """See :meth:`Control.fetch_effects`."""
        return self._call(Control.fetch_effects)

    def counts(self) -> dict[str, int]:
        """See :meth:`Control.fetch_counts`."""
        return self._call(Control.fetch_counts)

    def readings(self) -> dict[str, Any]:
        """See :meth:`Control.fetch_readings`."""
        return self._call(Control.fetch_readings)

    def set_readings(self, **changes: object) -> None:
        """See :meth:`Control.set_readings`."""
        self._call(partial(Control.set_readings, changes=changes))

    def habits(self) -> list[dict[str, Any]]:
        """See :meth:`Control.fetch_habits`."""
        return self._call(Control.fetch_habits)

    def set_habits(self, *habits: object) -> None:
        """See :meth:`Control.set_habits`: ``set_habits("cut=20", {"habit": "refuse", "keys": "9*"})``."""
        self._call(partial(Control.set_habits, habits=habits))

    def faults(self) -> list[dict[str, Any]]:
        """See :meth:`Control.fetch_faults`."""
        return self._call(Control.fetch_faults)

    def set_faults(self, *rules: Mapping[str, object]) -> None:
        """See :meth:`Control.set_faults`; each rule is a mapping of :class:`~sandbox.oduyo.faults.Rule`'s fields."""
        self._call(partial(Control.set_faults, rules=rules))

    def seed(self, records: Iterable[Mapping[str, str | None]], resource: str = SPECIAL_CODE) -> list[int]:
        """See :meth:`Control.seed`."""
        return self._call(partial(Control.seed, records=list(records), resource=resource))

    def edit(self, record_id: str | int, *, resource: str = SPECIAL_CODE, **fields: str | None) -> None:
        """A person edits a record."""
        self._call(partial(Control.act, act=Edit(id=record_id, fields=fields, resource=resource)))

    def delete(self, record_id: str | int, *, resource: str = SPECIAL_CODE) -> None:
        """A person deletes a record."""
        self._call(partial(Control.act, act=Delete(id=record_id, resource=resource)))

    def create(self, *, resource: str = SPECIAL_CODE, **fields: str | None) -> str:
        """A person makes a record, with an ``integration_id`` or without one; returns its id."""
        return self._call(partial(Control.act, act=Create(fields=fields, resource=resource)))

    def twin(self, record_id: str | int, *, resource: str = SPECIAL_CODE, **fields: str | None) -> str:
        """A person makes a second record like this one, but for ``fields``; returns its id."""
        return self._call(partial(Control.act, act=Twin(id=record_id, fields=fields, resource=resource)))

    def acts(self) -> list[dict[str, Any]]:
        """See :meth:`Control.fetch_acts`."""
        return self._call(Control.fetch_acts)

    def set_script(self, *steps: Mapping[str, object]) -> None:
        """See :meth:`Control.set_script`; each step is a mapping of :class:`~sandbox.oduyo.script.Step`'s fields."""
        self._call(partial(Control.set_script, steps=steps))

    def script(self) -> list[dict[str, Any]]:
        """See :meth:`Control.fetch_script`."""
        return self._call(Control.fetch_script)

    def expire(self) -> None:
        """See :meth:`Control.expire`."""
        self._call(Control.expire)

    def advance(self, seconds: float) -> None:
        """See :meth:`Control.advance`."""
        self._call(partial(Control.advance, seconds=seconds))
