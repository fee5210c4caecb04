"""The journal: intents before, outcomes after, and what a later try makes of them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from oduyo_provider.core.change import Outcome, Result
from oduyo_provider.core.errors import StagingError
from oduyo_provider.sync.runtime.timing import FLUSH_AFTER_S
from oduyo_provider.sync.staging.folder import Folder
from oduyo_provider.sync.staging.journal import FLUSH_AFTER_OUTCOMES, Journal, read_history
from oduyo_provider.sync.staging.outcomes import find_result
from tests.unit.sync.plans import create


@pytest.fixture(params=["disk", "memory"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Folder:
    place = str(tmp_path) if request.param == "disk" else f"memory://bucket{tmp_path}"
    return Folder.open(place).child("journal")


class Ticks:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def make_journal(folder: Folder, attempt: str = "try1", clock: Callable[[], float] | None = None) -> Journal:
    return Journal(folder, attempt=attempt, digest="d1", clock=clock or Ticks())


def test_what_was_about_to_be_sent_without_an_outcome_is_unknown(folder: Folder) -> None:
    async def work() -> None:
        journal = make_journal(folder)
        await journal.intend(["create:1", "create:2"])
        journal.record(Result("create:1", Outcome.DONE, "7"))
        await journal.flush()

    asyncio.run(work())
    history = read_history(folder, "d1")
    assert history.unknown == {"create:2": 100.0}
    assert history.results["create:1"].oduyo_id == "7"
    assert history.tries == 1


def test_the_last_intent_of_all_tries_counts(folder: Folder) -> None:
    async def work() -> None:
        ticks = Ticks()
        for attempt in ("try1", "try2"):
            await make_journal(folder, attempt, ticks).intend(["create:1"])
            ticks.now += 50

    asyncio.run(work())
    history = read_history(folder, "d1")
    assert history.unknown == {"create:1": 150.0}
    assert history.unknown_until == 150.0
    assert history.sends == {"create:1": 2}
    assert history.tries == 2


def test_a_later_result_replaces_an_earlier_one_whatever_the_files_are_called(folder: Folder) -> None:
    async def work() -> None:
        for attempt, outcome, at in (("tryB", Outcome.FAILED, 1.0), ("tryA", Outcome.DONE, 2.0)):
            journal = make_journal(folder, attempt)
            journal.record(Result("create:1", outcome, at=at))
            await journal.flush()

    asyncio.run(work())
    assert read_history(folder, "d1").results["create:1"].outcome is Outcome.DONE


def write(
    folder: Folder,
    attempt: str,
    outcome: Outcome,
    at: float,
    *,
    intents: int = 1,
    harmless: int = 0,
    lost_at: float | None = None,
) -> None:
    """One try's intents of one change, and its result."""

    async def work() -> None:
        journal = make_journal(folder, attempt, lambda: at)
        for _ in range(intents):
            await journal.intend(["create:1"])
        journal.record(Result("create:1", outcome, at=at, harmless=harmless, lost_at=lost_at))
        await journal.flush()

    asyncio.run(work())


@pytest.mark.parametrize("order", [("tryA", "tryB"), ("tryB", "tryA")])
def test_what_was_never_transmitted_is_neither_unknown_nor_sent_nor_a_result_over_another(
    folder: Folder, order: tuple[str, str]
) -> None:
    write(folder, order[0], Outcome.DOUBTFUL, 110.0)
    write(folder, order[1], Outcome.NOT_APPLIED, 120.0, harmless=1)
    history = read_history(folder, "d1")
    assert history.results["create:1"].outcome is Outcome.DOUBTFUL
    assert history.unknown == {}
    assert history.sends == {"create:1": 1}


@pytest.mark.parametrize(("intents", "harmless", "sends"), [(1, 0, 1), (1, 1, 0), (2, 1, 1), (2, 2, 0), (3, 1, 2)])
@pytest.mark.parametrize("outcome", list(Outcome))
def test_what_is_known_to_have_done_nothing_does_not_count_as_sent(
    folder: Folder, outcome: Outcome, intents: int, harmless: int, sends: int
) -> None:
    write(folder, "try1", outcome, 110.0, intents=intents, harmless=harmless)
    assert read_history(folder, "d1").sends.get("create:1", 0) == sends


