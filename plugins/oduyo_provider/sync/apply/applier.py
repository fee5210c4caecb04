"""Applies a plan so that every change takes effect exactly once, although ``create`` is not idempotent.

1. What an earlier try of the same plan confirmed is not sent again.
2. Every change is looked at right before it is sent (:mod:`.looker`).
3. The first of each kind goes alone and is read back (:mod:`.canary`).
4. Intents are durable before their changes are sent (:mod:`.sender`).
5. A change whose answer was lost is sought once ``settle_s`` has passed, and sent again at most once (:mod:`.seeker`).
6. At the end everything that was done is read back (:mod:`.verifier`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Sequence

from oduyo_provider.core.change import Action, Change, Outcome, Result
from oduyo_provider.core.errors import LostAnswerError, RefusalsError
from oduyo_provider.sync.apply import stops
from oduyo_provider.sync.apply.canary import MAX_WITHOUT_EFFECT, Canary
from oduyo_provider.sync.apply.canary_choice import choose_canaries, choose_place, find_able
from oduyo_provider.sync.apply.looker import Looker
from oduyo_provider.sync.apply.lookup import Lookup
from oduyo_provider.sync.apply.pending import choose_pending, find_done_earlier, take_proven
from oduyo_provider.sync.apply.recorder import Recorder
from oduyo_provider.sync.apply.seeker import Seeker
from oduyo_provider.sync.apply.sender import Sender
from oduyo_provider.sync.apply.verifier import Verifier, find_unread
from oduyo_provider.sync.apply.work import MAX_WITHOUT_SUCCESS, Course, Ready, Work, group_by_kind

#: How often the fate of a change is looked for: after the first look what did not arrive is sent once more.
ROUNDS = 2
#: Transmissions of one create in a plan, those of earlier tries included.
MAX_CREATES = 2


class Applier:
    """Applies the changes of a plan, partition by partition.

    :param site_rows: about how many records Ödüyo holds.
    """

    def __init__(self, work: Work, course: Course, *, site_rows: int) -> None:
        self._work = work
        self._course = course
        self._kinds = work.normaliser.resource.kinds
        lookup = Lookup(work, course, site_rows=site_rows)
        self._seeker = Seeker(work, course, lookup)
        self._looker = Looker(work, course, lookup, self._seeker)
        self._canary = Canary(work, course, lookup)
        self._verifier = Verifier(work, course, lookup)
        self._sender = Sender(work, course, self._looker.look_again, self._seeker.check_named)
        self._unsettled: list[tuple[Recorder, list[Change]]] = []
        self._unanswered: Counter[Action] = Counter()

    async def apply(self, recorder: Recorder, changes: Sequence[Change]) -> None:
        """Apply one partition. Changes of unknown fate are left to :meth:`finish`."""
        recorder.trust_confirmed()
        pending = choose_pending(recorder, self._work, self._course, changes)
        is_cut_off = True
        try:
            take_proven(recorder, self._course, find_done_earlier(recorder, self._work, changes))
            pending = await self._look_at_earlier(recorder, pending)
            await self._judge_earlier(recorder, find_done_earlier(recorder, self._work, changes))
            for action, same in group_by_kind(pending):
                await self._send(recorder, action, same)
            await self._check_taken(recorder)
            await self._verifier.verify(recorder, find_unread(recorder, changes))
            is_cut_off = False
        finally:
            if is_cut_off:
                await self._sender.release_refusals()
            await recorder.flush()
        if not self.is_settled(recorder):
            self._unsettled.append((recorder, list(changes)))

    def is_settled(self, recorder: Recorder) -> bool:
        """Whether each change of a partition has its result, and no transmission of it may still take effect."""
        may_come = self._compute_wait_s(recorder.last_lost) > 0
        return not (recorder.unsettled or recorder.again or may_come or self._sender.has_held(recorder))

    async def finish(self) -> None:
        """Decide the last refusals and settle what is unknown; raises LostAnswerError if no change got a usable answer."""
        if any(map(self._is_given_up, Action)) and not self._course.successes:
            await self._stop_unanswered()
        await self._sender.finish()
        while again := [recorder for recorder, _ in self._unsettled if recorder.again]:
            for recorder in again:
                await self._send_again(recorder)
                await self._check_taken(recorder)
            await self._sender.finish()
        for round_number in range(1, ROUNDS + 1):
            for recorder, _ in self._unsettled:
                unknown = list(recorder.unsettled.values())
                await self._settle(recorder, unknown, is_last=round_number == ROUNDS)
        for recorder, _ in self._unsettled:
            await self._wait_since(recorder.last_lost, len(recorder.lost_at))
        for recorder, changes in self._unsettled:
            await self._verifier.verify(recorder, find_unread(recorder, changes))

    async def _send(self, recorder: Recorder, action: Action, pending: Sequence[Change]) -> None:
        """Send the changes of one kind, the canary first."""
        # That a deactivation or deletion is taken says nothing of the rows that are refused.
        is_idle = self._course.is_refused and action in (Action.DEACTIVATE, Action.DELETE)
        if not pending or is_idle or self._is_given_up(action):
            return
        rest = list(pending)
        await self._canary.check_known(recorder, rest)
        if action not in self._course.proven or self._course.is_refused:
            rest = await self._send_canaries(recorder, pending)
            await self._canary.check_keys(recorder, pending)
        await self._sender.send(recorder, self._look_ahead(recorder, rest))
        await self._send_again(recorder)

    async def _judge_earlier(self, recorder: Recorder, sent: Sequence[Change]) -> None:
        """Judge what earlier tries sent as canaries, before more of a kind is sent that is not proven."""
        for change in sent:
            if change.action not in self._course.proven:
                await self._canary.judge(recorder, change)

    async def _check_taken(self, recorder: Recorder) -> None:
        """Raise RefusalsError when every kind was tried and nothing was taken."""
        if self._course.is_refused:
            await self._sender.release_refusals()
            recorder.release_again(self._course.said)
            await recorder.flush()
            raise RefusalsError(stops.explain_refused(self._course.said))

    async def _send_again(self, recorder: Recorder) -> None:
        """Send changes again that an ended session refused, or that waited for a first success."""
        if self._course.is_refused:
            return
        again, recorder.again = recorder.again, []
        for action, same in group_by_kind(again):
            await self._send(recorder, action, same)

    async def _send_canaries(self, recorder: Recorder, pending: Sequence[Change]) -> list[Change]:
        """Send canaries one by one until their kind is proven; returns the changes that are left."""
        able, is_proven = find_able(pending, recorder.entries, self._kinds), False
        rest, showing = choose_canaries(pending, able, partial=self._work.partial_updates)
        for tried in range(len(pending)):
            if is_proven and tried >= showing:
                break
            left = (len(able) if tried < len(able) else len(pending)) - tried
            place = choose_place(tried, left, self._work.clock.now()) if tried >= showing else 0
            change = rest.pop(place)
            looked = await self._looker.look(recorder, [change], is_again=bool(change.oduyo_id))  # the whole record
            if not looked:
                continue
            [ready] = looked
            sent_at = self._work.clock.monotonic()
            await self._sender.send_one(recorder, ready)
            self._looker.note_pace(max(self._work.clock.monotonic() - sent_at, 0.001))
            await self._settle(recorder, [change], is_last=False)
            if not recorder.has_errors_only(change):  # those are decided once others were sent
                await self._settle(recorder, [change], is_last=True)
            known = recorder.results.get(change.key)
            is_done = known is not None and known.outcome is Outcome.DONE
            if is_done and await self._canary.judge(recorder, change, ready.record or change.base):
                is_proven = True
            self._unanswered[change.action] += recorder.is_unanswered(change)
            if self._is_given_up(change.action):
                return []
            if self._course.is_refused:
                return rest
        return rest

    def _is_given_up(self, action: Action) -> bool:
        """Whether a kind is left to the next try: three canaries got no usable answer, or one did not and the site seems down."""
        is_down = max(self._unanswered.values(), default=0) >= MAX_WITHOUT_EFFECT and not self._course.successes
        return self._unanswered[action] >= (1 if is_down else MAX_WITHOUT_EFFECT)

    async def _stop_unanswered(self) -> None:
        await self._sender.release_refusals()
        for recorder, _ in self._unsettled:
            for unknown in list(recorder.unsettled.values()):
                recorder.take(unknown, self._give_up(recorder, unknown))
            await recorder.flush()
        raise LostAnswerError(stops.explain_unanswered(MAX_WITHOUT_EFFECT))

    async def _look_ahead(self, recorder: Recorder, pending: Sequence[Change]) -> AsyncIterator[Sequence[Ready]]:
        """Look at one slice after the other; yields those of its changes that may be sent."""
        position = 0
        while position < len(pending):
            if self._course.is_refused:
                recorder.again.extend(pending[position:])
                return
            size = self._looker.compute_slice(pending[position])
            size = size if self._course.successes else min(size, MAX_WITHOUT_SUCCESS)
            yield await self._looker.look(recorder, pending[position : position + size])
            position += size

    async def _look_at_earlier(self, recorder: Recorder, pending: Sequence[Change]) -> list[Change]:
        """Find out what became of what earlier tries sent, none of which is under way any more; returns what is to be sent."""
        earlier = [change for change in pending if recorder.history.sends.get(change.key)]
        if not earlier:
            return list(pending)
        await self._judge_sought(recorder, earlier, is_last=False)
        return [change for change in pending if change.key not in recorder.settled]

    async def _settle(self, recorder: Recorder, changes: Sequence[Change], *, is_last: bool) -> None:
        """Find out what became of changes whose answer was lost. What did not arrive is sent once more at most."""
        unsettled = [change for change in changes if change.key in recorder.unsettled]
        if not unsettled:
            return
        await self._wait_since(max(recorder.losses[change.key][-1].at for change in unsettled), len(unsettled))
        again = await self._judge_sought(recorder, unsettled, is_last=is_last)
        if again:
            self._work.progress.say(stops.describe_sending_again(len(again)))
            recorder.forget_unsettled(again)
            with self._work.client.easing_pace(len(again)):
                for _, same in group_by_kind(again):
                    await self._sender.send(recorder, self._look_ahead(recorder, same))
        await recorder.flush()

    async def _judge_sought(self, recorder: Recorder, changes: Sequence[Change], *, is_last: bool) -> list[Change]:
        """Take results from the records that are found; returns the changes that did not arrive and may be sent again."""
        current = await self._seeker.seek(recorder, changes)
        again: list[Change] = []
        for change in changes:
            if self._looker.settle_sought(recorder, change, current[change.key]):
                continue
            is_spent = change.action is Action.CREATE and recorder.count_sends(change.key) >= MAX_CREATES
            if is_last or is_spent or self._fails_alone(recorder, change):
                recorder.take(change, self._give_up(recorder, change))
            else:
                again.append(change)
        return again

    def _fails_alone(self, recorder: Recorder, change: Change) -> bool:
        return recorder.has_errors_only(change) and self._course.fails_alone(change.key)

    def _give_up(self, recorder: Recorder, change: Change) -> Result:
        """The result of a change that never arrived: refused if the server fails at this change alone, else doubtful."""
        oduyo_id, at = change.oduyo_id, self._work.clock.now()
        replies = [loss.reply for loss in recorder.losses.get(change.key, ())]
        if self._fails_alone(recorder, change):
            is_own, last = not any(reply.is_gateway_error for reply in replies), replies[-1]
            return Result(change.key, Outcome.REFUSED, oduyo_id, last.reason, last.body, is_remembered=is_own, at=at)
        return Result(change.key, Outcome.DOUBTFUL, oduyo_id, stops.LOST, replies[-1].body if replies else "", at=at)

    def _compute_wait_s(self, lost_at: float) -> float:
        return lost_at + self._work.settle_s - self._work.clock.monotonic()

    async def _wait_since(self, lost_at: float, count: int) -> None:
        if (wait_s := self._compute_wait_s(lost_at)) > 0:
            self._work.progress.say(stops.describe_waiting(count, wait_s))
            await self._work.clock.sleep(wait_s)
