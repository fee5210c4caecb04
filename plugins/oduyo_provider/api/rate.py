"""The rate that Ödüyo seems to allow, learned from its "slow down"."""

from __future__ import annotations

import math

#: After a "slow down" the rate begins at this share of the pace that was learned …
RESTART_RATIO = 0.85
#: … and is back at that pace after so many times the pause, within these bounds. The dearer a refusal, the longer until
#: the next one is risked, so that pauses take the same small share of the time whether they are short or long.
RECOVERY_PER_PAUSE = 20.0
SHORTEST_RECOVERY_S, LONGEST_RECOVERY_S = 20.0, 60.0
#: A round begins slow, so that the pace at its end was about so many times its mean.
PEAK_PER_MEAN = 1.2
#: Requests a second: a lower rate is never learned, since one odd answer would stop everything for minutes.
LOWEST_RATE = 1.0
#: So many rounds in a row that ended before the rate was back at the learned pace, or after few requests: going slower
#: does not help …
UNHELPED_ROUNDS = 6
FEW_REQUESTS = 60
#: … and when about so many requests were taken in each of them, Ödüyo says no for reasons other than our pace. Where the
#: pace is the reason, a rate that is too high meets a no far sooner.
TAKEN_PER_ROUND = 3.0
#: Then the pace is what it was before those rounds, and goes up from round to round: keeping it low would only cost time.
RAISE_RATIO = 1.25
#: Keeps divisions sound when everything happens within one tick of the clock.
_TICK_S = 0.001


class LearnedRate:
    """Requests a second that Ödüyo seems to allow, learned from its "slow down".

    What it took between two of them, divided by the time with the pause in it, it allows. The pace at which it said no
    is too much. The truth lies between; the middle is taken as ratios go, since either can be far off: the first where
    unused allowance lapses during a pause, the second after a burst.

    From there the rate goes as TCP's window does in CUBIC (RFC 9438): fast back to near the pace that was learned, long
    around it, then ever faster above it, as more may be allowed by now.

    Where Ödüyo says no now and then whatever the pace, each no would lower the rate until next to nothing is sent: that is
    seen by its not helping.
    """

    def __init__(self) -> None:
        self._pace = math.inf
        self._recovery_s = SHORTEST_RECOVERY_S
        self._resumed_at = 0.0
        #: Rounds in a row that ended early, and how many requests were taken in one of the last of them.
        self._unhelped = 0
        self._taken_per_round = 0.0
        self._pace_before = math.inf

    def learn(self, *, sent: int, taken: int, active_s: float, pause_s: float, now: float) -> None:
        """Ödüyo says "slow down" now.

        :param sent: requests since it said so before, or since the start.
        :param taken: how many of them it took. None of them says nothing of its pace.
        :param active_s: in which they were sent.
        :param pause_s: which was kept before that.
        """
        if not self._is_helped(taken, active_s):
            self._pace = max(RAISE_RATIO * self._pace, self._pace_before)
        elif taken:
            active_s = max(active_s, _TICK_S)
            too_much = min(PEAK_PER_MEAN * sent / active_s, self.compute(now))
            allowed = min(taken / (active_s + pause_s), too_much)
            self._pace = max(math.sqrt(allowed * too_much), LOWEST_RATE)

    def _is_helped(self, taken: int, active_s: float) -> bool:
        """Whether Ödüyo's no may have to do with the pace."""
        if math.isinf(self._pace) or (active_s >= self._recovery_s and taken >= FEW_REQUESTS):
            self._unhelped = 0
            return True
        if not self._unhelped:
            self._pace_before = self._pace
        self._unhelped += 1
        self._taken_per_round += (taken - self._taken_per_round) / min(self._unhelped, UNHELPED_ROUNDS)
        if self._unhelped > UNHELPED_ROUNDS and self._taken_per_round < TAKEN_PER_ROUND:
            self._unhelped = 0
        return self._unhelped <= UNHELPED_ROUNDS

    def pause(self, until: float, pause_s: float) -> None:
        """The rate begins anew at the end of a pause."""
        self._resumed_at = until
        self._recovery_s = min(max(RECOVERY_PER_PAUSE * pause_s, SHORTEST_RECOVERY_S), LONGEST_RECOVERY_S)

    def compute(self, now: float) -> float:
        """Requests a second; infinite as long as nothing was learned."""
        distance = max((now - self._resumed_at) / self._recovery_s, 0.0) - 1
        return self._pace * (1 + (1 - RESTART_RATIO) * distance**3)
