"""Keys as sites store them that keep them in another form, or cut."""

from __future__ import annotations

import pytest

from oduyo_provider.core.values.keys import can_be_kept_as, can_be_key_of, is_form_of_key, is_kept_whole_as
from tests.unit.core.sides import UUID


@pytest.mark.parametrize(
    ("sent", "stored", "can_be"),
    [
        ("00001", "1", True),
        ("00001", "1   ", True),
        ("000", "0", True),
        ("ABCDEFGH", "ABCD", True),
        ("ABC", "abc", True),
        ("A&B", "A&amp;B", True),
        ("A&B", "A&amp;amp;B", True),
        ("100", "", True),
        ("100", None, True),
        ("100", "200", False),
        ("ABCD", "ABCDEFGH", False),
        ("100", "   ", True),
        ("0", "00", True),
        ("ŞUBE-1", "SUBE-1", True),
        ("ki-1", " Kİ-1", True),
        ("ŞUBE-1", "SUBE-2", False),
    ],
)
def test_a_site_can_have_made_a_stored_key_by_cutting_padding_counting_case_escaping_or_other_letters(
    sent: str, stored: str | None, can_be: bool
) -> None:
    assert can_be_key_of(sent, stored) is can_be


@pytest.mark.parametrize(
    ("sent", "stored", "is_form"),
    [
        ("A&B", "A&amp;B", True),
        ("0017", "17", True),
        ("17", "17.0", True),
        ("Kod", " KOD ", True),
        ("KOD-17", "KOD-1", False),
        ("A1", "", False),
        ("A1", None, False),
        ("A1", "ELLE", False),
    ],
)
def test_a_whole_key_in_another_form_is_told_from_one_that_was_cut_or_left_out(
    sent: str, stored: str | None, is_form: bool
) -> None:
    assert is_form_of_key(sent, stored) is is_form


@pytest.mark.parametrize("stored", [UUID.upper(), f"{{{UUID}}}"])
def test_a_uuid_can_be_stored_in_capitals_or_braces(stored: str) -> None:
    assert can_be_key_of(UUID, stored)


@pytest.mark.parametrize(
    ("sent", "stored", "can_be"),
    [
        ("0017", "17", True),
        ("KOD-17", "KOD-1", True),
        ("ŞUBE&1", "sube&amp;1", True),
        ("ŞUBE-17", "?UBE-1", True),
        ("A1", "ELLE", False),
        ("A1", "", False),
        ("A1", None, False),
    ],
)
def test_a_site_that_keeps_keys_makes_no_other_one_of_them(sent: str, stored: str | None, can_be: bool) -> None:
    assert can_be_kept_as(sent, stored) is can_be


@pytest.mark.parametrize(
    ("sent", "stored", "is_whole"),
    [
        ("0017", "17", True),
        ("ŞUBE-1", "sube-1", True),
        ("O'BRIEN-1", "O\\'BRIEN-1", True),
        ("ŞUBE-17", "SUBE-1", False),
        ("ŞUBE-1", "SUBE-17", False),
        ("ŞĞ", "", False),
        ("ŞĞ", None, False),
        ("ŞĞ", " ", False),
    ],
)
def test_a_whole_key_may_be_in_other_letters(sent: str, stored: str | None, is_whole: bool) -> None:
    assert is_kept_whole_as(sent, stored) is is_whole
