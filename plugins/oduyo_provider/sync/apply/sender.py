"""Sends changes, many at a time: intents first, then the calls, then the outcomes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from oduyo_provider.api.client import OduyoClient, Reply
from oduyo_provider.core.change import Action, Change, Outcome
from oduyo_provider.core.errors import NotSentError, RefusalsError
from oduyo_provider.sync.apply.intake import Intake
from oduyo_provider.sync.staging.journal import Journal, Result

#: A change is sent within this many seconds of its intent, or a new intent is written first. So the time of the last
#: sending is known to within this much even after a kill.
INTENT_TTL_S = 5.0

#: So many refusals in a row from the start are a wrong key or mapping, not bad rows.
REFUSALS_FROM_START = 50

#: So many changes in a row that could not be delivered: the site is down, and the rest waits for the next try.
FAILURES_IN_A_ROW = 20

#: Changes in one intent: at least a few per connection; at most so many that a slow disk has time enough for the next.
MIN_BATCH, MAX_BATCH = 32, 1_000

#: How often it is looked whether outcomes have waited long enough.
_FLUSH_EVERY_S = 0.2
# By names of their own: before Python 3.12 an enum looks its members up in Python code, here several times a change.
_CREATE, _DONE, _FAILED = Action.CREATE, Outcome.DONE, Outcome.FAILED
_REPLY_DONE, _REPLY_REFUSED, _REPLY_DOUBTFUL = Outcome.DONE, Outcome.REFUSED, Outcome.DOUBTFUL


class Sender:
    """Sends changes through a client and writes down what it does.

    :param concurrency: how many changes are under way at once; the client paces itself below that.
    :param on_result: told each final result, for progress.
    :param check_lease: called right before every transmission; raises when another writer may have taken over.
    """

    def __init__(
        self,
        client: OduyoClient,
        journal: Journal,
        *,
        concurrency: int,
        clock: Callable[[], float] = time.time,
        on_result: Callable[[Change, Result], None],
        check_lease: Callable[[], None],
    ) -> None:
        self._client = client
        self._journal = journal
        self._concurrency = concurrency
        self._clock = clock
        self._on_result = on_result
        self._check_lease = check_lease
        self._intended_at: dict[str, float] = {}
        self._error: Exception | None = None
        self._intake = Intake()
        self._many_wait = asyncio.Event()
        self._refusals_from_start: int | None = 0
        self._failures_in_a_row = 0
        #: Key → how often it was given to the client.
        self.calls: dict[str, int] = {}
        #: Key → when its last call ended in which an answer was lost: all of its transmissions began before.
        self.lost_at: dict[str, float] = {}
        #: Changes whose fate is unknown: key → change.
        self.unsettled: dict[str, Change] = {}

    async def send(self, changes: Sequence[Change]) -> None:
        """Send every change once. Those whose answer was lost are in :attr:`unsettled` afterwards.

        Raises what stopped it (a refused login, a full disk, …) after the calls under way have ended and their outcomes
        are written.
        """
        intake = self._intake = Intake()
        flushers = [asyncio.ensure_future(flush) for flush in (self._flush_regularly(), self._flush_when_many_wait())]
        workers = [self._work(intake) for _ in range(min(self._concurrency, len(changes)))]
        tasks = [asyncio.ensure_future(work) for work in (self._feed(changes, intake), *workers)]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in (*tasks, *flushers):
                task.cancel()
            await asyncio.gather(*tasks, *flushers, return_exceptions=True)
            await self._journal.flush()
        if self._error is not None:
            raise self._error

    def settle(self, change: Change, result: Result) -> None:
        """Take a final result."""
        self.unsettled.pop(change.key, None)
        if self._journal.record(result):
            self._many_wait.set()
        self._on_result(change, result)

    async def _feed(self, changes: Sequence[Change], intake: Intake) -> None:
        """Write intents batch by batch, half a batch ahead of the workers.

        A batch is about what one second sends, so that its intents rarely grow too old.
        """
        position, size = 0, max(MIN_BATCH, self._concurrency)
        while position < len(changes) and self._error is None:
            batch = changes[position : position + size]
            try:
                self._note(await self._journal.intend([change.key for change in batch]), batch)
            except Exception as error:
                self._stop(error)
                return
            intake.add(batch)
            position += len(batch)
            waiting, started_at = len(intake), self._clock()
            await intake.wait_until_low(len(batch) // 2)
            took_s = max(self._clock() - started_at, 0.001)
            size = max(MIN_BATCH, min(MAX_BATCH, int((waiting - len(intake)) / took_s)))
        intake.close()

    async def _work(self, intake: Intake) -> None:
        try:
            while (change := await intake.take()) is not None:
                self._take(change, await self._call(change))
        except Exception as error:
            # Whether that change was sent is not known: its intent stands, and the next try looks first.
            self._stop(error)

    def _call(self, change: Change) -> Awaitable[Reply]:
        self.calls[change.key] = self.calls.get(change.key, 0) + 1
        before_send = partial(self._ensure_intent, change)
        if change.action is _CREATE:
            return self._client.create(change.body(), before_send=before_send)
        if change.action is Action.DELETE:
            return self._client.delete(str(change.oduyo_id), before_send=before_send)
        return self._client.update(change.body(), before_send=before_send)

    def _ensure_intent(self, change: Change) -> Awaitable[None] | None:
        """Called right before every transmission; returns what is to be awaited if the intent is too old."""
        if self._clock() - self._intended_at[change.key] > INTENT_TTL_S:
            return self._renew_intent(change)
        self._check_lease()
        return None

    async def _renew_intent(self, change: Change) -> None:
        while self._clock() - self._intended_at[change.key] > INTENT_TTL_S:
            self._note(await self._journal.intend([change.key]), [change])
        self._check_lease()

    def _note(self, at: float, changes: Sequence[Change]) -> None:
        for change in changes:
            self._intended_at[change.key] = at

    def _take(self, change: Change, reply: Reply) -> None:
        """Sort an answer: final, or to be looked at later."""
        if reply.lost:
            self.lost_at[change.key] = self._clock()
        if reply.outcome is _REPLY_DOUBTFUL or (reply.outcome is _REPLY_REFUSED and _may_have_landed(change, reply)):
            self.unsettled[change.key] = change
            self.lost_at.setdefault(change.key, self._clock())
            return
        if reply.outcome is _REPLY_DONE:
            outcome, oduyo_id = _DONE, change.oduyo_id or reply.oduyo_id
        else:
            outcome = Outcome.REFUSED if reply.outcome is Outcome.REFUSED else Outcome.FAILED
            oduyo_id = change.oduyo_id
        result = Result(change.key, outcome, oduyo_id, reply.reason, reply.body, at=self._clock())
        self.settle(change, result)
        self._count_refusals(result)
        self._count_failures(result)

    def _count_refusals(self, result: Result) -> None:
        if self._refusals_from_start is None:
            return
        if result.outcome is not Outcome.REFUSED:
            self._refusals_from_start = None
            return
        self._refusals_from_start += 1
        if self._refusals_from_start >= REFUSALS_FROM_START:
            self._stop(
                RefusalsError(
                    f"Ödüyo refused the first {REFUSALS_FROM_START} changes, one after the other; the last time it said: "
                    f"{result.answer or result.reason}. That is a wrong key, missing rights or a wrong mapping rather "
                    "than bad rows: compare one refused row in quarantine.jsonl with the query's columns, then start a "
                    "new run. The rest was not sent."
                )
            )

    def _count_failures(self, result: Result) -> None:
        self._failures_in_a_row = self._failures_in_a_row + 1 if result.outcome is _FAILED else 0
        if self._failures_in_a_row >= FAILURES_IN_A_ROW:
            self._stop(
                NotSentError(
                    f"{FAILURES_IN_A_ROW} changes in a row could not be delivered; the last time: {result.reason}. The "
                    "rest was not sent. This is tried again; if it stays so, check whether Ödüyo can be reached."
                )
            )

    def _stop(self, error: Exception) -> None:
        if self._error is None:
            self._error = error
        self._intake.stop()

    async def _flush_regularly(self) -> None:
        while self._error is None:
            await asyncio.sleep(_FLUSH_EVERY_S)
            await self._flush_what_is_due()

    async def _flush_when_many_wait(self) -> None:
        while self._error is None:
            await self._many_wait.wait()
            self._many_wait.clear()
            await self._flush_what_is_due()

    async def _flush_what_is_due(self) -> None:
        if self._journal.is_due:
            # A flush that is cancelled would leave its thread writing while the last one writes too.
            await asyncio.shield(self._flush())

    async def _flush(self) -> None:
        try:
            await self._journal.flush()
        except Exception as error:
            self._stop(error)


def _may_have_landed(change: Change, reply: Reply) -> bool:
    """Whether a refusal may only mean that an earlier sending took effect.

    A record that is deleted already cannot be deleted again, also when the answer before was a request to slow down.
    """
    return reply.lost > 0 or (change.action is Action.DELETE and reply.sends > 1)
