"""The API's wire format, once.

Source: the vendor's documentation; where it leaves a shape open, every plausible reading is accepted here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from oduyo_provider.core.errors import ListingError, LoginRefusedError, NotThisApiError
from oduyo_provider.core.record import Remote
from oduyo_provider.core.redact import neutralise

#: What msgspec raises on a body that is no JSON: malformed, not UTF-8, or nested without end.
BAD_JSON = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
#: Names under which a login's answer carries the session, without case, ``_`` and ``-``; in order of preference.
SESSION_KEYS = ("sessionid", "token")
LONGEST_SESSION_ID = 4096
#: Keys of an answer that an error message shows.
SHOWN_KEYS = 20

_BOM = b"\xef\xbb\xbf"
_TRUE = frozenset({"true", "1"})
_FALSE = frozenset({"false", "0"})
_ID = re.compile(r"[0-9]{1,40}")
_ID_AS_NUMBER = re.compile(r"\s*([0-9]{1,40})(?:\.0+)?\s*", re.ASCII)
_BRACKETED_ID = re.compile(r"<\s*([0-9]{1,40})\s*>")
_TRAILING_ID = re.compile(r"(?:^|\bid\b)\W*([0-9]{1,40})\W*$", re.ASCII | re.IGNORECASE)


class Filter(msgspec.Struct, frozen=True):
    """One condition of a list call; several hold together.

    :param operator: ``=``, ``<>``, ``>``, ``>=``, ``<``, ``<=`` and the others the API documents.
    """

    field: str
    operator: str
    value: str


class Envelope(msgspec.Struct):
    """What every answer of the API is wrapped in.

    :param status: the answer's own verdict; None when it gives none that can be read.
    :param is_empty: whether the answer is ``{}``.
    :param message: the texts under ``message``, ``error`` and ``msg``, joined.
    """

    status: bool | None
    is_empty: bool
    message: str
    raw_data: msgspec.Raw

    @property
    def data(self) -> Any:
        """``data``, decoded now (a page of a listing is large and read elsewhere); None when it is no JSON."""
        return _decode(self.raw_data)


_Fields = dict[str, msgspec.Raw]
_envelopes = msgspec.json.Decoder(_Fields)
_NULL = msgspec.Raw(b"null")


class _PlainEnvelope(msgspec.Struct, forbid_unknown_fields=True):
    """An envelope as documented: nearly every answer is one, and is read at once."""

    status: bool
    data: msgspec.Raw = _NULL


_plain_envelopes = msgspec.json.Decoder(_PlainEnvelope)


class _TextPage(msgspec.Struct):
    """A page as documented, all values text: read without a look at every value."""

    data: list[dict[str, str | None]]


_text_pages = msgspec.json.Decoder(_TextPage)
# Floats stay text: 26.0 must not become 26, nor a long number lose digits.
_any_json = msgspec.json.Decoder(float_hook=str)


def encode_column(fields: Mapping[str, str | None]) -> bytes:
    """The body of ``create``, ``update`` and ``delete``."""
    return msgspec.json.encode({"column": fields})


def encode_list(filters: Sequence[Filter], limit: int, descending: bool = False) -> bytes:
    """The body of ``list``, sorted by id. `limit` counts records; the offset is always 0, see :mod:`.listing`."""
    return msgspec.json.encode(
        {
            "filters": list(filters) or "",
            "params": "",
            "limit": str(limit),
            "offset": "0",
            "sorting": [{"field": "id", "sort": "DESC" if descending else "ASC"}],
        }
    )


def parse_envelope(body: bytes) -> Envelope | None:
    """The answer's envelope, or None when the body is not a JSON object."""
    try:
        plain = _plain_envelopes.decode(body)
    except BAD_JSON:
        return _parse_odd_envelope(body)
    return Envelope(status=plain.status, is_empty=False, message="", raw_data=plain.data)


def _parse_odd_envelope(body: bytes) -> Envelope | None:
    try:
        fields = _envelopes.decode(body.removeprefix(_BOM))
    except BAD_JSON:
        return None
    texts = [text for key in ("message", "error", "msg") if isinstance(text := _decode(fields.get(key)), str) and text]
    return Envelope(
        status=_parse_status(_decode(fields.get("status"))),
        is_empty=not fields,
        message="; ".join(texts),
        raw_data=fields.get("data", _NULL),
    )


def is_cut(body: bytes) -> bool:
    """Whether a body that is no JSON may be the beginning of this API's answer: nothing at all, or half an object."""
    body = body.removeprefix(_BOM).strip()
    if body[:1] != b"{":
        return not body
    try:
        _envelopes.decode(body)
    except RecursionError:  # whole or not, no answer is that deep
        return False
    except BAD_JSON:
        return True
    return False


def parse_created_id(data: object) -> str | None:
    """Ödüyo's id for a new record, out of ``data`` of a create's answer; None when there is none.

    Documented: ``"Erp Special Code successfully added id <1>"``, with quotes of its own. One documented example lacks
    the number. Id 0 is what some databases report when nothing was inserted, so it counts as none.
    """
    if isinstance(data, dict):
        data = data.get("id")
    if isinstance(data, bool) or not isinstance(data, (int, str)):
        return None
    text = str(data)
    match = _BRACKETED_ID.search(text) or (None if text.startswith("-") else _TRAILING_ID.search(text))
    return match[1] if match and int(match[1]) > 0 else None


