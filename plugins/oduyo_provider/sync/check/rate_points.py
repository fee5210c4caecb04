"""Questions about how many calls the site takes."""

from __future__ import annotations

from oduyo_provider.core.language import gettext_noop
from oduyo_provider.sync.check.points import Question, Reading

PACE = Question(
    name="pace",
    title=gettext_noop("Rate limit"),
    text=gettext_noop("Does the site limit how many calls it takes?"),
    provider=gettext_noop(
        "It slows down by itself when the site answers 429 or 503, and waits as long as the site asks."
    ),
    readings={
        "not_seen": Reading(gettext_noop("Not within this check: {calls} calls, up to {at_once} at once.")),
        "limited": Reading(
            gettext_noop("Yes: {count} of {calls} calls were put off with HTTP {status}{words}."),
            gettext_noop("Ask Ödüyo's support for the limit, and set the extra requests_per_second below it."),
        ),
    },
)


AT_ONCE = Question(
    name="at_once",
    title=gettext_noop("Calls at once"),
    text=gettext_noop("Are several calls of one session served at once?"),
    provider=gettext_noop("It sends up to max_concurrency calls at once."),
    readings={
        "yes": Reading(gettext_noop("Yes: {at_once} at once were {times} times as fast as one after the other.")),
        "one_by_one": Reading(
            gettext_noop("No: {at_once} at once took as long as one after the other."),
            gettext_noop("Set the extra max_concurrency of the connection to 1 or 2: more of them only wait."),
        ),
        "one": Reading(gettext_noop("Not asked: max_concurrency of the connection is 1.")),
    },
)


SPEED = Question(
    name="speed",
    title=gettext_noop("Speed"),
    text=gettext_noop("How long does a call take, and how long would a first load take?"),
    provider=gettext_noop("It is as fast as the site answers, up to max_concurrency at once."),
    readings={
        "measured": Reading(
            gettext_noop(
                "A list of one record takes {list}{create}; about {rate} calls a second. A first load would take about "
                "{small} for 1,000 rows, {large} for 10,000{basis}."
            )
        ),
        "limited": Reading(
            gettext_noop(
                "A list of one record takes {list}{create}. How many calls a second the site takes could not be measured."
            ),
            gettext_noop(
                "Set the extra requests_per_second of the connection and check again, to see how long a first load takes."
            ),
        ),
    },
)
