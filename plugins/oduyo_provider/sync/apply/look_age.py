"""How old a look may be when its change is sent."""

from __future__ import annotations

from oduyo_provider.core.errors import NotSentError
from oduyo_provider.core.language import format_number, gettext
from oduyo_provider.sync.runtime.timing import LOOK_VALID_S

#: Give up after so many looks at one change that expired before it was sent.
MAX_EXPIRED_LOOKS = 5


class LookExpiredError(Exception):
    """The look at a record is too old for its change to be sent."""


def check_look(at: float, now: float) -> None:
    """Raise :class:`LookExpiredError` where a look is too old: before a change is queued, and right before it leaves."""
    if now - at > LOOK_VALID_S:
        raise LookExpiredError


def explain_expired_looks() -> NotSentError:
    """The error when a site is too slow for a look and a change within :data:`LOOK_VALID_S`."""
    return NotSentError(
        gettext(
            "One change could not be sent within %(seconds)s s of the look at its record, %(times)s times in a row. The rest "
            "was not sent. This is tried again; if it stays so, ask Ödüyo's support why its answers take so long.",
            seconds=format_number(LOOK_VALID_S),
            times=MAX_EXPIRED_LOOKS,
        )
    )
