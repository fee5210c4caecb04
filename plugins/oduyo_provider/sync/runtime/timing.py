"""Every duration of the exactly-once argument, side by side. The argument itself: docs/exactly-once.md.

All in seconds. ``settle_s``, how long after its sending a change may still take effect, is a setting of the connection.
"""

from __future__ import annotations

from oduyo_provider.api.transport import DEFAULT_CONNECT_TIMEOUT_S

#: A change is sent within this of the look at its record …
LOOK_VALID_S = 60.0
#: … and a slice is what is looked at and sent within this.
SLICE_S = 40.0

#: A claim on the lease is renewed this often …
RENEW_EVERY_S = 10.0
#: … its holder sends nothing once its last renewal is older than this …
HELD_FOR_S = 20.0
#: … and it lapses for others who have seen it unchanged for this long, by their own clock.
LAPSES_AFTER_S = 30.0

#: How far the clocks of two workers may be apart. Only waits rest on it, no order.
CLOCK_SKEW_S = 10.0

#: A listing of another task counts as a look for this long: its time was read from another clock.
LISTING_VALID_S = LOOK_VALID_S - CLOCK_SKEW_S

#: What stands in an intent leaves within this of its time: the slice before it, a connection, another worker's clock.
SENT_WITHIN_S = LOOK_VALID_S + DEFAULT_CONNECT_TIMEOUT_S + CLOCK_SKEW_S

#: Outcomes are written at the latest after this.
FLUSH_AFTER_S = 1.0

#: Waits before what is not there yet is looked for again, as long as ``settle_s`` has not passed; the last one repeats.
READ_AGAIN_AFTER_S = (0.5, 1.0, 2.0, 4.0, 8.0)

#: A site check's create leaves within this of the time that is written down before it: a connection, another clock.
CREATE_SENT_WITHIN_S = DEFAULT_CONNECT_TIMEOUT_S + CLOCK_SKEW_S
#: A site that has shown a site check's record is given this long, beside the delay that was seen, for the next change.
SHOWS_WITHIN_S = 3.0
#: The longest wait of a site check before it asks again, where the site asked to come later …
LONGEST_PUT_OFF_S = 15.0
#: … and the gap that it leaves between two calls from then on; it doubles each time, up to the longest.
GAP_AFTER_PUT_OFF_S = 0.1
LONGEST_GAP_S = 1.0

# How often something is looked at or said; nothing rests on these.
#: Whether outcomes have waited long enough.
LOOK_FOR_DUE_EVERY_S = 0.1
#: Whether the lease is free.
LOOK_FOR_LEASE_EVERY_S = 1.0
#: That the lease is still waited for.
SAY_WAITING_EVERY_S = 30.0
#: How far a step has come.
SAY_PROGRESS_EVERY_S = 5.0
#: What the page shows of a load.
SHOW_CHANGES_EVERY_S = 3.0

#: A staged run without a report that nobody has touched for so long is none that still works or waits.
ABANDONED_AFTER_S = 30 * 86_400.0
