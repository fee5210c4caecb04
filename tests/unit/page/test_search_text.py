"""Texts as they are searched and put in order."""

from __future__ import annotations

import pytest

from oduyo_provider.page.search_text import compute_order, fold


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("istanbul", "İSTANBUL"),
        ("istanbul", "ISTANBUL"),
        ("ığdır", "IĞDIR"),
        ("IGDIR", "ığdır"),
        ("sube", "ŞUBE"),
        ("çankaya", "CANKAYA"),
        ("göz", "GO\u0308Z"),
    ],
)
def test_turkish_letters_meet_in_either_case(typed: str, stored: str) -> None:
    assert fold(typed) == fold(stored)


def test_numbers_within_texts_are_ordered_as_numbers_and_empty_texts_are_last() -> None:
    texts = ["10", "", "9" * 5_000, "09", "8", "A2", "a10", "9a"]
    assert sorted(texts, key=compute_order) == ["8", "09", "9a", "10", "9" * 5_000, "A2", "a10", ""]
