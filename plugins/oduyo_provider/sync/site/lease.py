"""A lease on a site: one load writes to it at a time.

Every writer keeps a claim, a small file of its own, in one folder per site and resource, and renews it. A writer that sees
another claim waits, and writes nothing. One that sees none writes its own and looks again. Of two writers at least one looks
after the other's claim was written, so at most one goes on. A writer whose own claim may have lapsed meanwhile begins again.
That needs storage whose listings show what was written before (a file system, S3), but neither locks nor compare-and-swap.

A claim lapses when its reader has seen it unchanged for ``LAPSES_AFTER_S`` by its own clock; no two clocks are compared. A
holder that could not renew stops sending before that.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from contextvars import copy_context
from typing import TypeVar

import msgspec

from oduyo_provider.core.errors import LeaseLostError, StagingError
from oduyo_provider.core.language import format_number, gettext
from oduyo_provider.sync.runtime.clock import Clock
from oduyo_provider.sync.runtime.timing import (
    HELD_FOR_S,
    LAPSES_AFTER_S,
    LOOK_FOR_LEASE_EVERY_S,
    RENEW_EVERY_S,
    SAY_WAITING_EVERY_S,
)
from oduyo_provider.sync.site.files import StateFile
from oduyo_provider.sync.staging.folder import Folder
from oduyo_provider.sync.staging.jsonl import DAMAGE
from oduyo_provider.sync.staging.layout import name_claim

#: Tries to read a claim: between listing and reading it may have been given back and made anew.
READ_TRIES = 3

T = TypeVar("T")


class Claim(StateFile, frozen=True):
    """A writer's claim.

    :param generation: the plan that it writes.
    :param attempt: this try; another try of the same plan is another writer.
    :param renewals: changes with every renewal, so that readers see that the writer lives.
    :param is_held: the writer has the lease; else it only asks for it.
    """

    generation: str
    attempt: str
    renewals: int = 0
    is_held: bool = False


class _Seen(msgspec.Struct):
    """A claim as it was seen, and since when it is unchanged, by the reader's monotonic clock."""

    claim: Claim
    since: float


