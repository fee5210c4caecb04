"""An answer's body as PHP sites send it: other charsets than UTF-8, byte order marks, notices around the JSON."""

from __future__ import annotations

import json
import re

_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:-]+)", re.IGNORECASE)
#: Blanks and byte order marks: each PHP file that was saved with a mark sends one.
_MARKS = re.compile(rb"(?:\s|\xef\xbb\xbf)+")
_NOTHINGS = frozenset({b"", b"[]", b"{}", b"false", b"null", b'""'})
_OBJECT_START = re.compile(r"\{\s*[\"}]")
_WEB_PAGE = re.compile(r"<(?:!doctype|html)\b", re.IGNORECASE)
_decoder = json.JSONDecoder()


def to_utf8(body: bytes, content_type: str) -> bytes:
    """The body in UTF-8, out of the charset that ``Content-Type`` names.

    A body that is UTF-8 stays as it is, whatever the header says: JSON has to be UTF-8, and web servers name their own
    charset for everything. A charset that is unknown, or does not fit, changes nothing.
    """
    if body.isascii() or (charset := find_charset(content_type)) is None:
        return body
    try:
        body.decode()
    except UnicodeDecodeError:
        try:
            return body.decode(charset).encode()
        except (LookupError, UnicodeError):
            return body
    return body


def find_charset(content_type: str) -> str | None:
    """The charset that ``Content-Type`` names."""
    charset = _CHARSET.search(content_type)
    return None if charset is None else charset[1]


def strip_marks(body: bytes) -> bytes:
    """The body without blanks and byte order marks at its beginning."""
    marks = _MARKS.match(body)
    return body if marks is None else body[marks.end() :]


def is_nothing(body: bytes) -> bool:
    """Whether a body is what PHP makes of "nothing", without any words: ``[]``, ``{}``, ``false``, ``null``, ``""``, or empty."""
    return strip_marks(body).rstrip() in _NOTHINGS


def find_object(body: bytes) -> bytes | None:
    """The JSON object in a body with other text around it, such as PHP's notices; None when there is not exactly one.

    A web page is never searched, as JSON in it is not the API's. Nor is the text after an object that does not end: records in
    half a page look like answers.
    """
    text = body.decode("utf-8", "surrogateescape")
    start = _find_start(text)
    if start is None:
        return None
    try:
        _, end = _decoder.raw_decode(text, start)
    except (ValueError, RecursionError):
        return None
    return None if _OBJECT_START.search(text, end) else text[start:end].encode("utf-8", "surrogateescape")


def is_cut(body: bytes) -> bool:
    """Whether a body may be the beginning of an answer of this API: nothing at all, or half a JSON object."""
    text = strip_marks(body).decode("utf-8", "surrogateescape")
    start = _find_start(text)
    if start is None:
        return text in ("", "{")
    try:
        _decoder.raw_decode(text, start)
    except RecursionError:  # no answer of this API is nested that deep, whole or cut
        return False
    except ValueError:
        return True
    return False


def _find_start(text: str) -> int | None:
    """Where the first JSON object begins, unless a web page begins before it."""
    start = _OBJECT_START.search(text)
    return None if start is None or _WEB_PAGE.search(text, 0, start.start()) else start.start()
