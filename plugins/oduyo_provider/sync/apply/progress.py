"""Progress in the task log: a line every few seconds with the rate and the time left, never a line a row."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable

from oduyo_provider.core.change import Action, Outcome, Result
from oduyo_provider.core.language import format_number, gettext, ngettext
from oduyo_provider.core.reasons import translate_reason
from oduyo_provider.core.redact import neutralise
from oduyo_provider.sync.runtime.timing import SAY_PROGRESS_EVERY_S

#: Errors that are shown as samples.
MAX_SAMPLES = 20
#: Characters shown of each sample: a key, a reason, and what is kept of an answer.
SAMPLE_WIDTH = 1_500


class Progress:
    """Counts results, and logs the progress from time to time."""

    def __init__(
        self, log: logging.Logger, *, clock: Callable[[], float] = time.monotonic, every_s: float = SAY_PROGRESS_EVERY_S
    ) -> None:
        self._log = log
        self._clock = clock
        self._every_s = every_s
        self._total = 0
        self._done = 0
        self._earlier = 0
        self._started_at = self._said_at = clock()
        self.counts: Counter[tuple[Action, Outcome]] = Counter()
        self.samples: list[str] = []

    def start(self, total: int) -> None:
        """Begin with so many changes."""
        self._total, self._earlier, self._done = total, 0, 0
        self._started_at = self._said_at = self._clock()

    def note_earlier(self, count: int) -> None:
        """Count changes that an earlier try has settled for good."""
        self._earlier += count
        self._done += count

    def count(self, action: Action, result: Result) -> None:
        """Take a result."""
        self._done += 1
        self.counts[action, result.outcome] += 1
        if self._clock() - self._said_at >= self._every_s:
            self._say_rate()

    def sample(self, result: Result) -> None:
        """Keep a sample for the log, if somebody has to look at the result: a change that is not done, or a record held twice."""
        if result.outcome is not Outcome.DONE:
            reason = translate_reason(f"{result.outcome.value}: {result.reason}")
            self._keep(f"{result.key}  {reason}  {result.rest_of_answer}".rstrip())
        if result.twins:
            ids = ", ".join([str(result.oduyo_id), *result.twins])
            self._keep(gettext("%(key)s  is there more than once: Ödüyo %(ids)s", key=result.key, ids=ids))

    def _keep(self, text: str) -> None:
        if len(self.samples) < MAX_SAMPLES and (shown := neutralise(text, SAMPLE_WIDTH)) not in self.samples:
            self.samples.append(shown)

    def say(self, text: str) -> None:
        """Log one line now."""
        self._log.info("%s", text)

    def _say_rate(self) -> None:
        now = self._clock()
        self._said_at = now
        rate = (self._done - self._earlier) / max(now - self._started_at, 0.001)
        left_s = (self._total - self._done) / rate if rate else 0.0
        done = sum(count for (_, outcome), count in self.counts.items() if outcome is Outcome.DONE)
        rest = self._done - self._earlier - done
        told = {
            "done": format_number(self._done),
            "total": format_number(self._total),
            "percent": 100 * self._done // max(self._total, 1),
            "rate": format_number(rate),
            "left": format_number(left_s),
            "rest": format_number(rest),
        }
        if rest:
            text = gettext(
                "Changes done: %(done)s of %(total)s (%(percent)s %%), %(rate)s a second, about %(left)s s left; not done: %(rest)s",
                **told,
            )
        else:
            text = gettext(
                "Changes done: %(done)s of %(total)s (%(percent)s %%), %(rate)s a second, about %(left)s s left", **told
            )
        self._log.info("%s", text)

    def say_samples(self) -> None:
        """Log the first errors, folded in Airflow's log view."""
        if not self.samples:
            return
        head = ngettext("The first %(n)s change to look at", "The first %(n)s changes to look at", len(self.samples))
        self._log.info("::group::%s", head)
        for sample in self.samples:
            self._log.info("%s", sample)
        self._log.info("::endgroup::")