class Lease:
    """One writer's lease.

    :param folder: of the site and resource; holds nothing but claims.
    :param say: tells a line to the task log.
    """

    def __init__(
        self,
        folder: Folder,
        *,
        generation: str,
        attempt: str,
        say: Callable[[str], None],
        clock: Clock = Clock(),  # noqa: B008  frozen
    ) -> None:
        self._folder = folder
        self._mine = Claim(generation, attempt)
        self._say = say
        self._clock = clock
        self._seen: dict[str, _Seen] = {}
        self._renewed_at = self._claimed_at = float("-inf")
        self._is_lost = False

    @asynccontextmanager
    async def hold(self) -> AsyncIterator[Lease]:
        """Wait for the lease, hold it as long as the block runs, and give it back."""
        await self._acquire()
        renewal = asyncio.create_task(self._keep())
        try:
            yield self
        finally:
            renewal.cancel()
            await asyncio.gather(renewal, return_exceptions=True)
            await asyncio.to_thread(self._folder.delete, self._name)

    async def work(self, write: Callable[[Callable[[], None]], T]) -> T:
        """Run a long write in a thread while the claim is renewed. It ends before the lease is given back.

        :param write: is given :meth:`check`, to call before each writing.
        """
        writing = asyncio.get_running_loop().run_in_executor(None, copy_context().run, write, self.check)
        try:
            return await asyncio.shield(writing)
        except asyncio.CancelledError:
            self._is_lost = True
            await asyncio.gather(writing, return_exceptions=True)
            raise

    def check(self) -> None:
        """Call before every sending, and before every writing of what is kept of the site.

        :raises LeaseLostError: the claim could not be renewed in time; another writer may take over.
        """
        if self._is_lost or self._compute_age_s() > HELD_FOR_S:
            self._is_lost = True
            raise LeaseLostError(
                gettext(
                    "The lease on this site could not be renewed for %(seconds)s s (staging did not answer, or this process "
                    "was stopped), so another run may be writing. Sending has stopped; the next try looks at what was sent "
                    "and goes on from there.",
                    seconds=format_number(HELD_FOR_S),
                )
            )

    @property
    def _name(self) -> str:
        return name_claim(self._mine.attempt)

    def _compute_age_s(self) -> float:
        # Both clocks: one stands still while the machine sleeps, the other can be set.
        return max(self._clock.monotonic() - self._renewed_at, self._clock.now() - self._claimed_at)

    async def _acquire(self) -> None:
        waited_from, said_at = self._clock.monotonic(), float("-inf")
        while True:
            others = await asyncio.to_thread(self._read_live)
            if not others and await self._try_to_hold():
                return
            if others and self._clock.monotonic() - said_at >= SAY_WAITING_EVERY_S:
                said_at = self._clock.monotonic()
                self._say(
                    gettext(
                        "Waiting: %(plan)s is writing to this site (%(seconds)s s so far)",
                        plan=others[0].generation,
                        seconds=format_number(said_at - waited_from),
                    )
                )
            await self._clock.sleep(LOOK_FOR_LEASE_EVERY_S * (0.5 + random.random()))  # noqa: S311  keeps waiters out of step

    async def _try_to_hold(self) -> bool:
        """Ask for the lease. Of several that ask at once, the one whose name comes first stays."""
        await asyncio.to_thread(self._renew, is_held=False)
        while True:
            others = await asyncio.to_thread(self._read_live)
            if not others and await asyncio.to_thread(self._take_over):
                return True
            if not others or any(other.is_held or other.attempt < self._mine.attempt for other in others):
                await asyncio.to_thread(self._folder.delete, self._name)
                return False
            if self._compute_age_s() > RENEW_EVERY_S:
                await asyncio.to_thread(self._renew, is_held=False)
            await self._clock.sleep(LOOK_FOR_LEASE_EVERY_S / 4)

    def _take_over(self) -> bool:
        """Hold the lease, and remove the claims that have lapsed: their writers find out by their own clock.

        :returns: whether it is held; not where our own claim may have lapsed since we looked.
        """
        is_in_time = self._renew_in_time()
        for name in self._seen if is_in_time else ():
            self._folder.delete(name)
        return is_in_time

    def _read_live(self) -> list[Claim]:
        """The others' claims that have not lapsed."""
        now, present = self._clock.monotonic(), dict[str, _Seen]()
        for name, claim in read_claims(self._folder).items():
            if name == self._name:
                continue
            known = self._seen.get(name)
            present[name] = known if known is not None and known.claim == claim else _Seen(claim, now)
        self._seen = present
        return [seen.claim for seen in present.values() if now - seen.since < LAPSES_AFTER_S]

    def _renew(self, *, is_held: bool) -> None:
        before, claimed_at = self._clock.monotonic(), self._clock.now()
        self._mine = msgspec.structs.replace(self._mine, renewals=self._mine.renewals + 1, is_held=is_held)
        self._folder.write(self._name, msgspec.json.encode(self._mine))
        self._renewed_at, self._claimed_at = before, claimed_at

    async def _keep(self) -> None:
        """Renew until the block ends, or until the claim is too old: another writer may hold the lease then."""
        while not self._is_lost:
            await asyncio.sleep(RENEW_EVERY_S)
            try:
                if not await asyncio.to_thread(self._renew_in_time):
                    self._is_lost = True
            except StagingError as error:
                self._say(gettext("The lease on this site could not be renewed, trying again: %(error)s", error=error))

    def _renew_in_time(self) -> bool:
        """Renew; returns False when the claim was too old before, or became so while it was written."""
        renewed_at, claimed_at = self._renewed_at, self._claimed_at
        if self._compute_age_s() <= HELD_FOR_S:
            self._renew(is_held=True)
        return max(self._clock.monotonic() - renewed_at, self._clock.now() - claimed_at) <= HELD_FOR_S


def read_claims(folder: Folder) -> dict[str, Claim]:
    """All claims by their file's name, also lapsed ones; a claim that is given back meanwhile is none."""
    names = [name for name in folder.names() if name.endswith(".json")]
    return {name: claim for name in names if (claim := _read_claim(folder, name)) is not None}


def _read_claim(folder: Folder, name: str, tries: int = READ_TRIES) -> Claim | None:
    """Read a claim; None when it was given back. One that cannot be read may have been made anew: read it again."""
    try:
        return msgspec.json.decode(folder.read(name), type=Claim)
    except DAMAGE:
        return Claim(gettext("a writer whose claim is damaged"), name, is_held=True)  # it lapses as any other
    except StagingError:
        if not folder.has(name):
            return None
        if tries == 1:
            raise
    return _read_claim(folder, name, tries - 1)
