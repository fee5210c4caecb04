"""Habits of the web server before the site: how many requests it lets through, and what time it is there."""

from __future__ import annotations

from email.utils import formatdate, parsedate_to_datetime
from typing import Annotated, ClassVar, Literal

import msgspec
from aiohttp import web

from sandbox.oduyo.answers import NGINX
from sandbox.oduyo.habits.base import Count, Habit, Habits, Seconds, Status, Subject

REASONS = {429: "429 Too Many Requests", 503: "503 Service Temporarily Unavailable"}


class Pace(Habit, frozen=True, kw_only=True):
    """Above PER_S requests a second, and BURST at once, STATUS 503 as nginx's limit_req; with RETRY_AFTER_S if given."""

    main: ClassVar[str] = "per_s"
    per_s: Annotated[float, msgspec.Meta(gt=0)] = 10.0
    burst: Count = 0
    status: Status = 503
    retry_after_s: Seconds | None = None
    retry_after_as: Literal["seconds", "date"] = "seconds"


class ClockOff(Habit, frozen=True, kw_only=True):
    """The server's clock is SECONDS ahead (or behind): in Date, and in a Retry-After that is a date."""

    main: ClassVar[str] = "seconds"
    seconds: float = 300.0


class OneAtATime(Habit, frozen=True, kw_only=True):
    """Requests of one session wait for each other, as they do for PHP's session file."""


class Bucket:
    """nginx's leaky bucket: each request adds one, and it loses ``per_s`` a second."""

    def __init__(self) -> None:
        self._level = 0.0
        self._at = 0.0

    def is_full(self, habit: Pace, now: float) -> bool:
        """Whether one more is too much; it is added if not."""
        level = max(0.0, self._level - max(0.0, now - self._at) * habit.per_s)
        self._at, self._level = now, level
        # One request is always let into an empty bucket; a burst counts beside it.
        if level > habit.burst + 1e-9:
            return True
        self._level = level + 1
        return False


def answer_paced(habit: Pace, now: float) -> web.Response:
    """The answer to one request too many."""
    title = REASONS.get(habit.status, f"{habit.status} Error")
    response = web.Response(status=habit.status, text=NGINX.format(title), content_type="text/html")
    if habit.retry_after_s is not None:
        moment = formatdate(now + habit.retry_after_s, usegmt=True)
        response.headers["Retry-After"] = moment if habit.retry_after_as == "date" else f"{habit.retry_after_s:g}"
    return response


def set_clock(habits: Habits, subject: Subject, response: web.StreamResponse, now: float) -> None:
    """Put the server's time into the answer's headers."""
    habit = habits.pick(ClockOff, subject)
    if habit is None:
        return
    response.headers["Date"] = formatdate(now + habit.seconds, usegmt=True)
    moment = response.headers.get("Retry-After", "")
    if not moment or moment.isdigit():
        return
    shifted = parsedate_to_datetime(moment).timestamp() + habit.seconds
    response.headers["Retry-After"] = formatdate(shifted, usegmt=True)
