"""Texts in other letters: what a site can have made of letters that its database or its code page does not have."""

from __future__ import annotations

import html
import unicodedata

#: Letters of the Latin alphabet that no decomposition takes to ASCII, and those whose case is another letter in Turkish.
_PLAIN = {"ı": "i", "ß": "ss", "ø": "o", "Ø": "O", "đ": "d", "Đ": "D", "ł": "l", "Ł": "L"}
_TURKISH_I = frozenset("iIıİ")
#: Characters that one letter becomes when its bytes are read in another code page, twice at most.
_MOST_CHARACTERS = 4


def can_be_letters_of(sent: str, stored: str) -> bool:
    """Whether a stored text can be the one that was sent, or a beginning of it, in other letters.

    A letter that is no ASCII may have become its plain form (ş → s), a question mark, nothing, or what its bytes are in another
    code page (ş → ÅŸ); case may be another, and signs may be escaped as in HTML.
    """
    return any(_matches(sent, text) for text in {stored, html.unescape(stored)} if text)


def is_escaped(sent: str, stored: str) -> bool:
    """Whether signs of a stored text were escaped as in HTML: such a site escapes once more what it is sent back."""
    before = html.unescape(stored)
    return before != stored and (before == sent or html.unescape(sent) == sent)


def _matches(sent: str, stored: str) -> bool:
    reached = {0}
    for letter in sent:
        reached = {end for start in reached for end in _find_ends(letter, stored, start)}
        if len(stored) in reached:
            return True
    return False


def _find_ends(letter: str, stored: str, start: int) -> set[int]:
    """Where a letter can end in the stored text that begins at `start`."""
    plain = _compute_plain(letter)
    ends = {
        start + len(form) for form in (letter, plain) if stored[start : start + len(form)].casefold() == form.casefold()
    }
    if letter in _TURKISH_I and stored[start : start + 1] in _TURKISH_I:
        ends.add(start + 1)
    if letter.isascii():
        return ends
    ends |= {start, *({start + 1} if stored[start : start + 1] == "?" else ())}
    for end in range(start + 1, min(start + _MOST_CHARACTERS, len(stored)) + 1):
        if stored[end - 1].isascii():
            break
        ends.add(end)
    return ends


def _compute_plain(letter: str) -> str:
    parts = unicodedata.normalize("NFKD", letter)
    return "".join(_PLAIN.get(part, part) for part in parts if not unicodedata.combining(part))
