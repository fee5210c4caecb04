"""The lease: one run writes to a site at a time, one try of each partition, and nobody goes on without it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from oduyo_provider.core.errors import LeaseLostError, StagingError
from oduyo_provider.sync.runtime.clock import Clock
from oduyo_provider.sync.site import lease as lease_module
from oduyo_provider.sync.site.lease import FORGOTTEN_AFTER_S, HELD_FOR_S, LAPSES_AFTER_S, Lease, read_claims
from oduyo_provider.sync.staging.folder import Folder


class FakeTime:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    async def sleep(self, seconds: float) -> None:
        self.now_s += seconds
        await asyncio.sleep(0)

    @property
    def clock(self) -> Clock:
        return Clock(lambda: self.now_s, self.sleep)


@pytest.fixture
def time() -> FakeTime:
    return FakeTime()


@pytest.fixture(params=["disk", "memory"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Folder:
    place = str(tmp_path) if request.param == "disk" else f"memory://bucket{tmp_path}"
    return Folder.open(place).child("claims")


async def wait_until(is_so: Callable[[], bool]) -> None:
    while True:
        if is_so():
            return
        await asyncio.sleep(0.01)


def make(folder: Folder, time: FakeTime, generation: str, partition: int = 0, attempt: str = "try1") -> Lease:
    return Lease(
        folder,
        generation=generation,
        partition=partition,
        attempt=f"{generation}-{partition}-{attempt}",
        say=lambda text: None,
        clock=time.clock,
        monotonic=lambda: time.now_s,
    )


def test_a_lease_is_given_back_at_the_end(folder: Folder, time: FakeTime) -> None:
    async def work() -> None:
        for generation in ("a", "b"):
            async with make(folder, time, generation).hold() as lease:
                lease.check()

    asyncio.run(work())
    assert time.now_s == 1000.0
    assert folder.names() == []


def test_partitions_of_one_plan_hold_it_together(folder: Folder, time: FakeTime) -> None:
    async def work() -> None:
        async with make(folder, time, "a", 0).hold(), make(folder, time, "a", 1).hold():
            assert time.now_s == 1000.0

    asyncio.run(work())


@pytest.mark.parametrize(
    ("generation", "partition"), [("b", 0), ("b", 1), ("a", 0)], ids=["other run", "other partition", "other try"]
)
def test_a_writer_that_died_is_waited_for_until_its_claim_lapses(
    folder: Folder, time: FakeTime, generation: str, partition: int
) -> None:
    async def work() -> None:
        dead = make(folder, time, "a", 0)
        await dead._acquire()
        async with make(folder, time, generation, partition, "try2").hold() as lease:
            lease.check()

    asyncio.run(work())
    assert LAPSES_AFTER_S < time.now_s - 1000.0 < LAPSES_AFTER_S + 3


def test_a_claim_that_is_not_renewed_stops_its_holder_before_others_take_over(folder: Folder, time: FakeTime) -> None:
    async def work() -> None:
        async with make(folder, time, "a").hold() as lease:
            time.now_s += HELD_FOR_S
            lease.check()
            time.now_s += 0.1
            with pytest.raises(LeaseLostError, match="could not be renewed"):
                lease.check()

    asyncio.run(work())
    assert HELD_FOR_S < LAPSES_AFTER_S


def test_a_holder_renews_its_claim_and_survives_a_storage_that_fails_for_a_moment(
    monkeypatch: pytest.MonkeyPatch, folder: Folder, time: FakeTime
) -> None:
    monkeypatch.setattr(lease_module, "RENEW_EVERY_S", 0.01)
    said: list[str] = []
    failing = iter([StagingError("disk full"), None, None])
    write = Folder.write

    def flaky(self: Folder, name: str, data: bytes) -> None:
        error = next(failing, None)
        if error is not None:
            raise error
        write(self, name, data)

    async def work() -> None:
        lease = make(folder, time, "a")
        lease._say = said.append
        async with lease.hold():
            monkeypatch.setattr(Folder, "write", flaky)
            await wait_until(lambda: bool(said))
            time.now_s += HELD_FOR_S - 5
            await wait_until(lambda: lease._compute_age_s() == 0)
            time.now_s += HELD_FOR_S - 5
            lease.check()

    asyncio.run(asyncio.wait_for(work(), 30))
    assert any("disk full" in line for line in said)


def test_claims_of_writers_that_were_killed_are_forgotten(folder: Folder, time: FakeTime) -> None:
    make(folder, time, "old")._renew()
    make(folder, time, "new", partition=1)._renew()
    time.now_s += FORGOTTEN_AFTER_S - 60
    make(folder, time, "later")._renew()
    time.now_s += 120

    async def work() -> None:
        async with make(folder, time, "new").hold():
            # The old one of this very plan stays until another plan's writer comes: it does not stand in the way.
            assert sorted(claim.generation for claim in read_claims(folder)) == ["later", "new", "new"]

    asyncio.run(work())


def test_a_lease_that_was_lost_stays_lost(monkeypatch: pytest.MonkeyPatch, folder: Folder, time: FakeTime) -> None:
    monkeypatch.setattr(lease_module, "RENEW_EVERY_S", 0.01)

    async def work() -> None:
        async with make(folder, time, "a").hold() as lease:
            time.now_s += LAPSES_AFTER_S + 5  # the process stood still, and somebody else has taken over
            await asyncio.sleep(0.1)
            with pytest.raises(LeaseLostError):
                lease.check()

    asyncio.run(work())


def test_a_claim_that_took_too_long_to_write_is_lost(
    monkeypatch: pytest.MonkeyPatch, folder: Folder, time: FakeTime
) -> None:
    monkeypatch.setattr(lease_module, "RENEW_EVERY_S", 0.01)
    write = Folder.write

    def slow(self: Folder, name: str, data: bytes) -> None:
        time.now_s += LAPSES_AFTER_S + 5
        write(self, name, data)

    async def work() -> None:
        async with make(folder, time, "a").hold() as lease:
            with monkeypatch.context() as patch:
                patch.setattr(Folder, "write", slow)
                await wait_until(lambda: lease._is_lost)
            with pytest.raises(LeaseLostError):
                lease.check()

    asyncio.run(asyncio.wait_for(work(), 30))


@pytest.mark.parametrize(("failures", "is_there", "fails"), [(2, True, False), (3, True, True), (1, False, False)])
def test_a_claim_that_is_made_anew_while_it_is_read_is_read_again(
    monkeypatch: pytest.MonkeyPatch, folder: Folder, time: FakeTime, failures: int, is_there: bool, fails: bool
) -> None:
    make(folder, time, "a")._renew()
    read, left = Folder.read, failures

    def flaky(self: Folder, name: str) -> bytes:
        nonlocal left
        if left:
            left -= 1
            if not is_there:
                self.delete(name)
            raise StagingError("there is no staged file")
        return read(self, name)

    monkeypatch.setattr(Folder, "read", flaky)
    if fails:
        with pytest.raises(StagingError):
            read_claims(folder)
    else:
        assert [claim.generation for claim in read_claims(folder)] == (["a"] if is_there else [])
    assert left == 0


@pytest.mark.parametrize("seed", range(30))
def test_two_writers_that_conflict_never_write_at_the_same_time(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    folder = Folder.open(str(tmp_path / "claims"))
    writing: list[str] = []
    turns = 0

    async def pause(seconds: float) -> None:
        await asyncio.sleep(rng.random() * 0.002)

    async def write(name: str) -> None:
        nonlocal turns
        await asyncio.sleep(rng.random() * 0.002)
        lease = Lease(
            folder,
            generation=name,
            partition=0,
            attempt=name,
            say=lambda text: None,
            clock=Clock(sleep=pause),
        )
        async with lease.hold():
            writing.append(name)
            assert len(writing) == 1, f"{writing} write at once"
            await asyncio.sleep(rng.random() * 0.002)
            writing.remove(name)
            turns += 1

    async def work() -> None:
        await asyncio.gather(*(write(name) for name in "abcd"))

    asyncio.run(asyncio.wait_for(work(), 60))
    assert turns == 4
