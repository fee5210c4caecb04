"""Tells from the answers to a call how its change ended."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from oduyo_provider.api.call import CallResult
from oduyo_provider.api.meaning import Meaning, compute_text
from oduyo_provider.api.records import parse_created_id
from oduyo_provider.core.change import Outcome

#: "Come later" says nothing about the change itself.
_COME_LATER = 503
_GATEWAY_ERRORS = (502, 504)


class Reply(msgspec.Struct, gc=False):
    """How a change ended.

    :param oduyo_id: the record's id; None when a create's answer did not tell it.
    :param reason: why it is not done, on one line; empty when it is.
    :param body: what Ödüyo answered last, redacted, on one line; empty when nothing came, or when it is done.
    :param sends: how many times bytes may have reached Ödüyo.
    :param lost: how many of these got no usable answer.
    :param is_server_error: the last answer was an error of the server's own, an HTTP 5xx; 503 only asks to come later.
    :param is_gateway_error: the last answer came from a gateway before Ödüyo, 502 or 504, and says nothing about the change.
    :param by_firewall: REFUSED not by Ödüyo but by something before it, such as a web firewall, while Ödüyo answers other
        requests. It may be allowed tomorrow: never remember such a refusal.
    :param session: the number of the session that it was sent with last.
    """

    outcome: Outcome
    oduyo_id: str | None = None
    reason: str = ""
    body: str = ""
    sends: int = 0
    lost: int = 0
    is_server_error: bool = False
    is_gateway_error: bool = False
    by_firewall: bool = False
    session: int = 0


def make_reply(call: str, result: CallResult, known_id: str | None, redact: Callable[[str], str]) -> Reply:
    """Sort how a call ended.

    :param call: ``create``, ``update`` or ``delete``.
    :param known_id: of the record that an update or a delete names.
    """
    classification, answer = result.classification, result.answer
    if classification.meaning is Meaning.DONE:
        outcome = Outcome.DONE
    elif classification.meaning is Meaning.REFUSED:
        outcome = Outcome.REFUSED
    else:
        # However the call ended: a transmission without a usable answer may have taken effect.
        outcome = Outcome.DOUBTFUL if result.lost else Outcome.FAILED
    return Reply(
        outcome=outcome,
        oduyo_id=parse_created_id(classification.data) if call == "create" else known_id,
        reason=classification.reason,
        body="" if answer is None or outcome is Outcome.DONE else compute_text(answer, redact),
        sends=result.sends,
        lost=result.lost,
        is_server_error=answer is not None and answer.status >= 500 and answer.status != _COME_LATER,
        is_gateway_error=answer is not None and answer.status in _GATEWAY_ERRORS,
        by_firewall=result.by_firewall,
        session=result.session,
    )
