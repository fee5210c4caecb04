"""The envelope of every answer of the API: ``{"status": true, "data": …}``.

Source: the vendor's documentation. Where it leaves a shape open, every likely reading is accepted.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any, TypeVar

import msgspec

from oduyo_provider.api.body import find_object, strip_marks

#: What msgspec raises on a body that is no JSON: malformed, not UTF-8, or nested too deep.
BAD_JSON = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
#: Where Ödüyo says why it refused something.
MESSAGE_KEYS = ("message", "error", "msg")

_TRUE = frozenset({"true", "1"})
_FALSE = frozenset({"false", "0"})
_T = TypeVar("_T")
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
    """The answer's envelope, also with text around it; None when the body holds no JSON object."""
    fields = _decode_answer(_envelopes, body)
    return None if fields is None else Envelope(fields, parse_status(_decode(fields.get("status"))))


def parse_json(body: bytes) -> Any:
    """The body as JSON, floats as text, also with text around it; None when it is none."""
    return _decode_answer(_any_json, body)


def parse_status(value: object) -> bool | None:
    """A ``status``: true and false as such, as text or as a number; None for anything else."""
    text = str(value).strip().lower() if isinstance(value, (bool, int, str)) else ""
    return True if text in _TRUE else False if text in _FALSE else None


def _decode_answer(decoder: msgspec.json.Decoder[_T], body: bytes) -> _T | None:
    for read in (bytes, strip_marks, find_object):
        with suppress(*BAD_JSON):
            found = read(body)
            return None if found is None else decoder.decode(found)
    return None


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
