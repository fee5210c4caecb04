"""The journal of an apply: what is about to be sent, and what became of it.

An **intent** is durable before its change is sent. An **outcome** follows at most :data:`FLUSH_AFTER_S` seconds or
:data:`FLUSH_AFTER_OUTCOMES` outcomes behind. So whatever a process that was killed may have sent stands in its intents,
and a later try looks in Ödüyo before it sends any of that again.

The journal of a plan is a folder that only tries of this very plan write to (it carries the plan's digest). Every try
has files of its own: on a disk one file that grows, in an object store, which cannot append, numbered parts.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable

import msgspec

from oduyo_provider.core.change import Outcome
from oduyo_provider.core.errors import StagingError
from oduyo_provider.sync.staging.folder import Folder, decode_lines

#: Outcomes are written at the latest after so many seconds …
FLUSH_AFTER_S = 1.0
#: … or so many outcomes.
FLUSH_AFTER_OUTCOMES = 500

_INTENTS = "intents"
_OUTCOMES = "outcomes"


class Intent(msgspec.Struct, frozen=True):
    """Changes that are about to be sent.

    :param keys: the changes' keys.
    :param digest: of the plan.
    :param at: seconds since 1970; a change is sent within :data:`~oduyo_provider.sync.apply.sender.INTENT_TTL_S` of it or not
        under this intent.
    :param attempt: the try that sends.
    """

    keys: list[str]
    digest: str
    at: float
    attempt: str


class Result(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of one change. A later result of the same change replaces an earlier one.

    :param oduyo_id: the record's id in Ödüyo, where known.
    :param reason: why it was not done; short, the same for the same cause.
    :param answer: what Ödüyo answered, for people.
    :param stored: values that Ödüyo stored otherwise than sent.
    :param twins: ids of further records with the same integration_id, found when reading back.
    :param at: seconds since 1970.
    """

    key: str
    outcome: Outcome
    oduyo_id: str | None = None
    reason: str = ""
    answer: str = ""
    stored: dict[str, str | None] = {}
    twins: list[str] = []
    at: float = 0.0


class History(msgspec.Struct):
    """What all tries of a plan wrote down.

    :param results: key → latest result.
    :param intents: key → times at which it was about to be sent, ascending.
    :param tries: how many tries wrote anything.
    :param unknown: keys that some try was about to send without an outcome in that same try → when it last was. An
        outcome of an earlier try says nothing of what a later one sent.
    :param senders: key → how many tries were about to send it.
    :param last_at: when anything was last written; None when nothing was.
    """

    results: dict[str, Result]
    intents: dict[str, list[float]]
    tries: int
    unknown: dict[str, float] = {}
    senders: dict[str, int] = {}
    last_at: float | None = None


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
        self._parts = {_INTENTS: 0, _OUTCOMES: 0}
        self._last_flush_at = clock()
        self._writing = asyncio.Lock()
        self._intending = asyncio.Lock()

    async def intend(self, keys: Iterable[str]) -> float:
        """Write down, durably, that these changes are about to be sent; returns the intent's time."""
        # One at a time: two writers at once would take the same part number, or cut each other off after an error.
        async with self._intending:
            intent = Intent(list(keys), self._digest, self._clock(), self._attempt)
            await asyncio.to_thread(self._append, _INTENTS, msgspec.json.encode(intent) + b"\n")
            return intent.at

    def record(self, result: Result) -> bool:
        """Take a result; it is on the disk at the next flush. Returns whether so many wait that it is time for one."""
        self._waiting.append(result)
        return len(self._waiting) >= FLUSH_AFTER_OUTCOMES

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
            encode = msgspec.json.Encoder().encode
            data = b"".join(encode(result) + b"\n" for result in taken)
            try:
                await asyncio.to_thread(self._append, _OUTCOMES, data)
            except BaseException:
                self._waiting = taken + self._waiting
                raise

    def _append(self, kind: str, data: bytes) -> None:
        if self._folder.is_local:
            self._folder.append(f"{self._attempt}.{kind}.jsonl", data)
            return
        self._parts[kind] += 1
        self._folder.write(f"{self._attempt}.{kind}.{self._parts[kind]:06d}.jsonl", data)


def read_history(folder: Folder, digest: str) -> History:
    """Read what earlier tries of a plan wrote.

    A last line without its newline was being written when its process died: an intent like that was not yet sent, an
    outcome like that counts as not known.
    """
    history = History({}, {}, 0)
    intents: dict[str, dict[str, float]] = {}
    outcomes: dict[str, set[str]] = {}
    for name in folder.names():
        attempt, _, rest = name.partition(".")
        sent, settled = intents.setdefault(attempt, {}), outcomes.setdefault(attempt, set())
        lines = folder.read(name).split(b"\n")[:-1]
        if rest.startswith(_INTENTS):
            for intent in decode_lines(folder, name, lines, Intent):
                if intent.digest != digest:
                    raise StagingError(_foreign(folder, name))
                for key in intent.keys:
                    history.intents.setdefault(key, []).append(intent.at)
                    sent[key] = max(intent.at, sent.get(key, intent.at))
                history.last_at = max(intent.at, history.last_at or intent.at)
        elif rest.startswith(_OUTCOMES):
            for result in decode_lines(folder, name, lines, Result):
                settled.add(result.key)
                known = history.results.get(result.key)
                if known is None or known.at <= result.at:
                    history.results[result.key] = result
                history.last_at = max(result.at, history.last_at or result.at)
    for times in history.intents.values():
        times.sort()
    history.tries = len(intents)
    _find_unknown(history, intents, outcomes)
    return history


def _find_unknown(history: History, intents: dict[str, dict[str, float]], outcomes: dict[str, set[str]]) -> None:
    """Compare what each try was about to send with what it settled."""
    for attempt, sent in intents.items():
        for key, at in sent.items():
            history.senders[key] = history.senders.get(key, 0) + 1
            if key not in outcomes[attempt]:
                history.unknown[key] = max(at, history.unknown.get(key, at))


def _foreign(folder: Folder, name: str) -> str:
    return (
        f"The journal {folder.uri}/{name} belongs to another plan. Somebody copied files between runs: start a new run, "
        "which compares everything again."
    )
