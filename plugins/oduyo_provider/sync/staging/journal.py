"""The journal of an apply: what is about to be sent, and what became of it.

An **intent** is durable before its changes are sent. An **outcome** is written at most a second or
:data:`FLUSH_AFTER_OUTCOMES` outcomes later. So the intents of a killed process name all that it may have sent, and a later try
looks in Ödüyo before it sends any of that again. A process that stops in order writes down what it did not transmit.

The journal of a plan is a folder that only tries of this very plan write to (it carries the plan's digest). Every try
has files of its own: on a disk one file that grows, in an object store, which cannot append, numbered parts.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable

import msgspec

from oduyo_provider.core.change import Outcome, Result
from oduyo_provider.core.errors import StagedFileError
from oduyo_provider.core.language import gettext
from oduyo_provider.sync.runtime.timing import CLOCK_SKEW_S, FLUSH_AFTER_S, SENT_WITHIN_S
from oduyo_provider.sync.staging.folder import Folder
from oduyo_provider.sync.staging.jsonl import decode_lines
from oduyo_provider.sync.staging.layout import INTENTS, OUTCOMES, name_entries
from oduyo_provider.sync.staging.run_folder import read_attempt_number

#: So many outcomes are written at once at the latest.
FLUSH_AFTER_OUTCOMES = 500


class Intent(msgspec.Struct, frozen=True):
    """Changes that are about to be sent.

    :param keys: the changes' keys.
    :param digest: of the plan.
    :param at: seconds since 1970.
    :param attempt: the try that sends.
    :param floor: the highest id seen before: records that these changes make have higher ids.
    """

    keys: list[str]
    digest: str
    at: float
    attempt: str
    floor: str | None = None


class History(msgspec.Struct):
    """What all tries of a plan wrote down.

    :param results: key → latest result. "Not transmitted" in a later try changes none. None where a later try may have
        transmitted what an earlier one had not done.
    :param sends: key → how often it may have been transmitted, without transmissions known to have done nothing.
    :param unknown: key → when a try last was about to transmit it that has no outcome of it. An outcome of an earlier try says
        nothing of what a later one sent.
    :param lost_at: the last transmission without an answer whose change has an outcome all the same: it may still take effect.
    :param floors: key → the lowest of its intents' floors, as a number.
    :param tries: how many tries wrote anything.
    :param last_try: the highest number of these.
    """

    results: dict[str, Result] = msgspec.field(default_factory=dict)
    sends: dict[str, int] = msgspec.field(default_factory=dict)
    unknown: dict[str, float] = msgspec.field(default_factory=dict)
    lost_at: float | None = None
    floors: dict[str, int] = msgspec.field(default_factory=dict)
    tries: int = 0
    last_try: int = 0

    @property
    def unknown_until(self) -> float | None:
        """When something of unknown fate was last about to be sent; None when all is known."""
        left = [
            result.at for result in self.results.values() if result.outcome is Outcome.DONE and not result.is_read_back
        ]
        left += [] if self.lost_at is None else [self.lost_at]
        # These had been sent by then. A change that was only about to be sent may leave a little later.
        return max([*self.unknown.values(), *(at + CLOCK_SKEW_S - SENT_WITHIN_S for at in left)], default=None)

    @property
    def written_at(self) -> float:
        """When the last entry was written; 0 where there is none."""
        return max([*self.unknown.values(), *(result.at for result in self.results.values())], default=0.0)

    def find_sent_at(self, key: str) -> float | None:
        """The latest time at which a change may have been transmitted; None if it never was, or had no effect."""
        result = self.results.get(key)
        known = () if result is None else (result.at, result.lost_at or 0.0)
        return max(self.unknown.get(key, 0.0), *known, 0.0) if self.sends.get(key) else None


class Journal:
    """Writes one try's intents and results.

    :param folder: the plan's journal; other tries of the same plan write there too.
    :param attempt: this try's name, unique within the folder.
    :param digest: the plan's digest.
    """

    def __init__(self, folder: Folder, *, attempt: str, digest: str, clock: Callable[[], float] = time.time) -> None:
        self._folder = folder
        self._attempt = attempt
        self._digest = digest
        self._clock = clock
        self._waiting: list[Result] = []
        self._parts = {INTENTS: 0, OUTCOMES: 0}
        self._last_flush_at = clock()
        self._writing = asyncio.Lock()
        self._intending = asyncio.Lock()

    async def intend(self, keys: Iterable[str], floor: str | None = None) -> float:
        """Write down, durably, that these changes are about to be sent; returns the intent's time."""
        # One at a time: two writers at once would take the same part number, or cut each other off after an error.
        async with self._intending:
            intent = Intent(list(keys), self._digest, self._clock(), self._attempt, floor)
            await asyncio.to_thread(self._append, INTENTS, msgspec.json.encode(intent) + b"\n")
            return intent.at

    def record(self, result: Result) -> None:
        """Take a result; it is on the disk at the next flush."""
        self._waiting.append(result)

    @property
    def is_due(self) -> bool:
        """Whether results wait that have to be written now."""
        return bool(self._waiting) and (
            len(self._waiting) >= FLUSH_AFTER_OUTCOMES or self._clock() - self._last_flush_at >= FLUSH_AFTER_S
        )

    async def flush(self) -> None:
        """Write what waits, durably."""
        async with self._writing:
            taken, self._waiting = self._waiting, []
            self._last_flush_at = self._clock()
            if not taken:
                return
            data = msgspec.json.Encoder().encode_lines(taken)
            try:
                await asyncio.to_thread(self._append, OUTCOMES, data)
            except BaseException:
                self._waiting = taken + self._waiting
                raise

    def _append(self, kind: str, data: bytes) -> None:
        if self._folder.is_local:
            self._folder.append(name_entries(self._attempt, kind), data)
            return
        self._parts[kind] += 1
        self._folder.write(name_entries(self._attempt, kind, self._parts[kind]), data)


