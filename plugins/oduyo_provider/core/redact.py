"""The one place where secrets are struck out and foreign text is made harmless."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus

from oduyo_provider.core.encodings import Span, decode

MASK = "***"
#: Characters of foreign text that a log line or an exception shows.
DEFAULT_TEXT_LIMIT = 500

#: Base64 of a longer text is known by the part that the secret alone decides. A shorter part could stand in any text.
_SHORTEST_PART = 6
_URL_SAFE = str.maketrans("+/", "-_")
_BASE64 = re.compile("[A-Za-z0-9+/_-]")


class Redactor:
    """Replaces every secret it knows by ``***``, also where a secret stands in base64, or encoded for a URL, HTML, JSON or code.

    A text is decoded to look for secrets; what is returned is the text itself, without them.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._forms: set[str] = set()
        self._parts: set[str] = set()
        self._form: re.Pattern[str] | None = None
        self._part: re.Pattern[str] | None = None
        for secret in secrets:
            self.add(secret)

    def add(self, secret: str) -> None:
        """Know one more secret of any length; an empty text is none."""
        if secret:
            self._forms.update(_compute_forms(secret))
            self._parts.update(_compute_parts(secret))
            self._form, self._part = _compile(self._forms), _compile(self._parts)

    def __call__(self, text: str) -> str:
        """`text` without secrets."""
        if self._form is None:
            return text
        hidden = [*self._find_parts(text), *self._find_encoded(text)]
        if not hidden:
            return self._form.sub(MASK, text)
        return _strike_out(text, sorted([*hidden, *self._find_forms(text)]))

    def __repr__(self) -> str:
        return f"Redactor({len(self._forms)} forms)"

    def _find_encoded(self, text: str) -> Iterator[Span]:
        """Secrets that show only when the text is decoded."""
        for decoded, ways in decode(text):
            for found in (self._find_forms(decoded), self._find_parts(decoded)):
                spans = list(found)
                sizes = [end - start for start, end in spans]
                for encoding, before in ways:
                    spans = encoding.locate(before, spans)
                # What is as long as before holds nothing that was decoded.
                yield from (span for span, size in zip(spans, sizes, strict=True) if span[1] - span[0] > size)

    def _find_forms(self, text: str) -> Iterator[Span]:
        return (found.span() for found in self._form.finditer(text)) if self._form else iter(())

    def _find_parts(self, text: str) -> Iterator[Span]:
        for found in self._part.finditer(text) if self._part else ():
            # The characters beside the part hold the remaining bits of the secret.
            before, after = _BASE64.match(text, max(found.start() - 1, 0)), _BASE64.match(text, found.end())
            yield found.start() - bool(found.start() and before), found.end() + bool(after)


def _compile(forms: Iterable[str]) -> re.Pattern[str] | None:
    # Longest first, so that a secret which begins another one does not leave its rest behind.
    ordered = sorted(forms, key=lambda form: (-len(form), form))
    return re.compile("|".join(map(re.escape, ordered))) if ordered else None


def _compute_forms(secret: str) -> Iterator[str]:
    yield secret
    yield secret.replace(" ", "+")  # as in a form field
    for raw in _compute_bytes(secret):
        whole = b64encode(raw).decode().rstrip("=")
        yield from (whole, whole.translate(_URL_SAFE))


def _compute_parts(secret: str) -> Iterator[str]:
    """What base64 makes of a secret within a longer text: its bytes begin at one of three places in a group of four letters."""
    for raw in _compute_bytes(secret):
        for first, offset in enumerate((0, 2, 3)):
            part = b64encode(bytes(first) + raw).decode()[offset : (first + len(raw)) * 4 // 3]
            if len(part) >= _SHORTEST_PART:
                yield from (part, part.translate(_URL_SAFE))


def _compute_bytes(secret: str) -> set[bytes]:
    """What is put into base64: the secret, also as it is written for a URL or in JSON."""
    raw = secret.encode("utf-8", "surrogatepass")
    found = {raw, *(text.encode() for text in (quote(raw, safe=""), quote_plus(raw), json.dumps(secret)[1:-1]))}
    try:
        return {*found, secret.encode("windows-1254")}
    except UnicodeEncodeError:
        return found


def _strike_out(text: str, spans: Iterable[Span]) -> str:
    """A text with its spans masked, those that overlap by one mask.

    :param spans: in order.
    """
    shown: list[str] = []
    done = 0
    for start, end in spans:
        if start >= done:
            shown += text[done:start], MASK
        done = max(done, end)
    return "".join(shown) + text[done:]


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