def parse_session_id(body: bytes, path: str | None) -> str:
    """The session id out of a login's answer.

    :param path: dotted path through objects and list positions; None looks in all documented places.
    :raises LoginRefusedError: the answer says ``status: false``.
    :raises NotThisApiError: the answer is no JSON, or holds no session; the message shows its keys, never its values.
    """
    try:
        answer = _any_json.decode(body.removeprefix(_BOM))
    except BAD_JSON:
        answer = None
    if not isinstance(answer, dict) and not (path and isinstance(answer, list)):
        raise NotThisApiError(
            "The login was answered with something that is not a JSON object, so this is not the Ödüyo API. "
            "Check host and path of the connection."
        )
    if isinstance(answer, dict) and _parse_status(answer.get("status")) is False:
        raise LoginRefusedError(
            f"Ödüyo answered the login with status false (keys of the answer: {_describe_keys(answer)}). "
            "Check login, password and api_key of the connection, and the user's rights in the Ödüyo panel."
        )
    session = _clean_session(_find_session(answer) if path is None else _walk(answer, path))
    if session is None:
        hint = "the extra session_id_path names its place" if path is None else f"session_id_path is '{path}'"
        raise NotThisApiError(
            f"The login was answered, but no session id was found in the answer; {hint}. "
            f"Keys of the answer: {_describe_keys(answer)}. Set session_id_path to where the session id stands, "
            "or check host and path of the connection."
        )
    return session


def parse_records(body: bytes) -> list[Remote]:
    """The records of a list call's answer, every value text or None, every ``id`` a text of digits.

    :raises ListingError: the answer is not a list of records, or a record has no whole number as its id.
    """
    body = body.removeprefix(_BOM)
    try:
        records: list[Remote] = _text_pages.decode(body).data
    except BAD_JSON:
        records = _parse_odd_records(body)
    for record in records:
        found = record.get("id")
        if found is None or not _ID.fullmatch(found):
            match = _ID_AS_NUMBER.fullmatch(found or "")
            if match is None:
                shown = neutralise(repr(found), 60)
                raise ListingError(
                    f"Ödüyo listed a record whose id is {shown}, not a whole number, so the listing cannot be paged. "
                    "Ask Ödüyo's support about this record, then start the task again."
                )
            record["id"] = match[1]
    return records


def _parse_odd_records(body: bytes) -> list[Remote]:
    """As documented in meaning, not in types: numbers or flags among the values, nothing instead of an empty list."""
    try:
        answer = _any_json.decode(body)
    except BAD_JSON:
        answer = None
    data = answer.get("data", ()) if isinstance(answer, dict) else ()
    if data is None or data == "":
        return []
    if not isinstance(data, list) or not all(isinstance(record, dict) for record in data):
        raise ListingError(
            "Ödüyo answered a list call with something that is not a list of records. "
            "Start the task again; if it stays so, ask Ödüyo's support whether the API has changed."
        )
    return [{name: _as_text(value) for name, value in record.items()} for record in data]


def _as_text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "1" if value else "0"
    return str(value) if isinstance(value, int) else msgspec.json.encode(value).decode()


def _decode(raw: msgspec.Raw | None) -> Any:
    if raw is None:
        return None
    try:
        return _any_json.decode(raw)
    except BAD_JSON:
        return None


def _parse_status(value: object) -> bool | None:
    text = str(value).strip().lower() if isinstance(value, (bool, int, str)) else ""
    return True if text in _TRUE else False if text in _FALSE else None


def _find_session(answer: Any) -> object:
    """Look in the answer itself, in ``data``, and in the first element of ``data``."""
    data = answer.get("data")
    first = data[0] if isinstance(data, list) and data else data
    for place in (answer, first):
        if isinstance(place, dict):
            folded = {key.lower().replace("_", "").replace("-", ""): value for key, value in place.items()}
            for key in SESSION_KEYS:
                if _clean_session(folded.get(key)) is not None:
                    return folded[key]
    return first


def _walk(answer: object, path: str) -> object:
    place: Any = answer
    for step in (part.strip() for part in path.split(".")):
        if isinstance(place, list) and step.isdecimal() and int(step) < len(place):
            place = place[int(step)]
        elif isinstance(place, dict):
            folded = {key.lower(): value for key, value in place.items()}
            place = place[step] if step in place else folded.get(step.lower())
        else:
            return None
    return place


def _clean_session(value: object) -> str | None:
    """A usable session id: one word that a header can carry. A sentence, a flag or an object is none."""
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        return None
    text = str(value).strip().strip('"')
    usable = 0 < len(text) <= LONGEST_SESSION_ID and text.isascii() and text.isprintable() and " " not in text
    return text if usable else None


def _describe_keys(answer: object) -> str:
    """The keys of `answer`, and of ``data`` within it, as one line."""
    inner: object = answer
    keys: list[str] = []
    if isinstance(answer, dict):
        keys += [str(key) for key in answer]
        inner = answer.get("data")
    first = inner[0] if isinstance(inner, list) and inner else inner
    if isinstance(first, dict) and first is not answer:
        keys += [f"data.{key}" for key in first]
    return ", ".join(neutralise(key, 40) for key in keys[:SHOWN_KEYS]) or "none"
