"""Answers as a probe sees them."""

from __future__ import annotations

import json

from oduyo_provider.api.meaning import Classification, Meaning, classify
from oduyo_provider.api.probe import Seen
from oduyo_provider.api.transport import Answer


def see(body: object = None, status: int = 200, call: str = "list", took_s: float = 0.1, **headers: str) -> Seen:
    """A call that was answered; `body` as bytes, or as what becomes JSON."""
    content = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
    answer = Answer(status, {name.replace("_", "-"): value for name, value in headers.items()}, content)
    return Seen(call, took_s, classify(answer, call=call), answer)


def lose(reason: str = "no whole answer came back", call: str = "list") -> Seen:
    """A call whose answer was lost."""
    return Seen(call, 1.0, Classification(Meaning.UNKNOWN, reason=reason))
