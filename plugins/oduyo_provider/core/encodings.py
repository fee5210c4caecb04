"""The ways in which a text can be written otherwise: for a URL, HTML, JSON or code. And what such a text means."""

from __future__ import annotations

import re
import sys
from array import array
from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from html.entities import html5
from urllib.parse import unquote_to_bytes

#: From where to where, in a text.
Span = tuple[int, int]

#: How often a text is decoded: what is encoded for a URL can be encoded once more, for JSON.
_DEPTH = 2


class Encoding:
    """A way to write characters otherwise.

    :param token: one character as it is written; ``read`` gives the character, or the token where it is none.
    :param needs: what a text must hold to be worth decoding.
    """

    def __init__(self, token: str, read: Callable[[str], str], needs: str = "") -> None:
        self._token, self._needs = re.compile(token), re.compile(needs)
        self._read = lru_cache(maxsize=4096)(read)

    def decode(self, text: str) -> str:
        """The text with its tokens read."""
        read = self._read
        return self._token.sub(lambda found: read(found[0]), text) if self._needs.search(text) else text

    def locate(self, text: str, spans: list[Span]) -> list[Span]:
        """Where the spans of the decoded text stand in the text; half a token counts as the whole."""
        if not spans:
            return []
        # Where each token begins and ends. At even places stands plain text, at odd ones a token.
        inside, outside = array("q", [0]), array("q", [0])
        longer = 0
        for found in self._token.finditer(text):
            if (read := self._read(found[0])) == found[0]:
                continue
            start = found.start() - longer
            end = start + len(read)
            inside.extend((start, end))
            outside.extend(found.span())
            longer = found.end() - end
        located: list[Span] = []
        for start, end in spans:
            first, last = bisect_right(inside, start) - 1, bisect_left(inside, end) - 1
            begins = outside[first] + (0 if first % 2 else start - inside[first])
            ends = outside[last + 1] if last % 2 else outside[last] + end - inside[last]
            located.append((begins, ends))
        return located


def _read_percent(token: str, charset: str) -> str:
    try:
        return unquote_to_bytes(token).decode(charset, "surrogatepass")
    except UnicodeDecodeError:
        return token


def _read_entity(token: str) -> str:
    if token[1] != "#":
        return html5.get(token[1:], token)
    is_hex = token[2] in "xX"
    number = int(token[3:-1].lstrip("0") or "0", 16) if is_hex else int(token[2:-1].lstrip("0") or "0")
    return chr(number) if number <= sys.maxunicode else token


def _read_escape(token: str) -> str:
    if token[1] not in "uUx":
        return _ESCAPES.get(token[1], token[1])
    numbers = [int(number, 16) for number in re.split(r"\\[uUx]", token)[1:]]
    return "".join(map(chr, numbers)).encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")


#: The encodings that led to a text and the texts before them, the last one first.
Ways = tuple[tuple[Encoding, str], ...]

_HEX = "[0-9A-Fa-f]"
_TAIL = f"(?:%[89ABab]{_HEX})"
_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "0": "\0"}
_ENCODINGS = (
    # A URL has one to four bytes a character in UTF-8, and one in windows-1254.
    Encoding(
        f"%[0-7]{_HEX}|%[CDcd]{_HEX}{_TAIL}|%[Ee]{_HEX}{_TAIL}{{2}}|%[Ff][0-4]{_TAIL}{{3}}",
        partial(_read_percent, charset="utf-8"),
    ),
    Encoding(f"%{_HEX}{{2}}", partial(_read_percent, charset="windows-1254"), f"%[89A-Fa-f]{_HEX}"),
    # HTML, by name or number.
    Encoding(f"&(?:[A-Za-z][A-Za-z0-9]{{1,31}}|#0{{0,30}}[0-9]{{1,7}}|#[xX]0{{0,30}}{_HEX}{{1,6}});", _read_entity),
    # JSON and code.
    Encoding(
        rf"\\(?:u[dD][89ABab]{_HEX}{{2}}\\u[dD][C-Fc-f]{_HEX}{{2}}|u{_HEX}{{4}}|U00(?:0{_HEX}|10){_HEX}{{4}}|x{_HEX}{{2}}"
        r"|[\"'/\\bfnrt0])",
        _read_escape,
    ),
)


def decode(text: str) -> Iterator[tuple[str, Ways]]:
    """What a text may mean, decoded once or twice, with the way back from each meaning."""
    seen = {hash(text)}  # of many megabytes each: not the texts themselves
    waiting: deque[tuple[str, Ways]] = deque([(text, ())])
    while waiting:
        before, ways = waiting.popleft()
        for encoding in _ENCODINGS:
            decoded = encoding.decode(before)
            if hash(decoded) not in seen:
                seen.add(hash(decoded))
                found = decoded, ((encoding, before), *ways)
                yield found
                if len(found[1]) < _DEPTH:
                    waiting.append(found)
