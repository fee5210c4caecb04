"""The numbers that environment variables set."""

from __future__ import annotations

import pytest

from oduyo_provider.core.errors import SettingsError
from oduyo_provider.hooks.environment import read_buckets


@pytest.mark.parametrize(("text", "expected"), [(None, 64), ("", 64), ("1", 1), (" 7 ", 7), ("1000", 1000)])
def test_the_variable_sets_the_number_of_buckets(
    monkeypatch: pytest.MonkeyPatch, text: str | None, expected: int
) -> None:
    monkeypatch.delenv("ODUYO_BUCKETS", raising=False)
    if text is not None:
        monkeypatch.setenv("ODUYO_BUCKETS", text)
    assert read_buckets() == expected


@pytest.mark.parametrize("text", ["0", "1001", "-3", "7.5", "viele", "²"])
def test_a_number_of_buckets_that_cannot_be_is_an_error(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("ODUYO_BUCKETS", text)
    with pytest.raises(SettingsError, match=f"ODUYO_BUCKETS is '{text}': set it to a whole number from 1 to 1000"):
        read_buckets()
