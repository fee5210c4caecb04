"""Sends changes, many at a time. Intents are written first, then come the calls, then the outcomes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress

from oduyo_provider.api.reply import Reply
from oduyo_provider.core.change import Action, Change, Outcome, compute_base
from oduyo_provider.core.errors import NotSentError
from oduyo_provider.sync.apply.look_age import MAX_EXPIRED_LOOKS, LookExpiredError, check_look, explain_expired_looks
from oduyo_provider.sync.apply.recorder import Recorder
from oduyo_provider.sync.apply.refusals import CheckMade, Refusals, make_result
from oduyo_provider.sync.apply.stops import explain_undelivered
from oduyo_provider.sync.apply.work import Course, Ready, Work
from oduyo_provider.sync.runtime.tasks import stop_taking, wait_for_all

#: After so many changes in a row that could not be delivered the site is down: the rest waits for the next try.
FAILURES_IN_A_ROW = 20
#: ``await look_again(recorder, change)``: look now; None when the look gave a result and nothing is to be sent.
LookAgain = Callable[[Recorder, Change], Awaitable["Ready | None"]]


class Sender:
    """Sends changes through a client, and records intents and outcomes.

    :param look_again: looks at one change anew.
    :param check_made: raises when a change was carried out on the wrong record.
    """

    def __init__(self, work: Work, course: Course, look_again: LookAgain, check_made: CheckMade) -> None:
        self._work = work
        self._course = course
        self._look_again, self._check_made = look_again, check_made
        self._failures_in_a_row = 0
        self._under_way = 0
        self._waiting: dict[str, Change] = {}
        self._may_send = asyncio.Event()
        self._may_send.set()
        self._is_alone = asyncio.Event()
        self._low = 0
        self._is_low = asyncio.Event()
        self._renewing = asyncio.Lock()
        self._is_stopping = False
        #: Key → when the change was sent last, and how many others had been taken, or were under way, when it was sent first.
        self._left: dict[str, tuple[float, int]] = {}
        self._refusals = Refusals(work, course, check_made)

    async def send(self, recorder: Recorder, slices: AsyncIterator[Sequence[Ready]]) -> None:
        """Send every change of the slices once. Those of which nobody knows the fate are in ``recorder.unsettled``.

        An error (a refused login, a full disk, …) is raised after the calls under way have ended. Their outcomes are written
        then, and what was not transmitted is noted as not sent.
        """
        queue: asyncio.Queue[Ready | None] = asyncio.Queue()
        flusher = asyncio.ensure_future(recorder.flush_regularly())
        workers = [asyncio.ensure_future(self._work_off(recorder, queue)) for _ in range(self._work.concurrency)]
        tasks = [asyncio.ensure_future(self._feed(recorder, slices, queue)), *workers]
        try:
            await wait_for_all(tasks, flusher)
        except Exception:
            self._is_stopping = True
            # Wait for the calls under way: otherwise nobody knows whether they took effect.
            tasks[0].cancel()
            stop_taking(queue, len(workers))
            await asyncio.gather(*workers, return_exceptions=True)
            raise
        finally:
            for task in (*tasks, flusher):
                task.cancel()
            await asyncio.gather(*tasks, flusher, return_exceptions=True)
            await self._close(recorder)

    async def send_one(self, recorder: Recorder, ready: Ready) -> None:
        """Send one change alone. Its result is in the recorder, or the change in ``recorder.unsettled``."""
        self._waiting[ready.change.key] = ready.change
        await recorder.intend([ready.change], self._course.top_id)
        try:
            await self._deliver(recorder, ready)
        finally:
            await self._close(recorder)

    async def finish(self) -> None:
        """Decide the last refusals, as nothing more is sent."""
        while self._refusals.is_open:
            await self._refusals.probe(self._renew, is_end=True)

    def has_held(self, recorder: Recorder) -> bool:
        """Whether refusals of a partition wait for a decision."""
        return self._refusals.has(recorder)

    async def release_refusals(self) -> None:
        """The load stops: refusals that are not decided are not remembered."""
        await self._refusals.release()

    async def _close(self, recorder: Recorder) -> None:
        recorder.note_not_sent(self._waiting.values(), self._work.clock.now())
        self._waiting.clear()
        await recorder.flush()

    async def _feed(
        self, recorder: Recorder, slices: AsyncIterator[Sequence[Ready]], queue: asyncio.Queue[Ready | None]
    ) -> None:
        """Write a slice's intents, then queue its changes. The next slice is looked at while they are sent."""
        async for ready in slices:
            if ready:
                self._waiting.update({item.change.key: item.change for item in ready})
                await recorder.intend([item.change for item in ready], self._course.top_id)
            for item in ready:
                queue.put_nowait(item)
            await self._wait_until_low(queue, len(ready) // 4)
        for _ in range(self._work.concurrency):
            queue.put_nowait(None)

    async def _wait_until_low(self, queue: asyncio.Queue[Ready | None], low: int) -> None:
        """Wait until only so many are left in the queue: the next look must not be old when its changes are sent."""
        self._low = low
        while queue.qsize() > low:
            self._is_low.clear()
            await self._is_low.wait()

    async def _work_off(self, recorder: Recorder, queue: asyncio.Queue[Ready | None]) -> None:
        while (ready := await queue.get()) is not None:
            if queue.qsize() <= self._low:
                self._is_low.set()
            if not self._may_send.is_set():
                await self._may_send.wait()
            await self._deliver(recorder, ready)

    async def _deliver(self, recorder: Recorder, ready: Ready) -> None:
        """Send a change. If its look expires before that, look again."""
        self._under_way += 1
        try:
            self._check_going()
            try:
                reply: Reply | None = await self._call(recorder, ready)
            except LookExpiredError:
                reply = await self._renew(recorder, ready.change)
            if reply is not None:
                await self._take(recorder, ready.change, reply)
            self._waiting.pop(ready.change.key, None)
        finally:
            self._under_way -= 1
            if self._under_way <= 1:
                self._is_alone.set()

    async def _renew(self, recorder: Recorder, change: Change) -> Reply | None:
        """Look at a change again and send it; returns None when the look settled it.

        A change whose look expires again goes alone: many at a slow pace would let each other's looks expire. A create may come
        here after it was transmitted and answered with "later".
        """
        with suppress(LookExpiredError):
            return await self._look_and_call(recorder, change)
        async with self._renewing:
            for _ in range(1, MAX_EXPIRED_LOOKS):
                with suppress(LookExpiredError):
                    return await self._look_and_call(recorder, change)
        raise explain_expired_looks()

    async def _look_and_call(self, recorder: Recorder, change: Change) -> Reply | None:
        self._check_going()
        if change.key in self._left and change.action is not Action.CREATE:  # it may have left before its look expired
            recorder.note_lost(change.key, self._work.clock)
        ready = await self._look_again(recorder, change)
        if ready is None:
            return None
        self._check_going()
        await recorder.intend([change], self._course.top_id)
        return await self._call(recorder, ready)

    def _check_going(self) -> None:
        """Raise when the load stops, so that no further call begins."""
        if self._is_stopping:
            raise asyncio.CancelledError

    def _call(self, recorder: Recorder, ready: Ready) -> Awaitable[Reply]:
        change, key, work = ready.change, ready.change.key, self._work
        check_look(ready.looked_at, work.clock.monotonic())  # an expired look must not wait in the queue

        def before_send() -> None:
            work.check_lease()
            now = work.clock.monotonic()
            check_look(ready.looked_at, now)
            recorder.note_sent(key)
            _, taken_before = self._left.get(key, (0.0, self._course.successes + max(self._under_way - 1, 0)))
            self._left[key] = now, taken_before

        if change.action is Action.CREATE:
            return work.client.create(change.compute_body(), before_send=before_send)
        if change.action is Action.DELETE:
            self._course.deletions.add(str(change.oduyo_id))
            return work.client.delete(str(change.oduyo_id), before_send=before_send)
        looked = None if ready.record is None else compute_base(ready.record, work.normaliser.resource)
        recorder.note_looked(change, looked or change.base)
        body = change.compute_body(looked, partial=work.partial_updates, escaping=work.escaping)
        return work.client.update(body, before_send=before_send)

    async def _take(self, recorder: Recorder, change: Change, reply: Reply) -> None:
        """Record an answer: final, held until it is decided, or unknown."""
        sent_at, taken_before = self._left.pop(change.key, (0.0, 0))
        is_refused = reply.outcome is Outcome.REFUSED
        if not recorder.note_reply(change, reply, self._work.clock):
            if reply.is_server_error:
                self._course.failing.setdefault(change.key, taken_before)
            return
        # Ödüyo refuses to delete what is deleted already: a look tells.
        if is_refused and change.action is Action.DELETE and await self._look_again(recorder, change) is None:
            return
        result = make_result(change, reply, self._work.clock.now())
        if is_refused:
            if self._refusals.hold(recorder, change, result, reply.session):
                await self._probe()
            return
        recorder.take(change, result)
        if reply.outcome is Outcome.DONE:
            self._course.successes += 1
            self._failures_in_a_row = 0
            self._refusals.settle(reply.session, sent_at)
            await self._check_made(recorder, change)
        else:
            self._count_failure(reply.reason)

    def _count_failure(self, reason: str) -> None:
        self._failures_in_a_row += 1
        if self._failures_in_a_row >= FAILURES_IN_A_ROW:
            raise NotSentError(explain_undelivered(FAILURES_IN_A_ROW, reason))

    async def _probe(self) -> None:
        """Probe refusals in a row while nothing else is sent."""
        if not self._may_send.is_set():
            return
        self._may_send.clear()
        try:
            while self._under_way > 1:
                self._is_alone.clear()
                await self._is_alone.wait()
            self._check_going()
            await self._refusals.probe(self._renew)
        finally:
            self._may_send.set()
