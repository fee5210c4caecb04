"""Sorts answers by what to do next: one table, as one pure function.

==================================================================  =============
answer                                                              meaning
==================================================================  =============
2xx with JSON ``status: true``                                      DONE
to list: 200 with a bare ``[]``, ``{}``, ``false``, ``null``,       DONE
``""``; 404 with one of these or with no body
2xx or 4xx with JSON ``status: false``; 400 ``{}``; 413             REFUSED
401; 403 with a ``status``; 200 ``status: false`` and the           SESSION
documented words
403 and 406 without a ``status``                                    BLOCKED
429; 503 with ``Retry-After`` to anything but create                THROTTLED
everything else: a web page, 3xx, 5xx, an empty 200, …              UNKNOWN
==================================================================  =============

A login has shown that this is the API, so that a web page comes from something in between, and the answer is lost.
413 counts as refused: a server that refuses a body for its size does so before it acts on it. NOT_SENT is no answer's
meaning; the transport tells it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from enum import Enum
from typing import Any

import msgspec

from oduyo_provider.api.body import is_nothing
from oduyo_provider.api.envelope import Envelope, parse_envelope
from oduyo_provider.api.transport import Answer
from oduyo_provider.core.language import gettext
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


class Classification(msgspec.Struct, frozen=True):
    """An answer's meaning, with what goes with it.

    :param data: the answer's ``data`` when DONE; None for ``list``, whose page :func:`.records.parse_page` reads.
    :param reason: one line for people, neutralised; empty when DONE.
    :param retry_after_s: how long the server asks to wait; None when it does not say.
    :param is_overload: whether the server had too many requests.
    """

    meaning: Meaning
    data: Any = None
    reason: str = ""
    retry_after_s: float | None = None
    is_overload: bool = False


#: What the documentation says of a session that is not accepted, after folding case and Turkish letters and dropping quoted
#: parts: "Yetkisiz erişim". A site may say it in other words, so nothing depends on this alone: after refusals in a row, or
#: words instead of a list, the client logs in again to see whether that helps.
_SESSION = re.compile(r"yetkisiz|unauthori[sz]ed|.*\b(?:yetkisiz erisim|unauthori[sz]ed access)\b.*")
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"|`[^`]*`|<[^>]*>|“[^”]*”|«[^»]*»")
_FOLD = str.maketrans("İIıŞşĞğÜüÖöÇç", "iiissgguuoocc")
#: Characters of a web page in which its text is looked for.
LONGEST_SHOWN_PAGE = 20_000
_ESCAPED = re.compile(r"(?:\\+u(?!00[01])[0-9a-fA-F]{4})+")
_BACKSLASHES = re.compile(r"\\+")
_MARKUP = re.compile(r"<(script|style)\b.*?</\1\s*>|<[^>]*>", re.DOTALL | re.IGNORECASE)
_SECONDS = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9})?")


def classify(answer: Answer, *, call: str, redact: Callable[[str], str] = str) -> Classification:
    """What an answer to a call with a session means.

    :param call: ``create``, ``update``, ``delete`` or ``list``.
    :param redact: removes secrets from the reason before it is cut.
    """
    envelope = parse_envelope(answer.body)
    meaning = _find_meaning(answer, envelope, call)
    if meaning is Meaning.DONE:
        return Classification(meaning, data=envelope.data if envelope and call != "list" else None)
    is_overload = answer.status in (429, 503)
    return Classification(
        meaning,
        reason=compute_reason(answer, redact),
        retry_after_s=compute_retry_after(answer) if is_overload else None,
        is_overload=is_overload,
    )


def _find_meaning(answer: Answer, envelope: Envelope | None, call: str) -> Meaning:
    status, said = answer.status, None if envelope is None else envelope.status
    if 200 <= status < 300 and said is not None:
        if said:
            return Meaning.DONE
        return Meaning.SESSION if status == 200 and envelope and is_about_session(envelope) else Meaning.REFUSED
    if call == "list" and is_nothing(answer.body) and (status == 404 or (status == 200 and answer.body.strip())):
        return Meaning.DONE
    if status in (403, 406) and said is None:
        return Meaning.BLOCKED
    if status in (401, 403):
        return Meaning.SESSION
    # A 503 does not say whether a create took effect.
    if status == 429 or (status == 503 and call != "create" and "retry-after" in answer.headers):
        return Meaning.THROTTLED
    is_bare_400 = status == 400 and envelope is not None and not envelope.fields
    if status == 413 or is_bare_400 or (said is False and 400 <= status < 500 and status != 408):
        return Meaning.REFUSED
    return Meaning.UNKNOWN


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
    text = redact(_decode_text(answer.body))
    if text.lstrip()[:1] == "<":
        text = " ".join(_MARKUP.sub(" ", text[:LONGEST_SHOWN_PAGE]).split())
    shown = neutralise(text, 300) or gettext("no body")
    return f"HTTP {answer.status}: {shown}"


def compute_text(answer: Answer, redact: Callable[[str], str] = str) -> str:
    """The body as harmless text: redacted, on one line, cut."""
    # Redacted before it is cut: half a secret would not be recognised.
    return neutralise(redact(_decode_text(answer.body)))


def _decode_text(body: bytes) -> str:
    """A body to be shown to people: PHP writes the letters of other languages as ``\\u015f`` into its JSON, and JSON into JSON."""
    text = body.decode("utf-8", "replace")
    return _ESCAPED.sub(lambda found: str(json.loads('"' + _BACKSLASHES.sub(r"\\", found[0]) + '"')), text)


def compute_retry_after(answer: Answer) -> float | None:
    """Seconds to wait according to ``Retry-After``, given as seconds or as an HTTP date; None when it is neither.

    A date is counted from the answer's own ``Date``: the server's clock may differ from ours.
    """
    text = answer.headers.get("retry-after", "").strip()
    if _SECONDS.fullmatch(text):
        return float(text)
    until = parse_date(text)
    if until is None:
        return None
    since = parse_date(answer.headers.get("date", "")) or datetime.now(timezone.utc)
    return max(0.0, (until - since).total_seconds())


def parse_date(text: str) -> datetime | None:
    """An HTTP date; None when it is none. One of an unknown zone (``-0000``) counts as UTC."""
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=timezone.utc)
