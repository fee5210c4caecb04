"""The one place where secrets are struck out and foreign text is made harmless."""

from __future__ import annotations

import html
import json
import re
from base64 import b64encode
from collections.abc import Iterable, Iterator
from contextlib import suppress
from html.entities import codepoint2name
from urllib.parse import quote, quote_plus

MASK = "***"
#: Characters of foreign text that a log line or an exception shows.
DEFAULT_TEXT_LIMIT = 500
#: A shorter part of a base64 text could stand in any text.
SHORTEST_BASE64 = 8
#: How many passing secrets, such as cookies, are known at a time.
PASSING_SECRETS = 64

#: What ``re.escape`` makes of a backslash, and signs that it leaves as they are.
_ESCAPABLE = re.compile(r"\\\\|[\"'/]")
#: Encodings in which sites and their web servers write texts.
_ENCODINGS = ("utf-8", "windows-1254")
#: Encodings as which such texts may be read by mistake.
_MISREAD = ("utf-8", "latin-1", "windows-1252", "windows-1254")
_URL_SAFE = str.maketrans("+/", "-_")


class Redactor:
    """Replaces every secret it knows by ``***``, also where a secret stands encoded for a URL, HTML, JSON or code, or in base64."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._forms: set[str] = set()
        #: Secret → its forms, once a text was shown since it is known.
        self._passing: dict[str, set[str]] = {}
        #: The pattern of all forms, and how many there were when it was compiled. That is done only when a text is shown: there
        #: are many session ids and few texts.
        self._compiled: tuple[int, re.Pattern[str] | None] = (0, None)
        for secret in secrets:
            self.add(secret)

    def add(self, secret: str) -> None:
        """Know one more secret of any length; an empty text is none."""
        if secret:
            self._forms.update(_compute_forms(secret))

    def add_passing(self, secret: str) -> None:
        """Know a secret until :data:`PASSING_SECRETS` others have come."""
        if secret:
            self._passing[secret] = self._passing.pop(secret, set())
            for old in [*self._passing][:-PASSING_SECRETS]:
                del self._passing[old]

    def __call__(self, text: str) -> str:
        """`text` without secrets."""
        if self._compiled[0] != len(self._forms):
            # Longest first, so that a secret which begins another one does not leave its rest behind.
            ordered = sorted(self._forms, key=lambda form: (-len(form), form))
            self._compiled = len(ordered), re.compile("|".join(map(_compute_pattern, ordered)))
        pattern = self._compiled[1]
        spans = [] if pattern is None else [found.span() for found in pattern.finditer(text)]
        for secret, forms in self._passing.items():
            forms.update(() if forms else _compute_forms(secret))
            spans += (span for form in forms for span in _find_all(form, text))
        parts, end = [], 0
        for start, stop in sorted(spans):
            if start >= end:
                parts += [text[end:start], MASK]
            end = max(end, stop)  # of two secrets that overlap, nothing is left behind
        return "".join([*parts, text[end:]]) if parts else text

    def __repr__(self) -> str:
        return f"Redactor({len(self._forms)} forms)"


def _find_all(form: str, text: str) -> Iterator[tuple[int, int]]:
    at = text.find(form)
    while at >= 0:
        yield at, at + len(form)
        at = text.find(form, at + len(form))


def _compute_pattern(form: str) -> str:
    """A pattern that finds a form also with escaped signs, as in JSON, or JSON in JSON; PHP escapes slashes too."""
    return _ESCAPABLE.sub(lambda sign: r"\\*" + sign[0], re.escape(form))


def _compute_forms(secret: str) -> Iterator[str]:
    for form in {secret, *_encode(secret)}:
        yield form
        # Any of them may stand in a URL, in HTML, or in JSON.
        yield from (quote(form, safe="", errors="replace"), quote_plus(form, errors="replace"), html.escape(form))
        for written in (json.dumps(form)[1:-1], json.dumps(form, ensure_ascii=False)[1:-1]):
            yield from (written, written.replace("/", "\\/"))  # PHP's JSON escapes slashes too
    for bare in _write_bytes(secret):
        yield from _compute_base64(bare)


def _write_bytes(secret: str) -> Iterator[bytes]:
    """The secret in each encoding that has all of its letters."""
    for encoding in _ENCODINGS:
        with suppress(UnicodeEncodeError):
            yield secret.encode(encoding)


def _encode(secret: str) -> Iterator[str]:
    for bare in _write_bytes(secret):
        yield from (bare.decode(read, "replace") for read in _MISREAD)
        for encoded in (quote(bare, safe=""), quote(bare), quote_plus(bare)):
            yield encoded
            yield re.sub("%[0-9A-F]{2}", lambda match: match[0].lower(), encoded)
    yield html.escape(secret, quote=False)
    for apostrophe in ("&#x27;", "&#039;", "&#39;", "&apos;", "'"):
        yield html.escape(secret).replace("&#x27;", apostrophe)
        yield _write_entities(secret).replace("'", apostrophe)
    for number in ("&#{};", "&#x{:x};", "&#x{:X};"):
        yield "".join(sign if sign.isascii() and sign.isalnum() else number.format(ord(sign)) for sign in secret)
    slashed = secret.replace("\\", "\\\\").replace("'", "\\'")  # as PHP and Python show a text in code
    yield slashed
    yield slashed.replace('"', '\\"')


def _write_entities(text: str) -> str:
    """As PHP's ``htmlentities``."""
    return "".join(f"&{codepoint2name[ord(sign)]};" if ord(sign) in codepoint2name else sign for sign in text)


def _compute_base64(bare: bytes) -> Iterator[str]:
    """The base64 characters that these bytes alone decide, at each of the three offsets in a longer text."""
    for before, lost in ((0, 0), (1, 2), (2, 3)):
        whole = b64encode(bytes(before) + bare).decode().rstrip("=")
        part = whole[lost : len(whole) - bool((before + len(bare)) % 3)]
        for form in {whole, part} if not before else {part}:
            if form == whole or len(form) >= SHORTEST_BASE64:
                yield from (form, form.translate(_URL_SAFE), form.replace("/", "\\/"))


def neutralise(text: str, limit: int = DEFAULT_TEXT_LIMIT) -> str:
    """Foreign text on one line: control characters escaped, at most `limit` characters, ``…`` where it was cut.

    Strike secrets out first: half a secret at the cut would no longer be recognised.
    """
    if len(text) <= limit and text.isprintable():
        return text
    shown = escape(text[: limit + 1])
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


def escape(text: str) -> str:
    """A text in printable characters only: the others appear as escapes such as ``\\u200b``."""
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)
