"""Records on the wire: the bodies of create, update, delete and list, and their answers.

Source: the vendor's documentation. Where it leaves a shape open, every likely reading is accepted.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

import msgspec

from oduyo_provider.api.envelope import BAD_JSON, parse_json
from oduyo_provider.api.listing_errors import explain_encoding
from oduyo_provider.core.errors import ListingError
from oduyo_provider.core.language import gettext
from oduyo_provider.core.record import Remote
from oduyo_provider.core.redact import neutralise

# No table gets further, and larger ones would not fit where many are kept in mind. Without the zeros before it, which MySQL's
# ZEROFILL shows in lists and not in the answer of a create: one record has one id.
_ID = re.compile(r"0|[1-9][0-9]{0,18}")
_ID_AS_NUMBER = re.compile(r"\s*0*([0-9]{1,19})(?:\.0+)?\s*", re.ASCII)
_BRACKETED_ID = re.compile(r"<\s*0*([0-9]{1,19})\s*>")
_TRAILING_ID = re.compile(r"(?:^|\bid\b)\W*0*([0-9]{1,19})\W*$", re.ASCII | re.IGNORECASE)


class Filter(msgspec.Struct, frozen=True):
    """One condition of a list call; several hold together.

    :param operator: ``=``, ``<>``, ``>``, ``>=``, ``<``, ``<=`` and the others the API documents.
    :param value: one value; of ``IN`` nothing says whether it takes a text or a list, so that nothing depends on it.
    """

    field: str
    operator: str
    value: str | tuple[str, ...]


class _TextPage(msgspec.Struct):
    """A page as documented: all values are text. Decoded in one go, three times as fast as value by value."""

    data: list[dict[str, str | None]]


_text_pages = msgspec.json.Decoder(_TextPage)


def encode_column(fields: Mapping[str, str | None]) -> bytes:
    """The body of ``create``, ``update`` and ``delete``."""
    return msgspec.json.encode({"column": fields})


def encode_list(filters: Sequence[Filter], limit: int, descending: bool = False, *, offset: str = "0") -> bytes:
    """The body of ``list``, sorted by id. `limit` counts records.

    :param offset: rows to skip, or an id: nothing says which, so that listings leave it at 0, see :mod:`.listing`.
    """
    return msgspec.json.encode(
        {
            "filters": list(filters) or "",
            "params": "",
            "limit": str(limit),
            "offset": offset,
            "sorting": [{"field": "id", "sort": "DESC" if descending else "ASC"}],
        }
    )


def parse_created_id(data: object) -> str | None:
    """Ödüyo's id for a new record, out of ``data`` of a create's answer; None when there is none.

    Documented: ``"Erp Special Code successfully added id <1>"``, with quotes of its own. One documented example has no
    number. Some databases report the id 0 when nothing was inserted, so 0 counts as none.
    """
    if isinstance(data, dict):
        data = data.get("id")
    if isinstance(data, bool) or not isinstance(data, (int, str)):
        return None
    text = str(data)
    match = _BRACKETED_ID.search(text) or (None if text.startswith("-") else _TRAILING_ID.search(text))
    return match[1] if match and int(match[1]) > 0 else None


class Page(msgspec.Struct, frozen=True):
    """What a list call was answered with.

    :param records: every value text or None, every ``id`` a text of digits.
    :param words: what Ödüyo said instead of records; empty when it said nothing.
    :param is_no: whether it said ``status: false``.
    """

    records: list[Remote]
    words: str = ""
    is_no: bool = False


def parse_page(body: bytes, redact: Callable[[str], str] = str) -> Page:
    """A list call's answer with ``status: true``.

    :param redact: removes secrets from what an error shows.

    :raises ListingError: it is not a list of records, or a record has no whole number as its id.
    """
    try:
        records: list[Remote] = _text_pages.decode(body).data
    except BAD_JSON:
        page = _parse_odd_page(body, redact)
        if page.words:
            return page
        records = page.records
    for record in records:
        found = record.get("id")
        if found is None or not _ID.fullmatch(found):
            match = _ID_AS_NUMBER.fullmatch(found or "")
            if match is None:
                raise ListingError(
                    gettext(
                        "Ödüyo listed a record whose id is %(found)s, not a whole number of at most 19 digits, so the "
                        "listing cannot be paged. Ask Ödüyo's support about this record, then start the task again.",
                        found=neutralise(redact(repr(found)), 60),
                    )
                )
            record["id"] = match[1]
    return Page(records)


def _parse_odd_page(body: bytes, redact: Callable[[str], str]) -> Page:
    """Shapes other than documented, as PHP gives them: see :func:`_find_records`."""
    answer = parse_json(body)
    data = answer.get("data") if isinstance(answer, dict) else ()
    if isinstance(data, str) and data:
        unpacked = parse_json(data.encode())  # encoded twice, as the text of create's answer is
        if unpacked is None and data.strip() != "null":
            unpacked = data
        if isinstance(unpacked, str):
            return Page([], words=unpacked)
        data = unpacked
    records = _find_records(data)
    if records is None:
        _check_encoding(body, redact)
        raise ListingError(
            gettext(
                "Ödüyo answered a list call with something that is not a list of records. Start the task again; if it "
                "stays so, ask Ödüyo's support whether the API has changed."
            )
        )
    return Page([{name: _as_text(value) for name, value in record.items()} for record in records])


def _check_encoding(body: bytes, redact: Callable[[str], str]) -> None:
    """Raise ListingError, naming the first text, where only texts that are not UTF-8 keep a body from being records."""
    marked = body.replace("\ufffd".encode(), b"?").decode(
        errors="replace"
    )  # the sign stands for what cannot be read alone
    answer = parse_json(marked.encode())
    records = _find_records(answer.get("data") if isinstance(answer, dict) else None) or []
    for record in records:
        for value in map(str, record.values()):
            if "\ufffd" in value:
                raise ListingError(
                    explain_encoding(neutralise(str(record.get("id")), 40), neutralise(redact(value), 80))
                )


def _find_records(data: object) -> list[dict[str, object]] | None:
    """The records in ``data``; None when it is nothing that holds records.

    PHP writes an array whose numbers have a gap as an object, an empty array also as ``{}``, ``false``, ``null``, ``""``
    or not at all, and some programs unwrap an array of one record.
    """
    if data is None or data is False or data == "":
        return []
    if isinstance(data, dict):
        data = [data] if "id" in data else list(data.values())
    return data if isinstance(data, list) and all(isinstance(record, dict) for record in data) else None


def _as_text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "1" if value else "0"
    return str(value) if isinstance(value, int) else msgspec.json.encode(value).decode()
