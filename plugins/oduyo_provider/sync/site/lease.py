"""A lease on a site: at most one run writes to it at a time, and at most one try of each partition.

Every writer keeps a claim, a small file of its own, in one folder per site and resource, and renews it. It goes ahead
only when, after its own claim was written, a listing shows no claim that conflicts. Of two writers at least one lists
after the other's claim was written, so at most one goes ahead. That needs storage whose listings show what was written
before (a file system, S3), but neither locks nor compare-and-swap.

A claim that is not renewed lapses; the machines' clocks may differ by :data:`CLOCK_SKEW_S`. A holder that could not
renew stops sending before its claim lapses for others.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager

import msgspec

from oduyo_provider.core.errors import LeaseLostError, StagingError
from oduyo_provider.sync.runtime.clock import Clock
from oduyo_provider.sync.staging.folder import Folder

#: A claim is renewed this often …
RENEW_EVERY_S = 10.0
#: … its holder sends nothing once its last renewal is older than this …
HELD_FOR_S = 20.0
#: … and others take it for lapsed after this.
LAPSES_AFTER_S = 30.0

#: The file of a writer that was killed is removed after this.
FORGOTTEN_AFTER_S = 24 * 3600.0

#: How far the clocks of two workers may be apart, in seconds: the difference of the two figures above.
CLOCK_SKEW_S = LAPSES_AFTER_S - HELD_FOR_S

#: Reads of a claim that is there and cannot be read: in between it may have been given back and made anew.
READ_TRIES = 3

_LOOK_EVERY_S = 1.0
_SAY_EVERY_S = 30.0


class Claim(msgspec.Struct, frozen=True):
    """A writer's claim.

    :param generation: the run and the listing that its plan is based on; all partitions of a plan share it.
    :param partition: which part of the plan it writes.
    :param attempt: this try; another try of the same partition is another writer.
    :param renewed_at: seconds since 1970, by the writer's clock.
    """

    generation: str
    partition: int
    attempt: str
    renewed_at: float

    def conflicts_with(self, other: Claim) -> bool:
        """Whether both may not write at the same time."""
        if self.attempt == other.attempt:
            return False
        return self.generation != other.generation or self.partition == other.partition

    @property
    def rank(self) -> tuple[str, int, str]:
        """When two claims meet before either holds, the lower one stays and the other one withdraws."""
        return self.generation, self.partition, self.attempt


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
        partition: int,
        attempt: str,
        say: Callable[[str], None],
        clock: Clock = Clock(),  # noqa: B008  frozen
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._folder = folder
        self._generation = generation
        self._partition = partition
        self._attempt = attempt
        self._say = say
        self._clock = clock
        self._monotonic = monotonic
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
            await asyncio.to_thread(self._folder.delete, _name_file(self._attempt))

    def check(self) -> None:
        """Call before every sending.

        :raises LeaseLostError: the claim could not be renewed in time; another writer may take over.
        """
        if self._is_lost or self._compute_age_s() > HELD_FOR_S:
            self._is_lost = True
            raise LeaseLostError(
                f"The lease on this site could not be renewed for {HELD_FOR_S:.0f} s (staging did not answer, or this "
                "process was stopped), so another run may be writing. Sending has stopped; the next try looks at what "
                "was sent and goes on from there."
            )

    def _compute_age_s(self) -> float:
        # Both clocks: one stands still while the machine sleeps, the other can be set.
        return max(self._monotonic() - self._renewed_at, self._clock.now() - self._claimed_at)

    async def _acquire(self) -> None:
        waited_from: float | None = None
        said_at = self._monotonic() - _SAY_EVERY_S
        while True:
            mine = await asyncio.to_thread(self._renew)
            claims = await asyncio.to_thread(read_claims, self._folder)
            others = [claim for claim in claims if mine.conflicts_with(claim)]
            rivals = [other for other in others if mine.renewed_at - other.renewed_at <= LAPSES_AFTER_S]
            if not rivals:
                await asyncio.to_thread(self._forget_dead, mine, others)
                return
            if any(rival.rank < mine.rank for rival in rivals):
                await asyncio.to_thread(self._folder.delete, _name_file(self._attempt))
            waited_from = self._monotonic() if waited_from is None else waited_from
            if self._monotonic() - said_at >= _SAY_EVERY_S:
                said_at = self._monotonic()
                self._say(
                    f"Waiting: {rivals[0].generation} is writing to this site ({said_at - waited_from:.0f} s so far)"
                )
            await self._clock.sleep(_LOOK_EVERY_S)

    def _renew(self) -> Claim:
        before = self._monotonic()
        claim = Claim(self._generation, self._partition, self._attempt, self._clock.now())
        self._folder.write(_name_file(self._attempt), msgspec.json.encode(claim))
        self._renewed_at, self._claimed_at = before, claim.renewed_at
        return claim

    async def _keep(self) -> None:
        """Renew until the block ends, or until it is too late: whoever took over does not look for our claim again."""
        while not self._is_lost:
            await asyncio.sleep(RENEW_EVERY_S)
            try:
                await asyncio.to_thread(self._renew_in_time)
            except StagingError as error:
                self._say(f"The lease on this site could not be renewed, trying again: {error}")

    def _renew_in_time(self) -> None:
        """Renew, unless the claim was out of date before, or got so while it was being written."""
        renewed_at, claimed_at = self._renewed_at, self._claimed_at
        if self._compute_age_s() <= HELD_FOR_S:
            self._renew()
        age_s = max(self._monotonic() - renewed_at, self._clock.now() - claimed_at)
        self._is_lost = self._is_lost or age_s > HELD_FOR_S

    def _forget_dead(self, mine: Claim, others: Iterable[Claim]) -> None:
        """Remove claims of writers that were killed. Only those that conflict: one that did come back would see ours."""
        for other in others:
            if mine.renewed_at - other.renewed_at > FORGOTTEN_AFTER_S:
                self._folder.delete(_name_file(other.attempt))


def _name_file(attempt: str) -> str:
    return f"{attempt}.json"


def read_claims(folder: Folder) -> list[Claim]:
    """All claims, also lapsed ones; a claim that is given back meanwhile is none."""
    names = [name for name in folder.names() if name.endswith(".json") and not name.startswith(".")]
    return [claim for name in names if (claim := _read_claim(folder, name)) is not None]


def _read_claim(folder: Folder, name: str, tries: int = READ_TRIES) -> Claim | None:
    """None when it is given back. One that could not be read and is there may have been given back and made anew."""
    try:
        return msgspec.json.decode(folder.read(name), type=Claim)
    except StagingError:
        if not folder.has(name):
            return None
        if tries == 1:
            raise
    return _read_claim(folder, name, tries - 1)
