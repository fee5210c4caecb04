"""What every answer of the API is wrapped in: ``{"status": true, "data": …}``.

Source: the vendor's documentation. Where it leaves a shape open, every likely reading is accepted.
"""

from __future__ import annotations

from typing import Any

import msgspec

#: What msgspec raises on a body that is no JSON: malformed, not UTF-8, or nested too deep.
BAD_JSON = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

BOM = b"\xef\xbb\xbf"
_TRUE = frozenset({"true", "1"})
_FALSE = frozenset({"false", "0"})
_NULL = msgspec.Raw(b"null")
_Fields = dict[str, msgspec.Raw]
_envelopes = msgspec.json.Decoder(_Fields)
# Floats stay text: 26.0 must not become 26, nor a long number lose digits.
_any_json = msgspec.json.Decoder(float_hook=str)


class Envelope(msgspec.Struct):
    """An answer of the API.

    :param status: whether Ödüyo did what it was asked; None when the answer does not say so in a way that can be read.
    :param is_empty: whether the answer is ``{}``.
    :param message: the texts under ``message``, ``error`` and ``msg``, joined.
    """

    status: bool | None
    is_empty: bool
    message: str
    raw_data: msgspec.Raw

    @property
    def data(self) -> Any:
        """``data``, decoded when it is asked for, as a page of a listing is large; None when it is no JSON."""
        return _decode(self.raw_data)


def parse_envelope(body: bytes) -> Envelope | None:
    """The answer's envelope, or None when the body is not a JSON object."""
    try:
        fields = _envelopes.decode(body.removeprefix(BOM))
    except BAD_JSON:
        return None
    texts = [text for key in ("message", "error", "msg") if isinstance(text := _decode(fields.get(key)), str) and text]
    return Envelope(
        status=parse_status(_decode(fields.get("status"))),
        is_empty=not fields,
        message="; ".join(texts),
        raw_data=fields.get("data", _NULL),
    )


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
