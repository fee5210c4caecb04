"""Describes the form of a site's answers to a list call and a login; it never shows values of records."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from oduyo_provider.api.body import is_nothing, strip_marks
from oduyo_provider.api.envelope import parse_envelope, parse_json
from oduyo_provider.api.meaning import Meaning, compute_reason
from oduyo_provider.api.probe import Seen
from oduyo_provider.core.language import gettext
from oduyo_provider.core.record import Resource
from oduyo_provider.core.redact import Redactor, neutralise
from oduyo_provider.sync.check.questions import Found

ZERO_DATE = "0000-00-00 00:00:00"
#: Fields of a record that Ödüyo sets itself, besides the resource's own.
_OWN_FIELDS = frozenset({"id", "note", "created_in", "updated_in"})
SHOWN_NAMES = 12
#: In characters; shorter texts are hardly a session id.
SHORTEST_SESSION_ID = 8


def describe_records(body: bytes, resource: Resource) -> list[Found]:
    """The form of a list that holds records; empty if it holds none."""
    answer = parse_json(body)
    data = answer.get("data") if isinstance(answer, dict) else None
    found: list[Found] = []
    if isinstance(data, dict):
        data, reading = ([data], "object") if "id" in data else (list(data.values()), "other")
        found.append(Found.of("list_shape", reading, words=gettext("an object with a number for each")))
    elif isinstance(data, str):
        data = parse_json(data.encode())
        found.append(Found.of("list_shape", "other", words=gettext("JSON within a text")))
    records = [record for record in data if isinstance(record, dict)] if isinstance(data, list) else []
    if not records:
        return []
    found += _describe_fields(records, resource)
    return found or [Found.of("list_shape", "documented")]


def _describe_fields(records: list[dict[str, Any]], resource: Resource) -> Iterator[Found]:
    numbers = {name for record in records for name, value in record.items() if isinstance(value, (int, float))}
    if numbers:
        yield _find_shape("numbers", numbers)
    values = [value for record in records for value in record.values()]
    if any(record.get(name) is None for record in records for name in record if name != "note"):
        yield Found.of("list_shape", "nulls")
    known = _OWN_FIELDS | set(resource.field_names)
    if any(known - record.keys() for record in records):
        yield Found.of("list_shape", "left_out")
    if more := {name for record in records for name in record} - known:
        yield _find_shape("more_fields", more)
    if ZERO_DATE in values:
        yield Found.of("list_shape", "zero_dates")
    if not any(record.get("integration_id") for record in records):
        yield Found.of("list_shape", "no_keys")


def _find_shape(reading: str, names: set[str]) -> Found:
    shown = [neutralise(name, 40) for name in sorted(names)]
    more = gettext(" and %(count)s more", count=len(shown) - SHOWN_NAMES) if len(shown) > SHOWN_NAMES else ""
    return Found.of("list_shape", reading, names=", ".join(shown[:SHOWN_NAMES]) + more)


def describe_empty(seen: Seen, redact: Redactor) -> Found:
    """The form of a list that holds no record."""
    answer = seen.answer
    if answer is None:
        return Found.of("empty_list", "unknown", words=seen.classification.reason)
    envelope = parse_envelope(answer.body)
    if envelope is not None and envelope.words:
        return Found.of("empty_list", "words", words=compute_reason(answer, redact))
    if envelope is not None and envelope.status is False and answer.status in (200, 404):
        return Found.of("empty_list", "bare_no", status=str(answer.status))
    if seen.meaning is not Meaning.DONE:
        return Found.of("empty_list", "unknown", words=compute_reason(answer, redact))
    if envelope is not None and envelope.status and envelope.data == [] and answer.status == 200:
        return Found.of("empty_list", "documented")
    shown = neutralise(strip_marks(answer.body).decode("utf-8", "replace"), 60) or gettext("an empty body")
    is_bare = is_nothing(answer.body) and answer.status == 404
    return Found.of("empty_list", "nothing", words=gettext("HTTP 404 and %(body)s", body=shown) if is_bare else shown)


def find_session_path(body: bytes, session_id: str) -> str:
    """The dotted path of the session id in a login's answer; empty if it is not found."""
    return next((path for path, value in _walk(parse_json(body)) if str(value).strip().strip('"') == session_id), "")


def guess_session_paths(body: bytes) -> list[str]:
    """The dotted paths of what may be a session id: texts of one long word."""
    return [
        path
        for path, value in _walk(parse_json(body))
        if isinstance(value, str)
        and len(value.strip()) >= SHORTEST_SESSION_ID
        and not any(map(str.isspace, value.strip()))
    ]


def _walk(value: object, path: str = "", depth: int = 5) -> Iterator[tuple[str, object]]:
    if isinstance(value, (dict, list)) and depth:
        parts = value.items() if isinstance(value, dict) else enumerate(value)
        for name, part in parts:
            yield from _walk(part, f"{path}.{name}" if path else str(name), depth - 1)
    elif path:
        yield path, value
