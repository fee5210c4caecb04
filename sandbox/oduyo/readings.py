"""Every point that the API's documentation leaves open, and every way a server may behave, as one setting each."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec

Compare = Literal["number", "text"]
TextCompare = Literal["exact", "loose"]
Seconds = Annotated[float, msgspec.Meta(ge=0)]
Positive = Annotated[int, msgspec.Meta(ge=1)]


class Readings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How this server reads the API's open points. The defaults are the friendliest reading.

    Login and sessions:

    :param login_shape: where the session id stands in the login's answer.
    :param login_refusal: HTTP status of a refused login; 200 comes with ``status: false``.
    :param session_ttl_s: how long a session lives, counted from its login; also for sessions already issued.
    :param single_session: a login ends every earlier session.
    :param session_dead_answer: HTTP status for a dead or unknown session; 200 comes with ``status: false``.

    Lists:

    :param list_cap: the largest ``limit`` that is honoured; None for any.
    :param empty_list: 200 answers ``data: []``, 404 answers ``status: false``.
    :param id_compare: how ids compare in filters and sorting, as numbers or as text.
    :param filter_compare: the same for filters alone; None follows ``id_compare``.
    :param sort_compare: the same for sorting alone; None follows ``id_compare``.
    :param text_compare: how ``=``, ``<>`` and ``IN`` compare text: letter for letter, or loosely as MySQL's usual
        collations do: neither case nor accents nor blanks at the end count.
    :param offset_meaning: rows to skip, or the id to start from.
    :param null_style: whether a list returns an empty field as ``""`` or as null.
    :param list_lag_s: how long after its commit a write shows in lists.

    Writes:

    :param update_keeps_absent: fields that an update leaves out are kept; else they are wiped.
    :param error_style: HTTP status of ``{"status": false}``.
    :param silently_cut: field to the length that is stored of it.
    :param stamps: ``unless_sent`` lets a body set ``created_in`` and ``updated_in``; ``always`` overrides it.
    :param accepts_empty_datetime: whether ``""`` passes for a date.
    :param late_commit_s: how long after its answer a write takes effect.
    :param late_id_every: every so many creates, one commits late, after higher ids; 0 for never.
    :param late_id_s: how late that one commits.
    :param id_step: distance between two new ids.

    Load:

    :param max_requests_per_second: beyond it, 429 with ``Retry-After: 1``; None for any.
    :param latency_s: added before every answer.
    :param max_body_bytes: a longer body gets 413.
    """

    login_shape: Literal[
        "data.session_id", "session_id", "SESSION_ID", "data", "data_list", "token", "oturum.anahtar"
    ] = "data.session_id"
    login_refusal: Literal[401, 403, 200] = 401
    session_ttl_s: Seconds = 3600.0
    single_session: bool = False
    session_dead_answer: Literal[401, 403, 200] = 401
    list_cap: Positive | None = None
    empty_list: Literal[200, 404] = 200
    id_compare: Compare = "number"
    filter_compare: Compare | None = None
    sort_compare: Compare | None = None
    text_compare: TextCompare = "exact"
    offset_meaning: Literal["skip", "start_id"] = "skip"
    null_style: Literal["empty", "null"] = "empty"
    list_lag_s: Seconds = 0.0
    update_keeps_absent: bool = True
    error_style: Literal[404, 200] = 404
    silently_cut: dict[str, Annotated[int, msgspec.Meta(ge=0)]] = {}
    stamps: Literal["unless_sent", "always"] = "unless_sent"
    accepts_empty_datetime: bool = False
    late_commit_s: Seconds = 0.0
    late_id_every: Annotated[int, msgspec.Meta(ge=0)] = 0
    late_id_s: Seconds = 0.0
    id_step: Positive = 1
    max_requests_per_second: Positive | None = None
    latency_s: Seconds = 0.0
    max_body_bytes: Positive = 1_048_576

    @property
    def filtering(self) -> Compare:
        """How a filter compares ids."""
        return self.filter_compare or self.id_compare

    @property
    def ordering(self) -> Compare:
        """How sorting compares ids."""
        return self.sort_compare or self.id_compare


def parse_readings(changes: Mapping[str, object], base: Readings | None = None) -> Readings:
    """Lay ``changes`` over ``base`` (default: all defaults).

    :raises ValueError: an unknown reading or a value that it does not take; the text says which.
    """
    current = msgspec.structs.asdict(base or Readings())
    try:
        return msgspec.convert({**current, **changes}, Readings)
    except msgspec.ValidationError as error:  # no ValueError before msgspec 0.21
        raise ValueError(str(error)) from error


def parse_argument(text: str) -> tuple[str, object]:
    """Split ``name=value`` from the command line; the value is JSON, or else plain text.

    :raises ValueError: there is no ``=``.
    """
    name, sign, value = text.partition("=")
    if not sign:
        raise ValueError(f"a reading is given as name=value, not as {text!r}")
    try:
        return name, json.loads(value)
    except json.JSONDecodeError:
        return name, value
