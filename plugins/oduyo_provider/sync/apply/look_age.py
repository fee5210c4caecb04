"""A look at a record that is too old for its change to be sent."""

from __future__ import annotations

from oduyo_provider.core.errors import NotSentError
from oduyo_provider.core.language import format_number, gettext
from oduyo_provider.sync.runtime.timing import LOOK_VALID_S

#: So many looks at one change in a row that were out of date before it left.
MAX_EXPIRED_LOOKS = 5


class LookExpiredError(Exception):
    """The look at a change's record is too old to send it; raised right before a transmission."""


def check_looks(expired: int) -> None:
    """Give up where a site is too slow to look at a record and change it in time: it would be looked at for ever."""
    if expired >= MAX_EXPIRED_LOOKS:
        raise NotSentError(
            gettext(
                "Looking at one record took longer than %(seconds)s s, %(times)s times in a row, so it was out of "
                "date before its change could be sent. The rest was not sent. This is tried again; if it stays so, ask "
                "Ödüyo's support why its list calls are so slow.",
                seconds=format_number(LOOK_VALID_S),
                times=expired,
            )
        )
