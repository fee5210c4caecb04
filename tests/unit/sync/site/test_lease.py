"""The lease: one load writes to a site at a time, waiting writes nothing, and nobody goes on without it."""

from __future__ import annotations

import asyncio
import random
import threading
import time as real_time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest

from oduyo_provider.core.errors import LeaseLostError, StagingError
from oduyo_provider.sync.runtime.clock import Clock
from oduyo_provider.sync.runtime.timing import HELD_FOR_S, LAPSES_AFTER_S, RENEW_EVERY_S
from oduyo_provider.sync.site import lease as lease_module
from oduyo_provider.sync.site.files import FORMAT
from oduyo_provider.sync.site.lease import Claim, Lease, read_claims
from oduyo_provider.sync.staging.folder import Folder

START_S = 1000.0


class FakeTime:
    """A clock that only sleeping moves.

    :param ahead_s: how far this machine's wall clock is ahead of others'.
    :ivar on_sleep: called after every sleep: what others do meanwhile.
    """

    def __init__(self, ahead_s: float = 0.0) -> None:
        self.now_s = START_S
        self.ahead_s = ahead_s
        self.on_sleep: Callable[[], None] = lambda: None

    async def sleep(self, seconds: float) -> None:
        self.now_s += seconds
        self.on_sleep()
        await asyncio.sleep(0)

    @property
    def passed_s(self) -> float:
        return self.now_s - START_S

    @property
    def clock(self) -> Clock:
        return Clock(lambda: self.now_s + self.ahead_s, self.sleep, lambda: self.now_s)


@pytest.fixture
def time() -> FakeTime:
    return FakeTime()