@pytest.mark.parametrize(("harmless", "lost_at", "sent_at"), [(0, None, 110.0), (0, 130.0, 130.0), (1, None, None)])
def test_a_change_was_sent_last_when_its_outcome_came_at_the_latest(
    folder: Folder, harmless: int, lost_at: float | None, sent_at: float | None
) -> None:
    assert read_history(folder, "d1").find_sent_at("create:1") is None
    write(folder, "try1", Outcome.DOUBTFUL, 110.0, harmless=harmless, lost_at=lost_at)
    assert read_history(folder, "d1").find_sent_at("create:1") == sent_at


def test_a_change_without_an_outcome_was_sent_last_when_it_was_last_about_to_be(folder: Folder) -> None:
    asyncio.run(make_journal(folder).intend(["create:1"]))
    assert read_history(folder, "d1").find_sent_at("create:1") == 100.0


def test_a_result_says_nothing_of_what_the_same_try_was_about_to_send_after_it(folder: Folder) -> None:
    async def work() -> None:
        journal = make_journal(folder)
        await journal.intend(["create:1"])
        journal.record(Result("create:1", Outcome.REFUSED, at=110.0, harmless=1))
        await journal.intend(["create:1"])
        await journal.flush()

    asyncio.run(work())
    assert read_history(folder, "d1").sends == {"create:1": 1}


def test_a_line_of_an_earlier_version_is_read_as_if_all_had_been_sent(tmp_path: Path) -> None:
    folder = Folder.open(str(tmp_path / "journal"))
    asyncio.run(make_journal(folder).intend(["create:1"]))
    folder.write("try1.outcomes.jsonl", b'{"key":"create:1","outcome":"stale","at":110.0}\n')
    history = read_history(folder, "d1")
    assert (history.sends, history.lost_at) == ({"create:1": 1}, None)


@pytest.mark.parametrize("lost_at", [[130.0, 110.0], [110.0, 130.0]])
def test_the_latest_transmission_of_unknown_fate_counts_whichever_try_made_it(
    folder: Folder, lost_at: list[float]
) -> None:
    for number, at in enumerate(lost_at):
        journal = make_journal(folder, f"try{number}")
        journal.record(Result("update:1", Outcome.DONE, "1", is_confirmed=True, lost_at=at, at=140.0 + number))
        asyncio.run(journal.flush())
    assert read_history(folder, "d1").lost_at == 130.0


def test_the_lowest_floor_of_all_tries_counts(folder: Folder) -> None:
    async def work() -> None:
        for attempt, floor in (("try1", "900"), ("try2", "1000"), ("try3", None)):
            await make_journal(folder, attempt).intend([f"create:{attempt}", "create:1"][: 2 if floor else 1], floor)

    asyncio.run(work())
    assert read_history(folder, "d1").floors == {
        "create:1": 900,
        "create:try1": 900,
        "create:try2": 1000,
        "create:try3": 0,
    }


def test_an_intent_is_on_the_disk_when_intend_returns(folder: Folder) -> None:
    async def work() -> list[str]:
        await make_journal(folder).intend(["create:1"])
        return folder.names()

    assert len(asyncio.run(work())) == 1


def test_results_are_due_after_a_second_or_after_so_many(folder: Folder) -> None:
    ticks = Ticks()
    journal = make_journal(folder, clock=ticks)
    assert not journal.is_due
    journal.record(Result("create:1", Outcome.DONE))
    assert not journal.is_due
    ticks.now += FLUSH_AFTER_S
    assert journal.is_due
    asyncio.run(journal.flush())
    assert not journal.is_due
    for number in range(FLUSH_AFTER_OUTCOMES):
        assert not journal.is_due
        journal.record(Result(f"create:{number}", Outcome.DONE))
    assert journal.is_due


