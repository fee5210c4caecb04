"""Waits until everything that earlier loads sent has taken effect and shows, or never will."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from oduyo_provider.core.errors import StagingError
from oduyo_provider.core.language import format_number, gettext
from oduyo_provider.sync.runtime.clock import Clock
from oduyo_provider.sync.runtime.timing import CLOCK_SKEW_S, SENT_WITHIN_S
from oduyo_provider.sync.site.open_plans import OpenPlan
from oduyo_provider.sync.staging.folder import Folder
from oduyo_provider.sync.staging.manifests import Reference, SnapshotManifest
from oduyo_provider.sync.staging.plans import open_parts


async def wait_for_plans(
    root: Folder,
    plans: Sequence[OpenPlan],
    settle_s: float,
    clock: Clock,
    say: Callable[[str], None],
    listing: SnapshotManifest | None = None,
) -> None:
    """Wait for what earlier loads may have transmitted and have not read back.

    What was never transmitted is not waited for. A stamp from the future counts as now, and no wait is longer than
    ``settle_s`` and the skew of the clocks.

    :param root: the staging path.
    :param settle_s: how long after its sending a change may still take effect, or not show yet, in seconds.
    :param listing: when it was made, what earlier plans of its source had sent was waited for; that is not done again.
    """
    # A plan that is tried again names what its earlier try had named already.
    parts = {str(reference["manifest"]): (plan, reference) for plan in plans for reference in plan.parts}
    now, quiet_at = clock.now(), 0.0
    for plan, reference in parts.values():
        last_at = await asyncio.to_thread(_read_last_at, root, plan, reference, now, say, listing)
        if last_at is not None:
            quiet_at = max(quiet_at, min(last_at + SENT_WITHIN_S, now + CLOCK_SKEW_S) + settle_s)
    wait_s = min(quiet_at - clock.now(), settle_s + CLOCK_SKEW_S)
    if wait_s > 0:
        say(
            gettext(
                "An earlier load sent changes that may not show yet; waiting %(seconds)s s for them",
                seconds=format_number(wait_s),
            )
        )
        await clock.sleep(wait_s)


def _read_last_at(
    root: Folder,
    plan: OpenPlan,
    reference: Reference,
    now: float,
    say: Callable[[str], None],
    listing: SnapshotManifest | None,
) -> float | None:
    """When a change of this part without a result, or not seen since, may have been sent last; None if there is none."""
    try:
        history = open_parts(root, [reference])[0].read_history()
    except StagingError as error:
        say(
            gettext(
                "What %(plan)s sent cannot be told, so this waits until it has taken effect: %(error)s",
                plan=plan.generation,
                error=error,
            )
        )
        return now
    if (
        listing is not None
        and plan.is_earlier(listing.source, listing.number)
        and history.written_at + CLOCK_SKEW_S < listing.started_at
    ):
        return None  # all of it was written before the listing, which then waited for it
    last_at = history.unknown_until
    if last_at is not None and last_at > now + CLOCK_SKEW_S:
        say(
            gettext(
                "%(plan)s wrote a time %(seconds)s s ahead of this machine's clock; check both clocks",
                plan=plan.generation,
                seconds=format_number(last_at - now),
            )
        )
    return last_at
