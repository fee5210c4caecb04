"""Applies a plan so that every change takes effect exactly once, although ``create`` is not idempotent.

1. What an earlier try of the same plan confirmed is not sent again.
2. On a retry, or when the plan is old, everything is compared again with what is there now.
3. Intents are durable before their changes are sent (:mod:`oduyo_provider.sync.apply.sender`).
4. A change whose answer was lost is looked up once ``settle_s`` has passed, and sent again at most once, if absent.
5. At the end everything that was done is read back.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from oduyo_provider.api.client import OduyoClient
from oduyo_provider.core.change import Change, Outcome
from oduyo_provider.core.drift import Standing, compute_standing, is_own_alteration
from oduyo_provider.core.normalise import Normaliser
from oduyo_provider.core.record import Remote
from oduyo_provider.sync.apply.lookup import Reader
from oduyo_provider.sync.apply.progress import Progress
from oduyo_provider.sync.apply.sender import Sender
from oduyo_provider.sync.apply.verifier import Verifier
from oduyo_provider.sync.runtime.clock import Clock
from oduyo_provider.sync.site.quiesce import SENT_WITHIN_S
from oduyo_provider.sync.staging.journal import History, Journal, Result

_FINAL = frozenset({Outcome.DONE, Outcome.REFUSED})
_DONE = Outcome.DONE  # by a name of its own: before Python 3.12 an enum looks its members up in Python code


class Applier:
    """Applies the changes of one plan partition.

    :param history: what earlier tries of this plan wrote down.
    :param check_lease: raises when another writer may have taken over.
    :param is_create_mode: nothing is compared; only what came after the plan's listing can be ours.
    :param is_old: the plan's listing is too old to be trusted without another look.
    :param is_divided: the plan is one of many partitions, which others apply before and beside it.
    :param settle_s: how long after its sending a change may still take effect, in seconds.
    """

    def __init__(
        self,
        client: OduyoClient,
        reader: Reader,
        journal: Journal,
        normaliser: Normaliser,
        progress: Progress,
        *,
        history: History,
        concurrency: int,
        settle_s: float,
        check_lease: Callable[[], None],
        is_create_mode: bool = False,
        is_old: bool = False,
        is_divided: bool = False,
        clock: Clock = Clock(),  # noqa: B008  frozen
    ) -> None:
        self._client = client
        self._reader = reader
        self._journal = journal
        self._normaliser = normaliser
        self._progress = progress
        self._history = history
        self._settle_s = settle_s
        self._is_create_mode = is_create_mode
        self._is_divided = is_divided
        self._must_recheck = is_old or history.tries > 0
        self._clock = clock
        self.results: dict[str, Result] = dict(history.results)
        self._verifier = Verifier(client, reader, normaliser, settle_s=settle_s, clock=clock, check_lease=check_lease)
        self._sender = Sender(
            client,
            journal,
            concurrency=concurrency,
            clock=clock.now,
            on_result=self._take_result,
            check_lease=check_lease,
        )

    async def apply(self, changes: Sequence[Change]) -> dict[str, Result]:
        """Apply and return every change's result by key; changes without one were never tried."""
        pending = [change for change in changes if not self._is_final(change.key)] if self.results else list(changes)
        self._progress.start(len(changes), done=len(changes) - len(pending))
        if pending and self._must_recheck:
            pending = await self._recheck(pending)
        if pending:
            if self._is_divided and not self._history.tries:
                await self._reader.note_start()
            await self._sender.send(pending)
            await self._settle()
        await self._verify(changes)
        await self._journal.flush()
        return self.results

    @property
    def is_quiet(self) -> bool:
        """Whether nothing that this try sent can take effect any more.

        An update whose answer was lost is sent again at once; the first one may arrive after the second, and after the
        next run's.
        """
        return self._clock.now() >= max(self._sender.lost_at.values(), default=0.0) + self._settle_s

    def _is_final(self, key: str) -> bool:
        return key in self.results and self.results[key].outcome in _FINAL

    def _take_result(self, change: Change, result: Result) -> None:
        self.results[change.key] = result
        self._progress.count(change.action, result)

    async def _recheck(self, pending: list[Change]) -> list[Change]:
        """Compare again before anything is sent; returns what still has to be sent."""
        keys = {change.key for change in pending}
        unknown = {key: at for key, at in self._history.unknown.items() if key in keys}
        if unknown:
            await self._wait_until(max(unknown.values()) + SENT_WITHIN_S + self._settle_s, len(unknown))
        self._progress.say(f"Looking at what Ödüyo holds now, before {len(pending):,} changes are sent")
        current = await self._reader.fetch(pending)
        return [
            change
            for change in pending
            if not self._settle_by_look(change, current[change.key], was_sent=self._count_sends(change.key) > 0)
        ]

    async def _settle(self) -> None:
        """Find out what became of changes whose answer was lost; send what did not arrive once more, at most."""
        for is_last_look in (False, True):
            unsettled = dict(self._sender.unsettled)
            if not unsettled:
                return
            last_lost_at = max(self._sender.lost_at[key] for key in unsettled)
            await self._wait_until(last_lost_at + self._settle_s, len(unsettled))
            current = await self._reader.fetch(list(unsettled.values()))
            absent = [
                change
                for change in unsettled.values()
                if not self._settle_by_look(change, current[change.key], was_sent=True)
            ]
            if is_last_look:
                for change in absent:
                    self._sender.settle(
                        change, self._result(change, Outcome.DOUBTFUL, reason="answers lost, not found")
                    )
            elif absent:
                for change in absent:
                    self._sender.unsettled.pop(change.key, None)
                self._progress.say(f"{len(absent):,} changes did not arrive; sending them once more")
                await self._sender.send(absent)

    def _settle_by_look(self, change: Change, records: list[Remote], *, was_sent: bool) -> bool:
        """Take a result from what is there now; False when the change is still to be made."""
        if self._is_create_mode:
            records = [record for record in records if was_sent and self._reader.can_be_ours(record)]
        record, standing = self._choose(change, records)
        if standing is Standing.AS_BASED:
            return False
        if standing is Standing.AS_WANTED or (
            was_sent and record is not None and is_own_alteration(change, record, self._normaliser)
        ):
            oduyo_id = change.oduyo_id or (record["id"] if record else None)
            self._sender.settle(change, self._result(change, Outcome.DONE, oduyo_id=oduyo_id))
        else:
            reason = "record is gone" if record is None else "changed in Ödüyo since the plan was made"
            self._sender.settle(change, self._result(change, Outcome.STALE, reason=reason))
        return True

    def _choose(self, change: Change, records: list[Remote]) -> tuple[Remote | None, Standing]:
        """The record that a change is about: the lowest one that is as wanted, or else the lowest."""
        for record in records:
            if compute_standing(change, record, self._normaliser) is Standing.AS_WANTED:
                return record, Standing.AS_WANTED
        lowest = records[0] if records else None
        return lowest, compute_standing(change, lowest, self._normaliser)

    async def _verify(self, changes: Sequence[Change]) -> None:
        """Read back what was done; results that turn out otherwise are replaced."""
        done = [change for change in changes if (known := self.results.get(change.key)) and known.outcome is _DONE]
        if not done:
            return
        self._progress.say(f"Reading {len(done):,} changes back")
        fresh = self._sender.calls.keys()
        for change, result in await self._verifier.verify(done, self.results, self._count_sends, fresh):
            self.results[change.key] = result
            self._journal.record(result)

    def _count_sends(self, key: str) -> int:
        """How often a change may have been sent, at least; every earlier try that was about to counts once."""
        return self._history.senders.get(key, 0) + self._sender.calls.get(key, 0)

    def _result(self, change: Change, outcome: Outcome, *, oduyo_id: str | None = None, reason: str = "") -> Result:
        return Result(change.key, outcome, oduyo_id or change.oduyo_id, reason, at=self._clock.now())

    async def _wait_until(self, moment: float, count: int) -> None:
        wait_s = moment - self._clock.now()
        if wait_s > 0:
            self._progress.say(
                f"{count:,} changes were sent without an answer; waiting {wait_s:.0f} s for them to take effect, then looking"
            )
            await self._clock.sleep(wait_s)
