"""An IBAN is one, however it is written; what is none stays as it is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oduyo_provider.core.values.iban import compute_iban

IBAN = "TR330006100519786457841326"


@pytest.mark.parametrize(
    "text",
    [IBAN, "TR33 0006 1005 1978 6457 8413 26", "tr33 0006 1005 1978 6457 8413 26", f"\u00a0{IBAN}\t", IBAN.lower()],
)
def test_neither_blanks_nor_case_tell_two_ibans_apart(text: str) -> None:
    assert compute_iban(text) == IBAN


@pytest.mark.parametrize("text", ["TR33 0006 1005 1978", "tr33 0006 1", "TR33 "])
def test_an_iban_that_was_cut_is_still_the_beginning_of_the_whole_one(text: str) -> None:
    assert IBAN.startswith(compute_iban(text))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Kasa 1",
        "T R",
        "33 TR",
        "TR33-0006",
        "TRxx 0006",
        "TR33 0006 ı",
        "tr33 ſ",
        f"{IBAN} {IBAN}",
        "TR\u0663\u0663 1",
    ],
)
def test_what_is_no_iban_stays_as_it_is(text: str) -> None:
    assert compute_iban(text) == text


@given(st.text(st.sampled_from("TRtr0123 -ı\u00a0"), max_size=12))
def test_reading_it_again_changes_nothing(text: str) -> None:
    assert compute_iban(compute_iban(text)) == compute_iban(text)