class _Try(msgspec.Struct):
    """What one try wrote: key → the times of its intents, and its last result.

    :param number: of the try.
    """

    number: int
    intents: dict[str, list[float]] = msgspec.field(default_factory=dict)
    results: dict[str, Result] = msgspec.field(default_factory=dict)

    @property
    def order(self) -> tuple[int, float]:
        """Tries by their number; of one number, by when they wrote last."""
        return self.number, max((result.at for result in self.results.values()), default=0.0)


def read_history(folder: Folder, digest: str) -> History:
    """Read what earlier tries of a plan wrote.

    A last line without its newline was being written when its process died: an intent like that was not yet sent, an
    outcome like that counts as not known.
    """
    history = History()
    tries: dict[str, _Try] = {}
    for name in folder.names():
        attempt, _, rest = name.partition(".")
        one = tries.setdefault(attempt, _Try(read_attempt_number(attempt)))
        lines = folder.read(name).split(b"\n")[:-1]
        if rest.startswith(INTENTS):
            for intent in decode_lines(folder.uri, name, lines, Intent):
                if intent.digest != digest:
                    raise StagedFileError(_foreign(folder, name))
                _take_intent(history, one, intent)
        elif rest.startswith(OUTCOMES):
            for result in decode_lines(folder.uri, name, lines, Result):
                one.results[result.key] = result
    history.tries = len(tries)
    history.last_try = max((one.number for one in tries.values()), default=0)
    # By the number of the try: the clocks of two workers may be apart.
    for one in sorted(tries.values(), key=lambda one: one.order):
        _take_results(history, one)
        _find_unknown(history, one)
    return history


def _take_intent(history: History, one: _Try, intent: Intent) -> None:
    floor = int(intent.floor or 0)
    for key in intent.keys:
        one.intents.setdefault(key, []).append(intent.at)
        history.floors[key] = min(floor, history.floors.get(key, floor))


def _take_results(history: History, one: _Try) -> None:
    for key, result in one.results.items():
        if result.lost_at is not None:
            history.lost_at = max(result.lost_at, history.lost_at or result.lost_at)
        if key not in history.results or result.outcome is not Outcome.NOT_APPLIED:
            history.results[key] = result


def _find_unknown(history: History, one: _Try) -> None:
    """Count what a try may have transmitted, and note the changes of which it has no outcome."""
    for key, times in one.intents.items():
        result = one.results.get(key)
        sends = len(times) - (result.harmless if result else 0)
        if sends:
            history.sends[key] = history.sends.get(key, 0) + sends
        if result is None:
            history.unknown[key] = max(times[-1], history.unknown.get(key, times[-1]))
            forget_not_done(history.results, key)


def forget_not_done(results: dict[str, Result], key: str) -> None:
    """Forget the result of a change that is sent once more, unless it was done, or may have been."""
    known = results.get(key)
    if known is not None and known.outcome not in (Outcome.DONE, Outcome.DOUBTFUL):
        del results[key]


def _foreign(folder: Folder, name: str) -> str:
    return gettext(
        "The journal %(file)s belongs to another plan. Somebody copied files between runs: start a new "
        "run, which compares everything again.",
        file=f"{folder.uri}/{name}",
    )
