"""What every answer of the API is wrapped in: ``{"status": true, "data": …}``.

Source: the vendor's documentation. Where it leaves a shape open, every likely reading is accepted.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

#: What msgspec raises on a body that is no JSON: malformed, not UTF-8, or nested too deep.
BAD_JSON = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
#: Where Ödüyo says why it refused something.
MESSAGE_KEYS = ("message", "error", "msg")

BOM = b"\xef\xbb\xbf"
_TRUE = frozenset({"true", "1"})
_FALSE = frozenset({"false", "0"})
_Fields = dict[str, msgspec.Raw]
_envelopes = msgspec.json.Decoder(_Fields)
# Floats stay text: 26.0 must not become 26, nor a long number lose digits.
_any_json = msgspec.json.Decoder(float_hook=str)


class Envelope(msgspec.Struct):
    """An answer of the API. Its parts are decoded when they are asked for, as a page of a listing is large.

    :param fields: all of its fields, not decoded.
    :param status: whether Ödüyo did what it was asked; None when the answer does not say so in a way that can be read.
    """

    fields: dict[str, msgspec.Raw]
    status: bool | None

    @property
    def data(self) -> Any:
        """``data``; None when there is none, or it is no JSON."""
        return _decode(self.fields.get("data"))

    @property
    def message(self) -> str:
        """The texts under :data:`MESSAGE_KEYS`, joined."""
        return "; ".join(text for key in MESSAGE_KEYS for text in _find_texts(_decode(self.fields.get(key))))

    @property
    def words(self) -> str:
        """Every text in the answer, its message first; empty for a bare ``{"status": false}``."""
        others = self.fields.keys() - {*MESSAGE_KEYS, "status"}
        texts = [text for key in self.fields if key in others for text in _find_texts(_decode(self.fields[key]))]
        return "; ".join([text for text in (self.message, *texts) if text])


def parse_envelope(body: bytes) -> Envelope | None:
    """The answer's envelope, or None when the body is not a JSON object."""
    try:
        fields = _envelopes.decode(body.removeprefix(BOM))
    except BAD_JSON:
        return None
    return Envelope(fields, parse_status(_decode(fields.get("status"))))


def parse_json(body: bytes) -> Any:
    """The body as JSON, floats as text; None when it is none."""
    return _decode(body.removeprefix(BOM))


def is_cut(body: bytes) -> bool:
    """Whether a body that is no JSON may be the beginning of this API's answer: nothing at all, or half an object."""
    body = body.removeprefix(BOM).strip()
    if body[:1] != b"{":
        return not body
    try:
        _envelopes.decode(body)
    except RecursionError:  # no answer of this API is nested that deep, whole or cut
        return False
    except BAD_JSON:
        return True
    return False


def parse_status(value: object) -> bool | None:
    """A ``status``: true and false as such, as text or as a number; None for anything else."""
    text = str(value).strip().lower() if isinstance(value, (bool, int, str)) else ""
    return True if text in _TRUE else False if text in _FALSE else None


def _decode(raw: bytes | msgspec.Raw | None) -> Any:
    if raw is None:
        return None
    try:
        return _any_json.decode(raw)
    except BAD_JSON:
        return None


def _find_texts(value: object, depth: int = 5) -> Iterator[str]:
    """Every text with a letter in it, also within lists and objects, down to `depth`."""
    if isinstance(value, str):
        if any(character.isalpha() for character in value):
            yield value.strip()
    elif isinstance(value, (list, dict)) and depth:
        for part in value.values() if isinstance(value, dict) else value:
            yield from _find_texts(part, depth - 1)
