"""Texts in other letters: what can have been made of a text, and what cannot."""

from __future__ import annotations

import html
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oduyo_provider.core.values.letters import Escaping, can_be_letters_of, find_escaping

TURKISH = st.text("abcçdefgğhıijklmnoöprsştuüvyzABCÇDEFGĞHIİJKLMNOÖPRSŞTUÜVYZ0123456789 .-&'", min_size=1, max_size=40)
ASCII = str.maketrans("çğıöşüÇĞİÖŞÜ", "cgiosuCGIOSU")


@given(TURKISH)
def test_what_sites_make_of_turkish_letters_is_recognised(text: str) -> None:
    for made in (
        text,
        text.translate(ASCII),
        text.encode("ascii", "replace").decode(),
        text.encode("latin-1", "replace").decode("latin-1"),
        text.encode().decode("windows-1252", "replace"),
        "".join("?" * len(letter.encode()) if not letter.isascii() else letter for letter in text),
        text.encode().decode("windows-1254", "replace").replace("\ufffd", "?"),
        text.lower(),
        unicodedata.normalize("NFD", text),
        html.escape(text),
        text.replace("'", "\\'"),
        text.replace("'", "").replace("&", ""),
    ):
        assert can_be_letters_of(text, made)


@given(TURKISH, st.data())
def test_a_beginning_of_it_is_recognised_too(text: str, data: st.DataObject) -> None:
    length = data.draw(st.integers(1, len(text)))
    assert can_be_letters_of(text, text[:length].translate(ASCII))


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("Açıklama", ""),
        ("Açıklama", "Açıklama yeni"),
        ("Açıklama", "Aciklema"),
        ("ŞĞ 1", "AB 1"),
        ("KOD.1", "KOD.2"),
        ("1", "0"),
        ("yeni", "eski"),
        ("ödeme", "xdeme"),
        ("026", "27"),
        ("&A", ""),
        ("Sube", "S\u0327ube"),
        ("Şube", "S\u0327\u0327a"),
        ("Şube", "?????ube"),
    ],
)
def test_another_text_is_none_of_it(sent: str, stored: str) -> None:
    assert not can_be_letters_of(sent, stored)


@pytest.mark.parametrize(
    ("sent", "stored", "expected"),
    [
        ("A & B", "A &amp; B", Escaping.HTML),
        ("A & ş", "A &amp; s", Escaping.HTML),
        ("A &amp; B", "A &amp;amp; B", Escaping.HTML),
        ("O'Brien", "O\\'Brien", Escaping.SLASHES),
        ("O'Ş", "O\\'S", Escaping.SLASHES),
        ("C:\\x", "C:\\\\x", Escaping.SLASHES),
        ("A & B", "A & B", None),
        ("şube", "sube", None),
        ("A &amp; B", "A &amp; B", None),
        ("A & B", "", None),
    ],
)
def test_a_site_that_escapes_shows_it(sent: str, stored: str, expected: Escaping | None) -> None:
    assert find_escaping(sent, stored) is expected


@pytest.mark.parametrize(("sent", "stored"), [("026", "26"), ("001", "1"), ("😀", ""), ("ŞĞ", ""), ("'", "")])
def test_a_number_without_its_zeros_and_nothing_of_unknown_letters_are_recognised(sent: str, stored: str) -> None:
    assert can_be_letters_of(sent, stored)
