"""Requests spread over the time that an answer takes, not sent in crowds.

What is answered together is dealt with one after the other, and what follows it leaves together again: a crowd does not
part by itself. Each in it waits for those before it, here and at Ödüyo, while in the rest of the time nobody has anything
to do. With many at a time and quick answers that costs some percent of the pace.
"""

from __future__ import annotations

import math

#: The gap between two requests, as a share of the one that spreads all of them evenly: less, so that who is late can catch up.
GAP_RATIO = 0.8
#: The longest gap, in seconds: some times what a request costs this side. More would only delay the first answers.
LONGEST_GAP_S = 0.0005
#: A turn that is no further away than this, in seconds, is taken at once: timers are no finer.
NEAR_S = 0.001
#: The fastest answer's time grows by this with each answer that took longer: so it is forgotten when all do.
FORGET_RATIO = 1.001


class Spread:
    """Whose turn it is when. There is no gap before the first answer, and none that counts where answers take no time."""

    def __init__(self) -> None:
        self._fastest_s = math.inf
        self._round_s = 0.0
        self._next_at = -math.inf

    def note(self, took_s: float) -> None:
        """An answer took so long, in seconds. The fastest of late decides: what stalls now and then must not widen the gap."""
        self._fastest_s = took_s if took_s < self._fastest_s else self._fastest_s * FORGET_RATIO
        self._round_s = GAP_RATIO * self._fastest_s

    def take_near_turn(self, now: float, concurrency: int) -> bool:
        """Take the next turn if it is near enough to go at once."""
        if self._next_at - now > NEAR_S:
            return False
        self.take_turn(now, concurrency)
        return True

    def take_turn(self, now: float, concurrency: int) -> float:
        """Take the next turn; returns how long to wait for it, in seconds."""
        wait_s = self._next_at - now
        turn_at = self._next_at if wait_s > 0.0 else now
        self._next_at = turn_at + min(LONGEST_GAP_S, self._round_s / concurrency)
        return wait_s if wait_s > NEAR_S else 0.0
