"""What an encoded text means, and where a part of its meaning stands in it."""

from __future__ import annotations

import html
import json
from collections.abc import Callable
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oduyo_provider.core.encodings import Span, decode


def locate(text: str, part: str) -> set[str]:
    """What stands in the text for a part of its meanings."""
    found: set[str] = set()
    for decoded, ways in decode(text):
        start = decoded.find(part)
        spans: list[Span] = [(start, start + len(part))] if start >= 0 else []
        for encoding, before in ways:
            spans = encoding.locate(before, spans)
        found.update(text[start:end] for start, end in spans)
    return found


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("%41%c3%A7%E2%82%AC%F0%9F%98%80", "Aç€😀"),
        ("%C7%fd%DE", "ÇıŞ"),
        ("&amp;&Ccedil;&#199;&#0231;&#x11F;&#X0011f;&#x1F600;&apos;", "&ÇÇçğğ😀'"),
        ("\\u0131\\ud83d\\ude00\\uD83D!\\U0001F600\\xe7", "ı😀\ud83d!😀ç"),
        ("\\\"\\'\\/\\\\\\b\\f\\n\\r\\t\\0", "\"'/\\\b\f\n\r\t\0"),
        ("%2541%25%32%35", "A%"),
        ("&amp;#37;41", "%41"),
        ("\\u00254%31", "%41"),
        ("%5Cu0131", "ı"),
    ],
)
def test_a_text_is_decoded_up_to_twice(text: str, meaning: str) -> None:
    assert meaning in [decoded for decoded, _ in decode(text)]


@pytest.mark.parametrize(
    "text",
    ["", "abc", "%", "%4", "%G1", "%%", "%8D", "&amp", "&;", "&nothing;", "&#;", "&#x;", "&#1114112;", "&#xFFFFFF;"],
)
def test_a_text_without_encoded_characters_means_nothing_else(text: str) -> None:
    assert list(decode(text)) == []


@pytest.mark.parametrize("text", ["\\", "\\q", "\\u12", "\\x4", "\\U00110000", "&#" + "0" * 5000 + "65;"])
def test_what_only_looks_encoded_means_nothing_else(text: str) -> None:
    assert list(decode(text)) == []


def test_bytes_that_are_no_utf_8_are_left_alone_there() -> None:
    assert [decoded for decoded, _ in decode("%C0%80%41")] == ["%C0%80A", "À€A"]


def test_no_meaning_comes_twice() -> None:
    meanings = [decoded for decoded, _ in decode("%2541 &amp;#65; \\u0041 %C3%87")]
    assert len(meanings) == len(set(meanings))


def test_a_part_is_located_in_the_text_with_whole_characters() -> None:
    assert locate("x%41%42y%43", "AB") == {"%41%42"}
    assert locate("%41", "A") == {"%41"}
    assert locate("a%41b&amp;c", "b&") == {"b&", "b&amp;"}
    assert locate("&amp;nothing;%C3%87ok &nothing; z", "thing; z") == {"thing; z"}
    assert locate("%26Ccedil%3Bok", "Ço") == {"%26Ccedil%3Bo"}
    assert locate("&NotEqualTilde;x", "\u0338x") == {"&NotEqualTilde;x"}
    assert locate("%2525%2525", "%") == {"%25", "%2525"}


WRITE: list[Callable[[str], str]] = [
    lambda text: quote(text, safe=""),
    html.escape,
    lambda text: "".join(f"&#{ord(sign)};" for sign in text),
    lambda text: json.dumps(text)[1:-1],
]


@given(st.text(st.characters(exclude_categories=["Cs"])), st.sampled_from(WRITE), st.sampled_from(WRITE))
def test_every_text_is_found_that_was_encoded_twice(
    text: str, write: Callable[[str], str], write_again: Callable[[str], str]
) -> None:
    once, twice = write(text), write_again(write(text))
    assert text in [once, *(decoded for decoded, _ in decode(once))]
    assert text in [twice, *(decoded for decoded, _ in decode(twice))]


@given(st.text(min_size=1), st.text(), st.text(), st.sampled_from(WRITE))
def test_what_is_located_means_what_was_sought(text: str, before: str, after: str, write: Callable[[str], str]) -> None:
    whole = json.dumps(before)[1:-1] + write(json.dumps(text)[1:-1]) + after
    for part in locate(whole, text):
        assert text in part or any(text in decoded for decoded, _ in decode(part))
