"""A look at a record that is too old for its change to be sent."""

from __future__ import annotations

from oduyo_provider.core.errors import NotSentError
from oduyo_provider.core.language import format_number, gettext
from oduyo_provider.sync.runtime.timing import LOOK_VALID_S

#: So many looks at one change in a row that were out of date before it left.
MAX_EXPIRED_LOOKS = 5


class LookExpiredError(Exception):
    """The look at a change's record is too old to send it."""


def check_look(at: float, now: float) -> None:
    """Raise :class:`LookExpiredError` where a look is too old: before a change is queued, and right before it leaves."""
    if now - at > LOOK_VALID_S:
        raise LookExpiredError


def explain_expired_looks() -> NotSentError:
    """A site is too slow to look at a record and change it in time: it would be looked at for ever."""
    return NotSentError(
        gettext(
            "One change could not be sent within %(seconds)s s of the look at its record, %(times)s times in a row. The rest "
            "was not sent. This is tried again; if it stays so, ask Ödüyo's support why its answers take so long.",
            seconds=format_number(LOOK_VALID_S),
            times=MAX_EXPIRED_LOOKS,
        )
    )
