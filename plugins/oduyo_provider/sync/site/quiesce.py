"""Waits until nothing that earlier loads sent can still take effect."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from oduyo_provider.core.errors import StagingError
from oduyo_provider.core.language import format_number, gettext
from oduyo_provider.sync.runtime.clock import Clock
from oduyo_provider.sync.runtime.timing import CLOCK_SKEW_S, SENT_WITHIN_S
from oduyo_provider.sync.site.open_plans import OpenPlan
from oduyo_provider.sync.staging.plans import open_parts


async def wait_for_plans(plans: Sequence[OpenPlan], settle_s: float, clock: Clock, say: Callable[[str], None]) -> None:
    """Wait for what earlier loads may have transmitted and do not know the outcome of.

    What was never transmitted is not waited for. A stamp from the future counts as now, and no wait is longer than
    ``settle_s`` and the skew of the clocks.

    :param settle_s: how long after its sending a change may still take effect, in seconds.
    """
    quiet_at = max((_find_quiet_at(plan, settle_s, clock.now(), say) for plan in plans), default=0.0)
    wait_s = min(quiet_at - clock.now(), settle_s + CLOCK_SKEW_S)
    if wait_s > 0:
        say(
            gettext(
                "An earlier load ended while its changes were being sent; waiting %(seconds)s s for them to take effect",
                seconds=format_number(wait_s),
            )
        )
        await clock.sleep(wait_s)


def _find_quiet_at(plan: OpenPlan, settle_s: float, now: float, say: Callable[[str], None]) -> float:
    quiet_at = 0.0
    for reference in plan.parts:
        try:
            last_at = open_parts([reference])[0].read_history().unknown_until
        except StagingError as error:
            say(
                gettext(
                    "What %(plan)s sent cannot be told, so this waits until it has taken effect: %(error)s",
                    plan=plan.generation,
                    error=error,
                )
            )
            last_at = now
        if last_at is not None:
            if last_at > now + CLOCK_SKEW_S:
                say(
                    gettext(
                        "%(plan)s wrote a time %(seconds)s s ahead of this machine's clock; check both clocks",
                        plan=plan.generation,
                        seconds=format_number(last_at - now),
                    )
                )
            quiet_at = max(quiet_at, min(last_at + SENT_WITHIN_S, now + CLOCK_SKEW_S) + settle_s)
    return quiet_at
