"""Small values kept in memory."""

from __future__ import annotations

import pytest

from oduyo_provider.page.remembered import Remembered


def test_a_value_is_read_once() -> None:
    kept = Remembered[int](2)
    assert kept.get("a", lambda: 1) == 1
    assert kept.get("a", lambda: pytest.fail("it was read again")) == 1


def test_the_value_that_was_asked_for_longest_ago_is_forgotten_first() -> None:
    kept = Remembered[int](2)
    for key in ("a", "b", "a", "c"):
        kept.get(key, lambda: 1)
    assert [kept.get(key, lambda: 2) for key in ("a", "c", "b")] == [1, 1, 2]


def test_none_is_a_value_too() -> None:
    kept = Remembered[int | None](2)
    kept.get("a", lambda: None)
    assert kept.get("a", lambda: 1) is None
