"""Compares texts with forms that sites make of them which do not keep all letters, signs or leading zeros."""

from __future__ import annotations

import html
import re
import unicodedata
from enum import Enum

#: Letters of the Latin alphabet that no decomposition takes to ASCII, and those whose case is another letter in Turkish.
_PLAIN = {"ı": "i", "ß": "ss", "ø": "o", "Ø": "O", "đ": "d", "Đ": "D", "ł": "l", "Ł": "L"}
_TURKISH_I = frozenset("iIıİ")
#: Characters that one letter becomes when its bytes are read in another code page, twice at most.
_MOST_CHARACTERS = 4


#: Signs that sites escape, in HTML or in SQL, or leave out.
ESCAPED_SIGNS = frozenset("&<>\"'\\")
_SLASHED = re.compile(r"\\(.)", re.DOTALL)


class Escaping(str, Enum):
    """How a site escapes signs at each write. A listed text that is sent back would be escaped once more."""

    HTML = "html"  # & becomes &amp;
    SLASHES = "slashes"  # ' becomes \'

    def undo(self, text: str) -> str:
        """A stored text as it was before it was escaped."""
        return html.unescape(text) if self is Escaping.HTML else _SLASHED.sub(r"\1", text)


def can_be_letters_of(sent: str, stored: str) -> bool:
    """Whether a stored text can be the one that was sent, or a beginning of it, in other letters.

    A letter beyond ASCII may have become its plain form (ş → s), also followed by its mark (İ → i̇), nothing, or its bytes in
    another code page (ş → ÅŸ), with question marks for unknown ones. Case may differ, signs may be escaped or gone, and a number
    may lack its leading zeros.
    """
    if not stored:
        return not any(letter.isascii() and letter not in ESCAPED_SIGNS for letter in sent)
    if sent.isdecimal() and stored.isdecimal() and sent.lstrip("0") == stored.lstrip("0"):
        return True
    return any(_matches(sent, text) for text in {stored, *(escaping.undo(stored) for escaping in Escaping)})


def find_escaping(sent: str, stored: str) -> Escaping | None:
    """How signs of a stored text were escaped; None when they were not."""
    for escaping in Escaping:
        before = escaping.undo(stored)
        if before != stored and (before == sent or escaping.undo(sent) == sent):
            return escaping
    return None


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
        return ends | {start} if letter in ESCAPED_SIGNS else ends
    ends = {_skip_marks(stored, end) for end in ends} | {start}
    for end in range(start + 1, min(start + _MOST_CHARACTERS, len(stored)) + 1):
        if stored[end - 1].isascii() and stored[end - 1] != "?":
            break
        ends.add(end)
    return ends


def _skip_marks(text: str, start: int) -> int:
    """Where the marks end that stand behind a letter: a dot, a cedilla."""
    end = start
    while unicodedata.combining(text[end : end + 1] or " "):
        end += 1
    return end


def _compute_plain(letter: str) -> str:
    parts = unicodedata.normalize("NFKD", letter)
    return "".join(_PLAIN.get(part, part) for part in parts if not unicodedata.combining(part))
