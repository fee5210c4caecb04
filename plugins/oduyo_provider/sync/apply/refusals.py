"""Refusals in a row: are the rows at fault, or has the session ended with words that nobody foresaw?

Refusals are held until an answer decides. A success proves the session that it was sent with. Without one, the task logs in
again at 3, 6, 12, … refusals and at the end, and sends the last one again. What was refused in a session that has been replaced
since is looked at and sent again. If another program ends the new session too, a refusal in it decides nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable

import msgspec

from oduyo_provider.api.reply import Reply
from oduyo_provider.core.change import Change, Outcome, Result
from oduyo_provider.core.language import gettext
from oduyo_provider.sync.apply.recorder import Recorder
from oduyo_provider.sync.apply.work import Course, Work

#: The first probe comes at so many refusals in a row, the next at twice as many, and so on.
FIRST_PROBE = 3
#: So often a change is sent again because its session was replaced. Then the refusal counts, but is not remembered.
MAX_REPLACED = 3

#: ``await resend(recorder, change)``: look and send again; None when the look settled it.
Resend = Callable[[Recorder, Change], Awaitable["Reply | None"]]
#: ``await check_made(recorder, change)``: raises where the change was carried out on the wrong record.
CheckMade = Callable[[Recorder, Change], Awaitable[None]]


class Held(msgspec.Struct):
    """A refusal that is not decided yet.

    :param session: the number of the session that it was sent with.
    :param at: when its answer came, by the monotonic clock.
    """

    recorder: Recorder
    change: Change
    result: Result
    session: int
    at: float


class Refusals:
    """The refusals since the last success.

    :param check_made: raises where a change that was taken was carried out on the wrong record.
    """

    def __init__(self, work: Work, course: Course, check_made: CheckMade) -> None:
        self._work = work
        self._course = course
        self._check_made = check_made
        self._held: list[Held] = []
        self._replaced: Counter[str] = Counter()
        #: Partitions, earlier ones too, that were told what became of their refusals.
        self._touched: set[Recorder] = set()
        self._in_a_row = 0
        self._next_probe = FIRST_PROBE

    @property
    def is_open(self) -> bool:
        """Whether refusals wait for a decision."""
        return bool(self._held)

    def has(self, recorder: Recorder) -> bool:
        """Whether refusals of a partition wait for a decision."""
        return any(held.recorder is recorder for held in self._held)

    def hold(self, recorder: Recorder, change: Change, result: Result, session: int) -> bool:
        """Hold a refusal; returns whether it is time for a probe.

        :param session: the number of the session that it was sent with.
        """
        self._held.append(Held(recorder, change, result, session, self._work.clock.monotonic()))
        self._in_a_row += 1
        self._course.refused.add(change.key)
        self._course.said = result.answer or result.reason
        return self._in_a_row >= self._next_probe

    def settle(self, session: int, sent_at: float) -> None:
        """A change was taken: earlier refusals of the same session are the rows' own.

        Only those that came before the change was sent: later the session may have ended.
        """
        self._decide(session, lambda held: held.session == session and held.at <= sent_at)
        self._in_a_row, self._next_probe = len(self._held), FIRST_PROBE

    async def release(self) -> None:
        """The load ends undecided: all count as refused, and none is remembered."""
        for held in self._held:
            _forget(held)
            self._touched.add(held.recorder)
        self._held.clear()
        for recorder in self._touched:
            await recorder.flush()

    async def probe(self, resend: Resend, *, is_end: bool = False) -> None:
        """Log in once, look, and send the last refused change again.

        :param is_end: nothing else will be sent, so that the refusals have to be decided now.
        """
        self._next_probe *= 2
        for _ in range(MAX_REPLACED):
            if not self._held or await self._probe_once(resend, is_end=is_end):
                return
        await self.release()

    async def _probe_once(self, resend: Resend, *, is_end: bool) -> bool:
        """Send the last one again; returns whether its answer decides. In a session that ended meanwhile it does not."""
        await self._work.client.renew_session()
        last = self._held.pop()
        intended_at = last.recorder.intended_at.get(last.change.key)
        try:
            reply = await resend(last.recorder, last.change)
        except BaseException:
            # If only the look failed, it stays refused. If it was about to be sent, nobody knows what became of it.
            if last.recorder.intended_at.get(last.change.key) == intended_at:
                self._held.append(last)
            raise
        if reply is None:
            return True
        if reply.outcome is Outcome.DONE:
            self._work.progress.say(
                gettext("The session had ended without saying so; what was refused since is sent again")
            )
            await self._take_reply(last, reply)  # may raise: the others stay held
            for held in self._held:
                held.recorder.again.append(held.change)
            self._held = []
            self._in_a_row, self._next_probe = 0, FIRST_PROBE
        elif reply.outcome is Outcome.REFUSED:
            self._held.append(last)
            has_records = self._course.successes or self._course.top_id  # an empty site's list shows no session
            if has_records and not await self._work.client.has_session(reply.session):
                return False
            if self._course.successes or is_end:
                # The count goes on: the next probe comes at twice as many refusals without a success.
                self._decide(last.session, lambda _: True)
        else:
            await self._take_reply(last, reply)
        return True

    def _decide(self, session: int, is_own: Callable[[Held], bool]) -> None:
        """Take the refusals that are the rows' own; those of earlier sessions are sent again."""
        refusals, self._held = self._held, []
        for held in refusals:
            if held.session < session:
                self._send_again(held)
            elif is_own(held):
                held.recorder.take(held.change, held.result)
                self._touched.add(held.recorder)
            else:
                self._held.append(held)

    def _send_again(self, held: Held) -> None:
        self._replaced[held.change.key] += 1
        if self._replaced[held.change.key] > MAX_REPLACED:
            _forget(held)
        else:
            held.recorder.again.append(held.change)

    async def _take_reply(self, held: Held, reply: Reply) -> None:
        change, recorder = held.change, held.recorder
        if not recorder.note_reply(change, reply, self._work.clock):
            return
        recorder.take(change, make_result(change, reply, self._work.clock.now()))
        if reply.outcome is Outcome.DONE:
            self._course.successes += 1
            await self._check_made(recorder, change)


def make_result(change: Change, reply: Reply, at: float) -> Result:
    """The result of a change by its answer.

    :param at: when it came, seconds since 1970.
    """
    result = Result(change.key, reply.outcome, change.oduyo_id or reply.oduyo_id, reply.reason, reply.body, at=at)
    result.is_confirmed = reply.outcome is Outcome.DONE
    result.is_remembered = reply.outcome is Outcome.REFUSED and not reply.by_firewall
    return result


def _forget(held: Held) -> None:
    """A refusal that is not remembered, so that the next run sends the change again."""
    held.recorder.take(held.change, msgspec.structs.replace(held.result, is_remembered=False))
