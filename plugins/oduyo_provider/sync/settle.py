"""Waits until whatever a load that died may have sent has taken effect, or never will."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from oduyo_provider.sync.clock import Clock
from oduyo_provider.sync.journal import read_history
from oduyo_provider.sync.sender import INTENT_TTL_S
from oduyo_provider.sync.staging import Folder
from oduyo_provider.sync.state import OpenJournal, SiteState


async def wait_for_journals(
    state: SiteState, journals: Sequence[OpenJournal], settle_s: float, clock: Clock, say: Callable[[str], None]
) -> None:
    """Wait for journals whose writers are gone, then close them.

    :param settle_s: how long after its sending a change may still take effect, in seconds.
    """
    for journal in journals:
        unknown = read_history(Folder.open(journal.folder), journal.digest).unknown
        wait_s = max(unknown.values(), default=0.0) + INTENT_TTL_S + settle_s - clock.now()
        if wait_s > 0:
            say(
                f"An earlier run ended while {len(unknown):,} changes were being sent; waiting {wait_s:.0f} s for them to "
                "take effect"
            )
            await clock.sleep(wait_s)
        state.close_journal(journal.folder)
