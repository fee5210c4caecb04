from __future__ import annotations

from oduyo_provider.api.backoff import LONGEST_BACKOFF_S, compute_backoff


def test_the_backoff_doubles_to_a_bound_and_varies() -> None:
    assert [compute_backoff(attempt, lambda: 0.0) for attempt in (1, 2, 3)] == [0.25, 0.5, 1.0]
    assert compute_backoff(10_000, lambda: 1.0) == LONGEST_BACKOFF_S