def test_a_flush_that_fails_loses_no_result(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folder = Folder.open(str(tmp_path / "journal"))
    journal = make_journal(folder)
    journal.record(Result("create:1", Outcome.DONE))

    def fail(self: Folder, name: str, data: bytes) -> None:
        raise StagingError("full")

    with monkeypatch.context() as patch:
        patch.setattr(Folder, "append", fail)
        with pytest.raises(StagingError):
            asyncio.run(journal.flush())
    asyncio.run(journal.flush())
    assert read_history(folder, "d1").results.keys() == {"create:1"}


def test_half_a_line_at_the_end_was_never_written(tmp_path: Path) -> None:
    folder = Folder.open(str(tmp_path / "journal"))

    async def work() -> None:
        journal = make_journal(folder)
        await journal.intend(["create:1"])
        await journal.intend(["create:2"])

    asyncio.run(work())
    file = tmp_path / "journal" / "try1.intents.jsonl"
    file.write_bytes(file.read_bytes()[:-5])
    assert read_history(folder, "d1").unknown.keys() == {"create:1"}


def test_a_damaged_line_stops_before_anything_is_sent(tmp_path: Path) -> None:
    folder = Folder.open(str(tmp_path / "journal"))
    asyncio.run(make_journal(folder).intend(["create:1"]))
    file = tmp_path / "journal" / "try1.intents.jsonl"
    file.write_bytes(b"{]\n" + file.read_bytes())
    with pytest.raises(StagingError, match="has a line that cannot be read"):
        read_history(folder, "d1")


def test_a_journal_of_another_plan_is_an_error(folder: Folder) -> None:
    asyncio.run(make_journal(folder).intend(["create:1"]))
    with pytest.raises(StagingError, match="belongs to another plan"):
        read_history(folder, "d2")


def test_a_journal_that_is_not_there_is_empty(folder: Folder) -> None:
    history = read_history(folder, "d1")
    assert (history.results, history.unknown, history.sends, history.tries) == ({}, {}, {}, 0)
    assert history.unknown_until is None


@pytest.mark.parametrize("outcome", list(Outcome))
def test_an_outcome_of_an_earlier_try_says_nothing_of_what_a_later_one_sent(folder: Folder, outcome: Outcome) -> None:
    write(folder, "try1", outcome, 110.0)
    asyncio.run(make_journal(folder, "try2", lambda: 200.0).intend(["create:1"]))
    history = read_history(folder, "d1")
    assert history.unknown == {"create:1": 200.0}
    is_kept = outcome in (Outcome.DONE, Outcome.DOUBTFUL)
    assert [result.outcome for result in history.results.values()] == ([outcome] if is_kept else [])
    assert find_result(create("1"), history).outcome is (outcome if is_kept else Outcome.DOUBTFUL)


def test_intents_of_all_tries_count_as_sent(folder: Folder) -> None:
    write(folder, "try1", Outcome.DOUBTFUL, 110.0)
    asyncio.run(make_journal(folder, "try2").intend(["create:1"]))
    assert read_history(folder, "d1").sends == {"create:1": 2}


def test_intents_that_are_written_at_once_are_written_one_after_the_other(
    monkeypatch: pytest.MonkeyPatch, folder: Folder
) -> None:
    writing: list[str] = []

    def slowly(work: Callable[..., None]) -> Callable[..., None]:
        def write_slowly(self: Folder, name: str, data: bytes) -> None:
            writing.append(name)
            assert len(writing) == 1, "two write at once"
            time.sleep(0.002)
            work(self, name, data)
            writing.remove(name)

        return write_slowly

    for name in ("write", "append"):
        monkeypatch.setattr(Folder, name, slowly(getattr(Folder, name)))

    async def work() -> None:
        journal = make_journal(folder)
        await asyncio.gather(*(journal.intend([f"create:{number}"]) for number in range(20)))

    asyncio.run(work())
    assert len(read_history(folder, "d1").unknown) == 20
