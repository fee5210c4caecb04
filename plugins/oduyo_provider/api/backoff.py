"""How long to wait before the same request is sent again."""

from __future__ import annotations

from collections.abc import Callable

FIRST_BACKOFF_S = 0.5
LONGEST_BACKOFF_S = 15.0


def compute_backoff(attempt: int, rng: Callable[[], float]) -> float:
    """Seconds to wait after the `attempt`-th failure (1, 2, …). They double, and vary at random so that workers do not all try at once.

    :param rng: gives a number from 0 up to 1.
    """
    longest_s = min(LONGEST_BACKOFF_S, FIRST_BACKOFF_S * 2.0 ** min(attempt - 1, 20))
    return longest_s * (0.5 + rng() / 2)