@pytest.fixture(params=["disk", "memory"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Folder:
    place = str(tmp_path) if request.param == "disk" else f"memory://bucket{tmp_path}"
    return Folder.open(place).child("claims")


@pytest.fixture
def renews_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Renewals, which are made in real time, follow each other at once."""
    monkeypatch.setattr(lease_module, "RENEW_EVERY_S", 0.01)


async def hold_once(lease: Lease) -> None:
    async with lease.hold():
        pass


async def wait_until(is_so: Callable[[], bool]) -> None:
    while True:
        if is_so():
            return
        await asyncio.sleep(0.005)


def make(
    folder: Folder,
    time: FakeTime,
    generation: str,
    attempt: str = "try1",
    say: Callable[[str], None] = lambda text: None,
) -> Lease:
    return Lease(
        folder,
        generation=generation,
        attempt=f"{generation}-{attempt}",
        say=say,
        clock=time.clock,
    )


def write_claim(folder: Folder, generation: str = "dead", *, renewals: int = 1, is_held: bool = True) -> None:
    """What a writer that was killed has left, or one that lives elsewhere."""
    claim = Claim(generation, f"{generation}-try1", renewals, is_held)
    folder.write(f"{generation}-try1.json", msgspec.json.encode(claim))


def run(work: Callable[[], object]) -> None:
    asyncio.run(asyncio.wait_for(work(), 60))  # type: ignore[arg-type]


def is_lost(lease: Lease) -> bool:
    try:
        lease.check()
    except LeaseLostError:
        return True
    return False


def test_a_lease_is_given_back_at_the_end_also_after_an_error(folder: Folder, time: FakeTime) -> None:
    async def hold_and_fail(generation: str) -> None:
        async with make(folder, time, generation).hold() as lease:
            lease.check()
            assert [claim.is_held for claim in read_claims(folder).values()] == [True]
            raise ZeroDivisionError

    for generation in ("a", "b"):
        with pytest.raises(ZeroDivisionError):
            run(lambda generation=generation: hold_and_fail(generation))  # type: ignore[misc]
    assert time.now_s == START_S
    assert folder.names() == []


def test_a_claim_says_its_format_as_all_that_is_kept_of_a_site(folder: Folder, time: FakeTime) -> None:
    async def hold() -> None:
        async with make(folder, time, "a").hold():
            [name] = folder.names()
            assert msgspec.json.decode(folder.read(name))["format"] == FORMAT

    run(hold)


@pytest.mark.parametrize("generation", ["other", "dead"], ids=["another plan", "another try of the same plan"])
def test_a_writer_that_died_is_waited_for_until_its_claim_lapses(
    folder: Folder, time: FakeTime, generation: str
) -> None:
    write_claim(folder)

    async def work() -> None:
        async with make(folder, time, generation, "try2").hold() as lease:
            lease.check()
            assert [claim.generation for claim in read_claims(folder).values()] == [generation]

    run(work)
    assert LAPSES_AFTER_S <= time.passed_s < LAPSES_AFTER_S + 3


def test_a_claim_that_is_renewed_never_lapses_and_its_writer_is_named(folder: Folder, time: FakeTime) -> None:
    def renew_for_long() -> None:
        if time.passed_s < 10 * LAPSES_AFTER_S:
            write_claim(folder, "a", renewals=int(time.passed_s / RENEW_EVERY_S))
        else:
            folder.delete("a-try1.json")

    said: list[str] = []
    time.on_sleep = renew_for_long
    renew_for_long()
    run(lambda: hold_once(make(folder, time, "b", say=said.append)))
    assert time.passed_s >= 10 * LAPSES_AFTER_S
    assert said[0] == "Waiting: a is writing to this site (0 s so far)"
    assert 5 < len(said) < 20


@pytest.mark.parametrize("ahead_s", [-7 * 3600.0, 3 * 3600.0])
def test_a_claim_lapses_by_its_reader_s_own_clock_however_far_clocks_are_apart(folder: Folder, ahead_s: float) -> None:
    mine, theirs = FakeTime(), FakeTime(ahead_s)

    async def work() -> None:
        async with make(folder, theirs, "a").hold():
            await hold_once(make(folder, mine, "b"))

    run(work)
    assert LAPSES_AFTER_S <= mine.passed_s < LAPSES_AFTER_S + 3


def test_waiting_writes_nothing(folder: Folder, time: FakeTime, monkeypatch: pytest.MonkeyPatch) -> None:
    write_claim(folder)
    operations = count_operations(monkeypatch)

    waited: list[tuple[int, int, int]] = []
    time.on_sleep = lambda: waited.append((operations["write"], operations["delete"], operations["read"]))
    run(lambda: hold_once(make(folder, time, "b")))
    assert [(writes, deletes) for writes, deletes, _ in waited] == [(0, 0)] * len(waited)
    assert waited[-1][-1] == len(waited) > LAPSES_AFTER_S / 2, "a look reads each claim once"


def count_operations(monkeypatch: pytest.MonkeyPatch, takes_s: float = 0.0) -> Counter[str]:
    """Counts what is asked of the storage; each operation takes so long."""
    operations: Counter[str] = Counter()

    def count(name: str) -> None:
        work = getattr(Folder, name)

        def counting(*given: object) -> object:
            operations[name] += 1
            if takes_s:
                real_time.sleep(takes_s)
            return work(*given)

        monkeypatch.setattr(Folder, name, counting)

    for name in ("names", "has", "read", "write", "delete"):
        count(name)
    return operations


def test_a17_fourteen_waiters_on_a_slow_storage_all_get_the_lease(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A tenth of every time: 80 ms an operation, a look a second, a lapse after 30 s.
    monkeypatch.setattr(lease_module, "LOOK_FOR_LEASE_EVERY_S", 0.1)
    monkeypatch.setattr(lease_module, "LAPSES_AFTER_S", LAPSES_AFTER_S / 10)
    monkeypatch.setattr(lease_module, "RENEW_EVERY_S", RENEW_EVERY_S / 10)
    operations = count_operations(monkeypatch, takes_s=0.008)
    folder = Folder.open(str(tmp_path)).child("claims")
    holders: list[str] = []

    async def hold(name: str) -> None:
        async with Lease(folder, generation=name, attempt=name, say=lambda text: None).hold() as lease:
            holders.append(name)
            await asyncio.sleep(0.05)
            lease.check()
            assert holders[-1] == name, "two hold the lease at once"

    async def work() -> None:
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(32))  # each waiter is a process of its own
        await asyncio.gather(*(hold(f"w{number:02d}") for number in range(14)))

    run(work)
    assert sorted(holders) == [f"w{number:02d}" for number in range(14)]
    assert operations["write"] < operations["read"]
    assert folder.names() == []


def test_a_claim_that_is_not_renewed_stops_its_holder_before_others_take_over(folder: Folder, time: FakeTime) -> None:
    async def work() -> None:
        async with make(folder, time, "a").hold() as lease:
            time.now_s += HELD_FOR_S
            lease.check()
            time.now_s += 0.1
            with pytest.raises(LeaseLostError, match=r"could not be renewed for 20 s.*Sending has stopped"):
                lease.check()

    run(work)
    assert HELD_FOR_S < LAPSES_AFTER_S


@pytest.mark.usefixtures("renews_often")
def test_a_holder_renews_its_claim_and_survives_a_storage_that_fails_for_a_moment(
    monkeypatch: pytest.MonkeyPatch, folder: Folder, time: FakeTime
) -> None:
    said: list[str] = []
    failing = iter([StagingError("disk full"), None, None])
    write = Folder.write

    def flaky(self: Folder, name: str, data: bytes) -> None:
        error = next(failing, None)
        if error is not None:
            raise error
        write(self, name, data)

    async def work() -> None:
        async with make(folder, time, "a", say=said.append).hold() as lease:
            monkeypatch.setattr(Folder, "write", flaky)
            await wait_until(lambda: bool(said))
            for _ in range(3):
                time.now_s += HELD_FOR_S - 5
                # One renewal may have looked at the clock before, and the last one seen may not have ended.
                renewals = read_renewals(folder) + 2
                await wait_until(lambda renewals=renewals: read_renewals(folder) > renewals)  # type: ignore[misc]
                lease.check()

    run(work)
    assert said == ["The lease on this site could not be renewed, trying again: disk full"]


def read_renewals(folder: Folder) -> int:
    return max((claim.renewals for claim in read_claims(folder).values()), default=0)


@pytest.mark.usefixtures("renews_often")
def test_a_holder_that_was_suspended_finds_out_and_never_gets_the_lease_back(folder: Folder, time: FakeTime) -> None:
    async def work() -> None:
        async with make(folder, time, "a").hold() as lease:
            before = read_renewals(folder)
            time.now_s += LAPSES_AFTER_S + 5  # the process stood still, and somebody else has taken over
            await asyncio.sleep(0.1)
            assert read_renewals(folder) <= before + 1
            with pytest.raises(LeaseLostError):
                lease.check()
            time.now_s = START_S
            with pytest.raises(LeaseLostError):
                lease.check()

    run(work)


def test_a_machine_that_slept_is_noticed_by_either_clock(folder: Folder, time: FakeTime) -> None:
    async def work() -> None:
        async with make(folder, time, "a").hold() as lease:
            time.ahead_s += HELD_FOR_S + 1  # the monotonic clock stood still
            with pytest.raises(LeaseLostError):
                lease.check()

    run(work)


def test_a_wall_clock_that_is_set_back_loses_no_lease(folder: Folder, time: FakeTime) -> None:
    async def work() -> None:
        async with make(folder, time, "a").hold() as lease:
            time.ahead_s -= 3600
            lease.check()

    run(work)


@pytest.mark.usefixtures("renews_often")
def test_a_claim_is_renewed_while_long_work_writes(folder: Folder, time: FakeTime) -> None:
    def write(check: Callable[[], None]) -> str:
        for _ in range(3):
            time.now_s += HELD_FOR_S - 5
            renewals = read_renewals(folder) + 2
            until = real_time.monotonic() + 10
            while read_renewals(folder) <= renewals and real_time.monotonic() < until:
                real_time.sleep(0.005)
            check()
        return "written"

    async def work() -> None:
        async with make(folder, time, "a").hold() as lease:
            assert await lease.work(write) == "written"

    run(work)


def test_work_that_is_given_up_writes_no_more_and_ends_before_the_lease_is_given_back(
    folder: Folder, time: FakeTime
) -> None:
    begun, given_up, seen = threading.Event(), threading.Event(), list[object]()

    def write(check: Callable[[], None]) -> None:
        begun.set()
        given_up.wait(10)
        real_time.sleep(0.1)
        seen.extend(folder.names())
        check()
        seen.append("written")

    async def hold() -> None:
        async with make(folder, time, "a").hold() as lease:
            await lease.work(write)

    async def work() -> None:
        holding = asyncio.create_task(hold())
        await asyncio.to_thread(begun.wait, 10)
        holding.cancel()
        given_up.set()
        with pytest.raises(asyncio.CancelledError):
            await holding
        assert folder.names() == []

    run(work)
    assert seen == ["a-try1.json"]


@pytest.mark.usefixtures("renews_often")
def test_a_claim_that_took_too_long_to_write_is_lost(
    monkeypatch: pytest.MonkeyPatch, folder: Folder, time: FakeTime
) -> None:
    write = Folder.write

    def slow(self: Folder, name: str, data: bytes) -> None:
        time.now_s += LAPSES_AFTER_S + 5
        write(self, name, data)

    async def work() -> None:
        async with make(folder, time, "a").hold() as lease:
            with monkeypatch.context() as patch:
                patch.setattr(Folder, "write", slow)
                await wait_until(lambda: is_lost(lease))
            await asyncio.sleep(0.05)
            assert is_lost(lease)

    run(work)


@pytest.mark.parametrize("place", ["after its last look", "while it writes that it holds"])
def test_a_writer_that_stood_still_while_it_asked_begins_again(
    monkeypatch: pytest.MonkeyPatch, folder: Folder, time: FakeTime, place: str
) -> None:
    names, write = Folder.names, Folder.write

    def stand_still() -> None:
        """Somebody else sees the claim lapse, takes over, and dies."""
        if not time.passed_s:
            time.now_s += LAPSES_AFTER_S + 1
            folder.delete("a-try1.json")
            write_claim(folder, "b")

    def list_late(self: Folder) -> list[str]:
        found = names(self)
        if place == "after its last look" and found:
            stand_still()
        return found

    def write_late(self: Folder, name: str, data: bytes) -> None:
        if place == "while it writes that it holds" and msgspec.json.decode(data, type=Claim).is_held:
            stand_still()
        write(self, name, data)

    async def work() -> None:
        monkeypatch.setattr(Folder, "names", list_late)
        monkeypatch.setattr(Folder, "write", write_late)
        async with make(folder, time, "a").hold() as lease:
            lease.check()
            assert list(read_claims(folder)) == ["a-try1.json"], "two hold the lease at once"

    run(work)
    assert time.passed_s >= 2 * LAPSES_AFTER_S


@pytest.mark.parametrize("content", [b"{", b'{"generation":"\xff","attempt":"a"}'])
def test_a_damaged_claim_lapses_as_any_other(folder: Folder, time: FakeTime, content: bytes) -> None:
    folder.write("odd.json", content)
    said: list[str] = []
    run(lambda: hold_once(make(folder, time, "a", say=said.append)))
    assert said[0].startswith("Waiting: a writer whose claim is damaged is writing to this site")
    assert folder.names() == []


@pytest.mark.parametrize(("failures", "is_there", "fails"), [(2, True, False), (3, True, True), (1, False, False)])
def test_a_claim_that_is_made_anew_while_it_is_read_is_read_again(
    monkeypatch: pytest.MonkeyPatch, folder: Folder, failures: int, is_there: bool, fails: bool
) -> None:
    write_claim(folder, "a")
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
        assert list(read_claims(folder)) == (["a-try1.json"] if is_there else [])
    assert left == 0


@pytest.mark.parametrize("seed", range(30))
def test_two_writers_never_write_at_the_same_time(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    folder = Folder.open(str(tmp_path / "claims"))
    writing: list[str] = []
    turns = 0

    async def pause(seconds: float) -> None:
        await asyncio.sleep(rng.random() * 0.002)

    async def write(name: str) -> None:
        nonlocal turns
        await asyncio.sleep(rng.random() * 0.002)
        lease = Lease(folder, generation=name, attempt=name, say=lambda text: None, clock=Clock(sleep=pause))
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
