"""The results of one partition: in memory, in its journal, and in the task's log."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import NamedTuple

import msgspec

from oduyo_provider.api.reply import Reply
from oduyo_provider.core.change import Change, Outcome, Result
from oduyo_provider.core.language import gettext
from oduyo_provider.core.ledger import Entry
from oduyo_provider.core.record import Remote
from oduyo_provider.core.values.text import compute_match_key
from oduyo_provider.sync.apply.elsewhere import Elsewhere, Partitions
from oduyo_provider.sync.apply.progress import Progress
from oduyo_provider.sync.runtime.clock import Clock
from oduyo_provider.sync.runtime.timing import LOOK_FOR_DUE_EVERY_S
from oduyo_provider.sync.staging.journal import History, Journal, forget_not_done


class Loss(NamedTuple):
    """What became known of a transmission of unknown fate, and when, in seconds of the monotonic clock."""

    reply: Reply
    at: float


class Recorder:
    """Takes the results of one partition's changes.

    :param history: what earlier tries of this plan wrote down.
    :param entries: the ledger's, by match key.
    :param row_keys: match keys of the rows that the plan changes.
    :param elsewhere: the plan's other partitions.
    """

    def __init__(
        self,
        journal: Journal,
        history: History,
        progress: Progress,
        entries: dict[str, Entry],
        row_keys: frozenset[str] = frozenset(),
        elsewhere: Elsewhere | None = None,
    ) -> None:
        self._journal = journal
        self._progress = progress
        self.history = history
        self.entries = entries
        self.row_keys = row_keys
        self.elsewhere = elsewhere or Partitions().besides(0)
        self.results: dict[str, Result] = dict(history.results)
        #: Ödüyo's id → key of the change whose record was seen to be as it was sent.
        self.seen: dict[str, str] = {
            known.oduyo_id: key for key, known in history.results.items() if known.oduyo_id and known.is_read_back
        }
        self.intended_at: dict[str, float] = {}
        #: Key → how often this try was about to send it.
        self._intents: Counter[str] = Counter()
        #: Key → the highest id that was seen before its last sending.
        self.floors: dict[str, int] = dict(history.floors)
        #: Keys of the changes that this try has transmitted.
        self.sent: set[str] = set()
        #: Keys of the changes that this try took a result of.
        self.settled: set[str] = set()
        #: Changes that were transmitted and whose fate is unknown, by key.
        self.unsettled: dict[str, Change] = {}
        #: Changes that were refused by a session that had ended: they are sent again.
        self.again: list[Change] = []
        #: Key → the answers to its transmissions of unknown fate, by this try.
        self.losses: dict[str, list[Loss]] = {}
        #: Key → when it was last transmitted to an unknown fate, at the latest: it may take effect until settle_s has passed.
        self.lost_at: dict[str, float] = {}
        self.last_lost = float("-inf")  #: the last of these moments, by the monotonic clock
        #: Key → fields of its record that were otherwise at the look before its last sending than when the plan was made.
        self._moved: dict[str, Remote] = {}

    def trust_confirmed(self) -> None:
        """What Ödüyo confirmed is done for good, also where an earlier try did not find it: it is read back again."""
        for key, known in self.results.items():
            if known.is_confirmed and known.outcome is Outcome.DOUBTFUL:
                self.results[key] = msgspec.structs.replace(known, outcome=Outcome.DONE, reason="", is_read_back=False)

    def is_done_earlier(self, change: Change) -> bool:
        """Whether a change took effect by an earlier try, and was not sent by this one."""
        known = self.results.get(change.key)
        if known is None or known.outcome is not Outcome.DONE or not self.history.tries or change.key in self.sent:
            return False
        return known.is_confirmed or bool(self.history.sends.get(change.key))

    def find_entry(self, change: Change) -> Entry | None:
        """What the ledger remembers of a change's key."""
        return self.entries.get(compute_match_key(change.integration_id))

    def is_key_of_other(self, change: Change, key: str | None) -> bool:
        """Whether a match key is that of another row or of its record."""
        if key is None or key == compute_match_key(change.integration_id):
            return False
        return key in self.row_keys or key in self.entries or self.elsewhere.has_key(key)

    def find_others(self, change: Change, records: Iterable[Remote]) -> set[str]:
        """The ids of those records that other rows are known to have."""
        mine = compute_match_key(change.integration_id)
        known = {result.oduyo_id for key, result in self.results.items() if key != change.key}
        known |= {entry.oduyo_id for key, entry in self.entries.items() if key != mine}
        ids = (str(record["id"]) for record in records)
        return {oduyo_id for oduyo_id in ids if oduyo_id in known or self.elsewhere.has_id(oduyo_id)}

    def count_sends(self, key: str) -> int:
        """How often a change may have been transmitted to an unknown fate, earlier tries included."""
        return self.history.sends.get(key, 0) + len(self.losses.get(key, ()))

    def find_key_owner(self, stored: str, change: Change) -> str:
        """Whose the key is that Ödüyo stored for a change: another row's, or another record's as it was sent or is stored.

        :returns: for people; empty when it is nobody's.
        """
        key = compute_match_key(stored.strip())
        is_own = key == compute_match_key(change.integration_id)
        if key in self.row_keys and not is_own:
            return gettext("the row %(key)s", key=stored)
        owner = None if is_own else self.entries.get(key)
        if owner is None or not owner.is_made:
            owner = self._by_stored_key.get(key)
        if owner is not None and owner.integration_id != change.integration_id:
            return gettext("the record of %(key)s", key=owner.integration_id)
        name = self.elsewhere.find_owner(key)
        return gettext("the row %(key)s", key=name) if name else ""

    @cached_property
    def _by_stored_key(self) -> dict[str, Entry]:
        known = ((entry.stored.get("integration_id"), entry) for entry in self.entries.values() if entry.is_made)
        return {
            compute_match_key(pair.stored.strip()): entry for pair, entry in known if pair is not None and pair.stored
        }

    async def intend(self, changes: Sequence[Change], floor: int) -> None:
        """Write down, durably, that changes are about to be sent."""
        keys = [change.key for change in changes]
        at = await self._journal.intend(keys, str(floor) if floor else None)
        self._intents.update(keys)
        for key in keys:
            self.intended_at[key] = at
            self.floors[key] = min(floor, self.floors.get(key, floor))

    def note_looked(self, change: Change, looked: Remote) -> None:
        """A change is about to be sent, with all that it does not change as it was looked at.

        :param looked: the record's documented fields.
        """
        self._moved.pop(change.key, None)
        if moved := {name: value for name, value in looked.items() if value != change.base.get(name)}:
            self._moved[change.key] = moved

    def rebase(self, change: Change) -> Change:
        """A change with what it was based on when it was sent, by this try."""
        moved = self._moved.get(change.key)
        return msgspec.structs.replace(change, base={**change.base, **moved}) if moved else change

    def note_sent(self, key: str) -> None:
        """A change is being transmitted."""
        self.sent.add(key)
        if key in self.history.results and key not in self.settled:
            forget_not_done(self.results, key)

    def note_lost(self, key: str, clock: Clock) -> None:
        """A change was transmitted to an unknown fate by now, whatever became of it later."""
        self.lost_at[key], self.last_lost = clock.now(), clock.monotonic()

    def note_reply(self, change: Change, reply: Reply, clock: Clock) -> bool:
        """An answer came, or was given up; returns whether it says what became of the change."""
        if reply.lost:
            self.note_lost(change.key, clock)
        if reply.outcome is Outcome.DOUBTFUL or (reply.outcome is Outcome.REFUSED and reply.lost):
            self.unsettled[change.key] = change
            self.losses.setdefault(change.key, []).append(Loss(reply, clock.monotonic()))
            return False
        return True

    def forget_unsettled(self, changes: Iterable[Change]) -> None:
        """These changes are sent again."""
        for change in changes:
            self.unsettled.pop(change.key, None)

    def is_unanswered(self, change: Change) -> bool:
        """Whether a change got no usable answer, also when it was sent again."""
        known = self.results.get(change.key)
        return change.key in self.unsettled or (known is not None and known.outcome is Outcome.DOUBTFUL)

    def has_errors_only(self, change: Change) -> bool:
        """Whether all that a change got, in both its sendings, were errors of the server's own."""
        replies = [loss.reply for loss in self.losses.get(change.key, ())]
        return len(replies) > 1 and all(reply.is_server_error for reply in replies)

    def take(self, change: Change, result: Result) -> None:
        """Take a result that is final for this try."""
        self.unsettled.pop(change.key, None)
        self.settled.add(change.key)
        self.correct(result)
        self._progress.count(change.action, result)

    def correct(self, result: Result) -> None:
        """Replace a result by what was seen later."""
        key = result.key
        result.harmless = max(self._intents[key] - len(self.losses.get(key, ())) - result.is_confirmed, 0)
        result.lost_at = self.lost_at.get(key)
        self.results[key] = result
        if result.oduyo_id:
            self.elsewhere.note_made(result.oduyo_id)
            if result.is_read_back:
                self.seen[result.oduyo_id] = key
        self._progress.sample(result)
        self._journal.record(result)

    def release_again(self, said: str) -> None:
        """Nothing is sent again: what was refused by a session that had ended stays refused, and is not remembered."""
        for change in self.again:
            if change.key in self.sent:
                self.take(change, Result(change.key, Outcome.REFUSED, change.oduyo_id, said))
        self.again = []

    def note_not_sent(self, changes: Iterable[Change], at: float) -> None:
        """Write down what was about to be sent and never was: nobody has to wait for it. What earlier tries know stays."""
        for change in changes:
            key = change.key
            if key in self.intended_at and key not in self.sent and key not in self.settled:
                result = Result(key, Outcome.NOT_APPLIED, change.oduyo_id, at=at, harmless=self._intents[key])
                self._journal.record(result)
                self.results.setdefault(key, result)

    async def flush(self) -> None:
        """Write what waits, durably."""
        await self._journal.flush()

    async def flush_regularly(self) -> None:
        """Write outcomes as they become due, until it is cancelled."""
        while True:
            # Not wait_for(), which before Python 3.12 may swallow the cancellation.
            await asyncio.sleep(LOOK_FOR_DUE_EVERY_S)
            if self._journal.is_due:
                # A flush that is cancelled would leave its thread writing while the last one writes too.
                await asyncio.shield(self.flush())
