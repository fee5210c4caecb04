"""Measures how many calls the site takes, and estimates how long a first load would take."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections import Counter
from collections.abc import Sequence

import msgspec

from oduyo_provider.api.meaning import Meaning, compute_retry_after
from oduyo_provider.api.probe import Seen
from oduyo_provider.core.language import format_number, gettext, ngettext
from oduyo_provider.sync.check.asker import LAST_RECORD, PUT_OFF, Asker
from oduyo_provider.sync.check.questions import Found

#: The most calls that are tried at once.
MOST_AT_ONCE = 16
#: Calls that are sent one after the other; and calls that each of the parallel lanes sends.
SINGLE_CALLS, CALLS_OF_EACH = 5, 3
#: In milliseconds: if a call is faster, nothing can be said about calls at once.
TOO_FAST_MS = 20
#: Calls count as served at once if they are at least so many times as fast as one after the other.
FASTER = 1.5
#: Numbers of rows for which a load is estimated.
SMALL, LARGE = 1_000, 10_000
#: Calls of a load per row. Looks and read-backs add little, as a page holds many records.
CALLS_PER_ROW = 1.03


class Speed(msgspec.Struct):
    """What was measured.

    :param single_s: median time of a single list call, in seconds.
    :param calls_per_s: with ``at_once`` calls under way.
    :param is_limited: whether the site put some of these calls off.
    """

    single_s: float
    at_once: int
    calls_per_s: float
    is_limited: bool

    @property
    def times(self) -> float:
        """How many times as fast calls at once are, compared with one after the other."""
        return self.calls_per_s * self.single_s


async def measure_speed(asker: Asker, max_concurrency: int) -> Speed | None:
    """Measure by listing one record again and again; None if no single call was answered."""
    single = [await asker.send_list() for _ in range(SINGLE_CALLS)]
    took = [seen.took_s for seen in single if seen.meaning in (Meaning.DONE, Meaning.REFUSED)]
    if not took:
        return None
    at_once = min(max_concurrency, MOST_AT_ONCE)
    began = time.monotonic()
    lanes = await asyncio.gather(*(_send_some(asker) for _ in range(at_once)))
    elapsed = time.monotonic() - began
    seen = [one for lane in lanes for one in lane]
    answered = sum(one.meaning in (Meaning.DONE, Meaning.REFUSED) for one in seen)
    put_off = [one for one in seen if one.status in PUT_OFF]
    if put_off:
        asker.note_put_off(*put_off)
    return Speed(statistics.median(took), at_once, max(answered, 1) / max(elapsed, 1e-6), bool(put_off))


async def _send_some(asker: Asker) -> list[Seen]:
    return [await asker.send_once("list", LAST_RECORD, is_slow=False) for _ in range(CALLS_OF_EACH)]


def judge_speed(speed: Speed | None, asker: Asker, create_s: float | None) -> list[Found]:
    """The answers that follow from what was measured.

    :param speed: None if no call was answered.
    :param create_s: how long a create took, in seconds; None if none was measured.
    """
    pace = judge_pace(asker.put_off, asker.calls, 1 if speed is None else speed.at_once)
    if speed is None:
        unknown = {"words": gettext("no list call was answered.")}
        return [pace, Found.of("at_once", "unknown", **unknown), Found.of("speed", "unknown", **unknown)]
    return [pace, judge_at_once(speed), judge_rate(speed, create_s)]


def judge_pace(put_off: Sequence[Seen], calls: int, at_once: int) -> Found:
    """Whether the site put calls off."""
    if not put_off:
        return Found.of("pace", "not_seen", calls=calls, at_once=at_once)
    status, _ = Counter(seen.status for seen in put_off).most_common(1)[0]
    waits = [compute_retry_after(seen.answer) for seen in put_off if seen.answer is not None]
    asked = max((wait for wait in waits if wait is not None), default=None)
    words = (
        gettext(", with a wait of %(seconds)s s", seconds=format_number(asked))
        if asked is not None
        else gettext(", without saying how long to wait")
    )
    return Found.of("pace", "limited", count=len(put_off), calls=calls, status=str(status), words=words)


def judge_at_once(speed: Speed) -> Found:
    """Whether calls at once are served at once."""
    details = {"at_once": format_number(speed.at_once), "times": format_number(speed.times, 1)}
    if speed.at_once == 1:
        return Found.of("at_once", "one", **details)
    if speed.is_limited:
        return Found.of("at_once", "unknown", words=gettext("the site put calls off, see the rate limit."))
    if speed.single_s * 1000 < TOO_FAST_MS:
        words = gettext("a call takes less than %(limit)s ms, so that it makes no difference.", limit=TOO_FAST_MS)
        return Found.of("at_once", "unknown", words=words)
    return Found.of("at_once", "yes" if speed.times >= FASTER else "one_by_one", **details)


def judge_rate(speed: Speed, create_s: float | None) -> Found:
    """How long calls take, and how long a first load would take."""
    create = "" if create_s is None else gettext(", a create %(duration)s", duration=format_duration(create_s))
    single = {"list": format_duration(speed.single_s), "create": create}
    if speed.is_limited:
        return Found.of("speed", "limited", **single)
    rows_per_s = speed.calls_per_s / CALLS_PER_ROW
    if create_s is not None:
        rows_per_s *= min(1.0, speed.single_s / create_s)
    return Found.of(
        "speed",
        "measured",
        **single,
        rate=format_number(speed.calls_per_s, 0 if speed.calls_per_s >= 1 else 1),
        small=format_duration(SMALL / rows_per_s),
        large=format_duration(LARGE / rows_per_s),
        basis=gettext(", if a create takes as long") if create_s is None else "",
    )


def format_duration(seconds: float) -> str:
    """A duration in milliseconds, seconds, minutes or hours, whichever fits."""
    if seconds < 1:
        return gettext("%(n)s ms", n=format_number(max(1.0, seconds * 1000)))
    if seconds < 120:
        return gettext("%(n)s s", n=format_number(seconds))
    if seconds < 7200:
        return ngettext("%(n)s minute", "%(n)s minutes", round(seconds / 60))
    return gettext("%(hours)s hours", hours=format_number(seconds / 3600, 1))
