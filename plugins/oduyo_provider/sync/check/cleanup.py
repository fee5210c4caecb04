"""Removes the test records of this check, and those that an earlier check left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping

from oduyo_provider.api.client import OduyoClient
from oduyo_provider.core.change import Outcome
from oduyo_provider.core.language import format_number, gettext
from oduyo_provider.core.record import Remote
from oduyo_provider.core.site_check import TrialRecords
from oduyo_provider.sync.check.questions import Found
from oduyo_provider.sync.check.record import is_of_trial
from oduyo_provider.sync.runtime.clock import Clock
from oduyo_provider.sync.runtime.timing import CLOCK_SKEW_S, CREATE_SENT_WITHIN_S, READ_AGAIN_AFTER_S

#: How often a record that stays listed is deleted.
MAX_DELETES = 3


def judge_removal(
    trial: TrialRecords, left: Mapping[str, str], *, removed: int, is_unseen: bool, is_earlier: bool
) -> list[Found]:
    """What became of test records.

    :param left: id → why it could not be deleted.
    :param is_unseen: whether a create was confirmed but its record was never listed.
    :param is_earlier: whether they are an earlier check's; then nothing is said if there were none.
    """
    details: dict[str, str | int] = {"mark": trial.mark, "count": removed}
    if left:
        words = ", ".join(f"Ödüyo {oduyo_id} ({why})" for oduyo_id, why in left.items())
        return [Found.of("test_records", "left", **details, words=words)]
    if is_unseen:
        return [Found.of("test_records", "unseen", **details)]
    if is_earlier:
        return [Found.of("test_records", "removed_earlier", **details)] if removed else []
    return [Found.of("test_records", "removed" if removed else "none", **details)]


class Cleanup:
    """Removes the records of one trial.

    It deletes only records that carry the trial's mark, and each only right after it was listed.

    :param check_lease: raises if another writer may have taken over.
    :param say: writes a line to the task's log.
    :ivar removed: ids of the records that were deleted.
    """

    def __init__(
        self,
        client: OduyoClient,
        trial: TrialRecords,
        *,
        settle_s: float,
        check_lease: Callable[[], None],
        say: Callable[[str], None],
        clock: Clock,
    ) -> None:
        self._client = client
        self._trial = trial
        self._settle_s = settle_s
        self._check_lease = check_lease
        self._say = say
        self._clock = clock
        self._refused: dict[str, str] = {}
        self.removed: set[str] = set()

    async def run(self, *, is_settled: bool) -> dict[str, str]:
        """Delete the records; returns what could not be deleted: id → why.

        :param is_settled: whether no create of the trial can still take effect; if not, wait until none can.
        :raises ListingError: the list does not show for certain what is left.
        :raises OduyoError: Ödüyo cannot be asked.
        """
        left = await self._remove()
        if not is_settled and await self._wait_until_settled():
            left = await self._remove()
        return {oduyo_id: self._refused.get(oduyo_id) or gettext("it is still listed") for oduyo_id in left}

    async def _remove(self) -> list[str]:
        """Delete until no record is listed, or until all deletes should have shown; returns the ids that are left.

        A list may lag behind, whatever the deletes were answered.
        """
        deadline = self._clock.monotonic() + self._settle_s
        waits = iter(READ_AGAIN_AFTER_S)
        deletes: Counter[str] = Counter()
        listed = await self._fetch_ids()
        while listed:
            for oduyo_id in listed:
                if deletes[oduyo_id] < MAX_DELETES:
                    deletes[oduyo_id] += 1
                    await self._delete(oduyo_id)
            listed = await self._fetch_ids()
            left_s = deadline - self._clock.monotonic()
            if not listed or left_s <= 0:
                break
            await self._clock.sleep(min(next(waits, READ_AGAIN_AFTER_S[-1]), left_s))
            listed = await self._fetch_ids()
        self.removed |= deletes.keys() - set(listed)
        return listed

    async def _delete(self, oduyo_id: str) -> None:
        reply = await self._client.delete(oduyo_id, before_send=self._check_lease)
        if reply.outcome is Outcome.DONE:
            self._refused.pop(oduyo_id, None)
        else:
            self._refused[oduyo_id] = reply.reason

    async def _fetch_ids(self) -> list[str]:
        """The ids of the trial's records: above the highest id before the trial; if none is there, by key."""
        newest = await self._client.snapshot_records(self._trial.above_id, self._is_ours)
        if newest:
            return sorted({str(record["id"]) for record in newest}, key=int)
        return [
            str(record["id"])
            for key in self._trial.keys
            for record in await self._client.fetch_by("integration_id", key)
            if self._is_ours(record)
        ]

    def _is_ours(self, record: Remote) -> bool:
        return is_of_trial(record, self._trial, self._client.resource)

    async def _wait_until_settled(self) -> bool:
        """Wait until no create can still take effect; returns whether there was a wait."""
        quiet_at = self._trial.last_create_at + CREATE_SENT_WITHIN_S + self._settle_s
        # A stamp from the future counts as now.
        wait_s = min(quiet_at - self._clock.now(), self._settle_s + CLOCK_SKEW_S)
        if wait_s <= 0:
            return False
        self._say(
            gettext(
                "A test record may still appear; waiting %(seconds)s s for it, to delete it too",
                seconds=format_number(wait_s),
            )
        )
        await self._clock.sleep(wait_s)
        return True
