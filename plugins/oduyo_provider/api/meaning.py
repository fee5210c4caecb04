"""What an answer means for what to do next: one table, as one pure function.

======================================================================  =============
answer                                                                  meaning
======================================================================  =============
2xx with JSON ``status: true``                                          DONE
200/400/404/409/422 with JSON ``status: false``; 400 ``{}``; 413        REFUSED
401, 403 with JSON; 200 ``status: false`` with a message about that     SESSION
403 and 406 without JSON                                                BLOCKED
429; 503 with ``Retry-After`` to anything but create                    THROTTLED
3xx; no API JSON on 200, 404 or another 4xx, before any good answer     NOT_THIS_API
everything else: 408, 5xx, an empty 200, JSON without a status, …       UNKNOWN
======================================================================  =============

413 counts as refused: a server that refuses a body for its size does so before it acts on it. An empty 200 is a lost
answer, not another program's page. NOT_SENT is no answer's meaning; the transport tells it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from enum import Enum
from typing import Any

import msgspec

from oduyo_provider.api.envelope import Envelope, is_cut, parse_envelope
from oduyo_provider.api.transport import Answer
from oduyo_provider.core.redact import neutralise


class Meaning(str, Enum):
    """What became of a request."""

    DONE = "done"
    REFUSED = "refused"  # Ödüyo said no
    SESSION = "session"  # the session is not accepted: log in again
    BLOCKED = (
        "blocked"  # not by the API: a web firewall refuses this request, or the site every request of this session
    )
    THROTTLED = "throttled"  # wait, then send again
    NOT_SENT = "not_sent"  # no byte left for Ödüyo
    UNKNOWN = "unknown"  # it may have taken effect or not
    NOT_THIS_API = "not_this_api"  # another program answers at this address


class Classification(msgspec.Struct, frozen=True):
    """An answer's meaning, with what goes with it.

    :param data: the answer's ``data`` when DONE; None for ``list``, whose page :func:`.records.parse_page` reads.
    :param reason: one line for people, neutralised; empty when DONE.
    :param retry_after_s: how long the server asks to wait; None when it does not say.
    """

    meaning: Meaning
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

_SESSION = re.compile("|".join(f"(?:{phrase})" for phrase in SESSION_PHRASES))
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"|`[^`]*`|<[^>]*>|“[^”]*”|«[^»]*»")
_FOLD = str.maketrans("İIıŞşĞğÜüÖöÇç", "iiissgguuoocc")
#: Characters of a web page in which its text is looked for.
LONGEST_SHOWN_PAGE = 20_000
_MARKUP = re.compile(r"<(script|style)\b.*?</\1\s*>|<[^>]*>", re.DOTALL | re.IGNORECASE)
_REFUSING = frozenset({200, 400, 404, 409, 422})
_SECONDS = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9})?")


def classify(answer: Answer, *, call: str, proven: bool, redact: Callable[[str], str] = str) -> Classification:
    """What an answer means.

    :param call: ``create``, ``update``, ``delete`` or ``list``.
    :param proven: an answer of the API was seen before, so that a page that is none comes from something in between.
    :param redact: removes secrets from the reason before it is cut.
    """
    envelope = parse_envelope(answer.body)
    meaning = _find_meaning(answer, envelope, call, proven)
    if meaning is Meaning.DONE:
        return Classification(meaning, data=envelope.data if envelope and call != "list" else None)
    asks_to_wait = meaning is Meaning.THROTTLED or answer.status == 503
    return Classification(
        meaning,
        reason=compute_reason(answer, redact),
        retry_after_s=compute_retry_after(answer) if asks_to_wait else None,
    )


def _find_meaning(answer: Answer, envelope: Envelope | None, call: str, proven: bool) -> Meaning:
    status = answer.status
    if 200 <= status < 300:
        return _find_success_meaning(answer, envelope, proven)
    if status in (403, 406) and envelope is None:
        return Meaning.BLOCKED
    if status in (401, 403):
        return Meaning.SESSION
    # A 503 does not say whether a create took effect.
    if status == 429 or (status == 503 and call != "create" and "retry-after" in answer.headers):
        return Meaning.THROTTLED
    if 300 <= status < 400:
        return Meaning.UNKNOWN if proven else Meaning.NOT_THIS_API
    if 400 <= status < 500 and status != 408:
        return _find_client_error_meaning(answer, envelope, proven)
    return Meaning.UNKNOWN


def _find_success_meaning(answer: Answer, envelope: Envelope | None, proven: bool) -> Meaning:
    if envelope is None:
        return Meaning.UNKNOWN if proven or is_cut(answer.body) else Meaning.NOT_THIS_API
    if envelope.status is False:
        return Meaning.SESSION if answer.status == 200 and is_about_session(envelope) else Meaning.REFUSED
    return Meaning.DONE if envelope.status else Meaning.UNKNOWN


def _find_client_error_meaning(answer: Answer, envelope: Envelope | None, proven: bool) -> Meaning:
    status = answer.status
    if status == 413 or (
        envelope is not None and (envelope.status is False or (status == 400 and not envelope.fields))
    ):
        return Meaning.REFUSED
    # An error code with `status: true` contradicts itself: whether it took effect must be looked up. A gateway on the
    # way to the right address may answer 400, 409 or 422, so these do not show that the address is wrong.
    contradicts = envelope is not None and envelope.status is True
    is_half = bool(answer.body.strip()) and is_cut(answer.body)
    is_right_address = proven or contradicts or is_half or status in _REFUSING - {404}
    return Meaning.UNKNOWN if is_right_address else Meaning.NOT_THIS_API


def is_about_session(envelope: Envelope) -> bool:
    """Whether Ödüyo refused the session and not the row, so that only a new login mends it."""
    data = envelope.data
    texts = [envelope.message, data if isinstance(data, str) else ""]
    return any(_SESSION.fullmatch(_fold(text)) for text in texts)


def _fold(text: str) -> str:
    plain = _QUOTED.sub(" ", text[:1000]).translate(_FOLD).lower()
    return re.sub(r"[^\w]+", " ", plain).strip()


def compute_reason(answer: Answer, redact: Callable[[str], str] = str) -> str:
    """One line that says what was answered; of a web page only its text."""
    text = redact(answer.body.decode("utf-8", "replace"))
    if text.lstrip()[:1] == "<":
        text = " ".join(_MARKUP.sub(" ", text[:LONGEST_SHOWN_PAGE]).split())
    return f"HTTP {answer.status}: {neutralise(text, 300) or 'no body'}"


def compute_text(answer: Answer, redact: Callable[[str], str] = str) -> str:
    """The body as harmless text: redacted, on one line, cut."""
    # Redacted before it is cut: half a secret would not be recognised.
    return neutralise(redact(answer.body.decode("utf-8", "replace")))


def compute_retry_after(answer: Answer) -> float | None:
    """Seconds to wait according to ``Retry-After``, given as seconds or as an HTTP date; None when it is neither.

    A date is counted from the answer's own ``Date``: the server's clock may differ from ours.
    """
    text = answer.headers.get("retry-after", "").strip()
    if _SECONDS.fullmatch(text):
        return float(text)
    until = _parse_date(text)
    if until is None:
        return None
    since = _parse_date(answer.headers.get("date", "")) or datetime.now(timezone.utc)
    return max(0.0, (until - since).total_seconds())


def _parse_date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=timezone.utc)
