"""What an answer means for what to do next: the one table, as one pure function.

======================================================================  =============
answer                                                                  move
======================================================================  =============
2xx with JSON ``status: true``                                          DONE
200/400/404/409/422 with JSON ``status: false``; 400 ``{}``; 413        REFUSED
401, 403; 200 ``status: false`` with a message about the session        SESSION
429; 503 with ``Retry-After`` to anything but create                    THROTTLED
3xx; no API JSON on 200, 404 or another 4xx, before any good answer     NOT_THIS_API
everything else: 408, 5xx, an empty 200, JSON without a status, …       UNKNOWN
======================================================================  =============

413 counts as refused: what refuses a body for its size does so before anybody acts on it. An empty 200 is a lost
answer, not another program's page. NOT_SENT is never an answer's; the transport tells it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from enum import Enum
from typing import Any

import msgspec

from oduyo_provider.api.codec import Envelope, is_cut, parse_envelope
from oduyo_provider.api.transport import Answer
from oduyo_provider.core.redact import neutralise


class Move(str, Enum):
    """The next move after a request."""

    DONE = "done"
    REFUSED = "refused"
    SESSION = "session"
    THROTTLED = "throttled"
    NOT_SENT = "not_sent"
    UNKNOWN = "unknown"
    NOT_THIS_API = "not_this_api"


class Verdict(msgspec.Struct, frozen=True):
    """What one answer means.

    :param data: the answer's ``data`` when DONE; None for ``list``, whose page :func:`.codec.parse_records` reads.
    :param reason: one line for people, neutralised; empty when DONE.
    :param retry_after_s: how long the server asks to wait; None when it does not say.
    """

    move: Move
    data: Any = None
    reason: str = ""
    retry_after_s: float | None = None


#: Phrases that make a refusal one of the session, after folding case and Turkish letters and dropping quoted parts.
#: Narrow on purpose: "space1: session rooms is too long" is a bad row, and a new login would not mend it.
SESSION_PHRASES = (
    r"(yetkisiz|unauthori[sz]ed)",  # the whole message
    r".*\byetkisiz (erisim|istek|giris|kullanici)\b.*",
    r".*\bunauthori[sz]ed (access|request|user|token)\b.*",
    r".*\b(request|user|access|token|kullanici|istek) (is )?(unauthori[sz]ed|yetkisiz)\b.*",
    r"(session|oturum)",
    r".*\b(session|sessionid|session id|session_id) (has |is |was |id )*(expired|invalid|not found|not valid|timed out"
    r"|timeout|ended|closed|missing|required|unknown|suresi|gecersiz|bulunamadi|hatali).*",
    r".*\b(expired|invalid|missing|unknown|gecersiz|hatali|no) (session|sessionid|session_id|oturum)\b.*",
    r".*\boturum(unuz|un)? (suresi|sureniz|zaman asimi|gecersiz|bulunamadi|bulunmuyor|sona er|sonlan|kapan|kapali|dol"
    r"|acik degil|acilma|acin|acmaniz|hatali|yok|gerek).*",
)

_DONE = Move.DONE  # by a name of its own: before Python 3.12 an enum looks its members up in Python code
_SESSION = re.compile("|".join(f"(?:{phrase})" for phrase in SESSION_PHRASES))
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"|`[^`]*`|<[^>]*>|“[^”]*”|«[^»]*»")
_FOLD = str.maketrans("İIıŞşĞğÜüÖöÇç", "iiissgguuoocc")
_REFUSING = frozenset({200, 400, 404, 409, 422})
_SECONDS = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9})?")


def classify(
    answer: Answer, *, call: str, proven: bool, now: Callable[[], datetime], redact: Callable[[str], str] = str
) -> Verdict:
    """Decide what an answer means.

    :param call: ``create``, ``update``, ``delete`` or ``list``.
    :param proven: a good answer was seen before, so a page that is none of the API's comes from something in between.
    :param now: gives the present time with a zone, for a ``Retry-After`` given as a date.
    :param redact: strikes secrets out of the reason before it is cut.
    """
    envelope = parse_envelope(answer.body)
    move = _choose_move(answer, envelope, call, proven)
    if move is _DONE:
        return Verdict(move, data=envelope.data if envelope and call != "list" else None)
    is_slowing = move is Move.THROTTLED or answer.status == 503  # to a create, it does not say whether it took effect
    retry_after_s = parse_retry_after(answer.headers.get("retry-after"), now()) if is_slowing else None
    return Verdict(move, reason=compute_reason(answer, redact), retry_after_s=retry_after_s)


def _choose_move(answer: Answer, envelope: Envelope | None, call: str, proven: bool) -> Move:
    status = answer.status
    if 200 <= status < 300:
        return _judge_success(answer, envelope, proven)
    if status in (401, 403):
        return Move.SESSION
    if status == 429 or (status == 503 and call != "create" and "retry-after" in answer.headers):
        return Move.THROTTLED
    if 300 <= status < 400:
        return Move.UNKNOWN if proven else Move.NOT_THIS_API
    if 400 <= status < 500 and status != 408:
        return _judge_client_error(answer, envelope, proven)
    return Move.UNKNOWN


def _judge_success(answer: Answer, envelope: Envelope | None, proven: bool) -> Move:
    if envelope is None:
        # A page or a bare value is somebody else's.
        return Move.UNKNOWN if proven or is_cut(answer.body) else Move.NOT_THIS_API
    if envelope.status is False:
        return Move.SESSION if answer.status == 200 and is_about_session(envelope) else Move.REFUSED
    return _DONE if envelope.status else Move.UNKNOWN


def _judge_client_error(answer: Answer, envelope: Envelope | None, proven: bool) -> Move:
    status = answer.status
    if status == 413 or (envelope is not None and (envelope.status is False or (status == 400 and envelope.is_empty))):
        return Move.REFUSED
    # An error code with `status: true` contradicts itself; whether it took effect must be looked up. A 400, 409 or
    # 422 may be a gateway's on the way to the right place, so it does not show that the address is wrong.
    contradicts = envelope is not None and envelope.status is True
    is_half = bool(answer.body.strip()) and is_cut(answer.body)
    return Move.UNKNOWN if proven or contradicts or is_half or status in _REFUSING - {404} else Move.NOT_THIS_API


def is_about_session(envelope: Envelope) -> bool:
    """Whether a refusal is one of the session and not of the row: only a new login mends it."""
    data = envelope.data
    texts = [envelope.message, data if isinstance(data, str) else ""]
    return any(_SESSION.fullmatch(_fold(text)) for text in texts)


def _fold(text: str) -> str:
    plain = _QUOTED.sub(" ", text[:1000]).translate(_FOLD).lower()
    return re.sub(r"[^\w]+", " ", plain).strip()


def compute_reason(answer: Answer, redact: Callable[[str], str] = str) -> str:
    """One line that says what was answered."""
    return f"HTTP {answer.status}: {compute_text(answer, redact, limit=300) or 'no body'}"


def compute_text(answer: Answer, redact: Callable[[str], str] = str, limit: int = 500) -> str:
    """The body as harmless text: redacted, on one line, cut to `limit` characters."""
    # Redacted whole: a cut through a secret would leave a part that is not recognised.
    return neutralise(redact(answer.body.decode("utf-8", "replace")), limit)


def parse_retry_after(value: str | None, now: datetime) -> float | None:
    """Seconds to wait according to ``Retry-After``, given as seconds or as an HTTP date; None when it is neither."""
    text = (value or "").strip()
    if _SECONDS.fullmatch(text):
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    return max(0.0, (moment - now).total_seconds())
