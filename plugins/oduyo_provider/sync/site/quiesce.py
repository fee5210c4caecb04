"""Waits until whatever other loads may have sent has taken effect, or never will."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from oduyo_provider.api.transport import DEFAULT_CONNECT_TIMEOUT_S
from oduyo_provider.core.errors import StagingError
from oduyo_provider.sync.apply.sender import INTENT_TTL_S
from oduyo_provider.sync.runtime.clock import Clock
from oduyo_provider.sync.site.lease import CLOCK_SKEW_S
from oduyo_provider.sync.site.state import OpenJournal, SiteState
from oduyo_provider.sync.staging.folder import Folder
from oduyo_provider.sync.staging.journal import read_history

#: What is sent under an intent leaves within so many seconds of the time that stands in it, read by another worker's
#: clock: it may wait for a connection, and the clocks may differ.
SENT_WITHIN_S = INTENT_TTL_S + DEFAULT_CONNECT_TIMEOUT_S + CLOCK_SKEW_S


async def wait_for_journals(
    state: SiteState,
    journals: Sequence[OpenJournal],
    settle_s: float,
    clock: Clock,
    say: Callable[[str], None],
    *,
    closes_unread: bool = True,
) -> dict[str, float]:
    """Wait for journals whose writers are gone.

    What was answered counts as well: its effect, too, may show only within ``settle_s``.

    :param settle_s: how long after its sending a change may still take effect, in seconds.
    :param closes_unread: close journals whose files are gone or damaged, once they have been waited for: right for who
        lists Ödüyo next, wrong for a partition beside which others still have to learn of them.
    :returns: the journals' folders → since when nothing that stands in them can take effect any more. They stay open:
        whoever listed Ödüyo before that moment must compare again.
    """
    quiet_at: dict[str, float] = {}
    unread: list[OpenJournal] = []
    for journal in journals:
        last_at = _read_last_at(journal, say)
        if last_at is None:
            unread.append(journal)
        # Where nothing can be read, only now is known to be later than the last sending.
        quiet_at[journal.folder] = (clock.now() if last_at is None else last_at) + SENT_WITHIN_S + settle_s
    wait_s = max(quiet_at.values(), default=0.0) - clock.now()
    if wait_s > 0:
        say(f"An earlier load ended while its changes were being sent; waiting {wait_s:.0f} s for them to take effect")
        await clock.sleep(wait_s)
    for journal in unread if closes_unread else ():
        state.close_journal(journal.folder)  # else every run to come would wait again
    return quiet_at


def _read_last_at(journal: OpenJournal, say: Callable[[str], None]) -> float | None:
    """When a journal was last written; None where it was not, or cannot be told."""
    try:
        return read_history(Folder.open(journal.folder), journal.digest).last_at
    except StagingError as error:
        say(f"What an earlier load sent cannot be told, so everything is compared again after a wait: {error}")
        return None
