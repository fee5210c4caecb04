"""Reads test records back, with each filter that may find them on this site."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from oduyo_provider.api.records import Filter
from oduyo_provider.core.record import Remote, Resource
from oduyo_provider.core.site_check import TrialRecords
from oduyo_provider.sync.check.asker import Asker
from oduyo_provider.sync.check.record import is_of_trial
from oduyo_provider.sync.runtime.timing import READ_AGAIN_AFTER_S, SHOWS_WITHIN_S

_T = TypeVar("_T")


class Reader:
    """Reads the records of one trial.

    :param few: how many records a look-up may ask for.
    """

    def __init__(self, asker: Asker, trial: TrialRecords, resource: Resource, *, few: int) -> None:
        self._asker = asker
        self._trial = trial
        self._few = few
        self._resource = resource
        #: How long a change may take to show, in seconds.
        self._longest_s = asker.settle_s
        self._seen_late_s = 0.0
        self._clock = asker.clock

    async def fetch_all(self, key: str, named_id: str | None, besides: str = "") -> list[Remote]:
        """The trial's records: with this key, with the id that the create named, and above the highest id before.

        :param besides: id of a record that is known already and left out.
        """
        looks = [[Filter("integration_id", "=", key)], self._above]
        if named_id is not None:
            looks.insert(0, [Filter("id", "=", named_id)])
        found: dict[str, Remote] = {}
        for filters in looks:
            found.update({str(record["id"]): record for record in await self._look(filters)})
        found.pop(besides, None)
        return sorted(found.values(), key=lambda record: int(record["id"] or 0))

    async def is_found_by_key(self, key: str) -> bool:
        """Whether the filter on keys finds one of the records."""
        return bool(await self._look([Filter("integration_id", "=", key)]))

    async def fetch(self, oduyo_id: str) -> Remote | None:
        """One record by its id; if the filter on id does not find it, from among the newest."""
        for filters in ([Filter("id", "=", oduyo_id)], self._above):
            for record in await self._look(filters):
                if record["id"] == oduyo_id:
                    return record
        return None

    async def wait_for_create(self, key: str, named_id: str | None, besides: str = "") -> tuple[list[Remote], float]:
        """Wait for the records of a create; returns them and the seconds until they showed, 0 at the first look."""
        began = self._clock.monotonic()
        found, late_s = await self.fetch_all(key, named_id, besides), 0.0
        if not found:
            found = await self._wait(lambda: self.fetch_all(key, named_id, besides), bool)
            late_s = self._clock.monotonic() - began
        if found:
            self._longest_s = min(self._asker.settle_s, max(late_s, self._seen_late_s) + SHOWS_WITHIN_S)
            self._seen_late_s = max(late_s, self._seen_late_s)
        return found, late_s

    async def wait_for(self, oduyo_id: str, is_shown: Callable[[Remote | None], bool]) -> Remote | None:
        """Wait until the record is as it should be; returns it as it then is, also if that takes too long."""
        return await self._wait(lambda: self.fetch(oduyo_id), is_shown)

    async def _wait(self, fetch: Callable[[], Awaitable[_T]], is_shown: Callable[[_T], bool]) -> _T:
        deadline = self._clock.monotonic() + self._longest_s
        waits = iter(READ_AGAIN_AFTER_S)
        while True:
            left_s = deadline - self._clock.monotonic()
            found = await fetch()
            if is_shown(found) or left_s <= 0:
                return found
            await self._clock.sleep(min(next(waits, READ_AGAIN_AFTER_S[-1]), left_s))

    @property
    def _above(self) -> list[Filter]:
        above = self._trial.above_id
        return [] if above is None else [Filter("id", ">", above)]

    async def _look(self, filters: list[Filter]) -> list[Remote]:
        listed = await self._asker.list(filters, self._few, descending=True)
        return [record for record in listed.records if is_of_trial(record, self._trial, self._resource)]
